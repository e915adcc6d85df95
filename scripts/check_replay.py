#!/usr/bin/env python3
"""Finds the opportunities of a recorded replay on its own and says whether the engine found the same ones.

It shares nothing with the engine: it reads the recordings that the configuration's scenario names, rebuilds the books by the venues'
published rules, and judges the pairs by the documentation in core/strategy/{spread,pair_watch}.hpp, in exact integers. It prints the lines
that the engine prints when a replay ends. What a recording must not have (a gap, a crossed book) and a pair may not have (totalAmount) is
refused, not guessed.

usage: scripts/check_replay.py [CONFIG] [--diff REPORT]
  CONFIG          default config/examples/replay.yaml
  --diff REPORT   compare with the engine's output instead of printing: the first differences, then "difference: N"
Exit codes: 0 (no difference), 1 (differences), 64 (usage), 65 (the recordings or the configuration cannot be used).
"""
import bisect
import gzip
import heapq
import json
import math
import os
import pathlib
import re
import sys

DECIMALS = 12  # every number is an integer count of 10^-12
UNIT = 10**DECIMALS
PERCENT_DECIMALS = 8
LEVELS_MAX = 50  # what a pair sees of a book
DIFFERENCES_SHOWN = 10
# Defaults of config/schema.hpp and core/strategy/pair.hpp.
TAKER_FEES = {("binance", "spot"): "0.001", ("binance", "linear"): "0.0005", ("bybit", "spot"): "0.001", ("bybit", "linear"): "0.00055"}
CHANGE_PERCENT = "0.01"
BOOK_AGE_MAX_MS = "5000"
MIN_NOTIONAL = "5"  # of a scenario's source
DIRECTIONS = ("leg1_buy_leg2_sell", "leg1_sell_leg2_buy")


class Unusable(Exception):
    """The input is not what this program can judge."""


# ---- numbers ---------------------------------------------------------------------------------------------------------------------------


def units(text):
    """Decimal text as a count of 10^-DECIMALS."""
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    if len(part) > DECIMALS:
        if part[DECIMALS:].strip("0"):
            raise Unusable(f"{text} has more than {DECIMALS} decimals")
        part = part[:DECIMALS]
    return sign * (int(whole) * UNIT + int(part.ljust(DECIMALS, "0")))


def decimals_of(value):
    """Decimals needed to write a count of 10^-DECIMALS."""
    needed = DECIMALS
    while needed and value % 10 == 0:
        value //= 10
        needed -= 1
    return needed


def text_of(count, decimals):
    """count * 10^-decimals without trailing zeros."""
    sign = "-" if count < 0 else ""
    whole, part = divmod(abs(count), 10**decimals)
    part = str(part).rjust(decimals, "0").rstrip("0") if decimals else ""
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def half_even(part, whole):
    """part / whole to the nearest integer, ties to the even one."""
    quotient, rest = divmod(part, whole)
    return quotient + (2 * rest > whole or (2 * rest == whole and quotient % 2 == 1))


def percent(part, whole):
    return half_even(part * 10 ** (PERCENT_DECIMALS + 2), whole) if whole > 0 else 0


# ---- the YAML of our configuration files -----------------------------------------------------------------------------------------------


class Yaml:
    """Block and flow mappings and sequences of plain, single or double quoted scalars, comments, ${NAME:-default}. All scalars are text."""

    TOKEN = re.compile(r"""\s*(?:([\[\]{},])|"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s\[\]{},:#][^\[\]{},]*?)(?=\s*(?:[\[\]{},]|:\s|:$|$)))""")

    def __init__(self, path):
        self.path = path
        self.lines = []
        pending = ""
        for raw in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            line = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: os.environ.get(m[1]) or m[2] or "", self.without_comment(raw))
            if not line.strip():
                continue
            pending = f"{pending} {line.strip()}" if pending else line
            if sum(map(pending.count, "[{")) == sum(map(pending.count, "]}")):
                self.lines.append((len(pending) - len(pending.lstrip()), pending.strip()))
                pending = ""
        self.at = 0

    @staticmethod
    def without_comment(line):
        quote, before = "", " "
        for at, char in enumerate(line):
            if quote:
                quote = "" if char == quote else quote
            elif char in "\"'" and before in " [{,":
                quote = char
            elif char == "#" and before == " ":
                return line[:at].rstrip()
            before = char
        return line.rstrip()

    def document(self):
        return self.block(self.lines[0][0]) if self.lines else {}

    def block(self, indent):
        if self.lines[self.at][1].startswith("- "):
            return self.sequence(indent)
        result = {}
        while self.at < len(self.lines) and self.lines[self.at][0] == indent and not self.lines[self.at][1].startswith("- "):
            key, colon, value = self.lines[self.at][1].partition(":")
            if not colon:
                raise Unusable(f"{self.path}: not understood: {self.lines[self.at][1]}")
            self.at += 1
            result[key.strip().strip("\"'")] = self.value(value.strip(), indent)
        return result

    def value(self, text, indent):
        if text:
            return self.flow(text)
        if self.at < len(self.lines):
            deeper, line = self.lines[self.at]
            if deeper > indent or (deeper == indent and line.startswith("- ")):
                return self.block(deeper)
        return None

    def sequence(self, indent):
        items = []
        while self.at < len(self.lines) and self.lines[self.at][0] == indent and self.lines[self.at][1].startswith("- "):
            line = self.lines[self.at][1]
            rest = line[2:].lstrip()
            if re.match(r"[\w.]+:(\s|$)", rest):  # a mapping begins behind the dash
                inner = indent + len(line) - len(rest)
                self.lines[self.at] = (inner, rest)
                items.append(self.block(inner))
            else:
                self.at += 1
                items.append(self.flow(rest))
        return items

    def flow(self, text):
        value, end = self.flow_at(text, 0)
        if text[end:].strip():
            raise Unusable(f"{self.path}: not understood: {text}")
        return value

    def flow_at(self, text, at):
        match = self.TOKEN.match(text, at)
        if not match:
            raise Unusable(f"{self.path}: not understood: {text}")
        mark, double, single, plain = match.groups()
        if mark is None:
            found = double if double is not None else single.replace("''", "'") if single is not None else plain
            return found, match.end()
        if mark not in "[{":
            raise Unusable(f"{self.path}: not understood: {text}")
        result = [] if mark == "[" else {}
        at = match.end()
        while True:
            at += len(text[at:]) - len(text[at:].lstrip())
            if text[at : at + 1] == ("]" if mark == "[" else "}"):
                return result, at + 1
            item, at = self.flow_at(text, at)
            if mark == "{":
                colon = re.compile(r"\s*:").match(text, at)
                if not colon:
                    raise Unusable(f"{self.path}: not understood: {text}")
                result[item], at = self.flow_at(text, colon.end())
            else:
                result.append(item)
            at += len(text[at:]) - len(text[at:].lstrip())
            at += text[at : at + 1] == ","


# ---- books -----------------------------------------------------------------------------------------------------------------------------


class Side:
    """Prices best first: `keys` ascend, so bids are kept negated."""

    def __init__(self, sign):
        self.sign = sign
        self.keys = []
        self.sizes = {}

    def put(self, price, size):
        key = self.sign * price
        if size == 0:
            if self.sizes.pop(key, None) is not None:
                del self.keys[bisect.bisect_left(self.keys, key)]
        else:
            if key not in self.sizes:
                bisect.insort(self.keys, key)
            self.sizes[key] = size

    def top(self, count):
        for key in self.keys[:count]:
            yield self.sign * key, self.sizes[key]

    def best(self):
        return self.sign * self.keys[0] if self.keys else None


class Book:
    """One instrument: levels, rules of its venue and what a pair must know of it."""

    def __init__(self, source):
        self.name = f"{source['surface']} {source['symbol']}"
        self.tick_decimals = decimals_of(units(source["tick"]))
        self.lot = units(source["lot"])
        self.lot_decimals = decimals_of(self.lot)
        self.notional_min = units(str(source.get("min_notional", MIN_NOTIONAL)))
        self.texts = {}
        self.venue_time = 0
        self.last_id = None  # None = not synchronised
        self.clear()

    def clear(self):
        self.bids, self.asks = Side(-1), Side(1)

    def number(self, text):
        value = self.texts.get(text)
        if value is None:
            value = self.texts[text] = units(text)
        return value

    def apply(self, bids, asks):
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price_text, size_text in levels:
                price, size = self.number(price_text), self.number(size_text)
                if price % 10 ** (DECIMALS - self.tick_decimals):  # more decimals than its tick has: the scale becomes finer
                    self.tick_decimals = decimals_of(price)
                if size % 10 ** (DECIMALS - self.lot_decimals):
                    self.lot_decimals = decimals_of(size)
                side.put(price, size)

    def changed(self, venue_time):
        """The book is complete after a change."""
        self.venue_time = venue_time
        if self.bids.keys and self.asks.keys and self.bids.best() >= self.asks.best():
            raise Unusable(f"{self.name}: crossed at venue time {venue_time}")
        return True


class BinanceBook(Book):
    """Spot and USD-M Futures, "How to manage a local order book correctly"."""

    MARKS = ('"e":"depthUpdate"', '"lastUpdateId"')

    def __init__(self, source):
        super().__init__(source)
        self.spot = source["surface"] == "binance_spot"
        self.buffer = []
        self.snapshot_id = None

    def take(self, message):
        """True when there is a new complete book."""
        if "lastUpdateId" in message:
            return self.take_snapshot(message)
        event = message["data"]
        if self.snapshot_id is None:
            self.buffer.append(event)
            return False
        return self.take_event(event) and self.changed(event["E"])

    def take_snapshot(self, message):
        if self.snapshot_id is not None:
            return False
        if self.buffer and message["lastUpdateId"] < self.buffer[0]["U"]:
            return False  # too old, another one is fetched
        self.snapshot_id = message["lastUpdateId"]
        self.clear()
        self.apply(message["bids"], message["asks"])
        taken = [event for event in self.buffer if self.take_event(event)]
        self.buffer = []
        return bool(taken) and self.changed(taken[-1]["E"])

    def take_event(self, event):
        """True when it was the next one."""
        first, last = event["U"], event["u"]
        if self.last_id is None:
            # Drop what ends before the snapshot; the first one kept must reach over it.
            if last < self.snapshot_id or (self.spot and last == self.snapshot_id):
                return False
            follows = first <= self.snapshot_id + 1 if self.spot else first <= self.snapshot_id or event["pu"] == self.snapshot_id
        else:
            if last <= self.last_id:
                return False
            follows = first <= self.last_id + 1 if self.spot else event["pu"] == self.last_id
        if not follows:
            raise Unusable(f"{self.name}: a gap before update {first}")
        self.last_id = last
        self.apply(event["b"], event["a"])
        return True


class BybitBook(Book):
    """v5 "Orderbook": a snapshot replaces, a delta follows with u + 1, u = 1 is a snapshot after a restart of the service."""

    MARKS = ('"orderbook.50.',)

    def take(self, message):
        data = message["data"]
        if message["type"] == "snapshot" or data["u"] == 1:
            self.clear()
        elif self.last_id is None or data["u"] <= self.last_id:
            return False
        elif data["u"] != self.last_id + 1:
            raise Unusable(f"{self.name}: a gap before update {data['u']}")
        self.last_id = data["u"]
        self.apply(data["b"], data["a"])
        return self.changed(message["ts"])


def depth_lines(path, symbol, marks, order):
    """(receive time, order, JSON text) of the lines that touch the book, in the file's order."""
    wanted = (f'"s":"{symbol}"', f'"stream":"{symbol.lower()}@', '"lastUpdateId"')
    with gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8") as lines:
        for line in lines:
            received, _, text = line.partition(" ")
            # Every line counts for the order of two files whose times are not sorted within.
            useful = any(mark in text for mark in marks) and any(mark in text for mark in wanted)
            yield int(received), order, text if useful else None


# ---- pairs -----------------------------------------------------------------------------------------------------------------------------


def walk(side, levels, wanted):
    """What a market order of this size costs, in 10^-2*DECIMALS; None when the levels end before."""
    notional = 0
    for price, size in side.top(levels):
        taken = min(size, wanted)
        notional += price * taken
        wanted -= taken
        if wanted == 0:
            return notional
    return None


class Spread:
    def __init__(self, direction, buy, sell, fees, grain):
        def fee(notional, rate):  # rounded up at the books' common scale
            return -(-notional * rate // (UNIT * grain)) * grain

        buy_fee, sell_fee = fees if direction == 0 else reversed(fees)
        self.direction = direction
        self.buy, self.gross = buy, sell - buy
        self.net = sell - fee(sell, sell_fee) - buy - fee(buy, buy_fee)

    def net_percent(self):
        return percent(self.net, self.buy)

    def reaches(self, threshold):
        return self.net * 100 * UNIT >= threshold * self.buy

    def pays_more_than(self, other):
        """> 0, 0 or < 0."""
        return self.net * other.buy - other.net * self.buy


class Opportunity:
    def __init__(self, number, spread, quantity, venue_time):
        self.number, self.direction, self.quantity, self.opened = number, spread.direction, quantity, venue_time
        self.gross_percent, self.net_percent = percent(spread.gross, spread.buy), spread.net_percent()
        self.best = self.published = self.said_best = self.net_percent
        self.changes, self.lifetime, self.ended = 0, 0, False

    def line(self, pair):
        def shown(value):
            return text_of(value, PERCENT_DECIMALS)

        return (f"opportunity pair={pair} number={self.number} direction={DIRECTIONS[self.direction]} opened={self.opened} "
                f"lifetime_ms={self.lifetime} qty={text_of(self.quantity, DECIMALS)} gross_percent={shown(self.gross_percent)} "
                f"net_percent={shown(self.net_percent)} best_net_percent={shown(self.said_best)} changes={self.changes} "
                f"{'ended' if self.ended else 'open'}")


class Pair:
    def __init__(self, config, books, taker_fees):
        options = config.get("options") or {}
        if units(str(config.get("totalAmount", "0"))):
            raise Unusable(f"pair {config['id']}: totalAmount is not judged here")
        self.id = config["id"]
        keys = [(config[leg]["exchange"], config[leg].get("type", "spot"), config[leg]["symbol"]) for leg in ("leg1", "leg2")]
        for key in keys:
            if key not in books:
                raise Unusable(f"pair {self.id}: the scenario replays no {' '.join(key)}")
        self.legs = [books[key] for key in keys]
        self.threshold = units(config["threshold"])
        self.wanted = units(config["qty"])
        self.fees = [units(options[f"leg{n}Fee"]) if f"leg{n}Fee" in options else taker_fees[keys[n - 1][:2]] for n in (1, 2)]
        self.change = units(options.get("changePercent", CHANGE_PERCENT)) // 10 ** (DECIMALS - PERCENT_DECIMALS)
        self.levels = min(int(options.get("levels", LEVELS_MAX)), LEVELS_MAX)
        rule = config.get("direction", "auto")
        self.allowed = [n for n in (0, 1) if rule in ("auto", DIRECTIONS[n])]
        self.age_max = int(options.get("bookAgeMaxMs", BOOK_AGE_MAX_MS))
        self.venue_time = 0
        self.enabled = config.get("enabled", "true") == "true"
        self.open = None
        self.found = []

    def quantity(self):
        """The wanted size in steps that both venues take; 0 below a minimum. The smallest size is one lot in the simulated venues."""
        step = math.lcm(*(leg.lot for leg in self.legs))
        quantity = self.wanted // step * step
        for leg in self.legs:
            price = leg.bids.best() or leg.asks.best()
            if price is None or price * quantity < leg.notional_min * UNIT:
                return 0
        return quantity

    def spread(self, direction, quantity):
        buyer, seller = self.legs if direction == 0 else reversed(self.legs)
        buy, sell = walk(buyer.asks, self.levels, quantity), walk(seller.bids, self.levels, quantity)
        if buy is None or sell is None:
            return None
        scale = max(leg.tick_decimals for leg in self.legs) + max(leg.lot_decimals for leg in self.legs)
        return Spread(direction, buy, sell, self.fees, 10 ** (2 * DECIMALS - scale))

    def best_way(self, quantity):
        best = None
        for direction in self.allowed if quantity else ():
            spread = self.spread(direction, quantity)
            if spread is None or not spread.reaches(self.threshold):
                continue
            order = 1 if best is None else spread.pays_more_than(best)
            if order > 0 or (order == 0 and self.open and self.open.direction == direction):
                best = spread
        return best

    def evaluate(self):
        if not self.enabled or any(leg.last_id is None for leg in self.legs):
            return
        stamps = [leg.venue_time for leg in self.legs]
        # A leg that lags the other by its stamps is not traded on; what was open ended with the last books that were good.
        lagging = all(stamps) and max(stamps) - min(stamps) > self.age_max
        venue_time = self.venue_time = self.venue_time if lagging else max(stamps)
        quantity = 0 if lagging else self.quantity()
        best = self.best_way(quantity)
        if self.open and (best is None or best.direction != self.open.direction):
            self.open.ended, self.open.said_best = True, self.open.best
            self.open.lifetime = max(0, venue_time - self.open.opened) if self.open.opened else 0
            self.open = None
        if best is None:
            return
        if self.open is None:
            self.open = Opportunity(len(self.found) + 1, best, quantity, venue_time)
            self.open.size = quantity
            self.found.append(self.open)
            return
        now = best.net_percent()
        self.open.best = max(self.open.best, now)
        if quantity != self.open.size or abs(now - self.open.published) >= self.change:
            self.open.size, self.open.published, self.open.said_best = quantity, now, self.open.best
            self.open.changes += 1


# ---- the whole -------------------------------------------------------------------------------------------------------------------------


def load(config_path):
    """Pairs, books and the merged lines of all recordings."""
    config = Yaml(config_path).document()
    scenario_path = pathlib.Path(config_path).parent / config["simulator"]
    sources = Yaml(scenario_path).document()["replay"]["sources"]
    taker_fees = {key: units(text) for key, text in TAKER_FEES.items()}
    for venue, markets in (config.get("venues") or {}).items():
        for market, settings in markets.items():
            if settings and "taker_fee" in settings:
                taker_fees[venue, market] = units(settings["taker_fee"])
    books, streams = {}, []
    for source in sources:
        venue, _, market = source["surface"].partition("_")
        kind = {"binance": BinanceBook, "bybit": BybitBook}[venue]
        book = books[venue, market, source["symbol"]] = kind(source)
        for name in source["files"]:
            path = str(scenario_path.parent / name)
            streams.append(depth_lines(path, source["symbol"], kind.MARKS, book))
    pairs = [Pair(each, books, taker_fees) for each in config["pairs"]]
    return pairs, heapq.merge(*streams, key=lambda line: line[0])  # of equal times the first file's line comes first


def judge(pairs, lines):
    by_book = {}
    for pair in pairs:
        for leg in pair.legs:
            by_book.setdefault(id(leg), []).append(pair)
    for _, book, text in lines:
        if text is not None and book.take(json.loads(text)):
            for pair in by_book.get(id(book), ()):
                pair.evaluate()


def report(pairs):
    pairs = sorted((pair for pair in pairs if pair.found), key=lambda pair: pair.id)
    lines = [each.line(pair.id) for pair in pairs for each in pair.found]
    count = len(lines)
    for pair in pairs:
        lifetimes = [each.lifetime for each in pair.found]
        lines.append(f"pair={pair.id} opportunities={len(lifetimes)} lifetime_ms_sum={sum(lifetimes)} lifetime_ms_max={max(lifetimes)}")
    return lines + [f"opportunities={count} kept={count}"]


def differences(ours, theirs):
    """Prints the first ones; returns how many lines differ."""
    count = 0
    for number in range(max(len(ours), len(theirs))):
        mine = ours[number] if number < len(ours) else "(nothing)"
        other = theirs[number] if number < len(theirs) else "(nothing)"
        if mine == other:
            continue
        count += 1
        if count <= DIFFERENCES_SHOWN:
            print(f"line {number + 1}\n  recordings: {mine}\n  engine:     {other}")
    print(f"difference: {count}")
    return count


def main():
    arguments = sys.argv[1:]
    if any(each in ("-h", "--help") for each in arguments):
        print(__doc__)
        return 0
    engine_report = None
    if "--diff" in arguments:
        at = arguments.index("--diff")
        if at + 1 == len(arguments):
            print(__doc__, file=sys.stderr)
            return 64
        engine_report = arguments[at + 1]
        del arguments[at : at + 2]
    if len(arguments) > 1 or any(each.startswith("-") for each in arguments):
        print(__doc__, file=sys.stderr)
        return 64
    try:
        pairs, lines = load(arguments[0] if arguments else "config/examples/replay.yaml")
        judge(pairs, lines)
        found = report(pairs)
        if engine_report is None:
            print("\n".join(found))
            return 0
        said = pathlib.Path(engine_report).read_text(encoding="utf-8").splitlines()
    except (Unusable, OSError, ValueError, KeyError, TypeError) as problem:
        print(f"check_replay: {problem if isinstance(problem, (Unusable, OSError)) else repr(problem)}", file=sys.stderr)
        return 65
    said = [line for line in said if line.startswith(("opportunity ", "opportunities=")) or re.match(r"pair=\S+ opportunities=", line)]
    return 1 if differences(found, said) else 0


if __name__ == "__main__":
    sys.exit(main())
