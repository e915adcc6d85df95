// How a world compares the journal with the venues' ledger: each kind of difference is told.
#include "apps/tandem_world/books.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace tandem;
using namespace tandem::world;

namespace {

core::Money money(const char* text) {
  return core::parse_money(text).value();
}

Books one_order() {
  Books books;
  BookedOrder order;
  order.instrument = "binance.spot.BTCUSDT";
  order.ordered = money("1");
  order.filled = money("0.5");
  order.value = money("30000");
  order.fees["BTC"] = money("0.0001");
  order.origin.pair = core::PairId{"pair"};
  books.orders["tdtest0000100000001"] = order;
  books.positions["binance.spot.BTCUSDT"] = money("0.5");
  books.money["binance.spot.USDT"] = money("-30000");
  return books;
}

bool told(const std::vector<std::string>& rows, const std::string& words) {
  return std::ranges::any_of(rows, [&](const auto& row) { return row.find(words) != row.npos; });
}

} // namespace

TEST_CASE("books that agree say nothing; a fee of zero is no fee") {
  auto venues = one_order();
  venues.orders.begin()->second.fees["BNB"] = {};
  CHECK(compare(one_order(), venues).empty());
}

TEST_CASE("an order that only the venue knows, twice at the venue, or filled otherwise is told") {
  Books none;
  CHECK(told(compare(none, one_order()), "not in the journal"));
  CHECK(told(compare(one_order(), none), "unknown to the venue"));
  auto venues = one_order();
  venues.doubled.insert("tdtest0000100000001");
  CHECK(told(compare(one_order(), venues), "twice"));
  venues = one_order();
  venues.orders.begin()->second.filled = money("0.500000000000000001");
  CHECK(told(compare(one_order(), venues), "filled 0.5 worth"));
  venues = one_order();
  venues.orders.begin()->second.fees["BTC"] = money("0.0002");
  CHECK(told(compare(one_order(), venues), "filled 0.5 worth"));
}

TEST_CASE("positions and money are compared to the last unit") {
  auto venues = one_order();
  venues.positions["binance.spot.BTCUSDT"] = money("0.4");
  venues.money["binance.spot.USDT"] = money("-30000.000000000000000001");
  const auto rows = compare(one_order(), venues);
  CHECK(told(rows, "position binance.spot.BTCUSDT: the journal has 0.1 more"));
  CHECK(told(rows, "money binance.spot.USDT: the journal has 0.000000000000000001 more"));
}

TEST_CASE("a pair's residual is what its legs bought less what they sold, by the venues") {
  auto engine = one_order();
  auto venues = one_order();
  CHECK(residuals(engine, venues).at("pair") == money("0.5"));
  auto& sold = venues.orders["tdtest0000100000002"];
  sold = venues.orders.begin()->second;
  sold.buys = false;
  engine.orders["tdtest0000100000002"] = sold;
  CHECK(residuals(engine, venues).at("pair") == core::Money{});
}
