"""The price-stream server with what stands around it: simulated or hand-made candles, and a stand-in for the database."""
import base64
import contextlib
import gzip
import hashlib
import http.server
import json
import os
import socket
import struct
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from world import SHARED, Program, programs

FAST = {"INFLUXDB_FLUSH_INTERVAL": "100", "INFLUXDB_JITTER_INTERVAL": "0", "INFLUXDB_RETRY_INTERVAL": "100"}
VARIABLES = ("INFLUXDB_", "BINANCE_", "API_", "DB_", "KAFKA_", "LOG_", "SPOOL_")


def call(*arguments, **environment):
    """(exit code, what it said) of `tandem price-stream`, with these variables alone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)}
    done = subprocess.run([programs()[0], "price-stream", *arguments], text=True, capture_output=True, env={**clean, **environment}, cwd="/",
                          check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Database:
    """Answers POST /api/v3/query_sql with rows, and keeps the questions."""

    def __init__(self):
        database = self
        self.asked, self.lines, self.rows, self.status = [], [], [], 200
        self.answer = None  # instead of rows: question -> rows
        self.writes, self.refuse_writes = [], 0  # points of each request; requests that are refused first

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/api/v2/write"):
                    lines = gzip.decompress(body).decode().splitlines() if self.headers["Content-Encoding"] else body.decode().splitlines()
                    if database.refuse_writes:
                        database.refuse_writes -= 1
                        self.send_response(503)
                        self.end_headers()
                        return
                    database.lines += lines
                    database.writes.append(len(lines))
                    self.send_response(204)
                    self.end_headers()
                    return
                database.asked.append((self.path, self.headers["Authorization"], json.loads(body)))
                rows = database.answer(database.asked[-1][2]["q"]) if database.answer else database.rows
                text = "".join(json.dumps(row) + "\n" for row in rows).encode()
                self.send_response(database.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


class Stream:
    """Simulator and price server."""

    def __init__(self, directory, edition="--enhanced", venue=None, **settings):
        """venue: the address of another one than the simulator's."""
        self.binary, sim = programs()
        self.directory, self.edition = directory, edition
        self.database = Database()
        self.sim = None if venue else Program([sim, "run", "config/scenarios/mock.yaml"], environment={"TANDEM_SHARED": str(SHARED)})
        venue = venue or self.sim.addresses["binance_linear"]
        self.environment = {"INFLUXDB_HOST": self.database.url, "INFLUXDB_TOKEN": "canary-token", "INFLUXDB_DATABASE": "crypto_data",
                            "BINANCE_STREAM_URL": f"ws://{venue}", "BINANCE_REST_URL": f"http://{venue}", "API_PORT": "0",
                            "DB_PATH": directory + "/sqlite.db", "SPOOL_DIR": directory + "/spool", **FAST, **settings}
        self.start()

    def start(self):
        self.server = Program([self.binary, "price-stream", self.edition], self.environment)
        self.address = self.server.addresses["http"]

    def ask(self, path, method="GET", headers=None):
        """(status, parsed JSON or text, headers)"""
        request = urllib.request.Request(f"http://{self.address}{path}", method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                status, text, got = reply.status, reply.read().decode(), reply.headers
        except urllib.error.HTTPError as error:
            status, text, got = error.code, error.read().decode(), error.headers
        try:
            return status, json.loads(text), got
        except ValueError:
            return status, text, got

    def get(self, path):
        status, answer, _ = self.ask(path)
        assert status == 200, (path, status, answer)
        return answer

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print("---- price server log\n" + self.server.log()[-4000:])
        self.server.stop()
        if self.sim:
            self.sim.stop()
        self.database.server.shutdown()


@contextlib.contextmanager
def stream(edition="--enhanced", **settings):
    with tempfile.TemporaryDirectory() as directory, Stream(directory, edition, **settings) as server:
        yield server


class CandleVenue:
    """Binance's candle streams as a test wants them: it says what is said, to whoever is connected."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.peers, self.controls = [], []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(4096) or exit_thread()
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
            key = {name.lower(): value for name, value in fields.items()}.get("sec-websocket-key")
            if not key:  # history: there is none
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]")
                peer.close()
                return
            accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            peer.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
            self.peers.append(peer)
            while True:
                opcode, payload = self._frame(peer)
                if opcode == 1:
                    self.controls.append(json.loads(payload))
                    self._text(peer, json.dumps({"result": None, "id": self.controls[-1]["id"]}))
                elif opcode == 9:
                    peer.sendall(bytes([0x8A, len(payload)]) + payload)
        except (OSError, ConnectionError):
            if peer in self.peers:
                self.peers.remove(peer)

    @staticmethod
    def _frame(peer):
        def take(count):
            data = b""
            while len(data) < count:
                data += peer.recv(count - len(data)) or exit_thread()
            return data
        first, second = take(2)
        size = second & 127
        if size == 126:
            size, = struct.unpack(">H", take(2))
        mask = take(4)
        return first & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(take(size)))

    @staticmethod
    def _text(peer, text):
        data = text.encode()
        peer.sendall(bytes([0x81, len(data)] if len(data) < 126 else [0x81, 126, len(data) >> 8, len(data) & 255]) + data)

    def says(self, text):
        for peer in list(self.peers):
            self._text(peer, text)

    def candle(self, symbol, open_time, close="100.5", volume="2", closed=False):
        self.says(json.dumps({"stream": "s", "data": {"e": "kline", "E": 1, "s": symbol, "k": {
            "t": open_time, "T": open_time + 59999, "s": symbol, "i": "1m", "o": "100.0", "h": "200.0", "l": "50.0", "c": close, "v": volume,
            "n": 3, "x": closed, "q": "1"}}}))

    def close(self):
        self.listener.close()
        for peer in list(self.peers):
            peer.close()


def exit_thread():
    raise ConnectionError("the peer has gone")
