"""The gRPC services of a running engine: the twin of the REST interface, its streams, and what they do to bad clients.

The client (grpc/client.py) is grpcio from PyPI and knows the services by the server's reflection alone.
"""
import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).with_name("grpc")))
import client as rpc  # noqa: E402

rpc.enter()
import grpc  # noqa: E402
from world import WebSocket, World, run, wait_until  # noqa: E402

WORLD = CLIENT = None
FUZZED = 150_000 if os.environ.get("TANDEM_NIGHTLY") == "1" else 3_000  # beside the 10^7 that tests/adapters/grpc/mangled_test.cpp parses at night

# Every operation of the REST interface, by the method that is its twin.
OPERATIONS = {
    "GetHealth": ("GET", "/health"), "GetLiveness": ("GET", "/health/live"), "GetReadiness": ("GET", "/health/ready"),
    "ListExchanges": ("GET", "/api/exchanges"), "GetExchange": ("GET", "/api/exchanges/{exchange}"),
    "GetPrice": ("GET", "/api/prices/{exchange}/{symbol}"), "GetPrices": ("POST", "/api/prices/batch"),
    "GetMarket": ("GET", "/api/markets/{exchange}/{symbol}"), "GetBook": ("GET", "/api/engine/books/{exchange}/{symbol}"),
    "ListPairs": ("GET", "/api/monitoring/pairs"), "CreatePair": ("POST", "/api/monitoring/pairs"),
    "GetPair": ("GET", "/api/monitoring/pairs/{id}"), "UpdatePair": ("PUT", "/api/monitoring/pairs/{id}"),
    "DeletePair": ("DELETE", "/api/monitoring/pairs/{id}"), "GetPairState": ("GET", "/api/monitoring/pairs/{id}/state"),
    "PausePair": ("POST", "/api/monitoring/pairs/{id}/pause"), "ResumePair": ("POST", "/api/monitoring/pairs/{id}/resume"),
    "ExecutePair": ("POST", "/api/arbitrage/execute/{id}"), "ListOpportunities": ("GET", "/api/opportunities"),
    "ListExecutions": ("GET", "/api/executions"), "ListOrders": ("GET", "/api/orders"), "DecideOrder": ("POST", "/api/orders/{id}/decide"), "ListPlans": ("GET", "/api/twap/plans"),
    "CreatePlan": ("POST", "/api/twap/plans"), "GetPlan": ("GET", "/api/twap/plans/{id}"), "UpdatePlan": ("PUT", "/api/twap/plans/{id}"),
    "DeletePlan": ("DELETE", "/api/twap/plans/{id}"), "GetPlanStatus": ("GET", "/api/twap/{id}/status"),
    "ControlPlan": ("POST", "/api/twap/{id}/control"), "GetAccount": ("GET", "/api/account/{exchange}"),
    "AcceptDifferences": ("POST", "/api/account/{exchange}/accept"), "GetExposure": ("GET", "/api/risk/exposure"),
    "ListBreakers": ("GET", "/api/risk/breakers"), "TripBreaker": ("POST", "/api/risk/breakers/{name}/trip"),
    "ResetBreaker": ("POST", "/api/risk/breakers/{name}/reset"), "ListKills": ("GET", "/api/risk/kill"),
    "ThrowKill": ("POST", "/api/risk/kill"), "ReleaseKill": ("DELETE", "/api/risk/kill"), "GetApiKeys": ("GET", "/api/settings/api"),
    "PutApiKeys": ("PUT", "/api/settings/api"), "TestApiKeys": ("POST", "/api/settings/api/test"), "ListAlerts": ("GET", "/api/alerts"),
    "ListActors": ("GET", "/api/engine/actors"), "KillActor": ("POST", "/api/engine/actors/kill"),
    "GetActor": ("GET", "/api/engine/actor"), "RestartActor": ("POST", "/api/engine/actors/restart"),
    "PauseActor": ("POST", "/api/engine/actors/pause"), "ResumeActor": ("POST", "/api/engine/actors/resume"),
    "ListPairStates": ("GET", "/api/engine/pairs"), "ListSinks": ("GET", "/api/engine/sinks"), "GetLog": ("GET", "/api/engine/log"),
    "SetLogLevel": ("PUT", "/api/engine/log/level"), "GetConfig": ("GET", "/api/engine/config"), "StageConfig": ("PUT", "/api/engine/config"),
    "ApplyConfig": ("POST", "/api/engine/config/apply"), "RunDrill": ("POST", "/api/engine/drill"),
}
# Fields that are no part of a body, beside those in the path.
QUERY = {"type", "depth", "limit", "pair", "dryRun", "path", "after", "level", "category"}
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
          422: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 502: "UNKNOWN", 503: "UNAVAILABLE"}
CALLED = set()


def texts(value):
    """A parsed REST answer with numbers as their texts, and whole ones as numbers."""
    return json.loads(value, parse_float=rpc.Number)


def numbers(value):
    """Every number by its text, whichever side it came from."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    if isinstance(value, rpc.Number) or (isinstance(value, int) and not isinstance(value, bool)):
        return "number " + str(value)
    return value


def shape(value):
    """What stands where, without what it says."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(shape(item)) for item in value})
    if isinstance(value, str) and value.startswith("number "):
        return "number"
    return type(value).__name__


def rest(method, **fields):
    """(HTTP status, answer) of a method's twin, from the fields that gRPC takes."""
    import urllib.error
    import urllib.parse
    import urllib.request
    verb, path = OPERATIONS[method]
    for name, value in list(fields.items()):
        if "{" + name + "}" in path:
            path = path.replace("{" + name + "}", urllib.parse.quote(str(fields.pop(name)), safe=""))
    query = {name: fields.pop(name) for name in list(fields) if name in QUERY and (verb == "GET" or name in ("dryRun", "type"))
             and method != "GetPrices"}
    if query:
        path += "?" + urllib.parse.urlencode({name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()})
    body = fields.pop("exchanges") if method == "PutApiKeys" else fields
    data = json.dumps(body).encode() if verb in ("POST", "PUT") or body else None
    request = urllib.request.Request(f"http://{WORLD.engine.addresses['http']}{path}", data=data, method=verb,
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, texts(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, texts(error.read())


def ask(method, **fields):
    CALLED.add(method)
    return numbers(CLIENT.as_rest(CLIENT.call(method, **fields)))


def told(method, **fields):
    status, answer = rest(method, **fields)
    assert status == 200, (method, status, answer)
    return numbers(answer.get("data", {}))


def refused(method, fields):
    CALLED.add(method)
    try:
        CLIENT.call(method, **fields)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"{method} {fields} was not refused")


def same(method, volatile=False, **fields):
    """Both interfaces say the same: to the digit, or where the market moves in between, in shape."""
    for _ in range(10 if volatile else 3):
        first, second, third = told(method, **fields), ask(method, **fields), told(method, **fields)
        if second in (first, third):
            return second
    assert volatile, (method, fields, first, second)
    for _ in range(5):  # an optional field may come in between
        if shape(second) in (shape(first), shape(third)):
            return second
        first, second, third = told(method, **fields), ask(method, **fields), told(method, **fields)
    raise AssertionError((method, fields, first, second))


# ---- the services


def reflection_names_the_services_and_every_operation_of_the_rest_interface():
    services = set(CLIENT.database.get_services())
    assert services == {"tandem.v1.Trader", "tandem.v1.Streams", "grpc.health.v1.Health",
                        "grpc.reflection.v1alpha.ServerReflection"} | {s for s in services if s.startswith("tandem.v1.")}, services
    trader = {name for name, method in CLIENT.methods.items() if method.containing_service.name == "Trader"}
    assert trader == set(OPERATIONS), trader ^ set(OPERATIONS)
    print(f"       {len(trader)} methods = {len(OPERATIONS)} operations, {len(CLIENT.methods) - len(trader)} streams")


def the_standard_health_service_answers():
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    stub = health_pb2_grpc.HealthStub(CLIENT.channel)
    for service in ("", "tandem.v1.Trader", "tandem.v1.Streams"):
        assert stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status == health_pb2.HealthCheckResponse.SERVING, service


def every_answer_says_mock():
    _, call = CLIENT.ask("ListPairs", {})
    assert ("tandem-mode", "mock") in [tuple(entry) for entry in call.initial_metadata()], call.initial_metadata()


# ---- the twins


def every_read_says_what_rest_says():
    pairs = [pair["id"] for pair in same("ListPairs")]
    assert len(pairs) >= 4
    for pair in pairs:
        same("GetPair", id=pair)
        same("GetPairState", volatile=True, id=pair)
    for method in ("GetHealth", "GetLiveness", "GetReadiness", "ListActors", "ListPlans", "ListOpportunities", "GetExposure", "ListAlerts"):
        same(method, volatile=True)
    for method in ("ListExchanges", "ListBreakers", "ListKills", "GetApiKeys"):
        same(method)
    for exchange in ("binance", "bybit"):
        same("GetExchange", volatile=True, exchange=exchange)
        same("GetAccount", volatile=True, exchange=exchange)
        for kind in ("spot", "linear"):
            instrument = {"exchange": exchange, "symbol": "BTCUSDT", "type": kind}
            for method in ("GetMarket", "GetBook"):
                same(method, volatile=True, **instrument)
            price = same("GetPrice", volatile=True, depth=5, **instrument)
            assert len(price["bids"]) == len(price["asks"]) == 5 and all(isinstance(text, str) for text in price["bids"][0])
    batch = same("GetPrices", volatile=True, items=[{"exchange": "bybit", "symbol": "BTCUSDT"}, {"exchange": "binance", "symbol": "NOSUCH"}])
    assert batch[0]["bids"] and batch[1]["error"]["code"] == "NOT_FOUND", batch
    for method in ("ListOrders", "ListExecutions"):
        same(method, volatile=True, limit=3)
    for plan in same("ListPlans", volatile=True):
        same("GetPlan", volatile=True, id=plan["planId"])
        same("GetPlanStatus", volatile=True, id=plan["planId"])
    same("TestApiKeys", exchange="binance")


def a_pair_is_made_changed_and_taken_away():
    leg = {"symbol": "ETHUSDT", "type": "linear"}
    made = {"leg1": {"exchange": "binance", **leg}, "leg2": {"exchange": "bybit", **leg}, "threshold": "9.25", "qty": "0.1",
            "options": {"leg1Fee": "0.0002", "levels": 5}}
    assert ask("CreatePair", id="by_grpc", **made) == {"id": "by_grpc"}
    known = same("GetPair", id="by_grpc")
    assert known["threshold"] == "number 9.25" and known["options"]["leg1Fee"].startswith("number 0.0002"), known
    assert ask("UpdatePair", id="by_grpc", threshold="8", enabled=False, leg1={"type": "spot"}, options={"leg1Fee": ""}) == {"id": "by_grpc"}
    known = same("GetPair", id="by_grpc")
    assert (known["threshold"], known["enabled"], known["leg1"]["type"]) == ("number 8", False, "spot"), known
    assert "leg1Fee" not in known["options"] and known["options"]["levels"] == "number 5", known
    assert ask("DeletePair", id="by_grpc") == {}
    assert rest("GetPair", id="by_grpc")[0] == 404


def paused(pair):
    """The error of a pair that would trade but for a person's pause."""
    try:
        ask("ExecutePair", id=pair)
    except grpc.RpcError as failed:
        error = CLIENT.error(failed)
        return error if error.details.rule == "strategy_paused" else None


def executed():
    """An execution asked for by hand, of whichever pair pays at the moment."""
    def attempt():
        for pair in told("ListPairs"):
            try:
                return ask("ExecutePair", id=pair["id"])
            except grpc.RpcError as failed:  # no spread, or the engine was quicker
                assert CLIENT.error(failed).code in ("RISK_REJECTED", "CONFLICT"), failed
    return wait_until("a pair that pays", attempt, 60)


def a_pair_is_paused_resumed_and_executed():
    pair = same("ListPairs")[0]["id"]
    assert ask("PausePair", id=pair) == {}
    error = wait_until("refused while a person pauses it", lambda: paused(pair), 30)
    assert error.code == "RISK_REJECTED" and error.details.value and error.details.leg == 1, error
    assert ask("ResumePair", id=pair) == {}
    assert not paused(pair)
    done = executed()
    pair = done["pairId"]
    assert done["pairId"] == pair and {done["leg1"]["side"], done["leg2"]["side"]} == {"buy", "sell"}, done
    assert any(row["number"] == done["number"] for row in told("ListExecutions", pair=pair)), done
    assert same("ListOrders", pair=pair, volatile=True)


def a_plan_is_forecast_made_steered_and_taken_away():
    body = {"name": "by gRPC", "totalQty": "0.02", "sliceQty": "0.01", "intervalMs": 60_000,
            "legs": [{"exchange": "binance", "symbol": "BTCUSDT", "side": "buy", "type": "market"}],
            "options": {"sessions": [{"from": "00:00", "until": "24:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}]}}
    forecast = ask("CreatePlan", dryRun=True, **body)
    assert forecast["dryRun"] is True and len(forecast["schedule"]) == 2 and "planId" not in forecast, forecast
    status, answer = rest("CreatePlan", dryRun=True, **body)
    assert status == 200 and shape(numbers(answer["data"])) == shape(forecast), (answer, forecast)
    assert ask("CreatePlan", id="grpc_plan", **body) == {"planId": "grpc_plan"}
    assert same("GetPlan", volatile=True, id="grpc_plan")["options"]["sessions"][0]["until"] == "24:00"
    assert ask("ControlPlan", id="grpc_plan", action="pause") == {}
    wait_until("paused", lambda: same("GetPlanStatus", volatile=True, id="grpc_plan")["state"] == "paused", 5)
    assert ask("UpdatePlan", id="grpc_plan", name="another", options={"sessions": []}) == {"planId": "grpc_plan"}
    plan = same("GetPlan", volatile=True, id="grpc_plan")
    assert (plan["name"], plan["options"]["sessions"]) == ("another", []), plan
    assert ask("ControlPlan", id="grpc_plan", action="cancel") == {}
    wait_until("cancelled", lambda: ask("GetPlanStatus", id="grpc_plan")["state"] == "cancelled", 20)
    assert ask("DeletePlan", id="grpc_plan") == {}


def breakers_and_kill_switches_are_thrown_and_lifted():
    name = same("ListBreakers")[0]["name"]
    assert ask("TripBreaker", name=name)["state"] == "open"
    assert same("ListBreakers")[0]["cause"] == "person"
    assert ask("ResetBreaker", name=name)["state"] != "open"
    assert ask("ThrowKill", level="venue", scope="bybit", reason="a test")["changed"] is True
    kill, = same("ListKills")
    assert (kill["level"], kill["scope"], kill["reason"], kill["flatten"]) == ("venue", "bybit", "a test", False), kill
    assert ask("ReleaseKill", level="venue", scope="bybit")["changed"] is True
    assert same("ListKills") == []


def the_engine_is_watched_and_steered():
    feed = "engine/services/venues/bybit/spot/feed"
    assert same("GetActor", volatile=True, path=feed)["latest"]
    for method in ("ListPairStates", "GetConfig", "ListSinks"):
        same(method, volatile=True)
    lines = same("GetLog", volatile=True, limit=3, level="info")["lines"]
    assert len(lines) == 3, lines
    pair = same("ListPairs")[0]["id"]
    path = "engine/services/strategies/pair." + pair
    assert ask("PauseActor", path=path) == {"pairs": [pair], "plans": [], "plansUnchanged": []}
    assert next(one for one in same("ListPairStates", volatile=True) if one["id"] == pair)["heldBy"].startswith("paused by person")
    assert ask("ResumeActor", path=path)["pairs"] == [pair]
    before = ask("GetActor", path=feed)["restarts"]
    assert ask("RestartActor", path=feed) == {}
    wait_until("it was restarted", lambda: ask("GetActor", path=feed)["restarts"] != before, 10)
    assert {"path": feed, "level": "debug"} in ask("SetLogLevel", path=feed, level="debug")
    assert ask("SetLogLevel", path=feed, level="") == [{"path": "", "level": "info"}]
    assert refused("ApplyConfig", {}).code().name == "ABORTED"
    text = (pathlib.Path(__file__).parents[2] / "config/examples/mock.yaml").read_text()
    assert ask("StageConfig", yaml=text)["staged"] is True
    assert ask("RunDrill", off=True) == {}


def keys_are_given_and_taken_away():
    assert ask("PutApiKeys", exchanges={"bybit": {}}) == {}
    wait_until("not connected", lambda: ask("TestApiKeys", exchange="bybit") == {"connected": False}, 10)
    assert ask("PutApiKeys", exchanges={"bybit": {"apiKey": "mock-bybit-key", "secret": "mock-bybit-secret"}}) == {}
    wait_until("connected", lambda: ask("TestApiKeys", exchange="bybit") == {"connected": True}, 20)


def a_refusal_says_the_same_as_rest():
    leg = {"exchange": "binance", "symbol": "BTCUSDT", "type": "spot"}
    cases = [("GetPair", {"id": "none"}), ("GetPairState", {"id": "none"}), ("DeletePair", {"id": "none"}), ("ExecutePair", {"id": "none"}),
             ("UpdatePair", {"id": "none", "qty": "1"}), ("PausePair", {"id": "none"}), ("ResumePair", {"id": "none"}),
             ("GetPrice", {"exchange": "nowhere", "symbol": "BTCUSDT"}), ("GetPrice", {"exchange": "binance", "symbol": "NOSUCH"}),
             ("GetPrice", {"exchange": "binance", "symbol": "BTCUSDT", "type": "option"}),
             ("GetPrice", {"exchange": "binance", "symbol": "BTCUSDT", "depth": 0}), ("ListOrders", {"limit": 5_000}),
             ("GetPrices", {}), ("GetPrices", {"items": [{"exchange": "binance"}]}), ("CreatePair", {}), ("CreatePair", {"leg1": leg}),
             ("CreatePair", {"leg1": leg, "leg2": {**leg, "exchange": "bybit"}, "threshold": "a lot", "qty": "1"}),
             ("CreatePair", {"leg1": leg, "leg2": {**leg, "type": "option"}, "threshold": "1", "qty": "1"}),
             ("CreatePair", {"leg1": leg, "leg2": leg, "threshold": "1", "qty": "1"}),
             ("GetPlan", {"id": "none"}), ("GetPlanStatus", {"id": "none"}), ("ControlPlan", {"id": "none", "action": "pause"}),
             ("ControlPlan", {"id": "demo_twap", "action": "stop"}), ("CreatePlan", {}), ("DeletePlan", {"id": "none"}),
             ("UpdatePlan", {"id": "none", "name": "x"}), ("GetAccount", {"exchange": "nowhere"}), ("GetExchange", {"exchange": "nowhere"}),
             ("AcceptDifferences", {"exchange": "binance", "type": "option"}), ("AcceptDifferences", {"exchange": "binance", "type": "spot"}), ("TripBreaker", {"name": "none"}),
             ("ResetBreaker", {"name": "none"}), ("DecideOrder", {"id": "none", "status": "cancelled"}), ("DecideOrder", {"id": "none", "status": "open"}), ("ThrowKill", {"level": "some"}), ("ThrowKill", {"level": "venue"}), ("ThrowKill", {"level": "venue", "scope": "binanse"}), ("ThrowKill", {"level": "strategy", "scope": "pair_o"}),
             ("ReleaseKill", {"level": "venue", "scope": "binance"}), ("PutApiKeys", {"exchanges": {}}),
             ("PutApiKeys", {"exchanges": {"nowhere": {"apiKey": "mock-x", "secret": "y"}}}), ("TestApiKeys", {"exchange": "nowhere"}),
             ("KillActor", {"path": "nowhere"}), ("GetActor", {"path": "nowhere"}), ("RestartActor", {"path": "nowhere"}),
             ("PauseActor", {"path": "engine/services/risk/desk"}), ("ResumeActor", {"path": ""}), ("GetLog", {"level": "loud"}), ("GetLog", {"category": "loud"}),
             ("SetLogLevel", {"path": "nowhere", "level": "debug"}), ("StageConfig", {"yaml": "mode: nonsense"}),
             ("RunDrill", {"kind": "nonsense", "surface": "binance_spot"}), ("GetBook", {"exchange": "binance", "symbol": "NOSUCH"}),
             ("GetMarket", {"exchange": "binance", "symbol": "NOSUCH"})]
    for method, fields in cases:
        # A decimal is a number in JSON where it is one.
        plain = {name: float(value) if name in ("qty", "threshold") and value[0].isdigit() else value for name, value in fields.items()}
        status, answer = rest(method, **plain)
        failed = refused(method, fields)
        error = CLIENT.error(failed)
        assert answer["success"] is False and STATUS[status] == failed.code().name, (method, fields, status, answer, failed)
        details = {name: value for name, value in CLIENT.as_rest(error).get("details", {}).items()}
        assert (error.code, error.message, details) == (answer["error"]["code"], answer["error"]["message"], answer["error"].get("details", {})), (
            method, fields, answer, error)
        assert failed.details() == error.message
    print(f"       {len(cases)} refusals, over {len({method for method, _ in cases})} methods")


def a_parameter_cannot_become_another_path():
    for bad in ("", "x/state", "/", "../pairs", "x" * 300):
        failed = refused("GetPair", {"id": bad})
        assert failed.code().name == "INVALID_ARGUMENT" and CLIENT.error(failed).details.field == "id", failed
    assert refused("GetPair", {"id": "a b?c=d&%2F#"}).code().name == "NOT_FOUND"


def a_killed_interface_serves_again_at_the_same_address():
    ask("KillActor", path="engine/services/api/http")
    wait_until("served again", lambda: _serves(), 20)
    assert same("ListPairs")


def _serves():
    try:
        return bool(CLIENT.call("ListPairs"))
    except grpc.RpcError:
        return False


def every_method_was_called():
    left = set(OPERATIONS) - CALLED
    assert not left, left


# ---- streams


def streams_open():
    text = WORLD.request("GET", "/metrics")[1]
    return int(float(next(line.split()[-1] for line in text.splitlines() if line.startswith("tandem_grpc_streams "))))


def prices_are_those_of_the_websocket():
    socket = WebSocket(WORLD.engine.addresses["http"])
    socket.send({"op": "subscribe", "events": ["price_update"], "symbols": ["BTCUSDT"]})
    socket.wait_for("subscribed", lambda frame: frame["event"] == "subscribed")
    stream = CLIENT.stream("SubscribePrices", symbols=["BTCUSDT"])
    got = [numbers(CLIENT.as_rest(next(stream))) for _ in range(60)]
    stream.cancel()
    frames = []
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not any(price in frames for price in got):
        frame = texts(socket.receive(raw=True))
        if frame["event"] == "price_update":
            frames.append(numbers(frame["data"]))
    socket.close()
    assert any(price in frames for price in got), (got[:2], frames[:2])
    assert {price["symbol"] for price in got} == {"BTCUSDT"} and len({(p["exchange"], p["type"]) for p in got}) == 4


def books_have_the_depth_asked_for():
    stream = CLIENT.stream("SubscribeBooks", exchanges=["binance"], symbols=["ETHUSDT"], depth=3)
    for _ in range(10):
        book = CLIENT.as_rest(next(stream))
        assert (book["exchange"], book["symbol"]) == ("binance", "ETHUSDT") and len(book["bids"]) == len(book["asks"]) == 3, book
        assert float(book["bids"][0][0]) < float(book["asks"][0][0])
    stream.cancel()
    failed = ended(CLIENT.stream("SubscribeBooks", depth=51))
    assert failed.code().name == "INVALID_ARGUMENT" and CLIENT.error(failed).details.field == "depth", failed


def ended(stream):
    try:
        for _ in stream:
            pass
    except grpc.RpcError as error:
        return error
    raise AssertionError("the stream ended well")


def orders_executions_and_plans_are_told_as_they_happen():
    orders, executions = CLIENT.stream("SubscribeOrders", timeout=60), CLIENT.stream("SubscribeExecutions", timeout=60)
    plans, everything = CLIENT.stream("SubscribePlans", timeout=60), CLIENT.stream("SubscribeEvents", timeout=60)
    for stream in (orders, executions, plans, everything):
        assert ("tandem-mode", "mock") in [tuple(entry) for entry in stream.initial_metadata()]
    CLIENT.call("CreatePlan", id="told_plan", name="told", totalQty="0.02", sliceQty="0.01", intervalMs=500,
                legs=[{"exchange": "binance", "symbol": "BTCUSDT", "side": "buy", "type": "market"}])
    kinds = {}
    for event in orders:
        kinds.setdefault(event.WhichOneof("event"), CLIENT.as_rest(event))
        if {"order_submitted", "order_filled"} <= set(kinds):
            break
    assert kinds["order_filled"]["order_filled"]["tradeId"], kinds
    for update in plans:
        if update.plan_id == "told_plan" and update.state == "completed":
            break
    assert (update.slices_done, update.slices_total) == (2, 2), update
    seen = set()
    for event in everything:
        seen.add(event.WhichOneof("event"))
        if {"price_update", "order_submitted", "order_filled", "twap_progress"} <= seen:
            break
    done = executed()
    for execution in executions:
        if (execution.pair_id, "number %d" % execution.number) == (done["pairId"], done["number"]) and execution.phase == done["phase"]:
            break
    for stream in (orders, executions, plans, everything):
        stream.cancel()


def opportunities_and_alerts_are_told():
    opportunities, alerts = CLIENT.stream("SubscribeOpportunities", timeout=60), CLIENT.stream("SubscribeAlerts", timeout=60)
    for stream in (opportunities, alerts):
        stream.initial_metadata()
    WORLD.fault(surface="binance_spot", kind="disconnect")
    alert = next(alerts)
    assert alert.code and alert.severity in ("info", "warning", "critical"), alert
    opportunity = next(opportunities)
    assert opportunity.phase in ("opened", "changed", "ended") and opportunity.pair_id, opportunity
    opportunities.cancel(), alerts.cancel()
    wait_until("all watch again", lambda: all(s["state"] in ("watching", "open") for s in WORLD.pair_states().values()), 20)


def a_subscription_names_at_most_a_thousand():
    failed = ended(CLIENT.stream("SubscribePrices", symbols=[f"S{n}" for n in range(1001)]))
    assert failed.code().name == "INVALID_ARGUMENT" and CLIENT.error(failed).details.field == "symbols", failed


def a_deadline_ends_a_stream():
    assert ended(CLIENT.stream("SubscribePrices", timeout=1)).code().name == "DEADLINE_EXCEEDED"
    wait_until("no stream is left", lambda: streams_open() == 0, 5)


def a_cancelled_stream_is_gone_at_the_server():
    streams = [CLIENT.stream("SubscribePrices") for _ in range(20)]
    for stream in streams:
        next(stream)
    assert streams_open() == 20
    for stream in streams:
        stream.cancel()
    wait_until("no stream is left", lambda: streams_open() == 0, 5)


def a_slow_reader_gets_the_latest_and_costs_nobody():
    slow = rpc.Client(WORLD.engine.addresses["grpc"], options=[("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 0)])
    lazy = [slow.stream("SubscribeBooks", timeout=60, depth=50) for _ in range(5)]
    for stream in lazy:
        next(stream)
    before, started = memory(), time.time()
    quick = CLIENT.stream("SubscribePrices", symbols=["BTCUSDT"])
    worst = 0
    while time.time() - started < 8:
        worst = max(worst, time.time() * 1000 - next(quick).ts)
    quick.cancel()
    assert worst < 1_000, worst
    # After the pause: what was under way, then the present.
    ages = []
    for _ in range(400):
        ages.append(time.time() * 1000 - next(lazy[0]).ts)
        if ages[-1] < 500:
            break
    assert ages[-1] < 500, (len(ages), ages[-5:])
    grown = memory() - before
    assert grown < 32 * 1024, f"{grown} KiB"
    print(f"       8 s unread, up to date again after {len(ages)} messages, {grown} KiB more, quick reader at worst {worst:.0f} ms behind")
    for stream in lazy:
        stream.cancel()
    slow.close()


def memory():
    """Of the engine, in KiB."""
    return int(next(l for l in open(f"/proc/{WORLD.engine.process.pid}/status") if l.startswith("VmRSS")).split()[1])


# ---- bad clients


def bytes_that_are_none_are_refused_and_nothing_breaks():
    chance = random.Random(7)
    harmless = sorted(set(OPERATIONS) - {"KillActor", "ThrowKill", "PutApiKeys", "RestartActor", "ApplyConfig"})
    samples = {"CreatePair": {"id": "f", "leg1": {"exchange": "binance", "symbol": "BTCUSDT", "type": "spot"}, "threshold": "1", "qty": "1"},
               "GetPrices": {"items": [{"exchange": "binance", "symbol": "BTCUSDT"}] * 5}, "CreatePlan": {"name": "x", "totalQty": "1", "legs": [{}]},
               "GetPrice": {"exchange": "binance", "symbol": "BTCUSDT", "depth": 5}}
    codes, before = {}, memory()
    for n in range(FUZZED):
        method = chance.choice(harmless)
        data = bytearray(CLIENT.message(method, samples.get(method, {})).SerializeToString() or b"\x0a\x03abc")
        for _ in range(chance.randint(1, 4)):
            kind = chance.randrange(4)
            if kind == 0 and data:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            elif kind == 1:
                data[chance.randint(0, len(data)):0] = chance.randbytes(chance.randint(1, 8))
            elif kind == 2:
                del data[chance.randint(0, len(data)):]
            else:  # a length that is a lie, a field number beyond all, groups in groups
                data += chance.choice([b"\x0a\xff\xff\xff\xff\x0f", b"\xf8\xff\xff\xff\x0f\x01", b"\x0b" * 200, b"\x0a\x05\xff\xfe\xfd\xfc\xfb"])
        call = CLIENT.channel.unary_unary(CLIENT.path(method), lambda raw: raw, lambda raw: raw)
        try:
            call(bytes(data), timeout=20)
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
            assert WORLD.engine.process.poll() is None, (n, method, bytes(data))
            assert code in ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "ABORTED", "UNAVAILABLE", "RESOURCE_EXHAUSTED"), (
                method, bytes(data), error)
        codes[code] = codes.get(code, 0) + 1
    assert WORLD.engine.process.poll() is None
    grown = memory() - before
    assert grown < 32 * 1024, f"{grown} KiB"
    print(f"       {FUZZED} mutated messages: {codes}; {grown} KiB more")
    for stream in ("SubscribePrices", "SubscribeEvents"):
        start = CLIENT.channel.unary_stream(CLIENT.path(stream), lambda raw: raw, lambda raw: raw)
        assert ended(start(b"\x0a\xff\xff", timeout=5)).code().name == "INVALID_ARGUMENT"


def too_long_a_message_is_refused():
    huge = CLIENT.message("GetPair", {"id": "x" * (5 << 20)})
    try:
        CLIENT.unary("GetPair")(huge, timeout=20)
        raise AssertionError("was answered")
    except grpc.RpcError as error:
        assert error.code().name == "RESOURCE_EXHAUSTED", error
    assert CLIENT.call("ListPairs")


def an_unknown_method_is_unimplemented():
    try:
        CLIENT.channel.unary_unary("/tandem.v1.Trader/SellAll")(b"", timeout=5)
        raise AssertionError("was answered")
    except grpc.RpcError as error:
        assert error.code().name == "UNIMPLEMENTED", error


def metrics_count_calls_and_streams():
    text = WORLD.request("GET", "/metrics")[1]
    for name in ("tandem_grpc_requests_total", "tandem_grpc_malformed_total", "tandem_grpc_streams_total", "tandem_grpc_messages_sent_total"):
        assert float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " "))) > 0, name


if __name__ == "__main__":
    with World(sim_settings=["flow.excursion_gap=[300ms, 900ms]"]) as WORLD:
        CLIENT = rpc.Client(WORLD.engine.addresses["grpc"])
        WORLD.wait_all_watching(30)
        run([reflection_names_the_services_and_every_operation_of_the_rest_interface,
             the_standard_health_service_answers,
             every_answer_says_mock,
             every_read_says_what_rest_says,
             a_pair_is_made_changed_and_taken_away,
             a_pair_is_paused_resumed_and_executed,
             a_plan_is_forecast_made_steered_and_taken_away,
             breakers_and_kill_switches_are_thrown_and_lifted,
             the_engine_is_watched_and_steered,
             keys_are_given_and_taken_away,
             a_refusal_says_the_same_as_rest,
             a_parameter_cannot_become_another_path,
             prices_are_those_of_the_websocket,
             books_have_the_depth_asked_for,
             orders_executions_and_plans_are_told_as_they_happen,
             opportunities_and_alerts_are_told,
             a_subscription_names_at_most_a_thousand,
             a_deadline_ends_a_stream,
             a_cancelled_stream_is_gone_at_the_server,
             a_slow_reader_gets_the_latest_and_costs_nobody,
             bytes_that_are_none_are_refused_and_nothing_breaks,
             too_long_a_message_is_refused,
             an_unknown_method_is_unimplemented,
             metrics_count_calls_and_streams,
             a_killed_interface_serves_again_at_the_same_address,
             every_method_was_called])
