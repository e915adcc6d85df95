#!/usr/bin/env python3
"""What became of every row of a parity sheet: docs/parity/<SHEET>.tsv says it, this checks it and prints one line a row.

As a module: read() and check() for the tests.
"""
import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
STATES = ("DONE", "REFUSED", "OPEN")
EXPECTED = re.compile(r"# rows: (\d+)")
SHEET_ROW = re.compile(r"^\| ([A-Z]+\d*-\d+)[a-z]? \|", re.MULTILINE)


@dataclasses.dataclass
class Row:
    name: str
    state: str
    detail: str  # DONE: the tests, "file: case" joined by " | "; else the reason
    faults: list = dataclasses.field(default_factory=list)

    def tests(self):
        return [tuple(part.split(": ", 1)) for part in self.detail.split(" | ")] if self.state == "DONE" else []


def read(sheet, root=ROOT):
    """(rows by name, what is wrong with the table as a whole)"""
    text = (root / f"docs/parity/{sheet}.tsv").read_text(encoding="utf-8")
    rows, faults = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or parts[1] not in STATES or not parts[2]:
            faults.append(f"line {number}: not ROW, {' or '.join(STATES)}, detail")
        elif parts[0] in rows:
            faults.append(f"line {number}: {parts[0]} stands there twice")
        else:
            rows[parts[0]] = Row(*parts)
    expected = EXPECTED.search(text)
    if not expected:
        faults.append("says nothing of how many rows the sheet has (# rows: N)")
    names = [f"{sheet}-{number:02}" for number in range(1, int(expected[1]) + 1)] if expected else []
    faults += [f"{name} has no line" for name in names if name not in rows]
    faults += [f"{name} is no row of the sheet" for name in rows if name not in names]
    return rows, faults


def against_sheet(sheet, rows, shared):
    """Rows of the sheet itself, where it is at hand, that the table lacks."""
    file = pathlib.Path(shared) / "parity.md"
    names = {name for name in SHEET_ROW.findall(file.read_text(encoding="utf-8")) if name.startswith(sheet + "-")} if file.is_file() else set()
    return [f"{name} of {file.name} has no line" for name in sorted(names - set(rows))]


def test_exists(root, file, case):
    """Whether the file has the case, and runs it."""
    path = root / file
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        # Named a second time where the cases are run, or all that the file has are run.
        return f"\ndef {case}(" in "\n" + text and ("globals()" in text or len(re.findall(rf"\b{re.escape(case)}\b", text)) > 1)
    # A long name may be broken into several literals.
    joined = re.sub(r'"\s*\n\s*"', "", text)
    return re.search(r'TEST_CASE\(\s*"' + re.escape(case) + '"', joined) is not None


def check(sheet, root=ROOT, shared=None):
    rows, faults = read(sheet, root)
    for row in rows.values():
        for test in row.tests():
            if len(test) != 2 or not test_exists(root, *test):
                row.faults.append("there is no such test: " + ": ".join(test))
    if shared:
        faults += against_sheet(sheet, rows, shared)
    return rows, faults


def run_tests(rows, build):
    """{(file, case): whether it passed}, by ctest; a case that is not built is a failure."""
    listed = json.loads(subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout)
    names = [test["name"] for test in listed["tests"]]
    wanted = {}
    for test in {test for row in rows.values() for test in row.tests()}:
        file, case = test
        stem = file.removeprefix("tests/").removesuffix("_test.py")
        found = [name for name in names if (name == stem if file.endswith(".py") else name.split(": ", 1)[-1] == case)]
        wanted[test] = found[0] if found else None
    results = {}
    for name in sorted({name for name in wanted.values() if name}):
        done = subprocess.run(["ctest", "--test-dir", build, "-R", "^" + re.escape(name) + "$", "--no-tests=error"], capture_output=True, text=True)
        results[name] = done.returncode == 0 and "***Skipped" not in done.stdout
    return {test: results.get(name, False) for test, name in wanted.items()}


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-parity", description="What became of every row of a parity sheet.")
    parser.add_argument("sheet", help="S1, S3, ...")
    parser.add_argument("--run", metavar="BUILD", help="runs the tests of a build folder, and says PASS or FAIL instead of DONE")
    options = parser.parse_args()
    if not (ROOT / f"docs/parity/{options.sheet}.tsv").is_file():
        print(f"there is no docs/parity/{options.sheet}.tsv", file=sys.stderr)
        return 64
    rows, faults = check(options.sheet, shared=os.environ.get("TANDEM_SHARED"))
    passed = run_tests(rows, options.run) if options.run else {}
    counts = collections.Counter()
    for name in sorted(rows):
        row = rows[name]
        state = "FAULT" if row.faults else row.state
        if state == "DONE" and options.run:
            state = "PASS" if all(passed[test] for test in row.tests()) else "FAIL"
        counts[state] += 1
        print(name, state, "; ".join(row.faults) or row.detail)
    for fault in faults:
        print(f"{options.sheet}.tsv: {fault}")
    print(f"{options.sheet}: {len(rows)} rows, " + ", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    return 1 if faults or counts["FAULT"] or counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
