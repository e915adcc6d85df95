"""An engine with TLS and API keys of every role, beside its simulated venues, and the table of what may be asked of it."""
import http.client
import json
import pathlib
import re
import socket
import ssl
import subprocess

from world import ROOT, World, wait_until

ROLES = ("viewer", "trader", "risk", "admin")
MAY = {"viewer": {"viewer"}, "trader": {"viewer", "trader"}, "risk": {"viewer", "risk"}, "admin": set(ROLES)}
TOKENS = {}


def operations():
    """[(name, method, path, role, is a command)] of adapters/traders/operations.cpp."""
    table = ROOT / "adapters/traders"
    text = re.sub(r"\s+", " ", (table / "operations.cpp").read_text().split("constexpr std::array rows{", 1)[1].split("};", 1)[0])
    text = re.sub(r'"\s*"', "", text)
    row = re.compile(r'(with_body\()?\b(read|command)\( ?\w+, "(\w+)",(?: "(\w+)",)? "(/[^"]*)"')
    found = list(row.finditer(text))
    rows = []
    for match, following in zip(found, found[1:] + [None]):
        body, kind, name, method, path = match.groups()
        rest = text[match.end():following.start() if following else len(text)]
        roles = re.findall(r"Role::(\w+)", rest)
        rows.append((name, method or ("POST" if body else "GET"), path, roles[0] if roles else "viewer", kind == "command"))
    ids = re.search(r"enum class OperationId[^{]*\{([^}]*)\}", (table / "operations.hpp").read_text()).group(1)
    assert len(rows) == len([word for word in ids.split(",") if word.strip()]), (len(rows), ids)
    return rows


class Certificates:
    """An authority, a server's and a client's certificate, by the openssl program."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = self._authority("ca")
        self.other_ca = self._authority("other_ca")
        self.server = self.issue("server", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.client = self.issue("client", "ca", "extendedKeyUsage=clientAuth")
        self.stranger = self.issue("stranger", "other_ca", "extendedKeyUsage=clientAuth")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.directory)

    def _authority(self, name):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.pem")
        return f"{self.directory}/{name}.pem"

    def issue(self, name, issuer, extension):
        """(certificate, key): their files."""
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                      "-out", f"{name}.csr")
        pathlib.Path(self.directory, f"{name}.ext").write_text(extension + "\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial", "-days", "2",
                      "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return f"{self.directory}/{name}.pem", f"{self.directory}/{name}.key"


class SecureWorld(World):
    def __init__(self):
        super().__init__()
        self.engine.stop()
        self.certificates = Certificates(self.directory.name)
        certificate, key = self.certificates.server
        self.plain_settings = list(self.settings)
        for listener in ("listeners[0]", "listeners[1]"):
            self.settings += [f"{listener}.auth=keys", f"{listener}.tls.certificate={certificate}", f"{listener}.tls.key={key}"]
        for role in ROLES:
            TOKENS[role] = self.create(role, role)
        TOKENS["trader,risk"] = self.create("both", "trader,risk")
        self.start_engine()

    def tool(self, group, word, *options, expect=0):
        done = subprocess.run([self.engine_bin, group, word, self.config, *options, *self._set(self.settings)], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == expect, (group, word, options, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def create(self, name, roles):
        done = self.tool("keys", "create", "--name", name, "--roles", roles)
        assert done.stdout.count("tk_") == 1 and done.stdout.endswith("\n") and "tk_" not in done.stderr, "the secret is shown once, on stdout"
        return done.stdout.strip()

    def create_now(self, name, roles):
        """A key that the running engine has taken over. Asked from an address of its own each time: before, it is a wrong one."""
        token = self.create(name, roles)
        tries = iter(range(1, 250))
        wait_until("the new key is taken", lambda: self.ask("GET", "/api/exchanges", token, source=f"127.0.200.{next(tries)}")[0] == 200, 3)
        return token

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.certificates.ca)
        if client:
            context.load_cert_chain(*client)
        return context

    @property
    def port(self):
        return int(self.engine.addresses["http"].rsplit(":", 1)[1])

    def connect(self, source="127.0.0.1", client=None):
        return http.client.HTTPSConnection("localhost", self.port, timeout=15, context=self.context(client), source_address=(source, 0))

    def stream(self, source="127.0.0.1"):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=15, source_address=(source, 0))
        return self.context().wrap_socket(raw, server_hostname="localhost")

    def ask(self, method, path, token=None, body=None, headers=None, connection=None, source="127.0.0.1", client=None):
        """(status, headers, parsed body)"""
        connection = connection or self.connect(source, client)
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = "Bearer " + token
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        try:
            return answer.status, dict(answer.getheaders()), json.loads(text)
        except ValueError:
            return answer.status, dict(answer.getheaders()), text

    def memory(self):
        """Of the engine, in KiB."""
        return int(next(line for line in open(f"/proc/{self.engine.process.pid}/status") if line.startswith("VmRSS")).split()[1])


def example_of(path):
    return path.replace("{exchange}", "binance").replace("{symbol}", "BTCUSDT").replace("{name}", "no-such").replace("{id}", "no-such")
