#!/usr/bin/env python3
"""What scripts/run promises, shown with two tiny programs in place of simulator and engine."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WAIT_SECONDS = 30

# Both fakes leave their process id beside them, so that a test can see that nothing is left.
SIMULATOR = """
    import os, pathlib, signal, sys, threading
    here = pathlib.Path(sys.argv[0]).parent
    (here / "simulator.pid").write_text(str(os.getpid()))
    (here / "simulator.args").write_text(" ".join(sys.argv[1:]))
    if "broken" in sys.argv[2]:
        print("scenario: line 3: no such symbol", file=sys.stderr)
        sys.exit(78)
    print("ready binance_spot=127.0.0.1:34567 bybit_linear=127.0.0.1:34568 admin=127.0.0.1:1", flush=True)
    if "replay" in sys.argv[2]:
        print("replay done frames=3", flush=True)
    if "short" in sys.argv[2]:
        sys.exit(3)
    signal.pause()
"""
ENGINE = """
    import os, pathlib, signal, sys
    here = pathlib.Path(sys.argv[0]).parent
    (here / "engine.pid").write_text(str(os.getpid()))
    (here / "engine.args").write_text(" ".join(sys.argv[1:]))
    (here / "engine.env").write_text(os.environ.get("SIM_BINANCE_SPOT", "-") + " " + os.environ.get("SIM_BYBIT_LINEAR", "-"))
    config = open(sys.argv[2]).read()
    if "mistake" in config:
        print("x.yaml:1: mode: unknown", file=sys.stderr)
        sys.exit(78)
    stop = lambda *_: (print("2 opportunities", flush=True), sys.exit(4 if "four" in config else 0))
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in config else stop)
    if "mute" not in config:
        print("ready http=127.0.0.1:7000 metrics=127.0.0.1:7001", flush=True)
    if "crash" in config:
        sys.exit(70)
    while True:
        signal.pause()
"""


def gone(pid):
    try:
        os.kill(pid, 0)
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


class ScriptsRun(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        for name, body in (("simulator", SIMULATOR), ("engine", ENGINE)):
            program = self.folder / name
            program.write_text(f"#!{sys.executable}\n" + textwrap.dedent(body))
            program.chmod(0o755)
        (self.folder / "scenarios").mkdir()
        for scenario in ("live", "replay", "broken", "short"):
            (self.folder / "scenarios" / f"{scenario}.yaml").write_text("")

    def run_script(self, config, *arguments, **environment):
        (self.folder / "config.yaml").write_text(config)
        return subprocess.Popen(
            [ROOT / "scripts/run", "config.yaml", *arguments], cwd=self.folder, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"TANDEM_BIN": str(self.folder / "engine"), "TANDEM_SIM_BIN": str(self.folder / "simulator"),
                              "TANDEM_RUN_DIR": str(self.folder / "run"), "TANDEM_SETTLE_SECONDS": "0", **environment})

    def until_ready(self, process):
        """The first line on standard output is the engine's ready line."""
        timer = threading.Timer(WAIT_SECONDS, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        self.assertTrue(line.startswith("ready "), line + (process.stderr.read() if not line else ""))
        return line

    def finish(self, process):
        out, err = process.communicate(timeout=WAIT_SECONDS)
        for name in ("simulator", "engine"):
            file = self.folder / f"{name}.pid"
            if file.exists():
                self.assertTrue(gone(int(file.read_text())), f"{name} is still running\n{err}")
        return out, err

    def test_the_engine_learns_the_simulators_addresses_and_gets_its_options(self):
        process = self.run_script("mode: mock\nsimulator: 'scenarios/live.yaml'   # beside this file\n", "--set", "log.level=debug")
        self.assertEqual(self.until_ready(process), "ready http=127.0.0.1:7000 metrics=127.0.0.1:7001\n")
        process.send_signal(signal.SIGTERM)
        _, err = self.finish(process)
        self.assertEqual((self.folder / "engine.env").read_text(), "127.0.0.1:34567 127.0.0.1:34568")
        self.assertEqual((self.folder / "simulator.args").read_text(), f"run {self.folder}/scenarios/live.yaml")
        self.assertEqual((self.folder / "engine.args").read_text(), f"run {self.folder}/config.yaml --set log.level=debug")
        self.assertIn("http://127.0.0.1:7000/", err)
        self.assertEqual(err.count("curl -s"), 3)

    def test_ctrl_c_ends_all_it_started_and_keeps_the_engines_report_and_code(self):
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal_number.name):
                process = self.run_script("simulator: scenarios/live.yaml\nname: four\n")
                self.until_ready(process)
                os.killpg(process.pid, signal_number)  # as a terminal does
                out, _ = self.finish(process)
                self.assertEqual(process.returncode, 4)
                self.assertEqual(out, "2 opportunities\n")

    def test_a_replay_ends_by_itself_with_the_report(self):
        process = self.run_script("simulator: scenarios/replay.yaml\n")
        out, _ = self.finish(process)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(out.splitlines()[1:], ["2 opportunities"])

    def test_without_a_scenario_only_the_engine_runs(self):
        for config in ("mode: dev\n", "# simulator: scenarios/live.yaml\nmode: dev\nnested:\n  simulator: scenarios/live.yaml\n"):
            with self.subTest(config):
                process = self.run_script(config)
                self.until_ready(process)
                process.send_signal(signal.SIGINT)
                self.finish(process)
                self.assertEqual(process.returncode, 0)
                self.assertFalse((self.folder / "simulator.pid").exists())

    def test_a_configuration_mistake_is_shown_and_keeps_its_code(self):
        process = self.run_script("simulator: scenarios/live.yaml\nmistake: 1\n")
        out, err = self.finish(process)
        self.assertEqual(process.returncode, 78)
        self.assertIn("x.yaml:1: mode: unknown", err)
        self.assertEqual(out, "")

    def test_a_missing_file_is_named(self):
        for config, code, text in ((None, 64, "no such configuration"), ("simulator: nowhere.yaml\n", 78, "nowhere.yaml")):
            with self.subTest(text):
                process = self.run_script(config) if config else subprocess.Popen(
                    [ROOT / "scripts/run", "nothing.yaml"], cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                _, err = self.finish(process)
                self.assertEqual(process.returncode, code)
                self.assertIn(text, err)

    def test_a_simulator_that_does_not_start_is_69_with_its_words(self):
        process = self.run_script("simulator: scenarios/broken.yaml\n")
        _, err = self.finish(process)
        self.assertEqual(process.returncode, 69)
        self.assertIn("line 3: no such symbol", err)

    def test_a_simulator_that_ends_ends_the_engine(self):
        process = self.run_script("simulator: scenarios/short.yaml\n")
        _, err = self.finish(process)
        self.assertEqual(process.returncode, 69)
        self.assertIn("the simulator ended", err)

    def test_a_crash_of_the_engine_ends_the_simulator_and_keeps_its_code(self):
        process = self.run_script("simulator: scenarios/live.yaml\ncrash: 1\n")
        self.finish(process)
        self.assertEqual(process.returncode, 70)

    def test_an_engine_that_never_becomes_ready_is_given_up(self):
        process = self.run_script("mute: 1\n", TANDEM_READY_SECONDS="1")
        _, err = self.finish(process)
        self.assertEqual(process.returncode, 69)
        self.assertIn("did not become ready", err)

    def test_an_engine_that_does_not_stop_is_killed(self):
        process = self.run_script("stubborn: 1\n", TANDEM_STOP_SECONDS="1")
        self.until_ready(process)
        process.send_signal(signal.SIGTERM)
        _, err = self.finish(process)
        self.assertEqual(process.returncode, 128 + signal.SIGKILL)
        self.assertIn("did not stop", err)

    def test_nothing_is_left_when_the_script_itself_is_killed(self):
        process = self.run_script("simulator: scenarios/live.yaml\n")
        self.until_ready(process)
        process.kill()
        process.communicate(timeout=WAIT_SECONDS)
        pids = [int((self.folder / f"{name}.pid").read_text()) for name in ("simulator", "engine")]
        still = threading.Event()
        for _ in range(WAIT_SECONDS * 20):
            if all(gone(pid) for pid in pids):
                return
            still.wait(0.05)
        self.fail("a program outlived the script")


if __name__ == "__main__":
    unittest.main()
