"""A capture sink: what an engine that is killed has written is read with other programs, counted against the engine's own counters, and played
again as recorded markets, by the back-test and by the simulator; a torn file is gone on behind; a disk that refuses is told; a captured run has its
sinks too.
"""
import gzip
import json
import pathlib
import signal
import subprocess
import time
import zlib

from world import ROOT, World, run, wait_until

SECONDS = 10
SINK = "engine/services/sinks/sink.archive"
KINDS = {"binance_spot": "depth, trade", "bybit_spot": "orderbook.50, publicTrade"}  # nothing is played before all of them are listened to
GRIDS = {"binance_spot": ("0.01", "0.00001"), "bybit_spot": ("0.1", "0.000001")}  # of BTCUSDT


def members(file):
    """The text of a file as far as its members are whole, by Python's zlib; and what is left."""
    left, text = file.read_bytes(), b""
    while left:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            part = unpacker.decompress(left)
        except zlib.error:
            break
        if not unpacker.eof:
            break
        text += part
        left = unpacker.unused_data
    return text.decode(), len(left)


def lines_of(directory, series):
    found = []
    for file in sorted(directory.glob(f"{series}-*.gz")):
        found += members(file)[0].splitlines()
    return found


def verify(world, directory):
    done = subprocess.run([world.engine_bin, "capture", "verify", str(directory)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def gapless(records):
    numbers = [record["seq"] for record in records]
    assert len({record["stream"] for record in records}) == 1 and numbers == list(range(1, len(numbers) + 1)), numbers[:20]


def what_a_killed_engine_captured_is_whole_and_plays_again():
    with World(config="config/examples/capture.yaml", settings=["sinks[0].capture.file_age=3s", "sinks[0].flush_interval=200ms"]) as world:
        directory = pathlib.Path(world.directory.name) / "state/sinks/archive/capture"
        world.wait_all_watching()
        wait_until("an execution", lambda: world.get("/api/executions?limit=1"), 60)
        time.sleep(SECONDS)
        world.sim.stop(signal.SIGKILL)  # nothing new comes from here on
        counters = wait_until("all that came is written", lambda: (lambda c: c if c["frames"] == c["frames_written"] and c["waiting"] == 0 else None)(
            world.actor(SINK)["counters"]), 30)
        assert counters["frames_lost"] == 0 and counters["lost"] == 0 and counters["frames"] > 100, counters
        assert world.engine.stop(signal.SIGKILL) == -signal.SIGKILL

        parts = list(directory.glob("*.part.gz"))
        assert parts, "files that were being written"
        for file in directory.glob("*.gz"):
            if file not in parts:
                gzip.decompress(file.read_bytes())
                subprocess.run(["gzip", "--test", str(file)], check=True)
        frames = {series: lines_of(directory, f"frames-{series}") for series in GRIDS}
        assert sum(map(len, frames.values())) == counters["frames_written"], ({name: len(lines) for name, lines in frames.items()}, counters)
        records = [json.loads(line) for line in lines_of(directory, "events")]
        gapless(records)
        assert len(records) == counters["delivered"], (len(records), counters)
        assert {"trade", "order", "fill", "execution"} <= {record["kind"] for record in records}
        assert all(record["mode"] == "mock" for record in records)
        traded = sum(1 for line in frames["binance_spot"] if "@trade" in line)
        assert traded == sum(1 for record in records if record["kind"] == "trade" and record["exchange"] == "binance"), traded
        assert len(list(directory.glob("frames-bybit_spot-*.gz"))) > 1, "no file was closed for its age"
        print(f"{counters['frames_written']} frames and {len(records)} records, as the engine counted them", flush=True)

        code, said = verify(world, directory)
        assert code == 0 and said.endswith("capture: in order\n") and f"{counters['frames_written']} frames" in said, said
        plays_again(world, directory)
        plays_again_by_the_simulator(directory, records)
        a_torn_end_costs_what_was_torn(world, directory, len(records))


def write_scenario(directory):
    """The frames of a capture as a scenario of recorded markets."""
    scenario = directory.parent / "again.yaml"
    sources = [f"    - {{surface: {market}, symbol: BTCUSDT, tick: \"{tick}\", lot: \"{lot}\", wait_for: [{KINDS[market]}], files: "
               f"[{', '.join(str(file) for file in sorted(directory.glob(f'frames-{market}-*.gz')))}]}}" for market, (tick, lot) in GRIDS.items()]
    scenario.write_text("replay:\n  start: when_subscribed\n  speed: as_fast_as_read\n  lockstep: true\n  sources:\n" + "\n".join(sources) + "\n")
    return scenario


def plays_again(world, directory):
    """The frames as recorded markets, by the back-test."""
    report = directory.parent / "report.json"
    world_bin = pathlib.Path(world.engine_bin).with_name("tandem-world")
    done = subprocess.run([world_bin, "backtest", "config/examples/capture.yaml", "--scenario", str(write_scenario(directory)), "--seconds", "120",
                           "--json", str(report)], text=True, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    print(done.stdout.splitlines()[0], "|", done.stdout.splitlines()[-1], flush=True)
    executions = sum(pair["executions"] for pair in json.loads(report.read_text())["pairs"])
    assert executions > 0, done.stdout


def plays_again_by_the_simulator(directory, records):
    """The frames as recorded markets over real sockets into another engine, whose own capture has the same public trades."""
    with World(scenario=str(write_scenario(directory)), config="config/examples/capture.yaml", settings=["engine.delivery=lossless"]) as again:
        wait_until("the replay is over", lambda: any(line.startswith("replay done") for line in again.sim.lines), 120)
        wait_until("all that came is written", lambda: (lambda c: c["frames"] == c["frames_written"] and c["waiting"] == 0)(again.actor(SINK)["counters"]), 30)
        again.engine.stop()
        kept = pathlib.Path(again.directory.name) / "state/sinks/archive/capture"
        seen = [json.loads(line) for line in lines_of(kept, "events")]
    for exchange in ("binance", "bybit"):
        before, after = ([(record["id"], record["price"], record["qty"], record["taker"]) for record in told
                          if record["kind"] == "trade" and record["exchange"] == exchange] for told in (records, seen))
        assert before and after == before, (exchange, len(before), len(after), before[:2], after[:2])
        print(f"{exchange}: {len(after)} trades of the capture, played by the simulator, are captured again", flush=True)


def a_torn_end_costs_what_was_torn(world, directory, count):
    """As a power loss may leave it: readable up to the tear, and told."""
    part = max(directory.glob("events-*.part.gz"))
    part.write_bytes(part.read_bytes()[:-5])
    text, left = members(part)
    assert left > 0
    code, said = verify(world, directory)
    assert code == 0 and "a torn end" in said, said
    kept = len(lines_of(directory, "events"))
    assert kept < count
    print(f"{count - kept} records of the torn block are gone from the file", flush=True)


def an_engine_goes_on_behind_a_torn_block():
    """It was killed while it wrote: behind the last whole block stands a piece of the next one, whose records the spool still has."""
    with World(config="config/examples/capture.yaml", settings=["sinks[0].flush_interval=100ms"]) as world:
        directory = pathlib.Path(world.directory.name) / "state/sinks/archive/capture"
        wait_until("records are delivered", lambda: world.actor(SINK)["counters"].get("delivered", 0) > 50, 30)
        assert world.engine.stop(signal.SIGKILL) == -signal.SIGKILL
        torn = sorted(directory.glob("*.part.gz"))
        assert {file.name.split("-")[0] for file in torn} == {"events", "frames"}, torn
        piece = gzip.compress(b"what would have been the next block\n" * 100)[:40]
        for file in torn:
            file.write_bytes(file.read_bytes() + piece)
        before = {series: len(lines_of(directory, series)) for series in ("events", "frames")}
        code, said = verify(world, directory)
        assert code == 0 and "a torn end" in said, said

        world.start_engine()
        wait_until("records are delivered again", lambda: world.actor(SINK)["counters"].get("delivered", 0) > 50, 30)
        world.sim.stop(signal.SIGKILL)
        wait_until("all that came is written", lambda: (lambda c: c["frames"] == c["frames_written"] and c["waiting"] == 0)(world.actor(SINK)["counters"]), 30)
        assert world.actor(SINK)["counters"]["lost"] == 0
        assert world.engine.stop() == 0
        assert not list(directory.glob("*.part.gz"))
        for file in directory.glob("*.gz"):
            subprocess.run(["gzip", "--test", str(file)], check=True)
        code, said = verify(world, directory)
        assert code == 0 and said.endswith("capture: in order\n") and "torn" not in said, said
        gapless([json.loads(line) for line in lines_of(directory, "events")])
        after = {series: len(lines_of(directory, series)) for series in ("events", "frames")}
        assert all(after[series] > before[series] for series in before), (before, after)
        print(f"behind torn blocks: from {before} to {after} lines, in order", flush=True)


def a_disk_that_refuses_frames_is_told():
    with World(config="config/examples/capture.yaml", settings=["sinks[0].capture.file_age=1s", "sinks[0].flush_interval=100ms"]) as world:
        directory = pathlib.Path(world.directory.name) / "state/sinks/archive/capture"
        wait_until("frames are written", lambda: world.actor(SINK)["counters"].get("frames_written", 0) > 50, 30)
        directory.rename(directory.with_name("aside"))
        directory.write_text("no directory")

        def alerts(code):
            return [alert for alert in world.get("/api/alerts?limit=500")["alerts"] if alert["code"] == code]
        told = wait_until("the loss of frames is told", lambda: [alert for alert in alerts("SINK_LOST") if "frames are not captured" in alert["message"]], 60)
        assert told[0]["severity"] == "critical", told
        counters = world.actor(SINK)["counters"]
        assert counters["frames_lost"] > 0 and counters["lost"] == 0, counters
        directory.unlink()
        directory.with_name("aside").rename(directory)
        written = world.actor(SINK)["counters"]["frames_written"]
        wait_until("frames are written again", lambda: world.actor(SINK)["counters"]["frames_written"] > written, 60)
        # Records waited in the spool meanwhile.
        world.sim.stop(signal.SIGKILL)
        wait_until("the records are written", lambda: world.actor(SINK)["counters"]["waiting"] == 0, 60)
        world.engine.stop()
        records = [json.loads(line) for line in lines_of(directory, "events")]
        gapless(records)
        print(f"{counters['frames_lost']} frames were lost to the disk and told, {len(records)} records without a gap", flush=True)


def a_captured_run_writes_to_its_sinks_and_replays():
    """The records of `tandem run --capture` are those that it answers for, and the sinks beside it change nothing in the replay."""
    with World(config="config/examples/capture.yaml", capture=True, settings=["sinks[0].flush_interval=100ms"]) as world:
        directory = pathlib.Path(world.directory.name) / "state/sinks/archive/capture"

        def records_in(place):
            return [json.loads(line) for line in lines_of(place, "events")]
        execution = wait_until("an execution", lambda: world.get("/api/executions?limit=1"), 60)[0]
        kinds = {"trade", "order", "fill", "execution"}
        wait_until("its records", lambda: kinds <= {record["kind"] for record in records_in(directory)}, 30)
        assert world.engine.stop() == 0
        world.sim.stop(signal.SIGKILL)
        kept = directory.parents[1].rename(directory.parents[2] / "sinks-of-the-run") / "archive/capture"
        code, output = world.replay()
        assert code == 0 and ", 0 differences, " in output.splitlines()[-1], output[-2000:]
        assert not directory.exists(), "a replay has no sinks"
        records = records_in(kept)
        gapless(records)
        told = {record["id"] for record in records if record["kind"] == "execution"}
        name = f"{execution['pairId']}:{execution['number']}"
        assert name in told and kinds <= {record["kind"] for record in records}, (execution, told)
        print(f"{len(records)} records of a captured run, {len(told)} executions among them; {output.splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    run([what_a_killed_engine_captured_is_whole_and_plays_again, an_engine_goes_on_behind_a_torn_block, a_disk_that_refuses_frames_is_told,
         a_captured_run_writes_to_its_sinks_and_replays])
