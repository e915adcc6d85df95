"""Simulated worlds: seeds with every fault, crash points, and the same bytes for the same seed. A broken promise names the line that shows it again.

usage: worlds_test.py [--other-build]   (with it: only that TANDEM_WORLD_OTHER, built otherwise, says the same as TANDEM_WORLD_BIN)
"""
import os
import re
import subprocess
import sys

WORLD = os.environ.get("TANDEM_WORLD_BIN", "build/release/bin/tandem-world")
NIGHTLY = os.environ.get("TANDEM_NIGHTLY") == "1"
SEEDS = 20_000 if NIGHTLY else 500
CRASH_WORLDS = 6_000 if NIGHTLY else 130  # with one to three crash points each
CRASH_POINTS = 10_000 if NIGHTLY else 200
# Beyond the seeds of every run; docs/simulation.md says what each of them found.
ONCE_BROKEN = (("--crashes", "--seed", "237"), ("--seed", "2869"), ("--seed", "4434"), ("--seed", "5083"), ("--seed", "5567"), ("--seed", "7535"))
JOBS = str(os.cpu_count() or 1)


def world(*arguments, program=WORLD):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="", end="")
    return done


def last_line_of(done, seeds):
    found = re.fullmatch(r"(\d+) seeds: (\d+) violations, \d+ s of virtual time, [\d.]+ s of real time", done.stdout.splitlines()[-1])
    assert found and int(found[1]) == seeds, done.stdout[-500:]
    return int(found[2])


def every_fault():
    done = world("--seed", "1", "--seeds", str(SEEDS), "--jobs", JOBS)
    assert last_line_of(done, SEEDS) == 0 and done.returncode == 0


def worlds_that_once_broke_a_promise():
    for arguments in ONCE_BROKEN:
        done = world(*arguments)
        assert last_line_of(done, 1) == 0 and done.returncode == 0, arguments


def crash_points():
    done = world("--crashes", "--seed", "1", "--seeds", str(CRASH_WORLDS), "--jobs", JOBS)
    assert last_line_of(done, CRASH_WORLDS) == 0 and done.returncode == 0
    crashes = int(re.search(r"(\d+) crashes in", done.stdout)[1])
    assert crashes >= CRASH_POINTS, crashes


def the_same_seed_is_the_same_world():
    arguments = ("--seed", "1", "--seeds", "12", "--digest")
    first, again = world(*arguments), world(*arguments)
    assert digests(first) == digests(again) and len(digests(first)) == 12


def the_same_seed_is_the_same_world_in_another_build():
    arguments = ("--seed", "1", "--seeds", "12", "--digest")
    here, there = world(*arguments), world(*arguments, program=os.environ["TANDEM_WORLD_OTHER"])
    assert there.returncode == 0 and digests(here) == digests(there) and len(digests(here)) == 12


def digests(done):
    return sorted(line for line in done.stdout.splitlines() if re.fullmatch(r"\d+ [0-9a-f]{16}", line))


def a_broken_promise_names_its_repetition_and_shrinks():
    done = world("--seed", "1", "--seeds", "20", "--stop", "--blame", "process is killed")
    assert done.returncode == 1 and "BROKEN blamed: " in done.stdout, done.stdout
    seed = re.search(r"again: scripts/test simulation --seed (\d+)", done.stdout)[1]
    shrunk = world("--seed", seed, "--blame", "process is killed", "--shrink")
    assert shrunk.returncode == 1 and re.search(rf"seed {seed}: 1 of \d+ faults are enough", shrunk.stdout), shrunk.stdout
    keep = re.search(r"again: scripts/test simulation --seed \d+ --keep (\d+)\n", shrunk.stdout)[1]
    again = world("--seed", seed, "--keep", keep, "--blame", "process is killed")
    assert again.returncode == 1 and again.stdout.count("BROKEN blamed") == 1


if __name__ == "__main__":
    failed = 0
    cases = (worlds_that_once_broke_a_promise, every_fault, crash_points, the_same_seed_is_the_same_world, a_broken_promise_names_its_repetition_and_shrinks)
    if "--other-build" in sys.argv:
        if not os.path.exists(WORLD):
            print(f"skipped: {WORLD} is absent, there is nothing to compare with")
            sys.exit(1 if os.environ.get("CI") == "true" else 77)
        cases = (the_same_seed_is_the_same_world_in_another_build,)
    for case in cases:
        try:
            case()
            print(f"ok     {case.__name__}")
        except AssertionError as problem:
            failed += 1
            print(f"FAILED {case.__name__}: {problem}")
    sys.exit(1 if failed else 0)
