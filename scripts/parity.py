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
import tempfile
from xml.etree import ElementTree

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


@dataclasses.dataclass
class Seen:
    passed: bool
    words: str  # what the run showed, on one line


def numbers_of(rows, listed):
    """{(file, case): its number for ctest, or None when it is not built}. @param listed names in the order of ctest"""
    numbers = {}
    for file, case in {test for row in rows.values() for test in row.tests()}:
        stem = file.removeprefix("tests/").removesuffix("_test.py")
        found = [number for number, name in enumerate(listed, 1) if (name == stem if file.endswith(".py") else name.split(": ", 1)[-1] == case)]
        numbers[file, case] = found[0] if found else None
    return numbers


def last_words(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "nothing was printed"


def seen_of(case, result):
    """What one case came to. @param result of its ctest entry: a testcase of JUnit, or None when it was not run"""
    if result is None:
        return Seen(False, f"{case}: is not built")
    seconds = f"{float(result.get('time', 0)):.1f} s"
    output = result.findtext("system-out") or ""
    if result.find("skipped") is not None:
        return Seen(False, f"{case}: skipped: {last_words(output)}")
    # A program of several cases has a line for each: one that fails takes no other row with it.
    spoken = re.escape(case.replace("_", " "))
    if line := re.search(rf"^ok:? +{spoken} \((.*)\)$", output, re.MULTILINE):
        return Seen(True, f"{case}: ok in {line[1]}")
    if line := re.search(rf"^FAILED {spoken}\b:? ?(.*)$", output, re.MULTILINE):
        return Seen(False, f"{case}: failed: {line[1][:200]}")
    if result.get("status") != "run":
        failure = result.find("failure")
        why = re.search(r"ERROR: .*", output)
        return Seen(False, f"{case}: {failure.get('message') or 'failed' if failure is not None else 'failed'}: {why[0][:200] if why else last_words(output)}")
    return Seen(True, f"{case}: ok in {seconds}")


def run_tests(rows, build):
    """{(file, case): Seen}, by one run of ctest; a case that is not built is a failure."""
    listed = json.loads(subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout)
    numbers = numbers_of(rows, [test["name"] for test in listed["tests"]])
    wanted = sorted({number for number in numbers.values() if number})
    results = {}
    if wanted:
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.xml"
            whole = str(2**20)  # bytes of output kept of each
            subprocess.run(["ctest", "--test-dir", build, "-I", "0,0,0," + ",".join(map(str, wanted)), "--parallel", str(os.cpu_count() or 1),
                            "--output-junit", str(report), "--test-output-size-passed", whole, "--test-output-size-failed", whole],
                           stdout=sys.stderr, check=False)  # its progress; what failed stands in the report
            if report.is_file():
                results = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
    names = {number: listed["tests"][number - 1]["name"] for number in wanted}
    return {test: seen_of(test[1], results.get(names.get(number))) for test, number in numbers.items()}


def outcome(row, seen):
    """(PASS, FAIL or REFUSED, what was seen): what is open or has no test is not passed."""
    if row.faults:
        return "FAIL", "; ".join(row.faults)
    if row.state != "DONE":
        return ("REFUSED" if row.state == "REFUSED" else "FAIL"), (row.detail if row.state == "REFUSED" else f"open: {row.detail}")
    found = [seen[test] for test in row.tests()]
    return ("PASS" if all(one.passed for one in found) else "FAIL"), "; ".join(one.words for one in found)


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-parity", description="What became of every row of a parity sheet.")
    parser.add_argument("sheet", help="S1, S3, ...")
    parser.add_argument("--run", metavar="BUILD", help="runs the tests of a build folder; the word is PASS, FAIL or REFUSED, with what was seen")
    options = parser.parse_args()
    if not (ROOT / f"docs/parity/{options.sheet}.tsv").is_file():
        print(f"there is no docs/parity/{options.sheet}.tsv", file=sys.stderr)
        return 64
    rows, faults = check(options.sheet, shared=os.environ.get("TANDEM_SHARED"))
    seen = run_tests(rows, options.run) if options.run else {}
    counts = collections.Counter()
    for name in sorted(rows):
        row = rows[name]
        state, words = ("FAULT", "; ".join(row.faults)) if row.faults else (row.state, row.detail)
        if options.run:
            state, words = outcome(row, seen)
        counts[state] += 1
        print(name, state, words)
    for fault in faults:
        print(f"{options.sheet}.tsv: {fault}")
    print(f"{options.sheet}: {len(rows)} rows, " + ", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    return 1 if faults or counts["FAULT"] or counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
