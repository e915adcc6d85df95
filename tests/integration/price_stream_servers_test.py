"""The price-stream server with real servers: subscriptions in PostgreSQL, prices over a Kafka broker. What it stored and published is read back
by other libraries; both are killed and started again under it."""
import json
import pathlib
import signal
import time

import services

services.enter()

from price_server import CandleVenue, call, stream  # noqa: E402
from world import WebSocket, run, wait_until  # noqa: E402

START = 1749902400000
SERVERS = services.Services("kafka", "postgres", "influx1")


def postgres_url(secret=""):
    return f"postgresql://{services.NAME}{secret}@{SERVERS['postgres']}/{services.NAME}"


def rows():
    return [symbol for _, symbol in services.postgres_rows(SERVERS["postgres"], "SELECT id, symbol FROM subscriptions ORDER BY id")]


def subscriptions_are_kept_in_postgresql():
    services.postgres_rows(SERVERS["postgres"], "DROP TABLE IF EXISTS subscriptions")
    with stream(DB_TYPE="postgresql", DB_URL=postgres_url(":canary-password")) as server:
        for symbol in ("ethusdt", "ETHUSDT", "bnbusdt", "solusdt"):
            assert server.ask(f"/symbol/{symbol}/subscribe", "POST")[0] == 200, symbol
        assert server.ask("/symbol/BNBUSDT/unsubscribe", "POST")[0] == 200
        assert rows() == ["ETHUSDT", "SOLUSDT"], rows()
        columns = services.postgres_rows(SERVERS["postgres"], "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns "
                                         "WHERE table_name = 'subscriptions' ORDER BY ordinal_position")
        assert columns == [("id", "integer", "NO", "nextval('subscriptions_id_seq'::regclass)"), ("symbol", "text", "NO", None)], columns
        keys = services.postgres_rows(SERVERS["postgres"], "SELECT indexdef FROM pg_indexes WHERE tablename = 'subscriptions' ORDER BY 1")
        assert len(keys) == 2 and all("UNIQUE" in key for key, in keys), keys
        assert not pathlib.Path(server.directory, "sqlite.db").exists()
        assert server.get("/config")["db_type"] == "postgresql" and "canary" not in json.dumps(server.get("/config"))
        assert server.server.stop(signal.SIGKILL) == -signal.SIGKILL
        server.start()
        assert server.get("/health")["subscribed_symbols"] == ["ETHUSDT@kline_1m", "SOLUSDT@kline_1m"]
        assert "canary" not in server.server.log()


def a_database_that_goes_costs_changes_alone_and_is_used_again_when_it_is_back():
    services.postgres_rows(SERVERS["postgres"], "DROP TABLE IF EXISTS subscriptions")
    with stream(DB_TYPE="postgresql", DB_URL=postgres_url()) as server:
        assert server.ask("/symbol/ethusdt/subscribe", "POST")[0] == 200
        wait_until("a price", lambda: server.get("/prices"), 20)
        SERVERS.kill("postgres")
        status, answer, _ = server.ask("/symbol/solusdt/subscribe", "POST")
        assert status == 500 and "not stored" in answer["detail"], (status, answer)
        before = server.get("/health")["provider_stats"]["messages_processed"]
        wait_until("prices go on", lambda: server.get("/health")["provider_stats"]["messages_processed"] > before, 20)
        code, text = call("--enhanced", INFLUXDB_TOKEN="t", DB_TYPE="postgresql", DB_URL=postgres_url(":canary"))
        assert code == 69 and "DB_TYPE=postgresql" in text and "canary" not in text, (code, text)
        SERVERS.start("postgres")
        assert server.ask("/symbol/solusdt/subscribe", "POST")[0] == 200
        assert rows() == ["ETHUSDT", "SOLUSDT"], rows()


def a_table_of_the_earlier_server_goes_on_being_used_by_one_who_may_make_none():
    services.postgres_rows(SERVERS["postgres"], "DROP TABLE IF EXISTS subscriptions")
    for statement in ("CREATE TABLE subscriptions (id SERIAL PRIMARY KEY, symbol VARCHAR NOT NULL UNIQUE, interval VARCHAR)",
                      "INSERT INTO subscriptions (symbol, interval) VALUES ('BNBUSDT', '1m')", "DROP ROLE IF EXISTS reader",
                      "CREATE ROLE reader LOGIN", "GRANT SELECT, INSERT, DELETE ON subscriptions TO reader",
                      "GRANT USAGE ON SEQUENCE subscriptions_id_seq TO reader", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"):
        services.postgres_rows(SERVERS["postgres"], statement)
    with stream(DB_TYPE="postgresql", DB_URL=f"postgresql://reader@{SERVERS['postgres']}/{services.NAME}") as server:
        assert server.get("/health")["subscribed_symbols"] == ["BNBUSDT@kline_1m"]
        assert server.ask("/symbol/ethusdt/subscribe", "POST")[0] == 200
        assert rows() == ["BNBUSDT", "ETHUSDT"], rows()
    services.postgres_rows(SERVERS["postgres"], "DROP TABLE subscriptions")
    services.postgres_rows(SERVERS["postgres"], "CREATE TABLE subscriptions (person TEXT)")
    code, text = call("--enhanced", INFLUXDB_TOKEN="t", DB_TYPE="postgresql", DB_URL=postgres_url())
    assert code == 78 and "DB_TYPE" in text, (code, text)
    services.postgres_rows(SERVERS["postgres"], "DROP TABLE subscriptions")


def kafka(topic, **more):
    return {"KAFKA_ENABLED": "true", "KAFKA_BOOTSTRAP_SERVERS": SERVERS["kafka"], "KAFKA_TOPIC": topic, "BINANCE_SYMBOL": "btcusdt", **more}


def ready(server, count=1):
    wait_until("Kafka is ready", lambda: server.server.log().count("event=kafka_ready") >= count, 60)


def prices_go_to_the_topic_and_from_the_group_to_the_clients():
    venue = CandleVenue()
    with stream(venue=venue.address, **kafka("prices.both")) as server:
        ready(server)
        socket = WebSocket(server.address, "/ws/price")
        wait_until("the client", lambda: server.get("/health")["active_websocket_connections"] == 1, 5)
        closes = [f"{100 + n}.25" for n in range(50)]
        for close in closes:
            venue.candle("BTCUSDT", START, close)
        heard = [socket.receive(20) for _ in closes]
        assert [frame["data"]["price"] for frame in heard] == [float(close) for close in closes], heard
        records = services.kafka_records(SERVERS["kafka"], "prices.both")
        values = [json.loads(record.value) for record in records]
        assert [value["data"] for value in values] == [frame["data"] for frame in heard]
        assert all(list(value) == ["type", "data", "timestamp", "interval"] and value["type"] == "price_update" and value["interval"] == "1m"
                   for value in values), values[0]
        assert all("interval" not in frame for frame in heard)
        assert all(record.key is None and record.headers == [("mode", b"mock")] for record in records), records[0]
        wait_until("the count", lambda: server.get("/health")["provider_stats"]["kafka_messages_sent"] == len(records) == 50, 5)

        import kafka as library  # another writer of the topic, and one of real prices
        producer = library.KafkaProducer(bootstrap_servers=SERVERS["kafka"])
        frame = {"type": "price_update", "timestamp": "2099-01-01T00:00:00+00:00", "interval": "1m", "data": {**values[0]["data"], "symbol": "OTHERUSDT"}}
        producer.send("prices.both", json.dumps({**frame, "data": {**frame["data"], "symbol": "REALUSDT"}}).encode(), headers=[("mode", b"prod")])
        producer.send("prices.both", b"\xff no frame")
        producer.send("prices.both", json.dumps(frame).encode())
        producer.flush()
        assert socket.receive(20)["data"]["symbol"] == "OTHERUSDT"
        groups = library.KafkaAdminClient(bootstrap_servers=SERVERS["kafka"]).list_groups()
        assert any("crypto-streamer-group" in str(group) for group in groups), groups
        producer.close()
    venue.close()


def the_basic_edition_leaves_the_topic_alone():
    venue = CandleVenue()
    with stream("--basic", venue=venue.address, **kafka("prices.basic")) as server:
        socket = WebSocket(server.address, "/ws/price")
        wait_until("the subscription", lambda: venue.controls, 10)
        venue.candle("BTCUSDT", START)
        assert socket.receive(20)["data"]["price"] == 100.5
        assert "kafka" not in server.server.log()
    assert services.kafka_records(SERVERS["kafka"], "prices.basic", missing_ok=True) == []
    venue.close()


def a_broker_that_is_not_there_costs_no_price():
    venue = CandleVenue()
    with stream(venue=venue.address, **kafka("prices.absent", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")) as server:
        socket = WebSocket(server.address, "/ws/price")
        wait_until("the subscription", lambda: venue.controls, 10)
        venue.candle("BTCUSDT", START)
        assert socket.receive(20)["data"]["price"] == 100.5
        assert " - WARNING - event=kafka_absent" in server.server.log()
        assert server.get("/health")["provider_stats"]["kafka_messages_sent"] == 0
    venue.close()
    code, text = call("--enhanced", INFLUXDB_TOKEN="t", KAFKA_ENABLED="true", KAFKA_SSL_CA_LOCATION="/nowhere/ca.pem",
                      KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_SSL_KEY_PASSWORD="canary", DB_PATH="/tmp/tandem-never/sqlite.db")
    assert code == 78 and "Kafka" in text and "canary" not in text, (code, text)


def a_broker_that_is_killed_costs_no_price_and_is_used_again():
    venue = CandleVenue()
    with stream(venue=venue.address, **kafka("prices.killed")) as server:
        ready(server)
        socket = WebSocket(server.address, "/ws/price")
        wait_until("the client", lambda: server.get("/health")["active_websocket_connections"] == 1, 5)
        said = heard = 0

        def price():
            nonlocal said
            said += 1
            venue.candle("BTCUSDT", START, f"{said}.5")

        def hear(until):
            nonlocal heard
            while heard < until:
                heard = int(socket.receive(20)["data"]["price"])

        price()
        hear(1)
        SERVERS.kill("kafka")
        wait_until("the warning", lambda: server.server.log().count("event=kafka_absent") == 2, 30)
        for _ in range(20):
            price()
        hear(said)
        sent = server.get("/health")["provider_stats"]["kafka_messages_sent"]
        SERVERS.start("kafka")
        deadline = time.monotonic() + 90
        while server.get("/health")["provider_stats"]["kafka_messages_sent"] <= sent:
            assert time.monotonic() < deadline, "not published again"
            price()
            hear(said)
            time.sleep(0.2)
        print(f"{said} prices said, all heard in order, {server.get('/health')['provider_stats']['kafka_messages_sent']} by the broker")
    venue.close()


def prices_are_stored_in_influxdb_and_read_from_it():
    """InfluxDB 1, which judges every line; the same points go to version 3."""
    address = SERVERS["influx1"]
    access = {"INFLUXDB_HOST": f"http://{address}", "INFLUXDB_DATABASE": services.NAME, "INFLUXDB_TOKEN": "canary", "INFLUXDB_API": "v1"}
    code, text = call("--test-db", **access)
    assert code == 0 and "value=1" in text and "the database works" in text, (code, text)
    assert [row["value"] for row in services.influx1_rows(address, "SELECT * FROM test_measurement")] == [1]
    code, text = call("--analyze", **access)
    assert code == 0 and "nothing to report" in text, (code, text)
    venue = CandleVenue()
    minutes = 2880
    first = int(time.time()) // 86400 * 86400 * 1000 - 86400_000  # yesterday, 00:00
    with stream(venue=venue.address, BINANCE_SYMBOL="btcusdt", BINANCE_AGGREGATION_INTERVALS="5m,1h", INFLUXDB_BATCH_SIZE="500", **access) as server:
        wait_until("the subscription", lambda: venue.controls, 10)
        for n in range(minutes):
            venue.candle("BTCUSDT", first + n * 60000, "999.5")  # what the venue says again replaces it
            venue.candle("BTCUSDT", first + n * 60000, f"{100 + n % 90}.25", volume="2.5", closed=True)
        wait_until("all points", lambda: (lambda s: s["successful_writes"] >= 2 * minutes and s["queue_size"] == 0)(
            server.get("/health")["provider_stats"]["influxdb_stats"]), 60)
        rows = services.influx1_rows(address, "SELECT * FROM crypto_price")
        assert len(rows) == minutes and [row["time"] for row in rows] == [(first + n * 60000) * 1_000_000 for n in range(minutes)], len(rows)
        assert all(row["price"] == row["close"] == 100 + n % 90 + 0.25 and row["volume"] == 2.5 and row["trade_count"] == 3 and row["symbol"] == "BTCUSDT"
                   and row["mode"] == "mock" for n, row in enumerate(rows))
        types = {row["fieldKey"]: row["fieldType"] for row in services.influx1_rows(address, "SHOW FIELD KEYS FROM crypto_price")}
        assert types.pop("trade_count") == "integer" and set(types.values()) == {"float"} and set(types) == {
            "price", "open", "high", "low", "close", "volume", "price_change", "price_change_percent"}, types
        fives = services.influx1_rows(address, "SELECT * FROM crypto_price_5m")
        assert len(fives) == minutes // 5 - 1 and all(row["volume"] == 12.5 and row["trade_count"] == 15 for row in fives), (len(fives), fives[:2])
        # And by the routes: as stored, a listed sum, and one that is made on the way.
        span = f"start={first // 1000}&end={first // 1000 + minutes * 60}"
        got = server.get(f"/history?symbol=btcusdt&interval=1m&{span}&limit=10000")
        assert len(got) == minutes and got[7] == {"time": first // 1000 + 420, "open": 100.0, "high": 200.0, "low": 50.0, "close": 107.25, "volume": 2.5}, got[7]
        assert [row["volume"] for row in server.get(f"/historical/BTCUSDT?interval=5m&{span}&limit=3&offset=1")] == [12.5] * 3
        assert [row["volume"] for row in server.get(f"/historical/BTCUSDT?interval=10m&{span}&limit=3")] == [25.0] * 3
        assert server.get("/historical/NEVERUSDT") == []
        report = server.get("/analysis/BTCUSDT?hours=48")
        assert report["data_availability"]["total_records"] > 1440 and report["market_summary"]["high_24h"] == 200.0, report
        code, text = call("--analyze", **access)
        assert code == 0 and "BTCUSDT, the last 24 h" in text, (code, text)
        SERVERS.kill("influx1")
        assert server.ask("/historical/BTCUSDT")[0] == 500
        venue.candle("BTCUSDT", first + minutes * 60000, "77.5")
        assert call("--test-db", **access)[0] == 69
        SERVERS.start("influx1")
        wait_until("the point that waited", lambda: services.influx1_rows(address, f"SELECT * FROM crypto_price WHERE time = {first + minutes * 60000}ms"), 60)
    venue.close()


if __name__ == "__main__":
    with SERVERS:
        run([subscriptions_are_kept_in_postgresql, a_database_that_goes_costs_changes_alone_and_is_used_again_when_it_is_back,
             a_table_of_the_earlier_server_goes_on_being_used_by_one_who_may_make_none,
             prices_go_to_the_topic_and_from_the_group_to_the_clients, the_basic_edition_leaves_the_topic_alone,
             a_broker_that_is_not_there_costs_no_price, a_broker_that_is_killed_costs_no_price_and_is_used_again, prices_are_stored_in_influxdb_and_read_from_it])
