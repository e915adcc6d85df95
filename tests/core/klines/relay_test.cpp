#include "core/klines/relay.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem::core;
using namespace tandem::core::klines;

namespace {

const Symbol btc{"BTCUSDT"};
const Interval minute = Interval::parse("1m").value();
const Interval hour = Interval::parse("1h").value();

} // namespace

TEST_CASE("S1-62: prices go by the broker only while it is ready") {
  Relay relay;
  CHECK(relay.way() == Relay::Way::direct); // until it says that it is
  relay.on_broker(true);
  CHECK(relay.way() == Relay::Way::broker);
  relay.on_broker(false);
  CHECK(relay.way() == Relay::Way::direct);
}

TEST_CASE("frames of one millisecond have different stamps, and a clock that goes back makes none "
          "older") {
  Relay relay;
  CHECK(relay.stamp(btc, minute, 1'000) == 1'000);
  CHECK(relay.stamp(btc, minute, 1'000) == 1'001);
  CHECK(relay.stamp(btc, minute, 900) == 1'002);
  CHECK(relay.stamp(btc, hour, 1'000) == 1'000); // a line of its own
  CHECK(relay.stamp(btc, minute, 2'000) == 2'000);
}

TEST_CASE("a frame is news once, and never after a newer one of its symbol and interval") {
  Relay relay;
  CHECK(relay.is_news(btc, minute, 1'000));
  CHECK_FALSE(relay.is_news(btc, minute, 1'000));
  CHECK(relay.is_news(btc, minute, 1'002));
  CHECK_FALSE(relay.is_news(btc, minute, 1'001));
  CHECK(relay.is_news(btc, hour, 1'001));
  CHECK(relay.is_news(Symbol{"ETHUSDT"}, minute, 1));
}

TEST_CASE("a topic full of strange symbols takes no more memory than is allowed") {
  Relay relay;
  for (std::size_t n = 0; n < Relay::lines_max; ++n)
    REQUIRE(relay.is_news(Symbol{"S" + std::to_string(n)}, minute, 1));
  CHECK(relay.is_news(btc, minute, 1));
  CHECK(relay.is_news(btc, minute, 1)); // no room to remember it
  CHECK_FALSE(relay.is_news(Symbol{"S7"}, minute, 1));
}
