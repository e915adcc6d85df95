"""Keys, roles and TLS by gRPC: the same matrix as by REST, because the same door stands before both."""
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).with_name("grpc")))
import client as rpc  # noqa: E402

rpc.enter()
os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # refused handshakes are wanted here
import grpc  # noqa: E402
from secure_world import MAY, ROLES, TOKENS, SecureWorld, operations  # noqa: E402
from world import run, wait_until  # noqa: E402

WORLD = CLIENT = None
OPEN = {"GetLiveness", "GetReadiness"}
EXAMPLES = {"exchange": "binance", "symbol": "BTCUSDT", "name": "no-such", "id": "no-such"}


def credentials(client=None):
    ca = pathlib.Path(WORLD.certificates.ca).read_bytes()
    pair = [pathlib.Path(path).read_bytes() for path in client] if client else [None, None]
    return grpc.ssl_channel_credentials(ca, pair[1], pair[0])


def address():
    return "localhost:" + WORLD.engine.addresses["grpc"].rsplit(":", 1)[1]


def code_of(method, token, **metadata):
    """(code, details, trailers)"""
    path = next(path for name, _, path, _, _ in operations() if name == method)
    fields = {name: EXAMPLES[name] for name in re.findall(r"\{(\w+)\}", path)}
    sent = [(name.replace("_", "-"), value) for name, value in metadata.items()] + ([("authorization", "Bearer " + token)] if token else [])
    try:
        CLIENT.ask(method, fields, metadata=sent, timeout=30)
        return grpc.StatusCode.OK, "", {}
    except grpc.RpcError as error:
        return error.code(), error.details(), dict(error.trailing_metadata())


def every_role_may_by_grpc_what_the_table_says():
    rows = sorted(operations(), key=lambda row: row[0] in ("ThrowKill", "ReleaseKill", "KillActor"))
    cells = wrong = 0
    for name, _, _, needed, _ in rows:
        for caller in ("none", *ROLES, "trader,risk"):
            code, details, _ = code_of(name, TOKENS.get(caller))
            held = set().union(*(MAY[role] for role in caller.split(","))) if caller != "none" else set()
            refused = code == grpc.StatusCode.PERMISSION_DENIED and "needs the role" in details
            if name in OPEN:
                right = code in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)
            elif not held:
                right = code == grpc.StatusCode.UNAUTHENTICATED
            elif needed in held:
                right = code not in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED) and not refused
            else:
                right = refused
            cells += 1
            wrong += not right
            if not right:
                print(f"       WRONG {name} as {caller}: {code} {details}")
    print(f"       {cells} cells, {wrong} wrong")
    assert wrong == 0


def a_stream_needs_a_key_too():
    for token, allowed in ((None, False), ("tk_0123456789ab_" + "0" * 64, False), (TOKENS["viewer"], True)):
        message = CLIENT.message("SubscribePrices", {"symbols": ["BTCUSDT"]})
        start = CLIENT.channel.unary_stream(CLIENT.path("SubscribePrices"), lambda m: m.SerializeToString(), bytes)
        call = start(message, timeout=20, metadata=[("authorization", "Bearer " + token)] if token else [])
        try:
            next(call)
            assert allowed, "heard without a key"
        except grpc.RpcError as error:
            assert not allowed and error.code() == grpc.StatusCode.UNAUTHENTICATED, error
        call.cancel()


def a_command_by_grpc_is_done_once_and_recorded():
    import json
    first = code_of("TripBreaker", TOKENS["risk"], idempotency_key="g-1", x_request_id="grpc-1")
    again = code_of("TripBreaker", TOKENS["risk"], idempotency_key="g-1", x_request_id="grpc-2")
    assert first[:2] == again[:2] and first[0] == grpc.StatusCode.NOT_FOUND, (first, again)
    records = [json.loads(line) for line in WORLD.tool("audit", "show", "--json", "--last", "1000").stdout.splitlines()]
    shown = [(record["phase"], record.get("code", "")) for record in records if record.get("requestId") in ("grpc-1", "grpc-2")]
    assert shown == [("asked", ""), ("answered", ""), ("answered", "REPLAYED")], shown


def plain_clients_and_strange_authorities_are_not_heard():
    for channel in (grpc.insecure_channel(address()), grpc.secure_channel(address(), grpc.ssl_channel_credentials(
            pathlib.Path(WORLD.certificates.other_ca).read_bytes()))):
        try:
            channel.unary_unary("/tandem.v1.Trader/GetLiveness")(b"", timeout=3)
            raise AssertionError("answered")
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED), error


def heard(ca, client=None, token=None):
    """The code of a call on a connection of its own, which trusts this authority."""
    pair = [pathlib.Path(path).read_bytes() for path in client] if client else [None, None]
    trusted = grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes(), pair[1], pair[0])
    with grpc.secure_channel(address(), trusted, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            method = "ListExchanges" if token else "GetLiveness"
            channel.unary_unary(f"/tandem.v1.Trader/{method}")(b"", timeout=5, metadata=[("authorization", "Bearer " + token)] if token else [])
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()


def a_renewed_certificate_serves_new_connections_and_one_that_cannot_be_used_changes_nothing():
    made = WORLD.certificates
    files = [pathlib.Path(path) for path in made.server]
    former = [file.read_bytes() for file in files]
    renewed = [pathlib.Path(path).read_bytes() for path in made.issue("renewed", "other_ca", "subjectAltName=DNS:localhost,IP:127.0.0.1")]
    ok, not_heard = grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE
    assert heard(made.ca) == ok and heard(made.other_ca) == not_heard
    files[0].write_bytes(renewed[0])  # its key is not there yet
    wait_until("that it is told", lambda: re.search(r"grpc_fault.*former stay", WORLD.engine.log()), 10)
    assert heard(made.ca) == ok and heard(made.other_ca) == not_heard
    files[1].write_bytes(renewed[1])
    started = time.monotonic()
    wait_until("the renewed certificate", lambda: heard(made.other_ca) == ok, 10)
    print(f"       served {time.monotonic() - started:.1f} s after it was written")
    assert heard(made.ca) == not_heard
    assert code_of("ListExchanges", TOKENS["viewer"])[0] == ok, "the open connection goes on"
    for file, text in zip(files, former):
        file.write_bytes(text)
    wait_until("the former one again", lambda: heard(made.ca) == ok, 10)


def a_client_certificate_can_be_asked_for_beside_the_key():
    made = WORLD.certificates
    WORLD.engine.stop()
    WORLD.settings.append(f"listeners[1].tls.client_ca={made.ca}")
    WORLD.start_engine()
    assert heard(made.ca, made.client, TOKENS["viewer"]) == grpc.StatusCode.OK
    assert heard(made.ca, made.client, "tk_0123456789ab_" + "0" * 64) == grpc.StatusCode.UNAUTHENTICATED, "a certificate is no key"
    for client in (None, made.stranger):
        assert heard(made.ca, client, TOKENS["viewer"]) == grpc.StatusCode.UNAVAILABLE, client


with SecureWorld() as WORLD:
    CLIENT = rpc.Client(address(), credentials=credentials())
    run([every_role_may_by_grpc_what_the_table_says, a_stream_needs_a_key_too, a_command_by_grpc_is_done_once_and_recorded,
         plain_clients_and_strange_authorities_are_not_heard, a_renewed_certificate_serves_new_connections_and_one_that_cannot_be_used_changes_nothing,
         a_client_certificate_can_be_asked_for_beside_the_key])
