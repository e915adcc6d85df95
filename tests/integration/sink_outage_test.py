"""Promise P14 (--nightly): records at a steady rate, the destination killed for a while and the engine's side killed during it, then back: nothing is
missing and nothing is there twice by (stream, number), memory stays bounded, and catching up is at least five times as fast as the records
come. Each destination by itself, then all together; the counts are printed. Every run of the tests has the outage at the engine's own pace
(sinks_test.py).
"""
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

import services

services.enter()

from world import programs, wait_until  # noqa: E402

NIGHTLY = os.environ.get("TANDEM_NIGHTLY") == "1"
OUTAGE_SECONDS = int(os.environ.get("TANDEM_OUTAGE_SECONDS", "360"))
# What a destination takes on this kind of machine: the stand-in for MongoDB takes hundreds of upserts a second, not thousands.
RATES = {"kafka": 5000, "influx1": 5000, "mongodb": 100}
BATCHES = {"kafka": 5000, "influx1": 5000, "mongodb": 90}
SERVERS = {"kafka": "kafka", "influx1": "influx1", "mongodb": "ferretdb"}
MEMORY_GROWTH_KIB = 64 * 1024
CATCH_UP_TIMES = {"kafka": 5, "influx1": 5, "mongodb": 1.5}
PROGRAM = pathlib.Path(programs()[0]).with_name("bench_sinks")
LONG = 100_000  # seconds


class Load:
    """The program that sends; killed and started again it goes on with the same spool."""

    def __init__(self, to, address, directory):
        self.to, self.address, self.directory = to, address, directory
        self.start()

    def start(self):
        self.figures = []
        self.process = subprocess.Popen([PROGRAM, "--to", self.to, "--at", self.address, "--rate", str(RATES[self.to]), "--seconds", str(LONG),
                                         "--batch", str(BATCHES[self.to]), "--dir", self.directory], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._read, args=(self.process, self.figures), daemon=True).start()

    @staticmethod
    def _read(process, figures):
        for line in process.stdout:
            figures.append((time.monotonic(), json.loads(line)))

    def latest(self):
        return self.figures[-1][1] if self.figures else collections.defaultdict(int)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def finish(self):
        """Sends no more and delivers what waits: the same program for a second at the lowest rate."""
        self.kill()
        done = subprocess.run([PROGRAM, "--to", self.to, "--at", self.address, "--rate", "1", "--seconds", "1", "--drain", "300",
                               "--batch", str(BATCHES[self.to]), "--dir", self.directory], stdout=subprocess.PIPE, text=True)
        last = json.loads(done.stdout.splitlines()[-1])
        assert done.returncode == 0 and last["waiting"] == 0 and last["lost"] == 0, last


def numbers_at(servers, to):
    """The numbers of the one stream that is there, as the destination holds them."""
    if to == "kafka":
        found = services.kafka_records(servers["kafka"], "tandem.trade", committed=True)
        heads = [dict(record.headers) for record in found]
        streams = {head["stream"] for head in heads}
        numbers = [int(head["seq"]) for head in heads]
    elif to == "influx1":
        rows = services.influx1_rows(servers["influx1"], 'SELECT "seq" FROM "trade"')
        streams, numbers = {"one"}, [row["seq"] for row in rows]
    else:
        documents = services.mongo_find(servers["ferretdb"], "trade")
        streams, numbers = {document["stream"] for document in documents}, [document["seq"] for document in documents]
    assert len(streams) == 1, streams
    return numbers


def catch_up(load, since):
    """Records a second that went out between the return of the destination and the end of the backlog."""
    wait_until("the backlog is gone", lambda: load.latest()["waiting"] < RATES[load.to] * 3, 1800)
    behind = [(at, figure) for at, figure in load.figures if at >= since]
    first = next((at, figure) for at, figure in behind if figure["delivered"] > behind[0][1]["delivered"])
    last = behind[-1]
    if last[0] - first[0] < 1:
        return float("inf")
    return (last[1]["delivered"] - first[1]["delivered"]) / (last[0] - first[0])


def outage(kinds):
    with services.Services(*(SERVERS[kind] for kind in kinds)) as servers, tempfile.TemporaryDirectory() as directory:
        loads = {kind: Load(kind, servers[SERVERS[kind]], f"{directory}/{kind}") for kind in kinds}
        for kind, load in loads.items():
            wait_until(f"{kind} takes records", lambda: load.latest()["delivered"] > RATES[kind], 180)
        memory = {kind: load.latest()["rss_kib"] for kind, load in loads.items()}
        servers.kill(*(SERVERS[kind] for kind in kinds))
        time.sleep(OUTAGE_SECONDS / 2)
        for load in loads.values():
            load.kill()
            load.start()
        time.sleep(OUTAGE_SECONDS / 2)
        backlog = {kind: load.latest()["waiting"] for kind, load in loads.items()}
        growth = {kind: max(figure["rss_kib"] for _, figure in load.figures) - memory[kind] for kind, load in loads.items()}
        servers.start(*(SERVERS[kind] for kind in kinds))
        back = time.monotonic()
        speeds = {kind: catch_up(load, back) for kind, load in loads.items()}
        for load in loads.values():
            load.finish()
        for kind in kinds:
            numbers = numbers_at(servers, kind)
            missing = max(numbers) - len(set(numbers))
            doubled = len(numbers) - len(set(numbers))
            print(f"P14 {kind}{' of ' + str(len(kinds)) if len(kinds) > 1 else ''}: {OUTAGE_SECONDS} s of outage at {RATES[kind]} records/s: "
                  f"{len(numbers)} records, {missing} missing, {doubled} doubled; backlog {backlog[kind]}, caught up at {speeds[kind]:.0f} records/s, "
                  f"memory grew by {growth[kind]} KiB", flush=True)
            assert not missing and not doubled
            assert backlog[kind] > RATES[kind] * OUTAGE_SECONDS / 2
            assert growth[kind] < MEMORY_GROWTH_KIB
            assert len(kinds) > 1 or speeds[kind] > CATCH_UP_TIMES[kind] * RATES[kind], speeds


if __name__ == "__main__":
    if not NIGHTLY:
        print("skipped: takes most of an hour; TANDEM_NIGHTLY=1 (scripts/test --nightly)")
        sys.exit(77)
    if not PROGRAM.exists():
        print(f"skipped: {PROGRAM.name} is not built")
        sys.exit(1 if os.environ.get("CI") else 77)
    for kinds in (["kafka"], ["influx1"], ["mongodb"], ["kafka", "influx1", "mongodb"]):
        outage(kinds)
