/// What metrics say of orders: every change of state once, an end's latency in its bucket.
#include "core/orders/statistics.hpp"

#include "tests/core/orders/orders.hpp"

#include <doctest/doctest.h>

namespace {

using namespace tandem::core;
using namespace tandem::core::orders;
using namespace tandem::tests;
using namespace std::chrono_literals;

const MarketKey binance_spot{VenueId{"binance"}, MarketType::spot};

/// An order of which everything is told to the statistics.
struct Told {
  explicit Told(Statistics& into) : statistics{into} {}

  template <class What>
  void after(UnixMillis now, What what) {
    OrderUpdate update;
    update.before = order.state();
    update.fill = what(order);
    update.order = std::make_shared<const Order>(order);
    statistics.on_update(update, now);
  }

  Statistics& statistics;
  Order order = [] {
    auto draft = intent();
    draft.created_at = 1'000;
    return Order{draft};
  }();
};

TEST_CASE("a state is counted when an order comes into it, a fill each time") {
  Statistics statistics;
  Told told{statistics};
  told.after(1'001, [](Order& order) {
    order.on_sent(at(0ms));
    return std::optional<Fill>{};
  });
  told.after(1'004, [](Order& order) {
    order.on_fill(fill("1", 400));
    return std::optional{fill("1", 400)};
  });
  told.after(1'006, [](Order& order) {
    order.on_fill(fill("2", 600));
    return std::optional{fill("2", 600)};
  });
  const auto markets = statistics.markets();
  REQUIRE(markets.size() == 1);
  const auto& market = markets.at(binance_spot);
  CHECK(market.fills == 2);
  CHECK(market.reached.at(OrderState::sent) == 1);
  CHECK(market.reached.at(OrderState::filled) == 1);
  CHECK_FALSE(market.reached.contains(OrderState::rejected));
  CHECK(market.latency.at(3) == 1); // 6 ms: above 5, up to 10
  CHECK(market.latency_sum_ms == 6);
}

TEST_CASE("an end is timed once, and what takes long is in the last bucket") {
  Statistics statistics;
  Told told{statistics};
  told.after(61'000, [](Order& order) {
    order.on_refused({Errc::insufficient_funds, "no money", "binance"});
    return std::optional<Fill>{};
  });
  told.after(62'000, [](Order&) { return std::optional<Fill>{}; });
  const auto market = statistics.markets().at(binance_spot);
  CHECK(market.reached.at(OrderState::rejected) == 1);
  CHECK(market.latency.back() == 1);
  CHECK(market.latency_sum_ms == 60'000);
}

} // namespace
