"""A client of the engine's gRPC services that knows nothing of them but what the server's reflection tells.

A test calls `enter()` first: it goes on under the interpreter that has grpcio (requirements.txt). Without it the test says so, and fails
in CI.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
sys.path.insert(0, str(ROOT / "tests/integration/clients"))
import environment  # noqa: E402


def enter():
    """Starts this test again with the interpreter of the client library, unless it runs there."""
    interpreter = environment.python(REQUIREMENTS)
    if not interpreter:
        print(f"skipped: grpcio is not installed: scripts/setup makes {environment.path(REQUIREMENTS)}", flush=True)
        sys.exit(1 if os.environ.get("CI") else 77)
    if pathlib.Path(sys.prefix) != environment.path(REQUIREMENTS):
        sys.stdout.flush()
        os.execv(interpreter, [interpreter, *sys.argv])


class Client:
    """`client.call("GetPair", id="x")`, `client.stream("SubscribePrices")`; messages come as the dictionaries of protobuf's own JSON."""

    def __init__(self, address, options=(), credentials=None):
        import grpc
        from google.protobuf import descriptor_pool, message_factory
        from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
        options = [("grpc.max_receive_message_length", 4 << 20), *options]
        self.channel = grpc.secure_channel(address, credentials, options) if credentials else grpc.insecure_channel(address, options)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)
        self.message_class = message_factory.GetMessageClass
        self.methods = {}
        for service in ("tandem.v1.Trader", "tandem.v1.Streams"):
            for method in self.pool.FindServiceByName(service).methods:
                self.methods[method.name] = method

    def close(self):
        self.channel.close()

    def message(self, method, fields):
        """Fields as REST names and nests them."""
        message = self.message_class(self.methods[method].input_type)()
        Shape(self.pool).fill(message, fields)
        return message

    def path(self, method):
        return f"/{self.methods[method].containing_service.full_name}/{method}"

    def unary(self, method):
        """The callable of grpcio, for who wants metadata or the call itself."""
        answer = self.message_class(self.methods[method].output_type)
        return self.channel.unary_unary(self.path(method), lambda message: message.SerializeToString(), answer.FromString)

    def ask(self, method, fields, **options):
        """(message, call)"""
        return self.unary(method).with_call(self.message(method, fields), timeout=options.pop("timeout", 30), **options)

    def call(self, method, **fields):
        return self.ask(method, fields)[0]

    def stream(self, method, timeout=30, **fields):
        """Messages as they come; `.cancel()` ends it."""
        answer = self.message_class(self.methods[method].output_type)
        start = self.channel.unary_stream(self.path(method), lambda message: message.SerializeToString(), answer.FromString)
        return start(self.message(method, fields), timeout=timeout)

    def error(self, failed):
        """The tandem.v1.Error of a grpc.RpcError."""
        from grpc_status import rpc_status
        status = rpc_status.from_call(failed)
        assert status is not None and len(status.details) == 1, failed
        assert status.code == failed.code().value[0], (status.code, failed.code())
        error = self.message_class(self.pool.FindMessageTypeByName("tandem.v1.Error"))()
        assert status.details[0].Unpack(error), status
        return error

    def as_rest(self, message):
        """The message as the REST interface says it, by the rules of options.proto."""
        return Shape(self.pool).value(message)


class Shape:
    """An implementation of options.proto's rules that shares nothing with the server's."""

    def __init__(self, pool):
        self.extensions = {name: pool.FindExtensionByName("tandem.v1." + name) for name in ("decimal", "nullable", "bare", "tuple")}

    def has(self, descriptor, name):
        # The options came over the wire: fields that this program's own descriptors do not know.
        number = self.extensions[name].number
        from google.protobuf import unknown_fields
        return any(field.field_number == number and field.data == 1 for field in unknown_fields.UnknownFieldSet(descriptor.GetOptions()))

    def value(self, message):
        descriptor = message.DESCRIPTOR
        if self.has(descriptor, "bare"):
            return self.field(message, descriptor.fields[0])
        if self.has(descriptor, "tuple"):
            return [self.field(message, field) for field in descriptor.fields]
        result = {}
        for field in descriptor.fields:
            if field.has_presence and not message.HasField(field.name):
                if self.has(field, "nullable"):
                    result[field.json_name] = None
                continue
            result[field.json_name] = self.field(message, field)
        return result

    def fill(self, message, fields):
        names = {field.json_name: field for field in message.DESCRIPTOR.fields}
        for name, value in fields.items():
            field = names[name]
            target = getattr(message, field.name)
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                for key, item in value.items():
                    self.fill(target[key], item)
            elif field.is_repeated and field.message_type is not None:
                for item in value:
                    self.fill(target.add(), item)
            elif field.is_repeated:
                target.extend(value)
            elif field.message_type is not None:
                target.SetInParent()
                self.fill(target, {field.message_type.fields[0].json_name: value} if self.has(field.message_type, "bare") else value)
            else:
                setattr(message, field.name, value)

    def scalar(self, value, decimal):
        if hasattr(value, "DESCRIPTOR"):
            return self.value(value)
        return Number(value) if decimal else value

    def field(self, message, field):
        value, decimal = getattr(message, field.name), self.has(field, "decimal")
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return {key: self.scalar(item, decimal) for key, item in value.items()}
        if field.is_repeated:
            return [self.scalar(item, decimal) for item in value]
        return self.scalar(value, decimal)


class Number(str):
    """A JSON number by the text it was written with; read REST answers with parse_float=Number, so that they compare to the digit."""

    __slots__ = ()
