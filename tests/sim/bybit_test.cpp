/// The protocol of the simulated Bybit against the documentation: acks, envelope, the fixed window
/// of its books.
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto spot = SurfaceId::bybit_spot;
constexpr auto linear = SurfaceId::bybit_linear;
const std::string small = "symbols: [BTCUSDT, ETHUSDT]\nflow: {history_minutes: 1500}";

SocketId subscribed(World& world, SurfaceId surface, const std::string& topics) {
  const auto socket
      = world.open(surface, surface == spot ? "/v5/public/spot" : "/v5/public/linear");
  world.text(socket, R"({"req_id":"test","op":"subscribe","args":[)" + topics + "]}");
  return socket;
}

using Levels = std::map<std::int64_t, std::string>;

void put(Levels& side, const json::value& rows) {
  for (const auto& row : rows.as_array()) {
    const auto price = *tandem::core::parse_scaled(text_of(row.at(0)), 8);
    if (text_of(row.at(1)) == "0")
      REQUIRE(side.erase(price) == 1); // only what the client was told of is ever taken away
    else
      side[price] = text_of(row.at(1));
  }
}

} // namespace

TEST_CASE("a subscription is acknowledged in the shape of its category") {
  World world{small};
  const auto a = subscribed(world, spot, R"("publicTrade.BTCUSDT")");
  const auto b = subscribed(world, linear, R"("publicTrade.BTCUSDT")");
  const auto of_spot = object_of(world.texts(a)[0]);
  const auto of_linear = object_of(world.texts(b)[0]);
  CHECK(text_of(of_spot.at("ret_msg")) == "subscribe");
  CHECK(text_of(of_linear.at("ret_msg")).empty());
  for (const auto* ack : {&of_spot, &of_linear}) {
    CHECK(ack->at("success").as_bool());
    CHECK(text_of(ack->at("op")) == "subscribe");
    CHECK(text_of(ack->at("req_id")) == "test");
    CHECK(text_of(ack->at("conn_id")).size() == 36);
  }
}

TEST_CASE("a wrong subscription is refused and says why") {
  World world{small};
  const auto refused = [&](SurfaceId surface, const std::string& topics) {
    const auto socket = subscribed(world, surface, topics);
    const auto reply = object_of(world.texts(socket)[0]);
    CHECK_FALSE(reply.at("success").as_bool());
    return text_of(reply.at("ret_msg"));
  };
  CHECK(refused(linear, R"("invalid.topic.BTCUSDT")") == "Invalid topic: invalid.topic.BTCUSDT");
  CHECK(refused(linear, R"("orderbook.500.BTCUSDT")") == "Invalid topic: orderbook.500.BTCUSDT");
  CHECK(refused(linear, R"("orderbook.50.NOPE")") == "Invalid topic: orderbook.50.NOPE");
  std::string eleven;
  for (int i = 0; i < 11; ++i)
    eleven += (i == 0 ? "" : ",") + std::string{R"("publicTrade.BTCUSDT")"};
  CHECK(refused(spot, eleven) == "args size >10");
  const auto twice = subscribed(world, linear, R"("tickers.ETHUSDT")");
  world.text(twice, R"({"op":"subscribe","args":["tickers.ETHUSDT"]})");
  CHECK(text_of(object_of(world.texts(twice).back()).at("ret_msg"))
        == "error:already subscribed,topic:tickers.ETHUSDT");
}

TEST_CASE("a ping is answered as op ping with ret_msg pong") {
  World world{small};
  const auto socket = world.open(linear, "/v5/public/linear");
  world.text(socket, R"({"req_id":"100001","op":"ping"})");
  const auto pong = object_of(world.texts(socket)[0]);
  CHECK(text_of(pong.at("ret_msg")) == "pong");
  CHECK(text_of(pong.at("op")) == "ping");
  CHECK(text_of(pong.at("req_id")) == "100001");
}

TEST_CASE("a silent client is cut after ten minutes") {
  World world{small};
  const auto socket = world.open(linear, "/v5/public/linear");
  world.run(599s);
  CHECK_FALSE(world.memory.wires[socket].closed);
  world.run(2s);
  CHECK(world.memory.wires[socket].closed == 1001);
}

TEST_CASE("the 50-level window stays full, its u is consecutive, and level 1 is its best") {
  World world{small};
  const auto socket = subscribed(world, linear, R"("orderbook.50.BTCUSDT","orderbook.1.BTCUSDT")");
  Levels bids;
  Levels asks;
  std::int64_t last = 0;
  std::int64_t sequence = 0;
  int deltas = 0;
  std::size_t read = 0;
  while (deltas < 1'000) {
    world.run(1s);
    for (auto& texts = world.texts(socket); read < texts.size(); ++read) {
      const auto message = object_of(texts[read]);
      if (!message.contains("topic"))
        continue;
      const auto& data = message.at("data").as_object();
      const auto u = data.at("u").as_int64();
      if (text_of(message.at("topic")) == "orderbook.1.BTCUSDT") {
        CHECK(text_of(message.at("type")) == "snapshot");
        continue;
      }
      if (last == 0) {
        REQUIRE(text_of(message.at("type")) == "snapshot");
      } else {
        REQUIRE(text_of(message.at("type")) == "delta");
        REQUIRE(u == last + 1);
        ++deltas;
      }
      REQUIRE(data.at("seq").as_int64() > sequence);
      sequence = data.at("seq").as_int64();
      last = u;
      put(bids, data.at("b"));
      put(asks, data.at("a"));
      REQUIRE(bids.size() == 50);
      REQUIRE(asks.size() == 50);
      REQUIRE(bids.rbegin()->first < asks.begin()->first);
    }
  }
}

TEST_CASE("a second subscriber joins at the number where the first one is") {
  World world{small};
  const auto first = subscribed(world, linear, R"("orderbook.50.BTCUSDT")");
  world.run(5s);
  const auto u = object_of(world.texts(first).back()).at("data").at("u").as_int64();
  const auto second = subscribed(world, linear, R"("orderbook.50.BTCUSDT")");
  const auto snapshot = object_of(world.texts(second)[1]);
  CHECK(text_of(snapshot.at("type")) == "snapshot");
  CHECK(snapshot.at("data").at("u").as_int64() == u);
}

TEST_CASE("a quiet level-1 book is sent again after three seconds with the same u") {
  World world{small + ""};
  auto scenario
      = scenario_of("symbols: [BTCUSDT]\nflow: {events_per_second: 0, history_minutes: 2}");
  World quiet{scenario};
  const auto socket = subscribed(quiet, linear, R"("orderbook.1.BTCUSDT")");
  quiet.run(9500ms);
  REQUIRE(quiet.texts(socket).size() == 1 + 1 + 3);
  CHECK(object_of(quiet.texts(socket)[1]).at("data").at("u")
        == object_of(quiet.texts(socket)[4]).at("data").at("u"));
}

TEST_CASE(
    "linear tickers begin with everything and go on with what changed; spot has no best prices") {
  World world{small};
  const auto a = subscribed(world, linear, R"("tickers.BTCUSDT")");
  const auto b = subscribed(world, spot, R"("tickers.BTCUSDT")");
  world.run(3s);
  const auto first = object_of(world.texts(a)[1]);
  const auto later = object_of(world.texts(a)[2]);
  CHECK(text_of(first.at("type")) == "snapshot");
  CHECK(first.at("data").as_object().contains("bid1Price"));
  CHECK(text_of(later.at("type")) == "delta");
  CHECK(later.at("data").as_object().size() < first.at("data").as_object().size());
  const auto of_spot = object_of(world.texts(b).back());
  CHECK(text_of(of_spot.at("type")) == "snapshot");
  CHECK_FALSE(of_spot.at("data").as_object().contains("bid1Price"));
}

TEST_CASE("numbers are fixed on linear and trimmed on spot") {
  World world{small};
  const auto book = [&](SurfaceId surface, const std::string& category) {
    const auto answer = world.get(surface, "/v5/market/orderbook",
                                  "category=" + category + "&symbol=BTCUSDT&limit=50");
    return object_of(answer.body).at("result").at("b").as_array();
  };
  for (const auto& row : book(linear, "linear"))
    CHECK(text_of(row.at(0)).find('.') == text_of(row.at(0)).size() - 3);
  for (const auto& row : book(spot, "spot"))
    CHECK(text_of(row.at(0)).back()
          != (text_of(row.at(0)).find('.') == std::string::npos ? 'x' : '0'));
}

TEST_CASE("REST errors come with status 200 in the envelope") {
  World world{small};
  const auto code = [&](const std::string& path, const std::string& query) {
    const auto answer = world.get(linear, path, query);
    CHECK(answer.status == 200);
    return object_of(answer.body).at("retCode").as_int64();
  };
  CHECK(code("/v5/market/time", "") == 0);
  CHECK(code("/v5/market/orderbook", "category=linear&symbol=NOPE") == 10001);
  CHECK(code("/v5/market/orderbook", "category=inverse&symbol=BTCUSDT") == 10001);
  CHECK(code("/v5/market/orderbook", "symbol=BTCUSDT") == 10001);
  CHECK(code("/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=7") == 10001);
  CHECK(world.get(linear, "/v5/market/nothing").status == 404);
  CHECK(world.get(linear, "/v5/order/realtime", "category=linear").status == 401);
  const auto bars = object_of(world
                                  .get(linear, "/v5/market/kline",
                                       "category=linear&symbol=BTCUSDT&interval=5&limit=3")
                                  .body)
                        .at("result")
                        .at("list")
                        .as_array();
  REQUIRE(bars.size() == 3);
  CHECK(text_of(bars[0].at(0)) > text_of(bars[1].at(0))); // newest first
}

TEST_CASE("either listener tells of the markets of both categories: it is one host") {
  World world{small};
  for (const auto listener : {spot, linear}) {
    for (const std::string category : {"spot", "linear"}) {
      const auto answer = object_of(world
                                        .get(listener, "/v5/market/instruments-info",
                                             "category=" + category + "&symbol=BTCUSDT")
                                        .body);
      REQUIRE(answer.at("retCode").as_int64() == 0);
      CHECK(text_of(answer.at("result").at("category")) == category);
      const auto socket = world.open(listener, "/v5/public/" + category);
      REQUIRE_FALSE(world.refusal);
      world.text(socket, R"({"op":"subscribe","args":["orderbook.1.BTCUSDT"]})");
      world.run(100ms);
      const auto& texts = world.memory.wires[socket].texts;
      REQUIRE(texts.size() >= 2);
      // Spot's own word in the acknowledgement, linear's own number format in the book.
      CHECK((text_of(object_of(texts[0]).at("ret_msg")) == "subscribe") == (category == "spot"));
      const auto bid = object_of(texts[1]).at("data").at("b").at(0).at(0);
      if (category == "linear")
        CHECK(text_of(bid).ends_with("0"));
    }
  }
  CHECK(object_of(world.admin("GET", "/state").body)
            .at("data")
            .at("surfaces")
            .at("bybit_linear")
            .at("sockets")
            .as_int64()
        == 2);
  const auto last = world.open(spot, "/v5/public/linear");
  world.simulator.on_closed(spot, last, world.now);
  CHECK(object_of(world.admin("GET", "/state").body)
            .at("data")
            .at("surfaces")
            .at("bybit_linear")
            .at("sockets")
            .as_int64()
        == 2);
}

TEST_CASE("linear instruments come in pages, spot ones at once") {
  World world{"invented: {count: 7}\nflow: {history_minutes: 2, levels: 5}"};
  std::vector<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto body = object_of(
        world.get(linear, "/v5/market/instruments-info", "category=linear&limit=3&cursor=" + cursor)
            .body);
    const auto& result = body.at("result").as_object();
    for (const auto& each : result.at("list").as_array())
      seen.push_back(text_of(each.at("symbol")));
    // As a client sends it back: percent-encoded once more.
    cursor.clear();
    for (const char c : text_of(result.at("nextPageCursor")))
      cursor += c == '%' ? std::string{"%25"} : std::string{c};
    ++pages;
  } while (!cursor.empty());
  CHECK(pages == 3);
  CHECK(seen.size() == 7);
  CHECK(object_of(world.get(spot, "/v5/market/instruments-info", "category=spot&limit=3").body)
            .at("result")
            .at("list")
            .as_array()
            .size()
        == 7);
}

TEST_CASE("more than 600 requests in five seconds close the door for ten minutes") {
  World world{small};
  for (int i = 0; i < 600; ++i)
    REQUIRE(world.get(linear, "/v5/market/time").status == 200);
  CHECK(world.get(linear, "/v5/market/time").status == 403);
  world.run(6s);
  CHECK(world.get(linear, "/v5/market/time").status == 403);
  world.run(600s);
  CHECK(world.get(linear, "/v5/market/time").status == 200);
}
