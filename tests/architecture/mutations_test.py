"""Every known bug of tests/simulation/mutations still fits the sources, so that scripts/mutation can put it there."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
patches = sorted((ROOT / "tests/simulation/mutations").glob("*.patch"))
for patch in patches:
    done = subprocess.run(["patch", "--dry-run", "--strip=1", "--force", f"--directory={ROOT}", f"--input={patch}"], capture_output=True, text=True)
    assert done.returncode == 0, (patch.name, done.stdout)
print(f"{len(patches)} known bugs fit the sources")
assert len(patches) >= 4
