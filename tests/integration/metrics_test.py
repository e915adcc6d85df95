"""GET /metrics of a running engine: parses, has the documented names, and what the example rules and dashboard ask for is there.

usage: metrics_test.py [--write]   --write makes docs/metrics.md anew from what the engine says
"""
import json
import pathlib
import re
import sys
import tempfile

from world import World, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs/metrics.md"
WORLD = None
LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|[-+0-9.eE]+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')
# A sink that nobody listens to has its metrics, too.
SINK = """
sinks:
  - id: nobody
    records: [alert]
    influxdb: {url: "http://127.0.0.1:9", api: v1, database: none}
"""
HEAD = """# Metrics

What `GET /metrics` of the traders' and metrics listeners says, in the text format of Prometheus. Names are stable: they are added to, not
changed. This page is made by `tests/integration/metrics_test.py --write` and held against a running engine by the tests.
[monitoring/alerts.yml](monitoring/alerts.yml) has example alert rules, [monitoring/grafana.json](monitoring/grafana.json) a dashboard to import.

| name | type | labels | what it is |
| --- | --- | --- | --- |
"""


def families():
    """name -> {type, help, labels, samples}; every line must be one that Prometheus takes."""
    status, text = WORLD.request("GET", "/metrics")
    assert status == 200
    found = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, about = line[7:].split(" ", 1)
            found[name] = {"help": about, "labels": set(), "samples": 0, "type": None}
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert kind in ("counter", "gauge", "histogram"), line
            found[name]["type"] = kind
        elif line:
            match = LINE.match(line)
            assert match, line
            name = match.group(1)
            base = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
            assert base in found, line
            labels = match.group(2) or ""
            assert LABEL.sub("", labels) == "", line
            found[base]["labels"] |= {key for key, _ in LABEL.findall(labels)} - {"le"}
            found[base]["samples"] += 1
    return found


def document():
    rows = [f"| `{name}` | {row['type']} | {', '.join(sorted(row['labels']))} | {row['help']} |" for name, row in sorted(families().items())]
    return HEAD + "\n".join(rows) + "\n"


def every_line_is_one_that_prometheus_takes():
    found = families()
    assert len(found) > 40 and all(row["samples"] and row["type"] for row in found.values()), found


def the_page_says_what_the_engine_says():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "docs/metrics.md is not up to date: tests/integration/metrics_test.py --write"


def a_histogram_is_cumulative_and_ends_with_all():
    text = WORLD.request("GET", "/metrics")[1]
    buckets, counts = {}, {}
    for line in text.splitlines():
        match = LINE.match(line)
        if not match or not match.group(1).startswith("tandem_order_latency_seconds"):
            continue
        labels = dict(LABEL.findall(match.group(2)))
        key = (labels["exchange"], labels["market"])
        if match.group(1).endswith("_bucket"):
            buckets.setdefault(key, []).append(float(match.group(3)))
        elif match.group(1).endswith("_count"):
            counts[key] = float(match.group(3))
    assert buckets and all(row == sorted(row) and row[-1] == counts[key] > 0 for key, row in buckets.items()), (buckets, counts)


def rules_and_dashboard_ask_for_what_there_is():
    known = set(families())
    known |= {name + suffix for name in known for suffix in ("_bucket", "_sum", "_count")}
    dashboard = json.loads((ROOT / "docs/monitoring/grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += re.findall(r"expr: (.*)", (ROOT / "docs/monitoring/alerts.yml").read_text(encoding="utf-8"))
    names = {name for expression in asked for name in re.findall(r"\b(?:tandem_\w+|api_response_ms|arbitrage_ms)\b", expression)}
    assert len(names) > 15 and names <= known, names - known


def main():
    global WORLD
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        mock = (ROOT / "config/examples/mock.yaml").read_text(encoding="utf-8")
        config.write(mock.replace("../scenarios/", f"{ROOT}/config/scenarios/") + SINK)
        config.flush()
        with World(config=config.name) as WORLD:
            WORLD.wait_all_watching()
            wait_until("orders were filled and clients' figures are there", lambda: "tandem_fills_total" in WORLD.request("GET", "/metrics")[1]
                       and "arbitrage_ms" in WORLD.request("GET", "/metrics")[1] and "tandem_position" in WORLD.request("GET", "/metrics")[1], 60)
            if sys.argv[1:] == ["--write"]:
                DOCUMENT.write_text(document(), encoding="utf-8")
                return 0
            return run([every_line_is_one_that_prometheus_takes, the_page_says_what_the_engine_says, a_histogram_is_cumulative_and_ends_with_all,
                        rules_and_dashboard_ask_for_what_there_is])


if __name__ == "__main__":
    sys.exit(main())
