// A recorded market as orders of accounts meet it: the recorded book is taken from, queued in and
// crossed, and never changed for anybody else.
#include "apps/tandem_sim/market.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace tandem::sim;

namespace {

constexpr OrderId mine = 7;

/// Prices in ticks of 0.1, quantities in lots of 0.001; bids 100 and 99, asks 101 and 102.
struct Recorded {
  Recorded() {
    market.mirror_all({{100, 5}, {99, 50}}, {{101, 5}, {102, 50}}, now, step);
    step.clear();
  }

  std::vector<Execution> buy(std::int64_t quantity, std::optional<std::int64_t> limit = {}) {
    return market.take(Side::ask, quantity, limit, now, step);
  }

  [[nodiscard]] std::int64_t met() const {
    std::int64_t sum = 0;
    for (const auto& each : step.executions)
      sum += each.order == mine ? each.quantity : 0;
    return sum;
  }

  static constexpr tandem::core::UnixMillis now = 1'000;
  Market market{Instrument{.surface = SurfaceId::binance_linear,
                           .symbol = "BTCUSDT",
                           .base = "BTC",
                           .quote = "USDT",
                           .price_decimals = 1,
                           .quantity_decimals = 3,
                           .tick = 1,
                           .lot = 1,
                           .notional_min = {},
                           .price = {}}};
  Step step;
};

} // namespace

TEST_CASE_FIXTURE(Recorded, "an order goes through the recorded levels, best first, to its limit") {
  const auto taken = buy(30, 102);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].price == 101);
  CHECK(taken[0].quantity == 5);
  CHECK(taken[1].price == 102);
  CHECK(taken[1].quantity == 25);
  CHECK(buy(1'000, 102).front().quantity == 25);
  CHECK(buy(1, 102).empty());
}

TEST_CASE_FIXTURE(Recorded, "what was taken is gone until the recording says that price anew") {
  CHECK(buy(5, 101).size() == 1);
  CHECK(market.available(Side::ask, 101) == 0);
  market.mirror(Side::ask, 102, 40, now, step);
  CHECK(market.available(Side::ask, 101) == 0);
  market.mirror(Side::ask, 101, 3, now, step);
  CHECK(market.available(Side::ask, 101) == 3);
}

TEST_CASE_FIXTURE(Recorded, "what was taken stays taken when the recording repeats a size") {
  CHECK(buy(5, 101).size() == 1);
  SUBCASE("in an update") {
    market.mirror(Side::ask, 101, 5, now, step);
  }
  SUBCASE("in a whole book") {
    market.mirror_all({{100, 5}, {99, 50}}, {{101, 5}, {102, 50}}, now, step);
  }
  CHECK(market.available(Side::ask, 101) == 0);
  CHECK(market.available(Side::ask, 102) == 50);
  market.mirror_all({{100, 5}}, {{102, 50}}, now, step);
  market.mirror(Side::ask, 101, 5, now, step); // it was gone, and somebody came anew
  CHECK(market.available(Side::ask, 101) == 5);
}

TEST_CASE_FIXTURE(Recorded, "nobody makes a price where the recording has none") {
  CHECK(buy(1'000).size() == 2);
  CHECK(market.book().empty(Side::ask));
  CHECK(market.price() != 0);
}

TEST_CASE_FIXTURE(Recorded, "a resting order waits for what was there before it") {
  market.rest(Side::bid, 100, 4, mine, now, step);
  market.pass(Side::bid, 100, 3, now, step);
  CHECK(met() == 0); // two of five still stand before it
  market.pass(Side::bid, 100, 3, now, step);
  CHECK(met() == 1);
  market.pass(Side::bid, 100, 30, now, step);
  CHECK(met() == 4);
  CHECK(step.executions.back().price == 100);
}

TEST_CASE_FIXTURE(Recorded, "cancellations are behind it for as long as they can be") {
  market.rest(Side::bid, 100, 4, mine, now, step);
  market.mirror(Side::bid, 100, 5, now, step); // unchanged
  market.mirror(Side::bid, 100, 2, now, step); // three went: two may still stand before it
  market.pass(Side::bid, 100, 3, now, step);
  CHECK(met() == 1);
  market.mirror(Side::bid, 100, 90, now, step); // newcomers are behind it
  market.pass(Side::bid, 100, 3, now, step);
  CHECK(met() == 4);
}

TEST_CASE_FIXTURE(Recorded, "a trade at a worse price has met the better order first") {
  market.rest(Side::bid, 100, 4, mine, now, step);
  market.pass(Side::bid, 99, 10, now, step);
  CHECK(met() == 4);
  CHECK(step.executions.back().price == 100);
}

TEST_CASE_FIXTURE(
    Recorded, "an offer across a resting order trades with it, at its price, as far as it goes") {
  market.rest(Side::bid, 100, 4, mine, now, step);
  market.mirror(Side::ask, 100, 3, now, step);
  CHECK(met() == 3);
  CHECK(market.book().at(Side::ask, 100) == 0);
  market.mirror(Side::ask, 99, 3, now, step);
  CHECK(met() == 4);
  CHECK(market.book().at(Side::ask, 99) == 2);
  CHECK(step.executions.back().price == 100);
}

TEST_CASE_FIXTURE(Recorded, "an offer that was traded with is not there a second time") {
  market.rest(Side::bid, 100, 9, mine, now, step);
  market.mirror(Side::ask, 100, 3, now, step);
  market.mirror_all({{99, 50}}, {{100, 3}, {102, 50}}, now, step);
  CHECK(met() == 3);
}

TEST_CASE_FIXTURE(
    Recorded, "a recorded trade fills no more than its size, the best price first, then in turn") {
  constexpr OrderId better = 8, later = 9;
  market.rest(Side::bid, 99, 4, mine, now, step);
  market.rest(Side::bid, 99, 4, later, now, step);
  market.rest(Side::bid, 100, 2, better, now, step);
  const auto of = [this](OrderId order) {
    std::int64_t sum = 0;
    for (const auto& each : step.executions)
      sum += each.order == order ? each.quantity : 0;
    return sum;
  };
  market.pass(Side::bid, 99, 52, now, step); // two for the better one, fifty stood before
  CHECK(of(better) == 2);
  CHECK(of(mine) == 0);
  market.pass(Side::bid, 99, 6, now, step);
  CHECK(of(mine) == 4);
  CHECK(of(later) == 2);
  CHECK(market.book().at(Side::bid, 99) == 52); // the recording has not said that fifty went
}

TEST_CASE_FIXTURE(Recorded, "a recorded offer meets the best order first") {
  constexpr OrderId better = 8;
  market.mirror(Side::bid, 100, 0, now, step);
  market.rest(Side::bid, 99, 4, mine, now, step);
  market.rest(Side::bid, 100, 2, better, now, step);
  market.mirror(Side::ask, 99, 2, now, step);
  CHECK(met() == 0);
  REQUIRE(step.executions.size() == 1);
  CHECK(step.executions.front().order == better);
}

TEST_CASE_FIXTURE(Recorded, "a new book takes the old one's place and keeps the queue") {
  market.rest(Side::bid, 98, 4, mine, now, step);
  market.mirror_all({{97, 1}}, {{103, 2}}, now, step);
  CHECK(market.book().at(Side::bid, 100) == 0);
  CHECK(market.book().at(Side::ask, 101) == 0);
  CHECK(market.book().best(Side::bid).price == 98);
  CHECK(market.book().best(Side::ask).price == 103);
  market.pass(Side::bid, 98, 4, now, step);
  CHECK(met() == 4);
}
