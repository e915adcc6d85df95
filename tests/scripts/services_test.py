#!/usr/bin/env python3
"""What scripts/services refuses and what it leaves alone; shown without a server, so that it costs nothing."""
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Services(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def services(self, *arguments, **environment):
        """(exit code, standard output, standard error)"""
        done = subprocess.run([ROOT / "scripts/services", *arguments, "--data", self.folder / "data"], capture_output=True, text=True,
                              env={**os.environ, **environment})
        return done.returncode, done.stdout, done.stderr

    def path_without(self, *programs):
        """A PATH with all that Debian's has but these."""
        folder = self.folder / "bin"
        folder.mkdir()
        for program in pathlib.Path("/usr/bin").iterdir():
            if program.name not in programs:
                (folder / program.name).symlink_to(program)
        return str(folder)

    def test_a_word_that_it_does_not_know_is_named(self):
        for arguments, word in ((("begin", "kafka"), "what to do"), (("start", "mongodb"), "mongodb"), (("start",), "which KIND"),
                                (("start", "kafka", "influx1", "--port", "9092"), "--port"), (("start", "kafka", "--port", "0"), "--port"),
                                (("start", "kafka", "--port", "http"), "--port")):
            code, out, errors = self.services(*arguments)
            self.assertEqual((code, out), (64, ""), arguments)
            self.assertIn(word, errors)
        self.assertFalse((self.folder / "data").exists())

    def test_what_is_not_installed_is_named_with_a_code_of_its_own(self):
        path = self.path_without("influxd", "java")
        cache = self.folder / "cache"
        for kind, program in (("influx1", "influxd"), ("kafka", "java")):
            for command in ("install", "start"):
                code, out, errors = self.services(command, kind, PATH=path, XDG_CACHE_HOME=str(cache))
                self.assertEqual((code, out), (69, ""), errors)
                self.assertIn(f"{kind}: {program} is not installed", errors)
        self.assertEqual(list(cache.glob("*/*/complete")), [])  # what could not be made is not taken for made

    def test_what_never_ran_is_stopped(self):
        self.assertEqual(self.services("status", "postgres", "kafka")[:2], (1, "postgres=stopped\nkafka=stopped\n"))
        self.assertEqual(self.services("stop", "postgres", "kafka"), (0, "", ""))
        self.assertEqual(self.services("kill", "postgres", "kafka"), (0, "", ""))

    def test_a_process_that_only_has_the_number_of_an_earlier_server_is_left_alone(self):
        other = subprocess.Popen(["sleep", "600"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        folder = self.folder / "data/influx1"
        folder.mkdir(parents=True)
        (folder / "pid").write_text(f"{other.pid} 1\n")
        self.assertEqual(self.services("status", "influx1")[:2], (1, "influx1=stopped\n"))
        for command in ("stop", "kill"):
            self.assertEqual(self.services(command, "influx1"), (0, "", ""))
        self.assertIsNone(other.poll())

    def test_a_port_that_something_else_listens_at_is_refused(self):
        path = self.path_without()
        (self.folder / "bin/influxd").unlink(missing_ok=True)
        (self.folder / "bin/influxd").symlink_to("/bin/false")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, out, errors = self.services("start", "influx1", "--port", str(port), PATH=path)
        self.assertEqual((code, out), (69, ""), errors)
        self.assertIn(f"something else listens at 127.0.0.1:{port}", errors)
        self.assertFalse((self.folder / "data/influx1/ports").exists())  # another one may be tried

    def test_a_server_that_ends_while_it_starts_is_told_with_its_last_words(self):
        path = self.path_without()
        server = self.folder / "bin/influxd"
        server.unlink(missing_ok=True)
        server.write_text("#!/bin/sh\necho the disk is full\nexit 3\n")
        server.chmod(0o755)
        code, out, errors = self.services("start", "influx1", PATH=path)
        self.assertEqual((code, out), (70, ""), errors)
        self.assertIn("the disk is full", errors)
        self.assertIn("influx1 ended while it started", errors)

    def test_a_second_port_for_the_same_data_is_refused(self):
        folder = self.folder / "data/influx1"
        folder.mkdir(parents=True)
        (folder / "ports").write_text("23456 23457\n")
        path = self.path_without()
        (self.folder / "bin/influxd").unlink(missing_ok=True)
        (self.folder / "bin/influxd").symlink_to("/bin/false")
        code, out, errors = self.services("start", "influx1", "--port", "23458", PATH=path)
        self.assertEqual((code, out), (64, ""), errors)
        self.assertIn("belong to port 23456", errors)


if __name__ == "__main__":
    unittest.main()
