// Closing a residual while a market is being compared with its venue.
#include "tests/core/strategy/two_leg_world.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::tests;
using core::strategy::ExecutionPhase;

namespace {

core::risk::Refusal closed() {
  return {core::risk::Rule::market_closed, 0, "reconciling", "open", "the market is closed"};
}

/// Leg 1 filled whole, leg 2 nothing: a residual to close.
void leave_a_residual(TwoLegWorld& world) {
  world.start();
  REQUIRE(world.orders.size() == 2);
  world.match(0);
  world.report(1, core::orders::VenueStatus::expired, 0);
}

} // namespace

TEST_CASE("a market that is being compared costs no try: closing waits for it") {
  TwoLegWorld world;
  leave_a_residual(world);
  world.refuses = closed();
  world.tell(1);                           // the first closing order meets a closed market
  for (int turn = 0; turn < 400; ++turn) { // four seconds, both markets closed
    world.refuses = closed();
    world.tick();
  }
  CHECK(world.finished == 0);
  CHECK(world.orders.size() == 2);
  world.refuses.reset();
  for (int turn = 0; turn < 50 && world.orders.size() == 2; ++turn)
    world.tick();
  REQUIRE(world.orders.size() == 3);
  world.match(2);
  CHECK(world.state().phase == ExecutionPhase::done);
  CHECK(world.residual().is_zero());
}

TEST_CASE("while one market is closed the residual is closed at the other") {
  TwoLegWorld world;
  leave_a_residual(world);
  world.refuses = closed(); // of the cheaper way, whichever it is
  world.tell(1);
  world.tick(std::chrono::milliseconds{60});
  REQUIRE(world.orders.size() == 3);
  world.match(2);
  CHECK(world.state().phase == ExecutionPhase::done);
}

TEST_CASE("markets that stay closed leave a residual that is flagged in time") {
  TwoLegWorld world;
  leave_a_residual(world);
  world.refuses = closed();
  world.tell(1);
  for (int turn = 0; turn < 1'100 && world.finished == 0; ++turn) {
    world.refuses = closed();
    world.tick();
  }
  CHECK(world.state().phase == ExecutionPhase::stranded);
}
