#include "core/twap/calendar.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

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
    if (window.begin == window.end)
      continue;
    if (!joined.empty() && window.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, window.end);
    else
      joined.push_back(window);
  }
  return joined;
}

std::int64_t open_time(const std::vector<Window>& windows) {
  std::int64_t sum = 0;
  for (const auto& window : windows)
    sum += window.end - window.begin;
  return sum;
}

/// An instant as the beginning of its local week and how far it is in it.
std::pair<UnixMillis, std::int64_t> in_week(UnixMillis at, const Calendar& calendar) {
  const auto offset = std::chrono::milliseconds{calendar.utc_offset}.count();
  const auto local = at + offset - monday;
  const auto into = (local % week + week) % week;
  return {at - into, into};
}

} // namespace

bool Calendar::is_open(UnixMillis at) const noexcept {
  return next_open(at) == at;
}

UnixMillis Calendar::next_open(UnixMillis at) const noexcept {
  if (sessions.empty())
    return at;
  const auto windows = windows_of(*this);
  if (windows.empty())
    return never;
  const auto [begin, into] = in_week(at, *this);
  for (const auto& window : windows)
    if (into < window.end)
      return std::max(at, begin + window.begin);
  return begin + week + windows.front().begin;
}

UnixMillis Calendar::after(UnixMillis from, std::chrono::milliseconds open_for) const noexcept {
  if (sessions.empty())
    return from + open_for.count();
  const auto windows = windows_of(*this);
  const auto each_week = open_time(windows);
  if (each_week == 0)
    return never;
  auto [begin, into] = in_week(next_open(from), *this);
  auto left = open_for.count();
  // Whole weeks bring one to the same place of the week.
  begin += left / each_week * week;
  left %= each_week;
  for (std::size_t turn = 0; turn < 2; ++turn, begin += week, into = 0)
    for (const auto& window : windows) {
      const auto here = std::max(into, window.begin);
      if (here >= window.end)
        continue;
      if (left < window.end - here)
        return begin + here + left;
      left -= window.end - here;
    }
  return begin + windows.front().begin + left;
}

std::chrono::milliseconds Calendar::open_between(UnixMillis from, UnixMillis until) const noexcept {
  if (until <= from)
    return std::chrono::milliseconds{0};
  if (sessions.empty())
    return std::chrono::milliseconds{until - from};
  const auto windows = windows_of(*this);
  // Open time since the beginning of an instant's own week.
  const auto open_before = [&](std::int64_t into) {
    std::int64_t sum = 0;
    for (const auto& window : windows)
      sum += std::max<std::int64_t>(0, std::min(into, window.end) - window.begin);
    return sum;
  };
  const auto [first, first_into] = in_week(from, *this);
  const auto [last, last_into] = in_week(until, *this);
  return std::chrono::milliseconds{(last - first) / week * open_time(windows)
                                   + open_before(last_into) - open_before(first_into)};
}

} // namespace tandem::core::twap
