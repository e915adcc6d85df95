"""Autobahn's cases, run by kosoku against an echo: one JSON line per case. usage: autobahn.py ADDRESS CASES [CASES...]"""
import asyncio
import json
import os
import sys

import kosoku


async def results():
    try:
        return await kosoku.run_fuzzingclient("ws://" + sys.argv[1], sys.argv[2:], concurrency=4)
    except kosoku.FailureError as failure:
        return failure.results


if __name__ == "__main__":
    for case in asyncio.run(results()):
        print(json.dumps({"case": case.case_id, "behavior": case.behavior.value, "close": case.behavior_close.value, "code": case.remote_close_code,
                          "about": " ".join(str(case.description).split()), "expected": " ".join(str(case.expectation).split())}))
    sys.stdout.flush()
    os._exit(0)  # its native part does not survive the interpreter's end
