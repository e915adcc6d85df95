"""Mode dev: real protocols, orders on paper. Nothing leaves the house, everything says so; a venue without keys is public only."""
import json
import os
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import ledger  # noqa: E402
from world import ROOT, World, run, wait_until  # noqa: E402

# The simulator takes these: an order that was sent would be in its ledger.
SECRETS = {f"{venue.upper()}_{part.upper()}": f"mock-{venue}-{part}" for venue in ("binance", "bybit") for part in ("key", "secret")}
PAPER = """
trading:
  paper_balances:
    - {asset: USDT, amount: "1000000"}
    - {asset: BTC, amount: "5"}
    - {asset: ETH, amount: "50"}
"""


def dev_config(directory, keys):
    """The mock configuration's markets and pairs, in mode dev and with these venues' keys."""
    text = (pathlib.Path(ROOT) / "config/examples/mock.yaml").read_text()
    text = re.sub(r"^plans:\n(?:[ ].*\n)+", "", text, flags=re.M)  # one that is made in every run belongs to mode mock
    lines = ["mode: dev" if line.startswith("mode:") else line for line in text.splitlines() if not line.startswith("simulator:")]
    text = "\n".join(lines) + PAPER
    for venue in keys:
        text = text.replace(f"  {venue}:\n", f"  {venue}:\n    keys: {{api_key_env: {venue.upper()}_KEY, secret_env: {venue.upper()}_SECRET}}\n", 1)
    path = pathlib.Path(directory) / ("dev-" + "-".join(keys) + ".yaml")
    path.write_text(text)
    return str(path)


def open_world(directory, keys):
    World.environment = SECRETS
    return World(config=dev_config(directory, keys), sim_settings=["flow.excursion_gap=[300ms, 900ms]"])


def both_legs_are_filled_on_paper_and_nothing_reaches_a_venue():
    with tempfile.TemporaryDirectory() as directory, open_world(directory, ["binance", "bybit"]) as world:
        done = wait_until("a trade on paper", lambda: [e for e in world.get("/api/executions") if e["phase"] == "done" and e["leg1"]["qty"]], 30)
        assert done[0]["residual"] == 0 and done[0]["leg1"]["qty"] == done[0]["leg2"]["qty"], done[0]
        orders = world.get("/api/orders?limit=1000")
        named = [o for o in orders if o["orderId"]]
        assert named and all(o["orderId"].startswith("mock_order_") for o in named), orders
        assert len({o['orderId'] for o in named}) == len(named)
        assert world.request("GET", "/health")[1]["mode"] == "dev"
        account = world.get("/api/account/binance")
        assert "USDT" in json.dumps(account), account
        assert all(e["publicOnly"] is False for e in world.get("/api/exchanges"))
        venues = ledger.ledger(ledger.fetch_ledger(world.sim.addresses["admin"]))
        assert not venues.orders and venues.fills == 0, venues
        log = world.engine.log()
        assert "order_intercepted" in log and not any(secret in log + json.dumps(orders) + json.dumps(account) for secret in SECRETS.values())
        print(f"       {len(named)} orders on paper, 0 at the venues")


def what_was_traded_on_paper_is_remembered_over_a_restart():
    with tempfile.TemporaryDirectory() as directory, open_world(directory, ["binance", "bybit"]) as world:
        wait_until("a trade on paper", lambda: [e for e in world.get("/api/executions") if e["phase"] == "done"], 30)
        before = {o["clientOrderId"]: o["orderId"] for o in world.get("/api/orders?limit=1000") if o["state"] == "filled"}
        assert before
        world.engine.stop()
        world.start_engine()
        wait_until("another trade", lambda: len({o["clientOrderId"] for o in world.get("/api/orders?limit=1000")} - set(before)) >= 2, 30)
        after = {o["clientOrderId"]: o["orderId"] for o in world.get("/api/orders?limit=1000")}
        assert all(after.get(client_id) == order_id for client_id, order_id in before.items()), (before, after)
        assert not set(before.values()) & {order_id for client_id, order_id in after.items() if client_id not in before}


def a_venue_without_keys_is_public_only_in_dev_too():
    with tempfile.TemporaryDirectory() as directory, open_world(directory, ["binance"]) as world:
        world.wait_all_watching()
        shown = {e["name"]: e["publicOnly"] for e in world.get("/api/exchanges")}
        assert shown == {"binance": False, "bybit": True}, shown
        time.sleep(3)
        assert not [o for o in world.get("/api/orders?limit=1000") if o["exchange"] == "bybit" and o["state"] != "rejected"]


if __name__ == "__main__":
    run([both_legs_are_filled_on_paper_and_nothing_reaches_a_venue, what_was_traded_on_paper_is_remembered_over_a_restart, a_venue_without_keys_is_public_only_in_dev_too])
