"""The engine's command line: exit codes, and every configuration mistake at once with file, line, key and a hint (P17)."""
import pathlib
import socket
import subprocess
import tempfile

from world import ROOT, Program, programs, run

ENGINE = programs()[0]
GOOD = """mode: mock
engine:
  state_dir: {state}
listeners:
  - {{surface: traders, address: {address}}}
venues:
  binance:
    spot: {{rest: "http://127.0.0.1:9", websocket: "ws://127.0.0.1:9"}}
"""


def tandem(*arguments):
    done = subprocess.run([ENGINE, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def written(folder, text):
    path = pathlib.Path(folder) / "engine.yaml"
    path.write_text(text)
    return str(path)


def a_wrong_command_line_ends_with_64():
    for arguments in ([], ["fly"], ["run"], ["check", "a", "b"], ["lab"], ["lab", "book"], ["run", "x.yaml", "--set", "nonsense"]):
        assert tandem(*arguments)[0] == 64, arguments


def every_shipped_example_is_good():
    for example in sorted((ROOT / "config/examples").glob("*.yaml")):
        code, out, error = tandem("check", str(example))
        assert code == 0, (example, error)


def all_mistakes_are_named_at_once_and_the_exit_code_is_78():
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, GOOD.format(state=folder, address="0.0.0.0:7000").replace("mode: mock", "mode: mok\nsurprise: 1"))
        for command in ("check", "run"):
            code, out, error = tandem(command, path)
            assert code == 78 and "ready" not in out, (code, out)
            for line, key in ((1, "mode"), (2, "surprise"), (6, "listeners[0].address")):
                assert f"{path}:{line}: {key}: " in error, error
        assert tandem("check", folder + "/none.yaml")[0] == 78


def a_processor_that_is_not_there_is_refused_at_the_start():
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, GOOD.format(state=folder, address="127.0.0.1:0").replace("engine:", "engine:\n  serving_cpus: [1023]", 1))
        code, out, error = tandem("run", path)
        assert code == 78 and "ready" not in out and "engine.serving_cpus: this process may not run on processor 1023" in error, (code, out, error)


def a_taken_address_and_a_taken_state_directory_end_with_69():
    with tempfile.TemporaryDirectory() as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, error = tandem("run", written(folder, GOOD.format(state=folder, address="127.0.0.1:%d" % taken.getsockname()[1])))
        assert code == 69 and "ready" not in out and "in use" in error, (code, error)
        path = written(folder, GOOD.format(state=folder, address="127.0.0.1:0"))
        first = Program([ENGINE, "run", path])
        try:
            code, out, error = tandem("run", path)
            assert code == 69 and "ready" not in out, (code, out, error)
        finally:
            assert first.stop() == 0


def the_laboratory_reads_standard_input_and_refuses_what_is_no_json_line():
    frame = '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[["1.0","2"]],"a":[]}\n'
    command = [ENGINE, "lab", "book", "--venue", "binance", "--type", "spot", "--each"]
    done = subprocess.run(command, input=frame, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 0 and '"action":"buffer"' in done.stdout.replace(" ", ""), (done.stdout, done.stderr)
    done = subprocess.run(command, input="no json\n", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 65 and done.stderr, done.returncode


if __name__ == "__main__":
    run([a_wrong_command_line_ends_with_64, every_shipped_example_is_good, all_mistakes_are_named_at_once_and_the_exit_code_is_78,
         a_processor_that_is_not_there_is_refused_at_the_start,
         a_taken_address_and_a_taken_state_directory_end_with_69, the_laboratory_reads_standard_input_and_refuses_what_is_no_json_line])
