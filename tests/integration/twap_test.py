"""TWAP plans on the finished programs: made, watched, steered and deleted by their routes; slices on time; a killed engine repeats none."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import ledger  # noqa: E402
from world import WebSocket, World, run, wait_until  # noqa: E402

PLAN = {"name": "BTC_TWAP", "totalQty": 0.01, "sliceQty": 0.001, "intervalMs": 1000,
        "legs": [{"exchange": "bybit", "symbol": "BTCUSDT", "side": "buy", "type": "market"},
                 {"exchange": "binance", "symbol": "BTCUSDT", "side": "sell", "type": "market"}]}
UNKNOWN_SECONDS = 150
EARLY_MS = 250  # the first slice was itself late by something


def make(**changes):
    status, answer = WORLD.request("POST", "/api/twap/plans", {**PLAN, **changes})
    assert status == 200 and answer["success"] and list(answer["data"]) == ["planId"], (status, answer)
    return answer["data"]["planId"]


def status_of(plan):
    return WORLD.get(f"/api/twap/{plan}/status")


def control(plan, action):
    return WORLD.request("POST", f"/api/twap/{plan}/control", {"action": action})


def orders_of(plan):
    return [o for o in reversed(WORLD.get("/api/orders?limit=1000")) if o["planId"] == plan]


def sold_or_bought(plan, exchange):
    return round(sum(o["filled"] for o in orders_of(plan) if o["exchange"] == exchange), 8)


def finished(plan, seconds=60):
    return wait_until("the plan's end", lambda: (s := status_of(plan))["state"] in ("completed", "cancelled", "expired", "failed") and s, seconds)


def the_demonstration_runs_a_plan_of_two_legs_beside_the_pairs():
    demo = wait_until("a slice", lambda: [p for p in WORLD.get("/api/twap/plans") if p["planId"].startswith("demo_twap-") and p["progress"]["slicesDone"] >= 2], 30)[0]
    assert demo["slicesTotal"] == 20 and demo["state"] == "running", demo
    assert [leg["side"] for leg in demo["legs"]] == ["buy", "sell"] and all(leg["avgPrice"] > 0 and leg["arrivalPrice"] > 0 for leg in demo["legs"]), demo


def a_plan_of_the_documented_body_is_worked_to_its_end_and_told_on_the_way():
    client = WebSocket(WORLD.engine.addresses["http"])
    client.send({"op": "subscribe", "events": ["twap_progress"]})
    plan = make()
    assert plan == "twap_001", plan
    first = client.wait_for("progress", lambda f: f["event"] == "twap_progress" and f["data"]["planId"] == plan, 10)["data"]
    assert all(key in first for key in ("planId", "executed", "remaining", "slicesDone", "slicesTotal", "state", "ts")), first
    last = client.wait_for("its end", lambda f: f["event"] == "twap_progress" and f["data"]["planId"] == plan and f["data"]["state"] == "completed", 60)["data"]
    assert last["executed"] == 0.01 and last["remaining"] == 0 and last["slicesDone"] == last["slicesTotal"] == 10, last
    client.close()
    status = status_of(plan)
    assert status["progress"] == {"executed": 0.01, "remaining": 0, "slicesDone": 10, "slicesTotal": 10} and status["lastExecutionTs"] > 0, status
    assert sold_or_bought(plan, "bybit") == sold_or_bought(plan, "binance") == 0.01
    global DONE
    DONE = plan


def every_slice_is_sent_in_its_own_slot():
    """A slot may have several orders; none may be left out, none may come before its time. How late they are is a figure, not a rule."""
    mine = orders_of(DONE)
    first = mine[0]["ts"]
    for exchange in ("bybit", "binance"):
        stamps = [o["ts"] for o in mine if o["exchange"] == exchange]
        slots = {}
        for ts in stamps:
            slots.setdefault((ts - first + EARLY_MS) // 1000, ts)
        late = max(ts - first - slot * 1000 for slot, ts in slots.items())
        print(f"       {exchange}: {len(slots)} slices, at most {late} ms after the schedule of the first")
        assert len(slots) == 10, (exchange, stamps)


def a_dry_run_tells_the_schedule_the_cost_and_every_limit():
    before = len(WORLD.get("/api/twap/plans"))
    status, answer = WORLD.request("POST", "/api/twap/plans?dryRun=true", PLAN)
    assert status == 200, answer
    dry = answer["data"]
    assert len(dry["schedule"]) == 10 and round(sum(s["qty"] for s in dry["schedule"]), 8) == 0.01
    assert [b["ts"] - a["ts"] for a, b in zip(dry["schedule"], dry["schedule"][1:])] == [1000] * 9
    for leg in dry["legs"]:
        assert leg["expectedPrice"] > 0 and leg["expectedCost"] > 0 and leg["expectedFees"] > 0 and leg["sliceRefusals"] == [] and leg["planRefusals"] == [], leg
    status, answer = WORLD.request("POST", "/api/twap/plans?dryRun=true", {**PLAN, "totalQty": 500, "sliceQty": 5})
    rules = [r["rule"] for r in answer["data"]["legs"][0]["sliceRefusals"]]
    assert "order_notional_max" in rules and "balance" in [r["rule"] for r in answer["data"]["legs"][0]["planRefusals"]], answer
    assert len(WORLD.get("/api/twap/plans")) == before


def every_control_in_every_state_does_what_it_says_or_is_a_conflict_that_names_the_state():
    def refused(plan, action, state):
        code, answer = control(plan, action)
        assert code == 409 and answer["error"]["code"] == "CONFLICT" and state in answer["error"]["message"], (action, answer)

    later = int(time.time() * 1000) + 3_600_000
    scheduled = make(options={"startAt": later})
    assert status_of(scheduled)["state"] == "scheduled"
    refused(scheduled, "resume", "scheduled")
    assert control(scheduled, "pause") == (200, control_ok()) and status_of(scheduled)["state"] == "paused"
    assert control(scheduled, "resume")[0] == 200 and status_of(scheduled)["state"] == "scheduled"
    code, answer = WORLD.request("PUT", f"/api/twap/plans/{scheduled}", {"sliceQty": 0.002})
    assert code == 200 and answer["data"] == {"planId": scheduled} and status_of(scheduled)["progress"]["slicesTotal"] == 5, answer
    assert WORLD.request("DELETE", f"/api/twap/plans/{scheduled}")[0] == 409
    assert control(scheduled, "cancel")[0] == 200 and finished(scheduled)["state"] == "cancelled"

    running = make()
    wait_until("it runs", lambda: status_of(running)["state"] == "running", 10)
    refused(running, "resume", "running")
    assert WORLD.request("PUT", f"/api/twap/plans/{running}", {"sliceQty": 0.002})[0] == 409
    assert control(running, "pause")[0] == 200
    status = status_of(running)
    assert status["state"] == "paused" and status["pausedBy"] == ["person"], status
    refused(running, "pause", "paused")
    time.sleep(1.5)
    before = len(orders_of(running))
    time.sleep(3)
    assert len(orders_of(running)) == before, "a slice while paused"
    assert control(running, "resume")[0] == 200
    wait_until("it goes on", lambda: len(orders_of(running)) > before, 10)
    assert control(running, "cancel")[0] == 200
    end = finished(running)
    assert end["state"] == "cancelled" and 0 < end["progress"]["remaining"] < 0.01, end
    for action in ("pause", "resume", "cancel"):
        refused(running, action, "cancelled")
        refused(DONE, action, "completed")
    assert WORLD.request("DELETE", f"/api/twap/plans/{running}") == (200, control_ok())
    assert WORLD.request("GET", f"/api/twap/plans/{running}")[0] == 404 and control(running, "pause")[0] == 404


def control_ok():
    return {"success": True, "mode": "mock"}


def mistakes_name_their_field():
    for body, field in (({**PLAN, "totalQty": 0}, "totalQty"), ({**PLAN, "sliceQty": 1}, "sliceQty"), ({**PLAN, "intervalMs": 1}, "intervalMs"), ({**PLAN, "legs": []}, "legs"),
                        ({**PLAN, "legs": [{**PLAN["legs"][0], "exchange": "kraken"}]}, "legs[0].exchange"), ({**PLAN, "legs": [{**PLAN["legs"][0], "symbol": "NOPE"}]}, "legs[0].symbol"),
                        ({**PLAN, "legs": [{**PLAN["legs"][0], "side": "hold"}]}, "legs[0].side"), ({**PLAN, "extra": 1}, "extra"), ({k: v for k, v in PLAN.items() if k != "name"}, "name"),
                        ({**PLAN, "options": {"guardPercent": -1}}, "options.guardPercent")):
        code, answer = WORLD.request("POST", "/api/twap/plans", body)
        assert code == 400 and answer["error"]["code"] == "VALIDATION_ERROR" and answer["error"]["details"]["field"] == field, (field, answer)


def a_risk_pauses_a_plan_and_it_goes_on_by_itself():
    plan = make(totalQty=0.02)
    wait_until("a slice", lambda: status_of(plan)["progress"]["slicesDone"] >= 1, 15)
    WORLD.fault(surface="bybit_spot", kind="disconnect", count=1)
    paused = wait_until("the risk pauses it", lambda: (s := status_of(plan))["state"] == "paused" and s, 5)
    assert paused["pausedBy"] == ["risk"] and "bybit.spot" in paused["pauseRisk"], paused
    code, answer = control(plan, "resume")
    assert code == 409 and "by itself" in answer["error"]["message"], answer
    wait_until("it goes on", lambda: status_of(plan)["state"] == "running", 30)
    assert finished(plan)["state"] == "completed"


def a_killed_engine_goes_on_without_a_doubled_or_a_lost_slice():
    plan = make(totalQty=0.02)
    for _ in range(3):
        done = status_of(plan)["progress"]["slicesDone"]
        # An order that the kill left unknown is asked for first, twice and not too soon, perhaps on both venues.
        wait_until("another slice", lambda: status_of(plan)["progress"]["slicesDone"] > done, UNKNOWN_SECONDS)
        WORLD.engine.stop(signal.SIGKILL)
        WORLD.start_engine()
    assert finished(plan, 120)["state"] == "completed"
    assert sold_or_bought(plan, "bybit") == sold_or_bought(plan, "binance") == 0.02
    _, _, rows = ledger.settle(WORLD.engine_bin, WORLD.directory.name + "/state", WORLD.sim.addresses["admin"], 30)
    assert not rows, rows


def a_plan_that_was_deleted_gives_its_name_to_nobody():
    plan = make()
    control(plan, "cancel")
    finished(plan)
    assert WORLD.request("DELETE", f"/api/twap/plans/{plan}")[0] == 200
    WORLD.engine.stop(signal.SIGKILL)
    WORLD.start_engine()
    code, answer = WORLD.request("POST", "/api/twap/plans", {**PLAN, "id": plan})
    assert code == 409, answer
    assert make() != plan


def order_of_a_person(qty, side, **leg):
    """Symbol, side, type, qty, price and exchange, as the body of a plan that has one slice."""
    return {"name": "by hand", "totalQty": qty, "sliceQty": qty, "intervalMs": 60_000,
            "legs": [{"exchange": "bybit", "symbol": "BTCUSDT", "side": side, "type": "market", **leg}]}


def an_order_of_a_person_is_a_plan_of_one_slice_and_is_done_once():
    headers = {"Idempotency-Key": "by-hand-1"}
    answers = [WORLD.request("POST", "/api/twap/plans", order_of_a_person(0.02, "buy"), headers=headers) for _ in range(3)]
    assert all(answer == answers[0] and answer[0] == 200 for answer in answers), answers
    plan = answers[0][1]["data"]["planId"]
    assert finished(plan)["state"] == "completed"
    # A slice takes no more than the book shows, and asks for the rest of it at once: one order or a few.
    mine = orders_of(plan)
    assert {(o["exchange"], o["symbol"], o["side"], o["state"]) for o in mine} == {("bybit", "BTCUSDT", "buy", "filled")}, mine
    assert sold_or_bought(plan, "bybit") == 0.02, mine
    status, answer = WORLD.request("POST", "/api/twap/plans", order_of_a_person(0.02, "sell"), headers=headers)
    assert status == 409, answer


def a_limit_order_of_a_person_rests_at_its_price_until_it_is_cancelled():
    bid = float(WORLD.get("/api/prices/bybit/BTCUSDT?type=spot&depth=1")["bids"][0][0])
    price = round(bid * 0.995, 1)
    status, answer = WORLD.request("POST", "/api/twap/plans", order_of_a_person(0.02, "buy", type="limit", limitPrice=price))
    assert status == 200, answer
    plan = answer["data"]["planId"]
    order, = wait_until("it rests", lambda: [o for o in orders_of(plan) if o["state"] == "working"], 20)
    assert (order["price"], order["qty"], order["timeInForce"]) == (price, 0.02, "gtc"), order
    assert control(plan, "cancel")[0] == 200
    assert finished(plan)["state"] == "cancelled" and orders_of(plan)[0]["state"] == "cancelled"


def an_order_of_a_person_stands_in_the_configuration_file_as_well():
    fields = order_of_a_person("0.03", "sell", exchange="binance", limitPrice="1000")
    with World(settings=["plans=[" + json.dumps({"id": "by_file", **fields}) + "]"]) as world:
        wait_until("it is filled", lambda: world.get("/api/twap/by_file/status")["state"] == "completed", 40)
        mine = [o for o in world.get("/api/orders?limit=1000") if o["planId"] == "by_file"]
        assert {(o["exchange"], o["symbol"], o["side"]) for o in mine} == {("binance", "BTCUSDT", "sell")}, mine
        assert round(sum(o["filled"] for o in mine), 8) == 0.03, mine


if __name__ == "__main__":
    with World() as WORLD:
        WORLD.wait_all_watching(30)
        run([the_demonstration_runs_a_plan_of_two_legs_beside_the_pairs,
             a_plan_of_the_documented_body_is_worked_to_its_end_and_told_on_the_way,
             every_slice_is_sent_in_its_own_slot,
             a_dry_run_tells_the_schedule_the_cost_and_every_limit,
             every_control_in_every_state_does_what_it_says_or_is_a_conflict_that_names_the_state,
             mistakes_name_their_field,
             a_risk_pauses_a_plan_and_it_goes_on_by_itself,
             a_killed_engine_goes_on_without_a_doubled_or_a_lost_slice,
             a_plan_that_was_deleted_gives_its_name_to_nobody,
             an_order_of_a_person_is_a_plan_of_one_slice_and_is_done_once,
             a_limit_order_of_a_person_rests_at_its_price_until_it_is_cancelled,
             an_order_of_a_person_stands_in_the_configuration_file_as_well])
