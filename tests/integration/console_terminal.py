"""A console on a terminal that a test drives: keys in, the screen out."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from world import wait_until

CONSOLE = os.environ.get("TANDEM_CONSOLE_BIN") or str(pathlib.Path(os.environ.get("TANDEM_BIN", "")).with_name("tandem-console"))
COLUMNS, LINES = 116, 34


def enter():
    """Ends the test as "cannot run here" (77) without the console or tmux, as failed under CI."""
    if not pathlib.Path(CONSOLE).is_file() or subprocess.run(["which", "tmux"], stdout=subprocess.DEVNULL).returncode != 0:
        print("skipped: tandem-console or tmux is not there")
        sys.exit(1 if os.environ.get("CI") else 77)


class Terminal:
    """A console in a tmux of its own."""

    def __init__(self, address, *arguments, environment=None):
        self.directory = tempfile.TemporaryDirectory()
        self.socket = self.directory.name + "/tmux"
        self.environment = environment or {}
        self.tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES),
                  " ".join([CONSOLE, "--at", address, *arguments]) + f"; echo ended with $? > {self.directory.name}/end; sleep 60")

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={**os.environ, **self.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"})
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait_for(self, *patterns, seconds=15):
        def seen():
            text = self.screen()
            return text if all(re.search(pattern, text) for pattern in patterns) else None
        try:
            return wait_until(str(patterns), seen, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.screen()}") from None

    def ended_with(self):
        end = pathlib.Path(self.directory.name + "/end")
        wait_until("the console has ended", lambda: end.exists() and end.read_text(), 10)
        return end.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")
        self.directory.cleanup()
