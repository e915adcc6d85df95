"""A capture sink: what an engine that is killed has written is read with other programs, counted against the engine's own counters, and played
again as recorded markets.
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
        a_torn_end_costs_what_was_torn(world, directory, len(records))


def plays_again(world, directory):
    """The frames as recorded markets, by the back-test."""
    scenario = directory.parent / "again.yaml"
    sources = [f"    - {{surface: {market}, symbol: BTCUSDT, tick: \"{tick}\", lot: \"{lot}\", files: "
               f"[{', '.join(str(file) for file in sorted(directory.glob(f'frames-{market}-*.gz')))}]}}" for market, (tick, lot) in GRIDS.items()]
    scenario.write_text("replay:\n  start: when_subscribed\n  speed: as_fast_as_read\n  lockstep: true\n  sources:\n" + "\n".join(sources) + "\n")
    report = directory.parent / "report.json"
    world_bin = pathlib.Path(world.engine_bin).with_name("tandem-world")
    done = subprocess.run([world_bin, "backtest", "config/examples/capture.yaml", "--scenario", str(scenario), "--seconds", "120", "--json", str(report)],
                          text=True, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    print(done.stdout.splitlines()[0], "|", done.stdout.splitlines()[-1], flush=True)
    executions = sum(pair["executions"] for pair in json.loads(report.read_text())["pairs"])
    assert executions > 0, done.stdout


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


if __name__ == "__main__":
    run([what_a_killed_engine_captured_is_whole_and_plays_again])
