/// The lag of a sink: what waits, since it was taken.
#include "core/sinks/waiting_age.hpp"

#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;
using tandem::core::MonoTime;
using tandem::core::sinks::WaitingAge;

constexpr MonoTime start{1h};

TEST_CASE("a sink lags by the oldest record that waits, and not at all when none does") {
  WaitingAge lag;
  CHECK(lag.age(start) == 0ns);
  lag.on_taken(10, start);
  lag.on_taken(20, start + 1s);
  CHECK(lag.age(start + 3s) == 3s);
  lag.on_done(9);
  CHECK(lag.age(start + 3s) == 3s);
  lag.on_done(10);
  CHECK(lag.age(start + 3s) == 2s);
  lag.on_done(20);
  CHECK(lag.age(start + 3s) == 0ns);
}

TEST_CASE("a record that comes after a long silence is not as old as the silence") {
  WaitingAge lag;
  lag.on_taken(1, start);
  lag.on_done(1);
  lag.on_taken(2, start + 1h);
  CHECK(lag.age(start + 1h + 10ms) == 10ms);
}

TEST_CASE("the oldest of a moment counts") {
  WaitingAge lag;
  lag.on_taken(1, start);
  lag.on_taken(2, start + 49ms);
  lag.on_done(1);
  CHECK(lag.age(start + 100ms) == 100ms); // never too young
}

TEST_CASE("a day of outage fits, and its lag stays right") {
  WaitingAge lag;
  constexpr std::uint64_t count = 1'000'000;
  for (std::uint64_t n = 1; n <= count; ++n)
    lag.on_taken(n, start + n * 86ms);
  CHECK(lag.age(start + count * 86ms) == (count - 1) * 86ms);
  lag.on_done(count / 2);
  const auto half = lag.age(start + count * 86ms);
  CHECK(half >= count / 2 * 86ms - 86ms);
  CHECK(half < count / 2 * 86ms + 1min);
  lag.on_done(count);
  CHECK(lag.age(start + count * 86ms) == 0ns);
}

} // namespace
