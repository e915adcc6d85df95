"""scripts/sbom writes a CycloneDX document that names what the programs load, the same each time."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sbom(*arguments):
    return subprocess.run([sys.executable, ROOT / "scripts/sbom", *arguments], capture_output=True, text=True)


first = sbom()
if first.returncode == 69:
    print(first.stderr)
    sys.exit(77)  # not all is installed here
assert first.returncode == 0, first.stderr
assert sbom().stdout == first.stdout, "not the same bytes"
bom = json.loads(first.stdout)
assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.5") and bom["serialNumber"].startswith("urn:uuid:")
by_name = {component["name"]: component for component in bom["components"]}
for name in ("libcaf-dev", "libssl-dev", "libboost1.81-dev", "libyaml-cpp-dev"):
    assert by_name[name]["version"] and by_name[name]["purl"].startswith(f"pkg:deb/debian/{name}@"), name
references = [component["bom-ref"] for component in bom["components"]]
assert len(set(references)) == len(references), "a reference stands twice"
assert set(bom["dependencies"][0]["dependsOn"]) <= set(references)
assert {component["scope"] for component in bom["components"]} <= {"required", "optional", "excluded"}
if (ROOT / "build/release/bin/tandem").exists():
    assert by_name["libssl3"]["scope"] == "required", "the programs load it"
assert sbom("--wrong").returncode == 64
print(f"{len(references)} components")
