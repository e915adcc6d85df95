"""The virtual environments of client libraries: made once for a set of requirements, below the user's cache, for every clone.

usage: environment.py path | make [REQUIREMENTS]
"""
import fcntl
import hashlib
import os
import pathlib
import subprocess
import sys
import venv

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
COMPLETE = "complete"  # a file that is written last: what was left half is made again


def path(requirements=REQUIREMENTS):
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    return cache / "tandem" / f"{requirements.parent.name}-{key}"


def python(requirements=REQUIREMENTS):
    """The environment's interpreter; None when it has not been made."""
    folder = path(requirements)
    return folder / "bin" / "python" if (folder / COMPLETE).exists() else None


def make(requirements=REQUIREMENTS):
    folder = path(requirements)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if python(requirements):
            return
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "--only-binary", ":all:", "--requirement", requirements], check=True)
        (folder / COMPLETE).touch()


def main():
    command, *files = sys.argv[1:] or [""]
    if command not in ("path", "make") or len(files) > 1:
        print(__doc__, file=sys.stderr)
        return 64
    requirements = pathlib.Path(files[0]).resolve() if files else REQUIREMENTS
    if command == "make":
        try:
            make(requirements)
        except (OSError, subprocess.CalledProcessError) as problem:
            print(f"environment.py: {problem}", file=sys.stderr)
            return 69
    print(path(requirements))
    return 0


if __name__ == "__main__":
    sys.exit(main())
