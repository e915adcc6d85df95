"""ccxt against the simulator: binance, binanceusdm, and bybit for spot and linear."""
import ccxt

from lifecycle import BASE, QUOTE, D, Fill, Order, main, number

EXCHANGES = {"binance_spot": "binance", "binance_linear": "binanceusdm", "bybit_spot": "bybit", "bybit_linear": "bybit"}
HOSTS = ("https://api.binance.com", "https://fapi.binance.com", "https://api.{hostname}")
TYPES = {"binance_spot": "spot", "binance_linear": "linear", "bybit_spot": "spot", "bybit_linear": "linear"}
# What ccxt makes of the venue's answer, and what its text keeps of it. At another address than its own https hosts it reads Binance's codes
# by the table that its markets have in common.
REFUSALS = {
    "binance_spot": {"post_only": (ccxt.OrderImmediatelyFillable, "would immediately match"), "too_small": (ccxt.BadRequest, "NOTIONAL"),
                     "no_funds": (ccxt.InsufficientFunds, "insufficient balance"), "duplicate": (ccxt.InvalidOrder, "Duplicate order sent"),
                     "unknown": (ccxt.OrderNotFound, "Unknown order sent"), "bad_secret": (ccxt.AuthenticationError, "-1022")},
    "binance_linear": {"post_only": (ccxt.InvalidOrder, "-5022"), "fok": (ccxt.InvalidOrder, "-5021"),
                       "too_small": (ccxt.ExchangeError, "-4164"), "no_funds": (ccxt.ExchangeError, "-2019"),
                       "duplicate": (ccxt.ExchangeError, "-4116"), "unknown": (ccxt.OrderNotFound, "Unknown order sent"),
                       "bad_secret": (ccxt.AuthenticationError, "-1022"), "reduce_only": (ccxt.ExchangeError, "-2022")},
    "bybit_spot": {"post_only": (ccxt.InvalidOrder, "170218"), "too_small": (ccxt.InvalidOrder, "170140"),
                   "no_funds": (ccxt.InsufficientFunds, "170131"), "duplicate": (ccxt.InvalidOrder, "170141"),
                   "unknown": (ccxt.InvalidOrder, "170142"), "bad_secret": (ccxt.AuthenticationError, "10004")},
    "bybit_linear": {"post_only": (ccxt.InvalidOrder, "10001"), "too_small": (ccxt.InvalidOrder, "110094"),
                     "no_funds": (ccxt.InsufficientFunds, "110007"), "duplicate": (ccxt.InvalidOrder, "110072"),
                     "unknown": (ccxt.InvalidOrder, "110010"), "bad_secret": (ccxt.AuthenticationError, "10004"),
                     "reduce_only": (ccxt.InvalidOrder, "110017")},
}


class Desk:
    def __init__(self, surface, address, key, secret):
        self.surface, self.address, self.key = surface, address, key
        self.bybit = surface.startswith("bybit")
        self.contract = surface.endswith("linear")
        self.name = f"ccxt {EXCHANGES[surface]}" + (f" {TYPES[surface]}" if self.bybit else "")
        self.symbol, self.small = [f"{base}/{QUOTE}" + (f":{QUOTE}" if self.contract else "") for base in (BASE, "XRP")]
        self.exchange = self.connect(secret)
        self.refusals = REFUSALS[surface]
        self.refuses_post_only, self.telling_late = not self.bybit, self.bybit
        ended = "canceled" if self.bybit else "expired"
        self.words = {"open": "open", "filled": "closed", "cancelled": "canceled", "unfilled_ioc": ended, "unfilled_fok": ended,
                      "post_only": "canceled" if self.contract else "rejected"}

    def connect(self, secret):
        exchange = getattr(ccxt, EXCHANGES[self.surface])({
            "apiKey": self.key, "secret": secret,
            "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": [TYPES[self.surface]]},
                        "defaultType": "swap" if self.contract else "spot"}})
        urls = exchange.urls["api"]
        for name, url in urls.items():
            for host in HOSTS:
                if isinstance(url, str) and url.startswith(host):
                    urls[name] = f"http://{self.address}" + url[len(host):]
        exchange.load_markets()
        return exchange

    def stranger(self):
        return Desk(self.surface, self.address, self.key, "not-the-secret")

    # -- the market

    def clock_ms(self):
        return self.exchange.fetch_time()

    def rules(self):
        market = self.exchange.market(self.symbol)
        assert market["active"] and market["swap" if self.contract else "spot"] and market["linear"] is (True if self.contract else None)
        return market["base"], market["quote"], number(market["precision"]["price"]), number(market["precision"]["amount"]), \
            number(market["limits"]["cost"]["min"])

    def book(self, levels):
        book = self.exchange.fetch_order_book(self.symbol, levels)
        return [[(number(price), number(quantity)) for price, quantity, *_ in book[side][:levels]] for side in ("bids", "asks")]

    def ticker(self):
        ticker = self.exchange.fetch_ticker(self.symbol)
        if ticker["bid"] is None:  # binanceusdm has it elsewhere
            best = self.exchange.fetch_bids_asks([self.symbol])[self.symbol]
            ticker |= {side: best[side] for side in ("bid", "ask")}
        return [number(ticker[what]) for what in ("bid", "ask", "last")]

    def candles(self, count):
        return self.exchange.fetch_ohlcv(self.symbol, "1m", limit=count)

    def trades(self, count):
        return [(number(trade["price"]), number(trade["amount"])) for trade in self.exchange.fetch_trades(self.symbol, limit=count)]

    # -- the account

    def balances(self):
        balance = self.exchange.fetch_balance()
        totals = {asset: number(total) for asset, total in balance["total"].items()}
        if self.surface == "binance_linear":  # binanceusdm counts what the position has won or lost so far
            for row in balance["info"]["assets"]:
                wallet, profit = number(row["walletBalance"]), number(row["unrealizedProfit"])
                assert abs(totals[row["asset"]] - wallet - profit) <= D("1E-8"), (totals, row)
                totals[row["asset"]] = wallet
        return totals

    def place(self, side, quantity, price, lifetime, client_id, reduce_only=False):
        params = {"clientOrderId": client_id}
        if lifetime == "post_only":
            params["postOnly"] = True
        elif lifetime in ("ioc", "fok"):
            params["timeInForce"] = lifetime.upper()
        if reduce_only:
            params["reduceOnly"] = True
        placed = self.exchange.create_order(self.symbol, "market" if price is None else "limit", side, float(quantity),
                                            None if price is None else float(price), params)
        assert placed["clientOrderId"] == client_id, placed
        return Order(placed["id"], client_id, placed["status"], side, quantity, number(placed["filled"]))

    def place_too_small(self):
        smallest = self.exchange.market(self.small)["precision"]["amount"]
        self.exchange.create_order(self.small, "limit", "buy", smallest, self.exchange.fetch_ticker(self.small)["last"])

    def order(self, row):
        assert row["symbol"] == self.symbol, row
        return Order(row["id"], row["clientOrderId"], row["status"], row["side"], number(row["amount"]), number(row["filled"]),
                     number(row["price"]), number(row["average"]))

    def find(self, client_id=None, venue_id=None):
        if venue_id:
            return self.order(self.exchange.fetch_order(venue_id, self.symbol, {"acknowledged": True} if self.bybit else {}))
        if not self.bybit:
            return self.order(self.exchange.fetch_order(None, self.symbol, {"clientOrderId": client_id}))
        rows = self.exchange.fetch_open_orders(self.symbol, params={"orderLinkId": client_id}) \
            or self.exchange.fetch_canceled_and_closed_orders(self.symbol, params={"orderLinkId": client_id})
        assert len(rows) == 1, rows
        return self.order(rows[0])

    def open_orders(self):
        return [self.order(row) for row in self.exchange.fetch_open_orders(self.symbol)]

    def cancel(self, client_id=None, venue_id=None):
        name = "orderLinkId" if self.bybit else "clientOrderId"
        self.exchange.cancel_order(venue_id, self.symbol, {name: client_id} if client_id else {})

    def cancel_all(self):
        self.exchange.cancel_all_orders(self.symbol)

    def fills(self):
        return [Fill(row["id"], row["order"], row["side"], number(row["price"]), number(row["amount"]), number(row["fee"]["cost"]),
                     row["fee"]["currency"], row["takerOrMaker"] == "maker") for row in self.exchange.fetch_my_trades(self.symbol)]

    def position(self):
        rows = self.exchange.fetch_positions([self.symbol])
        assert len(rows) == 1, rows
        sign = {"long": 1, "short": -1}[rows[0]["side"]]
        return sign * number(rows[0]["contracts"]) * D(1), number(rows[0]["entryPrice"])


if __name__ == "__main__":
    main(Desk, list(EXCHANGES))
