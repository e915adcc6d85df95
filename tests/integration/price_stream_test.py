"""The price-stream server as its users meet it: routes, subscriptions that survive, the WebSocket, refusals. Candles come from the simulated
Binance, stored rows from a small stand-in for the database's SQL route."""
import contextlib
import gzip
import http.server
import json
import os
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from world import SHARED, Program, WebSocket, programs, run, wait_until


class Database:
    """Answers POST /api/v3/query_sql with rows, and keeps the questions."""

    def __init__(self):
        database = self
        self.asked, self.lines, self.rows, self.status = [], [], [], 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/api/v2/write"):
                    database.lines += gzip.decompress(body).decode().splitlines()
                    self.send_response(204)
                    self.end_headers()
                    return
                database.asked.append((self.path, self.headers["Authorization"], json.loads(body)))
                text = json.dumps(database.rows).encode()
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

    def __init__(self, directory, edition="--enhanced", **settings):
        self.binary, sim = programs()
        self.directory, self.edition = directory, edition
        self.database = Database()
        self.sim = Program([sim, "run", "config/scenarios/mock.yaml"], environment={"TANDEM_SHARED": str(SHARED)})
        venue = self.sim.addresses["binance_linear"]
        self.environment = {"INFLUXDB_HOST": self.database.url, "INFLUXDB_TOKEN": "canary-token", "INFLUXDB_DATABASE": "crypto_data",
                            "BINANCE_STREAM_URL": f"ws://{venue}", "BINANCE_REST_URL": f"http://{venue}", "API_PORT": "0",
                            "DB_PATH": directory + "/sqlite.db", "SPOOL_DIR": directory + "/spool", **settings}
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
        self.sim.stop()
        self.database.server.shutdown()


@contextlib.contextmanager
def stream(edition="--enhanced", **settings):
    with tempfile.TemporaryDirectory() as directory, Stream(directory, edition, **settings) as server:
        yield server


def every_route_of_the_enhanced_edition_answers():
    with stream(BINANCE_SYMBOL="btcusdt") as server:
        prices = wait_until("a price", lambda: server.get("/prices"), 20)
        record = prices["BTCUSDT"]
        assert record["symbol"] == "BTCUSDT" and record["price"] == record["close_price"] > 0 and record["timestamp"].endswith("+00:00"), record
        health = server.get("/health")
        assert (health["status"], health["crypto_provider"], health["mode"]) == ("healthy", "running", "mock"), health
        assert health["subscribed_symbols"] == ["BTCUSDT@kline_1m"]
        stats = health["provider_stats"]
        assert stats["messages_received"] == stats["messages_processed"] + stats["messages_failed"] + stats["messages_ignored"] > 0, stats
        config = server.get("/config")
        assert config["mode"] == "mock" and config["binance_base_interval"] == "1m" and "canary-token" not in json.dumps(config), config
        assert server.get("/stats")["system"]["uptime"] >= 0 and server.get("/status")["crypto_provider_status"] == "running"
        assert server.get("/symbols")["cached_symbols"] == ["BTCUSDT"]
        assert "ws/price" in server.get("/") and "/historical/{symbol}" in server.get("/openapi.json")["paths"] and "<" in server.get("/docs")
        assert server.ask("/nothing")[0] == 404 and server.ask("/health", "POST")[0] == 405
        assert "mode=mock" in server.server.log() and "canary-token" not in server.server.log()


def stored_rows_are_asked_of_the_database_and_its_failure_is_told():
    with stream() as server:
        server.database.rows = [{"time": f"2025-06-14T12:0{n}:00", "open": 1.0, "high": 2.0 + n, "low": 1.0, "close": 1.5 + n, "volume": 10.0,
                                 "trade_count": 3} for n in range(2)]
        rows = server.get("/history?symbol=btcusdt&interval=1m&start=1749902400&end=1749902460")
        assert rows == [{"time": 1749902400 + 60 * n, "open": 1.0, "high": 2.0 + n, "low": 1.0, "close": 1.5 + n, "volume": 10.0} for n in range(2)], rows
        path, token, question = server.database.asked[-1]
        assert path == "/api/v3/query_sql" and token == "Bearer canary-token" and question["db"] == "crypto_data"
        assert 'FROM "crypto_price" WHERE symbol = \'BTCUSDT\'' in question["q"], question
        summed = server.get("/historical/BTCUSDT?interval=2m&start=1749902400&end=1749902460")
        assert summed == [{"time": 1749902400, "open": 1.0, "high": 3.0, "low": 1.0, "close": 2.5, "volume": 20.0}], summed
        assert server.get("/history?symbol=btcusdt&interval=7x&start=1&end=2") == []
        assert server.get("/analysis/BTCUSDT")["symbol"] == "BTCUSDT" and len(server.get("/analysis/BTCUSDT/alerts?hours=24")) == 1
        assert server.get("/analysis/BTCUSDT/volume")
        assert server.ask("/history?symbol=btcusdt")[0] == 422 and server.ask("/historical/b-d")[0] == 422
        server.database.status = 500
        status, answer, _ = server.ask("/historical/BTCUSDT")
        assert status == 500 and "database" in answer["detail"] and "canary-token" not in answer["detail"], answer


def every_price_is_stored_by_its_measurement_and_tag():
    with stream(BINANCE_SYMBOL="btcusdt") as server:
        def points(measurement):
            return [line for line in server.database.lines if line.startswith(measurement + ",symbol=BTCUSDT,mode=mock ")]

        lines = wait_until("two prices", lambda: points("crypto_price") if len(points("crypto_price")) > 1 else None, 20)
        assert all(" price=" in line and ",trade_count=" in line for line in lines), lines
        wait_until("a sum of the history", lambda: [line for line in points("crypto_price_5m") if " open=" in line and "price=" not in line.split(" ")[1]], 20)
        assert "price_change_percent=" not in lines[0] and "price_change_percent=" in lines[1], lines[:2]
        influx = wait_until("the count", lambda: [s for s in [server.get("/health")["provider_stats"]["influxdb_stats"]] if s["successful_writes"]], 5)[0]
        assert influx["total_writes"] >= influx["successful_writes"] > 1 and influx["last_write_time"], influx


def a_connection_that_is_cut_is_made_again():
    with stream(BINANCE_SYMBOL="btcusdt") as server:
        wait_until("a price", lambda: server.get("/prices"), 20)
        request = urllib.request.Request(f"http://{server.sim.addresses['admin']}/faults", method="POST", headers={"Content-Type": "application/json"},
                                         data=json.dumps({"surface": "binance_linear", "kind": "disconnect", "count": 1}).encode())
        urllib.request.urlopen(request, timeout=10).close()
        wait_until("the cut", lambda: "event=stream_down" in server.server.log(), 10)
        wait_until("a new connection", lambda: server.server.log().count("event=stream_connected") == 2, 10)
        before = server.get("/status")["messages_processed"]
        wait_until("candles again", lambda: server.get("/status")["messages_processed"] > before, 20)


def subscriptions_survive_a_restart():
    with stream("--basic") as server:
        status, answer, _ = server.ask("/symbol/ethusdt/subscribe", "POST")
        assert status == 200 and answer["status"] == "成功" and answer["message"] == "已訂閱 ETHUSDT", answer
        assert server.ask("/symbol/ETHUSDT/subscribe", "POST")[0] == 200 and server.ask("/symbol/a-b/subscribe", "POST")[0] == 422
        server.ask("/symbol/bnbusdt/subscribe", "POST")
        assert server.ask("/symbol/bnbusdt/unsubscribe", "POST")[1]["message"] == "已取消訂閱 BNBUSDT"
        assert server.get("/")["websocket_endpoint"] == "/ws/price" and server.ask("/prices")[0] == 404
        assert server.server.stop() == 0
        server.start()
        assert server.get("/health")["subscribed_symbols"] == ["ETHUSDT@kline_1m"]
        socket = WebSocket(server.address, "/ws/price?symbol=ethusdt")
        frame = socket.receive(20)
        assert frame["type"] == "price_update" and frame["data"]["symbol"] == "ETHUSDT" and "interval" not in frame, frame


def a_websocket_client_commands_hears_and_is_refused():
    with stream() as server:
        socket = WebSocket(server.address, "/ws/price")
        socket.send("subscribe:SOLUSDT")
        assert socket.receive(10, raw=True) == "已訂閱 SOLUSDT"
        assert socket.receive(20)["data"]["symbol"] == "SOLUSDT"
        socket.send("nonsense")
        socket.send("subscribe:a-b")
        wait_until("a refusal", lambda: socket.receive(10, raw=True).startswith("錯誤: "), 10)
        socket.send("unsubscribe:SOLUSDT")
        wait_until("the end", lambda: socket.receive(10, raw=True) == "已取消訂閱 SOLUSDT", 10)
        assert server.get("/health")["active_websocket_connections"] == 1
        for query in ("interval=7s", "symbol=a-b"):
            refused = WebSocket(server.address, "/ws/price?" + query)
            try:
                raise AssertionError(refused.receive(10))
            except ConnectionError:
                assert refused.closed_with == 1008, refused.closed_with
        assert WebSocket(server.address, "/ws/other").status == 404


def origins_are_all_or_those_on_the_list():
    with stream() as server:
        assert server.ask("/health", headers={"Origin": "https://a.example"})[2]["Access-Control-Allow-Origin"] == "*"
        assert server.ask("/health", "OPTIONS", {"Origin": "https://a.example"})[0] == 204
    with stream(API_CORS_ORIGINS="https://a.example") as server:
        assert server.ask("/health", headers={"Origin": "https://a.example"})[2]["Access-Control-Allow-Origin"] == "https://a.example"
        assert server.ask("/health", headers={"Origin": "https://b.example"})[2]["Access-Control-Allow-Origin"] is None
        assert WebSocket(server.address, "/ws/price", "Origin: https://b.example\r\n").status == 403


def the_command_line_says_what_is_set_up_and_refuses_what_is_wrong():
    binary, _ = programs()

    def call(*arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("INFLUXDB_", "BINANCE_", "API_", "DB_", "KAFKA_"))}
        done = subprocess.run([binary, "price-stream", *arguments], text=True, capture_output=True, env={**clean, **environment}, cwd="/", check=False)
        return done.returncode, done.stdout + done.stderr

    assert call("--install")[0] == 0
    code, text = call("--status")
    assert code == 0 and all(name in text for name in ("INFLUXDB_HOST", "INFLUXDB_TOKEN", "INFLUXDB_DATABASE")), text
    assert call() == (code, text), "without a flag it is --status"
    code, text = call("--enhanced")
    assert code == 78 and "INFLUXDB_TOKEN" in text, (code, text)
    code, text = call("--basic", INFLUXDB_TOKEN="canary", DB_TYPE="postgresql", DB_URL="postgresql://u:secret@h/d")
    assert code == 78 and "DB_TYPE" in text and "secret" not in text and "canary" not in text, (code, text)
    assert call("--basic", "--enhanced")[0] == 64 and call("--env", "/nowhere/.env")[0] == 78


if __name__ == "__main__":
    run([every_route_of_the_enhanced_edition_answers, stored_rows_are_asked_of_the_database_and_its_failure_is_told,
         every_price_is_stored_by_its_measurement_and_tag, a_connection_that_is_cut_is_made_again,
         subscriptions_survive_a_restart,
         a_websocket_client_commands_hears_and_is_refused, origins_are_all_or_those_on_the_list,
         the_command_line_says_what_is_set_up_and_refuses_what_is_wrong])
