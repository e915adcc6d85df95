"""The configuration file may change while the engine runs: its pairs are taken over, a file with mistakes changes nothing (S3-05, P17)."""
import pathlib
import re
import tempfile

from world import ROOT, WebSocket, World, run, wait_until

with_files = tempfile.TemporaryDirectory()
FILE = pathlib.Path(with_files.name) / "engine.yaml"
TEXT = re.sub(r"^simulator:.*$", "", (ROOT / "config/examples/mock.yaml").read_text(), flags=re.M)
NEW = """  - id: added_while_running
    leg1: {exchange: binance, symbol: ETHUSDT, type: linear}
    leg2: {exchange: bybit, symbol: ETHUSDT, type: linear}
    threshold: "0.2"
    qty: "0.1"
"""


def write_and_hear(text, code):
    client = WebSocket(WORLD.engine.addresses["http"])
    client.send({"op": "subscribe", "events": ["engine_alert"]})
    client.wait_for("the answer", lambda f: f["event"] == "subscribed")
    FILE.write_text(text)
    frame = client.wait_for(code, lambda f: f["event"] == "engine_alert" and f["data"]["code"] == code)
    client.close()
    return frame["data"]["message"]


def names():
    return [pair["id"] for pair in WORLD.get("/api/monitoring/pairs")]


def monitor(name):
    return WORLD.actor(f"engine/services/strategies/pair.{name}")


def a_pair_added_to_the_file_watches_and_the_others_are_not_disturbed():
    before = set(WORLD.wait_all_watching())
    ids = {name: monitor(name)["actorId"] for name in before}
    write_and_hear(TEXT + NEW, "CONFIG_RELOADED")
    wait_until("it watches", lambda: "added_while_running" in names() and WORLD.pair_states()["added_while_running"]["state"] in ("watching", "open"), 10)
    assert {name: monitor(name)["actorId"] for name in before} == ids


def a_file_with_mistakes_is_refused_and_the_running_pairs_are_kept():
    before = names()
    message = write_and_hear(TEXT + NEW.replace("0.1", "-1"), "CONFIG_REFUSED")
    assert "qty" in message and str(FILE) in message, message
    assert names() == before


def a_pair_taken_out_of_the_file_ends_but_one_made_by_rest_stays():
    body = {"id": "by_rest", "leg1": {"exchange": "binance", "symbol": "BTCUSDT", "type": "spot"},
            "leg2": {"exchange": "bybit", "symbol": "ETHUSDT", "type": "spot"}, "threshold": 0.3, "qty": 0.02}
    assert WORLD.request("POST", "/api/monitoring/pairs", body)[0] == 200
    write_and_hear(TEXT, "CONFIG_RELOADED")
    wait_until("it is gone", lambda: "added_while_running" not in names() and monitor("added_while_running") is None, 10)
    assert "by_rest" in names()


if __name__ == "__main__":
    FILE.write_text(TEXT)
    with World(config=str(FILE)) as WORLD:
        run([a_pair_added_to_the_file_watches_and_the_others_are_not_disturbed,
             a_file_with_mistakes_is_refused_and_the_running_pairs_are_kept,
             a_pair_taken_out_of_the_file_ends_but_one_made_by_rest_stays])
