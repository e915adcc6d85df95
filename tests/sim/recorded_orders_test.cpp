// Orders of an account at a recorded market, through the venue's own door: the recording goes on as
// if nobody had traded, and the account has what the recorded book gave.
#include "apps/tandem_sim/recording.hpp"
#include "tests/sim/binance_trader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

RecordedFrame line(std::int64_t at_ms, const std::string& json) {
  auto frame = parse_line(fmt::format("{} {}", (1 + at_ms) * ns_per_ms, json), binance_spot);
  REQUIRE(frame);
  frame->symbol = "BTCUSDT";
  return *frame;
}

std::string depth(std::int64_t id, std::int64_t venue_ms, const std::string& bids,
                  const std::string& asks) {
  return fmt::format(
      R"({{"e":"depthUpdate","E":{},"s":"BTCUSDT","U":{},"u":{},"b":[{}],"a":[{}]}})", venue_ms, id,
      id, bids, asks);
}

std::string trade(std::int64_t venue_ms, const std::string& price, const std::string& quantity) {
  return fmt::format(
      R"({{"e":"trade","E":{0},"s":"BTCUSDT","t":1,"p":"{1}","q":"{2}","T":{0},"m":true,"M":true}})",
      venue_ms, price, quantity);
}

RecordedFrame depth_line(std::int64_t at_ms, const std::string& data) {
  return line(at_ms, R"({"stream":"btcusdt@depth@100ms","data":)" + data + "}");
}

RecordedFrame trade_line(std::int64_t at_ms, const std::string& data,
                         const std::string& kind = "trade") {
  return line(at_ms, R"({"stream":"btcusdt@)" + kind + R"(","data":)" + data + "}");
}

RecordedFrame snapshot() {
  return line(
      100,
      R"({"lastUpdateId":10,"bids":[["100.00","5"],["99.00","50"]],"asks":[["101.00","5"],["102.00","5"]]})");
}

Scenario scenario() {
  auto made = scenario_of(R"(
symbols: [ETHUSDT]
flow: {events_per_second: 0, history_minutes: 2}
accounts:
  - name: alice
    venue: binance
    keys: [{key: alice-key, secret: alice-secret}]
    deposits: {spot: {USDT: "10000", BTC: "10"}}
    fees: {spot: {maker: "0", taker: "0.001"}}
    fee_asset: quote
)");
  made.replayed.push_back(on_surface(binance_spot, "BTCUSDT", "BTC", "USDT",
                                     tandem::core::Decimal{100, 0},
                                     *make_grid("0.01", "0.001", "5")));
  ReplayOptions replay;
  replay.start = ReplayStart::at_once;
  replay.snapshot_wait = {};
  replay.sources.push_back({binance_spot, "BTCUSDT", {}, {}});
  made.replay = replay;
  return made;
}

/// The recorded book comes after 100 ms, what else was recorded from 200 ms on.
struct RecordedSpot : BinanceWorld {
  explicit RecordedSpot(const std::vector<RecordedFrame>& more = {})
      : BinanceWorld{scenario(), std::make_unique<HandMade>([&] {
                       std::vector<RecordedFrame> lines{
                           depth_line(0, depth(9, 900, R"(["100.00","1"])", "")), snapshot()};
                       lines.insert(lines.end(), more.begin(), more.end());
                       return lines;
                     }())} {}

  void book() { run(150ms); }

  BinanceReply limit(const std::string& side, const std::string& lifetime,
                     const std::string& quantity, const std::string& price) {
    return place(binance_spot, fmt::format("side={}&type=LIMIT&timeInForce={}&quantity={}&price={}"
                                           "&newOrderRespType=FULL",
                                           side, lifetime, quantity, price));
  }

  std::string filled(const BinanceReply& placed) {
    return call(binance_spot, "GET", "/api/v3/order",
                fmt::format("symbol=BTCUSDT&orderId={}", placed.body.at("orderId").as_int64()))
        .text("executedQty");
  }
};

} // namespace

TEST_CASE_FIXTURE(RecordedSpot, "before the recorded book no order is taken") {
  const auto early = limit("BUY", "GTC", "1", "100.00");
  CHECK(early.status == 400);
  CHECK(early.text("msg") == "Market is closed.");
  book();
  CHECK(limit("BUY", "GTC", "1", "100.00").text("status") == "NEW");
}

TEST_CASE_FIXTURE(RecordedSpot, "fill-or-kill goes through the levels whole or not at all") {
  book();
  const auto killed = limit("BUY", "FOK", "10.001", "102.00");
  CHECK(killed.text("status") == "EXPIRED");
  CHECK(killed.text("executedQty") == "0.00000000");
  const auto whole = limit("BUY", "FOK", "10", "102.00");
  CHECK(whole.text("status") == "FILLED");
  const auto& fills = whole.body.at("fills").as_array();
  REQUIRE(fills.size() == 2);
  CHECK(text_of(fills[0].at("price")) == "101.00000000");
  CHECK(text_of(fills[0].at("qty")) == "5.00000000");
  CHECK(text_of(fills[1].at("price")) == "102.00000000");
  CHECK(text_of(fills[1].at("commissionAsset")) == "USDT");
}

TEST_CASE_FIXTURE(RecordedSpot, "a post-only order rests, or is refused where it would take") {
  book();
  const auto maker = [this](const std::string& price) {
    return place(binance_spot, "side=BUY&type=LIMIT_MAKER&quantity=1&price=" + price);
  };
  const auto refused = maker("101.00");
  CHECK(refused.status == 400);
  CHECK(refused.code() == -2010);
  CHECK(maker("100.50").status == 200);
}

TEST_CASE("an IOC order takes what is left of a level until the recording sets it anew") {
  RecordedSpot world{{depth_line(200, depth(11, 1'000, "", R"(["101.00","2"])"))}};
  world.book();
  CHECK(world.limit("BUY", "IOC", "6", "101.00").text("executedQty") == "5.00000000");
  CHECK(world.limit("BUY", "IOC", "1", "101.00").text("executedQty") == "0.00000000");
  world.run(100ms);
  CHECK(world.limit("BUY", "IOC", "6", "101.00").text("executedQty") == "2.00000000");
}

TEST_CASE("recorded trades fill who rests at their price, after what stood before, as a maker") {
  RecordedSpot world{{trade_line(200, trade(1'000, "100.00", "4")),
                      trade_line(300, trade(1'100, "100.00", "1.5")),
                      trade_line(400, trade(1'200, "99.50", "2"))}};
  world.book();
  const auto order = world.limit("BUY", "GTC", "1", "100.00");
  world.run(100ms); // 250 ms
  CHECK(world.filled(order) == "0.00000000");
  world.run(100ms);
  CHECK(world.filled(order) == "0.50000000");
  world.run(100ms);
  CHECK(world.filled(order) == "1.00000000");
  const auto fills = world.call(binance_spot, "GET", "/api/v3/myTrades", "symbol=BTCUSDT").body;
  REQUIRE(fills.as_array().size() == 2);
  for (const auto& fill : fills.as_array()) {
    CHECK(text_of(fill.at("price")) == "100.00000000");
    CHECK(fill.at("isMaker").as_bool());
  }
}

TEST_CASE("a trade that the book has already is not a second one, whichever frame tells it") {
  RecordedSpot world{{depth_line(200, depth(11, 1'000, R"(["100.00","0"])", "")),
                      trade_line(300, trade(1'000, "100.00", "5")),
                      trade_line(400, trade(1'001, "100.00", "0.25")),
                      trade_line(400, trade(1'001, "100.00", "0.25"), "aggTrade")}};
  world.book();
  const auto order = world.limit("BUY", "GTC", "1", "100.00");
  world.run(200ms); // 350 ms
  CHECK(world.filled(order) == "0.00000000");
  world.run(100ms);
  CHECK(world.filled(order) == "0.25000000");
}

TEST_CASE("what the public is told stays the recording, whatever an account trades") {
  const auto update = depth(11, 1'000, R"(["99.00","7"])", "");
  const auto public_trade = trade(1'100, "100.00", "5.5");
  RecordedSpot world{{depth_line(200, update), trade_line(300, public_trade)}};
  const auto socket
      = world.open(binance_spot, "/stream", "streams=btcusdt@depth@100ms/btcusdt@trade");
  world.book();
  world.texts(socket).clear();
  CHECK(world.limit("BUY", "GTC", "7", "102.00").text("status") == "FILLED");
  CHECK(world.limit("BUY", "GTC", "1", "100.00").text("status") == "NEW");
  world.run(200ms);
  CHECK(world.texts(socket)
        == std::vector<std::string>{R"({"stream":"btcusdt@depth@100ms","data":)" + update + "}",
                                    R"({"stream":"btcusdt@trade","data":)" + public_trade + "}"});
  CHECK(
      world.get(binance_spot, "/api/v3/depth", "symbol=BTCUSDT&limit=5").body
      == R"({"lastUpdateId":11,"bids":[["100.00","5"],["99.00","7"]],"asks":[["101.00","5"],["102.00","5"]]})");
}
