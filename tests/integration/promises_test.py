"""Promises about orders that need the finished programs under stress; each prints the figure that it counted.

P9: what somebody else did at the venue is found and named. P26: the kill switch works when much else does not. P27: an engine that stood still sends nothing before it
has compared every market again.
"""
import datetime
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import ledger  # noqa: E402
from world import WebSocket, World, run, wait_until  # noqa: E402

NIGHTLY = os.environ.get("TANDEM_NIGHTLY") == "1"
FAST = ["flow.excursion_gap=[200ms, 600ms]", "flow.excursion_length=[300ms, 900ms]", "flow.events_per_second=60"]
SURFACES = ("binance_spot", "binance_linear", "bybit_spot", "bybit_linear")
FINAL = ("filled", "cancelled", "expired", "rejected")
CLIENTS = 100
STILL_SECONDS = 60 if NIGHTLY else 12


def orders():
    return WORLD.get("/api/orders?limit=1000")


def executions():
    return len([e for e in WORLD.get("/api/executions?limit=200") if e["phase"] == "done"])


def alerts(code):
    return [a for a in WORLD.get("/api/alerts?limit=500")["alerts"] if a["code"] == code]


def compare():
    _, venue, rows = ledger.settle(WORLD.engine_bin, WORLD.directory.name + "/state", WORLD.sim.addresses["admin"], 60)
    assert not rows, rows
    return venue


def gates():
    return [m for venue in ("binance", "bybit") for m in WORLD.get(f"/api/account/{venue}")["markets"]]


class Stress:
    """Readers that keep up, one that never reads, and callers that ask for all there is, until closed."""

    def __init__(self):
        self.over = threading.Event()
        self.asked = self.frames = 0
        address = WORLD.engine.addresses["http"]
        self.slow = WebSocket(address)  # never read
        self.sockets = [WebSocket(address) for _ in range(CLIENTS)]
        work = [threading.Thread(target=self.read, args=(self.sockets[n::4],), daemon=True) for n in range(4)]
        work += [threading.Thread(target=self.ask, daemon=True) for _ in range(4)]
        self.threads = work
        for thread in work:
            thread.start()

    def read(self, sockets):
        while not self.over.is_set():
            for one in sockets:
                try:
                    one.receive(0.05)
                    self.frames += 1
                except (TimeoutError, OSError):
                    pass

    def ask(self):
        paths = ("/api/orders?limit=1000", "/api/engine/actors", "/metrics", "/api/monitoring/pairs", "/nonsense")
        while not self.over.is_set():
            try:
                WORLD.request("GET", paths[self.asked % len(paths)])
            except OSError:
                pass
            self.asked += 1

    def close(self):
        self.over.set()
        for thread in self.threads:
            thread.join(20)
        for one in (self.slow, *self.sockets):
            one.close()


def p26_a_kill_under_stress_stops_new_orders_at_once_and_settles_the_working_ones():
    wait_until("trading", lambda: executions() >= 3, 30)
    stress = Stress()
    try:
        for surface in SURFACES:  # orders that are on their way when the kill comes
            WORLD.fault(surface=surface, kind="order_delay", value=1500, count=40)
        wait_until("orders wait at the venues", lambda: any(o["state"] not in FINAL for o in orders()), 30)
        time.sleep(1)
        sent_at = time.time()
        WORLD.engine.process.send_signal(signal.SIGUSR1)
        thrown = wait_until("the switch is thrown", lambda: WORLD.get("/api/risk/kill"), 5)[0]
        noticed = thrown["ts"] / 1000 - sent_at
        working = {o["clientOrderId"] for o in orders() if o["state"] not in FINAL and o["ts"] <= thrown["ts"]}
        seen = time.time() - sent_at
        wait_until("every working order is over or listed as unknown", lambda: all(
            o["state"] in (*FINAL, "unknown") for o in orders() if o["clientOrderId"] in working), 5)
        settled = time.time() - thrown["ts"] / 1000
        time.sleep(3)
        late = [o for o in orders() if o["ts"] > thrown["ts"]]
    finally:
        stress.close()
        WORLD.faults_off()
    print(f"       P26: under {CLIENTS + 1} WebSocket clients (one never reads) and {stress.asked} requests: thrown {noticed * 1000:.0f} ms after the signal, shown after "
          f"{seen * 1000:.0f} ms; {len(working)} working orders over or listed within {settled:.1f} s; {len(late)} new orders after it")
    assert noticed <= 0.3 and seen <= 3 and not late, (noticed, seen, late)
    assert WORLD.request("DELETE", "/api/risk/kill", {"level": "all"})[0] == 200
    wait_until("nothing is unknown", lambda: WORLD.get("/api/risk/exposure")["unknownOrders"] == 0, 60)
    compare()


def p26_a_switch_is_heard_from_an_address_that_asks_too_much():
    with World(settings=["listeners[0].requests_per_second=5"]) as world:
        refused = 0
        while refused < 20:
            refused += world.request("GET", "/api/orders")[0] == 429
        status, _ = world.request("POST", "/api/risk/kill", {"level": "all", "reason": "drill"})
        refused += world.request("GET", "/api/orders")[0] == 429
        print(f"       P26: {refused} other requests were refused, the switch got {status}")
        assert (status, refused) == (200, 21)


def gates_opened(log):
    """When each of the four gates was opened first, in ms; None before all were."""
    opened = {}
    for moment, exchange in re.findall(r"(\S+)Z .*event=gate_opened .*?exchange=(\S+)", log):
        opened.setdefault(exchange, datetime.datetime.fromisoformat(moment + "+00:00").timestamp() * 1000)
    return opened if len(opened) == len(SURFACES) else None


def p27_an_engine_that_stood_still_compares_before_it_trades_again():
    for pair in WORLD.get("/api/monitoring/pairs"):
        WORLD.request("POST", f"/api/monitoring/pairs/{pair['id']}/resume")
    before = executions()
    wait_until("trading goes on", lambda: executions() > before, 60)
    stopped_at = time.time()
    WORLD.engine.process.send_signal(signal.SIGSTOP)
    time.sleep(STILL_SECONDS)
    mark = len(WORLD.engine.log())
    gone_on_at = time.time()
    WORLD.engine.process.send_signal(signal.SIGCONT)
    wait_until("it says so", lambda: alerts("ENGINE_STOOD_STILL"), 10)
    opened = wait_until("every gate is open again", lambda: gates_opened(WORLD.engine.log()[mark:]), 60)
    open_after = max(opened.values()) / 1000 - gone_on_at
    before = executions()
    wait_until("trading goes on", lambda: executions() > before, 60)
    early = [o for o in orders() if stopped_at * 1000 + 100 < o["ts"] < opened[f"{o['exchange']}.{o['type']}"] - 1]
    print(f"       P27: stood still for {STILL_SECONDS} s; {len(early)} orders before their market was compared again; all gates open {open_after:.1f} s after it went on")
    assert not early, early
    compare()


def p9_a_trade_behind_the_engines_back_is_found_and_named():
    for pair in WORLD.get("/api/monitoring/pairs"):
        WORLD.request("POST", f"/api/monitoring/pairs/{pair['id']}/pause", {"reason": "drill"})
    wait_until("nothing is on its way", lambda: all(o["state"] in FINAL for o in orders()), 30)
    answer = WORLD.request("POST", "/orders/manual", {"account": "desk-bybit", "surface": "bybit_linear", "symbol": "BTCUSDT", "side": "sell", "quantity": "0.2"},
                           WORLD.sim.addresses["admin"])
    assert answer[0] == 200, answer
    started = time.monotonic()
    alert = wait_until("it is found and told", lambda: alerts("RECONCILE_DIFFERENCE"), 60)[0]
    print(f"       P9: {alert['message']}; found after {time.monotonic() - started:.1f} s")
    market = next(m for m in gates() if m["differences"])
    assert "bybit.linear.BTCUSDT" in alert["message"] and not market["open"], (alert, market)
    row = market["differences"][0]
    assert round(row["theirs"] - row["ours"], 8) == -0.2, row


if __name__ == "__main__":
    with World(sim_settings=FAST, settings=["trading.reconcile_interval=2s", "trading.execution.gap=100ms",
                                              "listeners[0].requests_per_second=1000000"]) as WORLD:
        run([p26_a_kill_under_stress_stops_new_orders_at_once_and_settles_the_working_ones,
             p26_a_switch_is_heard_from_an_address_that_asks_too_much,
             p27_an_engine_that_stood_still_compares_before_it_trades_again,
             p9_a_trade_behind_the_engines_back_is_found_and_named])
