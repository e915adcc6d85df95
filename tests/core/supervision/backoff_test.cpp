// How long one waits before the next try.
#include "core/supervision/backoff.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <chrono>
#include <cstdint>
#include <limits>

using namespace tandem::core::supervision;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr BackoffLimits limits{.first = 250ms, .cap = 30'000ms, .healthy_after = 60'000ms};
/// Odd ceilings give either end for the largest and the smallest remainder.
constexpr std::uint64_t lowest = 0;

/// The largest wait that any random bits give. @param ceiling as expected.
std::uint64_t highest(milliseconds ceiling) {
  return static_cast<std::uint64_t>((ceiling - ceiling / 2).count());
}

} // namespace

TEST_CASE("the ceiling doubles with each failure in a row until the cap") {
  Backoff low{limits};
  Backoff high{limits};
  for (const auto ceiling :
       {250ms, 500ms, 1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms, 30'000ms, 30'000ms, 30'000ms}) {
    CHECK(low.next(lowest, 0s) == ceiling / 2);
    CHECK(high.next(highest(ceiling), 0s) == ceiling);
  }
  CHECK(low.failures() == 10);
}

TEST_CASE("a healthy run starts the waits anew, one just below it does not") {
  Backoff backoff{limits};
  for (int n = 0; n < 5; ++n)
    (void)backoff.next(lowest, 0s);
  SUBCASE("just below") {
    CHECK(backoff.next(lowest, 60s - 1ns) == 4'000ms);
  }
  SUBCASE("at it") {
    CHECK(backoff.next(lowest, 60s) == 125ms);
    CHECK(backoff.failures() == 1);
    CHECK(backoff.next(lowest, 0s) == 250ms);
  }
  SUBCASE("on request") {
    backoff.reset();
    CHECK(backoff.failures() == 0);
    CHECK(backoff.next(lowest, 0s) == 125ms);
  }
}

TEST_CASE("a thousand failures stay at the cap, even at one that fills 64 bits") {
  const milliseconds largest{std::numeric_limits<std::int64_t>::max()};
  for (const auto cap : {30'000ms, largest}) {
    Backoff backoff{{.first = 250ms, .cap = cap, .healthy_after = largest}};
    for (int n = 0; n < 1'000; ++n)
      (void)backoff.next(lowest, std::chrono::nanoseconds::max());
    CHECK(backoff.failures() == 1'000);
    CHECK(backoff.next(lowest, 0s) == cap / 2);
  }
}

TEST_CASE("odd limits give sane waits") {
  SUBCASE("a cap below the first wait holds") {
    Backoff backoff{{.first = 1'000ms, .cap = 100ms}};
    CHECK(backoff.next(highest(100ms), 0s) == 100ms);
  }
  SUBCASE("nothing waits less than nothing") {
    Backoff backoff{{.first = 0ms, .cap = 0ms}};
    for (std::uint64_t random = 0; random < 10; ++random) {
      const auto wait = backoff.next(random, 0s);
      CHECK(wait >= 0ms);
      CHECK(wait <= 1ms);
    }
  }
}

TEST_CASE("every wait is between half its ceiling and its ceiling") {
  CHECK(rc::check("ceiling / 2 <= wait <= ceiling <= cap", [] {
    const BackoffLimits any{.first = milliseconds{*rc::gen::inRange(1, 10'000)},
                            .cap = milliseconds{*rc::gen::inRange(10'000, 1'000'000)}};
    Backoff backoff{any};
    auto ceiling = any.first;
    for (int n = 0; n < 20; ++n) {
      const auto wait = backoff.next(*rc::gen::arbitrary<std::uint64_t>(), 0s);
      RC_ASSERT(wait >= ceiling / 2);
      RC_ASSERT(wait <= ceiling);
      ceiling = std::min(any.cap, ceiling * 2);
    }
  }));
}

TEST_CASE("waits are spread over the whole of their range") {
  // 250 ms: 125..250, each from the random bits that are its remainder.
  Backoff backoff{limits};
  for (std::uint64_t random = 0; random <= 125; ++random) {
    backoff.reset();
    CHECK(backoff.next(random, 0s) == milliseconds{125 + random});
  }
}
