// What buying here and selling there brings: examples whose numbers one can check by hand, and the
// ends of the ranges.
#include "core/strategy/spread.hpp"

#include "core/ensure.hpp"
#include "tests/core/strategy/books.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;

namespace {

constexpr Scale cents{2, 3};
constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
constexpr auto buy_first = Direction::leg1_buy_leg2_sell;
constexpr auto sell_first = Direction::leg1_sell_leg2_buy;

/// One unit bought at 100.00 with nothing but the threshold left to decide.
Spread spread_of(Int128 buy, Int128 sell) {
  Spread spread;
  spread.scale = cents;
  spread.quantity = {1'000};
  spread.buy = {buy};
  spread.sell = {sell};
  return spread;
}

std::string quantity_of(std::string_view wanted, const market::DepthView& leg1,
                        const market::DepthView& leg2) {
  const auto quantity = executable_quantity(decimal(wanted), leg1, leg2);
  const auto scale = common_scale(leg1.scale, leg2.scale);
  return quantity ? format_scaled(quantity->units, scale.quantity_decimals) : "none";
}

market::DepthView traded(const Rules& rules, Scale scale = cents) {
  return book(scale, {{"99.5", "9"}}, {{"100.5", "9"}}, rules);
}

} // namespace

TEST_CASE("68000.1 bought and 68000.5 sold are 0.4 apart and 0.00058823 percent") {
  const Scale scale{1, 3};
  const auto leg1 = book(scale, {{"67999.9", "1"}}, {{"68000.1", "1"}});
  const auto leg2 = book(scale, {{"68000.5", "1"}}, {{"68000.7", "1"}});
  const auto spread = executable_spread(buy_first, leg1, leg2, {10}, {});
  REQUIRE(spread.has_value());
  CHECK(spread->price_difference() == decimal("0.4"));
  CHECK(spread->gross_percent() == decimal("0.00058823")); // 40 / 68000.1 = 0.000588234...
  CHECK(spread->net_percent() == decimal("0.00058823"));
  CHECK(spread->buy_price() == decimal("68000.1"));
  CHECK(spread->sell_price() == decimal("68000.5"));
  SUBCASE("the other way round it costs") {
    const auto back = executable_spread(sell_first, leg1, leg2, {10}, {});
    REQUIRE(back.has_value());
    CHECK(back->buy_price() == decimal("68000.7"));
    CHECK(back->sell_price() == decimal("67999.9"));
    CHECK(back->price_difference() == decimal("-0.8"));
  }
}

TEST_CASE("a walk takes the best levels first and only as much as is wanted") {
  const auto view = book(cents, {}, {{"10", "1"}, {"11", "2"}, {"12", "4"}});
  const auto walk = [&](std::int64_t wanted) { return walk_depth(view.asks(), {wanted}); };
  CHECK(walk(0).levels == 0);
  CHECK(walk(1'000).notional.units == 1'000 * 1'000);
  CHECK(walk(1'000).levels == 1);
  CHECK(walk(1'001).notional.units == 1'000 * 1'000 + 1'100);
  CHECK(walk(1'001).worst == Price{1'100});
  CHECK(walk(3'000).levels == 2);
  CHECK(walk(9'000).filled == Quantity{7'000});
  CHECK(walk(9'000).worst == Price{1'200});
  CHECK(walk_depth({}, {5}).filled == Quantity{0});
}

TEST_CASE("a spread is that of the size, not of the best level") {
  const auto leg1 = book(cents, {{"90", "9"}}, {{"100", "1"}, {"101", "1"}});
  const auto leg2 = book(cents, {{"103", "0.5"}, {"102", "1"}, {"100", "5"}}, {{"110", "9"}});
  const auto spread = executable_spread(buy_first, leg1, leg2, {2'000}, {});
  REQUIRE(spread.has_value());
  CHECK(spread->buy_price() == decimal("100.5"));
  CHECK(spread->sell_price() == decimal("101.75")); // (51.5 + 102 + 50) / 2
  CHECK(spread->buy_worst == Price{10'100});
  CHECK(spread->sell_worst == Price{10'000});
  CHECK(spread->price_difference() == decimal("1.25"));
}

TEST_CASE("a side that is not deep enough gives no spread") {
  const auto leg1 = book(cents, {}, {{"100", "1"}, {"101", "1"}});
  const auto leg2 = book(cents, {{"103", "2"}}, {});
  CHECK(executable_spread(buy_first, leg1, leg2, {2'000}, {}).has_value());
  CHECK(!executable_spread(buy_first, leg1, leg2, {2'001}, {}).has_value());
  CHECK(!executable_spread(sell_first, leg1, leg2, {1}, {}).has_value());
  CHECK(!executable_spread(buy_first, leg1, leg2, {0}, {}).has_value());
  CHECK(!executable_spread(buy_first, leg1, leg2, {-1}, {}).has_value());
  SUBCASE("levels beyond those asked for do not count") {
    CHECK(executable_spread(buy_first, leg1, leg2, {2'000}, {}, 2).has_value());
    CHECK(!executable_spread(buy_first, leg1, leg2, {2'000}, {}, 1).has_value());
  }
}

TEST_CASE("each leg pays its own fee on its own notional") {
  const auto leg1 = book(cents, {{"99", "1"}}, {{"100", "1"}});
  const auto leg2 = book(cents, {{"101", "1"}}, {{"102", "1"}});
  const SpreadFees fees{.leg1 = {100'000}, .leg2 = {50'000}}; // 0.1 %, 0.05 %
  const auto spread = executable_spread(buy_first, leg1, leg2, {1'000}, fees);
  REQUIRE(spread.has_value());
  CHECK(spread->buy_fee.units == 10'000); // 0.1 of 100
  CHECK(spread->sell_fee.units == 5'050); // 0.0505 of 101
  CHECK(spread->gross_percent() == decimal("1"));
  CHECK(spread->net_percent() == decimal("0.8495"));
  const auto back = executable_spread(sell_first, leg1, leg2, {1'000}, fees);
  REQUIRE(back.has_value());
  CHECK(back->buy_fee.units == 5'100);  // leg 2 buys at 102
  CHECK(back->sell_fee.units == 9'900); // leg 1 sells at 99
}

TEST_CASE("books of different scales add up at the finer of each") {
  const auto leg1 = book({1, 5}, {{"99.9", "1"}}, {{"100.1", "1"}}, {.lot = "0.00001"});
  const auto leg2 = book({3, 2}, {{"100.125", "1"}}, {{"100.5", "1"}}, {.lot = "0.01"});
  const auto spread = executable_spread(buy_first, leg1, leg2, {50'000}, {});
  REQUIRE(spread.has_value());
  CHECK(spread->scale == Scale{3, 5});
  CHECK(spread->buy_worst == Price{100'100});
  CHECK(spread->price_difference() == decimal("0.025"));
  SUBCASE("a size finer than one book's scale takes a part of its unit") {
    const auto fine = executable_spread(buy_first, leg1, leg2, {1'500}, {}); // 0.015
    REQUIRE(fine.has_value());
    CHECK(fine->sell.units == Int128{100'125} * 1'500);
    CHECK(fine->buy.units == Int128{100'100} * 1'500);
  }
  SUBCASE("and a part of a unit that is not there cannot be taken") {
    CHECK(executable_spread(buy_first, leg1, leg2, {100'000}, {}).has_value()); // all of both
    auto thin = leg2;
    thin.bids_store[0].quantity = Quantity{99}; // 0.99
    CHECK(executable_spread(buy_first, leg1, thin, {99'000}, {}).has_value());
    CHECK(!executable_spread(buy_first, leg1, thin, {99'001}, {}).has_value());
  }
}

TEST_CASE("the threshold is met at it and not a unit below") {
  const auto threshold = decimal("0.1");
  CHECK(!spread_of(100'000, 100'099).net_at_least(threshold));
  CHECK(spread_of(100'000, 100'100).net_at_least(threshold));
  CHECK(spread_of(100'000, 100'101).net_at_least(threshold));
  SUBCASE("of the net, not the gross") {
    auto spread = spread_of(100'000, 100'101);
    spread.buy_fee = {1};
    CHECK(spread.net_at_least(threshold));
    spread.sell_fee = {1};
    CHECK(!spread.net_at_least(threshold));
  }
  SUBCASE("where the rounded percent would say otherwise") {
    const auto spread = spread_of(3'000'000'000'001, 3'003'000'000'001);
    CHECK(spread.net_percent() == threshold);
    CHECK(!spread.net_at_least(threshold));
  }
  SUBCASE("for negative thresholds and for eighteen decimals") {
    CHECK(spread_of(100'000, 99'900).net_at_least(decimal("-0.1")));
    CHECK(!spread_of(100'000, 99'899).net_at_least(decimal("-0.1")));
    CHECK(!spread_of(100'000, 100'100).net_at_least(decimal("0.100000000000000001")));
    CHECK(spread_of(100'000, 100'100).net_at_least(decimal("0.099999999999999999")));
  }
  SUBCASE("never by what buys nothing") {
    CHECK(!spread_of(0, 5).net_at_least(threshold));
  }
}

TEST_CASE("the threshold is exact for a thousand million million at eighteen decimals") {
  const Int128 buy = static_cast<Int128>(pow10(18)) * pow10(15);
  const Int128 exact = buy / 1'000; // 0.1 %
  CHECK(!spread_of(buy, buy + exact - 1).net_at_least(decimal("0.1")));
  CHECK(spread_of(buy, buy + exact).net_at_least(decimal("0.1")));
  CHECK(!spread_of(buy, buy + exact).net_at_least(decimal("0.100000000000000001")));
  CHECK(spread_of(buy, buy + exact).net_percent() == decimal("0.1"));
  CHECK(spread_of(buy, buy - exact).net_percent() == decimal("-0.1"));
  const Int128 odd = buy + 1; // shares no factor with what it is compared to
  CHECK(spread_of(odd, odd + exact + 1).net_at_least(decimal("0.1")));
  CHECK(!spread_of(odd, odd + exact).net_at_least(decimal("0.1")));
  CHECK(compare_net(spread_of(buy, buy + exact), spread_of(odd, odd + exact)) > 0);
  CHECK(compare_net(spread_of(buy, buy + exact), spread_of(buy, buy + exact)) == 0);
  CHECK(compare_net(spread_of(buy, buy + exact - 1), spread_of(buy, buy + exact)) < 0);
}

TEST_CASE("percents are rounded half to even at the eighth decimal") {
  const Int128 buy = 100 * static_cast<Int128>(pow10(9)); // one unit is 10^-9 percent
  CHECK(spread_of(buy, buy + 15).gross_percent() == decimal("0.00000002"));
  CHECK(spread_of(buy, buy + 25).gross_percent() == decimal("0.00000002"));
  CHECK(spread_of(buy, buy + 26).gross_percent() == decimal("0.00000003"));
  CHECK(spread_of(buy, buy - 15).gross_percent() == decimal("-0.00000002"));
  CHECK(spread_of(buy, buy - 25).gross_percent() == decimal("-0.00000002"));
  CHECK(spread_of(0, 5).gross_percent() == Decimal{});
  SUBCASE("and stop at the ends of 64 bits") {
    CHECK(spread_of(1, pow10(18)).gross_percent() == Decimal{int64_max, 8});
    CHECK(spread_of(1, -pow10(18)).gross_percent() == Decimal{-int64_max, 8});
  }
  SUBCASE("and are refused where they would not be exact") {
    CHECK_THROWS_AS((void)spread_of(notional_max.units + 1, 1).gross_percent(), BrokenPromise);
    CHECK_NOTHROW((void)spread_of(notional_max.units, 1).gross_percent());
  }
}

TEST_CASE("average prices keep as many decimals as there is room for") {
  auto spread = spread_of(100'000, 200'000);
  spread.quantity = {3'000};
  CHECK(spread.buy_price() == decimal("0.3333333333")); // 1 / 3 at 2 + 8 decimals
  CHECK(spread.sell_price() == decimal("0.6666666667"));
  spread.scale = {17, 0};
  spread.quantity = {3};
  spread.buy = {Int128{9} * pow10(17)}; // 3 each: an eighteenth decimal fits
  spread.sell = {Int128{100} * pow10(17)};
  CHECK(spread.buy_price() == decimal("3"));
  CHECK(spread.sell_price() == decimal("33.33333333333333333"));
  spread.quantity = {0};
  CHECK(spread.buy_price() == Decimal{});
}

TEST_CASE("what does not fit is no spread, never a wrong one") {
  const Rules rules{.lot = "0"};
  const auto whole = [&](const char* price, const char* quantity, Scale scale) {
    return book(scale, {{price, quantity}}, {{price, quantity}}, rules);
  };
  SUBCASE("a thousand million million quote units at eighteen decimals fit") {
    const auto leg = whole("1000000000", "1000000", {9, 9});
    const auto spread = executable_spread(buy_first, leg, leg, {pow10(15)}, {});
    REQUIRE(spread.has_value());
    CHECK(spread->buy.units == static_cast<Int128>(pow10(18)) * pow10(15));
    CHECK(spread->gross_percent() == Decimal{});
    CHECK(spread->buy_price() == decimal("1000000000"));
  }
  SUBCASE("a price too large for the other book's scale does not") {
    const auto coarse = whole("10", "1", {0, 0});
    const auto fine = whole("9", "1", {18, 0});
    CHECK(!executable_spread(buy_first, coarse, fine, {1}, {}).has_value());
    CHECK(!executable_spread(sell_first, coarse, fine, {1}, {}).has_value());
  }
  SUBCASE("a notional beyond 10^36 units does not, though the price does") {
    const auto leg = whole("9", "9", {18, 18});
    CHECK(!executable_spread(buy_first, leg, leg, {int64_max / 2}, {}).has_value());
    CHECK(executable_spread(buy_first, leg, leg, {pow10(17)}, {}).has_value());
  }
  SUBCASE("nor does a size that 64 bits cannot hold at the finer scale") {
    const auto coarse = whole("1", "1000", {0, 0});
    const auto fine = whole("1", "9", {0, 18});
    CHECK(quantity_of("9", coarse, fine) == "9");
    CHECK(quantity_of("10", coarse, fine) == "none");
  }
}

TEST_CASE("a size is rounded down to the coarser lot") {
  CHECK(quantity_of("1.2345", traded({.lot = "0.001"}), traded({.lot = "0.01"})) == "1.23");
  CHECK(quantity_of("1.2345", traded({.lot = "0.1"}), traded({.lot = "0.01"})) == "1.2");
  CHECK(quantity_of("1.2", traded({.lot = "0.1"}), traded({.lot = "0.01"})) == "1.2");
  CHECK(quantity_of("0.0999", traded({.lot = "0.1"}), traded({.lot = "0.01"})) == "none");
  CHECK(quantity_of("0", traded({}), traded({})) == "none");
  CHECK(quantity_of("-1", traded({}), traded({})) == "none");
  CHECK(quantity_of("0.123456789012345678", traded({}), traded({})) == "0.123");
}

TEST_CASE("a size is a multiple of both lots, though neither divides the other") {
  CHECK(quantity_of("0.029", traded({.lot = "0.002"}), traded({.lot = "0.005"})) == "0.02");
  CHECK(quantity_of("0.01", traded({.lot = "0.002"}), traded({.lot = "0.005"})) == "0.01");
  CHECK(quantity_of("0.009", traded({.lot = "0.002"}), traded({.lot = "0.005"})) == "none");
  CHECK(quantity_of("100", traded({.lot = "7"}, {2, 0}), traded({.lot = "1.5"})) == "84");
  CHECK(quantity_of("1.2345", traded({.lot = "0"}), traded({.lot = "0"})) == "1.234"); // no grid
}

TEST_CASE("a lot finer or coarser than its book's scale counts as it is") {
  auto coarse_book = traded({.lot = "0.1"}, {2, 1});
  coarse_book.instrument = instrument({2, 3}, {.lot = "0.025", .quantity_min = "0.25"});
  CHECK(quantity_of("0.95", coarse_book, coarse_book) == "0.9");
  CHECK(quantity_of("0.2", coarse_book, coarse_book) == "none"); // below 0.25
  auto refined = traded({.lot = "0.1"}, {2, 6});
  refined.instrument = instrument({2, 1}, {.lot = "0.2"});
  CHECK(quantity_of("0.95", refined, traded({})) == "0.8");
}

TEST_CASE("lots whose common multiple does not fit are never met") {
  const auto odd = [](std::int64_t lot) {
    auto leg = traded({}, {1, 18});
    auto rules = *leg.instrument;
    rules.lot = {lot};
    leg.instrument = std::make_shared<const Instrument>(rules);
    return leg;
  };
  CHECK(quantity_of("9", odd(int64_max), odd(int64_max - 1)) == "none");
  CHECK(quantity_of("9", odd(pow10(18)), odd(1)) == "9");
}

TEST_CASE("a size below a leg's minimum quantity or above its maximum is not traded so") {
  const auto least = traded({.quantity_min = "0.5"});
  CHECK(quantity_of("0.499", least, traded({})) == "none");
  CHECK(quantity_of("0.5", least, traded({})) == "0.5");
  CHECK(quantity_of("0.5", traded({}), least) == "0.5");
  CHECK(quantity_of("0.499", traded({}), least) == "none");
  CHECK(quantity_of("7", traded({.quantity_max = "2.5"}), traded({.lot = "1"})) == "2");
}

TEST_CASE("a size must reach each leg's minimum notional at its best bid") {
  const auto least = traded({.notional_min = "99.5"});
  CHECK(quantity_of("0.999", least, traded({})) == "none");
  CHECK(quantity_of("1", least, traded({})) == "1");
  CHECK(quantity_of("0.999", traded({}), least) == "none");
  CHECK(quantity_of("1", traded({.notional_min = "99.5000000000000001"}), traded({})) == "none");
  SUBCASE("or at the best ask where nobody bids") {
    const auto no_bids = book(cents, {}, {{"100", "1"}}, {.notional_min = "100"});
    CHECK(quantity_of("1", no_bids, traded({})) == "1");
    CHECK(quantity_of("0.999", no_bids, traded({})) == "none");
    CHECK(quantity_of("1", book(cents, {}, {}, {.notional_min = "1"}), traded({})) == "none");
  }
}

TEST_CASE("without an instrument there is no size") {
  auto unknown = traded({});
  unknown.instrument.reset();
  CHECK(quantity_of("1", unknown, traded({})) == "none");
  CHECK(quantity_of("1", traded({}), unknown) == "none");
}

TEST_CASE("the total caps a size by what is left at the prices of the asks, rounded down") {
  const auto view = book(cents, {}, {{"100", "1"}, {"200", "1"}});
  const auto within = [&](const char* wanted, const char* total, const char* executed) {
    return within_total(decimal(wanted), decimal(total), decimal(executed), view).to_string();
  };
  CHECK(within("5", "0", "0") == "5"); // no cap
  CHECK(within("1", "100", "0") == "1");
  CHECK(within("1", "99.99", "0") == "0.999");
  CHECK(within("1.5", "200", "0") == "1.5");
  CHECK(within("2", "200", "0") == "1.5");
  CHECK(within("2", "1000", "800") == "1.5");
  CHECK(within("2", "1000.000000000001", "900") == "1");
  CHECK(within("2", "1000", "1000") == "0");
  CHECK(within("2", "1000", "1000.5") == "0");
  CHECK(within("2", "0.01", "0") == "0");
  CHECK(within("7", "1000", "0") == "7"); // the depth decides, not the cap
  CHECK(within("7", "9000000000000000000", "0") == "7");
}

TEST_CASE("a total that pays for more than 64 bits can count pays for what is wanted") {
  const Rules rules{.lot = "0"};
  const auto view = book({0, 18}, {}, {{"1", "9"}, {"2000000000000000000", "9"}}, rules);
  CHECK(within_total(decimal("10"), decimal("9000000000000000000"), {}, view) == decimal("10"));
}
