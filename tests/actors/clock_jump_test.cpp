/// Promise P12 on the private side: somebody sets our wall clock while it trades.
#include "tests/actors/private_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace tandem::tests {
namespace {

/// When the last sign-in on the stream ran out, by the frame itself.
std::int64_t expiry(const PrivateVenue& venue) {
  std::int64_t found = 0;
  for (const auto& text : venue.said)
    if (const auto at = text.find(R"("args":[")"); text.find(R"("op":"auth")") != std::string::npos)
      found = std::stoll(text.substr(text.find("\",", at) + 2));
  return found;
}

} // namespace

TEST_CASE("P12: signing recovers within 10 s of a jump of our clock, and trading waits until it is "
          "right again") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  std::size_t jumps = 0, signed_after = 0;
  std::chrono::milliseconds longest{0};
  for (const std::chrono::milliseconds jump : {1'000ms, -1'000ms, 3'600'000ms, -3'600'000ms}) {
    CAPTURE(jump.count());
    const auto before = world.venue.stamped;
    const auto signed_in = world.venue.times_said(R"("op":"auth")");
    world.sim.set_by = jump;
    world.sim.advance(200ms);
    CHECK(world.gateway_state() == "closed");
    CHECK(world.account().reason.find("clock") != std::string::npos);
    CHECK_FALSE(world.submit());
    // The stream is lost at the worst moment: it must sign in anew by the wrong clock.
    world.venue.cut();
    REQUIRE(world.sim.until([&] { return world.feed_state() == "live"; }, 10s));
    longest = std::max(longest, world.sim.took);
    REQUIRE(world.venue.times_said(R"("op":"auth")") == signed_in + 1);
    const auto left = expiry(world.venue) - core::to_millis(world.sim.true_time());
    CHECK(left > 5'000);
    CHECK(left <= 10'000);
    world.sim.advance(30s);
    CHECK(world.venue.stamped > before); // the account is compared all the same
    CHECK(world.gateway_state() == "closed");
    signed_after += world.venue.stamped - before;
    world.sim.set_by = 0ms;
    CHECK(world.opens(10s));
    longest = std::max(longest, world.sim.took);
    ++jumps;
  }
  CHECK(world.submit());
  CHECK(world.venue.stamped_wrong == 0);
  CHECK(world.told("KEY_REFUSED") == 0);
  MESSAGE("P12: " << jumps << " jumps of our clock, " << signed_after
                  << " requests signed while it was wrong, " << world.venue.stamped_wrong
                  << " of them outside the venue's window; trading was blocked each time and "
                     "resumed at most "
                  << longest.count() << " ms after it was set right");
}

} // namespace tandem::tests
