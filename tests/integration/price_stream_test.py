"""The price-stream server as its users meet it: routes, subscriptions that survive, the WebSocket, refusals. Candles come from the simulated
Binance, stored rows from a small stand-in for the database's SQL route."""
import json
import re
import urllib.request

from price_server import CandleVenue, Database, call, stream
from world import ROOT, WebSocket, run, wait_until


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
    assert call("--install")[0] == 0
    code, text = call("--status")
    assert code == 0 and all(name in text for name in ("INFLUXDB_HOST", "INFLUXDB_TOKEN", "INFLUXDB_DATABASE")), text
    assert call() == (code, text), "without a flag it is --status"
    code, text = call("--enhanced")
    assert code == 78 and "INFLUXDB_TOKEN" in text, (code, text)
    code, text = call("--basic", INFLUXDB_TOKEN="canary", DB_TYPE="postgresql", DB_URL="postgresql://u:secret@127.0.0.1:1/d")
    assert code == 69 and "DB_TYPE=postgresql" in text and "secret" not in text and "canary" not in text, (code, text)
    code, text = call("--basic", INFLUXDB_TOKEN="canary", DB_TYPE="postgresql", DB_URL="postgresql://u:se@cret@h/d")
    assert code == 78 and "DB_URL" in text and "cret" not in text, (code, text)
    assert call("--basic", "--enhanced")[0] == 64 and call("--env", "/nowhere/.env")[0] == 78


def the_database_is_tried_out():
    database = Database()
    database.rows = [{"source": "tandem", "time": "2999-01-01T00:00:00.123", "value": 1.0}]
    access = {"INFLUXDB_HOST": database.url, "INFLUXDB_TOKEN": "canary", "INFLUXDB_DATABASE": "crypto_data"}
    code, text = call("--test-db", **access)
    assert code == 0 and "read back: source=tandem time=2999-01-01T00:00:00.123 value=1.0" in text, (code, text)
    assert re.fullmatch(r"test_measurement,source=tandem value=1\.0 \d{13}000000", database.lines[0]), database.lines
    database.rows = []
    code, text = call("--test-db", **access)
    assert code == 69 and "is not there" in text, (code, text)
    code, text = call("--test-db", **{**access, "INFLUXDB_HOST": "http://127.0.0.1:1"})
    assert code == 69 and "database" in text and "canary" not in text, (code, text)
    code, text = call("--test-db")
    assert code == 78 and "INFLUXDB_TOKEN" in text, (code, text)


def the_first_symbol_is_analysed():
    database = Database()
    access = {"INFLUXDB_HOST": database.url, "INFLUXDB_TOKEN": "canary", "INFLUXDB_DATABASE": "crypto_data"}
    code, text = call("--analyze", **access)
    assert code == 0 and "nothing to report" in text, (code, text)

    def answer(question):
        if "DISTINCT symbol" in question:
            return [{"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}]
        return [{"time": f"2025-06-14T12:{n // 60:02}:{n % 60:02}", "open": 100.0, "high": 110.0, "low": 90.0, "close": 100.0 + n / 100, "volume": 10.0,
                 "trade_count": 3} for n in range(2000)]
    database.answer = answer
    code, text = call("--analyze", **access)
    assert code == 0 and "BTCUSDT, the last 24 h" in text and "ETHUSDT" in text and "rows         2000" in text and "bullish" in text, (code, text)
    assert "symbol = 'BTCUSDT'" in database.asked[-1][2]["q"], database.asked[-1]
    database.status = 500
    assert call("--analyze", **access)[0] == 69


LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - tandem\.price_stream - (DEBUG|INFO|WARNING|ERROR) - event=\w+ mode=mock.*")


def every_line_of_the_log_has_its_form_and_level():
    found = {}
    for level in ("debug", "INFO", "WARNING", "error"):
        with stream(BINANCE_SYMBOL="btcusdt", LOG_LEVEL=level) as server:
            wait_until("a price", lambda: server.get("/prices"), 20)
            server.server.stop()
            lines = server.server.log().splitlines()
        assert all(LINE.fullmatch(line) for line in lines), [line for line in lines if not LINE.fullmatch(line)][:5]
        found[level] = {LINE.fullmatch(line)[1] for line in lines}
    assert found["debug"] == {"DEBUG", "INFO"} and found["INFO"] == {"INFO"} and not found["WARNING"] and not found["error"], found


def every_request_of_the_http_file_answers_as_described():
    blocks = (ROOT / "docs/price-stream.http").read_text().split("\n### ")[1:]
    with stream() as server:
        for block in blocks:
            title, request = block.split("\n", 2)[:2]
            method, url = request.split(" ", 1)
            status, answer, headers = server.ask(url.replace("{{host}}", ""), method)
            described = int(re.search(r": (\d{3})", title)[1])
            assert status == described, (title, status, answer)
            if "text/html" in title:
                assert headers["Content-Type"].startswith("text/html"), headers["Content-Type"]
            if "a list" in title:
                assert isinstance(answer, list), answer
    print(f"{len(blocks)} requests")


def writes_are_batched_as_tuned():
    """A thousand updates within the flush interval: five requests of 200, or two of 500."""
    for size in (200, 500):
        venue = CandleVenue()
        with stream(venue=venue.address, BINANCE_SYMBOL="btcusdt", BINANCE_AGGREGATION_INTERVALS="1d", INFLUXDB_BATCH_SIZE=str(size),
                    INFLUXDB_FLUSH_INTERVAL="2000") as server:
            wait_until("the subscription", lambda: venue.controls, 10)
            for n in range(1000):
                venue.candle("BTCUSDT", 1749902400000 + n * 60000)
            wait_until("all points", lambda: sum(server.database.writes) >= 1000, 20)
            assert len(server.database.writes) <= 1000 // size + 2 and max(server.database.writes) == size, server.database.writes
        venue.close()


def a_write_that_fails_is_repeated_and_counted():
    venue = CandleVenue()
    with stream(venue=venue.address, BINANCE_SYMBOL="btcusdt") as server:
        server.database.refuse_writes = 1
        wait_until("the subscription", lambda: venue.controls, 10)
        for close in ("101.5", "103.0"):
            venue.candle("BTCUSDT", 1749902400000, close)
        lines = wait_until("both points", lambda: server.database.lines if len(server.database.lines) == 2 else None, 20)
        assert lines == ["crypto_price,symbol=BTCUSDT,mode=mock price=101.5,open=100.0,high=200.0,low=50.0,close=101.5,volume=2.0,trade_count=3i"
                         " 1749902400000000000",
                         "crypto_price,symbol=BTCUSDT,mode=mock price=103.0,open=100.0,high=200.0,low=50.0,close=103.0,volume=2.0,"
                         "price_change=1.5,price_change_percent=1.477832512315271,trade_count=3i 1749902400000000000"], lines
        stats = wait_until("the count", lambda: (lambda s: s if s["successful_writes"] == 2 else None)(
            server.get("/health")["provider_stats"]["influxdb_stats"]), 5)
        assert stats["retry_count"] == 1 and stats["failed_writes"] == 0 and stats["queue_size"] == 0 and stats["total_writes"] == 2, stats
    venue.close()


if __name__ == "__main__":
    run([every_route_of_the_enhanced_edition_answers, stored_rows_are_asked_of_the_database_and_its_failure_is_told,
         every_price_is_stored_by_its_measurement_and_tag, a_connection_that_is_cut_is_made_again,
         subscriptions_survive_a_restart,
         a_websocket_client_commands_hears_and_is_refused, origins_are_all_or_those_on_the_list,
         the_command_line_says_what_is_set_up_and_refuses_what_is_wrong, the_database_is_tried_out, the_first_symbol_is_analysed,
         every_line_of_the_log_has_its_form_and_level, every_request_of_the_http_file_answers_as_described, writes_are_batched_as_tuned,
         a_write_that_fails_is_repeated_and_counted])
