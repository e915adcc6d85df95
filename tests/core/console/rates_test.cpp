#include "core/console/rates.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace tandem::core::console;
using tandem::core::MonoTime;

TEST_CASE("a rate is what came since the last look, in tenths a second") {
  RateMeter meter;
  const MonoTime t0{100s};
  CHECK(meter.look({{"feed", 1'000}}, t0).empty());
  CHECK(meter.look({{"feed", 1'500}, {"new", 7}}, t0 + 2s) == Rates{{"feed", 2'500}});
  CHECK(meter.look({{"feed", 1'501}, {"new", 7}}, t0 + 4s) == Rates{{"feed", 5}, {"new", 0}});
  SUBCASE("a count that began anew has none") {
    CHECK(meter.look({{"feed", 3}}, t0 + 6s).empty());
  }
  SUBCASE("two looks at once divide by nothing") {
    CHECK(meter.look({{"feed", 1'600}}, t0 + 4s).empty());
  }
}
