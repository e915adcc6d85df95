#!/usr/bin/env python3
"""Reads every file of the project as text: what must not be in any, and which are growing too long.

Offences end with exit code 1. Lengths are questions, not offences: the ten longest files and all functions over the hard stop.

usage: scripts/check_files.py [ROOT]
"""
import pathlib
import re
import subprocess
import sys

FILE_LINES_GUIDE = 400
FUNCTION_LINES_MAX = 70
FILE_BYTES_MAX = 1024 * 1024
LONGEST_SHOWN = 10

CODE = re.compile(r"\.(hpp|cpp)$")
TEXT = re.compile(r"\.(hpp|cpp|py|sh|md|txt|cmake|yaml|yml|json|html|js|css|proto)$|^scripts/[a-z_]+$|^\.ci/run$")
# Recorded bytes may end a line with a blank, and tell of other machines.
RECORDED = re.compile(r"^tests/data/")
PROMISE = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
OUTSIDE = re.compile(r"\.\./shared\b")
OUTSIDERS = ("tests/", "bench/", "config/scenarios/", "scripts/check_files.py")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
TYPE = re.compile(r"\b(namespace|class|struct|enum|union)\b(?!.*\) (const |noexcept )*\{$)|=\s*\{$")


def project_files(root):
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, text=True, check=True).stdout
    return sorted(name for name in listing.split("\0") if name and (root / name).is_file())


def offences(name, text, says_its_purpose):
    lines = text.split("\n")
    if CODE.search(name):
        if says_its_purpose and not lines[0].startswith("//"):
            yield 1, "a file starts with the sentence that says what it is for"
        if name.endswith(".hpp") and not name.startswith("cmake/") and "#pragma once" not in lines:
            yield 1, "a header needs #pragma once"
    if text and not text.endswith("\n"):
        yield len(lines), "the last line does not end"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "trailing space"
        if "\t" in line and CODE.search(name):
            yield number, "a tab"
        if CODE.search(name) and PROMISE.search(line):
            yield number, "a promise without an issue number: TODO(#12)"
        if OUTSIDE.search(line) and not name.startswith(OUTSIDERS):
            yield number, "only tests, benches and replay scenarios read from outside the project"
        if PRIVATE_KEY.search(line) and not name.startswith("tests/"):
            yield number, "a private key"


def long_functions(name, text):
    """Blocks that begin and end at one indentation (0, or 2 inside a class), as clang-format leaves them."""
    for indent in ("", "  "):
        first = ""
        signature = opened = None  # line where a declaration began, where a function's block began
        for number, line in enumerate(text.split("\n"), 1):
            rest = line[len(indent):]
            if not line.startswith(indent) or not rest or rest[0] in "#/":
                continue
            if rest[0] == " ":
                if signature and not opened and rest.endswith("{"):
                    opened = None if TYPE.search(first) else signature
                    signature = None
            elif rest[0] == "}":
                if opened and number - opened + 1 > FUNCTION_LINES_MAX:
                    yield number - opened + 1, f"{name}:{opened}"
                signature = opened = None
            elif not opened:
                if not signature:
                    signature, first = number, rest
                if rest.endswith("{"):
                    opened = None if TYPE.search(rest) else signature
                    signature = None
                elif rest[-1] in ";:":
                    signature = None


def main():
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        print(__doc__)
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    bad, lengths, functions = [], [], []
    names = project_files(root)
    for name in names:
        size = (root / name).stat().st_size
        if size > FILE_BYTES_MAX:
            bad.append(f"{name}:1: {size} bytes, more than {FILE_BYTES_MAX}: data of that size lives outside")
        if not TEXT.search(name) or RECORDED.search(name):
            continue
        text = (root / name).read_text(encoding="utf-8")
        # A source file's sentence stands in its header, a test's in the names of its cases.
        says_its_purpose = not name.startswith("tests/") and not (name.endswith(".cpp") and name[:-3] + "hpp" in names)
        bad += [f"{name}:{number}: {why}" for number, why in offences(name, text, says_its_purpose)]
        if CODE.search(name):
            lengths.append((text.count("\n"), name))
            functions += long_functions(name, text)
    print(f"the {LONGEST_SHOWN} longest files (guide: {FILE_LINES_GUIDE} lines):")
    for count, name in sorted(lengths, reverse=True)[:LONGEST_SHOWN]:
        print(f"  {count:5}  {name}{'  <- over the guide' if count > FILE_LINES_GUIDE else ''}")
    if functions:
        print(f"functions over {FUNCTION_LINES_MAX} lines:")
        for count, where in sorted(functions, reverse=True):
            print(f"  {count:5}  {where}")
    print("\n".join(bad) or "no file breaks a rule")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
