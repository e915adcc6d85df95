"""What fails, and what that takes with it: only the pairs that depend on it, seen at once, and back by itself (P6, P8, P10, P11, P19)."""
import time

from world import WebSocket, World, run, wait_until

WORLD = None


def depends_on(state, exchange, kind):
    return any(leg["exchange"] == exchange and leg["type"] == kind for leg in state["legs"])


def dependent(exchange, kind):
    states = WORLD.wait_all_watching(30)
    mine = {name for name, state in states.items() if depends_on(state, exchange, kind)}
    assert mine and len(mine) < len(states), "the scenario needs pairs on and off this market"
    return mine, set(states) - mine


def watch_pauses(action, expected, others, within):
    """Runs an action; every expected pair must be paused within the time and no other one at all. Returns the slowest pause in seconds."""
    client = WebSocket(WORLD.engine.addresses["http"])
    client.send({"op": "subscribe", "events": ["engine_alert"]})
    client.wait_for("the answer", lambda f: f["event"] == "subscribed")
    started = time.monotonic()
    action()
    waiting, slowest, alerts = set(expected), 0.0, []
    while waiting:
        frame = client.wait_for(f"PAIR_PAUSED of {waiting}", lambda f: f["event"] == "engine_alert", 20)["data"]
        alerts.append(frame)
        if frame["code"] == "PAIR_PAUSED":
            assert frame["pairId"] in expected, frame
            waiting.discard(frame["pairId"])
            slowest = time.monotonic() - started
    resumed = set()
    while resumed != set(expected):
        frame = client.wait_for(f"PAIR_RESUMED of {set(expected) - resumed}", lambda f: f["event"] == "engine_alert", 40)["data"]
        alerts.append(frame)
        assert frame["pairId"] not in others, frame
        if frame["code"] == "PAIR_RESUMED":
            resumed.add(frame["pairId"])
    client.close()
    assert slowest <= within, f"the last pair was paused after {slowest * 1000:.0f} ms"
    print(f"       {len(expected)} pairs paused within {slowest * 1000:.0f} ms, resumed; {len(others)} others untouched")
    return alerts


def a_lost_connection_pauses_only_its_pairs_within_100_ms_and_they_resume():
    mine, others = dependent("binance", "spot")
    alerts = watch_pauses(lambda: WORLD.fault(surface="binance_spot", kind="disconnect"), mine, others, 0.25)
    assert any(alert["code"] == "FEED_DOWN" for alert in alerts), alerts
    first_down = next(a["ts"] for a in alerts if a["code"] in ("FEED_DOWN", "PAIR_PAUSED"))
    last_pause = max(a["ts"] for a in alerts if a["code"] == "PAIR_PAUSED")
    assert last_pause - first_down <= 100, "100 ms from the loss known to the last pause"


def a_killed_feed_actor_is_restarted_and_does_the_same():
    path = "engine/services/venues/binance/spot/feed"
    mine, others = dependent("binance", "spot")
    before = WORLD.actor(path)["restarts"]
    watch_pauses(lambda: WORLD.request("POST", "/api/engine/actors/kill", {"path": path}), mine, others, 0.25)
    after = WORLD.actor(path)
    assert after["restarts"] == before + 1 and after["lastError"], after


def a_sequence_gap_pauses_only_the_pairs_of_that_symbol():
    states = WORLD.wait_all_watching(30)
    mine = {n for n, s in states.items() if any((l["exchange"], l["type"], l["symbol"]) == ("bybit", "linear", "BTCUSDT") for l in s["legs"])}
    watch_pauses(lambda: WORLD.fault(surface="bybit_linear", kind="gap", symbol="BTCUSDT", count=4), mine, set(states) - mine, 2)


def a_silent_venue_makes_books_stale_and_they_recover():
    mine, others = dependent("bybit", "spot")
    watch_pauses(lambda: WORLD.fault(surface="bybit_spot", kind="silence", for_ms=8000), mine, others, 7)


def a_half_open_link_is_found_within_12_seconds():
    mine, others = dependent("binance", "linear")
    reconnects = lambda: WORLD.actor("engine/services/venues/binance/linear/feed")["counters"]["reconnects"]
    before, started = reconnects(), time.monotonic()
    WORLD.fault(surface="binance_linear", kind="half_open")
    wait_until("the link is given up", lambda: reconnects() > before, 12.5)
    print(f"       given up after {time.monotonic() - started:.1f} s")
    WORLD.faults_off()
    WORLD.wait_all_watching(30)


def corrupt_frames_are_counted_and_never_end_the_feed():
    path = "engine/services/venues/binance/spot/feed"
    WORLD.wait_all_watching(30)
    before = WORLD.actor(path)
    WORLD.fault(surface="binance_spot", kind="corrupt", count=20)
    wait_until("they are counted", lambda: WORLD.actor(path)["counters"]["malformed"] > before["counters"]["malformed"], 10)
    WORLD.faults_off()
    WORLD.wait_all_watching(30)
    assert WORLD.actor(path)["restarts"] == before["restarts"]


def every_leaf_actor_may_be_killed_and_the_engine_is_whole_again():
    def leaves(node):
        if not node["children"]:
            yield node
        for child in node["children"]:
            yield from leaves(child)
    WORLD.wait_all_watching(30)
    victims = [node["path"] for node in leaves(WORLD.get("/api/engine/actors")) if node["kind"] not in ("supervisor", "http", "market_bus")]
    # The interface and the bus last: they take the conversation with them for a moment.
    for path in victims + ["engine/services/api/http", "engine/market_bus"]:
        restarts = WORLD.actor(path)["restarts"]
        assert WORLD.request("POST", "/api/engine/actors/kill", {"path": path})[0] == 200, path

        def back():
            try:
                node = WORLD.actor(path)
            except (OSError, AssertionError, ValueError):
                return False
            return node is not None and node["restarts"] == restarts + 1 and node["actorId"] != 0
        wait_until(f"{path} is restarted", back, 20)
    WORLD.wait_all_watching(40)
    print(f"       {len(victims) + 2} actors killed, one after the other")


def refused_rest_calls_are_waited_out():
    WORLD.wait_all_watching(30)
    WORLD.fault(surface="binance_spot", kind="429", for_ms=3000)
    WORLD.fault(surface="binance_spot", kind="disconnect")
    time.sleep(1)
    WORLD.wait_all_watching(40)
    WORLD.faults_off()


if __name__ == "__main__":
    with World() as WORLD:
        run([value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == "__main__"
             and name not in ("depends_on", "dependent", "watch_pauses")])
