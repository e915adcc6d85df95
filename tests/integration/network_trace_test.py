"""Whom the engine speaks to: nobody but the hosts of its configuration (S3-06).

A library loaded before the C library writes down every address that the process connects or sends to and every name that it looks up
(tests/programs/network_trace.cpp). What the kernel would be asked beside the C library is not seen; nothing the engine links does that.
"""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

from world import ROOT, Program, WebSocket, World, programs, run, wait_until

LIBRARY = os.environ.get("TANDEM_NETWORK_TRACE_LIBRARY")


class Trace:
    def __init__(self, folder):
        self.file = pathlib.Path(folder, "network")
        self.environment = {"LD_PRELOAD": LIBRARY, "TANDEM_NETWORK_TRACE": str(self.file)}

    def seen(self, *calls):
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return {line.split(" ", 1)[1] for line in lines if line.split(" ", 1)[0] in calls}

    def spoken_to(self):
        """Addresses on a network."""
        return self.seen("connect", "sendto", "sendmsg") - {"unix"}


class Collector:
    """What a sink of the configuration sends to; answers nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:" + str(self.listener.getsockname()[1])
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                self.listener.accept()[0].close()
            except OSError:
                return


class TracedWorld(World):
    def __init__(self, config="config/examples/mock.yaml", environment=()):
        self.folder = tempfile.TemporaryDirectory()
        self.trace = Trace(self.folder.name)
        self.environment = {**self.trace.environment, **dict(environment)}
        super().__init__(config=config, sim_settings=["flow.excursion_gap=[300ms, 900ms]"])

    def venues(self):
        return {address for name, address in self.sim.addresses.items() if name != "admin"}


def use(world):
    """What people and programs do in a day: prices, pairs, orders, keys that are tested, the log, streams."""
    wait_until("trades", lambda: [e for e in world.get("/api/executions?limit=50") if e["phase"] == "done"], 40)
    for path in ("/", "/docs", "/openapi.json", "/metrics", "/health", "/api/exchanges", "/api/prices/binance/ADAUSDT", "/api/prices/bybit/BTCUSDT", "/api/alerts",
                 "/api/account/binance", "/api/settings/api", "/api/engine/log", "/api/engine/actors"):
        world.request("GET", path)
    world.request("POST", "/api/settings/api/test", {"exchange": "binance"})
    client = WebSocket(world.engine.addresses["http"])
    client.receive(5)
    client.close()


def an_engine_speaks_to_the_venues_of_its_configuration_and_to_nobody_else():
    with TracedWorld() as world:
        use(world)
        told, names = world.trace.spoken_to(), world.trace.seen("name")
        print(f"       {len(told)} addresses, {len(names)} names")
        assert told == world.venues() and not names, (told, world.venues(), names)


def a_sink_is_spoken_to_when_it_is_configured():
    places = {name: Collector() for name in ("KAFKA", "INFLUX", "MONGO")}
    addresses = {name: place.address for name, place in places.items()}
    with TracedWorld("config/examples/sinks.yaml", addresses) as world:
        wait_until("every sink tries to write", lambda: set(addresses.values()) <= world.trace.spoken_to(), 60)
        allowed = {*addresses.values(), *world.venues()}
        assert world.trace.spoken_to() <= allowed and not world.trace.seen("name"), (world.trace.spoken_to(), allowed, world.trace.seen("name"))


def an_engine_of_real_venues_asks_for_their_names_alone():
    text = (ROOT / "config/examples/dev.yaml").read_text()
    hosts, first = (set(re.findall(rf"(?:{schemes})://([^:/\s]+)", text)) for schemes in ("https|wss", "https"))  # streams are opened when instruments are known
    with tempfile.TemporaryDirectory() as folder:
        trace = Trace(folder)
        engine = Program([programs()[0], "run", "config/examples/dev.yaml", "--set", f"engine.state_dir={folder}/state", "--set", "listeners[0].address=127.0.0.1:0",
                          "--set", "listeners[1].address=127.0.0.1:0"],
                         {**trace.environment, "TANDEM_NETWORK_NAMES": "refuse", "http_proxy": "", "https_proxy": "", "HTTP_PROXY": "", "HTTPS_PROXY": ""})
        try:
            wait_until("every venue was asked for", lambda: trace.seen("name") >= first, 30)
            time.sleep(3)
            print(f"       {sorted(trace.seen('name'))}")
            assert trace.seen("name") <= hosts and not trace.spoken_to(), (trace.seen("name"), trace.spoken_to())
        finally:
            engine.stop()


def the_trace_sees_what_it_should():
    with tempfile.TemporaryDirectory() as folder:
        trace = Trace(folder)
        code = "import socket\ntry:\n  socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: pass\n" \
               "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 7))\ntry:\n  socket.getaddrinfo('a.example', 1)\nexcept OSError: pass\n"
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **trace.environment, "TANDEM_NETWORK_NAMES": "refuse"}, check=True)
        assert trace.spoken_to() == {"127.0.0.1:9", "127.0.0.1:7"} and trace.seen("name") == {"a.example"}, trace.file.read_text()


if __name__ == "__main__":
    if not LIBRARY:
        print("TANDEM_NETWORK_TRACE_LIBRARY is not set")
        sys.exit(1 if os.environ.get("CI") else 77)
    run([the_trace_sees_what_it_should, an_engine_speaks_to_the_venues_of_its_configuration_and_to_nobody_else,
         a_sink_is_spoken_to_when_it_is_configured, an_engine_of_real_venues_asks_for_their_names_alone])
