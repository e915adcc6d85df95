// What an execution leaves below a lot is not forgotten: the next one carries it.
#include "tests/core/strategy/two_leg_world.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;

namespace {

/// The second leg trades in lots of 0.1, the first in lots of 0.001.
struct Carrying : TwoLegWorld {
  Carrying() {
    leg2 = two_leg_book({{"100.50", "50"}}, {{"100.51", "50"}}, {.lot = "0.1"});
    limits.max_leg_loss = to_money(decimal("1"));
  }

  /// Nothing below 0.1 can be closed at the first leg either.
  void coarse_first_leg() {
    leg1 = two_leg_book({{"99.99", "50"}}, {{"100.00", "50"}},
                        {.lot = "0.001", .quantity_min = "0.1"});
  }

  void run(std::string_view left) {
    carried = decimal(left);
    start();
    REQUIRE(orders.size() == 2);
    match(0);
    match(1);
  }

  [[nodiscard]] std::string residual_text() const { return to_string(to_money(state().residual)); }
};

} // namespace

TEST_CASE_FIXTURE(Carrying, "the next execution closes what was carried together with its own") {
  run("0.04");
  REQUIRE(orders.size() == 3);
  CHECK(orders[2].intent().draft.side == orders::Side::sell);
  CHECK(orders[2].intent().draft.origin.leg == 1);
  CHECK(orders[2].intent().draft.quantity == Quantity{40});
  match(2);
  CHECK(state().phase == ExecutionPhase::done);
  CHECK(residual_text() == "0");
}

TEST_CASE_FIXTURE(Carrying, "a shortage that was carried is bought") {
  run("-0.04");
  REQUIRE(orders.size() == 3);
  CHECK(orders[2].intent().draft.side == orders::Side::buy);
  match(2);
  CHECK(state().phase == ExecutionPhase::done);
  CHECK(residual_text() == "0");
}

TEST_CASE_FIXTURE(Carrying, "what no venue takes is carried further") {
  coarse_first_leg();
  run("0.04");
  CHECK(orders.size() == 2);
  CHECK(state().phase == ExecutionPhase::done);
  CHECK(residual_text() == "0.04");
  CHECK(to_carry(state()) == decimal("0.04"));
}

TEST_CASE_FIXTURE(Carrying, "what was carried and what is new are closed when they come to a lot") {
  coarse_first_leg();
  carried = decimal("0.06");
  start();
  fill(0, 1'000);
  report(0, orders::VenueStatus::filled, 1'000);
  tell(0);
  fill(1, 900);
  report(1, orders::VenueStatus::expired, 900);
  tell(1);
  REQUIRE(orders.size() == 3); // 0.16 open: 0.1 at the second leg or 0.16 at the first
  match(2);
  CHECK(state().phase == ExecutionPhase::done);
}

TEST_CASE_FIXTURE(Carrying, "a sum beyond a lot that cannot be closed calls a person") {
  coarse_first_leg();
  limits.close_tries = 0;
  carried = decimal("0.06");
  start();
  match(0);
  fill(1, 950);
  report(1, orders::VenueStatus::expired, 950);
  tell(1);
  CHECK(state().phase == ExecutionPhase::stranded);
  CHECK(residual_text() == "0.11");
  CHECK(state().reason.starts_with("residual 0.11"));
  CHECK_MESSAGE(to_carry(state()).is_zero(), "it is a person's from now on");
}

TEST_CASE_FIXTURE(Carrying, "closing what was carried is no loss of this execution") {
  limits.max_leg_loss = to_money(decimal("0.5")); // 0.09 of it cost nine
  run("-0.09");
  REQUIRE(orders.size() == 3);
  match(2);
  CHECK(state().phase == ExecutionPhase::done);
  CHECK(residual_text() == "0");
}

TEST_CASE_FIXTURE(Carrying, "a restart carries on: journalled with the execution") {
  coarse_first_leg();
  carried = decimal("0.04");
  start();
  match(0);
  restart(state());
  match(1);
  CHECK(state().phase == ExecutionPhase::done);
  CHECK(residual_text() == "0.04");
}

TEST_CASE_FIXTURE(Carrying, "an execution that sent nothing hands on what it was given") {
  carried = decimal("0.04");
  decide();
  leg2.condition = market::BookCondition::stale;
  start();
  CHECK(state().phase == ExecutionPhase::refused);
  CHECK(to_carry(state()) == decimal("0.04"));
}

TEST_CASE_FIXTURE(Carrying, "what a late fill balanced after it was stranded is a person's too") {
  coarse_first_leg();
  limits.close_tries = 0;
  start();
  match(0);
  fill(1, 800);
  report(1, orders::VenueStatus::expired, 800);
  tell(1);
  REQUIRE(state().phase == ExecutionPhase::stranded);
  fill(1, 150);
  tell(1);
  CHECK(state().phase == ExecutionPhase::done);
  CHECK(to_carry(state()).is_zero());
}
