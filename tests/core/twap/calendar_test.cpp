// When a plan may trade: sessions of a week to the millisecond, and against a model that looks at
// every minute.
#include "core/twap/calendar.hpp"

#include "tests/nightly.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <utility>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::twap;
using namespace std::chrono_literals;

namespace {

constexpr UnixMillis minute = 60'000, hour = 60 * minute, day = 24 * hour, week = 7 * day;
constexpr UnixMillis monday = 1'699'833'600'000; ///< 2023-11-13 00:00 UTC
constexpr UnixMillis never = std::numeric_limits<UnixMillis>::max();
constexpr UnixMillis first_instant = std::numeric_limits<UnixMillis>::min();
constexpr std::uint8_t workdays = 0x1f, sunday = 0x40;

Calendar calendar_of(std::vector<Session> sessions, std::chrono::minutes offset = 0min) {
  return {.sessions = std::move(sessions), .utc_offset = offset};
}

/// Looks at each minute by itself, as one would explain a session.
class MinuteModel {
public:
  explicit MinuteModel(const Calendar& calendar)
      : offset_{std::chrono::milliseconds{calendar.utc_offset}.count()} {
    for (int weekday = 0; weekday < 7; ++weekday)
      for (int m = 0; m < 1440; ++m)
        for (const auto& session : calendar.sessions)
          if (covers(session, weekday, m))
            open_[static_cast<std::size_t>(weekday) * 1440 + static_cast<std::size_t>(m)] = true;
  }

  [[nodiscard]] bool is_open(UnixMillis at) const {
    const auto local = at + offset_ - monday;
    return open_[static_cast<std::size_t>(((local % week) + week) % week / minute)];
  }

  [[nodiscard]] UnixMillis next_open(UnixMillis at) const {
    while (!is_open(at))
      at = end_of_minute(at);
    return at;
  }

  [[nodiscard]] UnixMillis after(UnixMillis at, std::int64_t left) const {
    for (at = next_open(at); left >= end_of_minute(at) - at; at = next_open(end_of_minute(at)))
      left -= end_of_minute(at) - at;
    return at + left;
  }

  [[nodiscard]] std::int64_t open_between(UnixMillis from, UnixMillis until) const {
    std::int64_t sum = 0;
    for (; from < until; from = end_of_minute(from))
      if (is_open(from))
        sum += std::min(end_of_minute(from), until) - from;
    return sum;
  }

private:
  static bool covers(const Session& session, int weekday, int m) {
    const auto begins_on = [&](int d) { return (session.days >> ((d + 7) % 7) & 1) != 0; };
    const auto from = session.from.count();
    const auto until = session.until.count();
    if (until > from)
      return begins_on(weekday) && m >= from && m < until;
    return (begins_on(weekday) && m >= from) || (begins_on(weekday - 1) && m < until);
  }

  static UnixMillis end_of_minute(UnixMillis at) { return at + minute - at % minute; }

  std::int64_t offset_;
  std::array<bool, 7 * 1440> open_{};
};

template <class Number>
Number pick(std::mt19937_64& random, Number least, Number most) {
  return least + static_cast<Number>(random() % static_cast<std::uint64_t>(most - least + 1));
}

/// 1 to 4 sessions, often meeting, overlapping or going over midnight; a day at least in each.
Calendar any_calendar(std::mt19937_64& random) {
  Calendar calendar;
  const auto grain = random() % 2 == 0 ? 1 : 240; // coarse ones meet
  const auto count = pick(random, 1, 4);
  for (int n = 0; n < count; ++n)
    calendar.sessions.push_back(
        {.from = std::chrono::minutes{pick(random, 0, 1439) / grain * grain},
         .until = std::chrono::minutes{pick(random, 1, 1440 / grain) * grain},
         .days = static_cast<std::uint8_t>(random() % 3 == 0 ? 0x7f : pick(random, 1, 0x7f))});
  if (random() % 2 == 0)
    calendar.utc_offset = std::chrono::minutes{pick(random, -840, 840)};
  return calendar;
}

} // namespace

TEST_CASE("without sessions it is always open") {
  const Calendar always;
  CHECK(always.is_open(0));
  CHECK(always.next_open(-5) == -5);
  CHECK(always.after(monday, 90min) == monday + 90 * minute);
  CHECK(always.open_between(monday, monday + 7) == 7ms);
  CHECK(always.open_between(monday, monday - 7) == 0ms);
}

TEST_CASE("a session is open from its first millisecond until before its end") {
  const auto calendar = calendar_of({{.from = 9h, .until = 15h, .days = workdays}});
  CHECK(!calendar.is_open(monday + 9 * hour - 1));
  CHECK(calendar.is_open(monday + 9 * hour));
  CHECK(calendar.is_open(monday + 15 * hour - 1));
  CHECK(!calendar.is_open(monday + 15 * hour));
  CHECK(calendar.next_open(monday) == monday + 9 * hour);
  CHECK(calendar.next_open(monday + 15 * hour) == monday + day + 9 * hour);
  // Friday's end is followed by the next Monday.
  CHECK(calendar.next_open(monday + 4 * day + 15 * hour) == monday + week + 9 * hour);
}

TEST_CASE("closed hours do not count") {
  const auto calendar = calendar_of({{.from = 9h, .until = 15h, .days = workdays}});
  CHECK(calendar.after(monday, 0ms) == monday + 9 * hour);
  CHECK(calendar.after(monday, 6h - 1ms) == monday + 15 * hour - 1);
  // What ends with the session is at the next opening: never in a closed hour.
  CHECK(calendar.after(monday, 6h) == monday + day + 9 * hour);
  CHECK(calendar.after(monday, 30h) == monday + week + 9 * hour);
  CHECK(calendar.after(monday + 10 * hour, 30h * 1'000) == monday + 1'000 * week + 10 * hour);
  CHECK(calendar.open_between(monday, monday + week) == 30h);
  CHECK(calendar.open_between(monday + 14 * hour, monday + day + 10 * hour) == 2h);
  CHECK(calendar.open_between(monday + 10 * hour, monday + 1'000 * week + 11 * hour)
        == 30h * 1'000 + 1h);
}

TEST_CASE("a session goes on over midnight, and over the end of the week") {
  const auto calendar = calendar_of({{.from = 22h, .until = 4h, .days = sunday}});
  CHECK(!calendar.is_open(monday - 2 * hour - 1));
  CHECK(calendar.is_open(monday - 2 * hour));
  CHECK(calendar.is_open(monday));
  CHECK(calendar.is_open(monday + 4 * hour - 1));
  CHECK(!calendar.is_open(monday + 4 * hour));
  CHECK(calendar.open_between(monday - day, monday + day) == 6h);
  CHECK(calendar.after(monday - 2 * hour, 3h) == monday + hour);
}

TEST_CASE("until midnight may be written 24:00 or 00:00; from and until alike are a whole day") {
  for (const std::chrono::minutes until : {std::chrono::minutes{24h}, 0min}) {
    const auto calendar = calendar_of({{.from = 20h, .until = until, .days = 1}});
    CHECK(calendar.is_open(monday + day - 1));
    CHECK(!calendar.is_open(monday + day));
    CHECK(calendar.open_between(monday, monday + week) == 4h);
  }
  const auto calendar = calendar_of({{.from = 8h, .until = 8h, .days = 1}});
  CHECK(calendar.open_between(monday, monday + week) == 24h);
}

TEST_CASE("sessions that overlap or meet are one") {
  const auto calendar = calendar_of({{.from = 12h, .until = 14h},
                                     {.from = 9h, .until = 12h},
                                     {.from = 10h, .until = 11h},
                                     {.from = 9h, .until = 12h}});
  CHECK(calendar.open_between(monday, monday + day) == 5h);
  CHECK(calendar.after(monday + 9 * hour, 4h) == monday + 13 * hour);
}

TEST_CASE("whole days on all days are always open") {
  const Calendar always;
  for (const auto& calendar :
       {calendar_of({{.from = 0min, .until = 24h}}), calendar_of({{.from = 7h, .until = 7h}}, -5h)})
    for (const UnixMillis at : {monday - 1, monday, monday + 5 * hour, monday + week - 1}) {
      CHECK(calendar.is_open(at));
      CHECK(calendar.next_open(at) == at);
      for (const std::chrono::milliseconds time : {0ms, 1ms, 86'400'000ms, 6'048'000'001ms}) {
        CHECK(calendar.after(at, time) == always.after(at, time));
        CHECK(calendar.open_between(at, at + time.count()) == time);
      }
    }
}

TEST_CASE("an offset moves the local day, to both sides") {
  const std::vector<Session> mondays{{.from = 0min, .until = 1h, .days = 1}};
  CHECK(calendar_of(mondays, 8h).is_open(monday - 8 * hour));
  CHECK(!calendar_of(mondays, 8h).is_open(monday));
  CHECK(calendar_of(mondays, -5h).is_open(monday + 5 * hour));
  CHECK(!calendar_of(mondays, -5h).is_open(monday));
  CHECK(calendar_of(mondays, -14h).next_open(0) == 4 * day + 14 * hour); // 1970-01-05 was Monday
}

TEST_CASE("sessions without a day never open") {
  const auto calendar = calendar_of({{.from = 9h, .until = 15h, .days = 0}});
  for (const UnixMillis at : {first_instant, UnixMillis{0}, monday, never}) {
    CHECK(!calendar.is_open(at));
    CHECK(calendar.next_open(at) == never);
    CHECK(calendar.after(at, 1ms) == never);
    CHECK(calendar.open_between(at, never) == 0ms);
  }
}

TEST_CASE("times at the ends of 64 bits stay within them") {
  for (const auto& calendar :
       {Calendar{}, calendar_of({{.from = 9h, .until = 9h + 1min, .days = 1}}, 14h),
        calendar_of({{.from = 22h, .until = 4h}}, -14h)}) {
    const auto longest = std::chrono::milliseconds{never};
    CHECK(calendar.after(monday, longest) == never);
    CHECK(calendar.after(never, longest) == never);
    CHECK(calendar.next_open(first_instant) <= first_instant + week);
    CHECK(calendar.next_open(never - 1) >= never - 1);
    CHECK(calendar.open_between(first_instant, never) > 0ms);
    CHECK(calendar.open_between(first_instant, first_instant + week)
          == calendar.open_between(0, week));
    CHECK(calendar.open_between(never - week, never) == calendar.open_between(0, week));
  }
  CHECK(Calendar{}.open_between(first_instant, never) == std::chrono::milliseconds{never});
}

TEST_CASE("any calendar is what a look at every minute says") {
  const auto wanted = tandem::tests::cases(2'000, 200'000);
  for (std::uint64_t seed = 1; seed <= wanted; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto calendar = any_calendar(random);
    const MinuteModel model{calendar};
    for (int turn = 0; turn < 4; ++turn) {
      auto from = monday + pick<UnixMillis>(random, 0, 2 * week);
      if (random() % 3 == 0) // at the borders of minutes, and beside them
        from = from / minute * minute + pick<UnixMillis>(random, -1, 1);
      if (random() % 2 == 0)
        from = model.next_open(from);
      CAPTURE(from);
      REQUIRE(calendar.is_open(from) == model.is_open(from));
      REQUIRE(calendar.next_open(from) == model.next_open(from));
      const auto until = from + pick<UnixMillis>(random, -hour, 2 * week);
      REQUIRE(calendar.open_between(from, until).count() == model.open_between(from, until));
      auto time = pick<std::int64_t>(random, 0, 10 * hour);
      if (random() % 2 == 0) // to the very end of open hours
        time = std::max<std::int64_t>(0, calendar.open_between(from, until).count());
      REQUIRE(calendar.after(from, std::chrono::milliseconds{time}) == model.after(from, time));
    }
  }
}

TEST_CASE("any calendar: after and open_between are each other's inverse over years") {
  const auto wanted = tandem::tests::cases(10'000, 1'000'000);
  for (std::uint64_t seed = 1; seed <= wanted; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto calendar = any_calendar(random);
    const auto from = pick<UnixMillis>(random, -1'000 * week, 4'000 * week);
    const std::chrono::milliseconds time{pick<std::int64_t>(random, 0, 50 * week)};
    const auto at = calendar.after(from, time);
    REQUIRE(calendar.is_open(at));
    REQUIRE(calendar.open_between(from, at) == time);
    REQUIRE(calendar.open_between(from, at + 1) == time + 1ms);
  }
}
