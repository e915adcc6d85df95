"""Client libraries as PyPI has them trade on the simulator, unchanged but for the base URL.

clients/lifecycle.py has the steps that all of them go through. They run in the environment that scripts/setup makes; without it the test
says so, and fails in CI.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

from world import ROOT, Program, programs, run

sys.path.insert(0, str(pathlib.Path(__file__).with_name("clients")))
import environment  # noqa: E402
import lifecycle  # noqa: E402

CLIENTS = [("ccxt", "binance_linear"), ("ccxt", "bybit_spot"), ("ccxt", "bybit_linear"), ("ccxt", "binance_spot"),
           ("python_binance", "binance_spot"), ("python_binance", "binance_linear"), ("pybit", "bybit_spot"), ("pybit", "bybit_linear")]
# A venue that errs: what the script must stumble over, and where.
FAULTS = [("ccxt", "binance_linear", "order_reject", "limit order far away rests"),
          ("python_binance", "binance_spot", "duplicate_fill_event", "every order's end and every fill once"),
          ("pybit", "bybit_linear", "order_reject", "limit order far away rests")]
AT_ONCE = 4
SECONDS_MAX = 120  # of one script


def play(library, surface, prefix=""):
    """(exit code, what it said)"""
    done = subprocess.run([PYTHON, ROOT / f"tests/integration/clients/{library}_client.py", surface, "--address", SIM.addresses[surface],
                           "--admin", SIM.addresses["admin"], "--account", f"{prefix}{library}-{surface}"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    return done.returncode, done.stdout


def trading(library, surface):
    playing = POOL.submit(play, library, surface)

    def case():
        code, text = playing.result()
        assert code == 0, text[-4000:]
        print("       " + text.splitlines()[-1])
    case.__name__ = f"{library} trades on {surface}"
    return case


def every_library_notices_a_venue_that_errs():
    for _, surface, kind, _ in FAULTS:
        ADMIN.ask("/faults", {"surface": surface, "kind": kind, "count": 50})
    playing = [POOL.submit(play, library, surface, "f-") for library, surface, *_ in FAULTS]
    for each, (library, surface, kind, step) in zip(playing, FAULTS):
        code, text = each.result()
        named = [line for line in text.splitlines() if line.startswith("step ")]
        assert code != 0 and len(named) == 1 and step in named[0], (library, surface, kind, text[-2000:])
        print(f"       {library} {surface}, {kind}: {named[0][:100]}")


if __name__ == "__main__":
    _, sim_bin = programs()
    PYTHON = environment.python()
    if not PYTHON:
        print(f"the client libraries are not installed: scripts/setup makes {environment.path()}")
        sys.exit(1 if os.environ.get("CI") else 77)
    SIM = Program([sim_bin, "run", "config/scenarios/mock.yaml"])
    ADMIN = lifecycle.Simulator(SIM.addresses["admin"])
    try:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as POOL:
            run([trading(*client) for client in CLIENTS] + [every_library_notices_a_venue_that_errs])
    finally:
        SIM.stop()
