#include "core/klines/interval.hpp"

#include "core/types/blanks.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tandem::core::klines {
namespace {

constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day_seconds = 24 * hour;
constexpr std::int64_t week = 7 * day_seconds;
constexpr std::int64_t month = 30 * day_seconds;
constexpr std::int64_t year = 365 * day_seconds;

/// 0 for a letter that is no unit.
std::int64_t seconds_of(char unit) noexcept {
  switch (unit) {
  case 'm':
    return minute;
  case 'h':
    return hour;
  case 'd':
    return day_seconds;
  case 'w':
    return week;
  case 'M':
    return month;
  case 'y':
    return year;
  }
  return 0;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t bytes_max = 16;
  std::string result{"'"};
  for (const char c : text.substr(0, bytes_max))
    result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > bytes_max ? "...'" : "'");
}

} // namespace

Result<Interval> Interval::parse(std::string_view text) {
  const auto refused = [text] {
    return fail(Errc::validation_error,
                quoted(text) + " is not an interval: write a count and one of m, h, d, w, M, y");
  };
  if (text.size() < 2 || text.front() < '1' || text.front() > '9')
    return refused();
  const auto unit = seconds_of(text.back());
  const char* end = text.data() + text.size() - 1;
  std::int64_t count = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  if (unit == 0 || stopped != end)
    return refused();
  if (error != std::errc{} || count > intervals_years_max * year / unit)
    return fail(Errc::validation_error,
                quoted(text) + " is longer than " + std::to_string(intervals_years_max) + " years");
  return Interval{std::string{text}, count * unit};
}

Interval Interval::day() {
  return Interval{"1d", day_seconds};
}

UnixMillis Interval::bucket(UnixMillis time) const noexcept {
  const auto size = millis();
  return time - ((time % size) + size) % size;
}

Result<std::vector<Interval>> parse_intervals(std::string_view list) {
  std::vector<Interval> result;
  if (trimmed(list).empty())
    return result;
  while (true) {
    const auto comma = list.find(',');
    auto item = Interval::parse(trimmed(list.substr(0, comma)));
    if (!item)
      return tl::unexpected<Error>{std::move(item).error()};
    if (std::ranges::find(result, *item) == result.end())
      result.push_back(std::move(*item));
    if (comma == std::string_view::npos)
      return result;
    list.remove_prefix(comma + 1);
  }
}

bool offered(const Interval& wanted, const Interval& base) noexcept {
  return wanted == base || wanted.made_of(base);
}

} // namespace tandem::core::klines
