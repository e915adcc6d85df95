// Sessions of the week against a model that looks at every minute.
#include "core/twap/calendar.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

using namespace tandem::core;
using namespace tandem::core::twap;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t day = 1'440 * minute;
constexpr UnixMillis monday = 1'700'438'400'000; ///< 2023-11-20, 00:00 UTC

/// Every session of every day, asked one by one.
bool open_by_model(const Calendar& calendar, UnixMillis at) {
  if (calendar.sessions.empty())
    return true;
  const auto local = at + calendar.utc_offset.count() * minute;
  for (const auto& session : calendar.sessions) {
    auto length = (session.until - session.from).count();
    if (length <= 0)
      length += 1'440;
    for (int back = 0; back <= 1; ++back) { // begun today or yesterday
      const auto date = local / day - back;
      const auto weekday = (date + 3) % 7;
      const auto begin = date * day + session.from.count() * minute;
      if ((session.days >> weekday & 1) != 0 && local >= begin && local < begin + length * minute)
        return true;
    }
  }
  return false;
}

Calendar futures() {
  // TXF: 08:45-13:45 and 15:00-05:00, Monday to Friday, Taipei.
  return {{{525min, 825min, 0x1f}, {900min, 300min, 0x1f}}, 480min};
}

} // namespace

TEST_CASE("without sessions it is always open") {
  const Calendar always;
  CHECK(always.is_open(5));
  CHECK(always.next_open(5) == 5);
  CHECK(always.after(5, 10ms) == 15);
  CHECK(always.open_between(5, 15) == 10ms);
  CHECK(always.open_between(15, 5) == 0ms);
}

TEST_CASE("a day and a night session, over midnight and over the weekend") {
  const auto calendar = futures();
  const auto at = [](std::int64_t days, std::int64_t hours, std::int64_t minutes) {
    return monday + days * day + (hours * 60 + minutes - 480) * minute; // Taipei time
  };
  CHECK(calendar.is_open(at(0, 8, 45)));
  CHECK_FALSE(calendar.is_open(at(0, 13, 45)));
  CHECK(calendar.next_open(at(0, 13, 45)) == at(0, 15, 0));
  CHECK(calendar.is_open(at(1, 4, 59)));
  CHECK(calendar.next_open(at(1, 5, 0)) == at(1, 8, 45));
  CHECK(calendar.is_open(at(5, 4, 59)));                  // Saturday morning: Friday's night
  CHECK(calendar.next_open(at(5, 5, 0)) == at(7, 8, 45)); // Monday
  // Two minutes before the break, five minutes of open time: three of them after it.
  CHECK(calendar.after(at(0, 13, 43), 5min) == at(0, 15, 3));
  CHECK(calendar.open_between(at(0, 13, 43), at(0, 15, 3)) == 5min);
}

TEST_CASE("sessions of no day are never open") {
  const Calendar never{{{0min, 60min, 0}}, 0min};
  CHECK_FALSE(never.is_open(monday));
  CHECK(never.next_open(monday) == std::numeric_limits<UnixMillis>::max());
}

TEST_CASE("random calendars agree with the model, minute by minute") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    Calendar calendar;
    calendar.utc_offset = std::chrono::minutes{static_cast<int>(random() % 1'681) - 840};
    for (auto n = 1 + random() % 3; n > 0; --n)
      calendar.sessions.push_back({std::chrono::minutes{random() % 1'440},
                                   std::chrono::minutes{random() % 1'441},
                                   static_cast<std::uint8_t>(random() % 128)});
    std::int64_t open = 0;
    UnixMillis last_closed_from = monday;
    for (auto at = monday; at < monday + 8 * day; at += minute) {
      const bool expected = open_by_model(calendar, at);
      REQUIRE(calendar.is_open(at) == expected);
      REQUIRE(calendar.is_open(at + minute - 1) == expected);
      REQUIRE(calendar.open_between(monday, at).count() == open);
      if (!expected)
        continue;
      REQUIRE(calendar.after(monday, std::chrono::milliseconds{open}) == at);
      REQUIRE(calendar.next_open(last_closed_from) <= at);
      open += minute;
      last_closed_from = at;
    }
  }
}
