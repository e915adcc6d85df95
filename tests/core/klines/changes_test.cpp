// price_change and the newest price of each symbol: S1-46, S1-58; venues/pricestream.md section 3.
#include "core/klines/changes.hpp"

#include "tests/core/klines/candles.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::core::klines;
using tests::decimal;
using tests::flat;
using tests::noon;

TEST_CASE(
    "S1-58: the change is counted from the symbol's update before, and absent for its first") {
  LatestPrices prices;
  const core::Symbol btc{"BTCUSDT"};
  const auto first = prices.on_update(btc, flat(noon, "105", "1"));
  CHECK_FALSE(first.change);
  CHECK_FALSE(first.change_percent);
  CHECK_FALSE(prices.on_update(core::Symbol{"ETHUSDT"}, flat(noon, "7", "1")).change);
  const auto second = prices.on_update(btc, flat(noon + tests::minute, "102", "1"));
  CHECK(second.change == decimal("-3"));
  CHECK(second.change_percent == decimal("-2.857142857142857"));
  SUBCASE("a new state of the same candle is an update as well") {
    const auto third = prices.on_update(btc, flat(noon + tests::minute, "102", "2"));
    CHECK(third.change == decimal("0"));
    CHECK(third.change_percent == decimal("0"));
  }
  SUBCASE("what was forgotten begins anew") {
    prices.forget(btc);
    CHECK_FALSE(prices.on_update(btc, flat(noon, "1", "1")).change);
  }
}

TEST_CASE("S1-46: the newest price of every symbol, by symbol") {
  LatestPrices prices;
  prices.on_update(core::Symbol{"ETHUSDT"}, flat(noon, "7", "1"));
  prices.on_update(core::Symbol{"BTCUSDT"}, flat(noon, "105", "1"));
  prices.on_update(core::Symbol{"BTCUSDT"}, flat(noon, "106", "1"));
  REQUIRE(prices.all().size() == 2);
  CHECK(prices.all().begin()->first.text() == "BTCUSDT");
  CHECK(prices.find(core::Symbol{"BTCUSDT"})->candle.close == decimal("106"));
  CHECK(prices.find(core::Symbol{"XRPUSDT"}) == nullptr);
}

TEST_CASE("a percentage has as many decimals as fit and no more") {
  CHECK(change_percent(decimal("3"), decimal("4")) == decimal("33.333333333333333"));
  CHECK(change_percent(decimal("0.0001"), decimal("0.0002")) == decimal("100"));
  CHECK(change_percent(decimal("61737.63"), decimal("61737.64")) == decimal("0.000016197576745"));
  CHECK(change_percent(decimal("0.00000003"), decimal("100000"))
        == decimal("333333333333233.3333"));
  CHECK_FALSE(change_percent(decimal("0"), decimal("1")));
  CHECK_FALSE(change_percent(decimal("0.000000000000000001"), decimal("9000000000000000000")));
}
