"""API keys by interface: given, tested, kept over a restart, removed; never told."""
import json
import os
import pathlib
import stat

from world import World, run, wait_until

ROUTE = "/api/settings/api"


def key(venue, secret=None):
    return {"apiKey": f"mock-{venue}-key", "secret": secret or f"mock-{venue}-secret"}


def put(body, method="PUT"):
    return WORLD.request(method, ROUTE, body)


def connected(venue):
    status, answer = WORLD.request("POST", ROUTE + "/test", {"exchange": venue})
    assert status == 200 and set(answer["data"]) == {"connected"}, answer
    return answer["data"]["connected"]


def public_only(venue):
    return next(e["publicOnly"] for e in WORLD.get("/api/exchanges") if e["name"] == venue)


def the_list_shows_connected_flags_only():
    wait_until("both connected", lambda: WORLD.get(ROUTE) == {"binance": {"connected": True}, "bybit": {"connected": True}}, 20)


def a_removed_key_makes_a_venue_public_only_and_a_new_one_lets_it_trade_again():
    assert put({"bybit": None}) == (200, {"success": True, "mode": "mock"})
    wait_until("public only", lambda: public_only("bybit") and not connected("bybit"), 5)
    assert connected("binance")
    status, answer = WORLD.request("GET", "/api/account/bybit")
    assert status == 503 and answer["error"]["code"] == "EXCHANGE_UNAVAILABLE" and "key" in answer["error"]["message"], answer
    assert put({"bybit": key("bybit")}, "POST")[0] == 200
    wait_until("connected again", lambda: connected("bybit"), 20)
    assert not public_only("bybit")


def a_key_that_the_venue_refuses_is_not_connected():
    assert put({"binance": key("binance", "mock-wrong-secret-0815")})[0] == 200
    wait_until("refused", lambda: not connected("binance"), 10)
    wait_until("an alert", lambda: any(code in json.dumps(WORLD.get("/api/alerts")) for code in ("KEY_REFUSED", "PRIVATE_FEED_DOWN")), 20)
    assert put({"binance": key("binance")})[0] == 200
    wait_until("connected again", lambda: connected("binance"), 30)


def market(venue, kind):
    return next(m for m in WORLD.request("GET", f"/api/account/{venue}")[1]["data"]["markets"] if m["type"] == kind)


def a_key_that_may_withdraw_trades_on_no_market_of_its_venue():
    for venue in ("binance", "bybit"):
        purse = f"mock-{venue}-purse"
        assert put({venue: {"apiKey": purse, "secret": purse}})[0] == 200
        wait_until("an alert", lambda: any(a["code"] == "KEY_MAY_WITHDRAW" and venue in a["source"] for a in WORLD.get("/api/alerts")["alerts"]), 20)
        # Binance tells it on its spot market only; the other one must not trade with that key either.
        for kind in ("spot", "linear"):
            wait_until(f"{venue} {kind} says why", lambda: "may withdraw" in market(venue, kind)["reason"], 10)
        assert not connected(venue)
        assert put({venue: key(venue)})[0] == 200
        wait_until("connected again", lambda: connected(venue), 30)


def keys_are_kept_encrypted_and_read_at_the_next_start():
    state = pathlib.Path(WORLD.directory.name) / "state"
    assert put({"bybit": key("bybit", "mock-kept-secret-0815")})[0] == 200
    for name in ("api_keys.vault", "master.key"):
        assert stat.S_IMODE(os.stat(state / name).st_mode) == 0o600, name
    for path in state.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"mock-kept" not in data and b"mock-bybit-key" not in data, path
    WORLD.engine.stop()
    WORLD.start_engine()
    wait_until("binance connected", lambda: connected("binance"), 20)
    wait_until("bybit's refusal", lambda: "bybit" in json.dumps(WORLD.get("/api/alerts")), 20)
    assert not connected("bybit"), "the stored wrong key should have been used"
    assert put({"bybit": key("bybit")})[0] == 200
    wait_until("bybit connected", lambda: connected("bybit"), 30)


def wrong_bodies_are_refused_and_never_quoted():
    secret = "live-secret-0815"
    for body, field in [({"binance": {"apiKey": secret, "secret": secret}}, "binance.apiKey"), ({"kraken": {"apiKey": secret, "secret": secret}}, "kraken"),
                        ({"binance": {"apiKey": secret}}, "binance.secret"), ({"binance": {"apiKey": secret, "secret": secret, "more": secret}}, "binance.more")]:
        status, answer = put(body)
        assert status == 400 and answer["error"]["code"] == "VALIDATION_ERROR" and answer["error"]["details"]["field"] == field, answer
        assert secret not in json.dumps(answer)
    assert put([])[0] == 400
    assert WORLD.request("POST", ROUTE + "/test", {"exchange": "kraken"})[0] == 400
    assert WORLD.request("DELETE", ROUTE)[0] in (404, 405)
    assert connected("binance")


def no_key_is_told_anywhere():
    told = WORLD.engine.log() + json.dumps([WORLD.get(ROUTE), WORLD.get("/api/alerts"), WORLD.get("/api/engine/actors")]) + WORLD.request("GET", "/metrics")[1]
    for secret in ("mock-binance-secret", "mock-bybit-secret", "mock-wrong-secret-0815", "mock-kept-secret-0815", "mock-binance-key", "mock-bybit-key", "live-secret-0815"):
        assert secret not in told, secret
    assert "api_key_stored" in told


if __name__ == "__main__":
    with World() as WORLD:
        run([the_list_shows_connected_flags_only, a_removed_key_makes_a_venue_public_only_and_a_new_one_lets_it_trade_again,
             a_key_that_the_venue_refuses_is_not_connected, a_key_that_may_withdraw_trades_on_no_market_of_its_venue, keys_are_kept_encrypted_and_read_at_the_next_start, wrong_bodies_are_refused_and_never_quoted,
             no_key_is_told_anywhere])
