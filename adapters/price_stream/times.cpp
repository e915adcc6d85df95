#include "adapters/price_stream/times.hpp"

#include "core/types/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace tandem::adapters::price_stream {
namespace {

using core::Errc;
using core::UnixMillis;
using namespace std::chrono;

constexpr std::int64_t seconds_max = 253'402'300'799; ///< 9999-12-31T23:59:59Z

struct Parts {
  year_month_day date;
  hh_mm_ss<microseconds> time;
};

Parts parts_of(microseconds since_epoch) {
  const sys_time<microseconds> time{since_epoch};
  const auto day = floor<days>(time);
  return {year_month_day{day}, hh_mm_ss<microseconds>{time - day}};
}

std::string date_and_time(const Parts& parts) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(parts.date.year()),
                     static_cast<unsigned>(parts.date.month()),
                     static_cast<unsigned>(parts.date.day()), parts.time.hours().count(),
                     parts.time.minutes().count(), parts.time.seconds().count());
}

microseconds micros(core::WallTime time) {
  return floor<microseconds>(time.time_since_epoch());
}

/// Reads exactly `count` digits at the front and drops them.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  if (text.size() < count)
    return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c))
    return false;
  text.remove_prefix(1);
  return true;
}

/// ".5" and the like; nothing there is zero.
std::optional<milliseconds> fraction(std::string_view& text) {
  if (!take(text, '.'))
    return milliseconds{0};
  int scale = 100;
  int value = 0;
  std::size_t count = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    value += (text.front() - '0') * scale;
    scale /= 10;
    ++count;
  }
  constexpr std::size_t digits_max = 9;
  if (count == 0 || count > digits_max)
    return std::nullopt;
  return milliseconds{value};
}

/// "Z", "+08:00", "+0800" or nothing: east of UTC.
std::optional<minutes> zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z'))
    return minutes{0};
  const bool west = text.front() == '-';
  if (!west && text.front() != '+' && text.front() != ' ') // '+' in a query is a blank
    return std::nullopt;
  text.remove_prefix(1);
  const auto hour = digits(text, 2);
  take(text, ':');
  const auto minute = digits(text, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59)
    return std::nullopt;
  const minutes offset{*hour * 60 + *minute};
  return west ? -offset : offset;
}

std::optional<milliseconds> clock(std::string_view& text) {
  const auto hour = digits(text, 2);
  if (!hour || !take(text, ':'))
    return std::nullopt;
  const auto minute = digits(text, 2);
  std::optional<int> second = 0;
  if (take(text, ':'))
    second = digits(text, 2);
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  const auto rest = fraction(text);
  const auto offset = zone(text);
  if (!rest || !offset || !text.empty())
    return std::nullopt;
  return hours{*hour} + minutes{*minute} + seconds{*second} + *rest - *offset;
}

std::optional<UnixMillis> iso(std::string_view text) {
  const auto y = digits(text, 4);
  if (!y || !take(text, '-'))
    return std::nullopt;
  const auto m = digits(text, 2);
  if (!m || !take(text, '-'))
    return std::nullopt;
  const auto d = digits(text, 2);
  if (!d)
    return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok())
    return std::nullopt;
  milliseconds time{0};
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, ' '))
      return std::nullopt;
    const auto of_day = clock(text);
    if (!of_day)
      return std::nullopt;
    time = *of_day;
  }
  return (sys_time<milliseconds>{sys_days{date}} + time).time_since_epoch().count();
}

std::optional<UnixMillis> unix_seconds(std::string_view text) {
  const auto value = core::Decimal::parse(text);
  if (!value || value->is_negative())
    return std::nullopt;
  const core::Int128 units = static_cast<core::Int128>(value->mantissa()) * 1'000;
  const auto millis = core::divide(units, core::pow10(value->decimals()), core::Rounding::down);
  if (millis > core::Int128{seconds_max} * 1'000)
    return std::nullopt;
  return static_cast<UnixMillis>(millis);
}

} // namespace

std::string iso_time(UnixMillis time) {
  const auto parts = parts_of(milliseconds{time});
  const auto rest = parts.time.subseconds().count();
  return date_and_time(parts) + (rest == 0 ? std::string{} : fmt::format(".{:06}", rest))
         + "+00:00";
}

std::string iso_stamp(core::WallTime time) {
  const auto parts = parts_of(micros(time));
  return fmt::format("{}.{:06}+00:00", date_and_time(parts), parts.time.subseconds().count());
}

std::string file_stamp(core::WallTime time) {
  const auto parts = parts_of(micros(time));
  return fmt::format("{:04}{:02}{:02}_{:02}{:02}{:02}", static_cast<int>(parts.date.year()),
                     static_cast<unsigned>(parts.date.month()),
                     static_cast<unsigned>(parts.date.day()), parts.time.hours().count(),
                     parts.time.minutes().count(), parts.time.seconds().count());
}

core::Result<UnixMillis> parse_time(std::string_view text) {
  constexpr std::size_t bytes_max = 40;
  if (text.size() <= bytes_max) {
    const auto time = text.find('-') == std::string_view::npos ? unix_seconds(text) : iso(text);
    if (time && *time >= 0)
      return *time;
  }
  return core::fail(Errc::validation_error, "must be Unix seconds or a date and time in ISO 8601");
}

} // namespace tandem::adapters::price_stream
