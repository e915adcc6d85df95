#!/usr/bin/env python3
"""Writes the ctest entries of one doctest program: one entry per test case, so that a case can be chosen, timed and fail by name.

Run after each link by `room_tests` (tests/CMakeLists.txt). A suite's name becomes a label ("nightly" is left out of ordinary runs).
"""
import argparse
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as xml


NIGHTLY_TIMEOUT = 14_400  # seconds per test case


def quoted(text):
    """A CMake bracket argument that holds any text."""
    fence = "="
    while f"]{fence}]" in text or text.endswith("]" + fence):
        fence += "="
    return f"[{fence}[{text}]{fence}]"


def pattern(name):
    """The doctest filter that selects exactly this name: a comma separates filters, a backslash protects it."""
    return name.replace("\\", "\\\\").replace(",", "\\,")


def entries(program, cases, directory, label, timeout, environment):
    # Read by ctest when it runs: the cases that scale themselves need hours of a night.
    yield f'if("$ENV{{TANDEM_NIGHTLY}}" STREQUAL "1")\n  set(case_timeout {NIGHTLY_TIMEOUT})\nelse()\n  set(case_timeout {timeout})\nendif()'
    seen = set()
    for case in cases:
        name, suite = case.get("name"), case.get("testsuite") or ""
        if name in seen:
            sys.exit(f"{program.name}: two test cases are called '{name}': a name must say which rule broke")
        seen.add(name)
        labels = ";".join(filter(None, [label, suite]))
        entry = quoted(f"{program.name}: {name}")
        yield f"add_test({entry} {quoted(str(program))} {quoted('--test-case=' + pattern(name))})"
        # A filter that matched nothing would pass silently; the regular expression makes it fail.
        yield (
            f"set_tests_properties({entry} PROPERTIES WORKING_DIRECTORY {quoted(directory)}"
            f" LABELS {quoted(labels)} TIMEOUT ${{case_timeout}} ENVIRONMENT {quoted(environment)}"
            f' FAIL_REGULAR_EXPRESSION "test cases: +0 ")'
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--directory", required=True, help="working directory of the tests")
    parser.add_argument("--label", required=True)
    parser.add_argument("--timeout", type=int, default=120, help="seconds per test case, but for nightly runs")
    parser.add_argument("--environment", default="", help="NAME=VALUE;NAME=VALUE")
    options = parser.parse_args()
    program = options.program.resolve()
    listing = subprocess.run(
        [program, "--list-test-cases", "--reporters=xml"],
        capture_output=True, text=True, cwd=options.directory, check=False)
    if listing.returncode != 0:
        sys.exit(f"{program} cannot list its test cases:\n{listing.stdout}{listing.stderr}")
    cases = [c for c in xml.fromstring(listing.stdout).iter("TestCase") if c.get("skipped") != "true"]
    lines = entries(program, cases, options.directory, options.label, options.timeout, options.environment)
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
