// Base candles from trades: for venues and channels without candles.
#include "core/klines/trades.hpp"

#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace tandem;
using namespace tandem::core::klines;
using tests::interval;
using tests::minute;
using tests::noon;

namespace {

core::market::Trade trade(core::UnixMillis time, std::string_view price,
                          std::string_view quantity) {
  return {"1", tests::decimal(price), tests::decimal(quantity), core::market::TakerSide::buy, time};
}

std::string given(TradeCandles& candles, const core::market::Trade& trade) {
  const auto changed = candles.on_trade(trade);
  if (!changed)
    return std::string{core::to_string(changed.error().code)};
  std::string result;
  for (const auto& one : *changed)
    result += (result.empty() ? "" : "; ") + tests::shown(one);
  return result;
}

} // namespace

TEST_CASE("every trade gives its candle anew, and the first of a minute closes the one before") {
  TradeCandles candles{interval("1m"), {2, 3}};
  CHECK(given(candles, trade(noon + 1, "100", "1")) == "+0m 100 100 100 100 v1 n1 open");
  CHECK(given(candles, trade(noon + 2, "101.5", "0.5")) == "+0m 100 101.5 100 101.5 v1.5 n2 open");
  CHECK(given(candles, trade(noon + minute, "99", "2"))
        == "+0m 100 101.5 100 101.5 v1.5 n2 closed; +1m 99 99 99 99 v2 n1 open");
  SUBCASE("a late trade gives its closed candle again") {
    CHECK(given(candles, trade(noon + 3, "120", "1")) == "+0m 100 120 100 120 v2.5 n3 closed");
    CHECK(given(candles, trade(noon + minute + 1, "98", "1")) == "+1m 99 99 98 98 v3 n2 open");
  }
}

TEST_CASE("trades that are too old or finer than the scale are refused") {
  TradeCandles candles{interval("1m"), {2, 3}};
  CHECK(given(candles, trade(noon + 10 * minute, "100", "1")) == "+10m 100 100 100 100 v1 n1 open");
  CHECK(given(candles, trade(noon + 5 * minute, "100", "1")) == "+5m 100 100 100 100 v1 n1 closed");
  CHECK(given(candles, trade(noon + 4 * minute, "100", "1")) == "out_of_range");
  CHECK(given(candles, trade(noon + 10 * minute, "100.001", "1")) == "scale_too_coarse");
  CHECK(given(candles, trade(noon + 10 * minute, "0", "1")) == "malformed");
}
