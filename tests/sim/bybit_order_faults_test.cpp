/// The order faults in Bybit's words: what the client is told and what really happened.
#include "tests/sim/bybit_trader.hpp"

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

std::string state_of(const BybitTrader& trader, const std::string& link) {
  const auto found = trader.get("/v5/order/realtime", "category=linear&orderLinkId=" + link).list();
  return found.empty() ? "" : word(found.at(0).as_object(), "orderStatus");
}

std::string buy(const std::string& link, const std::string& quantity = "0.01") {
  return "{" + market_order("linear", "Buy", quantity, R"("orderLinkId":")" + link + '"') + "}";
}

const std::string path = "/v5/order/create";

} // namespace

TEST_CASE("a lost answer leaves an order that is there all the same") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order")");
  arm(world, "bybit_linear", "ack_lost", R"("count":2)");
  const auto answer = world.alice.post_later(path, buy("lost"));
  world.run(60s);
  CHECK_FALSE(answer->has_value());
  CHECK(state_of(world.alice, "lost") == "Filled");
  CHECK(world.take(stream, "order").size() == 1);
  const auto trade = world.alice.trade_socket();
  world.text(
      trade,
      fmt::format(
          R"({{"reqId":"1","header":{{"X-BAPI-TIMESTAMP":"{}"}},"op":"order.create","args":[{}]}})",
          world.alice.now(), buy("lost2")));
  world.run(1s);
  CHECK(world.texts(trade).empty());
  CHECK(state_of(world.alice, "lost2") == "Filled");
  CHECK(world.alice.post(path, buy("lost")).code() == 110072); // the retry finds it
}

TEST_CASE("a time-out or server error says nothing about the order") {
  BybitWorld world;
  const auto unknown = [&](const std::string& link) {
    const auto code = world.alice.post(path, buy(link)).code();
    CHECK((code == 10000 || code == 10016));
    world.run(10ms);
    return state_of(world.alice, link);
  };
  arm(world, "bybit_linear", "order_unknown", R"("count":1)");
  CHECK(unknown("taken") == "Filled");
  arm(world, "bybit_linear", "order_unknown_refused", R"("count":1)");
  CHECK(unknown("refused").empty());
  CHECK(world.alice.post(path, buy("refused")).code() == 0); // its id is still free
}

TEST_CASE("a delayed order is taken and answered late") {
  BybitWorld world;
  arm(world, "bybit_linear", "order_delay", R"("count":1,"value":3000)");
  const auto answer = world.alice.post_later(path, buy("late"));
  world.run(2'990ms);
  CHECK_FALSE(answer->has_value());
  CHECK(state_of(world.alice, "late").empty());
  world.run(20ms);
  REQUIRE(answer->has_value());
  CHECK(BybitTrader::read(**answer).code() == 0);
  CHECK(state_of(world.alice, "late") == "Filled");
}

TEST_CASE("events may come before the answer") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order","execution")");
  arm(world, "bybit_linear", "fill_before_ack", R"("count":1,"value":100)");
  const auto answer = world.alice.post_later(path, buy("early"));
  CHECK(world.take(stream).size() == 2);
  CHECK_FALSE(answer->has_value());
  world.run(100ms);
  REQUIRE(answer->has_value());
  CHECK(BybitTrader::read(**answer).code() == 0);
}

TEST_CASE("a partial fill ends an order that cannot rest") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order")");
  arm(world, "bybit_linear", "partial_fill", R"("count":1,"value":300000)");
  CHECK(world.alice.post(path, buy("part", "0.1")).code() == 0);
  world.run(10ms);
  const auto order = item_of(world.take(stream, "order").at(0));
  CHECK(word(order, "orderStatus") == "Cancelled");
  CHECK(word(order, "cumExecQty") == "0.030");
  CHECK(word(order, "rejectReason") == "EC_NoEnoughQtyToFill");
}

TEST_CASE("a refused order is acknowledged and Rejected on the stream and in the list") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order","execution")");
  arm(world, "bybit_linear", "order_reject", R"("count":2)");
  CHECK(world.alice.post(path, buy("no")).code() == 0);
  CHECK(world.alice
            .create(limit_order("linear", "Buy", "0.01", world.ask_price("linear"),
                                R"("orderLinkId":"no2","timeInForce":"GTC")"))
            .code()
        == 0);
  world.run(10ms);
  const auto frames = world.take(stream);
  REQUIRE(frames.size() == 2);
  for (const auto& frame : frames) {
    CHECK(word(item_of(frame), "orderStatus") == "Rejected");
    CHECK(word(item_of(frame), "rejectReason") != "EC_NoError");
    CHECK(word(item_of(frame), "cumExecQty") == "0.000");
  }
  CHECK(word(item_of(frames[1]), "timeInForce") == "GTC");
  CHECK(state_of(world.alice, "no") == "Rejected");
  CHECK(state_of(world.alice, "no2") == "Rejected");
}

TEST_CASE("a fill may be told twice, under one execution id") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order","execution")");
  arm(world, "bybit_linear", "duplicate_fill_event", R"("count":1)");
  CHECK(world.alice.post(path, buy("twice")).code() == 0);
  world.run(10ms);
  std::vector<std::string> ids;
  for (const auto& frame : world.take(stream)) {
    if (text_of(frame.at("topic")) == "execution")
      ids.push_back(word(item_of(frame), "execId"));
  }
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] == ids[1]);
  CHECK(world.alice.get("/v5/execution/list", "category=linear").list().size() == 1);
}

TEST_CASE(
    "an order that cannot rest may be said to have expired before its last fill is heard of") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order","execution")");
  arm(world, "bybit_linear", "late_fill_after_expiry", R"("count":1,"value":3000)");
  CHECK(world.alice.post(path, buy("late")).code() == 0);
  world.run(2s);
  const auto ended = item_of(world.take(stream, "order").at(0));
  CHECK(word(ended, "cumExecQty") == "0.000");
  CHECK(word(ended, "leavesQty") == "0.000");
  CHECK(world.take(stream, "execution").empty());
  world.run(1s);
  CHECK(word(item_of(world.take(stream, "execution").at(0)), "orderLinkId") == "late");
  CHECK(state_of(world.alice, "late") == "Filled");
}

TEST_CASE("a fill from before a cancel may be heard of after it") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order","execution")");
  const std::string name = R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"late")";
  const auto place = [&](const std::string& quantity, const char* fault = R"("count":1)") {
    REQUIRE(world.alice
                .create(limit_order("linear", "Buy", quantity, world.bid("linear"),
                                    R"("orderLinkId":"late")"))
                .code()
            == 0);
    world.run(10ms);
    world.take(stream);
    arm(world, "bybit_linear", "late_fill_after_cancel", fault);
    CHECK(world.alice.cancel(name).code() == 0);
    world.run(10ms);
  };
  SUBCASE("of a part: the order stays cancelled and its quantity grows") {
    place("0.04");
    const auto cancelled = item_of(world.take(stream, "order").at(0));
    CHECK(word(cancelled, "orderStatus") == "Cancelled");
    CHECK(word(cancelled, "cumExecQty") == "0.000");
    world.run(100ms);
    std::map<std::string, json::object> late;
    for (const auto& frame : world.take(stream))
      late.emplace(text_of(frame.at("topic")), item_of(frame));
    CHECK(word(late.at("order"), "orderStatus") == "Cancelled");
    CHECK(word(late.at("order"), "cumExecQty") == "0.020");
    CHECK(word(late.at("execution"), "execQty") == "0.020");
    CHECK(state_of(world.alice, "late") == "Cancelled");
  }
  SUBCASE("as late as it is asked for") {
    place("0.04", R"("count":1,"value":3000)");
    world.run(2s);
    CHECK(world.take(stream, "execution").empty());
    world.run(1s);
    CHECK(world.take(stream, "execution").size() == 1);
  }
  SUBCASE("of everything: the venue's documented race, Filled twice") {
    place("0.001"); // one lot has no half
    CHECK(world.take(stream).empty());
    world.run(100ms);
    const auto frames = world.take(stream);
    REQUIRE(frames.size() == 3);
    std::vector<json::object> orders;
    for (const auto& frame : frames) {
      if (text_of(frame.at("topic")) == "order")
        orders.push_back(item_of(frame));
    }
    REQUIRE(orders.size() == 2);
    CHECK(word(orders[0], "orderStatus") == "Filled");
    CHECK(word(orders[1], "orderStatus") == "Filled");
    CHECK(word(orders[1], "cancelType") == "CancelByUser");
    CHECK(word(orders[1], "rejectReason") == "EC_OrigClOrdIDDoesNotExist");
  }
}

TEST_CASE("a stream that drops events is silent while the lists know everything") {
  BybitWorld world;
  const auto stream = world.alice.listen(R"("order","execution","position","wallet")");
  arm(world, "bybit_linear", "user_stream_drop", R"("for_ms":1000)");
  CHECK(world.alice.post(path, buy("quiet")).code() == 0);
  world.run(500ms);
  CHECK(world.texts(stream).empty());
  CHECK(state_of(world.alice, "quiet") == "Filled");
  world.run(1s);
  CHECK(world.alice.post(path, buy("loud")).code() == 0);
  world.run(10ms);
  CHECK(world.take(stream).size() == 4);
}

TEST_CASE("a rate limit out of nowhere names the moment when it is over") {
  BybitWorld world;
  arm(world, "bybit_linear", "order_rate_limit", R"("count":1,"value":2)");
  const auto reply = world.alice.post(path, buy("much"));
  CHECK(reply.code() == 10006);
  CHECK(header_of(reply.http, "X-Bapi-Limit-Status") == "0");
  CHECK(header_of(reply.http, "X-Bapi-Limit-Reset-Timestamp")
        == std::to_string(world.alice.now() + 2'000));
  CHECK(state_of(world.alice, "much").empty());
}

TEST_CASE("in maintenance no private request is taken, and the trade socket says 10019") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  arm(world, "bybit_linear", "maintenance", R"("for_ms":1000)");
  CHECK(world.alice.post(path, buy("closed")).code() == 10016);
  CHECK(world.alice.get("/v5/position/list", "category=linear&symbol=BTCUSDT").code() == 10016);
  CHECK(world.alice.trade(trade, "order.create", "1", market_order("linear", "Buy", "0.01"))
            .at("retCode")
            .as_int64()
        == 10019);
  CHECK(world.alice.create(market_order("spot", "Sell", "0.01")).code() == 0); // the other category
  world.run(1'010ms);
  CHECK(state_of(world.alice, "closed").empty());
  CHECK(world.alice.post(path, buy("open")).code() == 0);
}

TEST_CASE("a symbol that Bybit halted says so in the list and takes no order, but a cancel") {
  BybitWorld world;
  const auto status = [&](SurfaceId surface, const std::string& category) {
    const auto body = object_of(world
                                    .World::get(surface, "/v5/market/instruments-info",
                                                "category=" + category + "&symbol=BTCUSDT")
                                    .body);
    return text_of(body.at("result").at("list").as_array().at(0).at("status"));
  };
  CHECK(world.alice
            .create(R"("category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit",)"
                    R"("qty":"0.01","orderLinkId":"rests","price":")"
                    + world.bid("linear") + '"')
            .code()
        == 0);
  arm(world, "bybit_linear", "halt", R"("symbol":"BTCUSDT","for_ms":1000)");
  arm(world, "bybit_spot", "halt", R"("for_ms":1000)");
  CHECK(status(bybit_linear, "linear") == "Closed");
  CHECK(status(bybit_spot, "spot") == "Closed");
  CHECK(world.alice.post(path, buy("halted")).code() == 110074);
  CHECK(world.alice.create(market_order("spot", "Sell", "0.01")).code() == 170151);
  CHECK(world.alice.cancel(R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"rests")").code()
        == 0);
  world.run(1'010ms);
  CHECK(state_of(world.alice, "halted").empty());
  CHECK(status(bybit_linear, "linear") == "Trading");
  CHECK(world.alice.post(path, buy("open")).code() == 0);
}
