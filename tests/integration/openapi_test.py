"""The OpenAPI document that an engine serves, held against the engine: every route that it names answers as it says, to requests made from it and
to broken ones (schemathesis), and no answer is a 5xx. Actors are not killed meanwhile: that makes 503 by design (faults_test.py).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import importlib.util

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("environment", HERE / "clients/environment.py")
environment = importlib.util.module_from_spec(spec)
spec.loader.exec_module(environment)

from world import World, run  # noqa: E402

WORLD = None
REQUIREMENTS = HERE / "openapi/requirements.txt"
# What takes parts of the engine, the simulated venues or the configuration's file away.
LEFT_OUT = ("killActor", "restartActor", "runDrill", "stageConfig", "applyConfig")
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance", "unsupported_method",
          "allow_header_conformance")


def document():
    status, found = WORLD.request("GET", "/openapi.json")
    assert status == 200 and found["openapi"].startswith("3.1"), found
    return found


def it_is_labelled_and_names_every_page():
    found = document()
    assert found["info"]["x-mode"] == "mock"
    for path in ("/", "/docs", "/metrics", "/openapi.json"):
        assert path in found["paths"], path
        assert WORLD.request("GET", path)[0] == 200, path


def every_read_without_parameters_answers_with_its_data():
    asked = 0
    for path, methods in document()["paths"].items():
        operation = methods.get("get")
        if not operation or "operationId" not in operation or "{" in path or any(one.get("required") for one in operation["parameters"]):
            continue
        status, answer = WORLD.request("GET", path)
        assert status == 200 and answer["success"] is True and "data" in answer, (path, answer)
        asked += 1
    assert asked >= 15, asked
    print(f"       {asked} reads")


def the_page_needs_nothing_from_elsewhere():
    status, page = WORLD.request("GET", "/docs")
    assert status == 200
    elsewhere = re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', page) + re.findall(r"https?://[^\s\"'<]+", page)
    assert elsewhere == [], elsewhere


def answers_are_as_the_document_says_and_none_is_a_5xx():
    program = environment.python(REQUIREMENTS).with_name("schemathesis")
    examples = "60" if os.environ.get("TANDEM_NIGHTLY") == "1" else "10"
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([program, "run", f"http://{WORLD.engine.addresses['http']}/openapi.json", "--seed", "20260101", "--max-examples", examples,
                               "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", *(part for one in LEFT_OUT for part in ("--exclude-operation-id", one)), "--continue-on-failure", "--request-timeout", "40", "--no-color"],
                              cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500)
    assert done.returncode == 0, done.stdout[-6000:]
    cases = re.search(r"(\d+) generated", done.stdout)
    assert cases and int(cases.group(1)) > 1000, done.stdout[-2000:]
    print(f"       {cases.group(1)} requests made from the document: 0 that it does not describe, 0 5xx")
    assert WORLD.engine.process.poll() is None
    assert not [line for line in WORLD.engine.log().splitlines() if "ACTOR_RESTARTED" in line]


def main():
    global WORLD
    if environment.python(REQUIREMENTS) is None:
        print("the environment of tests/integration/openapi is missing: run scripts/setup", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 77
    with World(settings=["listeners[0].requests_per_second=100000"]) as WORLD:
        WORLD.wait_all_watching()
        return run([it_is_labelled_and_names_every_page, every_read_without_parameters_answers_with_its_data, the_page_needs_nothing_from_elsewhere,
                    answers_are_as_the_document_says_and_none_is_a_5xx])


if __name__ == "__main__":
    sys.exit(main())
