/// What the generated markets promise: the same seed gives the same bytes, and every chain rule of
/// the venues holds.
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto spot = SurfaceId::binance_spot;
constexpr auto linear = SurfaceId::binance_linear;

std::vector<std::string> recorded(int seed) {
  World world{"seed: " + std::to_string(seed)
              + "\nsymbols: [BTCUSDT, XRPUSDT]\nflow: {history_minutes: 5}"};
  const auto socket
      = world.open(spot, "/stream",
                   "streams=btcusdt@depth@100ms/btcusdt@bookTicker/xrpusdt@trade/btcusdt@kline_1m");
  world.run(5s);
  return world.texts(socket);
}

/// A book kept by the rules of the venue's own page, in texts and doubles of nobody: prices at
/// 10^-8.
struct Client {
  std::map<std::int64_t, std::string> bids, asks;
  std::int64_t last = 0;

  static void put(std::map<std::int64_t, std::string>& side, const json::value& rows) {
    for (const auto& row : rows.as_array()) {
      const auto price = *tandem::core::parse_scaled(text_of(row.at(0)), 8);
      const auto size = text_of(row.at(1));
      if (size.find_first_not_of("0.") == std::string::npos)
        side.erase(price);
      else
        side[price] = size;
    }
  }

  void snapshot(const json::object& body) {
    put(bids, body.at("bids"));
    put(asks, body.at("asks"));
    last = body.at("lastUpdateId").as_int64();
  }

  void apply(const json::object& event) {
    put(bids, event.at("b"));
    put(asks, event.at("a"));
    last = event.at("u").as_int64();
  }

  [[nodiscard]] bool crossed() const { return bids.rbegin()->first >= asks.begin()->first; }
};

} // namespace

TEST_CASE("the same seed gives the same bytes") {
  CHECK(recorded(7) == recorded(7));
  CHECK(recorded(7).size() > 50);
}

TEST_CASE("another seed gives another market") {
  CHECK(recorded(7) != recorded(8));
}

TEST_CASE("what comes out does not depend on how often the clock is moved") {
  World coarse{"symbols: [BTCUSDT]\nflow: {history_minutes: 5}"};
  World fine{"symbols: [BTCUSDT]\nflow: {history_minutes: 5}"};
  const auto a = coarse.open(spot, "/ws/btcusdt@depth@100ms");
  const auto b = fine.open(spot, "/ws/btcusdt@depth@100ms");
  coarse.run(3s);
  for (int i = 0; i < 300; ++i)
    fine.run(10ms);
  CHECK(coarse.texts(a) == fine.texts(b));
}

TEST_CASE("spot depth chains without a gap, never crosses and agrees with bookTicker over 10,000 "
          "frames") {
  World world{
      "instruments: [{symbol: BTCUSDT, price: \"61700\", tick: \"0.01\", lot: \"0.00001\", "
      "surfaces: [binance_spot]}]\n"
      "flow: {history_minutes: 5, step: 20ms}\nsurfaces: {binance_spot: {ping_every: 0ms}}"};
  const auto socket = world.open(spot, "/stream", "streams=btcusdt@depth@100ms/btcusdt@bookTicker");
  Client client;
  client.snapshot(object_of(world.get(spot, "/api/v3/depth", "symbol=BTCUSDT&limit=5000").body));
  int depth_frames = 0;
  int compared = 0;
  std::map<std::int64_t, std::array<std::string, 4>> tops;
  std::size_t read = 0;
  while (depth_frames < 10'000) {
    world.run(1s);
    auto& texts = world.texts(socket);
    for (; read < texts.size(); ++read) {
      const auto frame = object_of(texts[read]);
      const auto& data = frame.at("data").as_object();
      const auto id = data.at("u").as_int64();
      if (text_of(frame.at("stream")) == "btcusdt@bookTicker") {
        tops[id] = {text_of(data.at("b")), text_of(data.at("B")), text_of(data.at("a")),
                    text_of(data.at("A"))};
        continue;
      }
      ++depth_frames;
      REQUIRE(data.at("U").as_int64() == client.last + 1);
      client.apply(data);
      REQUIRE_FALSE(client.crossed());
      REQUIRE(client.bids.size() >= 200);
      if (const auto top = tops.find(id); top != tops.end()) {
        ++compared;
        REQUIRE(client.bids.rbegin()->second == top->second[1]);
        REQUIRE(client.asks.begin()->second == top->second[3]);
      }
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("USD-M depth chains by pu, and U leaves gaps") {
  World world{"symbols: [BTCUSDT]\nflow: {history_minutes: 5, events_per_second: 20}"};
  const auto socket
      = world.open(linear, "/public/stream", "streams=btcusdt@depth@0ms/btcusdt@depth@500ms");
  Client client;
  client.snapshot(object_of(world.get(linear, "/fapi/v1/depth", "symbol=BTCUSDT&limit=1000").body));
  world.run(60s);
  std::map<std::string, std::int64_t> last{{"btcusdt@depth@0ms", client.last},
                                           {"btcusdt@depth@500ms", client.last}};
  int gaps = 0;
  for (const auto& text : world.texts(socket)) {
    const auto frame = object_of(text);
    const auto& data = frame.at("data").as_object();
    auto& previous = last[text_of(frame.at("stream"))];
    REQUIRE(data.at("pu").as_int64() == previous);
    REQUIRE(data.at("U").as_int64() <= data.at("u").as_int64());
    gaps += data.at("U").as_int64() > previous + 1 ? 1 : 0;
    previous = data.at("u").as_int64();
    if (text_of(frame.at("stream")) != "btcusdt@depth@0ms")
      continue;
    client.apply(data);
    REQUIRE_FALSE(client.crossed());
  }
  CHECK(gaps > 100);
}

TEST_CASE("finished klines are the sum of the trades, and trade ids have no hole") {
  World world{"symbols: [XRPUSDT]\nflow: {history_minutes: 5}\nsurfaces: {binance_spot: "
              "{ping_every: 0ms}}"};
  const auto socket = world.open(spot, "/stream", "streams=xrpusdt@trade/xrpusdt@kline_1m");
  world.run(150s);

  struct Sum {
    std::int64_t trades = 0, volume = 0, high = 0, low = 0, close = 0;
  };

  std::map<std::int64_t, Sum> minutes;
  std::int64_t last_id = 0;
  int finished = 0;
  for (const auto& text : world.texts(socket)) {
    const auto frame = object_of(text);
    const auto& data = frame.at("data").as_object();
    if (text_of(data.at("e")) == "trade") {
      const auto id = data.at("t").as_int64();
      REQUIRE((last_id == 0 || id == last_id + 1));
      last_id = id;
      const auto at = data.at("T").as_int64();
      auto& sum = minutes[at - at % 60'000];
      const auto price = *tandem::core::parse_scaled(text_of(data.at("p")), 8);
      sum.high = sum.trades == 0 ? price : std::max(sum.high, price);
      sum.low = sum.trades == 0 ? price : std::min(sum.low, price);
      sum.close = price;
      sum.volume += *tandem::core::parse_scaled(text_of(data.at("q")), 8);
      ++sum.trades;
      continue;
    }
    const auto& bar = data.at("k").as_object();
    if (!bar.at("x").as_bool())
      continue;
    ++finished;
    const auto& sum = minutes[bar.at("t").as_int64()];
    CHECK(bar.at("n").as_int64() == sum.trades);
    CHECK(*tandem::core::parse_scaled(text_of(bar.at("v")), 8) == sum.volume);
    CHECK(*tandem::core::parse_scaled(text_of(bar.at("h")), 8) == sum.high);
    CHECK(*tandem::core::parse_scaled(text_of(bar.at("l")), 8) == sum.low);
    CHECK(*tandem::core::parse_scaled(text_of(bar.at("c")), 8) == sum.close);
  }
  CHECK(finished == 2);
}

TEST_CASE(
    "spreads between two venues open beyond 0.06 % and close again, several times in two minutes") {
  World world{"symbols: [BTCUSDT]\nflow: {history_minutes: 5}"};
  const auto a = world.open(spot, "/ws/btcusdt@bookTicker");
  const auto b = world.open(SurfaceId::bybit_spot, "/v5/public/spot");
  world.text(b, R"({"op":"subscribe","args":["orderbook.1.BTCUSDT"]})");
  int openings = 0;
  bool open = false;
  for (int i = 0; i < 1'200; ++i) {
    world.run(100ms);
    if (world.texts(a).empty())
      continue;
    const auto here = object_of(world.texts(a).back());
    const auto there = object_of(world.texts(b).back()).at("data").as_object();
    const auto at
        = [](const json::value& value) { return *tandem::core::parse_scaled(text_of(value), 8); };
    const auto gain = std::max(at(there.at("b").as_array().at(0).at(0)) - at(here.at("a")),
                               at(here.at("b")) - at(there.at("a").as_array().at(0).at(0)));
    const bool wide = gain * 1'000'000 / at(here.at("a")) > 600;
    openings += wide && !open ? 1 : 0;
    open = wide;
  }
  CHECK(openings >= 2);
  CHECK(openings <= 40);
}
