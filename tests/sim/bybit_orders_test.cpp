/// Bybit's order routes against the documentation: the answer is an acknowledgement, refusals have
/// the number of their category, lists come newest first and in pages.
#include "tests/sim/bybit_trader.hpp"

#include <boost/json/serialize.hpp>

#include <set>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

std::string with(const std::string& fields, const std::string& name, const std::string& value) {
  auto object = object_of("{" + fields + "}");
  if (value.empty())
    object.erase(name);
  else
    object[name] = json::parse(value);
  const auto text = json::serialize(object);
  return text.substr(1, text.size() - 2);
}

void has_keys(const json::object& object, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    INFO(key);
    CHECK(object.contains(key));
  }
}

} // namespace

TEST_CASE("an order is acknowledged with two identifiers, and both find it") {
  BybitWorld world;
  for (const std::string category : {"spot", "linear"}) {
    const auto reply = world.alice.create(
        limit_order(category, "Buy", "0.01", world.bid(category), R"("orderLinkId":"plan7-leg1")"));
    CHECK(reply.http.status == 200);
    CHECK(reply.code() == 0);
    CHECK(text_of(reply.body.at("retMsg")) == "OK");
    CHECK(reply.body.at("time").as_int64() == world.alice.now());
    CHECK(reply.body.at("retExtInfo").as_object().empty());
    CHECK(reply.result().size() == 2);
    CHECK(reply.text("orderLinkId") == "plan7-leg1");
    CHECK(reply.text("orderId").size() == (category == "spot" ? 19 : 36));
    for (const auto& query :
         {"&orderId=" + reply.text("orderId"), std::string{"&orderLinkId=plan7-leg1"}}) {
      const auto found = world.alice.get("/v5/order/realtime", "category=" + category + query);
      REQUIRE(found.list().size() == 1);
      const auto& order = found.list()[0].as_object();
      CHECK(word(order, "orderStatus") == "New");
      CHECK(word(order, "orderId") == reply.text("orderId"));
    }
  }
}

TEST_CASE("either listener takes orders of both categories: it is one host") {
  BybitWorld world;
  for (const auto surface : {bybit_spot, bybit_linear}) {
    for (const std::string category : {"spot", "linear"}) {
      const auto body = "{" + limit_order(category, "Buy", "0.01", world.bid(category)) + "}";
      CHECK(world.alice.post("/v5/order/create", body, surface).code() == 0);
    }
  }
  for (const auto surface : {bybit_spot, bybit_linear})
    CHECK(world.alice.get("/v5/order/realtime", "category=spot", surface).list().size() == 2);
}

TEST_CASE("an order without an id of its owner's has an empty one") {
  BybitWorld world;
  const auto order = limit_order("linear", "Buy", "0.01", world.bid("linear"));
  for (int i = 0; i < 2; ++i) {
    const auto reply = world.alice.create(order);
    CHECK(reply.code() == 0);
    CHECK(reply.text("orderLinkId").empty());
  }
}

TEST_CASE("an order link id is never free again, not even after a fill or a cancel") {
  BybitWorld world;
  const std::string link = R"("orderLinkId":"once")";
  for (const auto& [category, code] : {std::pair{"linear", 110072}, std::pair{"spot", 170141}}) {
    CHECK(world.alice.create(market_order(category, "Sell", "0.01", link)).code() == 0);
    CHECK(world.alice.create(market_order(category, "Sell", "0.01", link)).code() == code);
    const auto resting
        = limit_order(category, "Buy", "0.01", world.bid(category), R"("orderLinkId":"twice")");
    CHECK(world.alice.create(resting).code() == 0);
    CHECK(world.alice.create(resting).code() == code);
    CHECK(world.alice
              .cancel(fmt::format(R"("category":"{}","symbol":"BTCUSDT","orderLinkId":"twice")",
                                  category))
              .code()
          == 0);
    CHECK(world.alice.create(resting).code() == code);
    CHECK(world.bob.create(resting).code() == 0); // of each account
  }
}

TEST_CASE("what the gateway refuses has the number of its category") {
  BybitWorld world;

  struct Case {
    std::string name, value;
    std::int64_t linear, spot;
  };

  const std::vector<Case> cases{
      {"symbol", R"("NOPE")", 10001, 170121},
      {"symbol", "", 10001, 170121},
      {"side", R"("buy")", 10001, 170117},
      {"orderType", R"("Stop")", 10001, 170116},
      {"timeInForce", R"("DAY")", 10001, 170115},
      {"qty", "", 10001, 170130},
      {"qty", R"("0")", 10001, 170130},
      {"qty", R"("-1")", 10001, 170130},
      {"qty", R"("one")", 10001, 170130},
      {"qty", "0.01", 10001, 170130}, // a number, not a text
      {"price", "", 10001, 170105},
      {"price", R"("free")", 10001, 170130},
      {"qty", R"("0.0100000001")", 10001, 170137},
      {"qty", R"("0.0000001")", 10001, 170137},
      {"qty", R"("99999999")", 10001, 170381},
      {"price", R"("61700.05")", 10001, 170134},
      {"price", R"("61700.0000001")", 10001, 170134},
      {"price", R"("99999999999")", 110003, 170132},
      {"orderLinkId", R"("0123456789012345678901234567890123456")", 10001, 10001},
      {"orderLinkId", R"("a b")", 10001, 10001},
      {"positionIdx", "1", 10001, 10001},
      {"isLeverage", "1", 170036, 170036},
      {"orderFilter", R"("Everything")", 10001, 170201},
      {"triggerPrice", R"("60000")", 10001, 170227},
      {"takeProfit", R"("70000")", 10001, 170227},
      {"category", R"("inverse")", 10001, 10001},
      {"category", "", 10001, 10001},
  };
  for (const auto& each : cases) {
    INFO(each.name << " " << each.value);
    const auto linear = limit_order("linear", "Buy", "0.01", "61700");
    const auto spot = limit_order("spot", "Buy", "0.01", "61700");
    world.run(1s); // the rate limit is another test
    CHECK(world.alice.create(with(linear, each.name, each.value)).code() == each.linear);
    CHECK(world.alice.create(with(spot, each.name, each.value)).code() == each.spot);
  }
  CHECK(world.alice.get("/v5/order/history", "category=spot").list().empty());
  const auto broken
      = world.alice.ask(bybit_linear, "POST", "/v5/order/create", "{\"category\"",
                        world.alice.signed_headers("{\"category\"", world.alice.now()));
  CHECK(object_of((*broken)->body).at("retCode").as_int64() == 10001);
}

TEST_CASE("what the engine refuses has the number of its category") {
  BybitWorld world;
  const auto code = [&](const std::string& fields) {
    world.run(1s);
    return world.alice.create(fields).code();
  };
  // Value below the minimum of 5.
  CHECK(code(limit_order("spot", "Buy", "0.00001", "61700")) == 170140);
  // Beyond the balance.
  CHECK(code(limit_order("spot", "Buy", "9", world.bid("spot"))) == 0);
  CHECK(code(limit_order("spot", "Buy", "9", world.bid("spot"))) == 170131);
  const auto eth = limit_order("spot", "Sell", "21", world.ask_price("spot", "ETHUSDT"));
  CHECK(code(with(eth, "symbol", R"("ETHUSDT")")) == 170131);
  CHECK(code(limit_order("linear", "Buy", "5000", "61700")) == 110007);
  // Too far from the market.
  CHECK(code(limit_order("linear", "Buy", "0.01", "80000")) == 110003);
  CHECK(code(limit_order("linear", "Sell", "0.01", "40000")) == 110003);
  CHECK(code(limit_order("spot", "Buy", "0.01", "400000")) == 170193);
  CHECK(code(limit_order("spot", "Sell", "0.01", "10000")) == 170194);
  // Nothing to reduce.
  CHECK(code(limit_order("linear", "Sell", "0.01", "61700", R"("reduceOnly":true)")) == 110017);
  // Market orders.
  CHECK(code(market_order("spot", "Sell", "0.0100000001")) == 170148);
  CHECK(code(market_order("spot", "Sell", "99999999")) == 170382);
  CHECK(code(market_order("spot", "Buy", "100", R"("marketUnit":"lots")")) == 170130);
  CHECK(code(market_order("linear", "Buy", "0.01",
                          R"("slippageToleranceType":"TickSize","slippageTolerance":"10001")"))
        == 110108);
  CHECK(code(market_order("linear", "Buy", "0.01",
                          R"("slippageToleranceType":"Percent","slippageTolerance":"0.001")"))
        == 110109);
}

TEST_CASE("a spot market buy is in quote coin unless it says otherwise") {
  BybitWorld world;
  const auto executed = [&](const std::string& fields) {
    const auto reply = world.alice.create(fields);
    REQUIRE(reply.code() == 0);
    const auto found
        = world.alice.get("/v5/order/realtime", "category=spot&orderId=" + reply.text("orderId"));
    return found.list().at(0).as_object();
  };
  const auto by_quote = executed(market_order("spot", "Buy", "100"));
  CHECK(word(by_quote, "qty") == "100");
  CHECK(word(by_quote, "marketUnit") == "quoteCoin");
  CHECK(std::stod(word(by_quote, "cumExecValue")) <= 100.0);
  CHECK(std::stod(word(by_quote, "cumExecValue")) > 99.0);
  const auto by_base = executed(market_order("spot", "Buy", "0.01", R"("marketUnit":"baseCoin")"));
  CHECK(word(by_base, "cumExecQty") == "0.01");
  CHECK(word(by_base, "marketUnit") == "baseCoin");
  CHECK(word(executed(market_order("spot", "Sell", "0.01")), "cumExecQty") == "0.01");
}

TEST_CASE("a market order shows the price of its band, not of its fill") {
  BybitWorld world;
  const auto reply = world.alice.create(market_order("linear", "Buy", "0.01"));
  const auto order
      = world.alice.get("/v5/order/realtime", "category=linear&orderId=" + reply.text("orderId"))
            .list()
            .at(0)
            .as_object();
  CHECK(word(order, "orderType") == "Market");
  CHECK(word(order, "timeInForce") == "IOC");
  CHECK(word(order, "orderStatus") == "Filled");
  CHECK(std::stod(word(order, "price")) > 1.03 * std::stod(word(order, "avgPrice")));
}

TEST_CASE("slippage tolerance is a bound that a market order keeps") {
  BybitWorld world;
  const auto reply = world.alice.create(
      market_order("linear", "Buy", "100", // more than the next ticks hold
                   R"("slippageToleranceType":"TickSize","slippageTolerance":"3")"));
  REQUIRE(reply.code() == 0);
  const auto order
      = world.alice.get("/v5/order/realtime", "category=linear&orderId=" + reply.text("orderId"))
            .list()
            .at(0)
            .as_object();
  CHECK(word(order, "orderType") == "Market");
  CHECK(word(order, "orderStatus") == "Cancelled");
  CHECK(std::stod(word(order, "cumExecQty")) < 100.0);
  const auto fills = world.alice.get("/v5/execution/list", "category=linear").list();
  for (const auto& fill : fills)
    CHECK(std::stod(word(fill.as_object(), "execPrice")) <= std::stod(word(order, "price")));
}

TEST_CASE("a cancel says which of three ways an order is not open") {
  BybitWorld world;
  for (const auto& [category, unknown, filled, cancelled] :
       {std::tuple{"linear", 110001, 110008, 110010}, std::tuple{"spot", 170213, 170139, 170142}}) {
    const auto name = [&, category = std::string{category}](const std::string& id) {
      return fmt::format(R"("category":"{}","symbol":"BTCUSDT","orderLinkId":"{}")", category, id);
    };
    CHECK(world.alice.cancel(name("none")).code() == unknown);
    CHECK(world.alice
              .cancel(fmt::format(R"("category":"{}","symbol":"BTCUSDT","orderId":"17")", category))
              .code()
          == unknown);
    REQUIRE(
        world.alice.create(market_order(category, "Sell", "0.01", R"("orderLinkId":"gone")")).code()
        == 0);
    world.run(20ms); // its owner has heard of the fill
    CHECK(world.alice.cancel(name("gone")).code() == filled);
    REQUIRE(world.alice
                .create(limit_order(category, "Buy", "0.01", world.bid(category),
                                    R"("orderLinkId":"rests")"))
                .code()
            == 0);
    const auto done = world.alice.cancel(name("rests"));
    CHECK(done.code() == 0);
    CHECK(done.text("orderLinkId") == "rests");
    CHECK(world.alice.cancel(name("rests")).code() == cancelled);
    CHECK(world.bob.cancel(name("rests")).code() == unknown); // of somebody else
  }
  CHECK(world.alice.cancel(R"("category":"linear","symbol":"BTCUSDT")").code() == 10001);
  CHECK(world.alice.cancel(R"("category":"linear","symbol":"NOPE","orderLinkId":"x")").code()
        == 10001);
}

TEST_CASE("the order id wins when a cancel names two orders") {
  BybitWorld world;
  const auto place = [&](const std::string& link) {
    return world.alice
        .create(limit_order("linear", "Buy", "0.01", world.bid("linear"),
                            fmt::format(R"("orderLinkId":"{}")", link)))
        .text("orderId");
  };
  const auto first = place("first");
  place("second");
  CHECK(world.alice
            .cancel(fmt::format(
                R"("category":"linear","symbol":"BTCUSDT","orderId":"{}","orderLinkId":"second")",
                first))
            .text("orderLinkId")
        == "first");
}

TEST_CASE("an amendment changes price, quantity or both, and refuses what it cannot do") {
  BybitWorld world;
  const auto lower = world.bid("linear", "BTCUSDT", 5);
  REQUIRE(
      world.alice
          .create(limit_order("linear", "Buy", "0.02", world.bid("linear"), R"("orderLinkId":"a")"))
          .code()
      == 0);
  const auto amend = [&](const std::string& more, const std::string& id = "a") {
    return world.alice.post(
        "/v5/order/amend",
        fmt::format(R"({{"category":"linear","symbol":"BTCUSDT","orderLinkId":"{}"{}{}}})", id,
                    more.empty() ? "" : ",", more));
  };
  const auto order = [&] {
    return world.alice.get("/v5/order/realtime", "category=linear&orderLinkId=a")
        .list()
        .at(0)
        .as_object();
  };
  CHECK(amend(R"("price":")" + lower + '"').code() == 0);
  CHECK(word(order(), "price") == lower);
  CHECK(amend(R"("qty":"0.015")").code() == 0);
  CHECK(word(order(), "qty") == "0.015");
  CHECK(amend(R"("qty":"0.03","price":")" + world.bid("linear") + '"').code() == 0);
  CHECK(word(order(), "qty") == "0.030");
  CHECK(word(order(), "orderStatus") == "New");
  CHECK(amend(R"("qty":"0.03")").code() == 10001); // nothing would change
  CHECK(amend("").code() == 10001);
  CHECK(amend(R"("qty":"0.0000001")").code() == 10001);
  CHECK(amend(R"("price":"99999")").code() == 110003);
  CHECK(amend(R"("qty":"0.01")", "nobody").code() == 110001);
  REQUIRE(world.alice.cancel(R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"a")").code()
          == 0);
  world.run(1s);
  CHECK(amend(R"("qty":"0.01")").code() == 110010);
}

TEST_CASE("an amendment may not go below what is filled") {
  BybitWorld world;
  for (const auto& [category, code] : {std::pair{"linear", 110064}, std::pair{"spot", 170313}}) {
    // Takes the best level and rests with what is left.
    const auto [price, size] = world.level(category, "BTCUSDT", "a", 0);
    const auto more = std::stod(size) + 0.5;
    REQUIRE(world.alice
                .create(limit_order(category, "Buy", fmt::format("{:.3f}", more), price,
                                    R"("orderLinkId":"part")"))
                .code()
            == 0);
    CHECK(world.alice
              .post("/v5/order/amend",
                    fmt::format(
                        R"({{"category":"{}","symbol":"BTCUSDT","orderLinkId":"part","qty":"{}"}})",
                        category, category == std::string{"spot"} ? "0.001" : "0.001"))
              .code()
          == code);
  }
}

TEST_CASE("cancel-all takes the orders of a symbol or a coin, and linear must say which") {
  BybitWorld world;
  const auto place = [&](const std::string& category, const std::string& symbol) {
    const auto fields = with(limit_order(category, "Buy", "0.1", world.bid(category, symbol)),
                             "symbol", '"' + symbol + '"');
    REQUIRE(world.alice.create(fields).code() == 0);
  };
  const auto cancel = [&](const std::string& fields) {
    return world.alice.post("/v5/order/cancel-all", "{" + fields + "}");
  };
  for (const std::string category : {"linear", "spot"}) {
    place(category, "BTCUSDT");
    place(category, "BTCUSDT");
    place(category, "ETHUSDT");
  }
  CHECK(cancel(R"("category":"linear")").code() == 10001);
  const auto eth = cancel(R"("category":"linear","baseCoin":"ETH")");
  CHECK(eth.list().size() == 1);
  CHECK(eth.text("success") == "1");
  CHECK(cancel(R"("category":"linear","settleCoin":"USDT")").list().size() == 2);
  CHECK(cancel(R"("category":"linear","settleCoin":"USDT")").list().empty());
  CHECK(cancel(R"("category":"spot","symbol":"ETHUSDT")").list().size() == 1);
  CHECK(cancel(R"("category":"spot")").list().size() == 2);
  CHECK(cancel(R"("category":"spot","symbol":"NOPE")").code() == 170121);
}

TEST_CASE("a batch succeeds as a whole and fails per order") {
  BybitWorld world;
  const auto good = limit_order("spot", "Buy", "0.01", world.bid("spot"), R"("orderLinkId":"b1")");
  const auto bad = limit_order("spot", "Buy", "0", world.bid("spot"), R"("orderLinkId":"b2")");
  const auto created = world.alice.post(
      "/v5/order/create-batch", R"({"category":"spot","request":[{)" + good + "},{" + bad + "}]}");
  CHECK(created.code() == 0);
  REQUIRE(created.list().size() == 2);
  const auto& codes = created.body.at("retExtInfo").at("list").as_array();
  CHECK(codes.at(0).at("code").as_int64() == 0);
  CHECK(text_of(codes.at(0).at("msg")) == "OK");
  CHECK(codes.at(1).at("code").as_int64() == 170130);
  has_keys(created.list()[0].as_object(),
           {"category", "symbol", "orderId", "orderLinkId", "createAt"});
  CHECK(word(created.list()[1].as_object(), "orderId").empty());
  CHECK(word(created.list()[1].as_object(), "orderLinkId") == "b2");
  const auto amended = world.alice.post(
      "/v5/order/amend-batch",
      R"({"category":"spot","request":[{"symbol":"BTCUSDT","orderLinkId":"b1","qty":"0.02"}]})");
  CHECK(amended.body.at("retExtInfo").at("list").at(0).at("code").as_int64() == 0);
  const auto cancelled
      = world.alice.post("/v5/order/cancel-batch",
                         R"({"category":"spot","request":[{"symbol":"BTCUSDT","orderLinkId":"b1"},)"
                         R"({"symbol":"BTCUSDT","orderId":"1666800494330512129"}]})");
  CHECK(cancelled.code() == 0);
  CHECK(cancelled.body.at("retExtInfo").at("list").at(0).at("code").as_int64() == 0);
  CHECK(cancelled.body.at("retExtInfo").at("list").at(1).at("code").as_int64() == 170213);
  std::string many;
  for (int i = 0; i < 11; ++i)
    many += (i == 0 ? "{" : ",{") + good + "}";
  CHECK(
      world.alice.post("/v5/order/create-batch", R"({"category":"spot","request":[)" + many + "]}")
          .code()
      == 10001);
}

TEST_CASE("open orders are listed newest first, closed ones when asked for") {
  BybitWorld world;
  const auto price = world.bid("linear");
  for (const std::string link : {"o1", "o2", "o3", "o4"}) {
    REQUIRE(world.alice
                .create(limit_order("linear", "Buy", "0.01", price,
                                    fmt::format(R"("orderLinkId":"{}")", link)))
                .code()
            == 0);
    world.run(10ms);
  }
  REQUIRE(world.alice.cancel(R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"o2")").code()
          == 0);
  const auto links = [](const BybitReply& reply) {
    std::string out;
    for (const auto& order : reply.list())
      out += word(order.as_object(), "orderLinkId");
    return out;
  };
  const auto list = [&](const std::string& query) {
    return world.alice.get("/v5/order/realtime", "category=linear&" + query);
  };
  CHECK(links(list("symbol=BTCUSDT")) == "o4o3o1");
  CHECK(links(list("settleCoin=USDT&openOnly=0")) == "o4o3o1");
  CHECK(links(list("settleCoin=USDT&openOnly=1")) == "o4o3o2o1");
  CHECK(links(list("baseCoin=ETH")).empty());
  CHECK(links(list("orderLinkId=o2")) == "o2"); // openOnly does not matter then
  CHECK(world.alice.get("/v5/order/realtime", "category=linear").code() == 10001);
  CHECK(list("symbol=BTCUSDT&limit=0").code() == 10001);
  CHECK(list("symbol=BTCUSDT&openOnly=2").code() == 10001);
  SUBCASE("in pages") {
    const auto first = list("symbol=BTCUSDT&limit=2");
    CHECK(links(first) == "o4o3");
    const auto second = list("symbol=BTCUSDT&limit=2&cursor=" + first.text("nextPageCursor"));
    CHECK(links(second) == "o1");
    CHECK(second.text("nextPageCursor").empty());
  }
  SUBCASE("and in the history once they are closed") {
    CHECK(links(world.alice.get("/v5/order/history", "category=linear")) == "o2");
    CHECK(
        links(world.alice.get("/v5/order/history", "category=linear&orderStatus=Filled")).empty());
    CHECK(world.alice.get("/v5/order/history", "category=linear&startTime=1&endTime=999999999999")
              .code()
          == 10001);
    world.run(25h); // what never traded is kept for a day
    CHECK(links(world.alice.get("/v5/order/history", "category=linear")).empty());
  }
}

TEST_CASE("an order has the fields of the documentation's example") {
  BybitWorld world;
  REQUIRE(world.alice.create(limit_order("linear", "Buy", "0.01", world.bid("linear"))).code()
          == 0);
  const auto order = world.alice.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT")
                         .list()
                         .at(0)
                         .as_object();
  has_keys(order, {"orderId",        "orderLinkId",
                   "blockTradeId",   "symbol",
                   "price",          "qty",
                   "side",           "isLeverage",
                   "positionIdx",    "orderStatus",
                   "cancelType",     "rejectReason",
                   "avgPrice",       "leavesQty",
                   "leavesValue",    "cumExecQty",
                   "cumExecValue",   "cumExecFee",
                   "timeInForce",    "orderType",
                   "stopOrderType",  "orderIv",
                   "triggerPrice",   "takeProfit",
                   "stopLoss",       "tpTriggerBy",
                   "slTriggerBy",    "triggerDirection",
                   "triggerBy",      "reduceOnly",
                   "closeOnTrigger", "smpType",
                   "smpGroup",       "smpOrderId",
                   "tpslMode",       "tpLimitPrice",
                   "slLimitPrice",   "placeType",
                   "createdTime",    "updatedTime",
                   "cumFeeDetail",   "lastPriceOnCreated"});
  CHECK(word(order, "avgPrice").empty()); // empty numbers are empty texts
  CHECK(word(order, "leavesQty") == "0.010");
  CHECK(word(order, "cancelType") == "UNKNOWN");
  CHECK(word(order, "rejectReason") == "EC_NoError");
  CHECK(word(order, "createdTime") == std::to_string(world.alice.now()));
}

TEST_CASE("executions add up to their order, newest first, with fees and the rest") {
  BybitWorld world;
  const auto [price, size] = world.level("linear", "BTCUSDT", "a", 1);
  const auto quantity = fmt::format("{:.3f}", std::stod(size) + 1.0);
  const auto id = world.alice.create(limit_order("linear", "Buy", quantity, price)).text("orderId");
  const auto fills = world.alice.get("/v5/execution/list", "category=linear&orderId=" + id).list();
  REQUIRE(fills.size() >= 2); // two levels at least
  const auto order = world.alice.get("/v5/order/realtime", "category=linear&orderId=" + id)
                         .list()
                         .at(0)
                         .as_object();
  double sum = 0;
  double value = 0;
  double fees = 0;
  std::set<std::string> ids;
  for (const auto& each : fills) {
    const auto& fill = each.as_object();
    has_keys(fill, {"symbol",       "orderType",  "underlyingPrice", "orderLinkId",
                    "side",         "indexPrice", "orderId",         "stopOrderType",
                    "leavesQty",    "execTime",   "feeCurrency",     "isMaker",
                    "execFee",      "feeRate",    "execId",          "tradeIv",
                    "blockTradeId", "markPrice",  "execPrice",       "markIv",
                    "orderQty",     "orderPrice", "execValue",       "execType",
                    "execQty",      "closedSize", "extraFees",       "seq"});
    CHECK(word(fill, "execType") == "Trade");
    CHECK(word(fill, "feeCurrency") == "USDT");
    CHECK(word(fill, "feeRate") == "0.00055");
    CHECK_FALSE(fill.at("isMaker").as_bool());
    sum += std::stod(word(fill, "execQty"));
    value += std::stod(word(fill, "execValue"));
    fees += std::stod(word(fill, "execFee"));
    ids.insert(word(fill, "execId"));
  }
  CHECK(ids.size() == fills.size());
  CHECK(sum == doctest::Approx(std::stod(word(order, "cumExecQty"))));
  CHECK(value == doctest::Approx(std::stod(word(order, "cumExecValue"))));
  CHECK(fees == doctest::Approx(std::stod(word(order.at("cumFeeDetail").as_object(), "USDT"))));
  CHECK(std::stod(word(fills[0].as_object(), "leavesQty"))
        < std::stod(word(fills[1].as_object(), "leavesQty")));
  const auto page = world.alice.get("/v5/execution/list", "category=linear&limit=1");
  const auto next = world.alice.get("/v5/execution/list", "category=linear&limit=1&cursor="
                                                              + page.text("nextPageCursor"));
  CHECK(word(next.list().at(0).as_object(), "execId") == word(fills[1].as_object(), "execId"));
  CHECK(world.alice.get("/v5/execution/list", "category=linear&execType=Funding").list().empty());
}

TEST_CASE("a spot fee is taken from what was received") {
  BybitWorld world;
  const auto fee_coin = [&](const std::string& side) {
    const auto id
        = world.alice.create(market_order("spot", side, "0.01", R"("marketUnit":"baseCoin")"))
              .text("orderId");
    return word(world.alice.get("/v5/execution/list", "category=spot&orderId=" + id)
                    .list()
                    .at(0)
                    .as_object(),
                "feeCurrency");
  };
  CHECK(fee_coin("Buy") == "BTC");
  CHECK(fee_coin("Sell") == "USDT");
}
