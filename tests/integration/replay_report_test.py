#!/usr/bin/env python3
"""The main job on real input: the recorded markets go through the simulated venues into the running engine, and the opportunities it
prints at the end are those that an independent program finds in the same files (scripts/check_replay.py)."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import world  # noqa: E402

CONFIG = "config/examples/replay.yaml"
SCENARIO = "config/scenarios/replay.yaml"
REPLAY_SECONDS = 400  # two loaded cores
REPORT_SECONDS = 30


def play():
    """The engine's output after the whole recording, and its exit code."""
    with world.World(SCENARIO, CONFIG) as running:
        world.wait_until("the replay is done", lambda: any(line.startswith("replay done") for line in running.sim.lines)
                         or running.engine.process.poll() is not None, REPLAY_SECONDS)
        code = running.engine.stop(seconds=REPORT_SECONDS)
        return running.engine.lines, code


def check(report):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(report) + "\n")
        file.flush()
        return subprocess.run([sys.executable, "scripts/check_replay.py", CONFIG, "--diff", file.name], cwd=world.ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class ReplayReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        world.programs()
        world.shared("venues/binance/spot-btcusdt-20240808-a.rec.gz")
        cls.report, cls.code = play()

    def test_the_engine_ends_by_itself_when_told_and_reports(self):
        self.assertEqual(self.code, 0)
        self.assertRegex(self.report[-1], r"^opportunities=[1-9]\d* kept=[1-9]\d*$")

    def test_its_list_is_the_one_in_the_recordings(self):
        checked = check(self.report)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertEqual(checked.stdout, "difference: 0\n")

    def test_the_check_would_notice_one_digit(self):
        last = max(n for n, line in enumerate(self.report) if line.startswith("opportunity "))
        altered = list(self.report)
        altered[last] = altered[last].replace("lifetime_ms=", "lifetime_ms=1")
        checked = check(altered)
        self.assertEqual(checked.returncode, 1)
        self.assertTrue(checked.stdout.endswith("difference: 1\n"), checked.stdout)


if __name__ == "__main__":
    unittest.main()
