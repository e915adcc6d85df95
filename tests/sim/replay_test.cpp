/// Recorded frames go out as recorded, in one order, when somebody listens; snapshots wait to be
/// asked for.
#include "apps/tandem_sim/recording.hpp"
#include "tests/sim/world.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto spot = SurfaceId::binance_spot;
constexpr auto linear = SurfaceId::bybit_linear;

RecordedFrame line(SurfaceId surface, const std::string& text) {
  auto frame = parse_line(text, surface);
  REQUIRE(frame);
  if (frame->symbol.empty())
    frame->symbol = "BTCUSDT";
  return *frame;
}

/// 2024-08-08, shortened.
std::vector<RecordedFrame> spot_lines() {
  return {
      line(
          spot,
          R"(1000 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":5,"b":[["10.00","1.00"]],"a":[]}})"),
      line(spot, R"(2000 {"lastUpdateId":4,"bids":[["9.00","2.00"]],"asks":[["11.00","3.00"]]})"),
      line(
          spot,
          R"(3000 {"stream":"btcusdt@bookTicker","data":{"u":6,"s":"BTCUSDT","b":"10.00","B":"1.00","a":"11.00","A":"3.00"}})"),
      line(
          spot,
          R"(4000 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":2,"s":"BTCUSDT","U":6,"u":7,"b":[["9.00","0.00"]],"a":[]}})"),
  };
}

Scenario scenario(ReplayOptions options, std::vector<SurfaceId> surfaces) {
  Scenario out;
  for (const auto surface : surfaces) {
    out.replayed.push_back(on_surface(surface, "BTCUSDT", "BTC", "USDT",
                                      tandem::core::Decimal{1, 0},
                                      *make_grid("0.01", "0.01", "5")));
    options.sources.push_back(
        {surface, "BTCUSDT", {}, {surface == spot ? "depth" : "orderbook.50"}});
  }
  out.replay = options;
  return out;
}

ReplayOptions fast() {
  ReplayOptions options;
  options.speed_percent = 0;
  return options;
}

} // namespace

TEST_CASE("lines of every recorded form are understood") {
  const auto depth = line(spot, R"(17231 {"stream":"btcusdt@depth@0ms","data":{"u":1}})");
  CHECK(depth.kind == "depth");
  CHECK(depth.symbol == "BTCUSDT");
  CHECK(depth.data == R"({"u":1})");
  CHECK(depth.received_ns == 17231);
  const auto seconds
      = line(spot, R"(1626992741.06217: {"stream":"sushiusdt@bookTicker","data":{"u":2}})");
  CHECK(seconds.received_ns == 1'626'992'741'062'170'000);
  const auto snapshot = line(
      spot,
      R"(https://fapi.binance.com/fapi/v1/depth?symbol=SUSHIUSDT&limit=1000 -> 1626992741.301402: {"lastUpdateId":6,"bids":[],"asks":[]})");
  CHECK(snapshot.kind == "snapshot");
  CHECK(snapshot.symbol == "SUSHIUSDT");
  const auto archive
      = line(linear,
             R"({"topic":"orderbook.500.XRPUSDT","type":"snapshot","ts":1733011200691,"data":{}})");
  CHECK(archive.received_ns == 1'733'011'200'691'000'000);
  CHECK(archive.kind == "orderbook.500");
  CHECK_FALSE(parse_line("wss://fstream.binance.com/stream?streams=a <-> 1", spot));
}

TEST_CASE("nothing is played before every source has its subscriber") {
  World world{scenario(fast(), {spot}), std::make_unique<HandMade>(spot_lines())};
  const auto socket = world.open(spot, "/stream", "streams=btcusdt@bookTicker");
  world.run(10s);
  CHECK(world.texts(socket).empty());
  world.text(socket, R"({"method":"SUBSCRIBE","params":["btcusdt@depth"],"id":1})");
  world.run(20ms);
  CHECK(world.texts(socket).size() == 2);
}

TEST_CASE("frames keep their text; only the stream's name becomes the one that was subscribed") {
  World world{scenario(fast(), {spot}), std::make_unique<HandMade>(spot_lines())};
  const auto socket = world.open(spot, "/stream", "streams=btcusdt@depth");
  world.run(20ms);
  CHECK(
      world.texts(socket)[0]
      == R"({"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":5,"b":[["10.00","1.00"]],"a":[]}})");
}

TEST_CASE("a snapshot request is held until its line is reached and answered word for word") {
  World world{scenario(fast(), {spot}), std::make_unique<HandMade>(spot_lines())};
  const auto answer = world.ask(spot, "/api/v3/depth", "symbol=BTCUSDT&limit=5000");
  world.run(1s);
  CHECK_FALSE(*answer);
  const auto socket = world.open(spot, "/ws/btcusdt@depth@100ms");
  world.run(20ms);
  REQUIRE(*answer);
  CHECK((*answer)->body
        == R"({"lastUpdateId":4,"bids":[["9.00","2.00"]],"asks":[["11.00","3.00"]]})");
  CHECK(world.texts(socket).size() == 2);
  CHECK(world.memory.said == std::vector<std::string>{"replay done 4 lines"});
  SUBCASE("afterwards the answer is the book as replayed") {
    const auto later = world.get(spot, "/api/v3/depth", "symbol=BTCUSDT&limit=5000").body;
    CHECK(later == R"({"lastUpdateId":7,"bids":[["10.00","1.00"]],"asks":[["11.00","3.00"]]})");
  }
}

TEST_CASE("a snapshot that nobody asks for stops the replay for five seconds only") {
  World world{scenario(fast(), {spot}), std::make_unique<HandMade>(spot_lines())};
  const auto socket = world.open(spot, "/ws/btcusdt@depth");
  world.run(4s);
  CHECK(world.texts(socket).size() == 1);
  world.run(2s);
  CHECK(world.texts(socket).size() == 2);
}

TEST_CASE("in lockstep no line follows before every receiver has answered the ping") {
  auto options = fast();
  options.lockstep = true;
  std::vector<RecordedFrame> lines{
      line(spot, R"(1 {"stream":"btcusdt@depth","data":{"u":1}})"),
      line(
          linear,
          R"(2 {"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[],"a":[],"u":1,"seq":1}})"),
      line(spot, R"(3 {"stream":"btcusdt@depth","data":{"u":2}})")};
  World world{scenario(options, {spot, linear}), std::make_unique<HandMade>(lines)};
  const auto one = world.open(spot, "/ws/btcusdt@depth");
  const auto two = world.open(spot, "/ws/btcusdt@depth");
  const auto three = world.open(linear, "/v5/public/linear");
  world.text(three, R"({"op":"subscribe","args":["orderbook.50.BTCUSDT"]})");
  world.run(1s);
  CHECK(world.texts(one).size() == 1);
  CHECK(world.texts(three).size() == 1); // the ack
  const auto ping = [&](SocketId socket) { return world.memory.wires[socket].pings.back(); };
  world.pong(one, ping(one));
  CHECK(world.texts(three).size() == 1);
  world.pong(two, ping(two));
  CHECK(world.texts(three).size() == 2);
  CHECK(world.texts(one).size() == 1);
  world.pong(three, ping(three));
  CHECK(world.texts(one).size() == 2);
  CHECK(world.memory.said.empty());
  world.pong(one, ping(one));
  SUBCASE("a receiver that goes away is not waited for") {
    world.simulator.on_closed(spot, two, world.now);
  }
  SUBCASE("nor one that stays silent for ten seconds") {
    world.run(11s);
  }
  CHECK(world.memory.said == std::vector<std::string>{"replay done 3 lines"});
}

TEST_CASE("in lockstep the replay rests after an answered snapshot") {
  auto options = fast();
  options.lockstep = true;
  auto lines = spot_lines();
  lines.erase(lines.begin());
  World world{scenario(options, {spot}), std::make_unique<HandMade>(lines)};
  const auto socket = world.open(spot, "/stream", "streams=btcusdt@depth/btcusdt@bookTicker");
  const auto answer = world.ask(spot, "/api/v3/depth", "symbol=BTCUSDT&limit=100");
  world.run(10ms);
  REQUIRE(*answer);
  world.run(280ms);
  CHECK(world.texts(socket).empty());
  world.run(40ms);
  CHECK(world.texts(socket).size() == 1);
}

TEST_CASE("at real speed lines keep their distance, at a factor less") {
  std::vector<RecordedFrame> lines;
  for (int i = 0; i < 3; ++i)
    lines.push_back(line(spot, std::to_string(1'000'000'000LL * i + 5)
                                   + R"( {"stream":"btcusdt@depth","data":{}})"));
  for (const auto& [percent, after] : {std::pair{100, 1000ms}, std::pair{1'000, 100ms}}) {
    ReplayOptions options;
    options.speed_percent = percent;
    World world{scenario(options, {spot}), std::make_unique<HandMade>(lines)};
    const auto socket = world.open(spot, "/ws/btcusdt@depth");
    world.run(10ms);
    CHECK(world.texts(socket).size() == 1);
    world.run(after - 20ms);
    CHECK(world.texts(socket).size() == 1);
    world.run(30ms);
    CHECK(world.texts(socket).size() == 2);
  }
}

TEST_CASE("a late subscriber of a replayed Bybit book begins with the book as it stands") {
  std::vector<RecordedFrame> lines{
      line(
          linear,
          R"(1 {"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[["1.0","5"]],"a":[["2.0","6"]],"u":10,"seq":1},"cts":1})"),
      line(
          linear,
          R"(2 {"topic":"orderbook.50.BTCUSDT","type":"delta","ts":2,"data":{"s":"BTCUSDT","b":[["1.1","7"]],"a":[],"u":11,"seq":2},"cts":2})")};
  World world{scenario(fast(), {linear}), std::make_unique<HandMade>(lines)};
  const auto first = world.open(linear, "/v5/public/linear");
  world.text(first, R"({"op":"subscribe","args":["orderbook.50.BTCUSDT"]})");
  world.run(20ms);
  const auto late = world.open(linear, "/v5/public/linear");
  world.text(late, R"({"op":"subscribe","args":["orderbook.50.BTCUSDT"]})");
  const auto snapshot = object_of(world.texts(late).at(1));
  CHECK(snapshot.at("data").at("u").as_int64() == 11);
  CHECK(json::serialize(snapshot.at("data").at("b")) == R"([["1.1","7"],["1.0","5"]])");
}

TEST_CASE("the recorded spot market of 2024-08-08 ends in the known book") {
  const char* given = std::getenv("TANDEM_SHARED");
  const std::filesystem::path shared = given == nullptr ? "../shared" : given;
  const auto folder = shared / "venues" / "binance";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("recorded data absent: " << folder.string());
    CHECK(std::getenv("CI") == nullptr);
    return;
  }
  ReplayBooks books;
  auto source = open_recordings({{spot,
                                  "BTCUSDT",
                                  {(folder / "spot-btcusdt-20240808-a.rec.gz").string(),
                                   (folder / "spot-btcusdt-20240809-b.rec.gz").string()},
                                  {}}});
  REQUIRE(source);
  CHECK((*source)->has_snapshot(spot, "BTCUSDT"));
  std::int64_t lines = 0;
  std::int64_t last = 0;
  bool ordered = true;
  while (const auto frame = (*source)->next()) {
    books.take(*frame);
    ordered = ordered && frame->received_ns >= last;
    last = frame->received_ns;
    ++lines;
  }
  CHECK(ordered);
  CHECK(lines == 99'574);
  const auto* book = books.find(spot, "BTCUSDT");
  REQUIRE(book != nullptr);
  CHECK(book->update_id == 50093696318);
  CHECK(book->bid_count() == 1971);
  CHECK(book->ask_count() == 2962);
  CHECK(book->bids(1)[0].price == "61602.01000000");
  CHECK(book->asks(1)[0].quantity == "2.66795000");
}
