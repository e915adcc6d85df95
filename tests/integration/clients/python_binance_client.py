"""python-binance against the simulator: spot and USD-M futures over REST, user data streams, order entry over the WebSocket APIs."""
import asyncio
import logging
import threading

import binance
from binance.base_client import BaseClient
from binance.exceptions import BinanceAPIException

from lifecycle import BASE, QUOTE, STREAM_SECONDS, Fill, Order, equal, main, number

SYMBOL, SMALL = BASE + QUOTE, "XRP" + QUOTE
WORDS = {"open": "NEW", "filled": "FILLED", "cancelled": "CANCELED", "unfilled_ioc": "EXPIRED", "unfilled_fok": "EXPIRED"}


def refusals(**codes):
    return {kind: (BinanceAPIException, f"APIError(code={code})") for kind, code in codes.items()}


def point_at(surface, address):
    """The base URLs, and nothing else, are other than python-binance's own."""
    if surface == "binance_spot":
        BaseClient.API_URL, BaseClient.MARGIN_API_URL = f"http://{address}/api", f"http://{address}/sapi"
        BaseClient.WS_API_URL = f"ws://{address}/ws-api/v3"
        binance.BinanceSocketManager.STREAM_URL = f"ws://{address}/"
    else:
        BaseClient.FUTURES_URL = f"http://{address}/fapi"
        BaseClient.WS_FUTURES_URL = f"ws://{address}/ws-fapi/v1"
        binance.BinanceSocketManager.FSTREAM_URL = f"ws://{address}/"


class Loop:
    """Runs the library's asynchronous half in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(STREAM_SECONDS)

    def start(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)


class Desk:
    """What both markets have in common: the calls have one shape and two names."""
    telling_late = False
    refuses_post_only = True
    words = WORDS

    def __init__(self, surface, address, key, secret):
        self.surface, self.address, self.key, self.secret = surface, address, key, secret
        point_at(surface, address)
        self.client = binance.Client(key, secret, ping=False)
        self.events, self.failures = [], []

    def stranger(self):
        return type(self)(self.surface, self.address, self.key, "not-the-secret")

    @staticmethod
    def filters_of(row):
        return {each["filterType"]: each for each in row["filters"]}

    @staticmethod
    def levels(book):
        return [[(number(price), number(quantity)) for price, quantity in book[side]] for side in ("bids", "asks")]

    @staticmethod
    def bars(rows):
        return [(row[0], *(number(each) for each in row[1:6])) for row in rows]

    @staticmethod
    def names(client_id, venue_id):
        return {"symbol": SYMBOL, **({"orderId": venue_id} if venue_id else {"origClientOrderId": client_id})}

    def order(self, row):
        equal(row["symbol"], SYMBOL)
        return Order(str(row["orderId"]), row["clientOrderId"], row["status"], row["side"].lower(), number(row["origQty"]),
                     number(row["executedQty"]), number(row["price"]), self.average(row))

    # -- the private stream

    def listen(self):
        self.loop = Loop()
        self.loop.call(self.open_stream())
        self.reader = self.loop.start(self.read())

    async def open_stream(self):
        self.async_client = await self.make_async_client()
        self.manager = binance.BinanceSocketManager(self.async_client)
        self.stream_socket = self.user_socket()
        await self.stream_socket.__aenter__()

    async def read(self):
        while True:
            event = await self.stream_socket.recv()
            assert event.get("e") != "error", event
            self.events.append(event)

    # -- order entry over the WebSocket API

    def enter_by_socket(self, life):
        with life.step("WebSocket API: an order is placed, asked for and cancelled"):
            client_id = life.fresh_id()
            price = life.at("buy", -3)
            life.sent[client_id] = ("buy", number("0.01"), price)
            placed = self.loop.call(self.by_socket("place", symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01",
                                                   price=str(price), newClientOrderId=client_id))
            equal((placed["clientOrderId"], placed["status"]), (client_id, "NEW"))
            found = self.loop.call(self.by_socket("find", symbol=SYMBOL, origClientOrderId=client_id))
            equal(self.order(found), self.find(client_id=client_id))
            gone = self.loop.call(self.by_socket("cancel", symbol=SYMBOL, origClientOrderId=client_id))
            equal((gone["orderId"], gone["status"]), (placed["orderId"], "CANCELED"))
            life.ends(client_id, "cancelled", 0)
        with life.step("WebSocket API: a refusal has the venue's code"):
            try:
                self.loop.call(self.by_socket("cancel", symbol=SYMBOL, origClientOrderId=client_id))
            except BinanceAPIException as problem:
                equal((problem.code, problem.status_code), (-2011, 400))
            else:
                raise AssertionError("no BinanceAPIException")


class SpotDesk(Desk):
    name = "python-binance spot"
    refusals = refusals(post_only=-2010, too_small=-1013, no_funds=-2010, duplicate=-2010, unknown=-2011, bad_secret=-1022)

    def clock_ms(self):
        return self.client.get_server_time()["serverTime"]

    def rules(self):
        row = self.client.get_symbol_info(SYMBOL)
        filters = self.filters_of(row)
        equal(row["status"], "TRADING")
        return row["baseAsset"], row["quoteAsset"], number(filters["PRICE_FILTER"]["tickSize"]), number(filters["LOT_SIZE"]["stepSize"]), \
            number(filters["NOTIONAL"]["minNotional"])

    def book(self, levels):
        return self.levels(self.client.get_order_book(symbol=SYMBOL, limit=levels))

    def ticker(self):
        best, day = self.client.get_orderbook_ticker(symbol=SYMBOL), self.client.get_ticker(symbol=SYMBOL)
        last = number(self.client.get_symbol_ticker(symbol=SYMBOL)["price"])
        assert number(day["lowPrice"]) <= last <= number(day["highPrice"]), (day, last)
        return number(best["bidPrice"]), number(best["askPrice"]), last

    def candles(self, count):
        return self.bars(self.client.get_klines(symbol=SYMBOL, interval="1m", limit=count))

    def trades(self, count):
        return [(number(row["price"]), number(row["qty"])) for row in self.client.get_recent_trades(symbol=SYMBOL, limit=count)]

    def balances(self):
        return {row["asset"]: number(row["free"]) + number(row["locked"]) for row in self.client.get_account()["balances"]}

    def average(self, row):
        filled = number(row["executedQty"])
        return number(row["cummulativeQuoteQty"]) / filled if filled else None

    def place(self, side, quantity, price, lifetime, client_id):
        fields = {"symbol": SYMBOL, "side": side.upper(), "quantity": str(quantity), "newClientOrderId": client_id}
        if lifetime == "market":
            row = self.client.create_order(type="MARKET", **fields)
        elif lifetime == "post_only":
            row = self.client.create_order(type="LIMIT_MAKER", price=str(price), **fields)
        else:
            row = self.client.create_order(type="LIMIT", timeInForce=lifetime.upper(), price=str(price), **fields)
        if number(row["executedQty"]):
            equal(sum(number(fill["qty"]) for fill in row["fills"]), number(row["executedQty"]), "fills of the answer")
        return self.order(row)

    def place_too_small(self):
        row = self.client.get_symbol_info(SMALL)
        self.client.order_limit_buy(symbol=SMALL, quantity=self.filters_of(row)["LOT_SIZE"]["minQty"],
                                    price=self.client.get_orderbook_ticker(symbol=SMALL)["bidPrice"])

    def find(self, client_id=None, venue_id=None):
        return self.order(self.client.get_order(**self.names(client_id, venue_id)))

    def open_orders(self):
        return [self.order(row) for row in self.client.get_open_orders(symbol=SYMBOL)]

    def cancel(self, client_id=None, venue_id=None):
        row = self.client.cancel_order(**self.names(client_id, venue_id))
        equal(row["status"], "CANCELED")
        assert client_id in (None, row["origClientOrderId"]), row

    def cancel_all(self):
        equal([row["status"] for row in self.client.cancel_all_open_orders(symbol=SYMBOL)], ["CANCELED", "CANCELED"])

    def fills(self):
        return [Fill(str(row["id"]), str(row["orderId"]), "buy" if row["isBuyer"] else "sell", number(row["price"]), number(row["qty"]),
                     number(row["commission"]), row["commissionAsset"], row["isMaker"]) for row in self.client.get_my_trades(symbol=SYMBOL)]

    # -- sockets

    async def make_async_client(self):
        return await binance.AsyncClient.create(self.key, self.secret)

    def user_socket(self):
        return self.manager.user_socket()

    def by_socket(self, what, **fields):
        client = self.async_client
        return {"place": client.ws_create_order, "find": client.ws_get_order, "cancel": client.ws_cancel_order}[what](**fields)

    def reports(self):
        return [event for event in self.events if event["e"] == "executionReport"]

    def heard_fills(self):
        return [(row["c"], number(row["L"]), number(row["l"]), number(row["n"]), row["m"]) for row in self.reports() if row["x"] == "TRADE"]

    def ends(self):
        return {row["C"] or row["c"]: (row["X"], number(row["z"])) for row in self.reports()}


class FuturesDesk(Desk):
    name = "python-binance futures"
    refusals = refusals(post_only=-5022, fok=-5021, too_small=-4164, no_funds=-2019, duplicate=-4116, unknown=-2011, bad_secret=-1022,
                        reduce_only=-2022)

    def clock_ms(self):
        return self.client.futures_time()["serverTime"]

    def info(self, symbol):
        return next(row for row in self.client.futures_exchange_info()["symbols"] if row["symbol"] == symbol)

    def rules(self):
        row = self.info(SYMBOL)
        filters = self.filters_of(row)
        equal((row["status"], row["contractType"]), ("TRADING", "PERPETUAL"))
        return row["baseAsset"], row["quoteAsset"], number(filters["PRICE_FILTER"]["tickSize"]), number(filters["LOT_SIZE"]["stepSize"]), \
            number(filters["MIN_NOTIONAL"]["notional"])

    def book(self, levels):
        return self.levels(self.client.futures_order_book(symbol=SYMBOL, limit=levels))

    def ticker(self):
        best, day = self.client.futures_orderbook_ticker(symbol=SYMBOL), self.client.futures_ticker(symbol=SYMBOL)
        last = number(self.client.futures_symbol_ticker(symbol=SYMBOL)["price"])
        assert number(day["lowPrice"]) <= last <= number(day["highPrice"]), (day, last)
        return number(best["bidPrice"]), number(best["askPrice"]), last

    def candles(self, count):
        return self.bars(self.client.futures_klines(symbol=SYMBOL, interval="1m", limit=count))

    def trades(self, count):
        return [(number(row["price"]), number(row["qty"])) for row in self.client.futures_recent_trades(symbol=SYMBOL, limit=count)]

    def balances(self):
        return {row["asset"]: number(row["balance"]) for row in self.client.futures_account_balance()}

    def average(self, row):
        return number(row["avgPrice"]) or None

    def place(self, side, quantity, price, lifetime, client_id, reduce_only=False):
        fields = {"symbol": SYMBOL, "side": side.upper(), "quantity": str(quantity), "newClientOrderId": client_id,
                  "newOrderRespType": "RESULT"}
        if reduce_only:
            fields["reduceOnly"] = "true"
        if lifetime == "market":
            return self.order(self.client.futures_create_order(type="MARKET", **fields))
        word = "GTX" if lifetime == "post_only" else lifetime.upper()
        return self.order(self.client.futures_create_order(type="LIMIT", timeInForce=word, price=str(price), **fields))

    def place_too_small(self):
        self.client.futures_create_order(symbol=SMALL, side="BUY", type="LIMIT", timeInForce="GTC",
                                         quantity=self.filters_of(self.info(SMALL))["LOT_SIZE"]["minQty"],
                                         price=self.client.futures_orderbook_ticker(symbol=SMALL)["bidPrice"])

    def find(self, client_id=None, venue_id=None):
        return self.order(self.client.futures_get_order(**self.names(client_id, venue_id)))

    def open_orders(self):
        return [self.order(row) for row in self.client.futures_get_open_orders(symbol=SYMBOL)]

    def cancel(self, client_id=None, venue_id=None):
        equal(self.client.futures_cancel_order(**self.names(client_id, venue_id))["status"], "CANCELED")

    def cancel_all(self):
        equal(self.client.futures_cancel_all_open_orders(symbol=SYMBOL)["code"], 200)

    def fills(self):
        return [Fill(str(row["id"]), str(row["orderId"]), row["side"].lower(), number(row["price"]), number(row["qty"]),
                     number(row["commission"]), row["commissionAsset"], row["maker"])
                for row in self.client.futures_account_trades(symbol=SYMBOL)]

    def position(self):
        rows = self.client.futures_position_information(symbol=SYMBOL)
        equal([row["positionSide"] for row in rows], ["BOTH"])
        return number(rows[0]["positionAmt"]), number(rows[0]["entryPrice"])

    # -- sockets

    async def make_async_client(self):
        client = binance.AsyncClient(self.key, self.secret)
        client.https_proxy = None
        return client

    def user_socket(self):
        return self.manager.futures_user_socket()

    def by_socket(self, what, **fields):
        client = self.async_client
        calls = {"place": client.ws_futures_create_order, "find": client.ws_futures_get_order, "cancel": client.ws_futures_cancel_order}
        return calls[what](**fields)

    def reports(self):
        return [event["o"] for event in self.events if event["e"] == "ORDER_TRADE_UPDATE"]

    def heard_fills(self):
        return [(row["c"], number(row["L"]), number(row["l"]), number(row["n"]), row["m"]) for row in self.reports() if row["x"] == "TRADE"]

    def ends(self):
        return {row["c"]: (row["X"], number(row["z"])) for row in self.reports()}


def make_desk(surface, *rest):
    logging.getLogger("binance").setLevel(logging.CRITICAL)
    return (SpotDesk if surface == "binance_spot" else FuturesDesk)(surface, *rest)


if __name__ == "__main__":
    main(make_desk, ["binance_spot", "binance_linear"])
