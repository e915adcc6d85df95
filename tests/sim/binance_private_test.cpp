/// The private side of the simulated Binance, in the venue's own words.
#include "tests/sim/binance_trader.hpp"

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

const std::string buy_far = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000";

json::object event_of(const json::object& frame) {
  return frame.at("event").as_object();
}

} // namespace

TEST_CASE("who does not sign as the venue wants is refused by its own codes") {
  BinanceWorld world;
  const std::string path = "/api/v3/account";
  CHECK(object_of(world.get(binance_spot, path).body).at("code").as_int64() == -2014);
  const auto refused = [&](const std::string& query, const std::string& key) {
    const auto reply = world.raw(binance_spot, "GET", path, query, key);
    CHECK(reply.status >= 400);
    return reply.code();
  };
  CHECK(refused(world.signed_query("", "alice-secret"), "nobody") == -2015);
  CHECK(refused(world.signed_query("", "wrong"), "alice-key") == -1022);
  CHECK(refused(world.signed_query("", "alice-secret", 6'000), "alice-key") == -1021);
  CHECK(refused(world.signed_query("", "alice-secret", -1'000), "alice-key") == -1021);
  CHECK(refused(world.signed_query("recvWindow=60001", "alice-secret"), "alice-key") == -1131);
  CHECK(refused("timestamp=" + world.stamp(), "alice-key") == -1102);
  CHECK(world.call(binance_spot, "GET", path).status == 200);
}

TEST_CASE("a key that may only look places no order") {
  BinanceWorld world;
  const auto query = world.signed_query("symbol=BTCUSDT&" + buy_far, "looks");
  CHECK(world.raw(binance_spot, "POST", "/api/v3/order", query, "alice-eyes").code() == -2015);
  CHECK(world
            .raw(binance_spot, "GET", "/api/v3/account", world.signed_query("", "looks"),
                 "alice-eyes")
            .status
        == 200);
}

TEST_CASE("a key tells whether it may withdraw, on the spot market only") {
  BinanceWorld world;
  const auto path = "/sapi/v1/account/apiRestrictions";
  const auto purse
      = world.raw(binance_spot, "GET", path, world.signed_query("", "open"), "alice-purse");
  REQUIRE(purse.status == 200);
  CHECK(purse.body.at("enableWithdrawals").as_bool());
  CHECK_FALSE(world.call(binance_spot, "GET", path).body.at("enableWithdrawals").as_bool());
  CHECK(world.call(binance_linear, "GET", path).status == 404);
}

TEST_CASE(
    "an IOC order that trades says so in its answer, its events, its fills and the balances") {
  BinanceWorld world;
  const auto stream = world.listen();
  const auto price = world.best(binance_spot, "asks");
  const auto placed = world.place(
      binance_spot,
      "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&newClientOrderId=one&price=" + price);
  REQUIRE(placed.status == 200);
  CHECK(placed.text("status") == "FILLED");
  CHECK(placed.text("executedQty") == "0.00100000");
  const auto& fill = placed.body.at("fills").as_array().at(0);
  CHECK(text_of(fill.at("commissionAsset")) == "BTC");
  CHECK(text_of(fill.at("commission")) == "0.00000100"); // 0.1 % of what was received

  std::vector<json::object> reports;
  for (const auto& frame : world.take(stream))
    if (event_of(frame).at("e") == "executionReport")
      reports.push_back(event_of(frame));
  REQUIRE(reports.size() == 2);
  CHECK(text_of(reports[0].at("x")) == "NEW");
  const auto& trade = reports[1];
  CHECK(text_of(trade.at("x")) == "TRADE");
  CHECK(text_of(trade.at("X")) == "FILLED");
  CHECK(trade.at("t").as_int64() == fill.at("tradeId").as_int64());
  CHECK(text_of(trade.at("n")) == "0.00000100");

  const auto trades = world.call(binance_spot, "GET", "/api/v3/myTrades", "symbol=BTCUSDT").body;
  REQUIRE(trades.as_array().size() == 1);
  CHECK(trades.at(0).at("id") == fill.at("tradeId"));
  CHECK(trades.at(0).at("isBuyer").as_bool());
  const auto query
      = world.call(binance_spot, "GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=one");
  CHECK(query.text("status") == "FILLED");
  const auto account
      = world.call(binance_spot, "GET", "/api/v3/account", "omitZeroBalances=true").body;
  CHECK(text_of(account.at("balances").at(0).at("free")) == "10.00099900");
}

TEST_CASE("events leave after the answer of the request that caused them") {
  BinanceWorld world;
  const auto socket = world.listen();
  world.request(socket, "7", "order.place",
                {{"symbol", "BTCUSDT"},
                 {"side", "BUY"},
                 {"type", "LIMIT"},
                 {"timeInForce", "GTC"},
                 {"quantity", "0.01"},
                 {"price", "30000"}});
  const auto frames = world.take(socket);
  REQUIRE(frames.size() >= 2);
  CHECK(text_of(frames[0].at("id")) == "7");
  CHECK(frames[0].at("status").as_int64() == 200);
  CHECK(text_of(event_of(frames[1]).at("e")) == "executionReport");
}

TEST_CASE("a cancel names the cancel and the order, and a second one finds nothing") {
  BinanceWorld world;
  const auto stream = world.listen();
  REQUIRE(world.place(binance_spot, buy_far + "&newClientOrderId=resting").status == 200);
  world.take(stream);
  const std::string named = "symbol=BTCUSDT&origClientOrderId=resting";
  const auto gone = world.call(binance_spot, "DELETE", "/api/v3/order", named);
  CHECK(gone.text("status") == "CANCELED");
  CHECK(gone.text("origClientOrderId") == "resting");
  const auto report = event_of(world.take(stream).at(0));
  CHECK(text_of(report.at("C")) == "resting");
  CHECK(text_of(report.at("c")) == gone.text("clientOrderId"));
  CHECK(world.call(binance_spot, "DELETE", "/api/v3/order", named).code() == -2011);
  CHECK(world.call(binance_spot, "GET", "/api/v3/order", named).text("status") == "CANCELED");
  CHECK(world.call(binance_spot, "GET", "/api/v3/order", "symbol=BTCUSDT&orderId=999").code()
        == -2013);
}

TEST_CASE("refusals have the codes and words of each market") {
  BinanceWorld world;
  const std::string gtc = "type=LIMIT&timeInForce=GTC&";
  REQUIRE(world.place(binance_spot, buy_far + "&newClientOrderId=x").status == 200);
  REQUIRE(world.place(binance_linear, buy_far + "&newClientOrderId=x").status == 200);
  CHECK(world.place(binance_spot, buy_far + "&newClientOrderId=x").text("msg")
        == "Duplicate order sent.");
  CHECK(world.place(binance_linear, buy_far + "&newClientOrderId=x").code() == -4116);
  const auto ask = world.best(binance_spot, "asks");
  CHECK(
      world.place(binance_spot, "side=BUY&type=LIMIT_MAKER&quantity=0.01&price=" + ask).text("msg")
      == "Order would immediately match and take.");
  CHECK(world
            .place(binance_linear, "side=BUY&type=LIMIT&timeInForce=GTX&quantity=0.01&price="
                                       + world.best(binance_linear, "asks"))
            .code()
        == -5022);
  CHECK(world.place(binance_spot, "side=BUY&" + gtc + "quantity=0.01&price=30000.001").code() < 0);
  CHECK(world.place(binance_spot, "side=UP&" + gtc + "quantity=0.01&price=30000").code() == -1117);
  CHECK(world.place(binance_spot, "side=BUY&" + gtc + "quantity=1e3&price=30000").code() == -1100);
  CHECK(world.place(binance_spot, "side=BUY&" + gtc + "quantity=50&price=30000").text("msg")
        == "Account has insufficient balance for requested action.");
  CHECK(world.call(binance_spot, "POST", "/api/v3/order", "symbol=NOPE&" + buy_far).code()
        == -1121);
}

TEST_CASE("the WebSocket API wants a signature on each request and logs no HMAC key on") {
  BinanceWorld world;
  const auto socket = world.open(binance_spot, "/ws-api/v3");
  world.request(socket, "1", "order.status", {{"symbol", "BTCUSDT"}, {"orderId", "1"}}, "");
  world.request(socket, "2", "session.logon", {});
  world.request(socket, "3", "userDataStream.subscribe", {}, "");
  world.request(socket, "4", "order.status", {{"symbol", "BTCUSDT"}, {"orderId", "1"}}, "wrong");
  world.request(socket, "5", "no.such", {});
  world.text(socket, "{");
  const auto frames = world.take(socket);
  REQUIRE(frames.size() == 6);
  const std::vector<std::int64_t> codes{-2014, -2028, -1193, -1022, -1020, -1135};
  for (std::size_t n = 0; n < codes.size(); ++n) {
    CHECK(frames[n].at("status").as_int64() >= 400);
    CHECK(frames[n].at("error").at("code").as_int64() == codes[n]);
    CHECK(frames[n].contains("rateLimits"));
  }
}

TEST_CASE("a listen key's socket hears orders and positions of USD-M, and nobody else does") {
  BinanceWorld world;
  const auto key = world.raw(binance_linear, "POST", "/fapi/v1/listenKey", "", "alice-key");
  REQUIRE(key.status == 200);
  const auto socket = world.open(binance_linear, "/private/ws/" + key.text("listenKey"));
  const auto other = world.raw(binance_linear, "POST", "/fapi/v1/listenKey", "", "bob-key");
  const auto stranger = world.open(binance_linear, "/private/ws/" + other.text("listenKey"));
  const auto placed
      = world.place(binance_linear, "side=SELL&type=LIMIT&timeInForce=IOC&quantity=0.01&price="
                                        + world.best(binance_linear, "bids"));
  CHECK(placed.text("status") == "NEW"); // ACK: taken, and no more
  std::vector<std::string> kinds;
  std::string state;
  for (const auto& frame : world.take(socket)) {
    kinds.push_back(text_of(frame.at("e")));
    if (kinds.back() == "ORDER_TRADE_UPDATE")
      state = text_of(frame.at("o").at("X"));
  }
  CHECK(std::find(kinds.begin(), kinds.end(), "ACCOUNT_UPDATE") != kinds.end());
  CHECK(state == "FILLED");
  CHECK(world.take(stranger).empty());
  const auto held = world.call(binance_linear, "GET", "/fapi/v3/positionRisk").body;
  REQUIRE(held.as_array().size() == 1);
  CHECK(text_of(held.at(0).at("positionAmt")) == "-0.010");
  CHECK(world.raw(binance_linear, "PUT", "/fapi/v1/listenKey", "", "alice-key").status == 200);
  CHECK(world.raw(binance_linear, "DELETE", "/fapi/v1/listenKey", "", "alice-key").status == 200);
  CHECK(world.raw(binance_linear, "PUT", "/fapi/v1/listenKey", "", "alice-key").code() == -1125);
}

TEST_CASE("a listen key ends after an hour and its socket is told") {
  BinanceWorld world;
  const auto key = world.raw(binance_linear, "POST", "/fapi/v1/listenKey", "", "alice-key");
  const auto socket = world.open(binance_linear, "/private/ws/" + key.text("listenKey"));
  for (int minutes = 0; minutes < 61; ++minutes) {
    world.run(1min);
    for (const auto& ping : world.memory.wires[socket].pings)
      world.pong(socket, ping);
  }
  const auto frames = world.take(socket);
  REQUIRE(frames.size() == 1);
  CHECK(text_of(frames[0].at("e")) == "listenKeyExpired");
}

TEST_CASE("the countdown cancels what rests when nobody renews it") {
  BinanceWorld world;
  REQUIRE(world.place(binance_linear, buy_far + "&newClientOrderId=resting").status == 200);
  REQUIRE(world
              .call(binance_linear, "POST", "/fapi/v1/countdownCancelAll",
                    "symbol=BTCUSDT&countdownTime=1000")
              .status
          == 200);
  world.run(500ms);
  const std::string named = "symbol=BTCUSDT&origClientOrderId=resting";
  CHECK(world.call(binance_linear, "GET", "/fapi/v1/order", named).text("status") == "NEW");
  world.run(600ms);
  CHECK(world.call(binance_linear, "GET", "/fapi/v1/order", named).text("status") == "CANCELED");
}

TEST_CASE("a lost answer and an unknown outcome leave orders that are there") {
  BinanceWorld world;
  const std::string query = "symbol=BTCUSDT&origClientOrderId=";
  arm(world, "binance_spot", "ack_lost", R"("count":1)");
  const auto lost = world.ask_signed(binance_spot, "POST", "/api/v3/order",
                                     "symbol=BTCUSDT&" + buy_far + "&newClientOrderId=lost");
  world.run(20s);
  CHECK_FALSE(lost->has_value());
  CHECK(world.call(binance_spot, "GET", "/api/v3/order", query + "lost").status == 200);
  arm(world, "binance_spot", "order_unknown", R"("count":1)");
  const auto unknown = world.place(binance_spot, buy_far + "&newClientOrderId=unknown");
  CHECK(unknown.status == 503);
  CHECK(unknown.code() == -1007);
  CHECK(world.call(binance_spot, "GET", "/api/v3/order", query + "unknown").status == 200);
  arm(world, "binance_spot", "order_unknown_refused", R"("count":1)");
  CHECK(world.place(binance_spot, buy_far + "&newClientOrderId=gone").code() == -1007);
  CHECK(world.call(binance_spot, "GET", "/api/v3/order", query + "gone").code() == -2013);
}

TEST_CASE("a symbol that Binance halted says so in the list and takes no order, but a cancel") {
  BinanceWorld world;
  const auto status = [&](SurfaceId surface, const std::string& path) {
    const auto body = object_of(world.get(surface, path).body);
    return text_of(body.at("symbols").as_array().at(0).at("status"));
  };
  REQUIRE(world.place(binance_spot, buy_far + "&newClientOrderId=rests").status == 200);
  arm(world, "binance_spot", "halt", R"("for_ms":1000)");
  arm(world, "binance_linear", "halt", R"("symbol":"BTCUSDT","for_ms":1000)");
  CHECK(status(binance_spot, "/api/v3/exchangeInfo") == "HALT");
  CHECK(status(binance_linear, "/fapi/v1/exchangeInfo") == "SETTLING");
  CHECK(world.place(binance_spot, buy_far).text("msg") == "Market is closed.");
  CHECK(world.place(binance_linear, buy_far).code() == -4108);
  CHECK(
      world.call(binance_spot, "DELETE", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=rests")
          .status
      == 200);
  world.run(1'010ms);
  CHECK(status(binance_spot, "/api/v3/exchangeInfo") == "TRADING");
  CHECK(world.place(binance_spot, buy_far).status == 200);
}

TEST_CASE("a contract wallet says when it changed last; one that never did says zero") {
  BinanceWorld world;
  const auto updated = [&](const std::string& path) {
    const auto reply = world.call(binance_linear, "GET", path);
    const auto& rows
        = reply.body.is_array() ? reply.body.as_array() : reply.body.at("assets").as_array();
    return rows.at(0).at("updateTime").as_int64();
  };
  const auto deposited = updated("/fapi/v3/account");
  CHECK(deposited == tandem::core::to_millis(start));
  world.run(1s);
  REQUIRE(world.place(binance_linear, "side=BUY&type=MARKET&quantity=0.01").status == 200);
  for (const std::string path : {"/fapi/v2/account", "/fapi/v3/account", "/fapi/v3/balance"})
    CHECK(updated(path) == tandem::core::to_millis(world.now));
  const auto query = world.signed_query("", "bob-secret"); // has nothing there
  const auto poor = world.raw(binance_linear, "GET", "/fapi/v3/account", query, "bob-key");
  CHECK(poor.body.at("assets").as_array().at(0).at("updateTime").as_int64() == 0);
}

TEST_CASE("leverage tiers are a list of all contracts, or the one asked for") {
  BinanceWorld world;
  const auto all = world.call(binance_linear, "GET", "/fapi/v1/leverageBracket");
  CHECK(all.body.as_array().size() == 2);
  const auto one = world.call(binance_linear, "GET", "/fapi/v1/leverageBracket", "symbol=ETHUSDT");
  CHECK(one.text("symbol") == "ETHUSDT");
  const auto& tier = one.body.at("brackets").as_array().at(0);
  CHECK(tier.at("initialLeverage").as_int64() == 125);
  CHECK(tier.at("maintMarginRatio").as_double() == doctest::Approx(0.005));
  CHECK(world.call(binance_linear, "GET", "/fapi/v1/leverageBracket", "symbol=NOPE").code()
        == -1121);
  CHECK(world.get(binance_linear, "/fapi/v1/leverageBracket").status == 401);
}
