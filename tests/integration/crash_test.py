"""P1, P2: the engine is killed at numbered operations of its order path and must lose, double and strand nothing.

One simulated exchange lives on; the engine is started, dies by SIGKILL before, within or after the operation that was drawn, starts
again on what its disk then holds, and must open its gates, settle every order and agree with the venues' ledger to the smallest unit.
Then it is killed again. Several such worlds run beside each other; a failure names the line that repeats it.

usage: crash_test.py [POINTS [SEED]]    or, to repeat one:  crash_test.py --at KIND:NUMBER:MOMENT
"""
import collections
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import ledger  # noqa: E402
from world import World, wait_until  # noqa: E402

POINTS = 10_000 if os.environ.get("TANDEM_NIGHTLY") == "1" else 200
WORLDS = 4
READY_SECONDS = 5
SETTLE_SECONDS = 40  # an order whose send was lost is asked for until recvWindow + 10 s and two polls 5 s apart say no
DEATH_SECONDS = 8
# Restarts come faster than any venue's request weights allow: the simulated ones do not count.
UNCOUNTED = ["surfaces.binance_spot.weight_max=0", "surfaces.binance_linear.weight_max=0"]
FAST = ["flow.excursion_gap=[200ms, 600ms]", "flow.excursion_length=[300ms, 900ms]", "flow.events_per_second=40"]
# What a trade of two legs does, and from which number on: the start of a run takes the first ones.
KINDS = {"journal": 60, "send": 24, "receive": 60, "timer": 60}
MOMENTS = ("before", "within", "after")
WORKING = ("legs", "completing", "unwinding", "waiting")


class CrashWorld(World):
    """Starts the engine again and again on one state directory."""

    def __init__(self):
        self.crash_at = ""
        super().__init__(sim_settings=[*UNCOUNTED, *FAST], settings=["trading.execution.gap=50ms", "trading.reconcile_interval=1s"])

    def start_engine(self):
        self.environment = {"TANDEM_CRASH_AT": self.crash_at}
        super().start_engine()

    def state(self):
        return self.directory.name + "/state"

    def run_to_death(self, crash_at):
        """True when the engine died at the operation, false when it never came to it and was killed where it was."""
        self.crash_at = crash_at
        try:
            self.start_engine()
        except AssertionError:
            return self.engine.process.poll() == -signal.SIGKILL  # before it was ready
        try:
            self.engine.process.wait(DEATH_SECONDS)
            return True
        except Exception:
            self.engine.stop(signal.SIGKILL)
            return False

    def gates(self):
        return [market for venue in ("binance", "bybit") for market in self.get(f"/api/account/{venue}")["markets"]]

    def recover(self):
        """Starts it whole again: seconds until the gates were open (None: a lost send held them shut, as it must until the venue has
        said twice that it knows no such order), and what differs from the venues when all is settled."""
        self.crash_at = ""
        started = time.monotonic()
        self.start_engine()
        unknown = 0

        def ready_to_trade():
            nonlocal unknown
            unknown = max(unknown, self.get("/api/risk/exposure")["unknownOrders"])
            return all(market["open"] for market in self.gates())
        try:
            wait_until("the gates are open", ready_to_trade, SETTLE_SECONDS)
        except AssertionError as late:
            nodes = [self.actor(f"engine/services/venues/{venue}/{market}/order_gateway") for venue in ("binance", "bybit") for market in ("spot", "linear")]
            raise AssertionError(f"{late}: {[market for market in self.gates() if not market['open']]}; {[node for node in nodes if node]}") from late
        ready = None if unknown else time.monotonic() - started
        wait_until("no order is unknown", lambda: self.get("/api/risk/exposure")["unknownOrders"] == 0, SETTLE_SECONDS)
        engine, venue, rows = ledger.settle(self.engine_bin, self.state(), self.sim.addresses["admin"], SETTLE_SECONDS)
        return ready, engine, venue, rows

    def open_residuals(self):
        """Executions that left something open while their pair is neither at work on it nor paused."""
        found = []
        for execution in self.get("/api/executions?limit=200"):
            if execution["residual"] and execution["phase"] not in (*WORKING, "stranded"):
                found.append(f"execution {execution['number']} of {execution['pairId']}: {execution['residual']} open, phase {execution['phase']}")
        return found


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.points = self.missed = self.unknown = self.lost = self.duplicate = self.wrong = self.orders = self.fills = 0
        self.kinds = collections.Counter()
        self.ready = []
        self.failures = []

    def add(self, crash_at, died, ready, rows, residuals):
        with self.lock:
            if not died:
                self.missed += 1
            else:
                self.points += 1
                self.kinds[crash_at.split(":")[0] + " " + crash_at.split(":")[2]] += 1
            if ready is None:
                self.unknown += 1
            else:
                self.ready.append(ready)
            self.lost += sum("not in the journal" in row or "unknown to the venue" in row for row in rows)
            self.duplicate += sum("twice" in row for row in rows)
            self.wrong += sum(row.startswith(("position", "money")) or ": journal" in row for row in rows) + len(residuals)
            if rows or residuals or (ready or 0) > READY_SECONDS:
                self.failures.append((crash_at, ready, [*rows, *residuals]))


def draw(source):
    kind = source.choice(tuple(KINDS))
    return f"{kind}:{source.randint(1, KINDS[kind])}:{source.choice(MOMENTS)}"


def work(number, seed, points, tally, problems):
    source = random.Random(seed * 1000 + number)
    crash_at = ""
    try:
        with CrashWorld() as world:
            world.engine.stop(signal.SIGKILL)
            died = 0
            while died < points and not problems:
                crash_at = draw(source)
                reached = world.run_to_death(crash_at)
                died += reached
                ready, engine, venue, rows = world.recover()
                tally.add(crash_at, reached, ready, rows, world.open_residuals())
                world.engine.stop(signal.SIGKILL)
            with tally.lock:
                tally.orders += len(venue.orders)
                tally.fills += venue.fills
    except BaseException as problem:
        problems.append(f"world {number}, after {crash_at}: {type(problem).__name__}: {problem}")


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "--at":
        with CrashWorld() as world:
            world.engine.stop(signal.SIGKILL)
            died = world.run_to_death(sys.argv[2])
            ready, engine, venue, rows = world.recover()
            print(f"{'died' if died else 'never came to it'}; ready after {ready} s; {len(venue.orders)} orders; differences: {rows}")
            return 1 if rows else 0
    points = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randint(1, 999_999)
    print(f"seed {seed}: {points} crash points in {WORLDS} worlds", flush=True)
    tally, problems = Tally(), []
    shares = [points // WORLDS + (number < points % WORLDS) for number in range(WORLDS)]
    threads = [threading.Thread(target=work, args=(number, seed, share, tally, problems)) for number, share in enumerate(shares)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for problem in problems:
        print(f"FAILED {problem}")
    for crash_at, ready, rows in tally.failures:
        print(f"FAILED after {crash_at} (seed {seed}), ready after {ready} s:", *rows[:5], sep="\n    ")
    tally.ready.sort()
    print(", ".join(f"{count} {kind}" for kind, count in sorted(tally.kinds.items())))
    if tally.ready:
        print(f"{tally.missed} more kills at no numbered operation; {tally.orders} orders, {tally.fills} fills; ready again after "
              f"p50 {tally.ready[len(tally.ready) // 2]:.2f} s, max {tally.ready[-1]:.2f} s, {tally.unknown} times only when a lost send was proven lost")
    print(f"{tally.points} crash points: {tally.lost} lost, {tally.duplicate} duplicate, {tally.wrong} wrong position")
    return 1 if problems or tally.failures or tally.points < points else 0


if __name__ == "__main__":
    sys.exit(main())
