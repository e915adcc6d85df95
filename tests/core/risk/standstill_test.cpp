#include "core/risk/standstill.hpp"

#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

namespace tandem::tests {

using core::risk::Standstill;

TEST_CASE("a silence up to the limit is none, a longer one is counted once") {
  Standstill still{3s};
  const core::MonoTime mono{1h};
  const core::WallTime wall{1h};
  CHECK_FALSE(still.beat(mono, wall)); // nothing to measure against
  CHECK_FALSE(still.beat(mono + 3s, wall + 3s));
  CHECK(still.count() == 0);
  CHECK(still.beat(mono + 6'001ms, wall + 6'001ms) == 3'001ms);
  CHECK(still.count() == 1);
  CHECK_FALSE(still.beat(mono + 7s, wall + 7s));
  CHECK(still.count() == 1);
}

TEST_CASE("a suspended host is noticed by the clock that went on") {
  Standstill still{3s};
  const core::MonoTime mono{1h};
  const core::WallTime wall{1h};
  still.beat(mono, wall);
  CHECK(still.beat(mono + 50ms, wall + 1h));
  CHECK_FALSE(still.beat(mono + 100ms, wall)); // set back: nothing was missed
}

TEST_CASE("after a standstill a market is closed until it was compared, and only it is opened") {
  Gated gated;
  gated.gate.standstill().beat(gated.now.mono, gated.now.wall);
  CHECK(gated.ask(gated.buy()) == "approved");
  gated.wait(10s);
  // Whoever comes before the clock's next beat is refused as well.
  CHECK(gated.ask(gated.buy()) == "market_closed");
  gated.gate.standstill().beat(gated.now.mono, gated.now.wall);
  CHECK(gated.ask(gated.buy()) == "market_closed");
  CHECK(gated.ask(Gated::of_pair(gated.sell(), 1, core::orders::OrderPurpose::unwind))
        == "market_closed");
  gated.gate.standstill().compared(Gated::key().market(), 0); // asked for before it
  CHECK(gated.ask(gated.buy()) == "market_closed");
  gated.gate.standstill().compared(Gated::key().market(), 1);
  CHECK(gated.ask(gated.buy()) == "approved");
  CHECK(gated.ask(gated.buy(Gated::key("bybit"))) == "market_closed");
}

} // namespace tandem::tests
