"""The console against a running engine, as a person at a terminal uses it: a scripted session in tmux, and every one-shot command.

`console_test.py --write` stores the session's screens in docs/console.md; without it they are compared in shape.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from console_terminal import CONSOLE, Terminal, enter
from world import ROOT, World, run, wait_until

PAGE = ROOT / "docs/console.md"
FEED = "engine/services/venues/binance/spot/feed"
SCREENS = {}  # title -> text, in the order of the session


def console(*arguments, code=0, at=None, seconds=30):
    """Output of a one-shot command."""
    done = subprocess.run([CONSOLE, "--at", at or ADDRESS, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds, cwd=ROOT)
    assert done.returncode == code, (arguments, done.returncode, done.stdout[-500:], done.stderr)
    return done.stdout if code == 0 else done.stderr


def ask(*arguments, **more):
    answer = json.loads(console(*arguments, "--json", **more))
    assert answer["success"] is True, answer
    return answer["data"] if "data" in answer else None


def actor(path):
    return ask("actor", path)


def keep(title, text):
    plain = text.replace(ADDRESS, "unix:run/state/console.sock".rjust(len(ADDRESS)))
    SCREENS[title] = "\n".join(line.rstrip() for line in plain.rstrip("\n").split("\n"))


# -- one-shot commands

def the_socket_is_for_its_owner_alone():
    path = ADDRESS.removeprefix("unix:")
    assert os.stat(path).st_mode & 0o777 == 0o600, oct(os.stat(path).st_mode)


def the_tree_and_its_actors_are_what_rest_answers():
    tree = ask("tree")
    rest = WORLD.get("/api/engine/actors")

    def names(node):
        return [node["name"], [names(child) for child in node["children"]]]
    assert names(tree) == names(rest)
    feed = wait_until("the feed's counters", lambda: (now := actor("venues/binance/spot/feed"))["counters"].get("frames") and now, 5)
    assert feed["path"] == FEED and feed["state"] == "live"
    assert (feed["restartsInWindow"]["max"], feed["restartsInWindow"]["seconds"]) == (5, 30)
    assert feed["latest"] and all(row["message"] and row["agoMs"] >= 0 for row in feed["latest"]), feed["latest"]
    assert [row["number"] for row in feed["latest"]] == sorted((row["number"] for row in feed["latest"]), reverse=True)
    assert len(feed["latest"]) <= 32
    assert re.search(r"^ +feed +live ", console("tree"), re.M)
    assert "engine/services/venues/binance/spot/feed" in console("actor", FEED)


def lists_are_what_rest_answers():
    assert {pair["id"] for pair in ask("pairs")} == {pair["id"] for pair in WORLD.get("/api/monitoring/pairs")}
    assert {one["name"] for one in ask("breakers")} >= {"global", "venue.binance", "venue.bybit"}
    assert ask("sinks") == []
    wait_until("orders", lambda: ask("orders", "--limit", "5"), 20)
    assert len(ask("orders", "--limit", "2")) <= 2
    assert isinstance(ask("plans"), (list, dict))
    for name in ("pairs", "plans", "orders", "breakers", "sinks", "venues", "log", "top"):
        assert console(name).split("\n")[0].split(), name


def top_tells_messages_a_second():
    rows = ask("top", "--interval", "500", "--limit", "5")
    assert len(rows) == 5 and rows[0]["messagesPerSecond"] > 0
    rates = [row["messagesPerSecond"] for row in rows]
    assert rates == sorted(rates, reverse=True)


def a_pair_is_paused_and_resumed():
    pair = ask("pairs")[0]["id"]

    def held():
        return next(one["heldBy"] for one in ask("pairs") if one["id"] == pair)
    assert ask("pause", pair)["pairs"] == [pair]
    assert held().startswith("paused by person"), held()
    assert ask("resume", pair)["pairs"] == [pair]
    wait_until("nobody holds it", lambda: not held(), 5)


def a_whole_market_is_paused_and_resumed():
    done = ask("pause", "venues/binance/linear")
    legs = {pair["id"]: {(leg["exchange"], leg["type"]) for leg in (pair["leg1"], pair["leg2"])} for pair in ask("pairs")}
    expected = {pair for pair, markets in legs.items() if ("binance", "linear") in markets}
    assert expected and set(done["pairs"]) == expected, (done, expected)
    assert set(ask("resume", "venues/binance/linear")["pairs"]) == expected


def an_actor_is_restarted_in_order_and_that_counts_as_no_failure():
    before = actor(FEED)
    ask("restart", FEED)
    after = wait_until("another feed lives", lambda: (now := actor(FEED))["actorId"] not in (0, before["actorId"])
                       and now["state"] == "live" and now, 15)
    assert after["restarts"] == before["restarts"] + 1 and after["errors"] == before["errors"]
    WORLD.wait_all_watching(20)


def breakers_are_tripped_and_reset():
    assert ask("trip", "venue.bybit")["state"] == "open"
    assert next(one for one in ask("breakers") if one["name"] == "venue.bybit")["state"] == "open"
    assert ask("reset", "venue.bybit")["state"] != "open"


def the_kill_switch_is_thrown_and_lifted():
    assert ask("kill-switch", "--reason", "a test")["changed"] is True
    kill, = WORLD.get("/api/risk/kill")
    assert (kill["level"], kill["reason"]) == ("all", "a test")
    ask("kill-switch", "--release")
    assert WORLD.get("/api/risk/kill") == []


def events_are_watched_as_they_happen():
    output = []
    watcher = threading.Thread(target=lambda: output.append(console("watch", "engine_alert", "--count", "1")))
    watcher.start()
    time.sleep(0.5)
    ask("kill", "venues/bybit/spot/feed")
    watcher.join(20)
    frame = json.loads(output[0])
    assert frame["event"] == "engine_alert" and frame["mode"] == "mock", frame
    told = console("watch", "nonsense", code=64)
    assert "unknown event" in told and "{" not in told, told
    WORLD.wait_all_watching(20)


def the_log_says_who_spoke_and_its_level_is_set_per_subtree():
    lines = ask("log", "--limit", "500")
    restarted = [line for line in lines["lines"] if line["event"] == "ACTOR_RESTARTED"]
    assert restarted and all(line["actor"].startswith("engine/") for line in restarted)
    numbers = [line["number"] for line in lines["lines"]]
    assert numbers == sorted(numbers)
    assert lines["levels"] == [{"path": "", "level": "info"}]
    followed = console("watch", "log", "--count", "3").strip().split("\n")
    assert len(followed) == 3 and json.loads(followed[0])["event"]
    for category in ("error", "performance", "event"):
        told = ask("log", "--limit", "1000", "--category", category)["lines"]
        assert told and {line["category"] for line in told} == {category}, (category, told)
    assert "--category" in console("log", "--category", "loud", code=64)
    status, answer = WORLD.request("PUT", "/api/engine/log/level", {"path": "engine/services/venues", "level": "error"})
    assert status == 200 and {"path": "engine/services/venues", "level": "error"} in answer["data"]
    ask("kill", "venues/bybit/linear/feed")
    wait_until("it is back", lambda: actor("venues/bybit/linear/feed")["state"] == "live", 15)
    after = ask("log", "--limit", "500")["lines"]
    assert not [line for line in after if line["number"] > numbers[-1] and line["level"] == "warning"
                and line["actor"].startswith("engine/services/venues/bybit")], "what is below the level is not said"
    status, _ = WORLD.request("PUT", "/api/engine/log/level", {"path": "engine/services/venues", "level": None})
    assert status == 200 and len(ask("log")["levels"]) == 1
    WORLD.wait_all_watching(20)


def a_drill_makes_a_venue_fail_and_ends():
    feed = "venues/binance/linear/feed"
    before = actor(feed)["counters"]["reconnects"]
    ask("drill", "disconnect", "--surface", "binance_linear")
    wait_until("the feed reconnects", lambda: actor(feed)["counters"]["reconnects"] > before, 15)
    ask("drill", "off")
    told = console("drill", "nonsense", "--surface", "binance_linear", code=64)
    assert "unknown" in told and "{" not in told, told
    WORLD.wait_all_watching(20)


def the_configuration_is_compared_staged_and_applied():
    assert ask("config", "diff") == {"mistakes": [], "changes": [], "needRestart": [], "staged": False}
    file = pathlib.Path(WORLD.config)
    text = file.read_text()
    pair = ask("pairs")[0]["id"]
    changed = re.sub(rf"(id: {re.escape(pair)}\b.*?threshold: )[\"']?[0-9.]+[\"']?", r"\g<1>0.77", text, count=1, flags=re.S)
    assert changed != text, "the test's own change"
    draft = file.with_name("draft.yaml")
    draft.write_text(changed + "\nlog: {level: warning}\n" if "\nlog:" not in changed else changed)
    staged = ask("config", "stage", str(draft))
    assert staged["changes"] == [f"pairs.{pair}: changed"] and staged["staged"] is True, staged
    draft.write_text(changed + "\nnonsense: 1\n")
    assert "nonsense" in console("config", "stage", str(draft), code=64)
    assert "nothing is staged" in console("config", "apply", code=64)
    draft.write_text(changed)
    ask("config", "stage", str(draft))
    assert ask("config", "apply")["changes"] == [f"pairs.{pair}: changed"]
    wait_until("the engine has taken it over", lambda: WORLD.get(f"/api/monitoring/pairs/{pair}")["threshold"] == 0.77, 10)
    assert file.read_text() == changed and file.with_name(file.name + ".before").read_text() == text
    wait_until("nothing differs any more", lambda: ask("config", "diff")["changes"] == [], 10)


def a_killed_interface_serves_the_console_again():
    before = actor("api/http")["restarts"]
    subprocess.run([CONSOLE, "--at", ADDRESS, "kill", "api/http"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # who answers dies

    def again():
        done = subprocess.run([CONSOLE, "--at", ADDRESS, "--json", "actor", "api/http"], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.returncode == 0 and json.loads(done.stdout)["data"]["restarts"] == before + 1
    wait_until("served again", again, 20)
    WORLD.wait_all_watching(20)
    the_socket_is_for_its_owner_alone()


def what_is_refused_says_why_and_with_which_code():
    assert "no actor at" in console("actor", "engine/nobody", code=64)
    assert "no actor at" in console("restart", "venues/nowhere", code=64)
    assert "no pair or plan depends on it" in console("pause", "risk/desk", code=64)
    assert "no breaker" in console("trip", "nothing", code=64)
    console("nonsense", code=64)
    console("actor", code=64)
    assert "unix:/nowhere" in console("tree", code=69, at="unix:/nowhere")
    refused = json.loads(subprocess.run([CONSOLE, "--at", ADDRESS, "--json", "actor", "nobody"], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL).stdout)
    assert refused["error"]["code"] == "NOT_FOUND"


# -- a person at a terminal

def a_session_at_a_terminal():
    WORLD.wait_all_watching(20)
    with Terminal(ADDRESS) as terminal:
        terminal.wait_for(r"\[mock\]", r"feed +live", r"market_bus")
        # Rates are there after two looks.
        keep("The tree", terminal.wait_for(r"feed +live", r"market_bus +running( +\S+){5} +[\d.]+"))

        # A feed is killed and comes back.
        terminal.press("/", *"spot/feed", "Enter")
        terminal.wait_for(r"filter: spot/feed")
        terminal.press("End", "Home", "Down", "Down", "Down", "Down", "Down")
        terminal.press("Enter")
        screen = terminal.wait_for(r"engine/services/venues/\w+/spot/feed", r"counter", r"message +ago")
        keep("An actor, closely", screen)
        path = re.search(r"engine/services/venues/\w+/spot/feed", screen)[0]
        before = actor(path)["restarts"]
        terminal.press("K")
        keep("A question before it is done", terminal.wait_for(rf"kill {path}\?  y = yes"))
        terminal.press("n")
        terminal.wait_for("not done")
        assert actor(path)["restarts"] == before
        terminal.press("K")
        terminal.wait_for(r"y = yes")
        terminal.press("y")
        terminal.wait_for(r"kill .*: done")
        wait_until("it was restarted", lambda: actor(path)["restarts"] == before + 1, 10)
        terminal.press("Escape")
        time.sleep(0.2)
        terminal.press("Escape")
        keep("Killed and restarted", terminal.wait_for(rf"feed +live +{before + 1} \(\d+/5\)", seconds=20))

        # A pair is paused and resumed.
        WORLD.wait_all_watching(20)
        terminal.press("2")
        terminal.wait_for(r"held by", r"watching|open")
        terminal.press("p")
        keep("A pair that a person holds", terminal.wait_for(r"pause .*: done", r"paused by person"))
        terminal.press("u")
        terminal.wait_for(r"resume .*\?  y = yes")
        terminal.press("y")
        terminal.wait_for(r"resume .*: done")
        wait_until("nobody holds it", lambda: not any(pair["heldBy"] for pair in ask("pairs")), 5)

        # The kill switch.
        terminal.press("5")
        terminal.wait_for(r"(?m)^breaker +state", r"(?m)^global +closed")
        terminal.press("!")
        terminal.wait_for(r"KILL SWITCH: no new orders, cancel all\?  y = yes")
        assert WORLD.get("/api/risk/kill") == [], "a question throws nothing"
        terminal.press("y")
        keep("The kill switch", terminal.wait_for(r"KILL SWITCH THROWN: all \(by [\w.:-]+"))
        assert len(WORLD.get("/api/risk/kill")) == 1
        terminal.press("R")
        terminal.wait_for(r"y = yes")
        terminal.press("y")
        wait_until("lifted", lambda: WORLD.get("/api/risk/kill") == [], 5)
        wait_until("no banner", lambda: "KILL SWITCH THROWN" not in terminal.screen(), 5)

        # The log and the help.
        terminal.press("8")
        keep("The log", terminal.wait_for(r"KILL_RELEASED"))
        terminal.press("?")
        keep("Help", terminal.wait_for("any key goes back"))
        terminal.press("x", "q")
        assert terminal.ended_with() == "ended with 0"


def every_view_is_drawn_and_sorted():
    with Terminal(ADDRESS) as terminal:
        terminal.wait_for(r"feed +live")
        for key, heading in zip("12345678", ("actor", "pair", "plan", "time", "breaker", "sink", "market", "time")):
            terminal.press(key)
            terminal.wait_for(rf"(?m)^{heading} ")
        terminal.press("1", "s")
        terminal.wait_for(r"(?m)^actor\+ ", r"engine/services/venues/binance")
        terminal.tmux("resize-window", "-x", "60", "-y", "12")
        terminal.wait_for(r"(?m)^actor")
        assert len(terminal.screen().rstrip("\n").split("\n")) <= 12


def a_console_says_that_the_engine_is_away_and_comes_back_by_itself():
    with Terminal(ADDRESS) as terminal:
        terminal.wait_for(r"feed +live")
        WORLD.engine.stop()
        terminal.wait_for("NO CONNECTION", "what is shown is old", r"feed +live")
        assert console("tree", code=69)
        WORLD.start_engine()
        wait_until("no banner", lambda: "NO CONNECTION" not in terminal.screen(), 20)
        terminal.wait_for(r"feed +live")
        terminal.press("C-c")
        assert terminal.ended_with() == "ended with 0"


def three_consoles_at_once_see_the_same_and_do_not_disturb():
    before = WORLD.get("/health")["uptimeSeconds"]
    with Terminal(ADDRESS) as one, Terminal(ADDRESS) as two, Terminal(ADDRESS) as three:
        for terminal in (one, two, three):
            terminal.wait_for(r"feed +live")
        two.press("2")
        three.press("8")
        two.wait_for("held by")
        one.press("5")
        one.wait_for(r"(?m)^global +(closed|trial)")
        one.press("t")
        one.wait_for("y = yes")
        one.press("y")
        one.wait_for(r"(?m)^global +open")
        two.wait_for("paused by breaker.global")
        three.wait_for("BREAKER_OPEN")
        ask("reset", "global")
        one.wait_for(r"(?m)^global +(closed|trial)")
        rows = ask("tree")
        assert rows["children"]
    assert WORLD.get("/health")["uptimeSeconds"] >= before


# -- the page

def shape(text):
    """What stays from run to run: headings, names and states, no figures."""
    return set(re.findall(r"\b(?:actor|state|restarts|mailbox|oldest|msg/s|last error|counter|message|pair|held by|breaker|time|level|event)\b",
                          text)) | set(re.findall(r"^ \d \w+(?:  \d \w+)+", text, re.M))


def the_screens_of_the_page_are_those_of_the_program():
    text = PAGE.read_text()
    begin, end = "<!-- screens: tests/integration/console_test.py --write -->\n", "<!-- end of screens -->\n"
    head, rest = text.split(begin)
    old, tail = rest.split(end)
    if "--write" in sys.argv:
        screens = "".join(f"### {title}\n```\n{screen}\n```\n\n" for title, screen in SCREENS.items())
        PAGE.write_text(head + begin + screens + end + tail)
        return
    stored = dict(re.findall(r"### (.*?)\n```\n(.*?)\n```\n", old, re.S))
    assert list(stored) == list(SCREENS), (list(stored), list(SCREENS))
    for title, screen in SCREENS.items():
        assert shape(stored[title]) == shape(screen), (title, shape(stored[title]) ^ shape(screen))


def own_configuration(directory):
    """A copy that may be changed; its scenario is named by its whole path."""
    text = (ROOT / "config/examples/mock.yaml").read_text()
    path = pathlib.Path(directory) / "mock.yaml"
    path.write_text(text.replace("../scenarios/mock.yaml", str(ROOT / "config/scenarios/mock.yaml")))
    return str(path)


if __name__ == "__main__":
    enter()
    with tempfile.TemporaryDirectory() as place, World(config=own_configuration(place)) as WORLD:
        ADDRESS = WORLD.engine.addresses["console"]
        WORLD.wait_all_watching(20)
        run([the_socket_is_for_its_owner_alone, a_session_at_a_terminal, the_tree_and_its_actors_are_what_rest_answers, lists_are_what_rest_answers,
             top_tells_messages_a_second, a_pair_is_paused_and_resumed, a_whole_market_is_paused_and_resumed,
             an_actor_is_restarted_in_order_and_that_counts_as_no_failure, breakers_are_tripped_and_reset,
             the_kill_switch_is_thrown_and_lifted, events_are_watched_as_they_happen,
             the_log_says_who_spoke_and_its_level_is_set_per_subtree, a_drill_makes_a_venue_fail_and_ends,
             a_killed_interface_serves_the_console_again, what_is_refused_says_why_and_with_which_code, every_view_is_drawn_and_sorted,
             three_consoles_at_once_see_the_same_and_do_not_disturb, the_configuration_is_compared_staged_and_applied,
             a_console_says_that_the_engine_is_away_and_comes_back_by_itself, the_screens_of_the_page_are_those_of_the_program])
