"""The traders' interface for a client that knows nothing but the contract that earlier front ends were written against: default port, names, JSON types,
every event, a reverse proxy before it, and what the log says of it.
"""
import http.client
import http.server
import json
import pathlib
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from world import ROOT, Program, WebSocket, World, programs, run, wait_until

WORLD = PROXY = None
PREFIX = "/desk/tandem"
FAST = ["flow.excursion_gap=[300ms, 900ms]"]


class Proxy(socketserver.ThreadingTCPServer):
    """A reverse proxy below a path prefix: takes it away, says X-Forwarded-*, and passes the bytes on, WebSocket's too."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Forward)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Forward(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.request.recv(65536)
            if not data:
                return
            head += data
        line, rest = head.split(b"\r\n", 1)
        method, path, version = line.decode().split(" ")
        if not path.startswith(PREFIX + "/"):
            self.request.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        host, port = WORLD.engine.addresses["http"].rsplit(":", 1)
        with socket.create_connection((host, int(port))) as upstream:
            said = f"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: desk.example\r\nX-Forwarded-Prefix: {PREFIX}\r\n"
            upstream.sendall(f"{method} {path[len(PREFIX):]} {version}\r\n{said}".encode() + rest)
            back = threading.Thread(target=self.copy, args=(upstream, self.request), daemon=True)
            back.start()
            self.copy(self.request, upstream)
            back.join(10)

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def data(method, path, body=None):
    status, answer = WORLD.request(method, path, body)
    assert status == 200 and answer["success"] is True, (method, path, status, answer)
    return answer.get("data")


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def it_listens_on_port_7000_by_default():
    command = [programs()[0], "run", "config/examples/mock.yaml"]
    # In a network of its own where that may be had, so that nobody else's port is in the way.
    alone = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"]
    if shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True).returncode == 0:
        command = alone + command
    with tempfile.TemporaryDirectory() as directory:
        engine = Program([*command, "--set", "engine.state_dir=" + directory + "/state"])
        try:
            assert engine.addresses["http"] == "127.0.0.1:7000", engine.addresses
        finally:
            engine.stop()


def prices_pairs_and_execution_have_the_names_and_types_of_the_contract():
    book = data("GET", "/api/prices/bybit/BTCUSDT")
    assert set(book) >= {"exchange", "symbol", "bids", "asks", "ts"} and number(book["ts"])
    assert all(isinstance(text, str) for side in ("bids", "asks") for level in book[side] for text in level) and book["bids"] and book["asks"]
    asked = [("binance", "BTCUSDT"), ("bybit", "NONEUSDT"), ("bybit", "BTCUSDT")]
    many = data("POST", "/api/prices/batch", {"items": [{"exchange": exchange, "symbol": symbol} for exchange, symbol in asked]})
    assert [(each["exchange"], each["symbol"]) for each in many] == asked
    assert set(many[1]["error"]) >= {"code", "message"} and "bids" in many[0] and "bids" in many[2]
    pair = {"leg1": {"exchange": "bybit", "symbol": "ETHUSDT", "type": "spot"}, "leg2": {"exchange": "binance", "symbol": "ETHUSDT", "type": "spot"},
            "threshold": 50, "qty": 0.01, "totalAmount": 1000, "direction": "auto", "enabled": True}
    made = data("POST", "/api/monitoring/pairs", pair)["id"]
    shown = next(each for each in data("GET", "/api/monitoring/pairs") if each["id"] == made)
    assert {name: shown[name] for name in pair} == pair, shown
    assert data("PUT", f"/api/monitoring/pairs/{made}", {"threshold": 49})["id"] == made
    status, refused = WORLD.request("POST", f"/api/arbitrage/execute/{made}")
    assert status == 422 and refused["success"] is False and refused["error"]["code"] == "RISK_REJECTED" and refused["error"]["message"], refused
    status, answer = WORLD.request("DELETE", f"/api/monitoring/pairs/{made}")
    assert status == 200 and answer["success"] is True and "data" not in answer, answer


def plans_settings_exchanges_and_accounts_have_them_too():
    plan = {"name": "BTC_TWAP", "totalQty": 0.01, "sliceQty": 0.001, "intervalMs": 30000,
            "legs": [{"exchange": "bybit", "symbol": "BTCUSDT", "side": "buy", "type": "market"}]}
    made = data("POST", "/api/twap/plans", plan)["planId"]
    status = data("GET", f"/api/twap/{made}/status")
    assert set(status) >= {"planId", "progress", "state", "lastExecutionTs"} and status["planId"] == made, status
    assert set(status["progress"]) >= {"executed", "remaining", "slicesDone", "slicesTotal"} and status["progress"]["slicesTotal"] == 10
    for action, word in (("pause", "paused"), ("resume", None), ("cancel", "cancelled")):
        assert WORLD.request("POST", f"/api/twap/{made}/control", {"action": action})[1]["success"] is True, action
        if word:
            wait_until(word, lambda: data("GET", f"/api/twap/{made}/status")["state"] == word, 10)
    assert WORLD.request("DELETE", f"/api/twap/plans/{made}")[1]["success"] is True
    flags = data("GET", "/api/settings/api")
    assert all(set(flag) == {"connected"} and isinstance(flag["connected"], bool) for flag in flags.values()) and set(flags) >= {"binance", "bybit"}
    assert all(isinstance(each["connected"], bool) and isinstance(each["publicOnly"], bool) and each["name"] for each in data("GET", "/api/exchanges"))
    account = data("GET", "/api/account/binance")
    assert all(set(each) >= {"asset", "free", "locked"} for each in account["balances"]) and account["balances"] and isinstance(account["positions"], list)


def a_pair_may_be_read_only_while_the_others_trade():
    def of(path, name):
        return [each for each in data("GET", path)[name] if each["pairId"] == pair] if name else [each for each in data("GET", path) if each["pairId"] == pair]

    def executions():
        return of("/api/executions?limit=1000", None)

    def trading():
        """Pairs that have traded, and wait for no person."""
        held = {each["id"] for each in data("GET", "/api/engine/pairs") if each["heldBy"]}
        return [each["pairId"] for each in data("GET", "/api/executions?limit=1000") if each["phase"] == "done" and each["pairId"] not in held]
    pair = wait_until("a pair that trades", trading, 30)[-1]
    assert data("PUT", f"/api/monitoring/pairs/{pair}", {"mode": "read_only"})["id"] == pair
    wait_until("what was under way has ended", lambda: all(each["phase"] in ("done", "stranded") for each in executions()), 30)
    before, everybody = len(executions()), len(data("GET", "/api/executions?limit=1000"))
    seen = {each["ts"] for each in of("/api/opportunities?limit=1000", "opportunities")}
    wait_until("it sees chances", lambda: len({each["ts"] for each in of("/api/opportunities?limit=1000", "opportunities")} - seen) >= 4, 40)
    wait_until("others trade", lambda: len(data("GET", "/api/executions?limit=1000")) >= everybody + 4, 40)
    assert len(executions()) == before, "a pair that is read only has traded"
    data("PUT", f"/api/monitoring/pairs/{pair}", {"mode": "active"})
    wait_until("it trades again", lambda: len(executions()) > before, 40)


EVENTS = {"price_update": {"exchange": str, "symbol": str, "bid": number, "ask": number, "ts": number},
          "opportunity": {"pairId": str, "spread": number, "spreadPercent": number, "ts": number},
          "order_submitted": {"exchange": str, "orderId": str, "symbol": str, "side": str, "qty": number, "ts": number},
          "order_filled": {"exchange": str, "orderId": str, "price": number, "qty": number, "ts": number},
          "order_failed": {"exchange": str, "orderId": str, "code": str, "message": str, "ts": number},
          "twap_progress": {"planId": str, "executed": number, "remaining": number, "slicesDone": number, "slicesTotal": number, "state": str, "ts": number},
          "engine_alert": {"severity": str, "code": str, "message": str, "ts": number}}


def every_event_is_heard_as_the_contract_has_it():
    client = WebSocket(WORLD.engine.addresses["http"])
    for surface in ("binance_spot", "bybit_spot", "binance_linear", "bybit_linear"):
        WORLD.fault(surface=surface, kind="order_reject", count=2)
    missing = set(EVENTS)
    plan = data("POST", "/api/twap/plans", {"name": "EVENTS", "totalQty": 0.002, "sliceQty": 0.001, "intervalMs": 1000,
                                            "legs": [{"exchange": "binance", "symbol": "BTCUSDT", "side": "buy", "type": "market"}]})["planId"]

    def wanted(frame):
        shape = EVENTS.get(frame["event"])
        if shape is None:
            return False
        for name, kind in shape.items():
            value = frame["data"][name]
            assert kind(value) if kind is number else isinstance(value, kind), (frame, name)
        assert frame["event"] != "engine_alert" or frame["data"]["severity"] in ("info", "warning", "critical") and "pairId" in frame["data"], frame
        missing.discard(frame["event"])
        return not missing
    try:
        client.wait_for("every event", wanted, 60)
    except AssertionError:
        raise AssertionError(f"not heard: {missing}") from None
    finally:
        WORLD.faults_off()
        client.close()
    WORLD.request("POST", f"/api/twap/{plan}/control", {"action": "cancel"})


def lines(event):
    return [line for line in map(json.loads, WORLD.engine.log().splitlines()) if line.get("event") == event]


def log_lines_carry_the_fields():
    names = {"event", "exchange", "pairId", "symbol", "latency_ms", "success", "error_code"}
    filled, failed = wait_until("both kinds of line", lambda: lines("order_filled") and lines("order_failed") and (lines("order_filled"), lines("order_failed")), 20)
    for line in filled + failed:
        assert set(line) >= names and line["exchange"] and line["symbol"] and int(line["latency_ms"]) >= 0, line
    assert all(line["success"] == "true" and not line["error_code"] for line in filled) and all(line["success"] == "false" for line in failed)
    assert any(line["error_code"] for line in failed) and any(line["pairId"] for line in filled)


def errors_and_measurements_are_categories_of_their_own():
    every = [json.loads(line) for line in WORLD.engine.log().splitlines()]
    assert {line["category"] for line in every} == {"error", "performance", "event"}
    assert all(line["category"] == "performance" and int(line["latency_ms"]) >= 0 for line in lines("order_filled"))
    assert all(line["category"] == "error" for line in lines("order_failed") + [each for each in every if each["level"] in ("WARNING", "ERROR")])
    for category in ("error", "performance", "event"):
        told = data("GET", f"/api/engine/log?limit=1000&category={category}")["lines"]
        assert told and {line["category"] for line in told} == {category}, (category, told)
    assert WORLD.request("GET", "/api/engine/log?category=warning")[0] == 400


def reads_that_succeed_are_not_logged_and_refusals_are():
    for _ in range(50):
        data("GET", "/api/exchanges")
    assert WORLD.request("GET", "/api/monitoring/pairs/no-such-pair/state")[0] == 404
    line = wait_until("the refusal", lambda: [each for each in lines("request_failed") if "no-such-pair" in each["request"]], 5)[0]
    assert line["status"] == "404" and line["error_code"] == "NOT_FOUND" and line["requestId"] and line["success"] == "false", line
    assert "/api/exchanges" not in WORLD.engine.log()


def behind_a_proxy(path, headers=None):
    connection = http.client.HTTPConnection(PROXY.address, timeout=10)
    connection.request("GET", PREFIX + path, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def it_works_below_a_path_prefix_behind_a_proxy():
    for path in ("/", "/docs"):
        status, page = behind_a_proxy(path)
        assert status == 200, (path, status)
        for absolute in ('"/api', '"/ws', '"/openapi', 'href="/', 'src="/'):
            assert absolute not in page, f"{path} asks the proxy for {absolute}, which is not below the prefix"
    status, text = behind_a_proxy("/api/exchanges")
    assert status == 200 and json.loads(text)["success"] is True
    status, text = behind_a_proxy("/openapi.json")
    document = json.loads(text)
    server = urllib.parse.urljoin(f"http://{PROXY.address}{PREFIX}/openapi.json", document["servers"][0]["url"])
    assert status == 200 and document["openapi"] and server == f"http://{PROXY.address}{PREFIX}/", server
    client = WebSocket(PROXY.address, PREFIX + "/ws", f"Origin: http://{PROXY.address}\r\n")
    assert client.status == 101, "the page's own origin, as the proxy passes the Host on"
    client.send({"op": "ping"})
    assert client.wait_for("an answer", lambda frame: frame["event"] == "pong", 10)
    client.close()
    assert WebSocket(PROXY.address, PREFIX + "/ws", "Origin: http://elsewhere.example\r\n").status in (101, 403)


if __name__ == "__main__":
    with World(sim_settings=FAST, settings=["log.format=json"]) as WORLD:
        PROXY = Proxy()
        WORLD.wait_all_watching(30)
        run([it_listens_on_port_7000_by_default, prices_pairs_and_execution_have_the_names_and_types_of_the_contract,
             plans_settings_exchanges_and_accounts_have_them_too, a_pair_may_be_read_only_while_the_others_trade, every_event_is_heard_as_the_contract_has_it, log_lines_carry_the_fields,
             errors_and_measurements_are_categories_of_their_own, reads_that_succeed_are_not_logged_and_refusals_are, it_works_below_a_path_prefix_behind_a_proxy])
