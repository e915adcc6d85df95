"""The servers that the sinks are tested against: each starts, takes writes, is killed, starts again and has them; and listens on loopback only."""
import os
import pathlib
import shutil
import subprocess
import time

import services
from services import NAME, TOKEN, Services
from world import run, wait_until

TIME = 1_700_000_000_123_456_789  # ns
POINTS = 100


def listeners(process):
    """The IP addresses at which a process listens, as the kernel tells them."""
    sockets = set()
    for descriptor in pathlib.Path(f"/proc/{process}/fd").iterdir():
        target = os.readlink(descriptor)
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                found.add(fields[1].rsplit(":", 1)[0])
    return found


LOOPBACK = {"0100007F", "0" * 16 + "FFFF0000" + "0100007F"}  # the latter: the same, seen through an IPv6 socket


def survives(kind, write, read, before_kill=lambda servers: None):
    """What `write` was answered for is there after SIGKILL and after an orderly stop; `write` is called with 0, 1, 2."""
    started = time.monotonic()
    with Services(kind) as servers:
        seconds = [time.monotonic() - started]
        address = servers[kind]
        assert listeners(servers.process(kind)) and listeners(servers.process(kind)) <= LOOPBACK, listeners(servers.process(kind))
        kept = []
        for turn, end in enumerate((servers.kill, servers.stop)):
            write(address, turn)
            now = read(address)
            assert len(now) > len(kept), (turn, len(now))
            kept = now
            before_kill(servers)
            end(kind)
            assert not servers.running(kind)
            started = time.monotonic()
            servers.start(kind)
            seconds.append(time.monotonic() - started)
            assert servers[kind] == address, (servers[kind], address)
            assert read(address) == kept, (turn, len(kept), read(address))
        write(address, 2)
        assert len(read(address)) > len(kept)
        directory = servers.directory
    assert not directory.exists()
    print(f"       {kind}: first start {seconds[0]:.1f} s, after SIGKILL {seconds[1]:.1f} s, after a stop {seconds[2]:.1f} s")


def kafka_keeps_what_it_acknowledged():
    def write(address, turn):
        if turn == 0:
            services.kafka_create_topic(address, "trades", 3)
        lines = "".join(f"BTC{number % 7}|{turn}-{number}\n" for number in range(POINTS))
        subprocess.run(["kcat", "-P", "-b", address, "-t", "trades", "-K", "|", "-H", f"turn={turn}", "-X", "acks=all",
                        "-X", "enable.idempotence=true", "-X", "compression.codec=lz4"], input=lines, text=True, check=True)

    def read(address):
        records = services.kafka_records(address, "trades")
        for partition in range(3):
            offsets = [record.offset for record in records if record.partition == partition]
            assert offsets == list(range(len(offsets))), (partition, offsets)
        turns = len(records) // POINTS
        assert {record.value.decode() for record in records} == {f"{t}-{n}" for t in range(turns) for n in range(POINTS)}
        assert all(record.headers == [("turn", record.value.split(b"-")[0])] for record in records), records[0]
        assert {record.key.decode() for record in records} == {f"BTC{number}" for number in range(7)}
        return records
    survives("kafka", write, read)


def lines(turn):
    return "\n".join(f"fills,venue=bin\\ ance,turn={turn} price={number}.5,count={number}i {TIME + turn * POINTS + number}"
                     for number in range(POINTS)).encode()


def influxdb_1_keeps_what_it_acknowledged():
    def write(address, turn):
        for body, wanted in ((lines(turn), 204), (b"fills,a=b v=", 400), (b'fills price="text" %d' % TIME, 400)):
            status, text = services.http("POST", address, "/write", {"db": NAME, "precision": "ns"}, body)
            assert status == wanted, (wanted, status, text)

    def read(address):
        rows = services.influx1_rows(address, "SELECT price, count, venue, turn FROM fills")
        for number, row in enumerate(rows):
            expected = {"time": TIME + number, "price": number % POINTS + 0.5, "count": number % POINTS, "venue": "bin ance",
                        "turn": str(number // POINTS)}
            assert row == expected, (row, expected)
        return rows
    survives("influx1", write, read)


def influxdb_2_keeps_what_it_acknowledged():
    def write(address, turn):
        for body, token, bucket, wanted in ((lines(turn), TOKEN, NAME, 204), (b"fills,a=b v=", TOKEN, NAME, 400),
                                            (lines(turn), "nonsense", NAME, 401), (lines(turn), TOKEN, "nowhere", 404),
                                            (b'fills,venue=x price="text" %d' % TIME, TOKEN, NAME, 422)):
            status, text = services.http("POST", address, "/api/v2/write", {"org": NAME, "bucket": bucket, "precision": "ns"}, body,
                                         {"Authorization": f"Token {token}"})
            assert status == wanted, (wanted, status, text)

    def read(address):
        rows = services.influx2_rows(address, f'from(bucket: "{NAME}") |> range(start: 2023-01-01T00:00:00Z) |> '
                                     'filter(fn: (r) => r._measurement == "fills" and r._field == "count")')
        return sorted((row["turn"], row["_value"], row["venue"], row["_time"]) for row in rows)
    survives("influx2", write, read)


def postgresql_keeps_what_it_committed():
    def write(address, turn):
        services.postgres_rows(address, "CREATE TABLE IF NOT EXISTS fills (id bigint PRIMARY KEY, price numeric NOT NULL)")
        services.postgres_rows(address, "INSERT INTO fills SELECT n, n / 8.0 FROM generate_series(%s::bigint, %s) AS n",
                               (turn * POINTS, turn * POINTS + POINTS - 1))

    def read(address):
        rows = services.postgres_rows(address, "SELECT id, price FROM fills ORDER BY id")
        assert all(number == identity and price * 8 == identity for number, (identity, price) in enumerate(rows)), rows[:3]
        return rows
    survives("postgres", write, read)


def bulk(address, turn, batch):
    """Upserts of 500 documents, of which the half is known since the turn before."""
    import pymongo
    with services.mongo_client(address) as client:
        orders = client[NAME].orders
        numbers = range(turn * 250, turn * 250 + 500)
        updates = [pymongo.UpdateOne({"_id": f"order-{number:06}"}, {"$set": {"turn": turn}, "$inc": {"written": 1}}, upsert=True)
                   for number in numbers]
        for first in range(0, len(updates), batch):
            orders.bulk_write(updates[first:first + batch], ordered=False)


def read_orders(address):
    rows = services.mongo_find(address, "orders")
    turns = (len(rows) - 250) // 250
    for number, row in enumerate(rows):
        written = 1 if number < 250 or number >= turns * 250 else 2
        assert row == {"_id": f"order-{number:06}", "turn": min(number // 250, turns - 1), "written": written}, row
    return rows


def a_stand_in_with_bulk_writes_keeps_what_is_in_its_file():
    def in_its_file(servers):
        last = services.mongo_find(servers["mongo-java"], "orders")[-1]["_id"].encode()
        wait_until("the last document is in the file",
                   lambda: any(last in file.read_bytes() for file in servers.folder("mongo-java").iterdir()), 30)
    survives("mongo-java", lambda address, turn: bulk(address, turn, 500), read_orders, in_its_file)


def a_stand_in_for_kill_and_restart_keeps_what_it_acknowledged():
    survives("ferretdb", lambda address, turn: bulk(address, turn, 90), read_orders)


CASES = {"kafka": kafka_keeps_what_it_acknowledged, "influx1": influxdb_1_keeps_what_it_acknowledged,
         "postgres": postgresql_keeps_what_it_committed, "mongo-java": a_stand_in_with_bulk_writes_keeps_what_is_in_its_file,
         "ferretdb": a_stand_in_for_kill_and_restart_keeps_what_it_acknowledged, "influx2": influxdb_2_keeps_what_it_acknowledged}


def main():
    services.enter()
    kinds = [kind for kind in CASES if kind != "influx2" or os.environ.get("TANDEM_NIGHTLY") == "1"]
    cases = []
    for kind in kinds:
        lacks = services.missing(kind) or (kind == "kafka" and not shutil.which("kcat") and "kafka: kcat is not installed")
        if lacks and not os.environ.get("CI"):
            print(f"skipped: {lacks}", flush=True)
        else:
            cases.append(CASES[kind])
    if not cases:
        services.cannot_run("no server is installed")
    run(cases)


if __name__ == "__main__":
    main()
