// What a pair may be: names on the wire, the rules it must keep, the id it gets.
#include "core/strategy/pair.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::strategy;

namespace {

InstrumentKey leg(const char* venue, const char* symbol, MarketType type = MarketType::spot) {
  return {VenueId{venue}, type, Symbol{symbol}};
}

PairConfig good_pair() {
  PairConfig pair;
  pair.id = PairId{"bybit_binance_btc"};
  pair.leg1 = leg("bybit", "BTCUSDT");
  pair.leg2 = leg("binance", "BTCUSDT");
  pair.threshold = Decimal{1, 1};
  pair.quantity = Decimal{1, 2};
  return pair;
}

std::vector<std::string> fields_refused(const std::function<void(PairConfig&)>& spoil) {
  auto pair = good_pair();
  spoil(pair);
  std::vector<std::string> fields;
  for (const auto& problem : check_pair(pair)) {
    CHECK(!problem.message.empty());
    fields.push_back(problem.field);
  }
  return fields;
}

using Fields = std::vector<std::string>;

} // namespace

TEST_CASE("directions and modes have the names of the traders' interface, both ways") {
  CHECK(to_string(DirectionRule::automatic) == "auto");
  for (const auto rule : {DirectionRule::automatic, DirectionRule::leg1_buy_leg2_sell,
                          DirectionRule::leg1_sell_leg2_buy})
    CHECK(parse_direction_rule(to_string(rule)).value() == rule);
  for (const auto mode : {PairMode::active, PairMode::read_only})
    CHECK(parse_pair_mode(to_string(mode)).value() == mode);
  CHECK(to_string(Direction::leg1_buy_leg2_sell) == "leg1_buy_leg2_sell");
  CHECK(to_string(Direction::leg1_sell_leg2_buy) == "leg1_sell_leg2_buy");
  for (const auto* text : {"", "Auto", "automatic", "buy"})
    CHECK(parse_direction_rule(text).error().code == Errc::validation_error);
  for (const auto* text : {"", "Active", "shadow"})
    CHECK(parse_pair_mode(text).error().code == Errc::validation_error);
}

TEST_CASE("a pair that keeps the rules has no problems") {
  CHECK(fields_refused([](PairConfig&) {}) == Fields{});
  CHECK(fields_refused([](PairConfig& pair) { pair.total_amount = Decimal{}; }) == Fields{});
  CHECK(fields_refused([](PairConfig& pair) {
          pair.options.leg1_fee = fee_rate_max;
          pair.options.leg2_fee = fee_rate_min;
        })
        == Fields{});
  CHECK(fields_refused(
            [](PairConfig& pair) { pair.leg2 = leg("bybit", "BTCUSDT", MarketType::linear); })
        == Fields{});
}

TEST_CASE("each broken rule names its field") {
  const auto only = [](const char* field, const std::function<void(PairConfig&)>& spoil) {
    CAPTURE(field);
    CHECK(fields_refused(spoil) == Fields{field});
  };
  for (const std::string id : {"", "a b", "a/b", "\xC3\xA9"})
    only("id", [&](PairConfig& pair) { pair.id = PairId{id}; });
  only("id", [](PairConfig& pair) { pair.id = PairId{std::string(65, 'a')}; });
  only("leg1.exchange", [](PairConfig& pair) { pair.leg1.venue = VenueId{}; });
  only("leg2.exchange", [](PairConfig& pair) { pair.leg2.venue = VenueId{}; });
  only("leg1.symbol", [](PairConfig& pair) { pair.leg1.symbol = Symbol{}; });
  only("leg2.symbol", [](PairConfig& pair) { pair.leg2.symbol = Symbol{}; });
  only("leg2", [](PairConfig& pair) { pair.leg2 = pair.leg1; });
  only("threshold", [](PairConfig& pair) { pair.threshold = Decimal{}; });
  only("threshold", [](PairConfig& pair) { pair.threshold = Decimal{-1, 1}; });
  only("threshold", [](PairConfig& pair) { pair.threshold = Decimal{10'001, 2}; });
  only("threshold", [](PairConfig& pair) { pair.threshold = Decimal{1, 9}; });
  only("qty", [](PairConfig& pair) { pair.quantity = Decimal{}; });
  only("qty", [](PairConfig& pair) { pair.quantity = Decimal{-1, 0}; });
  only("qty", [](PairConfig& pair) { pair.quantity = Decimal{1, 13}; });
  only("totalAmount", [](PairConfig& pair) { pair.total_amount = Decimal{-1, 0}; });
  only("totalAmount", [](PairConfig& pair) { pair.total_amount = Decimal{1, 13}; });
  using std::chrono::milliseconds;
  for (const milliseconds age : {milliseconds{9}, milliseconds{600'001}, milliseconds{-1}})
    only("options.bookAgeMaxMs", [&](PairConfig& pair) { pair.options.book_age_max = age; });
  only("options.changePercent", [](PairConfig& pair) {
    pair.options.change_percent = Decimal{-1, 2};
  });
  only("options.changePercent", [](PairConfig& pair) { pair.options.change_percent = {}; });
  only("options.changePercent", [](PairConfig& pair) {
    pair.options.change_percent = Decimal{1, 9};
  });
  only("options.leg1Fee", [](PairConfig& pair) { pair.options.leg1_fee = FeeRate{10'000'001}; });
  only("options.leg2Fee", [](PairConfig& pair) { pair.options.leg2_fee = FeeRate{-1'000'001}; });
  for (const std::size_t levels : {0U, 51U})
    only("options.levels", [&](PairConfig& pair) { pair.options.levels = levels; });
}

TEST_CASE("all broken rules are told at once") {
  CHECK(check_pair(PairConfig{}).size() >= 5);
  CHECK(fields_refused([](PairConfig& pair) {
          pair.threshold = Decimal{};
          pair.quantity = Decimal{-1, 0};
          pair.options.levels = 0;
        })
        == Fields{"threshold", "qty", "options.levels"});
}

TEST_CASE("an id is made from venues and base asset") {
  const auto id = [](const InstrumentKey& leg1, const InstrumentKey& leg2, const char* base) {
    return derive_pair_id(leg1, leg2, base).text();
  };
  const auto spot = leg("binance", "BTCUSDT");
  const auto linear = leg("binance", "BTCUSDT", MarketType::linear);
  CHECK(id(leg("bybit", "BTCUSDT"), spot, "BTC") == "bybit_binance_btc");
  CHECK(id(spot, linear, "BTC") == "binance_spot_linear_btc");
  CHECK(id(leg("bybit", "X"), spot, "1000SATS") == "bybit_binance_1000sats");
  CHECK(id(leg("bybit", "X"), spot, "\xE5\xB8\x81/X") == "bybit_binance_____x");
}

TEST_CASE("a derived id leaves room for what makes it unique") {
  auto pair = good_pair();
  const auto id = derive_pair_id(pair.leg1, pair.leg2, std::string(100, 'B'));
  pair.id = PairId{id.text() + "_9999"};
  CHECK(check_pair(pair).empty());
}
