#!/usr/bin/env python3
"""Reads ctest's reports of one scripts/test run and ends with the line "N passed, N failed".

usage: scripts/summarise_tests.py FOLDER DURATION
Exits 1 when a test failed, 2 when none ran: a run without tests must not look like a good one.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

SLOW_SECONDS = 1.0
SLOWEST_SHOWN = 5
FAILURES_TOLD = 5  # with the last lines of what they printed: the log of a whole run is long, and often only its end is kept
TAIL_LINES = 15
NOT_CHECKED = re.compile(r"(?:MESSAGE: |^)(.*\b(?:absent|not found here|skipped:).*)$", re.MULTILINE)


def tail_of(report, case):
    lines = (case.findtext("system-out") or "").strip().splitlines()[-TAIL_LINES:]
    return "\n".join([f"-- {report}: {case.get('name')}", *(f"   {line}" for line in lines)])


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 64
    passed, failed, skipped, slow, unchecked, told = 0, [], [], [], set(), []
    for report in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        try:
            cases = list(xml.parse(report).getroot().iter("testcase"))
        except xml.ParseError as problem:
            failed.append(f"{report.stem}: its report cannot be read: {problem}")
            continue
        good = [c for c in cases if c.get("status") == "run"]
        bad = [c for c in cases if c.get("status") == "fail"]
        rest = [c for c in cases if c.get("status") not in ("run", "fail")]
        seconds = sum(float(c.get("time") or 0) for c in cases)
        print(f"{report.stem}: {len(good)} passed, {len(bad)} failed, {len(rest)} skipped ({seconds:.1f} s of test time)")
        passed += len(good)
        failed += [f"{report.stem}: {c.get('name')}" for c in bad]
        told += [tail_of(report.stem, c) for c in bad[:FAILURES_TOLD - len(told)]]
        skipped += [f"{report.stem}: {c.get('name')}" for c in rest]
        slow += [(float(c.get("time") or 0), f"{report.stem}: {c.get('name')}") for c in cases]
        for case in cases:
            unchecked |= set(NOT_CHECKED.findall(case.findtext("system-out") or ""))
    for seconds, name in sorted(slow, reverse=True)[:SLOWEST_SHOWN]:
        if seconds >= SLOW_SECONDS:
            print(f"slow: {seconds:6.1f} s  {name}")
    for line in sorted(unchecked):
        print(f"not checked: {line.strip()}")
    for name in skipped:
        print(f"skipped: {name}")
    for text in told:
        print(text)
    for name in failed:
        print(f"failed: {name}")
    print(f"in all {sys.argv[2]}")
    if not passed and not failed:
        print("no test matched")
    print(f"{passed} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0 if passed else 2


if __name__ == "__main__":
    sys.exit(main())
