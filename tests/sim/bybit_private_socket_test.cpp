/// Bybit's /v5/private: login, topics, what is told of an order and in how many messages, and the
/// protection of those who lose their connection.
#include "tests/sim/bybit_trader.hpp"

#include <set>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

json::object last(World& world, SocketId socket) {
  return object_of(world.texts(socket).back());
}

std::string refusal_of(BybitWorld& world, SocketId socket, const std::string& topics) {
  world.text(socket, R"({"req_id":"s","op":"subscribe","args":[)" + topics + "]}");
  const auto reply = last(world, socket);
  CHECK(text_of(reply.at("req_id")) == "s");
  return reply.at("success").as_bool() ? "" : text_of(reply.at("ret_msg"));
}

} // namespace

TEST_CASE("a login on the private socket is answered in its own shape") {
  BybitWorld world;
  for (const auto surface : {bybit_spot, bybit_linear}) {
    const auto socket = world.open(surface, "/v5/private");
    REQUIRE_FALSE(world.refusal);
    world.text(socket, world.alice.login());
    const auto reply = last(world, socket);
    CHECK(reply.at("success").as_bool());
    CHECK(text_of(reply.at("ret_msg")).empty());
    CHECK(text_of(reply.at("op")) == "auth");
    CHECK(text_of(reply.at("req_id")) == "in");
    CHECK_FALSE(text_of(reply.at("conn_id")).empty());
    world.text(socket, world.alice.login());
    CHECK_FALSE(last(world, socket).at("success").as_bool()); // once is enough
  }
}

TEST_CASE("a login with a wrong key, signature, moment or form is refused and may be repeated") {
  BybitWorld world;
  const auto socket = world.open(bybit_linear, "/v5/private");
  const auto refused = [&](const std::string& text) {
    world.text(socket, text);
    const auto reply = last(world, socket);
    CHECK_FALSE(reply.at("success").as_bool());
    CHECK(text_of(reply.at("op")) == "auth");
    return text_of(reply.at("ret_msg"));
  };
  CHECK(refused(BybitTrader{world, "nobody", "x"}.login()) == "Invalid apikey");
  CHECK(refused(BybitTrader{world, "alice-key", "x"}.login()) == "Invalid sign");
  const auto good = world.alice.login();
  world.run(5s); // its expiry has come
  CHECK(refused(good).starts_with("Params Error"));
  CHECK(refused(R"({"op":"auth","args":["alice-key"]})") == "Params Error");
  CHECK(refused(R"({"op":"auth"})") == "Params Error");
  CHECK(refusal_of(world, socket, R"("order")") == "Request not authorized");
  world.text(socket, world.alice.login());
  CHECK(last(world, socket).at("success").as_bool());
}

TEST_CASE("private topics are refused with a reason") {
  BybitWorld world;
  const auto socket = world.alice.listen("");
  CHECK(refusal_of(world, socket, R"("orders")") == "Invalid topic: orders");
  CHECK(refusal_of(world, socket, R"("wallet.spot")") == "Invalid topic: wallet.spot");
  CHECK(refusal_of(world, socket, "") == "Request args are empty");
  CHECK(refusal_of(world, socket, R"("order","execution.linear")")
        == "All-In-One topic and Categorised topic cannot be in the same request");
  CHECK(refusal_of(world, socket, R"("order.spot","execution.linear","wallet","dcp.future")")
            .empty());
  CHECK(refusal_of(world, socket, R"("execution.fast","position")").empty());
  CHECK(refusal_of(world, socket, R"("order.spot")")
        == "error:already subscribed,topic:order.spot");
  world.text(socket, R"({"op":"unsubscribe","args":["order.spot"]})");
  CHECK(last(world, socket).at("success").as_bool());
  CHECK(refusal_of(world, socket, R"("order.spot")").empty());
  world.text(socket, "{");
  CHECK_FALSE(last(world, socket).at("success").as_bool());
  world.text(socket, R"({"op":"dance"})");
  CHECK_FALSE(last(world, socket).at("success").as_bool());
}

TEST_CASE("a private ping is answered with op pong and the time") {
  BybitWorld world;
  const auto socket = world.open(bybit_linear, "/v5/private"); // before the login too
  world.text(socket, R"({"req_id":"test","op":"ping"})");
  const auto pong = last(world, socket);
  CHECK(text_of(pong.at("op")) == "pong");
  CHECK(text_of(pong.at("req_id")) == "test");
  CHECK(text_of(pong.at("args").as_array().at(0)) == std::to_string(world.alice.now()));
  CHECK(pong.contains("conn_id"));
  CHECK_FALSE(pong.contains("success"));
}

TEST_CASE("no topic begins with a picture of the present") {
  BybitWorld world;
  REQUIRE(world.alice.create(limit_order("linear", "Buy", "0.01", world.bid("linear"))).code()
          == 0);
  world.run(1s);
  const auto socket
      = world.alice.listen(R"("order","execution","execution.fast","position","wallet")");
  world.run(10s);
  CHECK(world.texts(socket).empty());
}

TEST_CASE("the answer to an order comes first, its events in the next moment") {
  BybitWorld world;
  const auto socket = world.alice.listen(R"("order","execution","position","wallet")");
  const auto reply
      = world.alice.create(market_order("linear", "Buy", "0.01", R"("orderLinkId":"m1")"));
  CHECK(reply.code() == 0);
  CHECK(world.texts(socket).empty());
  world.run(10ms);
  std::map<std::string, json::object> frames;
  for (const auto& frame : world.take(socket))
    CHECK(frames.emplace(text_of(frame.at("topic")), frame).second); // one of each
  REQUIRE(frames.size() == 4);
  for (const auto& [topic, frame] : frames) {
    CHECK(frame.contains("id"));
    CHECK(frame.at("creationTime").is_int64());
  }
  const auto order = item_of(frames.at("order"));
  CHECK(word(order, "category") == "linear");
  CHECK(word(order, "orderStatus") == "Filled");
  CHECK(word(order, "orderLinkId") == "m1");
  CHECK(word(order, "orderId") == reply.text("orderId"));
  CHECK(word(order, "cumExecQty") == "0.010");
  CHECK(word(order, "leavesQty") == "0.000");
  CHECK(order.contains("closedPnl"));
  CHECK(order.contains("cumFeeDetail"));
  const auto execution = item_of(frames.at("execution"));
  CHECK(word(execution, "execType") == "Trade");
  CHECK(word(execution, "execQty") == "0.010");
  CHECK(word(execution, "orderId") == reply.text("orderId"));
  CHECK(execution.contains("execPnl"));
  const auto position = item_of(frames.at("position"));
  CHECK(word(position, "side") == "Buy");
  CHECK(position.contains("entryPrice"));
  CHECK_FALSE(position.contains("avgPrice"));
  CHECK(position.at("seq").as_int64() == execution.at("seq").as_int64());
  const auto wallet = item_of(frames.at("wallet"));
  CHECK(word(wallet, "accountType") == "UNIFIED");
  CHECK(word(wallet.at("coin").as_array().at(0).as_object(), "coin") == "USDT");
}

TEST_CASE("a resting order is New, then whatever becomes of it") {
  BybitWorld world;
  const auto socket = world.alice.listen(R"("order","position","wallet")");
  const auto link = std::string{R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"r")"};
  REQUIRE(
      world.alice
          .create(limit_order("linear", "Buy", "0.02", world.bid("linear"), R"("orderLinkId":"r")"))
          .code()
      == 0);
  world.run(10ms);
  auto frames = world.take(socket);
  REQUIRE(frames.size() == 2); // a position comes with every order, changed or not
  CHECK(text_of(frames[0].at("topic")) == "order");
  CHECK(word(item_of(frames[0]), "orderStatus") == "New");
  CHECK(text_of(frames[1].at("topic")) == "position");
  CHECK(word(item_of(frames[1]), "side").empty());
  REQUIRE(world.alice.post("/v5/order/amend", "{" + link + R"(,"qty":"0.01"})").code() == 0);
  world.run(10ms);
  const auto amended = item_of(world.take(socket, "order").at(0));
  CHECK(word(amended, "orderStatus") == "New");
  CHECK(word(amended, "qty") == "0.010");
  REQUIRE(world.alice.cancel(link).code() == 0);
  world.run(10ms);
  const auto cancelled = item_of(world.take(socket, "order").at(0));
  CHECK(word(cancelled, "orderStatus") == "Cancelled");
  CHECK(word(cancelled, "cancelType") == "CancelByUser");
}

TEST_CASE("post-only, immediate and whole-or-nothing orders are refused on the stream only") {
  BybitWorld world;
  const auto socket = world.alice.listen(R"("order","execution")");
  const auto ended = [&](const std::string& category, const std::string& price,
                         const std::string& lifetime, const std::string& quantity = "0.01") {
    CHECK(world.alice
              .create(limit_order(category, "Buy", quantity, price,
                                  R"("timeInForce":")" + lifetime + '"'))
              .code()
          == 0);
    world.run(10ms);
    const auto frames = world.take(socket, "order");
    REQUIRE(frames.size() == 1);
    const auto order = item_of(frames[0]);
    CHECK(word(order, "timeInForce") == lifetime);
    return word(order, "orderStatus") + ' ' + word(order, "rejectReason");
  };
  for (const std::string category : {"linear", "spot"}) {
    const auto ask = world.ask_price(category);
    const auto bid = world.bid(category);
    CHECK(ended(category, ask, "PostOnly")
          == (category == "spot" ? "Rejected EC_PostOnlyWillTakeLiquidity"
                                 : "Cancelled EC_PostOnlyWillTakeLiquidity"));
    CHECK(ended(category, bid, "PostOnly") == "New EC_NoError");
    CHECK(ended(category, bid, "IOC") == "Cancelled EC_NoImmediateQtyToFill");
    CHECK(ended(category, bid, "FOK") == "Cancelled EC_CancelForNoFullFill");
    // More than the level holds: linear says Cancelled and leaves cumExecQty to tell.
    const auto more
        = fmt::format("{:.3f}", std::stod(world.level(category, "BTCUSDT", "a", 0).second) + 1);
    CHECK(ended(category, ask, "IOC", more)
          == (category == "spot" ? "PartiallyFilledCanceled EC_NoEnoughQtyToFill"
                                 : "Cancelled EC_NoEnoughQtyToFill"));
  }
}

TEST_CASE("one socket hears of both categories, whichever listener it came through") {
  BybitWorld world;
  for (const auto surface : {bybit_spot, bybit_linear}) {
    const auto socket = world.alice.listen(R"("order")", surface);
    for (const std::string category : {"spot", "linear"})
      REQUIRE(world.alice.create(limit_order(category, "Buy", "0.01", world.bid(category))).code()
              == 0);
    world.run(10ms);
    std::set<std::string> categories;
    for (const auto& frame : world.take(socket, "order"))
      categories.insert(word(item_of(frame), "category"));
    CHECK(categories == std::set<std::string>{"linear", "spot"});
  }
}

TEST_CASE("a categorised topic hears of its category under its own name, and no one of another's") {
  BybitWorld world;
  const auto spot = world.alice.listen(R"("order.spot","execution.spot")");
  const auto stranger = world.bob.listen(R"("order","execution","wallet","position")");
  REQUIRE(world.alice.create(market_order("linear", "Buy", "0.01")).code() == 0);
  world.run(10ms);
  CHECK(world.take(spot).empty());
  REQUIRE(world.alice.create(market_order("spot", "Sell", "0.01")).code() == 0);
  world.run(10ms);
  CHECK(world.take(spot, "order.spot").size() == 1);
  CHECK(world.take(stranger).empty());
}

TEST_CASE("fast executions lack the maker's order link id and the message id") {
  BybitWorld world;
  const auto maker = world.alice.listen(R"("execution.fast","execution")");
  const auto taker = world.bob.listen(R"("execution.fast")");
  const auto [price, size] = world.level("linear", "BTCUSDT", "b", 0);
  REQUIRE(world.alice.create(limit_order("linear", "Buy", "0.01", price, R"("orderLinkId":"mk")"))
              .code()
          == 0);
  const auto sweep = fmt::format("{:.3f}", std::stod(size) + 0.01);
  REQUIRE(
      world.bob.create(limit_order("linear", "Sell", sweep, price, R"("orderLinkId":"tk")")).code()
      == 0);
  world.run(10ms);
  auto frames = world.take(maker);
  REQUIRE(frames.size() == 2);
  for (const auto& frame : frames) {
    const bool fast = text_of(frame.at("topic")) == "execution.fast";
    const auto item = item_of(frame);
    CHECK(item.at("isMaker").as_bool());
    CHECK(word(item, "orderLinkId") == (fast ? "" : "mk"));
    CHECK(frame.contains("id") != fast);
  }
  const auto sold = world.take(taker);
  REQUIRE(sold.size() == 1); // both fills in one message
  CHECK(sold[0].at("data").as_array().size() == 2);
  CHECK(word(sold[0].at("data").as_array().at(0).as_object(), "orderLinkId") == "tk");
}

TEST_CASE("a cancel that loses to a fill brings a second Filled") {
  BybitWorld world;
  const auto socket = world.alice.listen(R"("order","execution")");
  REQUIRE(
      world.alice.create(market_order("linear", "Buy", "0.01", R"("orderLinkId":"race")")).code()
      == 0);
  const std::string name = R"("category":"linear","symbol":"BTCUSDT","orderLinkId":"race")";
  CHECK(world.alice.cancel(name).code() == 0); // nobody has been told of the fill yet
  world.run(20ms);
  std::vector<json::object> orders;
  int executions = 0;
  for (const auto& frame : world.take(socket)) {
    if (text_of(frame.at("topic")) == "order")
      orders.push_back(item_of(frame));
    else
      executions += static_cast<int>(frame.at("data").as_array().size());
  }
  REQUIRE(orders.size() == 2);
  for (const auto& order : orders) {
    CHECK(word(order, "orderStatus") == "Filled");
    CHECK(word(order, "cumExecQty") == "0.010"); // both: it must not count twice
  }
  CHECK(word(orders[0], "cancelType") == "UNKNOWN");
  CHECK(word(orders[1], "cancelType") == "CancelByUser");
  CHECK(word(orders[1], "rejectReason") == "EC_OrigClOrdIDDoesNotExist");
  CHECK(executions == 1);
  CHECK(world.alice.cancel(name).code() == 110008); // it knows by now
}

TEST_CASE("a deposit is told on the wallet topic") {
  BybitWorld world;
  const auto socket = world.alice.listen(R"("wallet")");
  const auto answer
      = world.admin("POST", "/accounts", R"({"name":"alice","deposits":{"unified":{"USDT":"5"}}})");
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  world.run(10ms);
  const auto wallet = item_of(world.take(socket, "wallet").at(0));
  CHECK(word(wallet.at("coin").as_array().at(0).as_object(), "walletBalance") == "1000005");
}

TEST_CASE("a private socket without traffic is closed when it asked for it") {
  BybitWorld world;
  const auto asked = world.alice.listen("", bybit_linear, "max_active_time=30s");
  const auto minutes = world.alice.listen("", bybit_linear, "max_active_time=2m");
  const auto usual = world.alice.listen("");
  world.run(29s);
  CHECK_FALSE(world.memory.wires[asked].closed);
  world.run(32s);
  CHECK(world.memory.wires[asked].closed == 1001);
  CHECK_FALSE(world.memory.wires[minutes].closed);
  world.text(minutes, R"({"op":"ping"})");
  world.run(100s);
  CHECK_FALSE(world.memory.wires[minutes].closed); // a ping keeps it
  world.run(90s);
  CHECK(world.memory.wires[minutes].closed == 1001);
  CHECK_FALSE(world.memory.wires[usual].closed);
}

TEST_CASE("orders are cancelled when all sockets with the dcp topic are dead for the window") {
  BybitWorld world;
  const auto a = world.alice.listen(R"("dcp.future")");
  const auto b = world.alice.listen(R"("order")");
  const auto c = world.alice.listen(R"("dcp.future")", bybit_spot);
  for (const std::string category : {"linear", "spot"})
    REQUIRE(world.alice.create(limit_order(category, "Buy", "0.01", world.bid(category))).code()
            == 0);
  REQUIRE(world.bob.create(limit_order("linear", "Buy", "0.01", world.bid("linear"))).code() == 0);
  const auto open = [&](const BybitTrader& who, const std::string& category) {
    return who.get("/v5/order/realtime", "category=" + category + "&symbol=BTCUSDT").list().size();
  };
  world.simulator.on_closed(bybit_linear, a, world.now);
  world.run(60s);
  CHECK(open(world.alice, "linear") == 1); // c lives
  world.simulator.on_closed(bybit_spot, c, world.now);
  world.run(9s);
  CHECK(open(world.alice, "linear") == 1);
  SUBCASE("and not when one comes back in time") {
    const auto again = world.alice.listen(R"("dcp.future")");
    world.run(60s);
    CHECK(open(world.alice, "linear") == 1);
    CHECK(world.memory.wires[again].closed == std::nullopt);
  }
  SUBCASE("of the product that was guarded, and of nobody else") {
    world.take(b);
    world.run(2s);
    CHECK(open(world.alice, "linear") == 0);
    CHECK(open(world.alice, "spot") == 1);
    CHECK(open(world.bob, "linear") == 1);
    CHECK(word(item_of(world.take(b, "order").at(0)), "cancelType") == "CancelByDCP");
  }
}
