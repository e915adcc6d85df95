"""A captured run, played again: every message that the engine sent then is sent again, byte for byte, whatever happened meanwhile.

A short run by day, two minutes in the nightly one.
"""
import gzip
import os
import pathlib
import re
import signal
import struct
import subprocess
import time

from world import ROOT, WebSocket, World, run, wait_until

NIGHTLY = os.environ.get("TANDEM_NIGHTLY") == "1"
SECONDS = 120 if NIGHTLY else 12
ASK, TELL = 68, 129  # apps/tandem/capture/item.hpp


def verdict(output):
    """(turns, messages compared, differences)"""
    found = re.fullmatch(r"replay: (\d+) turns, (\d+) messages compared, (\d+) differences, [\d.]+ s of captured time in [\d.]+ s",
                         output.splitlines()[-1])
    assert found, output[-2000:]
    return tuple(int(part) for part in found.groups())


def plain(capture):
    return gzip.decompress(pathlib.Path(capture).read_bytes())


def trades(world, least):
    wait_until(f"{least} executions", lambda: len(world.get("/api/executions?limit=100")) >= least, 30)


def play_around(world):
    """Clients, commands and faults of every sort."""
    watcher = WebSocket(world.engine.addresses["http"])
    watcher.send({"type": "subscribe", "channels": ["prices", "arbitrage"]})
    rude = WebSocket(world.engine.addresses["http"])
    rude.send("no JSON")
    rude.close()
    for path in ("/health", "/metrics", "/api/exchanges", "/api/orders", "/api/executions", "/api/alerts", "/api/engine/actors",
                 "/api/account/binance", "/api/risk/breakers", "/nowhere"):
        world.request("GET", path)
    secret = "a-secret-that-must-not-stay"
    status, _ = world.request("PUT", "/api/settings/api", {"exchange": "binance", "apiKey": secret, "secretKey": secret})
    assert status >= 400, status
    pair = world.get("/api/monitoring/pairs")[0]
    status, _ = world.request("POST", "/api/monitoring/pairs", {**pair, "id": "made_while_captured"})
    assert status == 200, status
    world.fault(kind="disconnect", surface="binance_linear")
    world.request("POST", "/api/engine/actors/kill", {"path": "engine/services/venues/bybit/linear/feed"})
    watcher.wait_for("anything", lambda frame: True)
    return watcher, secret


def the_same_messages_after_everything_that_can_happen():
    with World(capture=True) as world:
        began = time.monotonic()
        trades(world, 1)
        watcher, secret = play_around(world)
        wait_until("the time is up", lambda: time.monotonic() - began > SECONDS, SECONDS + 5)
        watcher.close()
        watcher = WebSocket(world.engine.addresses["http"])
        watcher.wait_for("anything", lambda frame: True)  # connected, and among those who are told
        world.engine.process.send_signal(signal.SIGUSR1)
        watcher.wait_for("the kill switch", lambda frame: "KILL_SWITCH" in str(frame), 10)
        watcher.close()
        assert world.engine.stop() == 0
        code, output = world.replay()
        turns, compared, differences = verdict(output)
        print(output.splitlines()[-1])
        assert code == 0 and differences == 0, output[-3000:]
        assert turns > 100 * SECONDS and compared > 20 * SECONDS, output
        assert os.stat(world.capture).st_mode & 0o777 == 0o600
        held = plain(world.capture)
        for word in (secret.encode(), b"mock-binance-secret", b"mock-bybit-secret", b"mock-binance-key", b"mock-bybit-key"):
            assert word not in held, word
        assert not re.search(rb"signature=[0-9a-f]{64}", held)


def a_run_that_goes_on_from_a_journal_and_is_killed():
    with World(settings=["trading.durability=fsync"]) as world:
        trades(world, 2)
        world.engine.stop(signal.SIGKILL)
        world.capture = world.directory.name + "/second.capture"
        world.start_engine()
        trades(world, 3)
        held = time.monotonic()
        wait_until("the writer has flushed", lambda: time.monotonic() - held > 2.5, 5)
        world.engine.stop(signal.SIGKILL)
        code, output = world.replay()
        assert code == 0 and "its engine was killed" in output and verdict(output)[1] > 20, output[-3000:]


def records(held, at):
    """(offset, length) of each item behind the header."""
    size, = struct.unpack_from("<I", held, at)
    at += 4 + size
    while at + 4 <= len(held):
        size, = struct.unpack_from("<I", held, at)
        yield at + 4, size
        at += 4 + size


def what_was_changed_is_shown_with_both_sides_and_the_actor():
    with World(capture=True) as world:
        trades(world, 1)
        assert world.engine.stop() == 0
        held = bytearray(plain(world.capture))
        start = len(b"tandem capture 1\n")
        place = next(at for at, size in records(held, start)
                     if held[at] == ASK and b"/fapi/v1/order" in held[at:at + size] and b"quantity=" in held[at:at + size])
        digit = held.index(b"quantity=", place) + len(b"quantity=")
        held[digit] ^= 1
        altered = world.directory.name + "/altered.capture"
        pathlib.Path(altered).write_bytes(gzip.compress(bytes(held)))
        code, output = world.replay(capture=altered)
        assert code == 1 and verdict(output)[2] == 1, output[-3000:]
        captured = re.search(r"^  captured: (.*)$", output, re.M)[1]
        replayed = re.search(r"^  replayed: (.*)$", output, re.M)[1]
        assert "quantity=" in captured and "quantity=" in replayed and captured != replayed, output
        assert re.search(r"^  first diverging actor: \S", output, re.M), output

        code, output = world.replay("--trace", "engine/services/strategies", "--until", "2000")
        assert code == 0 and verdict(output)[0] == 2000, output[-1000:]
        assert re.search(r"engine/services/strategies/pair\.\w+ handles ", output), output[:2000]


def its_markets_are_a_back_test():
    with World(capture=True) as world:
        began = time.monotonic()
        trades(world, 1)
        wait_until("the markets have moved", lambda: time.monotonic() - began > 5, 10)
        assert world.engine.stop() == 0
        again = [subprocess.run([os.environ["TANDEM_WORLD_BIN"], "backtest", world.config, "--capture", world.capture], text=True, cwd=ROOT,
                                capture_output=True, timeout=60) for _ in range(2)]
        assert again[0].returncode == 0 and again[0].stderr == "", again[0]
        assert again[0].stdout == again[1].stdout, again
        found = re.search(r"^(\d+) s of virtual time, digest [0-9a-f]{16}$", again[0].stdout, re.M)
        assert found and 10 <= int(found[1]) < 60, again[0].stdout


def what_is_no_capture_is_refused():
    with World(capture=True) as world:
        again = world.replay(capture=world.config)
        assert again[0] == 65 and "no capture" in again[1], again
        assert world.replay(capture="/nowhere")[0] == 65
        world.engine.stop()
        again = subprocess.run([world.engine_bin, "run", world.config, "--set", world.settings[0], "--capture", world.capture], text=True,
                               cwd=ROOT, capture_output=True, timeout=20)
        assert again.returncode == 69 and world.capture in again.stderr, again


run([the_same_messages_after_everything_that_can_happen, a_run_that_goes_on_from_a_journal_and_is_killed,
     what_was_changed_is_shown_with_both_sides_and_the_actor, its_markets_are_a_back_test, what_is_no_capture_is_refused])
