// How far the venue's clock is from ours.
#include "core/market/clock_offset.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using namespace tandem::core;
using namespace tandem::core::market;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr WallTime noon{std::chrono::hours{480'012}};

/// An answer whose round trip took no time. @param ahead venue clock minus ours.
bool add(ClockOffset& offset, milliseconds ahead) {
  return offset.add(to_millis(noon + ahead), noon, noon);
}

} // namespace

TEST_CASE("the venue's stamp is taken to be from the middle of the round trip") {
  ClockOffset offset;
  CHECK(offset.add(to_millis(noon + 130ms), noon, noon + 200ms));
  CHECK(offset.median() == 30ms);
}

TEST_CASE("before the first sample nothing is known and nothing is beyond") {
  const ClockOffset offset;
  CHECK(!offset.median().has_value());
  CHECK(!beyond(offset.median(), 0ms));
}

TEST_CASE("the median of the last five outlives two wild answers") {
  ClockOffset offset;
  for (const auto ahead : {10ms, 9'000ms, 12ms, -9'000ms, 11ms})
    CHECK(add(offset, ahead));
  CHECK(offset.median() == 11ms);
  SUBCASE("and the sixth pushes out the first") {
    CHECK(add(offset, 13ms)); // 9000, 12, -9000, 11, 13
    CHECK(offset.median() == 12ms);
    for (const auto ahead : {500ms, 500ms, 500ms})
      CHECK(add(offset, ahead));
    CHECK(offset.median() == 500ms);
  }
}

TEST_CASE("of an even number the median is the mean of the middle two") {
  ClockOffset offset;
  CHECK(add(offset, 10ms));
  CHECK(add(offset, 20ms));
  CHECK(offset.median() == 15ms);
  CHECK(add(offset, -100ms));
  CHECK(add(offset, 100ms));
  CHECK(offset.median() == 15ms);
}

TEST_CASE("an answer that took more than two seconds is not used") {
  ClockOffset offset;
  CHECK(offset.add(to_millis(noon), noon, noon + 2s));
  CHECK(!offset.add(to_millis(noon), noon, noon + 2s + 1ns));
  CHECK(!offset.add(to_millis(noon), noon, noon - 1ns)); // our clock was set back meanwhile
  CHECK(offset.median() == -1s);
}

TEST_CASE("an absurd stamp is not used when it does not fit, and else it is beyond") {
  ClockOffset offset;
  CHECK(!offset.add(std::numeric_limits<UnixMillis>::min(), noon, noon));
  CHECK(!offset.median().has_value());
  CHECK(offset.add(std::numeric_limits<UnixMillis>::max(), noon, noon));
  CHECK(beyond(offset.median(), 500ms));
}

TEST_CASE("the limit is exceeded above it and not at it, on either side") {
  for (const auto ahead : {500ms, -500ms}) {
    ClockOffset offset;
    CHECK(add(offset, ahead));
    CHECK(!beyond(offset.median(), 500ms));
    CHECK(beyond(offset.median(), 499ms));
  }
}
