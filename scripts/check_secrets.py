#!/usr/bin/env python3
"""Looks for secrets that somebody has put into a file of the project by mistake: keys of venues and clouds, of our own interfaces, private keys.

Prints one line per find, `file:line: what`, never the secret itself, and exits 1 when there is any.

usage: scripts/check_secrets.py [ROOT]
"""
import pathlib
import re
import subprocess
import sys

FILE_BYTES_MAX = 1024 * 1024
PATTERNS = (
    ("an API key of our interfaces", re.compile(r"\btk_[0-9a-f]{12}_[0-9a-f]{64}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*$")),
    ("an AWS key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Google key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a Slack token", re.compile(r"\bxox[abposr]-[0-9A-Za-z-]{10,}")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    ("a URL with a password", re.compile(r"\b[a-z][a-z0-9+]*://[^\s/:@\"'{}$<>]+:[^\s/@\"'{}$<>*]{6,}@[A-Za-z0-9.-]+")),
    ("a value that is named a secret", re.compile(r"(?i)\b(?:api[_-]?secret|secret[_-]?key|client[_-]?secret|api[_-]?key|passphrase|password)[\"']?"
                                                  r"\s*[:=]\s*[\"']?(?=[A-Za-z0-9+/]*[0-9])(?=[A-Za-z0-9+/]*[A-Za-z])[A-Za-z0-9+/]{32,}={0,2}[\"']?\s*[,;})]?\s*$")),
)
ALLOWED = re.compile(r"^tests/data/")  # recorded and published bytes, each with its source in a README
MADE_UP = "a URL with a password"  # tests show that such URLs are refused, or not logged


def project_files(root):
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, text=True, check=True).stdout
    return sorted(name for name in listing.split("\0") if name and (root / name).is_file())


def finds(text):
    """(line, what) of everything in a text that looks like a secret."""
    for number, line in enumerate(text.split("\n"), 1):
        for what, pattern in PATTERNS:
            if pattern.search(line):
                yield number, what


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    bad, seen = [], 0
    for name in project_files(root):
        path = root / name
        if ALLOWED.search(name) or path.stat().st_size > FILE_BYTES_MAX:
            continue
        seen += 1
        bad += [f"{name}:{number}: {what}" for number, what in finds(path.read_bytes().decode("utf-8", "replace"))
                if what != MADE_UP or not name.startswith("tests/")]
    for line in bad:
        print(line)
    print(f"{seen} files, {len(bad)} secrets")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
