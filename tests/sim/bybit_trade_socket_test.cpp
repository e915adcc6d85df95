/// Bybit's /v5/trade: orders over a socket, in the shapes of the guideline.
#include "tests/sim/bybit_trader.hpp"

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

TEST_CASE("a login on the trade socket is answered with a retCode") {
  BybitWorld world;
  const auto socket = world.open(bybit_linear, "/v5/trade");
  REQUIRE_FALSE(world.refusal);
  const auto code = [&](const std::string& text) {
    world.text(socket, text);
    const auto reply = object_of(world.texts(socket).back());
    CHECK(text_of(reply.at("op")) == "auth");
    CHECK_FALSE(text_of(reply.at("connId")).empty());
    CHECK_FALSE(reply.contains("success"));
    return reply.at("retCode").as_int64();
  };
  CHECK(code(R"({"op":"auth","args":["alice-key"]})") == 10001);
  CHECK(code(BybitTrader{world, "alice-key", "wrong"}.login()) == 10004);
  CHECK(code(BybitTrader{world, "nobody", "wrong"}.login()) == 10003);
  CHECK(world.alice.trade(socket, "order.create", "early", "").at("retCode").as_int64() == 10007);
  CHECK(code(world.alice.login()) == 0);
  CHECK(code(world.alice.login()) == 20001);
}

TEST_CASE("an order over the trade socket is acknowledged with limits and told on the stream") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  const auto stream = world.alice.listen(R"("order")");
  const auto reply = world.alice.trade(
      trade, "order.create", "test-005",
      limit_order("linear", "Buy", "0.01", world.bid("linear"), R"("orderLinkId":"a1")"));
  CHECK(text_of(reply.at("reqId")) == "test-005");
  CHECK(reply.at("retCode").as_int64() == 0);
  CHECK(text_of(reply.at("retMsg")) == "OK");
  CHECK(text_of(reply.at("op")) == "order.create");
  CHECK(text_of(reply.at("data").at("orderLinkId")) == "a1");
  CHECK(reply.at("retExtInfo").as_object().empty());
  const auto& header = reply.at("header").as_object();
  CHECK(word(header, "X-Bapi-Limit") == "10");
  CHECK(word(header, "X-Bapi-Limit-Status") == "9");
  CHECK(word(header, "Timenow") == std::to_string(world.alice.now()));
  CHECK(word(header, "Traceid").size() == 32);
  CHECK(world.texts(stream).empty());
  world.run(10ms);
  CHECK(word(item_of(world.take(stream, "order").at(0)), "orderStatus") == "New");
  const std::string name = R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"a1")";
  CHECK(world.alice.trade(trade, "order.amend", "2", name + R"(,"qty":"0.02")")
            .at("retCode")
            .as_int64()
        == 0);
  CHECK(world.alice.trade(trade, "order.cancel", "3", name).at("retCode").as_int64() == 0);
  CHECK(world.alice.trade(trade, "order.cancel", "4", name).at("retCode").as_int64() == 110010);
}

TEST_CASE("a request id is used once on a socket") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  const auto code = [&](SocketId socket, const std::string& id) {
    return world.alice
        .trade(socket, "order.create", id,
               limit_order("linear", "Buy", "0.01", world.bid("linear")))
        .at("retCode")
        .as_int64();
  };
  CHECK(code(trade, "r1") == 0);
  CHECK(code(trade, "r1") == 20006);
  CHECK(code(trade, std::string(37, 'r')) == 10001);
  CHECK(code(world.alice.trade_socket(), "r1") == 0);
  CHECK(world.alice.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT").list().size() == 2);
}

TEST_CASE("a trade request without id gets none back") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  world.text(
      trade,
      fmt::format(R"({{"header":{{"X-BAPI-TIMESTAMP":"{}"}},"op":"order.create","args":[{{{}}}]}})",
                  world.alice.now(), limit_order("linear", "Buy", "0.01", world.bid("linear"))));
  const auto reply = object_of(world.texts(trade).back());
  CHECK(reply.at("retCode").as_int64() == 0);
  CHECK_FALSE(reply.contains("reqId"));
}

TEST_CASE("a trade request without its timestamp, in no known op or category is refused") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  const auto raw = [&](const std::string& header, const std::string& op, const std::string& args) {
    world.text(trade, fmt::format(R"({{{}"op":"{}","args":{}}})", header, op, args));
    return object_of(world.texts(trade).back()).at("retCode").as_int64();
  };
  const auto stamp = [&](std::int64_t offset) {
    return fmt::format(R"("header":{{"X-BAPI-TIMESTAMP":"{}","X-BAPI-RECV-WINDOW":"1000"}},)",
                       world.alice.now() + offset);
  };
  const auto order = "[{" + limit_order("linear", "Buy", "0.01", world.bid("linear")) + "}]";
  CHECK(raw("", "order.create", order) == 10001);
  CHECK(raw(R"("header":{},)", "order.create", order) == 10001);
  CHECK(raw(stamp(-1'001), "order.create", order) == 10002);
  CHECK(raw(stamp(1'000), "order.create", order) == 10002);
  CHECK(raw(stamp(-1'000), "order.create", order) == 0);
  CHECK(raw(stamp(0), "order.dance", order) == 10404);
  CHECK(raw(stamp(0), "order.create", R"([{"category":"option"}])") == 10404);
  CHECK(raw(stamp(0), "order.create", "[]") == 10001);
  CHECK(raw(stamp(0), "order.create", order.substr(0, order.size() - 1) + ",{}]") == 10001);
  world.text(trade, "[");
  CHECK(object_of(world.texts(trade).back()).at("retCode").as_int64() == 10001);
}

TEST_CASE("a ping on the trade socket is answered with the time") {
  BybitWorld world;
  const auto trade = world.open(bybit_spot, "/v5/trade");
  world.text(trade, R"({"op":"ping"})");
  const auto pong = object_of(world.texts(trade).back());
  CHECK(text_of(pong.at("op")) == "pong");
  CHECK(pong.at("retCode").as_int64() == 0);
  CHECK(text_of(pong.at("data").as_array().at(0)) == std::to_string(world.alice.now()));
}

TEST_CASE("a batch over the trade socket has a code per order") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  const auto good = limit_order("linear", "Buy", "0.01", world.bid("linear"));
  const auto reply = world.alice.trade(trade, "order.create-batch", "b",
                                       R"("category":"linear","request":[{)" + good + "},{" + good
                                           + R"(,"positionIdx":1}])");
  CHECK(reply.at("retCode").as_int64() == 0);
  CHECK(reply.at("data").at("list").as_array().size() == 2);
  CHECK(reply.at("retExtInfo").at("list").at(0).at("code").as_int64() == 0);
  CHECK(reply.at("retExtInfo").at("list").at(1).at("code").as_int64() == 10001);
}

TEST_CASE("requests over HTTP and over a socket share one limit") {
  BybitWorld world;
  const auto trade = world.alice.trade_socket();
  const auto order = limit_order("linear", "Buy", "0.01", world.bid("linear"));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(world.alice.create(order).code() == 0);
    REQUIRE(
        world.alice.trade(trade, "order.create", std::to_string(i), order).at("retCode").as_int64()
        == 0);
  }
  CHECK(world.alice.trade(trade, "order.create", "over", order).at("retCode").as_int64() == 10006);
  CHECK(world.alice.create(order).code() == 10006);
}
