"""Promise P14 (--nightly): records at a steady rate, the destination killed for a while and the engine's side killed during it, then back: nothing is
missing and nothing is there twice by (stream, number), and memory stays bounded. The counts are printed, and how fast it caught up: a figure, not a
condition, as it is the machine's. Whoever waits here waits as long as there is progress. Every run of the tests has the outage at the engine's own
pace (sinks_test.py).

usage: sink_outage_test.py [kafka|influx1|mongodb|all]...   (each destination by itself, then all together, when none is named)
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
RATE = 5000  # records a second
BATCHES = {"kafka": 5000, "influx1": 5000, "mongodb": 90}  # the stand-in for MongoDB takes no larger ones
SERVERS = {"kafka": "kafka", "influx1": "influx1", "mongodb": "ferretdb"}
MEMORY_GROWTH_KIB = 64 * 1024
STALLED_SECONDS = 120  # without progress: it hangs
PROGRAM = pathlib.Path(programs()[0]).with_name("bench_sinks")
LONG = 100_000  # seconds


class Load:
    """The program that sends; killed and started again it goes on with the same spool."""

    def __init__(self, to, address, directory):
        self.to, self.address, self.directory = to, address, directory
        self.start()

    def start(self):
        self.figures = []
        self.process = subprocess.Popen([PROGRAM, "--to", self.to, "--at", self.address, "--rate", str(RATE), "--seconds", str(LONG),
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
        done = subprocess.run([PROGRAM, "--to", self.to, "--at", self.address, "--rate", "1", "--seconds", "1", "--drain", str(STALLED_SECONDS),
                               "--batch", str(BATCHES[self.to]), "--dir", self.directory], stdout=subprocess.PIPE, text=True)
        last = json.loads(done.stdout.splitlines()[-1])
        assert done.returncode == 0 and last["waiting"] == 0 and last["lost"] == 0, last


def numbers_at(servers, to):
    """The numbers of the one stream that is there, as the destination holds them."""
    if to == "kafka":
        streams, numbers = set(), []
        for record in services.kafka_each(servers["kafka"], "tandem.trade", committed=True):
            head = dict(record.headers)
            streams.add(head["stream"])
            numbers.append(int(head["seq"]))
    elif to == "influx1":
        streams, numbers = {"one"}, [row[1] for row in services.influx1_each(servers["influx1"], 'SELECT "seq" FROM "trade"')]
    else:
        with services.mongo_client(servers["ferretdb"]) as client:
            streams, numbers = set(), []
            for document in client[services.NAME]["trade"].find({}, {"stream": 1, "seq": 1}):
                streams.add(document["stream"])
                numbers.append(document["seq"])
    assert len(streams) == 1, streams
    return numbers


def caught_up(loads, since):
    """Waits until no backlog is left, as long as it shrinks somewhere. {kind: records a second that went out until then}"""
    ends, seen, moved = {}, {}, time.monotonic()
    while len(ends) < len(loads):
        for kind, load in loads.items():
            latest = load.latest()
            assert kind in ends or load.process.poll() is None, f"{kind}: the sender has ended"
            if latest["delivered"] != seen.get(kind) and kind not in ends:
                seen[kind], moved = latest["delivered"], time.monotonic()
            if kind not in ends and len(load.figures) and load.figures[-1][0] > since and latest["waiting"] < RATE * 3:
                ends[kind] = load.figures[-1]
                load.kill()  # what more it would send, somebody has to read
        assert time.monotonic() - moved < STALLED_SECONDS, {kind: load.latest() for kind, load in loads.items() if kind not in ends}
        time.sleep(0.2)
    speeds = {}
    for kind, load in loads.items():
        behind = [(at, figure) for at, figure in load.figures if since <= at <= ends[kind][0]]
        first = next(((at, figure) for at, figure in behind if figure["delivered"] > behind[0][1]["delivered"]), behind[-1])
        lasted = max(ends[kind][0] - first[0], 1)  # a figure a second
        speeds[kind] = (ends[kind][1]["delivered"] - first[1]["delivered"]) / lasted
    return speeds


def outage(kinds):
    with services.Services(*(SERVERS[kind] for kind in kinds)) as servers, tempfile.TemporaryDirectory() as directory:
        loads = {kind: Load(kind, servers[SERVERS[kind]], f"{directory}/{kind}") for kind in kinds}
        for kind, load in loads.items():
            wait_until(f"{kind} takes records", lambda: load.latest()["delivered"] > RATE, 180)
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
        speeds = caught_up(loads, back)
        for load in loads.values():
            load.finish()
        for kind in kinds:
            numbers = numbers_at(servers, kind)
            missing = max(numbers) - len(set(numbers))
            doubled = len(numbers) - len(set(numbers))
            print(f"P14 {kind}{' of ' + str(len(kinds)) if len(kinds) > 1 else ''}: {OUTAGE_SECONDS} s of outage at {RATE} records/s: "
                  f"{len(numbers)} records, {missing} missing, {doubled} doubled; backlog {backlog[kind]}, caught up at {speeds[kind]:.0f} records/s ({speeds[kind] / RATE:.1f} times), "
                  f"memory grew by {growth[kind]} KiB", flush=True)
            assert not missing and not doubled
            assert backlog[kind] > RATE * OUTAGE_SECONDS / 2
            assert growth[kind] < MEMORY_GROWTH_KIB


if __name__ == "__main__":
    if not NIGHTLY:
        print("skipped: takes most of an hour; TANDEM_NIGHTLY=1 (scripts/test --nightly)")
        sys.exit(77)
    if not PROGRAM.exists():
        print(f"skipped: {PROGRAM.name} is not built")
        sys.exit(1 if os.environ.get("CI") else 77)
    for wanted in sys.argv[1:] or [*SERVERS, "all"]:
        outage(list(SERVERS) if wanted == "all" else [wanted])
