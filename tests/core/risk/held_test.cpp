/// What stands in the way of every order, asked once instead of with each order.
#include "tests/core/risk/gated.hpp"

using namespace tandem::core;
using namespace tandem::core::risk;
using tandem::tests::Gated;

TEST_CASE("a switch, a pause of the venue or of the strategy holds its scope and says so") {
  Gated gated;
  auto& gate = gated.gate;
  const VenueId binance{"binance"}, bybit{"bybit"};
  CHECK(gate.held("pair", binance).empty());
  gate.set_pause("pair", "person", "drill");
  CHECK(gate.held("pair", binance) == "paused by person: drill");
  CHECK(gate.held("other", binance).empty());
  gate.set_pause("pair", "person", "");
  gate.set_scope_pause(KillLevel::venue, "binance", "breaker.venue.binance", "3 failures");
  CHECK(gate.held("pair", binance) == "paused by breaker.venue.binance: 3 failures");
  CHECK(gate.held("pair", bybit).empty());
  KillOrder order;
  order.level = KillLevel::all;
  order.person = "ann";
  order.reason = "drill";
  REQUIRE(gate.kills().kill(order));
  CHECK(gate.held("pair", bybit) == "kill switch, thrown by ann: drill");
  REQUIRE(gate.kills().release(KillLevel::all, ""));
  CHECK(gate.held("pair", bybit).empty());
}
