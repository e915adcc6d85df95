"""A headless browser with one page, driven by its debugging protocol: `with Page(url) as page: page("document.title")`."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

from world import WebSocket, wait_until

PROGRAM = "chromium-headless-shell"


class Page:
    def __init__(self, url):
        program = shutil.which(PROGRAM)
        if not program:
            print(f"skipped: {PROGRAM} is not installed (scripts/setup)")
            sys.exit(1 if os.environ.get("CI") else 77)
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen([program, "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--user-data-dir=" + self.folder.name, url],
                                        stdout=subprocess.DEVNULL, stderr=self.errors, start_new_session=True)
        self.number = 0
        try:
            address = wait_until("the browser listens", lambda: re.search(r"DevTools listening on ws://([^/]+)", self._said()), 30)[1]

            def page():
                with urllib.request.urlopen(f"http://{address}/json/list", timeout=10) as reply:
                    return [each for each in json.load(reply) if each["type"] == "page" and each["url"].startswith(url)]
            target = wait_until("the page", page, 30)[0]["webSocketDebuggerUrl"]
            self.socket = WebSocket(address, "/" + target.split("/", 3)[3])
        except BaseException:
            self.close()
            raise

    def _said(self):
        self.errors.seek(0)
        return self.errors.read()

    def __call__(self, expression):
        """The value of a JavaScript expression in the page."""
        self.number += 1
        self.socket.send({"id": self.number, "method": "Runtime.evaluate", "params": {"expression": expression, "returnByValue": True}})
        answer = self.socket.wait_for("the page's answer", lambda frame: frame.get("id") == self.number, 20)["result"]
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, selector):
        """What a person reads there; "" where it is not there yet."""
        return self(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # the program is a script that starts the browser
        self.process.wait()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
