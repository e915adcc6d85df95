"""The console against a remote engine: TLS, keys and roles, client certificates, and an engine that starts again."""
import json
import os
import re
import subprocess

from console_terminal import CONSOLE, Terminal, enter
from secure_world import TOKENS, SecureWorld
from world import ROOT, run, wait_until

WORLD = None
DONE, REFUSED, NO_ENGINE, CONFIGURATION = 0, 64, 69, 78


def address():
    return "localhost:" + WORLD.engine.addresses["grpc"].rsplit(":", 1)[1]


def call(*arguments, token=None, ca=None, client=None, at=None):
    """(exit code, output, what it said on stderr)"""
    options = ["--at", at or address(), "--ca", ca or WORLD.certificates.ca]
    if client:
        options += ["--certificate", client[0], "--certificate-key", client[1]]
    environment = {**os.environ, "TANDEM_KEY": token or ""}
    done = subprocess.run([CONSOLE, *options, *arguments], text=True, capture_output=True, timeout=60, cwd=ROOT, env=environment)
    for shown in (done.stdout, done.stderr):
        assert not token or token not in shown, "a key is never shown"
    return done.returncode, done.stdout, done.stderr


def data(*arguments, **more):
    code, output, error = call(*arguments, "--json", **more)
    assert code == DONE, (arguments, code, error)
    answer = json.loads(output)
    assert answer["success"] is True, answer
    return answer.get("data")


def everything_is_read_with_the_role_viewer():
    tree = data("tree", token=TOKENS["viewer"])
    rest = WORLD.ask("GET", "/api/engine/actors", TOKENS["viewer"])[2]["data"]
    assert (tree["path"], [child["path"] for child in tree["children"]]) == (rest["path"], [child["path"] for child in rest["children"]])
    for view in ("pairs", "plans", "orders", "breakers", "sinks", "venues", "log"):
        data(view, token=TOKENS["viewer"])
    code, output, _ = call("watch", "price_update", "--count", "3", token=TOKENS["viewer"])
    assert code == DONE and [json.loads(line)["event"] for line in output.splitlines()] == ["price_update"] * 3, output


def a_pair_is_paused_with_the_role_for_it_only():
    pair = data("pairs", token=TOKENS["viewer"])[0]["id"]
    path = "engine/services/strategies/pair." + pair
    for role in ("viewer", "trader"):  # pausing by place in the tree may pause more than pairs
        code, output, error = call("pause", path, "--json", token=TOKENS[role])
        assert code == REFUSED and json.loads(output)["error"]["code"] == "FORBIDDEN" and "role" in error, (role, code, output, error)
    held = lambda: next(each for each in data("pairs", token=TOKENS["viewer"]) if each["id"] == pair)["heldBy"]  # noqa: E731
    assert not held()
    data("pause", path, token=TOKENS["risk"])
    assert held()
    data("resume", path, token=TOKENS["admin"])
    wait_until("nobody holds it", lambda: not held(), 5)


def the_kill_switch_is_thrown_with_the_role_for_it_and_audited():
    code, output, _ = call("kill-switch", "--reason", "refused", "--json", token=TOKENS["trader"])
    assert code == REFUSED and json.loads(output)["error"]["code"] == "FORBIDDEN", output
    thrown = lambda: WORLD.ask("GET", "/api/risk/kill", TOKENS["viewer"])[2]["data"]  # noqa: E731
    assert thrown() == []
    data("kill-switch", "--reason", "from afar", token=TOKENS["risk"])
    assert [each["reason"] for each in thrown()] == ["from afar"], thrown()
    data("kill-switch", "--release", token=TOKENS["risk"])
    assert thrown() == []
    records = [json.loads(line) for line in WORLD.tool("audit", "show", "--json", "--last", "1000").stdout.splitlines()]
    said = [(record["who"], record["phase"]) for record in records if record.get("what") == "ThrowKill"]
    assert said.count(("risk", "asked")) == said.count(("risk", "answered")) == 1 and "trader" in [who for who, _ in said], said


def a_wrong_key_and_none_are_told_so():
    for token in (None, "tk_0123456789ab_" + "0" * 64):
        code, output, error = call("tree", token=token)
        assert code == REFUSED and output == "" and re.search("key", error), (code, output, error)


def an_engine_of_another_authority_is_not_talked_to():
    code, output, error = call("tree", token=TOKENS["viewer"], ca=WORLD.certificates.other_ca)
    assert code == NO_ENGINE and output == "" and error, (code, output, error)
    # Without --ca the system's authorities hold, and this engine's is none of them: nothing is said in plain text either.
    done = subprocess.run([CONSOLE, "--at", "127.0.0.1:" + address().split(":")[1], "tree"], text=True, capture_output=True, timeout=60,
                          env={**os.environ, "TANDEM_KEY": TOKENS["viewer"]})
    assert done.returncode == NO_ENGINE and done.stdout == "" and TOKENS["viewer"] not in done.stderr, done
    for options in (["--ca", "/nowhere.pem"], ["--certificate", WORLD.certificates.client[0]], ["--certificate", "/nowhere.pem", "--certificate-key", "/no.key"]):
        done = subprocess.run([CONSOLE, "--at", address(), *options, "tree"], text=True, capture_output=True, timeout=60)
        assert done.returncode == CONFIGURATION and done.stdout == "" and done.stderr, (options, done)


def a_client_certificate_is_shown_where_one_is_asked_for():
    before = list(WORLD.settings)
    WORLD.engine.stop()
    WORLD.settings.append(f"listeners[1].tls.client_ca={WORLD.certificates.ca}")
    try:
        WORLD.start_engine()
        assert data("tree", token=TOKENS["viewer"], client=WORLD.certificates.client)["path"] == "engine"
        for client in (None, WORLD.certificates.stranger):
            code, output, error = call("tree", token=TOKENS["viewer"], client=client)
            assert code == NO_ENGINE and output == "" and error, (client, code, output, error)
        code, _, _ = call("tree", client=WORLD.certificates.client)
        assert code == REFUSED, "a certificate is no key"
    finally:
        WORLD.engine.stop()
        WORLD.settings[:] = before
        WORLD.start_engine()


def a_session_comes_back_when_the_engine_has_started_again():
    port = address().split(":")[1]
    with Terminal(address(), "--ca", WORLD.certificates.ca, environment={"TANDEM_KEY": TOKENS["admin"]}) as terminal:
        terminal.wait_for(r"engine +rest_for_one", r"\[mock\]")
        assert "tk_" not in terminal.screen()
        before = list(WORLD.settings)
        WORLD.engine.stop()
        terminal.wait_for("NO CONNECTION", "what is shown is old", seconds=20)
        WORLD.settings.append(f"listeners[1].address=127.0.0.1:{port}")
        try:
            WORLD.start_engine()
        finally:
            WORLD.settings[:] = before
        wait_until("no banner", lambda: "NO CONNECTION" not in terminal.screen(), 30)
        terminal.wait_for(r"feed +live", seconds=30)
        terminal.press("2")
        terminal.wait_for(r"held by", r"watching|open", seconds=30)
        terminal.press("q")
        assert terminal.ended_with() == "ended with 0"
    assert data("tree", token=TOKENS["viewer"])["path"] == "engine"


if __name__ == "__main__":
    enter()
    with SecureWorld() as WORLD:
        run([everything_is_read_with_the_role_viewer, a_pair_is_paused_with_the_role_for_it_only, the_kill_switch_is_thrown_with_the_role_for_it_and_audited,
             a_wrong_key_and_none_are_told_so, an_engine_of_another_authority_is_not_talked_to, a_client_certificate_is_shown_where_one_is_asked_for,
             a_session_comes_back_when_the_engine_has_started_again])
