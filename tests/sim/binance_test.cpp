/// The protocol of the simulated Binance against the documentation: control frames, tiers, errors,
/// weights, keep-alive.
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto spot = SurfaceId::binance_spot;
constexpr auto linear = SurfaceId::binance_linear;
const std::string small = "symbols: [BTCUSDT, ETHUSDT]\nflow: {history_minutes: 1500}";

std::set<std::string> keys(const json::object& object) {
  std::set<std::string> names;
  for (const auto& field : object)
    names.emplace(field.key());
  return names;
}

/// The keys of the first frame of this stream within five seconds.
std::set<std::string> frame_keys(SurfaceId surface, const std::string& path,
                                 const std::string& stream) {
  World world{small};
  const auto socket = world.open(surface, path + "/" + stream);
  world.run(5s);
  if (world.texts(socket).empty())
    return {};
  return keys(object_of(world.texts(socket).front()));
}

} // namespace

TEST_CASE("control frames are answered as the page on live subscribing shows") {
  World world{small};
  const auto socket = world.open(spot, "/stream");
  const auto answer = [&](const std::string& request) {
    world.text(socket, request);
    return world.texts(socket).back();
  };
  CHECK(answer(R"({"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@depth"],"id":1})")
        == R"({"result":null,"id":1})");
  CHECK(answer(R"({"method":"UNSUBSCRIBE","params":["btcusdt@depth"],"id":312})")
        == R"({"result":null,"id":312})");
  CHECK(answer(R"({"method":"LIST_SUBSCRIPTIONS","id":3})")
        == R"({"result":["btcusdt@aggTrade"],"id":3})");
  world.run(1s);
  CHECK(answer(R"({"method":"SET_PROPERTY","params":["combined",false],"id":"a5"})")
        == R"({"result":null,"id":"a5"})");
  CHECK(answer(R"({"method":"GET_PROPERTY","params":["combined"],"id":null})")
        == R"({"result":false,"id":null})");
  world.run(1s);
  CHECK(answer(R"({"method":"SET_PROPERTY","params":["combine",true],"id":5})")
        == R"({"code":0,"msg":"Unknown property","id":5})");
  CHECK(answer(R"({"method":"SET_PROPERTY","params":["combined",1],"id":5})")
        == R"({"code":1,"msg":"Invalid value type: expected Boolean","id":5})");
  CHECK(object_of(answer(R"({"method":"SUBSCRIB","params":[],"id":5})")).at("code").as_int64()
        == 2);
  CHECK(object_of(answer(R"({"params":[],"id":5})")).at("code").as_int64() == 2);
  world.run(1s);
  CHECK(object_of(answer("{nonsense")).at("code").as_int64() == 3);
  CHECK(object_of(answer(R"({"method":"LIST_SUBSCRIPTIONS","id":1.5})")).at("code").as_int64()
        == 2);
}

TEST_CASE("an unknown stream is acknowledged and stays silent") {
  World world{small};
  const auto socket = world.open(spot, "/ws");
  world.text(
      socket,
      R"({"method":"SUBSCRIBE","params":["nopeusdt@depth","BTCUSDT@depth","btcusdt@dept"],"id":1})");
  world.run(5s);
  CHECK(world.texts(socket) == std::vector<std::string>{R"({"result":null,"id":1})"});
}

TEST_CASE("frames carry the documented fields") {
  CHECK(frame_keys(spot, "/ws", "btcusdt@depth")
        == std::set<std::string>{"e", "E", "s", "U", "u", "b", "a"});
  CHECK(frame_keys(linear, "/ws", "btcusdt@depth")
        == std::set<std::string>{"e", "E", "T", "s", "U", "u", "pu", "b", "a", "ps", "st"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@depth5")
        == std::set<std::string>{"lastUpdateId", "bids", "asks"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@bookTicker")
        == std::set<std::string>{"u", "s", "b", "B", "a", "A"});
  CHECK(frame_keys(linear, "/public/ws", "btcusdt@bookTicker")
        == std::set<std::string>{"e", "u", "s", "ps", "b", "B", "a", "A", "T", "E", "st"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@trade")
        == std::set<std::string>{"e", "E", "s", "t", "p", "q", "T", "m", "M"});
  CHECK(frame_keys(linear, "/public/ws", "btcusdt@trade")
        == std::set<std::string>{"e", "E", "T", "s", "t", "p", "q", "X", "m"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@aggTrade")
        == std::set<std::string>{"e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"});
  CHECK(frame_keys(linear, "/market/ws", "btcusdt@aggTrade")
        == std::set<std::string>{"e", "E", "s", "a", "p", "q", "nq", "f", "l", "T", "m", "st"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@kline_1m") == std::set<std::string>{"e", "E", "s", "k"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@miniTicker")
        == std::set<std::string>{"e", "E", "s", "c", "o", "h", "l", "v", "q"});
  CHECK(frame_keys(spot, "/ws", "btcusdt@ticker")
        == std::set<std::string>{"e", "E", "s", "p", "P", "w", "x", "c", "Q", "b", "B", "a",
                                 "A", "o", "h", "l", "v", "q", "O", "C", "F", "L", "n"});
  CHECK(frame_keys(linear, "/market/ws", "btcusdt@ticker")
        == std::set<std::string>{"e", "E", "s", "p", "P", "w", "c", "Q", "o",  "h",
                                 "l", "v", "q", "O", "C", "F", "L", "n", "ps", "st"});
}

TEST_CASE("USD-M delivers a stream only on its tier and is silent on the other") {
  CHECK(frame_keys(linear, "/market/ws", "btcusdt@depth").empty());
  CHECK(frame_keys(linear, "/public/ws", "btcusdt@aggTrade").empty());
  CHECK(frame_keys(linear, "/ws", "btcusdt@kline_1m").empty());
  CHECK_FALSE(frame_keys(linear, "/public/ws", "btcusdt@depth").empty());
  CHECK_FALSE(frame_keys(linear, "/market/ws", "btcusdt@kline_1m").empty());
}

TEST_CASE("the combined connection wraps frames and leaves replies bare") {
  World world{small};
  const auto socket = world.open(spot, "/stream", "streams=btcusdt@bookTicker/ethusdt@bookTicker");
  world.run(2s);
  const auto frame = object_of(world.texts(socket).front());
  CHECK(keys(frame) == std::set<std::string>{"stream", "data"});
}

TEST_CASE("a path that is none is refused") {
  World world{small};
  world.open(spot, "/market/ws");
  REQUIRE(world.refusal);
  CHECK(world.refusal->status == 404);
}

TEST_CASE("REST answers and errors have the documented shape") {
  World world{small};
  CHECK(world.get(spot, "/api/v3/ping").body == "{}");
  CHECK(world.get(spot, "/api/v3/time").body == R"({"serverTime":1723161600000})");
  const auto refused = [&](const std::string& route, const std::string& query) {
    const auto answer = world.get(spot, "/api/v3/" + route, query);
    return std::pair{answer.status, object_of(answer.body).at("code").as_int64()};
  };
  CHECK(world.get(spot, "/api/v3/depth", "symbol=NOPE").body
        == R"({"code":-1121,"msg":"Invalid symbol."})");
  CHECK(refused("depth", "") == std::pair{400, std::int64_t{-1102}});
  CHECK(refused("depth", "symbol=BTCUSDT&limit=x") == std::pair{400, std::int64_t{-1100}});
  CHECK(refused("klines", "symbol=BTCUSDT&interval=7m") == std::pair{400, std::int64_t{-1120}});
  CHECK(refused("account", "") == std::pair{401, std::int64_t{-2014}});
  CHECK(world.get(spot, "/api/v3/userDataStream").status == 410);
  CHECK(object_of(world.get(linear, "/fapi/v1/depth", "symbol=BTCUSDT&limit=7").body)
            .at("code")
            .as_int64()
        == -4021);
  const auto rows
      = json::parse(world.get(spot, "/api/v3/klines", "symbol=BTCUSDT&interval=1h&limit=20").body)
            .as_array();
  REQUIRE(rows.size() == 20);
  CHECK(rows[0].as_array().size() == 12);
  CHECK(rows[1].at(0).as_int64() - rows[0].at(0).as_int64() == 3'600'000);
  const auto info = object_of(world.get(spot, "/api/v3/exchangeInfo", "symbol=BTCUSDT").body);
  const auto& filter = info.at("symbols").at(0).at("filters").at(0).as_object();
  CHECK(text_of(filter.at("tickSize")) == "0.01000000");
}

TEST_CASE("the last price of one symbol is an object, of all a list, and on USD-M it has a time") {
  World world{small};
  const auto one = object_of(world.get(spot, "/api/v3/ticker/price", "symbol=BTCUSDT").body);
  const auto day = object_of(world.get(spot, "/api/v3/ticker/24hr", "symbol=BTCUSDT").body);
  CHECK(text_of(one.at("symbol")) == "BTCUSDT");
  CHECK(one.at("price") == day.at("lastPrice"));
  CHECK_FALSE(one.contains("time"));
  CHECK(json::parse(world.get(spot, "/api/v3/ticker/price").body).as_array().size() > 1);
  CHECK(world.get(spot, "/api/v3/ticker/price", "symbol=NOPE").status == 400);
  for (const std::string version : {"v1", "v2"}) {
    const auto contract
        = object_of(world.get(linear, "/fapi/" + version + "/ticker/price", "symbol=BTCUSDT").body);
    CHECK(contract.at("time").as_int64() > 1'700'000'000'000);
    CHECK(contract.contains("price"));
  }
}

TEST_CASE("request weights are counted per calendar minute, refused with 429 and, when that is "
          "ignored, with 418") {
  World world{small + "\nsurfaces: {binance_spot: {weight_max: 300, overruns_max: 2, ban: 2m}}"};
  const std::string depth = "symbol=BTCUSDT&limit=5000";
  world.run(30s);
  CHECK(header_of(world.get(spot, "/api/v3/depth", depth), "X-MBX-USED-WEIGHT-1M") == "250");
  CHECK(header_of(world.get(spot, "/api/v3/ping"), "X-MBX-USED-WEIGHT-1M") == "251");
  const auto refused = world.get(spot, "/api/v3/depth", depth);
  CHECK(refused.status == 429);
  CHECK(header_of(refused, "Retry-After") == "30");
  CHECK(object_of(refused.body).at("code").as_int64() == -1003);
  CHECK(world.get(spot, "/api/v3/ping").status == 429);
  CHECK(world.get(spot, "/api/v3/ping").status == 418);
  SUBCASE("the ban outlasts the minute") {
    world.run(60s);
    const auto banned = world.get(spot, "/api/v3/ping");
    CHECK(banned.status == 418);
    CHECK(header_of(banned, "Retry-After") == "60");
    world.run(61s);
    CHECK(world.get(spot, "/api/v3/ping").status == 200);
  }
  SUBCASE("another address is not banned") {
    CHECK(world.ask(spot, "/api/v3/ping", {}, "GET", "10.0.0.2:1")->value().status == 200);
  }
}

TEST_CASE("the server pings, and cuts who does not answer with the same payload") {
  World world{small};
  const auto good = world.open(spot, "/ws");
  const auto bad = world.open(spot, "/ws");
  world.run(21s);
  REQUIRE(world.memory.wires[good].pings.size() == 1);
  world.pong(good, world.memory.wires[good].pings[0]);
  world.pong(bad, "");
  world.run(62s);
  CHECK_FALSE(world.memory.wires[good].closed);
  CHECK(world.memory.wires[bad].closed == 1008);
}

TEST_CASE("more than five messages in a second end the connection") {
  World world{small};
  const auto socket = world.open(spot, "/ws");
  for (int i = 0; i < 5; ++i)
    world.text(socket, R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  CHECK_FALSE(world.memory.wires[socket].closed);
  world.text(socket, R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  CHECK(world.memory.wires[socket].closed == 1008);
}

TEST_CASE("serverShutdown is announced before the connection's life ends") {
  World world{small + "\nsurfaces: {binance_spot: {lifetime: 30s, shutdown_notice: 10s}}"};
  const auto socket = world.open(spot, "/ws");
  world.run(20s);
  REQUIRE(world.texts(socket).size() == 1);
  CHECK(object_of(world.texts(socket)[0]).at("e").as_string() == "serverShutdown");
  world.run(10s);
  CHECK(world.memory.wires[socket].closed == 1001);
}
