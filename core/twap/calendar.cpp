#include "core/twap/calendar.hpp"

#include "core/types/decimal.hpp"

#include <algorithm>
#include <limits>

namespace tandem::core::twap {
namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t day = 24 * 60 * minute;
constexpr std::int64_t week = 7 * day;
constexpr std::int64_t monday = 4 * day; ///< 1970-01-05; the epoch was a Thursday
constexpr UnixMillis never = std::numeric_limits<UnixMillis>::max();

/// Open from `begin` until `end`, in milliseconds of a week that begins on Monday.
struct Window {
  std::int64_t begin = 0, end = 0;
};

/// The open windows of a week, sorted, apart from each other, within it.
std::vector<Window> windows_of(const Calendar& calendar) {
  std::vector<Window> found;
  for (const auto& session : calendar.sessions) {
    const auto from = std::chrono::milliseconds{session.from}.count();
    auto until = std::chrono::milliseconds{session.until}.count();
    if (until <= from)
      until += day;
    for (int weekday = 0; weekday < 7; ++weekday) {
      if ((session.days >> weekday & 1U) == 0)
        continue;
      const auto begin = weekday * day + from;
      const auto end = weekday * day + until;
      found.push_back({begin, std::min(end, week)});
      if (end > week) // Sunday night goes on on Monday
        found.push_back({0, end - week});
    }
  }
  std::ranges::sort(found, {}, &Window::begin);
  std::vector<Window> joined;
  for (const auto& window : found) {
    if (!joined.empty() && window.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, window.end);
    else
      joined.push_back(window);
  }
  return joined;
}

std::int64_t open_of(const std::vector<Window>& windows) {
  std::int64_t sum = 0;
  for (const auto& window : windows)
    sum += window.end - window.begin;
  return sum;
}

/// An instant as the beginning of its local week and how far it is in it. The beginning is wide:
/// the first week of all begins before the first instant of 64 bits.
struct Place {
  Int128 week_begin = 0;
  std::int64_t into = 0;
};

Place place_of(UnixMillis at, const Calendar& calendar) noexcept {
  const auto offset = std::chrono::milliseconds{calendar.utc_offset}.count();
  auto into = (at % week + offset - monday) % week;
  if (into < 0)
    into += week;
  return {static_cast<Int128>(at) - into, into};
}

/// What is beyond 64 bits ends at their end.
std::int64_t narrow(Int128 value) noexcept {
  return static_cast<std::int64_t>(
      std::clamp<Int128>(value, std::numeric_limits<std::int64_t>::min(), never));
}

} // namespace

bool Calendar::is_open(UnixMillis at) const noexcept {
  if (sessions.empty())
    return true;
  const auto into = place_of(at, *this).into;
  return std::ranges::any_of(windows_of(*this), [into](const Window& window) {
    return into >= window.begin && into < window.end;
  });
}

UnixMillis Calendar::next_open(UnixMillis at) const noexcept {
  if (sessions.empty())
    return at;
  const auto windows = windows_of(*this);
  if (windows.empty())
    return never;
  const auto [begin, into] = place_of(at, *this);
  for (const auto& window : windows)
    if (into < window.end)
      return narrow(std::max<Int128>(at, begin + window.begin));
  return narrow(begin + week + windows.front().begin);
}

UnixMillis Calendar::after(UnixMillis from, std::chrono::milliseconds open_time) const noexcept {
  auto left = std::max<std::int64_t>(0, open_time.count());
  if (sessions.empty())
    return narrow(static_cast<Int128>(from) + left);
  const auto windows = windows_of(*this);
  const auto each_week = open_of(windows);
  if (each_week == 0)
    return never;
  auto [begin, into] = place_of(from, *this);
  // Whole weeks bring one to the same place of the week.
  begin += static_cast<Int128>(left / each_week) * week;
  left %= each_week;
  // Less than a week's open time is left: it ends in this week or before `into` of the next one.
  for (int turn = 0; turn < 2; ++turn, begin += week, into = 0)
    for (const auto& window : windows) {
      const auto here = std::max(into, window.begin);
      if (here >= window.end)
        continue;
      if (left < window.end - here)
        return narrow(begin + here + left);
      left -= window.end - here;
    }
  return never; // not reached
}

std::chrono::milliseconds Calendar::open_between(UnixMillis from, UnixMillis until) const noexcept {
  if (until <= from)
    return std::chrono::milliseconds{0};
  if (sessions.empty())
    return std::chrono::milliseconds{narrow(static_cast<Int128>(until) - from)};
  const auto windows = windows_of(*this);
  // Open time since the beginning of an instant's own week.
  const auto open_before = [&](std::int64_t into) {
    std::int64_t sum = 0;
    for (const auto& window : windows)
      sum += std::clamp<std::int64_t>(into - window.begin, 0, window.end - window.begin);
    return sum;
  };
  const auto first = place_of(from, *this);
  const auto last = place_of(until, *this);
  const auto weeks = (last.week_begin - first.week_begin) / week;
  return std::chrono::milliseconds{
      narrow(weeks * open_of(windows) + open_before(last.into) - open_before(first.into))};
}

} // namespace tandem::core::twap
