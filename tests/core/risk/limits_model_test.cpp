// The gate's limits against an independent model that adds up everything anew for each question.
#include "tests/core/risk/limits_world.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>

using namespace tandem::tests;
using namespace tandem::tests::limits;

namespace {

constexpr std::size_t orders_of_a_world = 250;

/// The limits of amounts, for which the run must meet the exact limit too.
constexpr std::array sums_with_a_limit{Rule::quantity_max,       Rule::order_quantity_max,
                                       Rule::order_notional_max, Rule::balance,
                                       Rule::position_max,       Rule::venue_exposure_max,
                                       Rule::gross_exposure_max, Rule::strategy_total,
                                       Rule::parent_quantity,    Rule::daily_notional_max,
                                       Rule::daily_loss_max,     Rule::open_orders_max,
                                       Rule::order_rate,         Rule::executions_max};

void add(Tally& sum, const Tally& more) {
  for (std::size_t n = 0; n < rule_count; ++n)
    sum[n] += more[n];
}

} // namespace

TEST_CASE("7.1: random orders are judged as an independent model judges them, each limit met") {
  const auto wanted = cases(100'000, 1'000'000);
  Score score;
  for (std::uint64_t seed = 1; score.asked < wanted; ++seed) {
    CAPTURE(seed);
    World world{seed, score};
    for (const auto until = score.asked + orders_of_a_world; score.asked < until;)
      world.step();
    add(score.at_limit, world.model().at_limit);
  }
  CHECK(score.accepted_above == 0);
  CHECK(score.refused_below == 0);
  CHECK(score.named_otherwise == 0);
  CHECK(score.counted_otherwise == 0);
  std::string table;
  for (std::size_t n = 0; n < rule_count; ++n) {
    const auto word = std::string{to_string(static_cast<Rule>(n))};
    CHECK_MESSAGE(score.by_rule[n] > 0, word << " never refused");
    table += "\n  " + word + " " + std::to_string(score.by_rule[n]);
    if (score.at_limit[n] > 0)
      table += ", exactly at the limit " + std::to_string(score.at_limit[n]);
  }
  for (const auto rule : sums_with_a_limit)
    CHECK_MESSAGE(score.at_limit[static_cast<std::size_t>(rule)] > 0,
                  to_string(rule) << " was never met exactly");
  CHECK(score.unknown_seen > 0);
  CHECK(score.late_fills > 0);
  MESSAGE("7.1: " << score.asked << " random orders, " << score.passed << " passed, "
                  << score.accepted_above << " accepted above a limit, " << score.refused_below
                  << " refused below all, " << score.named_otherwise
                  << " named otherwise; late fills " << score.late_fills << "; refused by"
                  << table);
}

TEST_CASE("7.1: a thousand orders in one instant pass no limit of the model") {
  Score score;
  const auto worlds = cases(20, 200);
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    CAPTURE(seed);
    World world{seed, score};
    world.burst(1'000);
  }
  CHECK(score.accepted_above == 0);
  CHECK(score.refused_below == 0);
  CHECK(score.passed > worlds);
  MESSAGE("7.1: " << worlds << " bursts of 1000 orders, " << score.passed << " passed, "
                  << score.accepted_above << " accepted above a limit");
}
