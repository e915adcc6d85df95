"""The traders' REST and WebSocket surface of a running engine, shape by shape (docs: README, "Routes")."""
import json
import socket
import time

from world import WebSocket, World, run, wait_until

WORLD = None


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def memory():
    """Of the engine, in KiB."""
    return int(next(l for l in open(f"/proc/{WORLD.engine.process.pid}/status") if l.startswith("VmRSS")).split()[1])


def at_least_four_pairs_over_two_exchanges_are_watching_within_15_seconds():
    started = time.monotonic()
    states = WORLD.wait_all_watching(15)
    assert len(states) >= 4, states.keys()
    assert {leg["exchange"] for state in states.values() for leg in state["legs"]} == {"binance", "bybit"}
    print(f"       watching after {time.monotonic() - started:.1f} s")


def every_answer_says_mock():
    for path in ("/health", "/api/exchanges", "/api/monitoring/pairs", "/api/engine/actors", "/api/opportunities", "/nothing"):
        assert WORLD.request("GET", path)[1]["mode"] == "mock", path


def a_price_has_the_documented_shape():
    for exchange in ("binance", "bybit"):
        for kind in ("spot", "linear"):
            price = WORLD.get(f"/api/prices/{exchange}/BTCUSDT?type={kind}&depth=5")
            assert (price["exchange"], price["symbol"], price["type"]) == (exchange, "BTCUSDT", kind)
            assert len(price["bids"]) == len(price["asks"]) == 5
            assert all(isinstance(text, str) for side in ("bids", "asks") for level in price[side] for text in level)
            bids, asks = ([float(level[0]) for level in price[side]] for side in ("bids", "asks"))
            assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and bids[0] < asks[0]
            assert number(price["ts"])
    assert WORLD.get("/api/prices/binance/btcusdt")["symbol"] == "BTCUSDT"


def unknown_exchange_symbol_type_and_route_are_refused_in_the_envelope():
    for path, status, code in (("/api/prices/nowhere/BTCUSDT", 404, "NOT_FOUND"), ("/api/prices/binance/NOSUCH", 404, "NOT_FOUND"),
                               ("/api/prices/binance/BTCUSDT?type=option", 400, "VALIDATION_ERROR"),
                               ("/api/prices/binance/BTCUSDT?depth=0", 400, "VALIDATION_ERROR"), ("/nothing", 404, "NOT_FOUND"),
                               ("/api/monitoring/pairs/none", 404, "NOT_FOUND"), ("/api/monitoring/pairs/none/state", 404, "NOT_FOUND"),
                               ("/api/exchanges/none", 404, "NOT_FOUND")):
        answer = WORLD.request("GET", path)
        assert answer[0] == status and answer[1]["success"] is False and answer[1]["error"]["code"] == code, (path, answer)
        assert answer[1]["error"]["message"]


def a_batch_keeps_its_order_and_one_failure_does_not_fail_the_rest():
    items = [{"exchange": "bybit", "symbol": "BTCUSDT"}, {"exchange": "binance", "symbol": "NOSUCH"}, {"exchange": "binance", "symbol": "ETHUSDT"}]
    status, answer = WORLD.request("POST", "/api/prices/batch", {"items": items})
    assert status == 200 and len(answer["data"]) == 3, answer
    assert answer["data"][0]["exchange"] == "bybit" and answer["data"][0]["bids"]
    assert answer["data"][1]["error"]["code"] == "NOT_FOUND" and answer["data"][1]["symbol"] == "NOSUCH"
    assert answer["data"][2]["symbol"] == "ETHUSDT"
    for bad in ({}, {"items": []}, {"items": [1]}, {"items": [{"exchange": "binance"}]}, []):
        status, answer = WORLD.request("POST", "/api/prices/batch", bad)
        assert status == 400 and answer["error"]["code"] == "VALIDATION_ERROR", (bad, answer)


def a_price_of_an_unwatched_symbol_is_fetched_once_and_kept_for_a_short_while():
    def fetched():
        text = WORLD.request("GET", "/metrics")[1]
        return int(float(next(line.split()[-1] for line in text.splitlines() if line.startswith('tandem_price_requests_total{source="venue"}'))))
    watched = {(leg["exchange"], leg["symbol"]) for state in WORLD.pair_states().values() for leg in state["legs"]}
    symbol = next(s for s in ("XRPUSDT", "SOLUSDT", "DOGEUSDT") if ("binance", s) not in watched)
    before = fetched()
    first = WORLD.get(f"/api/prices/binance/{symbol}?type=spot")
    WORLD.get(f"/api/prices/binance/{symbol}?type=spot")
    assert fetched() == before + 1 and first["bids"]
    time.sleep(2.5)  # longer than the longest time to live
    WORLD.get(f"/api/prices/binance/{symbol}?type=spot")
    assert fetched() == before + 2


def pairs_are_created_changed_and_deleted_and_each_mistake_names_its_field():
    leg = lambda exchange, kind="spot": {"exchange": exchange, "symbol": "ETHUSDT", "type": kind}
    body = {"leg1": leg("bybit"), "leg2": leg("binance"), "threshold": 0.1, "qty": 0.1, "totalAmount": 1000, "direction": "auto", "enabled": True}
    status, answer = WORLD.request("POST", "/api/monitoring/pairs", body)
    assert status == 200, answer
    name = answer["data"]["id"]
    assert name.startswith("bybit_binance_eth"), name
    pair = WORLD.get(f"/api/monitoring/pairs/{name}")
    assert {key: pair[key] for key in ("threshold", "qty", "totalAmount", "direction", "enabled")} == {
        "threshold": 0.1, "qty": 0.1, "totalAmount": 1000, "direction": "auto", "enabled": True}
    second = WORLD.request("POST", "/api/monitoring/pairs", body)[1]["data"]["id"]
    assert second != name
    wait_until("the new pair watches", lambda: WORLD.get(f"/api/monitoring/pairs/{name}/state")["state"] in ("watching", "open"), 10)
    assert WORLD.request("PUT", f"/api/monitoring/pairs/{name}", {"enabled": False})[1]["data"] == {"id": name}
    wait_until("it is disabled", lambda: WORLD.request("GET", f"/api/monitoring/pairs/{name}/state")[1].get("data", {}).get("state") == "disabled", 5)
    for field, change in (("threshold", {"threshold": -1}), ("threshold", {"threshold": 0}), ("threshold", {"threshold": "NaN"}), ("qty", {"qty": -1}),
                          ("qty", {"qty": 0}), ("leg1.exchange", {"leg1": leg("nowhere")}), ("leg2.type", {"leg2": leg("binance", "option")}),
                          ("leg1.symbol", {"leg1": {**leg("bybit"), "symbol": "NOSUCH"}}), ("leg2", {"leg2": leg("bybit")}),
                          ("direction", {"direction": "up"}), ("enabled", {"enabled": 1}), ("surprise", {"surprise": 1}),
                          ("totalAmount", {"totalAmount": -1}), ("options.levels", {"options": {"levels": 51}})):
        status, answer = WORLD.request("POST", "/api/monitoring/pairs", {**body, **change})
        assert status == 400 and answer["error"]["code"] == "VALIDATION_ERROR" and answer["error"]["details"]["field"] == field, (field, answer)
    for gone in (name, second):
        status, answer = WORLD.request("DELETE", f"/api/monitoring/pairs/{gone}")
        assert status == 200 and answer["success"] is True and "data" not in answer, answer
        assert WORLD.request("GET", f"/api/monitoring/pairs/{gone}")[0] == 404
        wait_until("its actor is gone", lambda: WORLD.actor(f"engine/services/strategies/pair.{gone}") is None, 5)


def pairs_survive_a_hard_end_of_the_engine():
    body = {"id": "kept", "leg1": {"exchange": "binance", "symbol": "BTCUSDT", "type": "spot"},
            "leg2": {"exchange": "bybit", "symbol": "BTCUSDT", "type": "linear"}, "threshold": 0.3, "qty": 0.02}
    assert WORLD.request("POST", "/api/monitoring/pairs", body)[0] == 200
    doomed = WORLD.get("/api/monitoring/pairs")[0]["id"]
    assert WORLD.request("DELETE", f"/api/monitoring/pairs/{doomed}")[0] == 200
    WORLD.engine.stop(9)
    WORLD.start_engine()
    wait_until("the pairs are loaded", lambda: WORLD.request("GET", "/api/monitoring/pairs/kept")[0] == 200, 10)
    names = [pair["id"] for pair in WORLD.get("/api/monitoring/pairs")]
    assert doomed not in names and "kept" in names, names
    assert WORLD.get("/api/monitoring/pairs/kept")["threshold"] == 0.3


def the_websocket_sends_prices_opportunities_and_alerts_as_documented():
    client = WebSocket(WORLD.engine.addresses["http"])
    price = client.wait_for("a price", lambda f: f["event"] == "price_update")["data"]
    assert isinstance(price["exchange"], str) and isinstance(price["symbol"], str) and all(number(price[k]) for k in ("bid", "ask", "ts"))
    news = client.wait_for("an opportunity", lambda f: f["event"] == "opportunity", 60)["data"]
    assert isinstance(news["pairId"], str)
    assert all(number(news[k]) for k in ("spread", "spreadPercent", "spreadPct", "leg1Price", "leg2Price", "netPercent", "ts")), news
    assert news["direction"] in ("leg1_buy_leg2_sell", "leg1_sell_leg2_buy") and news["phase"] in ("opened", "changed", "ended")
    buy, sell = (news["leg1Price"], news["leg2Price"]) if news["direction"] == "leg1_buy_leg2_sell" else (news["leg2Price"], news["leg1Price"])
    assert abs(news["spread"] - (sell - buy)) < 1e-6 and abs(news["spreadPercent"] - 100 * (sell - buy) / buy) < 1e-6
    client.close()


def a_client_hears_only_what_it_subscribed_to():
    client = WebSocket(WORLD.engine.addresses["http"])
    client.send({"op": "subscribe", "exchanges": ["bybit"], "symbols": ["ETHUSDT"], "events": ["price_update"]})
    client.wait_for("the answer", lambda f: f["event"] == "subscribed")
    deadline = time.monotonic() + 2
    seen = 0
    while time.monotonic() < deadline:
        frame = client.receive()
        assert frame["event"] == "price_update" and frame["data"]["exchange"] == "bybit" and frame["data"]["symbol"] == "ETHUSDT", frame
        seen += 1
    assert seen >= 2
    client.send("no json")
    assert client.wait_for("the refusal", lambda f: f["event"] == "error")["data"]["code"] == "VALIDATION_ERROR"
    client.send({"op": "log", "event": "mouse_moved"})
    client.wait_for("the refusal", lambda f: f["event"] == "error")
    client.close()


def health_metrics_and_the_page_answer():
    assert WORLD.get("/health")["status"] in ("ok", "degraded") and WORLD.get("/health/live")
    wait_until("ready", lambda: WORLD.request("GET", "/health/ready")[0] == 200, 10)
    status, text = WORLD.request("GET", "/metrics")
    assert status == 200 and "tandem_actor_restarts_total" in text
    for name in ("cache_hit", "error_rate", "api_response_ms", "arbitrage_ms"):
        assert f"# TYPE {name} gauge" in text and f"\n{name}" in text, name
    for line in text.splitlines():
        assert line.startswith("#") or float(line.rsplit(" ", 1)[1]) is not None
    status, page = WORLD.request("GET", "/")
    assert status == 200 and "<title>Tandem" in page and "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    exchange = WORLD.get("/api/exchanges/binance")
    assert exchange["connected"] is True and exchange["publicOnly"] is False and {m["type"] for m in exchange["markets"]} == {"spot", "linear"}
    assert WORLD.get("/api/exchanges") == [{"name": n, "connected": True, "publicOnly": False} for n in ("binance", "bybit")]


def ten_thousand_bad_requests_are_refused_and_nothing_grows():
    import http.client
    import random
    random.seed(7)

    paths = ["/api/prices/..%2f..%2fetc/passwd", "/api/prices/binance", "/api/monitoring/pairs/%00", "/api/prices/binance/" + "A" * 300, "/../../etc/passwd",
             "/api/prices/batch", "/api/monitoring/pairs", "/api/engine/actors/kill", "/api/opportunities?limit=-1", "/api/alerts?limit=x", "/ws", "/%zz"]
    bodies = [b"", b"{", b"[]", b"null", b"1e999", b'{"items":' * 50, b'{"a":1,"a":2}', b"\xff\xfe", b'{"path":1}', b'{"leg1":{}}', b"[" * 2000, b'"' + b"x" * 2000]
    methods = ["POST", "PUT", "DELETE", "PATCH", "FOO"]
    host, port = WORLD.engine.addresses["http"].rsplit(":", 1)
    before = None
    refused = 0
    link = http.client.HTTPConnection(host, int(port), timeout=10)
    for n in range(10_000):
        if n == 500:
            before = memory()
        try:
            link.request(random.choice(methods), random.choice(paths), random.choice(bodies), {"Content-Type": "application/json"})
            reply = link.getresponse()
            status, text = reply.status, reply.read()
        except (http.client.HTTPException, OSError):
            link.close()
            link = http.client.HTTPConnection(host, int(port), timeout=10)
            continue
        assert 400 <= status < 500, (status, text)
        answer = json.loads(text)
        assert answer["success"] is False and answer["error"]["code"], answer
        refused += 1
    grown = memory() - before
    print(f"       {refused} of 10000 answered with 4xx, memory grew by {grown} kB")
    assert refused >= 9_900 and grown < 8 * 1024
    assert WORLD.engine.process.poll() is None


def a_gibibyte_of_body_or_header_is_refused_in_bounded_memory():
    block = b"a" * 65536
    post = b"POST /api/prices/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    before = highest = memory()
    for what, head, piece, status in (("length", post + b"Content-Length: 1073741824\r\n\r\n", block, b"413"),
                                      ("chunks", post + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + block + b"\r\n", b"413"),
                                      ("header", b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: ", block, b"431")):
        host, port = WORLD.engine.addresses["http"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as client:
            try:
                client.sendall(head)
                for n in range(2**30 // len(block)):
                    client.sendall(piece)
                    highest = max(highest, memory()) if n % 64 == 0 else highest
            except OSError:
                pass  # cut off, which is as good
            try:
                reply = client.recv(64)
            except ConnectionResetError:
                reply = b""
        assert not reply or reply.startswith(b"HTTP/1.1 " + status), (what, reply)
    print(f"       memory grew by {highest - before} KiB")
    assert highest - before <= 8 * 1024 and WORLD.request("GET", "/health/live")[0] == 200


def it_stops_cleanly_on_sigterm():
    assert WORLD.engine.stop() == 0


if __name__ == "__main__":
    with World(settings=["listeners[0].requests_per_second=1000000"]) as WORLD:
        run([value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == "__main__"
             and name not in ("number", "memory")])
