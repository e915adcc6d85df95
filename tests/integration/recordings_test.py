"""Every recorded set with known results, played by the simulator over real sockets into the running engine: the final book is the known one, level by
level, and while it runs the engine shows no state that the recording did not have.

The known results are hashes over texts as last received; this program first proves its own replay of the files against them, then compares numbers.
"""
import gzip
import hashlib
import json
import pathlib
import tempfile
import threading
from decimal import Decimal

from world import SHARED, World, run, shared, wait_until


def lines(name):
    path = shared(name)
    with (gzip.open(path, "rt") if str(path).endswith(".gz") else open(path)) as file:
        for line in file:
            start = line.find("{")
            yield json.loads(line[start:])


class Book:
    """A book by texts, as the recording has it; remembers every top it ever had."""

    def __init__(self):
        self.sides = {"b": {}, "a": {}}
        self.tops = set()

    def replace(self, bids, asks):
        self.sides = {"b": {}, "a": {}}
        self.take(bids, asks, note=False)

    def take(self, bids, asks, note=True):
        for side, levels in (("b", bids), ("a", asks)):
            for price, size in levels:
                if Decimal(size) == 0:
                    self.sides[side].pop(Decimal(price), None)
                else:
                    self.sides[side][Decimal(price)] = (price, size)
        if note:
            self.note()

    def note(self):
        if self.sides["b"] and self.sides["a"]:
            self.tops.add((max(self.sides["b"]), min(self.sides["a"])))

    def texts(self):
        return [self.sides["b"][p] for p in sorted(self.sides["b"], reverse=True)], [self.sides["a"][p] for p in sorted(self.sides["a"])]

    def sha256(self):
        bids, asks = self.texts()
        text = "".join(f"b {p} {s}\n" for p, s in bids) + "".join(f"a {p} {s}\n" for p, s in asks)
        return hashlib.sha256(text.encode()).hexdigest()

    def numbers(self):
        return [[(Decimal(p), Decimal(s)) for p, s in side] for side in self.texts()]


def binance(messages, symbol, spot):
    """The book at the end of Binance messages, by the venue's published rules."""
    book, waiting, snapshot, last, live = Book(), [], None, None, False
    for message in messages:
        if "lastUpdateId" in message:
            snapshot, last = message, message["lastUpdateId"]
            book.replace(message["bids"], message["asks"])
            book.note()
            queue, waiting = waiting, []
        elif message.get("data", {}).get("e") == "depthUpdate" and message["data"]["s"] == symbol:
            queue = [message["data"]]
            if snapshot is None:
                waiting.append(message["data"])
                continue
        else:
            continue
        for event in queue:
            if event["u"] <= last if spot else event["u"] < last:
                continue
            book.take(event["b"], event["a"], note=False)
            last, live = event["u"], True
        if live:
            book.note()
    return book, last


def files(*names):
    for name in names:
        yield from lines(name)


def with_snapshots(sockets, requests, symbol):
    """Messages of a capture with the REST snapshot of one symbol where it was received."""
    timed = []
    for name in (sockets, requests):
        with gzip.open(shared(name), "rt") as file:
            for line in file:
                start = line.find("{")
                head = line[:start].split(" -> ")[-1].strip(" :")
                if start < 0 or not head.replace(".", "").isdigit() or ("->" in line[:start] and f"symbol={symbol}&" not in line[:start]):
                    continue
                timed.append((float(head), json.loads(line[start:])))
    return [message for _, message in sorted(timed, key=lambda item: item[0])]


def bybit(messages, symbol, depth):
    book, last = Book(), None
    for message in messages:
        if message.get("topic") != f"orderbook.{depth}.{symbol}":
            continue
        data = message["data"]
        if message["type"] == "snapshot":
            book.replace(data["b"], data["a"])
            book.note()
        else:
            book.take(data["b"], data["a"])
        last = data["u"]
    return book, last


def play(scenario, markets, expected):
    """As always, and once more on one thread with a capture, which replays to the same bytes."""
    for capture in (False, True):
        play_once(scenario, markets, expected, capture)


def play_once(scenario, markets, expected, capture):
    """`markets`: YAML of the venues. `expected`: {(exchange, type, symbol): (book, last id)}."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "engine.yaml"
        config.write_text("mode: mock\nengine: {delivery: lossless}\nlisteners: [{surface: traders, address: \"127.0.0.1:0\"}]\n"
                          "venues:\n" + markets)
        with World(scenario, str(config), settings=["listeners[0].requests_per_second=1000000"], capture=capture) as world:
            wrong, done = [], threading.Event()

            def watch():
                while not done.is_set():
                    for (exchange, kind, symbol), (book, _) in expected.items():
                        status, answer = world.request("GET", f"/api/prices/{exchange}/{symbol}?type={kind}&depth=1")
                        if status == 200 and answer["data"]["bids"] and answer["data"]["asks"]:
                            top = Decimal(answer["data"]["bids"][0][0]), Decimal(answer["data"]["asks"][0][0])
                            seen.add(top)
                            if top not in book.tops:
                                wrong.append((exchange, kind, symbol, top))
            seen = set()
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                wait_until("the replay is over", lambda: any(line.startswith("replay done") for line in world.sim.lines), 120)
                for (exchange, kind, symbol), (book, last) in expected.items():
                    path = f"/api/engine/books/{exchange}/{symbol}?type={kind}"
                    wait_until(f"{symbol} has its last update", lambda: world.get(path)["lastUpdateId"] == last, 10)
                    got = world.get(path)
                    sides = [[(Decimal(p), Decimal(s)) for p, s in got[side]] for side in ("bids", "asks")]
                    assert sides == book.numbers(), f"{exchange} {kind} {symbol}: the final book differs"
                    feed = world.actor(f"engine/services/venues/{exchange}/{kind}/feed")["counters"]
                    assert feed["gaps"] == feed["crossed"] == feed["malformed"] == feed["resyncs"] == 0, feed
                    print(f"       {exchange} {kind} {symbol}: {len(sides[0])} + {len(sides[1])} levels equal at id {last}, "
                          f"{feed['applied']} applied on the market")
            finally:
                done.set()
                watcher.join()
            assert not wrong, f"states the recording did not have: {wrong[:3]} of {len(wrong)}"
            print(f"       {len(seen)} different tops seen while it ran, every one recorded")
            if not capture:
                return
            assert world.engine.stop() == 0
            code, output = world.replay()
            assert code == 0 and ", 0 differences, " in output.splitlines()[-1], output[-2000:]
            print("       " + output.splitlines()[-1])


def market(venue, kind, name, depth, symbols):
    address = "${SIM_" + name + "}"
    return (f"    {kind}: {{rest: \"http://{address}\", websocket: \"ws://{address}\", depth_stream: \"{depth}\", symbols: [{', '.join(symbols)}]}}\n")


def the_minutes_of_2024_08_08_on_three_markets():
    known = json.load(open(shared("venues/binance/expected-replay.json")))
    spot = binance(files("venues/binance/spot-btcusdt-20240808-a.rec.gz", "venues/binance/spot-btcusdt-20240809-b.rec.gz"), "BTCUSDT", True)
    linear = binance(files("venues/binance/usdm-btcusdt-20240808.rec.gz"), "BTCUSDT", False)
    derived = bybit(files("venues/bybit/derived-linear-btcusdt-20240808.rec.gz"), "BTCUSDT", 50)
    assert spot[0].sha256() == known["spot-btcusdt-20240808 (a then b)"]["final_book_sha256"]
    assert linear[0].sha256() == known["usdm-btcusdt-20240808"]["final_book_sha256"]
    assert derived[0].sha256() == json.load(open(shared("venues/bybit/expected-replay.json")))["derived-linear-btcusdt-20240808"]["final_book_sha256"]
    play("config/scenarios/replay.yaml",
         "  binance:\n" + market("binance", "spot", "BINANCE_SPOT", "100ms", ["BTCUSDT"]) + market("binance", "linear", "BINANCE_LINEAR", "0ms", ["BTCUSDT"])
         + "  bybit:\n" + market("bybit", "linear", "BYBIT_LINEAR", "50", ["BTCUSDT"]),
         {("binance", "spot", "BTCUSDT"): spot, ("binance", "linear", "BTCUSDT"): linear, ("bybit", "linear", "BTCUSDT"): derived})


def two_perpetuals_of_2024_07_18():
    known = json.load(open(shared("venues/binance/expected-replay.json")))
    books = {}
    for coin in ("btc", "eth"):
        books[coin] = binance(files(f"venues/binance/usdm-{coin}usdt-20240718-a.rec.gz", f"venues/binance/usdm-{coin}usdt-20240719-b.rec.gz"),
                              f"{coin.upper()}USDT", False)
        assert books[coin][0].sha256() == known[f"usdm-{coin}usdt-20240718 (a then b)"]["final_book_sha256"]
    play("config/scenarios/replay-usdm-2024-07.yaml", "  binance:\n" + market("binance", "linear", "BINANCE_LINEAR", "0ms", ["BTCUSDT", "ETHUSDT"]),
         {("binance", "linear", f"{coin.upper()}USDT"): book for coin, book in books.items()})


def five_hundred_levels_of_xrp():
    book = bybit(files("venues/bybit/linear-xrpusdt-ob500-20241201.jsonl.gz"), "XRPUSDT", 500)
    assert book[0].sha256() == json.load(open(shared("venues/bybit/expected-replay.json")))["linear-xrpusdt-ob500-20241201"]["final_book_sha256"]
    play("config/scenarios/replay-xrp-500.yaml", "  bybit:\n" + market("bybit", "linear", "BYBIT_LINEAR", "500", ["XRPUSDT"]),
         {("bybit", "linear", "XRPUSDT"): book})


def four_thin_perpetuals_of_2021():
    known = json.load(open(shared("venues/binance/expected-replay.json")))["usdm-4symbols-20210722"]["symbols"]
    books = {}
    for symbol, expected in known.items():
        books[symbol] = binance(with_snapshots("venues/binance/usdm-4symbols-20210722.ws.txt.gz", "venues/binance/usdm-4symbols-20210722.http.txt.gz",
                                               symbol), symbol, False)
        assert books[symbol][0].sha256() == expected["final_book_sha256"], symbol
    play("config/scenarios/replay-4symbols-2021.yaml", "  binance:\n" + market("binance", "linear", "BINANCE_LINEAR", "100ms", sorted(books)),
         {("binance", "linear", symbol): book for symbol, book in books.items()})


if __name__ == "__main__":
    run([the_minutes_of_2024_08_08_on_three_markets, two_perpetuals_of_2024_07_18, five_hundred_levels_of_xrp, four_thin_perpetuals_of_2021])
