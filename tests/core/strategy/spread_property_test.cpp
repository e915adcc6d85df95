// What holds for every book: against a naive sum, at any scale, with any fee.
#include "core/strategy/spread.hpp"
#include "tests/core/strategy/books.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::strategy;
using market::DepthView;
using market::Level;

namespace {

/// Prices rise from just above `from`; bids are read from it backwards.
std::vector<Level> any_levels(std::int64_t from) {
  std::vector<Level> levels(*rc::gen::inRange<std::size_t>(0, 16));
  auto price = from;
  for (auto& level : levels) {
    price += *rc::gen::inRange<std::int64_t>(1, 50);
    level = {{price}, {*rc::gen::inRange<std::int64_t>(1, 5'000)}};
  }
  return levels;
}

/// A book around 10'000 units, its sides neither crossed nor of the same depth.
DepthView any_book(Scale scale) {
  DepthView view;
  view.scale = scale;
  auto bids = any_levels(9'000 + *rc::gen::inRange<std::int64_t>(0, 400));
  std::ranges::reverse(bids);
  const auto asks = any_levels(bids.empty() ? 10'000 : bids.front().price.units);
  std::ranges::copy(bids, view.bids_store.begin());
  std::ranges::copy(asks, view.asks_store.begin());
  view.bid_count = static_cast<std::uint8_t>(bids.size());
  view.ask_count = static_cast<std::uint8_t>(asks.size());
  return view;
}

/// The same book, written with more decimals.
DepthView finer(DepthView view, int price_decimals, int quantity_decimals) {
  for (auto* side : {&view.bids_store, &view.asks_store})
    for (auto& level : *side) {
      level.price.units *= pow10(price_decimals);
      level.quantity.units *= pow10(quantity_decimals);
    }
  view.scale.price_decimals = static_cast<std::int8_t>(view.scale.price_decimals + price_decimals);
  view.scale.quantity_decimals
      = static_cast<std::int8_t>(view.scale.quantity_decimals + quantity_decimals);
  return view;
}

/// One unit at a time, as one would explain it.
std::optional<Int128> naive_notional(std::span<const Level> levels, std::int64_t wanted) {
  Int128 sum = 0;
  for (const auto& level : levels)
    for (std::int64_t unit = 0; unit < level.quantity.units && wanted > 0; ++unit, --wanted)
      sum += level.price.units;
  return wanted == 0 ? std::optional{sum} : std::nullopt;
}

Direction any_direction() {
  return *rc::gen::arbitrary<bool>() ? Direction::leg1_buy_leg2_sell
                                     : Direction::leg1_sell_leg2_buy;
}

FeeRate any_fee(std::int64_t least) {
  return {*rc::gen::inRange<std::int64_t>(least, 10'000'001)};
}

} // namespace

TEST_CASE("a walk is the sum over single units") {
  CHECK(rc::check("walk == naive sum", [] {
    const auto levels = any_levels(1'000);
    const auto wanted = *rc::gen::inRange<std::int64_t>(1, 20'000);
    const auto walk = walk_depth(levels, {wanted});
    const auto naive = naive_notional(levels, wanted);
    RC_ASSERT(naive.has_value() == (walk.filled.units == wanted));
    if (naive)
      RC_ASSERT(walk.notional.units == *naive);
  }));
}

TEST_CASE("a spread is what a naive sum over both books says") {
  CHECK(rc::check("buy and sell == naive sums", [] {
    const auto leg1 = any_book({2, 3});
    const auto leg2 = any_book({2, 3});
    const auto direction = any_direction();
    const auto quantity = *rc::gen::inRange<std::int64_t>(1, 12'000);
    const auto spread = executable_spread(direction, leg1, leg2, {quantity}, {});
    const bool first_buys = direction == Direction::leg1_buy_leg2_sell;
    const auto buy = naive_notional((first_buys ? leg1 : leg2).asks(), quantity);
    const auto sell = naive_notional((first_buys ? leg2 : leg1).bids(), quantity);
    RC_ASSERT(spread.has_value() == (buy && sell));
    if (spread) {
      RC_ASSERT(spread->buy.units == *buy);
      RC_ASSERT(spread->sell.units == *sell);
    }
  }));
}

TEST_CASE("fees that are no rebates never make a spread better") {
  CHECK(rc::check("net <= gross when fees >= 0", [] {
    const SpreadFees fees{.leg1 = any_fee(0), .leg2 = any_fee(0)};
    const auto spread = executable_spread(any_direction(), any_book({2, 3}), any_book({2, 3}),
                                          {*rc::gen::inRange<std::int64_t>(1, 3'000)}, fees);
    if (!spread)
      return;
    RC_ASSERT(spread->net() <= spread->gross());
    RC_ASSERT(spread->net_percent() <= spread->gross_percent());
  }));
}

TEST_CASE("the same books with more decimals give the same spread") {
  CHECK(rc::check("scale independence", [] {
    const auto leg1 = any_book({2, 3});
    const auto leg2 = any_book({2, 3});
    const auto direction = any_direction();
    const auto quantity = *rc::gen::inRange<std::int64_t>(1, 3'000);
    const auto coarse = executable_spread(direction, leg1, leg2, {quantity}, {});
    // Both legs get their own decimals; the size stands at the finer of them.
    const auto decimals = [] { return *rc::gen::inRange(0, 6); };
    const auto fine1 = finer(leg1, decimals(), decimals());
    const auto fine2 = finer(leg2, decimals(), decimals());
    const auto scale = common_scale(fine1.scale, fine2.scale);
    const Quantity same{quantity * pow10(scale.quantity_decimals - 3)};
    const auto fine = executable_spread(direction, fine1, fine2, same, {});
    RC_ASSERT(coarse.has_value() == fine.has_value());
    if (!coarse)
      return;
    RC_ASSERT(fine->gross_percent() == coarse->gross_percent());
    RC_ASSERT(fine->net_percent() == coarse->net_percent());
    RC_ASSERT((compare_net(*fine, *coarse) == 0));
    const Decimal threshold{*rc::gen::inRange<std::int64_t>(-1'000, 1'000), 2};
    RC_ASSERT(fine->net_at_least(threshold) == coarse->net_at_least(threshold));
  }));
}

TEST_CASE("a threshold that is met is met by the rounded percent too, to its last digit") {
  CHECK(rc::check("net_at_least agrees with net_percent", [] {
    const SpreadFees fees{.leg1 = any_fee(-1'000'000), .leg2 = any_fee(-1'000'000)};
    const auto spread = executable_spread(any_direction(), any_book({2, 3}), any_book({2, 3}),
                                          {*rc::gen::inRange<std::int64_t>(1, 3'000)}, fees);
    if (!spread)
      return;
    const auto percent = spread->net_percent().at_scale(8).value();
    RC_ASSERT(spread->net_at_least(Decimal{percent - 1, 8}));
    RC_ASSERT(!spread->net_at_least(Decimal{percent + 1, 8}));
  }));
}

TEST_CASE("at any size the threshold is met at the exact product and not a unit below") {
  CHECK(rc::check("cross multiplication without overflow", [] {
    // buy = k * 10^p and threshold = m / 10^d percent: their product is a whole number.
    Spread spread;
    const int zeros = *rc::gen::inRange(10, 19);
    const auto k = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000'000'000);
    spread.buy = {static_cast<Int128>(k) * pow10(zeros)};
    const int decimals = zeros - 10;
    const auto m = *rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000);
    const Decimal threshold{m, decimals};
    const Int128 enough = static_cast<Int128>(k) * m * pow10(8);
    spread.sell = {spread.buy.units + enough};
    RC_ASSERT(spread.net_at_least(threshold));
    spread.sell = {spread.buy.units + enough - 1};
    RC_ASSERT(!spread.net_at_least(threshold));
  }));
}

TEST_CASE("an executable size is the largest common multiple of both lots that is wanted") {
  CHECK(rc::check("multiple of both lots, and no larger one fits", [] {
    const auto with_lot = [](std::int64_t lot) {
      auto view = tandem::tests::book({0, 3}, {{"100", "1"}}, {{"101", "1"}});
      auto rules = *view.instrument;
      rules.lot = {lot};
      view.instrument = std::make_shared<const Instrument>(rules);
      return view;
    };
    const auto lot1 = *rc::gen::inRange<std::int64_t>(1, 500);
    const auto lot2 = *rc::gen::inRange<std::int64_t>(1, 500);
    const auto wanted = *rc::gen::inRange<std::int64_t>(1, 1'000'000);
    const auto quantity = executable_quantity(Decimal{wanted, 3}, with_lot(lot1), with_lot(lot2));
    const auto step = std::lcm(lot1, lot2);
    RC_ASSERT(quantity.has_value() == (wanted >= step));
    if (!quantity)
      return;
    RC_ASSERT(quantity->units % lot1 == 0);
    RC_ASSERT(quantity->units % lot2 == 0);
    RC_ASSERT(quantity->units <= wanted);
    RC_ASSERT(quantity->units + step > wanted);
  }));
}

TEST_CASE("a size within the remaining total never costs more than it") {
  CHECK(rc::check("cost <= total - executed, and a unit more is dearer or not wanted", [] {
    const auto buyer = any_book({2, 3});
    const Decimal total{*rc::gen::inRange<std::int64_t>(1, 2'000'000), 3};
    const Decimal executed{*rc::gen::inRange<std::int64_t>(0, 2'000'000), 4};
    const Decimal wanted{*rc::gen::inRange<std::int64_t>(1, 20'000), 3};
    const Int128 remaining
        = static_cast<Int128>(total.at_scale(5).value()) - executed.at_scale(5).value();
    const auto size = within_total(wanted, total, executed, buyer);
    const Quantity quantity{size.at_scale(3).value()};
    RC_ASSERT(size <= wanted);
    RC_ASSERT((size.is_zero() || walk_depth(buyer.asks(), quantity).notional.units <= remaining));
    if (size < wanted)
      RC_ASSERT((walk_depth(buyer.asks(), quantity + Quantity{1}).notional.units > remaining));
  }));
}
