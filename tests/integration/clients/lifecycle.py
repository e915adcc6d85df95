"""The life of orders at a venue as a client library tells it: the same steps for every library, with its own words, exceptions and codes.

A script of this folder brings a Desk: the library's calls in one shape, every amount an exact decimal. The steps assert values, and the end
of it all is compared with the simulator's ledger.
"""
import argparse
import contextlib
import dataclasses
import decimal
import json
import socket
import threading
import time
import urllib.request

decimal.getcontext().prec = 50
D = decimal.Decimal
BASE, QUOTE = "BTC", "USDT"
DEPOSITS = {"USDT": "100000", "BTC": "2"}
STREAM_SECONDS = 10


@dataclasses.dataclass
class Market:
    """What a surface of the simulator lists, and what it takes from an account without a tier."""
    tick: D
    lot: D
    notional_min: D
    maker: D
    taker: D
    derivative: bool


MARKETS = {
    "binance_spot": Market(D("0.01"), D("0.00001"), D(5), D("0.001"), D("0.001"), False),
    "binance_linear": Market(D("0.10"), D("0.001"), D(100), D("0.0002"), D("0.0005"), True),
    "bybit_spot": Market(D("0.1"), D("0.000001"), D(5), D("0.001"), D("0.001"), False),
    "bybit_linear": Market(D("0.10"), D("0.001"), D(5), D("0.0002"), D("0.00055"), True),
}


@dataclasses.dataclass
class Order:
    """As the library tells it; `status` is its own word."""
    id: str
    client_id: str
    status: str
    side: str
    quantity: D
    filled: D
    price: D | None = None  # of a limit order
    average: D | None = None  # None: not told, or nothing filled


@dataclasses.dataclass
class Fill:
    id: str
    order: str
    side: str
    price: D
    quantity: D
    fee: D
    fee_asset: str
    maker: bool


class Simulator:
    """The admin routes: accounts of our own, somebody to trade with, the ledger that decides."""

    def __init__(self, address):
        self.address = address

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}{path}", data=data, method="GET" if body is None else "POST")
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def open_account(self, name, venue, times=1):
        wallets = ("unified",) if venue == "bybit" else ("spot", "linear")
        money = {asset: str(D(amount) * times) for asset, amount in DEPOSITS.items()}
        self.ask("/accounts", {"name": name, "venue": venue, "keys": [{"key": name + "-key", "secret": name + "-secret"}],
                               "deposits": {wallet: money for wallet in wallets}})

    def account(self, name):
        return next(each for each in self.ask("/ledger")["data"]["accounts"] if each["name"] == name)

    def trade_by_hand(self, name, surface, side, quantity, price):
        self.ask("/orders/manual", {"account": name, "surface": surface, "symbol": BASE + QUOTE, "side": side, "quantity": str(quantity),
                                    "price": str(price), "lifetime": "ioc"})


class Steps:
    """Counts what went in order; what fails is named."""

    def __init__(self):
        self.count = 0

    @contextlib.contextmanager
    def __call__(self, name):
        try:
            yield
        except BaseException as problem:
            print(f"step {self.count + 1}, {name}: {type(problem).__name__}: {problem}", flush=True)
            raise
        self.count += 1


class Distance:
    """The way to an address, longer: what comes back is late by some milliseconds, as from any venue that is not on this machine."""
    seconds = 0.025

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.target)
            threading.Thread(target=self.carry, args=(near, far, 0), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, self.seconds), daemon=True).start()

    @staticmethod
    def carry(source, sink, seconds):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(seconds)
                sink.sendall(data)


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: {got!r}, not {wanted!r}" if what else f"{got!r}, not {wanted!r}"


def until(what, condition, seconds=STREAM_SECONDS):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return value


def number(value):
    """An exact decimal of what a library tells: text, or a float (its shortest text is what the venue wrote)."""
    return None if value in (None, "") else D(str(value))


class Lifecycle:
    """`desk` has the calls used below, and: name; surface; words, of the states of an order; refusals, kind -> (exception, part of its
    text); refuses_post_only, else such an order is taken and ends; telling_late, when the answer says nothing of what became of it."""

    def __init__(self, desk, simulator, account):
        self.desk, self.simulator, self.account = desk, simulator, account
        self.surface, self.market = desk.surface, MARKETS[desk.surface]
        self.step = Steps()
        self.sent = {}  # client id -> (side, quantity, price)
        self.serial = 0

    # -- small things

    def fresh_id(self):
        self.serial += 1
        return f"{self.account}-{self.serial}"

    def at(self, side, percent):
        """A price so far from the best one on the other side of the book: positive pays more (buy) or takes less (sell)."""
        bids, asks = self.desk.book(5)
        best = asks[0][0] if side == "buy" else bids[0][0]
        price = best * (1 + D(percent) / 100 * (1 if side == "buy" else -1))
        return (price / self.market.tick).to_integral_value() * self.market.tick

    def send(self, side, quantity, price=None, lifetime="gtc", **more):
        client_id = more.pop("client_id", None) or self.fresh_id()
        self.sent[client_id] = (side, D(quantity), price)
        return self.desk.place(side, D(quantity), price, lifetime, client_id, **more)

    def refused(self, kind, act):
        """The library raises this very class, with what it keeps of the venue's answer."""
        expected, text = self.desk.refusals[kind]
        try:
            act()
        except expected as problem:
            assert type(problem) is expected, f"{type(problem).__name__}, not {expected.__name__}: {problem}"
            assert text in str(problem), f"no {text} in: {problem}"
            return
        raise AssertionError(f"no {expected.__name__}")

    def known(self, client_id):
        """The order by its client id and by the venue's, which must be one."""
        order = self.desk.find(client_id=client_id)
        equal(self.desk.find(venue_id=order.id), order, "by the venue's id")
        side, quantity, price = self.sent[client_id]
        equal((order.client_id, order.side, order.quantity), (client_id, side, quantity))
        if price is not None:
            equal(order.price, price, "price")
        return order

    def ends(self, client_id, word, filled):
        order = until(f"{client_id} is {self.desk.words[word]}",
                      lambda: (found := self.known(client_id)).status == self.desk.words[word] and found)
        equal(order.filled, D(filled), "filled")
        return order

    def ledger_order(self, client_id):
        held = self.simulator.account(self.account)["orders"][client_id]
        equal(len(held), 1, "orders of this id")
        return held[0]

    # -- the steps

    def run(self):
        step = self.step
        for name, act in (("clock", self.clock), ("instruments", self.instruments), ("order book", self.order_book),
                          ("ticker", self.ticker), ("candles", self.candles), ("public trades", self.public_trades),
                          ("balances", self.balances)):
            with step(name):
                act()
        if hasattr(self.desk, "listen"):
            with step("private stream: subscribed"):
                self.desk.listen()
        self.resting()
        self.immediate()
        self.refusals()
        with step("fills with their fees, as in the ledger"):
            self.fills()
        if self.market.derivative:
            with step("position, as in the ledger"):
                self.position()
        if hasattr(self.desk, "enter_by_socket"):
            self.desk.enter_by_socket(self)
        if hasattr(self.desk, "listen"):
            with step("private stream: every order's end and every fill once"):
                self.stream()
        with step("orders and balances, as in the ledger"):
            self.ledger()
        print(f"{self.desk.name}: {step.count} steps in order", flush=True)

    def clock(self):
        difference = abs(self.desk.clock_ms() - time.time() * 1000)
        assert difference < 2000, f"{difference} ms"

    def instruments(self):
        equal(self.desk.rules(), (BASE, QUOTE, self.market.tick, self.market.lot, self.market.notional_min))

    def order_book(self):
        bids, asks = self.desk.book(10)
        equal((len(bids), len(asks)), (10, 10), "levels")
        assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and bids[0][0] < asks[0][0], (bids, asks)
        assert all(price % self.market.tick == 0 and quantity > 0 for price, quantity in bids + asks)

    def ticker(self):
        bids, asks = self.desk.book(5)
        bid, ask, last = self.desk.ticker()
        for price in (bid, ask, last):
            assert abs(price / bids[0][0] - 1) < D("0.01"), (price, bids[0])
        assert bid < ask

    def candles(self):
        rows = self.desk.candles(10)
        equal(len(rows), 10, "bars")
        times = [row[0] for row in rows]
        equal([later - earlier for earlier, later in zip(times, times[1:])], [60_000] * 9, "distances")
        assert 0 <= time.time() * 1000 - times[-1] < 62_000, times[-1]
        assert all(low <= min(opened, closed) <= max(opened, closed) <= high and volume >= 0
                   for _, opened, high, low, closed, volume in rows)

    def public_trades(self):
        trades = self.desk.trades(20)
        assert trades and all(price > 0 and quantity > 0 for price, quantity in trades)

    def balances(self):
        held = self.desk.balances()
        for asset in (QUOTE,) if self.market.derivative else (QUOTE, BASE):
            equal(held[asset], D(DEPOSITS[asset]), asset)

    def resting(self):
        step, desk = self.step, self.desk
        with step("limit order far away rests"):
            first = self.send("buy", "0.01", self.at("buy", -3))
            order = self.known(first.client_id)
            equal((order.status, order.filled, order.id), (desk.words["open"], 0, first.id))
            equal(self.ledger_order(order.client_id)["state"], "open")
        with step("it is among the open orders"):
            equal(desk.open_orders(), [order])
        with step("it is cancelled by the venue's id"):
            desk.cancel(venue_id=order.id)
            self.ends(order.client_id, "cancelled", 0)
            equal(desk.open_orders(), [])
        with step("another one is cancelled by its client id"):
            other = self.send("sell", "0.01", self.at("sell", -3))
            desk.cancel(client_id=other.client_id)
            self.ends(other.client_id, "cancelled", 0)
        with step("cancel-all takes both that rest"):
            both = [self.send(side, "0.01", self.at(side, -3)) for side in ("buy", "sell")]
            equal({row.id for row in desk.open_orders()}, {row.id for row in both})
            desk.cancel_all()
            for each in both:
                self.ends(each.client_id, "cancelled", 0)
            equal(desk.open_orders(), [])
        with step("post-only inside the spread is filled as a maker"):
            self.maker()

    def maker(self):
        """Best in the book, then somebody sells into it; the generated flow may be quicker, and fills it as a maker just the same."""
        def rests():  # a book that moves between look and order makes it cross
            nonlocal client_id, price
            client_id = self.fresh_id()
            bids, asks = self.desk.book(5)
            price = max(bids[0][0], asks[0][0] - self.market.tick)
            try:
                self.send("buy", "0.003", price, "post_only", client_id=client_id)
            except self.desk.refusals["post_only"][0]:
                self.sent.pop(client_id)
                return False
            return self.ledger_order(client_id)["state"] in ("open", "partially_filled", "filled")

        client_id, price = "", D(0)
        until("it rests", rests)

        def sold():  # the flow may stand before it
            self.simulator.trade_by_hand(self.account + "-other", self.surface, "sell", "1", price)
            return self.ledger_order(client_id)["state"] == "filled"
        until("somebody sells so low", sold)
        self.ends(client_id, "filled", "0.003")

    def immediate(self):
        step, desk, words = self.step, self.desk, self.desk.words
        for side in ("buy", "sell"):
            with step(f"IOC {side} that meets the book is filled"):
                taken = self.send(side, "0.004", self.at(side, 1), "ioc")
                if not desk.telling_late:
                    equal((taken.status, taken.filled), (words["filled"], D("0.004")), "the answer")
                order = self.ends(taken.client_id, "filled", "0.004")
                row = self.ledger_order(taken.client_id)
                if order.average is not None:
                    equal(round(order.average, 6), round(D(row["value"]) / D(row["filled"]), 6), "average price")
        with step("IOC far away ends unfilled"):
            self.ends(self.send("buy", "0.004", self.at("buy", -3), "ioc").client_id, "unfilled_ioc", 0)
        with step("FOK that can be filled whole is"):
            self.ends(self.send("buy", "0.005", self.at("buy", 1), "fok").client_id, "filled", "0.005")
        with step("FOK that cannot be filled whole is refused or ends"):
            client_id = self.fresh_id()
            if "fok" in desk.refusals:
                self.refused("fok", lambda: self.send("buy", "0.005", self.at("buy", -3), "fok", client_id=client_id))
                self.sent.pop(client_id)
            else:
                self.ends(self.send("buy", "0.005", self.at("buy", -3), "fok", client_id=client_id).client_id, "unfilled_fok", 0)
        for side, quantity in (("buy", "0.006"), ("sell", "0.002")):
            with step(f"market order: {side}"):
                self.ends(self.send(side, quantity, None, "market").client_id, "filled", quantity)

    def refusals(self):
        step, desk = self.step, self.desk

        def refuses(name, kind, act):
            with step(name):
                before = dict(self.sent)
                self.refused(kind, act)
                self.sent = before

        with step("post-only that would cross is refused or ends"):
            client_id = self.fresh_id()
            if desk.refuses_post_only:
                self.refused("post_only", lambda: self.send("buy", "0.01", self.at("buy", 1), "post_only", client_id=client_id))
                self.sent.pop(client_id)
            else:
                self.send("buy", "0.01", self.at("buy", 1), "post_only", client_id=client_id)
                self.ends(client_id, "post_only", 0)
        refuses("too small an order", "too_small", desk.place_too_small)
        too_much = "60" if self.market.derivative else "3"
        refuses("more than the account can pay", "no_funds", lambda: self.send("buy", too_much, self.at("buy", -3)))
        twice = self.send("buy", "0.01", self.at("buy", -3))
        sent = dict(self.sent)
        with step("a client id in use"):
            self.refused("duplicate", lambda: self.send("buy", "0.01", self.at("buy", -3), client_id=twice.client_id))
            self.sent = sent
            equal([row.client_id for row in desk.open_orders()], [twice.client_id])
        desk.cancel(venue_id=twice.id)
        self.ends(twice.client_id, "cancelled", 0)
        refuses("cancelling what is gone", "unknown", lambda: desk.cancel(venue_id=twice.id))
        refuses("a wrong secret", "bad_secret", lambda: desk.stranger().balances())
        if "reduce_only" in desk.refusals:
            refuses("reduce-only in the position's direction", "reduce_only",
                    lambda: self.send("buy", "0.004", self.at("buy", 1), "ioc", reduce_only=True))

    # -- against the ledger

    @staticmethod
    def cut(amount):
        """To eight decimals: what a venue charges, and what Binance writes."""
        return D(amount).quantize(D("1E-8"), decimal.ROUND_DOWN)

    def fills(self):
        told = sorted(self.desk.fills(), key=lambda fill: (fill.order, fill.id))
        rows = []
        for client_id, held in self.simulator.account(self.account)["orders"].items():
            for order in held:
                venue_id = self.desk.find(client_id=client_id).id if order["fills"] else None
                for fill in order["fills"]:
                    rate = self.market.maker if fill["maker"] else self.market.taker
                    spot_buy = not self.market.derivative and order["side"] == "buy"
                    fee = D(fill["quantity"]) * (1 if spot_buy else D(fill["price"])) * rate
                    asset = BASE if spot_buy else QUOTE
                    equal((self.cut(fill["fee"]), fill["fee_asset"]), (self.cut(fee), asset), "the ledger's own fee")
                    rows.append((venue_id, order["side"], D(fill["price"]), D(fill["quantity"]), self.cut(fee), asset, fill["maker"]))
        mine = [(fill.order, fill.side, fill.price, fill.quantity, self.cut(fill.fee), fill.fee_asset, fill.maker) for fill in told]
        equal(sorted(mine), sorted(rows))
        equal(len({fill.id for fill in told}), len(told), "ids of fills")
        assert {fill.maker for fill in told} == {True, False}, "fills as maker and as taker"

    def position(self):
        quantity, entry = self.desk.position()
        held = self.simulator.account(self.account)["positions"][BASE + QUOTE]
        equal(quantity, D(held["quantity"]), "quantity")
        equal(round(entry, 6), round(D(held["cost"]) / abs(D(held["quantity"])), 6), "entry price")

    def stream(self):
        """The desk keeps ends: {client id: (status, filled)} and heard_fills: [(client id, price, quantity, fee, maker)]."""
        orders = self.simulator.account(self.account)["orders"]
        fills = sorted((client_id, D(fill["price"]), D(fill["quantity"]), self.cut(fill["fee"]), fill["maker"])
                       for client_id, held in orders.items() for order in held for fill in order["fills"])
        ends = {client_id: (self.desk.find(client_id=client_id).status, D(held[0]["filled"])) for client_id, held in orders.items()}

        def heard():
            return sorted((i, price, quantity, self.cut(fee), maker) for i, price, quantity, fee, maker in self.desk.heard_fills())
        with contextlib.suppress(AssertionError):
            until("everything is told", lambda: len(heard()) > len(fills) or (heard() == fills and self.desk.ends() == ends))
        equal(heard(), fills, "fills")
        equal(self.desk.ends(), ends, "ends of orders")

    def ledger(self):
        account = self.simulator.account(self.account)
        equal(set(account["orders"]), set(self.sent), "client ids")
        equal(self.desk.open_orders(), [])
        for client_id, held in account["orders"].items():
            equal(len(held), 1, client_id)
            equal(self.known(client_id).filled, D(held[0]["filled"]), client_id)
        wallet = "unified" if self.surface.startswith("bybit") else "linear" if self.market.derivative else "spot"
        told = self.desk.balances()
        for asset in (QUOTE,) if self.market.derivative else (QUOTE, BASE):
            row = account["balances"][wallet][asset]
            total = D(row["free"]) + D(row["locked"])
            equal(total, D(row["entries"]), f"entries of {asset}")
            assert total != D(DEPOSITS[asset]), f"{asset} has not moved"
            equal(self.cut(told[asset]), self.cut(total), asset)


def main(make_desk, surfaces):
    """Command line of every script: the surface, and where the simulator is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("surface", choices=surfaces)
    parser.add_argument("--address", required=True, help="of the venue: HOST:PORT")
    parser.add_argument("--admin", required=True, help="of the simulator's admin routes")
    parser.add_argument("--account", required=True, help="name of the account that is opened for this run")
    options = parser.parse_args()
    simulator = Simulator(options.admin)
    venue = options.surface.split("_")[0]
    simulator.open_account(options.account, venue)
    simulator.open_account(options.account + "-other", venue, times=100)
    desk = make_desk(options.surface, options.address, options.account + "-key", options.account + "-secret")
    Lifecycle(desk, simulator, options.account).run()
