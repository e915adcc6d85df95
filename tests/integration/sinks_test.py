"""Sinks against real servers: what a running engine published is read back by other libraries and is equal, field by field and type by type;
servers and engine killed while it publishes lose nothing and double nothing. The counts are printed."""
import collections
import datetime
import decimal
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import services

services.enter()

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import ledger  # noqa: E402
from world import World, wait_until  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
D = decimal.Decimal
KINDS = ("trade", "kline", "ticker", "opportunity", "alert", "order", "fill", "execution", "plan")
IN_INFLUX = ("trade", "kline", "ticker", "fill", "execution")
IN_MONGO = ("kline", "order", "fill", "execution", "plan", "alert")
ENVELOPE = ("stream", "seq", "kind", "mode", "exchange", "type", "symbol", "id", "ts")
RUN_SECONDS = 12
DRAIN_SECONDS = 90


class SinkWorld(World):
    influx = "influx1"

    def __init__(self, servers, mongo, settings=()):
        self.environment = {"KAFKA": servers["kafka"], "INFLUX": servers[self.influx], "INFLUX_TOKEN": services.TOKEN, "MONGO": servers[mongo]}
        super().__init__(config="config/examples/sinks.yaml", settings=settings)

    def sink(self, name):
        return self.actor(f"engine/services/sinks/sink.{name}")

    def counters(self, name):
        return self.sink(name)["counters"]

    def quiet(self):
        """All that came is delivered."""
        for name in ("kafka", "kafka-proto", "influx", "mongo"):
            wait_until(f"{name} has delivered", lambda: self.counters(name)["waiting"] == 0, DRAIN_SECONDS)


def published(servers):
    """Every committed message of every kind, its value parsed with exact numbers: {kind: [(message, value)]}"""
    found = {}
    for kind in KINDS:
        messages = services.kafka_records(servers["kafka"], f"tandem.{kind}", committed=True, missing_ok=True)
        found[kind] = [(message, json.loads(message.value, parse_float=D)) for message in messages]
    return found


def prove_gapless(found):
    """{stream: last number}: every number from 1 once."""
    numbers = collections.defaultdict(list)
    for messages in found.values():
        for _, value in messages:
            numbers[value["stream"]].append(value["seq"])
    for stream, seen in numbers.items():
        missing = set(range(1, max(seen) + 1)) - set(seen)
        doubled = [number for number, count in collections.Counter(seen).items() if count > 1]
        print(f"{stream}: {len(seen)} records, {len(missing)} missing, {len(doubled)} doubled", flush=True)
        assert not missing and not doubled, (sorted(missing)[:10], doubled[:10])
    return {stream: max(seen) for stream, seen in numbers.items()}


def latest(found, kind):
    """The last state of every thing of a kind: {(exchange, type, symbol, id): value}"""
    states = {}
    for _, value in sorted(found[kind], key=lambda item: item[1]["seq"]):
        states[value["exchange"], value["type"], value["symbol"], value["id"]] = value
    return states


def own_fields(value):
    return {key: item for key, item in value.items() if key not in ENVELOPE}


def messages_say_what_they_are(found):
    for kind, messages in found.items():
        for message, value in messages:
            instrument = f"{value['exchange']}.{value['type']}.{value['symbol']}" if value["symbol"] else kind
            headers = {name: text.decode() for name, text in message.headers}
            assert message.key.decode() == instrument, (message.key, value)
            assert headers == {"kind": kind, "stream": value["stream"], "seq": str(value["seq"]), "mode": "mock"}, headers
            assert value["kind"] == kind and value["mode"] == "mock" and message.timestamp_ms == value["ts"], value
    # One instrument's records stand in the order of their numbers.
    for messages in found.values():
        last = {}
        for message, value in messages:
            assert value["seq"] > last.get((message.partition, message.key), 0), value
            last[message.partition, message.key] = value["seq"]
    for kind in ("trade", "kline", "ticker", "order", "fill", "execution"):
        assert found[kind], f"no {kind} was published"
    trade = found["trade"][0][1]
    assert isinstance(trade["price"], (D, int)) and isinstance(trade["receivedAt"], int) and trade["taker"] in ("buy", "sell"), trade


def influx_has_the_same(servers, found):
    compared = 0
    for kind in IN_INFLUX:
        types = {row["fieldKey"]: row["fieldType"] for row in services.influx1_rows(servers["influx1"], f'SHOW FIELD KEYS FROM "{kind}"')}
        rows = services.influx1_rows(servers["influx1"], f'SELECT * FROM "{kind}" GROUP BY *')
        by_id = collections.defaultdict(list)
        for row in rows:
            instrument = (row.get("exchange") or None, row.get("type") or None, row.get("symbol") or None)
            by_id[instrument, row.get("id")].append(row)
        for (*instrument, name), value in latest(found, kind).items():
            if name is None:  # a ticker: the last one of a millisecond stands
                continue
            candidates = by_id[tuple(instrument), name]
            assert candidates, (kind, instrument, name)
            row = max(candidates, key=lambda candidate: candidate["time"])
            for key, item in own_fields(value).items():
                assert row.get(key) is not None, (kind, key, row)
                if isinstance(item, bool) or isinstance(item, str):
                    assert row[key] == item, (kind, key, row[key], item)
                else:
                    assert float(row[key]) == float(item), (kind, key, row[key], item)
                expected = ("boolean" if isinstance(item, bool) else "string" if isinstance(item, str) else None)
                if key != "interval":  # a tag
                    assert types[key] == expected if expected else types[key] in ("float", "integer"), (kind, key, types[key])
            assert row["mode"] == "mock", row
            compared += 1
        assert types["seq"] == "integer", types
        for exact in ("price", "qty", "open", "volume", "last", "fee", "pnl"):
            assert types.get(exact, "float") == "float", (kind, exact, types)
    trades = services.influx1_rows(servers["influx1"], 'SELECT COUNT("seq") FROM "trade"')[0]["count"]
    assert trades == len(found["trade"]), f"{trades} points for {len(found['trade'])} trades"
    print(f"influx: {compared} things equal, {trades} trades", flush=True)


def mongo_has_the_same(address, found):
    compared = 0
    for kind in IN_MONGO:
        documents = services.mongo_find(address, kind)
        for (exchange, market, symbol, name), value in latest(found, kind).items():
            if name is None:
                continue
            identity = f"{kind}:" + (f"{exchange}.{market}.{symbol}:" if symbol else "") + name
            matching = [document for document in documents if document["_id"] == identity]
            assert len(matching) == 1, (identity, len(matching))
            document = matching[0]
            for key, item in own_fields(value).items():
                told = D(document[key]) if isinstance(item, D) or isinstance(document[key], str) and not isinstance(item, str) else document[key]
                assert told == item and isinstance(document[key], bool) == isinstance(item, bool), (identity, key, document[key], item)
            assert document["mode"] == "mock" and document["kind"] == kind and isinstance(document["seq"], int), document
            assert round(document["ts"].replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) == value["ts"], document
            compared += 1
        named = {document["_id"] for document in documents}
        assert len(named) == len(documents)
    assert len(services.mongo_find(address, "fill")) == len(latest(found, "fill")), "fills"
    print(f"mongo: {compared} documents equal", flush=True)


def protobuf_has_the_same(servers, found):
    """What the second stream into Kafka says of fills and executions, by the generated form of proto/tandem/v1/record.proto."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    with tempfile.NamedTemporaryFile() as described:
        subprocess.run(["protoc", "-Iproto", f"--descriptor_set_out={described.name}", "tandem/v1/record.proto"], check=True, cwd=ROOT)
        files = descriptor_pb2.FileDescriptorSet.FromString(described.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    form = message_factory.GetMessageClass(pool.FindMessageTypeByName("tandem.v1.Record"))
    compared = 0
    for kind in ("fill", "execution"):
        wanted = sorted([{name: item for name, item in value.items() if name not in ("stream", "seq")} for _, value in found[kind]], key=str)
        seen = []
        for message in services.kafka_records(servers["kafka"], f"tandem-proto.{kind}", committed=True):
            record = form.FromString(message.value)
            value = {"kind": record.kind, "mode": record.mode, "exchange": record.exchange or None, "type": record.type or None,
                     "symbol": record.symbol or None, "id": record.id or None, "ts": record.ts}
            for field in record.fields:
                which = field.WhichOneof("value")
                value[field.name] = D(field.decimal) if which == "decimal" else getattr(field, which)
            seen.append(value)
        assert sorted(seen, key=str) == wanted, kind
        compared += len(seen)
    assert compared > 0
    print(f"protobuf: {compared} records equal to those in JSON", flush=True)


def fills_are_those_of_the_journal(world, found):
    books = ledger.journal(ledger.export(world.engine_bin, world.directory.name + "/state"))
    fills = latest(found, "fill")
    by_order = collections.Counter()
    for value in fills.values():
        by_order[value["clientOrderId"]] += D(value["qty"])
    for identity, order in books.orders.items():
        assert by_order[identity] == order.filled, (identity, by_order[identity], order.filled)
    assert len(fills) == books.fills, (len(fills), books.fills)
    print(f"journal: {books.fills} fills of {len(books.orders)} orders, all of them published", flush=True)


def what_was_published_is_read_back_equal():
    with services.Services("kafka", "influx1", "mongo-java") as servers:
        with SinkWorld(servers, "mongo-java") as world:
            world.wait_all_watching()
            wait_until("an execution", lambda: world.get("/api/executions?limit=1"), 30)
            time.sleep(RUN_SECONDS)
            world.sim.stop(signal.SIGKILL)  # nothing new comes from here on
            world.quiet()
            world.engine.stop()
            found = published(servers)
            streams = prove_gapless(found)
            assert len(streams) == 1, streams
            messages_say_what_they_are(found)
            protobuf_has_the_same(servers, found)
            influx_has_the_same(servers, found)
            mongo_has_the_same(servers["mongo-java"], found)
            fills_are_those_of_the_journal(world, found)


def killed_servers_and_a_killed_engine_lose_nothing():
    with services.Services("kafka", "influx1", "ferretdb") as servers:
        with SinkWorld(servers, "ferretdb") as world:
            world.wait_all_watching()
            wait_until("kafka takes records", lambda: world.counters("kafka")["delivered"] > 100, 60)
            for way, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
                servers.kill("kafka", "influx1", "ferretdb")
                before = world.counters("kafka")["records"]
                wait_until("records wait", lambda: world.counters("kafka")["waiting"] > 200, 60)
                wait_until("the sink says so", lambda: world.sink("kafka")["state"] == "down", 90)
                states = world.pair_states()
                assert all(state["state"] in ("watching", "open") for state in states.values()), states
                assert world.counters("kafka")["records"] > before
                assert world.engine.stop(way) == code  # an engine whose sinks hang ends in time
                world.start_engine()
                wait_until("the next engine goes on", lambda: world.counters("kafka")["records"] > 100, 60)
                servers.start("kafka", "influx1", "ferretdb")
                world.quiet()
                world.engine.stop(signal.SIGKILL)  # in the middle of what it is doing
                world.start_engine()
            world.wait_all_watching()
            world.sim.stop(signal.SIGKILL)
            world.quiet()
            assert all(world.counters(name)[bad] == 0 for name in ("kafka", "influx", "mongo") for bad in ("lost", "refused"))
            found = published(servers)
            streams = prove_gapless(found)
            assert len(streams) == 1, streams
            trades = services.influx1_rows(servers["influx1"], 'SELECT COUNT("seq") FROM "trade"')[0]["count"]
            wanted = len(latest(found, "trade"))
            documents = {document["_id"] for document in services.mongo_find(servers["ferretdb"], "fill")}
            fills = {f"fill:{e}.{t}.{s}:{name}" for e, t, s, name in latest(found, "fill")}
            print(f"influx: {trades} trades of {wanted}; mongo: {len(documents)} fills of {len(fills)}", flush=True)
            assert trades == wanted, (trades, wanted)
            assert documents == fills, (len(documents - fills), len(fills - documents))
            world.engine.stop()
            fills_are_those_of_the_journal(world, found)


QUOTES = """
sinks:
  - id: trades
    records: [trade]
    exchanges: [binance]
    batch_records: 90
    mongodb: {uri: "mongodb://${MONGO}", database: forecast_platform, numbers: text, write_concern: "1"}
  - id: quotes
    records: [trade]
    exchanges: [binance]
    batch_records: 90
    mongodb: {uri: "mongodb://${MONGO}", database: forecast_platform, form: infoway, write_concern: "1"}
"""


def trades_in_the_form_of_the_stock_quote_client():
    """What a reader of the former quote client's collections finds there, beside the same trades in our own form: field by field, type by type."""
    with services.Services("mongo-java") as servers, tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "quotes.yaml"
        example = (ROOT / "config/examples/sinks.yaml").read_text()
        config.write_text("".join(line for line in example.split("\nsinks:\n")[0].splitlines(True) if not line.startswith("simulator:")) + QUOTES)
        World.environment = {"MONGO": servers["mongo-java"]}
        with World(config=str(config)) as world:
            world.wait_all_watching()
            time.sleep(RUN_SECONDS / 2)
            world.sim.stop(signal.SIGKILL)
            for name in ("trades", "quotes"):
                wait_until(f"{name} has delivered", lambda: world.actor(f"engine/services/sinks/sink.{name}")["counters"]["waiting"] == 0, DRAIN_SECONDS)
            world.engine.stop()

        def read(collection):
            return {document["_id"]: document for document in services.mongo_find(servers["mongo-java"], collection, database="forecast_platform")}
        trades, quotes, closes = read("trade"), read("realtime"), read("close")
        assert trades and set(quotes) == set(trades), (len(trades), len(quotes))
        latest = {}
        for name, trade in trades.items():
            quote = quotes[name]
            assert list(quote) == ["_id", "s", "t", "p", "v", "vw", "td", "stock_code", "create_time"], quote
            at = trade["ts"].replace(tzinfo=datetime.timezone.utc)
            assert quote["s"] == quote["stock_code"] == trade["symbol"]
            assert isinstance(quote["t"], int) and quote["t"] == round(at.timestamp() * 1000), (quote, trade)
            assert (quote["p"], quote["v"]) == (trade["price"], trade["qty"]) and D(quote["vw"]) == D(quote["p"]) * D(quote["v"]), (quote, trade)
            assert quote["td"] == (1 if trade["taker"] == "buy" else 2), (quote, trade)
            assert round(quote["create_time"].replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) == trade["receivedAt"], (quote, trade)
            day = f"close:{trade['exchange']}.{trade['type']}.{trade['symbol']}:{at:%Y-%m-%d}"
            if day not in latest or trade["seq"] > latest[day]["seq"]:
                latest[day] = trade
        assert {name: {**quotes[trade["_id"]], "_id": name} for name, trade in latest.items()} == closes, (latest, closes)
        print(f"quotes: {len(quotes)} documents equal, {len(closes)} closes of a day", flush=True)


def the_second_interface_of_influxdb_gets_the_same():
    """InfluxDB 2 (--nightly: its build takes minutes): with a token, read back by Flux."""
    with services.Services("kafka", "influx2", "mongo-java") as servers:
        SinkWorld.influx = "influx2"
        with SinkWorld(servers, "mongo-java", settings=("sinks.influx.influxdb.api=v2", "sinks.influx.influxdb.org=tandem",
                                                        "sinks.influx.influxdb.token_env=INFLUX_TOKEN")) as world:
            world.wait_all_watching()
            time.sleep(RUN_SECONDS)
            world.sim.stop(signal.SIGKILL)
            world.quiet()
            world.engine.stop()
            found = published(servers)
            prove_gapless(found)
            rows = services.influx2_rows(servers["influx2"], 'from(bucket: "tandem") |> range(start: -1d) |> filter(fn: (r) => r._measurement == "trade" '
                                                             'and (r._field == "id" or r._field == "price")) '
                                                             '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")')
            prices = {(row["exchange"], row["type"], row["symbol"], row["id"]): row["price"] for row in rows}
            wanted = {key: float(value["price"]) for key, value in latest(found, "trade").items()}
            print(f"influx 2: {len(prices)} trades of {len(wanted)}", flush=True)
            assert prices == wanted


if __name__ == "__main__":
    scenarios = [what_was_published_is_read_back_equal, killed_servers_and_a_killed_engine_lose_nothing, trades_in_the_form_of_the_stock_quote_client]
    if os.environ.get("TANDEM_NIGHTLY") == "1":
        scenarios.append(the_second_interface_of_influxdb_gets_the_same)
    for scenario in [each for each in scenarios if not sys.argv[1:] or each.__name__ in sys.argv[1:]]:
        started = time.monotonic()
        scenario()
        print(f"ok: {scenario.__name__.replace('_', ' ')} ({time.monotonic() - started:.0f} s)", flush=True)
