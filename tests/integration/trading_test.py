"""Orders on the finished programs: both legs trade, the ledgers agree, a switch stops everything, what somebody else did is found, no secret is told."""
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import ledger  # noqa: E402
from world import WebSocket, World, run, wait_until  # noqa: E402

FAST = ["flow.excursion_gap=[300ms, 900ms]"]


def executions(phase="done"):
    return [e for e in WORLD.get("/api/executions?limit=200") if e["phase"] == phase]


def state_dir():
    return WORLD.directory.name + "/state"


def compare():
    engine, venue, rows = ledger.settle(WORLD.engine_bin, state_dir(), WORLD.sim.addresses["admin"], 30)
    assert not rows, rows
    return engine, venue


def kills():
    return WORLD.get("/api/risk/kill")


def nothing_is_sent_for(seconds):
    before = len(WORLD.get("/api/orders?limit=1000"))
    time.sleep(seconds)
    assert len(WORLD.get("/api/orders?limit=1000")) == before


def both_legs_are_filled_on_two_venues_within_fifteen_seconds():
    done = wait_until("a trade over two venues", lambda: [e for e in executions() if e["leg1"]["exchange"] != e["leg2"]["exchange"]], 15)
    leg1, leg2 = done[-1]["leg1"], done[-1]["leg2"]
    assert leg1["success"] and leg2["success"] and leg1["qty"] == leg2["qty"] > 0 and {leg1["side"], leg2["side"]} == {"buy", "sell"}, done[-1]
    assert done[-1]["residual"] == 0 and WORLD.get("/api/risk/exposure")["dayNotional"] > 0


def an_execution_names_the_opportunity_that_it_took():
    done = executions()[-1]
    chances = WORLD.get(f"/api/opportunities?limit=1000&pair={done['pairId']}")["opportunities"]
    taken = [chance for chance in chances if chance["number"] == done["opportunity"]]
    assert taken and all(chance["direction"] == done["direction"] for chance in taken), (done, chances)
    line = next(line for line in WORLD.engine.log().splitlines() if "execution_ended" in line and f"decision={done['pairId']}:{done['number']} " in line)
    assert f"opportunity={done['opportunity']} " in line, line


def the_websocket_tells_orders_and_fills():
    client = WebSocket(WORLD.engine.addresses["http"])
    client.send({"op": "subscribe", "events": ["order_submitted", "order_filled"]})
    sent = client.wait_for("an order", lambda f: f["event"] == "order_submitted", 20)["data"]
    fill = client.wait_for("its fill", lambda f: f["event"] == "order_filled" and f["data"]["clientOrderId"] == sent["clientOrderId"], 10)["data"]
    assert fill["price"] > 0 and 0 < fill["qty"] <= sent["qty"] and fill["tradeId"] and fill["orderId"]
    client.close()


def the_journal_and_the_venues_ledger_agree_to_the_smallest_unit():
    wait_until("five trades", lambda: len(executions()) >= 5, 30)
    engine, venue = compare()
    assert len(venue.orders) >= 10 and venue.fills >= len(venue.orders) // 2, (len(venue.orders), venue.fills)
    print(f"       {len(venue.orders)} orders, {venue.fills} fills: difference: 0")
    verify = subprocess.run([WORLD.engine_bin, "journal", "verify", state_dir()], capture_output=True, text=True)
    assert verify.returncode == 0 and verify.stdout.endswith("journal: in order\n"), verify


def a_comparison_that_should_find_something_does():
    engine, venue = compare()
    client_id, order = next((i, o) for i, o in venue.orders.items() if o.filled)
    order.filled += ledger.D("0.00000001")
    venue.doubled.append(client_id)
    venue.quantity[order.instrument] += 1
    del engine.orders[next(i for i in engine.orders if i != client_id)]
    rows = " ".join(ledger.compare(engine, venue))
    assert "twice" in rows and "not in the journal" in rows and "position" in rows and f"{client_id}: journal" in rows, rows


def the_kill_switch_stops_everything_by_rest_signal_and_file_and_outlives_a_restart():
    status, answer = WORLD.request("POST", "/api/risk/kill", {"level": "all", "reason": "drill"})
    WORLD.engine.stop(signal.SIGKILL)  # right behind the answer: it said that no crash undoes it
    assert status == 200 and answer["data"]["journalled"] is True, answer
    WORLD.start_engine()
    WORLD.wait_all_watching(30)
    assert [k["reason"] for k in kills()] == ["drill"]
    nothing_is_sent_for(3)
    assert WORLD.request("DELETE", "/api/risk/kill", {"level": "all"})[0] == 200
    before = len(executions())
    wait_until("trading goes on", lambda: len(executions()) > before, 20)
    WORLD.engine.process.send_signal(signal.SIGUSR1)
    wait_until("the signal threw it", lambda: [k["person"] for k in kills()] == ["signal"], 2)
    WORLD.request("DELETE", "/api/risk/kill", {"level": "all"})
    pathlib.Path(state_dir(), "KILL").touch()
    wait_until("the file threw it", lambda: [k["person"] for k in kills()] == ["file"], 2)
    nothing_is_sent_for(1)
    WORLD.request("DELETE", "/api/risk/kill", {"level": "all"})


def an_unknown_outcome_is_asked_for_and_never_sent_again():
    for surface in ("binance_spot", "binance_linear", "bybit_spot", "bybit_linear"):
        for kind in ("order_unknown", "ack_lost", "order_unknown_refused"):
            WORLD.fault(surface=surface, kind=kind, count=1)
    time.sleep(15)
    WORLD.faults_off()
    wait_until("nothing is unknown", lambda: WORLD.get("/api/risk/exposure")["unknownOrders"] == 0, 60)
    compare()
    open_rest = [e for e in WORLD.get("/api/executions?limit=200") if e["residual"] and e["phase"] == "done"]
    assert not open_rest, open_rest


def a_person_says_how_an_unknown_order_ended():
    def of_state(state):
        return [o for o in WORLD.get("/api/orders?limit=1000") if o["state"] == state]
    for surface in ("binance_spot", "binance_linear", "bybit_spot", "bybit_linear"):
        WORLD.fault(surface=surface, kind="order_unknown_refused", count=1)
    order = wait_until("an order is unknown", lambda: of_state("unknown"), 30)[0]
    WORLD.faults_off()
    where = f"/api/orders/{order['clientOrderId']}/decide"
    for body in ({}, {"status": "open"}, {"status": "rejected", "why": "x"}, {"status": 1}):
        assert WORLD.request("POST", where, body)[0] == 400, body
    assert WORLD.request("POST", "/api/orders/none/decide", {"status": "rejected"})[0] == 404
    filled = of_state("filled")[0]["clientOrderId"]
    assert WORLD.request("POST", f"/api/orders/{filled}/decide", {"status": "rejected"})[0] == 409
    status, answer = WORLD.request("POST", where, {"status": "rejected"})
    assert status == 200 and answer["data"]["journalled"] and answer["data"]["order"]["state"] == "rejected", (status, answer)
    assert WORLD.request("POST", where, {"status": "filled"})[0] == 409
    decided = next(o for o in WORLD.get("/api/orders?limit=1000") if o["clientOrderId"] == order["clientOrderId"])
    assert (decided["state"], decided["filled"]) == ("rejected", 0) and decided["reason"].startswith("decided by "), decided
    assert any(a["code"] == "ORDER_DECIDED" and order["clientOrderId"] in a["source"] for a in WORLD.get("/api/alerts?limit=50")["alerts"])
    for other in of_state("unknown"):  # the other leg's, which never was at its exchange either
        assert WORLD.request("POST", f"/api/orders/{other['clientOrderId']}/decide", {"status": "rejected"})[0] == 200
    wait_until("nothing is unknown", lambda: WORLD.get("/api/risk/exposure")["unknownOrders"] == 0, 60)
    compare()


def a_kill_with_flatten_brings_every_position_to_zero():
    def positions():
        return {f"{p['exchange']}.{p['type']}.{p['symbol']}": p["qty"] for p in WORLD.get("/api/risk/exposure")["positions"] if p["qty"]}
    assert positions(), "nothing to flatten"
    status, answer = WORLD.request("POST", "/api/risk/kill", {"level": "all", "reason": "drill", "flatten": "yes"})
    assert status == 400, answer
    assert WORLD.request("POST", "/api/risk/kill", {"level": "all", "reason": "drill", "flatten": True})[0] == 200
    assert kills()[0]["flatten"] is True
    alert = wait_until("it says that it is done", lambda: [a for a in WORLD.get("/api/alerts?limit=50")["alerts"] if a["code"].startswith("FLATTEN")], 90)[0]
    assert alert["code"] == "FLATTENED", alert
    for instrument, quantity in positions().items():  # fees taken in the base asset leave less than a lot
        assert abs(quantity) < 0.001 and f"of {instrument} (below the venue's minimum)" in alert["message"], (instrument, quantity, alert)
    print(f"       {alert['message']}")
    assert any(o["purpose"] == "flatten" and o["state"] == "filled" for o in WORLD.get("/api/orders?limit=1000"))
    compare()
    nothing_is_sent_for(1)
    assert WORLD.request("DELETE", "/api/risk/kill", {"level": "all"})[0] == 200


def a_trade_behind_the_engines_back_is_found_named_and_can_be_accepted():
    for pair in WORLD.get("/api/monitoring/pairs"):
        WORLD.request("POST", f"/api/monitoring/pairs/{pair['id']}/pause", {"reason": "drill"})

    def market():
        return next(m for m in WORLD.get("/api/account/binance")["markets"] if m["type"] == "linear")
    wait_until("the gate is open", lambda: market()["open"], 60)
    status, answer = WORLD.request("POST", "/orders/manual", {"account": "desk-binance", "surface": "binance_linear", "symbol": "BTCUSDT", "side": "buy", "quantity": "0.3"},
                                   WORLD.sim.addresses["admin"])
    assert status == 200, answer
    started = time.monotonic()
    rows = wait_until("it is found and the gate closed", lambda: not market()["open"] and market()["differences"], 60)
    print(f"       found after {time.monotonic() - started:.1f} s: {rows}")
    assert "BTCUSDT" in rows[0]["what"] and any(a["code"] == "RECONCILE_DIFFERENCE" for a in WORLD.get("/api/alerts?limit=50")["alerts"])
    assert WORLD.request("POST", "/api/account/binance/accept")[0] == 400
    status, answer = WORLD.request("POST", "/api/account/binance/accept?type=linear")
    assert status == 200 and answer["success"] is True, answer
    wait_until("the gate opens again", lambda: market()["open"], 30)


def no_secret_is_in_a_log_the_journal_or_an_answer():
    told = WORLD.engine.log() + "\n".join(WORLD.engine.lines) + "\n".join(ledger.export(WORLD.engine_bin, state_dir()))
    for path in ("/metrics", "/health", "/api/account/binance", "/api/account/bybit", "/api/engine/actors", "/api/alerts?limit=500", "/api/orders", "/api/executions",
                 "/api/exchanges/binance", "/api/risk/exposure"):
        told += str(WORLD.request("GET", path))
    for file in pathlib.Path(state_dir()).rglob("*"):
        if file.is_file():
            told += file.read_bytes().decode("latin-1")
    assert len(told) > 100_000
    for secret in ("mock-binance-secret", "mock-bybit-secret", "mock-binance-key", "mock-bybit-key", "listenKey", "signature="):
        assert secret not in told, secret


if __name__ == "__main__":
    with World(sim_settings=FAST, settings=["trading.reconcile_interval=2s"]) as WORLD:
        run([both_legs_are_filled_on_two_venues_within_fifteen_seconds,
             an_execution_names_the_opportunity_that_it_took,
             the_websocket_tells_orders_and_fills,
             the_journal_and_the_venues_ledger_agree_to_the_smallest_unit,
             a_comparison_that_should_find_something_does,
             the_kill_switch_stops_everything_by_rest_signal_and_file_and_outlives_a_restart,
             an_unknown_outcome_is_asked_for_and_never_sent_again,
             a_person_says_how_an_unknown_order_ended,
             a_kill_with_flatten_brings_every_position_to_zero,
             a_trade_behind_the_engines_back_is_found_named_and_can_be_accepted,
             no_secret_is_in_a_log_the_journal_or_an_answer])
