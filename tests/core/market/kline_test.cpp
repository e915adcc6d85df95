// Bars made from single trades: which bar a trade belongs to, exact sums, and the texts the
// laboratory prints.
#include "core/market/kline.hpp"

#include "core/ensure.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string_view>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::market;
using namespace std::chrono_literals;

namespace {

constexpr Scale spot_texts{8, 8};
constexpr UnixMillis minute = 60'000;

Trade trade(UnixMillis time, std::string_view price, std::string_view quantity,
            TakerSide taker = TakerSide::sell) {
  return {.trade_id = "1",
          .price = Decimal::parse(price).value(),
          .quantity = Decimal::parse(quantity).value(),
          .taker = taker,
          .venue_time = time};
}

} // namespace

TEST_CASE("a bar holds first, highest, lowest, last and the exact sums of its trades") {
  KlineAggregator bars{1min, spot_texts};
  const UnixMillis open = 28'719'355 * minute;
  REQUIRE(bars.add(trade(open, "61828.00000000", "0.02000000", TakerSide::buy)));
  REQUIRE(bars.add(trade(open + 5, "61860.80000000", "0.00001000")));
  REQUIRE(bars.add(trade(open + 5, "61780.01000000", "1.50000000", TakerSide::buy)));
  REQUIRE(bars.add(trade(open + minute - 1, "61782.25000000", "0.00009000")));
  const auto made = bars.bars();
  REQUIRE(made.size() == 1);
  CHECK(made[0].open_time == open);
  CHECK(to_texts(made[0], spot_texts)
        == BarTexts{.open = "61828.00000000",
                    .high = "61860.80000000",
                    .low = "61780.01000000",
                    .close = "61782.25000000",
                    .volume = "1.52010000",
                    .quote_volume = "93912.7540105000000000",
                    .trade_count = "4",
                    .taker_buy_volume = "1.52000000"});
}

TEST_CASE(
    "texts have the decimals of the scale, the quote volume those of price and quantity together") {
  KlineAggregator bars{1min, {2, 3}};
  REQUIRE(bars.add(trade(0, "61807.70", "136.450")));
  const auto texts = to_texts(bars.bars()[0], {2, 3});
  CHECK(texts.open == "61807.70");
  CHECK(texts.volume == "136.450");
  CHECK(texts.quote_volume == "8433660.66500");
  CHECK(texts.taker_buy_volume == "0.000");
}

TEST_CASE("a trade belongs to the interval its time falls into") {
  KlineAggregator bars{1min, spot_texts};
  for (const UnixMillis time : {minute, 2 * minute - 1, 2 * minute, UnixMillis{0}, UnixMillis{-1}})
    REQUIRE(bars.add(trade(time, "1", "1")));
  std::vector<UnixMillis> opens;
  for (const auto& bar : bars.bars())
    opens.push_back(bar.open_time);
  CHECK(opens == std::vector<UnixMillis>{-minute, 0, minute, 2 * minute});
  CHECK(bars.bars()[2].trade_count == 2);
  SUBCASE("intervals without trades have no bar") {
    REQUIRE(bars.add(trade(10 * minute, "1", "1")));
    CHECK(bars.size() == 5);
  }
  SUBCASE("a late trade still reaches its bar") {
    REQUIRE(bars.add(trade(minute + 7, "3", "1")));
    CHECK(bars.bars()[2].trade_count == 3);
    CHECK(bars.bars()[2].high == Price{300'000'000});
    CHECK(bars.bars()[3].trade_count == 1);
  }
}

TEST_CASE("any interval will do, if it is one") {
  KlineAggregator bars{250ms, spot_texts};
  REQUIRE(bars.add(trade(1'249, "1", "1")));
  REQUIRE(bars.add(trade(1'250, "1", "1")));
  CHECK(bars.bars()[0].open_time == 1'000);
  CHECK(bars.bars()[1].open_time == 1'250);
  CHECK_THROWS_AS(KlineAggregator(0ms, spot_texts), BrokenPromise);
  CHECK_THROWS_AS(KlineAggregator(-1min, spot_texts), BrokenPromise);
  CHECK_THROWS_AS(KlineAggregator(1min, Scale{19, 0}), BrokenPromise);
  CHECK_THROWS_AS(KlineAggregator(1min, Scale{0, -1}), BrokenPromise);
}

TEST_CASE("taken bars are gone, newer ones stay") {
  KlineAggregator bars{1min, spot_texts};
  for (int n = 0; n < 4; ++n)
    REQUIRE(bars.add(trade(n * minute, "1", "1")));
  const auto taken = bars.take_before(2 * minute);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].open_time == 0);
  CHECK(taken[1].open_time == minute);
  CHECK(bars.size() == 2);
  CHECK(bars.take_before(0).empty());
}

TEST_CASE("a trade that does not fit is refused with its numbers and changes nothing") {
  KlineAggregator bars{1min, {2, 3}};
  REQUIRE(bars.add(trade(0, "1", "1")));
  const auto before = bars.bars();
  const auto refused = [&bars](std::string_view price, std::string_view quantity) {
    const auto status = bars.add(trade(1, price, quantity));
    REQUIRE(!status.has_value());
    return status.error();
  };
  CHECK(refused("1.005", "1").code == Errc::scale_too_coarse);
  CHECK(refused("1", "0.0001").code == Errc::scale_too_coarse);
  CHECK(refused("1", "0.0001").detail == "'0.0001' needs 4 decimals, the scale has 3");
  CHECK(refused("1000000000000000000", "1").code == Errc::out_of_range);
  CHECK(refused("0", "1").code == Errc::malformed);
  CHECK(refused("-1", "1").code == Errc::malformed);
  CHECK(refused("1", "0").detail == "trade 1 of 0 at 1: both must be above 0");
  CHECK(bars.bars() == before);
}

TEST_CASE("sums beyond 64 bits are exact") {
  KlineAggregator bars{1min, {0, 0}};
  const Decimal huge{std::numeric_limits<std::int64_t>::max(), 0};
  for (int n = 0; n < 2; ++n)
    REQUIRE(bars.add({.trade_id = "1",
                      .price = Decimal{2, 0},
                      .quantity = huge,
                      .taker = TakerSide::buy,
                      .venue_time = 0}));
  const auto texts = to_texts(bars.bars()[0], {0, 0});
  CHECK(texts.volume == "18446744073709551614");
  CHECK(texts.quote_volume == "36893488147419103228");
  CHECK(texts.taker_buy_volume == "18446744073709551614");
}
