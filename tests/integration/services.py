"""Real servers for tests of the sinks: started by scripts/services in a folder of their own, broken and started again, and read back.

A test calls `enter()` first: it goes on under the interpreter that has the client libraries (tests/services/requirements.txt). What is not
installed ends it as "cannot run here" (77), as failed under CI. tests/services/README.md says which server is good for what.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).with_name("clients")))
import environment  # noqa: E402

SCRIPT = ROOT / "scripts/services"
REQUIREMENTS = ROOT / "tests/services/requirements.txt"
KINDS = ("kafka", "influx1", "influx2", "postgres", "mongo-java", "ferretdb")
NOT_INSTALLED = 69  # exit code of the script
NAME = "tandem"  # user, database, organisation, bucket
TOKEN = "tandem-token"
ANSWER_SECONDS = 30
# Ends what a test left running, also when the test itself was killed: its end of the pipe is closed then.
GUARD = """
import shutil, subprocess, sys
sys.stdin.read()
subprocess.run([sys.argv[1], "kill", *sys.argv[3:], "--data", sys.argv[2]], stderr=subprocess.DEVNULL)
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


def enter():
    """Starts this test again with the interpreter of the client libraries, unless it runs there."""
    interpreter = environment.python(REQUIREMENTS)
    if not interpreter:
        cannot_run(f"the client libraries are not installed: scripts/setup makes {environment.path(REQUIREMENTS)}")
    if pathlib.Path(sys.prefix) != environment.path(REQUIREMENTS):
        sys.stdout.flush()
        os.execv(interpreter, [interpreter, *sys.argv])


def cannot_run(why):
    print(f"skipped: {why}", flush=True)
    sys.exit(1 if os.environ.get("CI") else 77)


def missing(kind):
    """What `kind` lacks on this machine, after what can be made was made; nothing when it can be started."""
    done = subprocess.run([SCRIPT, "install", kind], stderr=subprocess.PIPE, text=True)
    assert done.returncode in (0, NOT_INSTALLED), (kind, done.returncode, done.stderr)
    return done.stderr.strip().splitlines()[-1] if done.returncode else None


class Services:
    """Running servers; `with Services("kafka", "postgres") as servers:` ends them and removes their data."""

    def __init__(self, *kinds):
        for kind in kinds:
            if lacks := missing(kind):
                cannot_run(lacks)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tandem-services-"))
        self.directory.chmod(0o711)  # PostgreSQL runs as another user
        self.guard = subprocess.Popen([sys.executable, "-c", GUARD, SCRIPT, self.directory, *KINDS], stdin=subprocess.PIPE,
                                      start_new_session=True)
        self.addresses = {}
        try:
            self.start(*kinds)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and not (kind is SystemExit and value.code == 0):
            for log in sorted(self.directory.glob("*/log")):
                print(f"---- {log.parent.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        self.close()

    def close(self):
        self.guard.stdin.close()
        self.guard.wait()

    def command(self, what, *kinds):
        """(exit code, {kind: address or "stopped"})"""
        done = subprocess.run([SCRIPT, what, *kinds, "--data", self.directory], stdout=subprocess.PIPE, text=True)
        return done.returncode, dict(line.split("=", 1) for line in done.stdout.splitlines())

    def start(self, *kinds):
        """On what they kept, at the addresses that they had."""
        code, addresses = self.command("start", *kinds)
        assert code == 0 and set(addresses) == set(kinds), (code, addresses)
        self.addresses |= addresses

    def stop(self, *kinds):
        code, _ = self.command("stop", *kinds)
        assert code == 0, code

    def kill(self, *kinds):
        """SIGKILL, to their children too."""
        code, _ = self.command("kill", *kinds)
        assert code == 0, code

    def running(self, kind):
        return self.command("status", kind)[0] == 0

    def process(self, kind):
        return int((self.directory / kind / "pid").read_text().split()[0])

    def folder(self, kind):
        return self.directory / kind / "data"

    def __getitem__(self, kind):
        return self.addresses[kind]


# -- reading back --

Record = collections.namedtuple("Record", "partition offset key headers value timestamp_ms")


def kafka_create_topic(address, topic, partitions=1):
    import kafka.admin
    admin = kafka.admin.KafkaAdminClient(bootstrap_servers=address)
    try:
        admin.create_topics([kafka.admin.NewTopic(topic, partitions, 1)])
    finally:
        admin.close()


def kafka_each(address, topic, committed=False, missing_ok=False):
    """Everything in the topic at the time of asking, in the order of arrival. Bytes are bytes; headers are (name, bytes).

    committed: without what transactions that were undone have left. missing_ok: a topic that is not there is empty."""
    import kafka
    consumer = kafka.KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, max_poll_records=5000,
                                   isolation_level="read_committed" if committed else "read_uncommitted")
    try:
        if missing_ok and topic not in consumer.topics():
            return
        partitions = [kafka.TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        assert partitions, f"there is no topic {topic}"
        ends = consumer.end_offsets(partitions, timeout_ms=ANSWER_SECONDS * 1000)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        count, deadline = 0, time.monotonic() + ANSWER_SECONDS
        while any(consumer.position(each) < ends[each] for each in partitions):
            # The marks of transactions have offsets too, and are no records.
            for place, batch in consumer.poll(timeout_ms=500).items():
                for r in batch:
                    if r.offset < ends[place]:
                        count += 1
                        yield Record(r.partition, r.offset, r.key, list(r.headers), r.value, r.timestamp)
                deadline = time.monotonic() + ANSWER_SECONDS
            assert time.monotonic() < deadline, f"{topic}: {count} records, then nothing for {ANSWER_SECONDS} s"
    finally:
        consumer.close()


def kafka_records(address, topic, committed=False, missing_ok=False):
    """What kafka_each() gives, by partition and offset."""
    return sorted(kafka_each(address, topic, committed, missing_ok), key=lambda r: r[:2])


def http(method, address, path, query=(), body=None, headers=()):
    """(status, text)"""
    url = f"http://{address}{path}" + ("?" + urllib.parse.urlencode(dict(query)) if query else "")
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def influx1_rows(address, query, database=NAME):
    """A dictionary for each row of an InfluxQL query: its columns, `time` in nanoseconds, and the tags that it is grouped by."""
    status, text = http("POST", address, "/query", {"db": database, "epoch": "ns", "q": query})
    answer = json.loads(text)
    errors = [part["error"] for part in [answer, *answer.get("results", ())] if "error" in part]
    assert status == 200 and not errors, (status, errors)
    return [dict(zip(series["columns"], values)) | series.get("tags", {})
            for result in answer["results"] for series in result.get("series", ()) for values in series["values"]]


def influx1_each(address, query, database=NAME, rows=20_000):
    """The rows of a query without groups, as lists (the time in nanoseconds first), fetched so many at a time: for what does not fit into one answer."""
    body = urllib.parse.urlencode({"db": database, "epoch": "ns", "q": query, "chunked": "true", "chunk_size": str(rows)}).encode()
    with urllib.request.urlopen(f"http://{address}/query", data=body, timeout=10 * ANSWER_SECONDS) as reply:
        for line in reply:
            for result in json.loads(line)["results"]:
                assert "error" not in result, result
                for series in result.get("series", ()):
                    yield from series["values"]


def influx2_rows(address, flux):
    """A dictionary for each row of a Flux query, `_time` as a datetime."""
    import influxdb_client
    with influxdb_client.InfluxDBClient(f"http://{address}", TOKEN, org=NAME, timeout=ANSWER_SECONDS * 1000) as client:
        return [record.values for table in client.query_api().query(flux) for record in table.records]


def mongo_client(address):
    import pymongo
    return pymongo.MongoClient(f"mongodb://{address}", directConnection=True, serverSelectionTimeoutMS=ANSWER_SECONDS * 1000)


def mongo_find(address, collection, wanted=None, database=NAME, sort="_id"):
    with mongo_client(address) as client:
        return list(client[database][collection].find(wanted or {}).sort(sort, 1))


def postgres_rows(address, statement, arguments=None):
    """The rows of a statement, as tuples; none for one that has no rows."""
    import psycopg
    host, port = address.rsplit(":", 1)
    with psycopg.connect(host=host, port=port, user=NAME, dbname=NAME, connect_timeout=ANSWER_SECONDS) as connection:
        cursor = connection.execute(statement, arguments)
        return cursor.fetchall() if cursor.description else []
