"""A running engine with its simulated venues, for tests that use the finished programs as a user would: start, ask, watch, break, stop.

Programs come from TANDEM_BIN and TANDEM_SIM_BIN. Everything listens on loopback at free ports and leaves nothing behind.
"""
import atexit
import base64
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("TANDEM_GRPC", "127.0.0.1:0")  # of config/examples/mock.yaml
os.environ.setdefault("MONGOC_DISABLE_SHM", "1")  # a process killed leaves them, and the next of its number warns: docs/sinks.md
SHARED = pathlib.Path(os.environ.get("TANDEM_SHARED", ROOT.parent / "shared"))


def programs():
    """The two programs; ends the test as "cannot run here" (77) when they are not built, as failed under CI."""
    found = [os.environ.get("TANDEM_BIN"), os.environ.get("TANDEM_SIM_BIN")]
    if not all(found):
        print("TANDEM_BIN and TANDEM_SIM_BIN are not set")
        sys.exit(1 if os.environ.get("CI") else 77)
    return found


def shared(name):
    """A file of the shared data; ends the test when it is absent, as failed under CI."""
    path = SHARED / name
    if not path.exists():
        print(f"recorded data is absent: {path}")
        sys.exit(1 if os.environ.get("CI") else 77)
    return path


def wait_until(what, condition, seconds):
    """Polls until the condition gives something true, and returns that; fails with `what` otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Program:
    """A started program: its `ready` line, its output, its end."""

    def __init__(self, command, environment=None, ready=True, seconds=30):
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, **(environment or {})}, cwd=ROOT)
        self.lines = []
        self.addresses = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if ready:
            wait_until(f"{command[0]} is ready", lambda: self.addresses or self.process.poll() is not None, seconds)
            assert self.addresses, f"{command} ended with {self.process.poll()}: {self.log()[-2000:]}"

    def _read(self):
        for line in self.process.stdout:
            line = line.rstrip("\n")
            self.lines.append(line)
            if line.startswith("ready"):
                self.addresses = dict(part.split("=", 1) for part in line.split()[1:])

    def log(self):
        self.errors.seek(0)
        return self.errors.read()

    def stop(self, number=signal.SIGTERM, seconds=15):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.reader.join(5)
        return code


class World:
    """Simulator and engine together; `with World(...) as world:` ends both."""

    environment = {}  # of the engine, beside the simulator's addresses

    def __init__(self, scenario="config/scenarios/mock.yaml", config="config/examples/mock.yaml", sim_settings=(), settings=(),
                 capture=False):
        engine_bin, sim_bin = programs()
        self.engine_bin = engine_bin
        self.directory = tempfile.TemporaryDirectory()
        self.config = config
        self.capture = self.directory.name + "/first.capture" if capture else None  # where the next engine writes one
        self.settings = ["engine.state_dir=" + self.directory.name + "/state", "listeners[0].address=127.0.0.1:0", *settings]
        self.sim = Program([sim_bin, "run", scenario, *self._set(sim_settings)], environment={"TANDEM_SHARED": str(SHARED)})
        try:
            self.start_engine()
        except BaseException:
            self.sim.stop(signal.SIGKILL)
            raise

    @staticmethod
    def _set(settings):
        return [part for setting in settings for part in ("--set", setting)]

    def start_engine(self):
        environment = {"SIM_" + name.upper(): address for name, address in self.sim.addresses.items()} | self.environment
        capture = ["--capture", self.capture] if self.capture else []
        self.engine = Program([self.engine_bin, "run", self.config, *self._set(self.settings), *capture], environment)

    def replay(self, *options, capture=None):
        """`tandem replay` of the capture: (exit code, output)"""
        done = subprocess.run([self.engine_bin, "replay", capture or self.capture, *options], text=True, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and not (kind is SystemExit and value.code == 0):
            print("---- engine log\n" + self.engine.log()[-6000:], file=sys.stderr)
            print("---- simulator log\n" + self.sim.log()[-3000:], file=sys.stderr)
        for program in (self.engine, self.sim):
            if program.process.poll() is None:
                program.stop(signal.SIGKILL)
        self.directory.cleanup()

    # -- talking to them --

    def request(self, method, path, body=None, address=None, headers=None):
        """(status, parsed JSON or text)"""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{address or self.engine.addresses['http']}{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def get(self, path):
        status, answer = self.request("GET", path)
        assert status == 200 and answer["success"] is True, (path, status, answer)
        return answer["data"]

    def fault(self, **fault):
        status, answer = self.request("POST", "/faults", fault, self.sim.addresses["admin"])
        assert status == 200, (status, answer)

    def faults_off(self):
        self.request("DELETE", "/faults", address=self.sim.addresses["admin"])

    def pair_states(self):
        return {pair["id"]: self.get(f"/api/monitoring/pairs/{pair['id']}/state") for pair in self.get("/api/monitoring/pairs")}

    def wait_all_watching(self, seconds=20):
        def good():
            states = self.pair_states()
            return states if states and all(state["state"] in ("watching", "open") for state in states.values()) else None
        return wait_until("every pair is watching", good, seconds)

    def actor(self, path):
        def find(node):
            if node.get("path") == path:
                return node
            for child in node["children"]:
                if (hit := find(child)) is not None:
                    return hit
            return None
        return find(self.get("/api/engine/actors"))


class WebSocket:
    """A small RFC 6455 client: text frames in, text frames out, pings answered."""

    def __init__(self, address, path="/ws", headers=""):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        self.closed_with = None

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def send(self, message):
        self._send(1, (message if isinstance(message, str) else json.dumps(message)).encode())

    def receive(self, seconds=10, raw=False):
        """The next text frame, parsed; raw: as it is."""
        self.socket.settimeout(seconds)
        while True:
            first, second = self._take(2)
            size = second & 127
            if size == 126:
                size, = struct.unpack(">H", self._take(2))
            elif size == 127:
                size, = struct.unpack(">Q", self._take(8))
            payload = self._take(size)
            opcode = first & 15
            if opcode == 9:
                self._send(10, payload)
            elif opcode == 8:
                self.closed_with = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise ConnectionError(f"closed with {self.closed_with}")
            elif opcode == 1:
                return payload.decode() if raw else json.loads(payload)

    def wait_for(self, what, wanted, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                frame = self.receive(max(0.05, deadline - time.monotonic()))
            except TimeoutError:
                break
            if wanted(frame):
                return frame
        raise AssertionError(f"not within {seconds} s: {what}")

    def close(self):
        self.socket.close()


def run(tests):
    """Runs functions as named cases; the exit code says how it went."""
    failed = 0
    for test in tests:
        name = test.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            test()
            print(f"ok     {name} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception as error:  # every case is reported
            failed += 1
            import traceback
            traceback.print_exc()
            line = f"FAILED {name}: {error}"
            print(line, flush=True)
            atexit.register(print, line)  # below the programs' logs, where a shortened report still shows it
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
