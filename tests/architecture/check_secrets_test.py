"""scripts/check_secrets.py finds what it is there for, tells where and not what, and lets the rest be."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Put together here, so that this file holds none.
SECRETS = ("tk_" + "0a" * 6 + "_" + "1b" * 32, "-----BEGIN " + "PRIVATE KEY-----", "AKIA" + "ABCDEFGHIJKLMNOP", "ghp_" + "a1" * 18, "glpat-" + "x" * 20,
           "AIza" + "b" * 35, "xoxb-" + "1234567890", "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12, "https://user:" + "pass1234@example.org",
           "api_secret: " + "a1B2" * 10, '"secretKey": "' + "a1B2" * 10 + '",')
HARMLESS = ("tk_<id>_<secret>", "api_secret: ${BINANCE_SECRET}", "key_env: TANDEM_BINANCE_KEY", "https://user@example.org/", "sha256 = " + "ab" * 32,
            "api_key: the name of a variable", "http://${USER}:${PASSWORD}@proxy")


def check(text):
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["git", "init", "--quiet", directory], check=True)
        pathlib.Path(directory, "file.yaml").write_text("first line\n" + text + "\n")
        return subprocess.run([sys.executable, ROOT / "scripts/check_secrets.py", directory], capture_output=True, text=True)


for secret in SECRETS:
    done = check(secret)
    assert done.returncode == 1 and done.stdout.startswith("file.yaml:2: "), (secret, done.stdout)
    assert secret not in done.stdout, "the secret is printed"
for text in HARMLESS:
    assert check(text).returncode == 0, (text, check(text).stdout)
assert subprocess.run([sys.executable, ROOT / "scripts/check_secrets.py"], capture_output=True).returncode == 0, "the project holds one"
print(f"{len(SECRETS)} secrets found, {len(HARMLESS)} harmless lines let be")
