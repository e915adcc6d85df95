#!/usr/bin/env python3
"""Compares what the engine's journal says of its orders, fills, positions and money with the simulated venues' own ledger, to the smallest unit.

As a module: journal(), ledger() and compare() for the tests.
"""
import argparse
import collections
import dataclasses
import decimal
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

decimal.getcontext().prec = 60
D = decimal.Decimal
ROOT = pathlib.Path(__file__).resolve().parents[1]
ORDER_PREFIX = "td"  # of every client id of an engine


@dataclasses.dataclass
class Books:
    """One side's account of what happened. Amounts are exact decimals; keys are texts such as "binance.spot.BTCUSDT"."""
    orders: dict = dataclasses.field(default_factory=dict)  # client id -> Order
    doubled: list = dataclasses.field(default_factory=list)  # client ids that the venue holds twice
    quantity: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # instrument -> bought less sold
    money: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # "venue.wallet.asset" -> moved by trading
    fills: int = 0


@dataclasses.dataclass
class Order:
    instrument: str
    side: str
    ordered: D
    filled: D = D(0)
    value: D = D(0)
    fees: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    state: str = ""
    sent: bool = False


def wallet_of(instrument):
    """Where the money of an instrument lies: Bybit has one wallet for all, Binance one per market."""
    venue, market, _ = instrument.split(".")
    return f"{venue}.unified" if venue == "bybit" else f"{venue}.{market}"


def book_fill(books, order, quantity, price, fee, fee_asset, base, quote):
    order.filled += quantity
    order.value += quantity * price
    order.fees[fee_asset] += fee
    books.fills += 1
    signed = quantity if order.side == "buy" else -quantity
    books.quantity[order.instrument] += signed
    wallet = wallet_of(order.instrument)
    if ".linear." not in order.instrument:
        books.money[f"{wallet}.{base}"] += signed
    # Of a linear instrument: as if it were paid; the ledger's side counts the open position's cost back in.
    books.money[f"{wallet}.{quote}"] -= signed * price
    books.money[f"{wallet}.{fee_asset}"] -= fee


def journal(lines):
    """The engine's side, from the lines of `tandem journal export`."""
    books, assets, scales, seen = Books(), {}, {}, set()
    for line in lines:
        record = json.loads(line)
        kind = record["record"]
        if kind in ("intent", "adopted"):
            intent = (record if kind == "intent" else record["adopted"])
            draft = intent["intent"]["draft"]
            instrument = "{venue}.{market}.{symbol}".format(**draft["instrument"])
            client_id = intent["intent"]["id"]
            scales[client_id] = (D(1).scaleb(-draft["scale"]["priceDecimals"]), D(1).scaleb(-draft["scale"]["quantityDecimals"]))
            assets[client_id] = (intent["base"], intent["quote"])
            books.orders.setdefault(client_id, Order(instrument, draft["side"], draft["quantityUnits"] * scales[client_id][1],
                                                     state="adopted" if kind == "adopted" else "intent"))
        elif kind == "sent":
            books.orders[record["id"]].sent = True
        elif kind in ("refused", "unknown", "resolved"):
            books.orders[record["id"]].state = record.get("status", kind)
        elif kind == "report":
            books.orders[record["id"]].state = record["report"]["status"]
        elif kind == "fill":
            order, fill = books.orders[record["id"]], record["fill"]
            key = (order.instrument, fill["tradeId"])
            if key in seen:
                continue
            seen.add(key)
            price_unit, quantity_unit = scales[record["id"]]
            book_fill(books, order, fill["quantityUnits"] * quantity_unit, fill["priceUnits"] * price_unit, D(fill["fee"]), fill["feeAsset"],
                      *assets[record["id"]])
    return books


def ledger(data):
    """The venues' side, from the simulator's GET /ledger. Quantities come from its fills, money from its balances."""
    books = Books()
    for account in data["accounts"]:
        venue = account["venue"]
        for client_id, held in account["orders"].items():
            if not client_id.startswith(ORDER_PREFIX):
                continue
            if len(held) > 1:
                books.doubled.append(client_id)
            for order in held:
                market = order["surface"].split("_", 1)[1]
                mine = books.orders.setdefault(client_id, Order(f"{venue}.{market}.{order['symbol']}", order["side"], D(order["quantity"]), sent=True))
                mine.state = order["state"]
                for fill in order["fills"]:
                    quantity, price = D(fill["quantity"]), D(fill["price"])
                    mine.filled += quantity
                    mine.value += quantity * price
                    mine.fees[fill["fee_asset"]] += D(fill["fee"])
                    books.fills += 1
                    books.quantity[mine.instrument] += quantity if mine.side == "buy" else -quantity
        for wallet, balances in account["balances"].items():
            for asset, balance in balances.items():
                brought = sum((D(entry["delta"]) for entry in account["entries"]
                               if entry["wallet"] == wallet and entry["asset"] == asset and entry["reason"] in ("deposit", "adjust")), D(0))
                books.money[f"{venue}.{wallet}.{asset}"] += D(balance["free"]) + D(balance["locked"]) - brought
        wallet = f"{venue}.unified" if venue == "bybit" else f"{venue}.linear"
        for position in account["positions"].values():
            signed_cost = D(position["cost"]) if D(position["quantity"]) >= 0 else -D(position["cost"])
            books.money[f"{wallet}.USDT"] -= signed_cost
    return books


def compare(engine, venue):
    """Every difference, as a line of text."""
    rows = [f"order {client_id}: the venue holds it twice" for client_id in venue.doubled]
    for client_id in sorted(engine.orders.keys() | venue.orders.keys()):
        ours, theirs = engine.orders.get(client_id), venue.orders.get(client_id)
        if ours is None:
            rows.append(f"order {client_id}: at the venue ({theirs.state}), not in the journal")
        elif theirs is None:
            if ours.filled:
                rows.append(f"order {client_id}: filled in the journal, unknown to the venue")
        elif (ours.filled, ours.value, +ours.fees) != (theirs.filled, theirs.value, +theirs.fees):
            rows.append(f"order {client_id}: journal {ours.filled} worth {ours.value}, fees {dict(ours.fees)}; "
                        f"venue {theirs.filled} worth {theirs.value}, fees {dict(theirs.fees)}")
    for what, ours, theirs in (("position", engine.quantity, venue.quantity), ("money", engine.money, venue.money)):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours[key] != theirs[key]:
                rows.append(f"{what} {key}: journal {ours[key]}, venue {theirs[key]}, difference {ours[key] - theirs[key]}")
    return rows


def fetch_ledger(admin):
    with urllib.request.urlopen(f"http://{admin}/ledger", timeout=10) as reply:
        return json.load(reply)["data"]


def export(binary, state_dir):
    done = subprocess.run([binary, "journal", "export", state_dir, "-"], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"tandem journal export ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def settle(binary, state_dir, admin, seconds):
    """Both sides at a moment at which nothing moves, or as they are when the time is over: (engine, venue, differences)."""
    deadline = time.monotonic() + seconds
    while True:
        before = ledger(fetch_ledger(admin))
        engine = journal(export(binary, state_dir))
        venue = ledger(fetch_ledger(admin))
        rows = compare(engine, venue)
        if (not rows and before == venue) or time.monotonic() > deadline:
            return engine, venue, rows
        time.sleep(0.1)


def plain(amount):
    return f"{amount.normalize() + 0:f}" if amount else "0"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--admin", help="the simulator's admin address (default: as scripts/run left it)")
    parser.add_argument("--state-dir", default=str(ROOT / "run/state"), help="the engine's state directory (default: run/state)")
    parser.add_argument("--run-dir", default=str(ROOT / "run/mock"), help="where scripts/run keeps its output (default: run/mock)")
    parser.add_argument("--tandem", default=str(ROOT / "build/release/bin/tandem"), help="the program")
    parser.add_argument("--seconds", type=float, default=10, help="how long to wait for a moment without trades (default: 10)")
    options = parser.parse_args()
    admin = options.admin
    if not admin:
        output = pathlib.Path(options.run_dir) / "simulator.out"
        found = [part[6:] for part in output.read_text().split() if part.startswith("admin=")] if output.exists() else []
        if not found:
            parser.error(f"no simulator's address in {output}; name it with --admin")
        admin = found[-1]
    try:
        engine, venue, rows = settle(options.tandem, options.state_dir, admin, options.seconds)
    except (OSError, RuntimeError) as problem:
        print(f"check-ledger: {problem}", file=sys.stderr)
        return 69
    print(f"{'':34}{'journal':>24}{'venues':>24}")
    print(f"{'orders':34}{len(engine.orders):>24}{len(venue.orders):>24}")
    print(f"{'fills':34}{engine.fills:>24}{venue.fills:>24}")
    for title, ours, theirs in (("position", engine.quantity, venue.quantity), ("money", engine.money, venue.money)):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours[key] or theirs[key]:
                print(f"{title + ' ' + key:34}{plain(D(ours[key])):>24}{plain(D(theirs[key])):>24}")
    for row in rows:
        print(row)
    print(f"difference: {len(rows)}")
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
