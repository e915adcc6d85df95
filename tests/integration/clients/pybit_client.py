"""pybit against the simulator: unified trading over HTTP for spot and linear, private stream, order entry over the trade socket."""
import logging
import queue

from pybit import _websocket_trading, unified_trading
from pybit.exceptions import InvalidRequestError

from lifecycle import BASE, QUOTE, STREAM_SECONDS, D, Distance, Fill, Order, equal, main, number

SYMBOL, SMALL = BASE + QUOTE, "XRP" + QUOTE
CODES = {
    "spot": {"too_small": 170140, "no_funds": 170131, "duplicate": 170141, "unknown": 170142, "bad_secret": 10004, "post_only": 170218},
    "linear": {"too_small": 110094, "no_funds": 110007, "duplicate": 110072, "unknown": 110010, "bad_secret": 10004, "post_only": 10001,
               "reduce_only": 110017},
}


class Desk:
    telling_late = True  # an answer is an acknowledgement
    refuses_post_only = False

    def __init__(self, surface, address, key, secret):
        self.surface, self.address, self.key, self.secret = surface, address, key, secret
        self.category = surface.split("_")[1]
        self.name = f"pybit {self.category}"
        self.refusals = {kind: (InvalidRequestError, f"(ErrCode: {code})") for kind, code in CODES[self.category].items()}
        spot = self.category == "spot"
        self.words = {"open": "New", "filled": "Filled", "cancelled": "Cancelled", "unfilled_ioc": "Cancelled",
                      "unfilled_fok": "Cancelled", "post_only": "Rejected" if spot else "Cancelled"}
        # pybit sends before it notes what it sent and fails over an answer that is quicker than that; when it meets a limit that is over
        # already, it fails too. Neither happens to who is as far from the venue as its users are.
        far = Distance(address).address
        self.http = unified_trading.HTTP(api_key=key, api_secret=secret)
        self.http.endpoint = f"http://{far}"
        # Its sockets take another address nowhere else.
        unified_trading.PRIVATE_WSS = f"ws://{far}/v5/private"
        unified_trading.PUBLIC_WSS = f"ws://{far}/v5/public/{{CHANNEL_TYPE}}"
        _websocket_trading.TRADE_WSS = f"ws://{far}/v5/trade"
        self.orders, self.executions = [], []

    def stranger(self):
        return Desk(self.surface, self.address, self.key, "not-the-secret")

    def ask(self, call, symbol=SYMBOL, **fields):
        answer = call(category=self.category, symbol=symbol, **fields)
        equal((answer["retCode"], answer["retMsg"]), (0, "OK"))
        return answer["result"]

    # -- the market

    def clock_ms(self):
        return int(self.http.get_server_time()["result"]["timeNano"]) // 1_000_000

    def info(self, symbol):
        rows = self.ask(self.http.get_instruments_info, symbol)["list"]
        equal([row["symbol"] for row in rows], [symbol])
        return rows[0]

    def lot(self, symbol):
        sizes = self.info(symbol)["lotSizeFilter"]
        return sizes["basePrecision" if self.category == "spot" else "qtyStep"]

    def rules(self):
        row = self.info(SYMBOL)
        equal(row["status"], "Trading")
        return row["baseCoin"], row["quoteCoin"], number(row["priceFilter"]["tickSize"]), number(self.lot(SYMBOL)), \
            number(row["lotSizeFilter"]["minOrderAmt" if self.category == "spot" else "minNotionalValue"])

    def book(self, levels):
        book = self.ask(self.http.get_orderbook, limit=levels)
        return [[(number(price), number(quantity)) for price, quantity in book[side]] for side in ("b", "a")]

    def ticker(self, symbol=SYMBOL):
        row = self.ask(self.http.get_tickers, symbol)["list"][0]
        return [number(row[what]) for what in ("bid1Price", "ask1Price", "lastPrice")]

    def candles(self, count):
        rows = self.ask(self.http.get_kline, interval="1", limit=count)["list"]
        return [(int(row[0]), *(number(each) for each in row[1:6])) for row in reversed(rows)]  # newest first

    def trades(self, count):
        return [(number(row["price"]), number(row["size"])) for row in self.ask(self.http.get_public_trade_history, limit=count)["list"]]

    # -- the account

    def balances(self):
        rows = self.http.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
        return {coin["coin"]: number(coin["walletBalance"]) for coin in rows[0]["coin"]}

    @staticmethod
    def order_fields(side, quantity, price, lifetime, client_id):
        fields = {"symbol": SYMBOL, "side": side.capitalize(), "qty": str(quantity), "orderLinkId": client_id}
        if lifetime == "market":
            return fields | {"orderType": "Market", "marketUnit": "baseCoin"}
        words = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "post_only": "PostOnly"}
        return fields | {"orderType": "Limit", "price": str(price), "timeInForce": words[lifetime]}

    def place(self, side, quantity, price, lifetime, client_id, reduce_only=False):
        fields = self.order_fields(side, quantity, price, lifetime, client_id)
        if reduce_only:
            fields["reduceOnly"] = True
        result = self.ask(self.http.place_order, fields.pop("symbol"), **fields)
        equal(result["orderLinkId"], client_id)
        return Order(result["orderId"], client_id, "", side, quantity, D(0))

    def place_too_small(self):
        self.http.place_order(category=self.category, symbol=SMALL, side="Buy", orderType="Limit", qty=self.lot(SMALL),
                              price=str(self.ticker(SMALL)[0]))

    def order(self, row):
        equal(row["symbol"], SYMBOL)
        return Order(row["orderId"], row["orderLinkId"], row["orderStatus"], row["side"].lower(), number(row["qty"]),
                     number(row["cumExecQty"]), number(row["price"]), number(row["avgPrice"]))

    def names(self, client_id, venue_id):
        return {"orderId": venue_id} if venue_id else {"orderLinkId": client_id}

    def find(self, client_id=None, venue_id=None):
        """Realtime knows the closed ones too; the history must tell the same of them."""
        rows = self.ask(self.http.get_open_orders, **self.names(client_id, venue_id))["list"]
        equal(len(rows), 1)
        if rows[0]["orderStatus"] not in ("New", "PartiallyFilled"):
            equal(self.ask(self.http.get_order_history, **self.names(client_id, venue_id))["list"], rows, "history")
        return self.order(rows[0])

    def open_orders(self):
        return [self.order(row) for row in self.ask(self.http.get_open_orders)["list"]]

    def cancel(self, client_id=None, venue_id=None):
        result = self.ask(self.http.cancel_order, **self.names(client_id, venue_id))
        assert venue_id == result["orderId"] or client_id == result["orderLinkId"], result

    def cancel_all(self):
        result = self.ask(self.http.cancel_all_orders)
        equal((len(result["list"]), result["success"]), (2, "1"))

    def fills(self):
        rows = self.ask(self.http.get_executions, limit=100)["list"]
        return [Fill(row["execId"], row["orderId"], row["side"].lower(), number(row["execPrice"]), number(row["execQty"]),
                     number(row["execFee"]), row["feeCurrency"] or QUOTE, row["isMaker"]) for row in rows]

    def position(self):
        rows = self.ask(self.http.get_positions)["list"]
        equal(len(rows), 1)
        return number(rows[0]["size"]) * {"Buy": 1, "Sell": -1}[rows[0]["side"]], number(rows[0]["avgPrice"])

    # -- the private stream

    def listen(self):
        self.watch_the_book()
        stream = unified_trading.WebSocket(channel_type="private", testnet=False, api_key=self.key, api_secret=self.secret)
        stream.order_stream(lambda message: self.orders.extend(message["data"]))
        stream.execution_stream(lambda message: self.executions.extend(message["data"]))

    def watch_the_book(self):
        """The book that pybit keeps from a snapshot and deltas has its 50 levels and is not crossed, whatever came."""
        books = queue.Queue()
        stream = unified_trading.WebSocket(channel_type=self.category, testnet=False)
        stream.orderbook_stream(50, SYMBOL, books.put)
        for _ in range(30):
            book = books.get(timeout=STREAM_SECONDS)["data"]
            prices = {side: [D(price) for price, _ in book[side]] for side in ("b", "a")}
            equal((len(prices["b"]), len(prices["a"])), (50, 50), "levels")
            assert max(prices["b"]) < min(prices["a"]), prices
        stream.exit()

    def heard_fills(self):
        return [(row["orderLinkId"], number(row["execPrice"]), number(row["execQty"]), number(row["execFee"]), row["isMaker"])
                for row in self.executions if row["category"] == self.category]

    def ends(self):
        return {row["orderLinkId"]: (row["orderStatus"], number(row["cumExecQty"])) for row in self.orders}

    # -- order entry over the trade socket

    def enter_by_socket(self, life):
        trading = unified_trading.WebSocketTrading(testnet=False, api_key=self.key, api_secret=self.secret)
        answers, errors = queue.Queue(), queue.Queue()

        def ask(call, **fields):
            call(answers.put, errors.put, category=self.category, **fields)

        with life.step("trade WebSocket: an order is placed, amended and cancelled"):
            client_id = life.fresh_id()
            prices = [life.at("buy", percent) for percent in (-3, -2)]
            ask(trading.place_order, **self.order_fields("buy", "0.01", prices[0], "gtc", client_id))
            placed = answers.get(timeout=STREAM_SECONDS)
            equal((placed["retCode"], placed["op"], placed["data"]["orderLinkId"]), (0, "order.create", client_id))
            life.sent[client_id] = ("buy", D("0.01"), prices[0])
            life.ends(client_id, "open", 0)
            ask(trading.amend_order, symbol=SYMBOL, orderLinkId=client_id, price=str(prices[1]))
            equal(answers.get(timeout=STREAM_SECONDS)["data"]["orderId"], placed["data"]["orderId"])
            life.sent[client_id] = ("buy", D("0.01"), prices[1])
            life.ends(client_id, "open", 0)
            ask(trading.cancel_order, symbol=SYMBOL, orderLinkId=client_id)
            equal(answers.get(timeout=STREAM_SECONDS)["retMsg"], "OK")
            life.ends(client_id, "cancelled", 0)
        with life.step("trade WebSocket: a refusal has the venue's code"):
            ask(trading.cancel_order, symbol=SYMBOL, orderLinkId=client_id)
            equal(errors.get(timeout=STREAM_SECONDS)["retCode"], CODES[self.category]["unknown"])


if __name__ == "__main__":
    logging.getLogger("pybit").setLevel(logging.CRITICAL)  # it tells of each wait for a limit
    main(Desk, ["bybit_spot", "bybit_linear"])
