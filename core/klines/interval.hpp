/// Candle intervals as the price-stream interface names them, and the buckets they cut time into.
#pragma once

#include "core/result.hpp"
#include "core/types/time.hpp"

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::klines {

/// A whole number of minutes, hours, days, weeks, months of 30 days or years of 365 days. Equal
/// when equally long: "60m" is "1h", whatever it was written as.
class Interval {
public:
  /// "1m", "4h", "1d", "1w", "1M", "1y": a count without sign or leading zero and one letter; `m`
  /// is a minute, `M` a month. At most intervals_years_max years. Errors: validation_error.
  [[nodiscard]] static Result<Interval> parse(std::string_view text);

  [[nodiscard]] static Interval day();

  /// As it was written: it is part of names (crypto_price_5m).
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  [[nodiscard]] std::int64_t seconds() const noexcept { return seconds_; }

  [[nodiscard]] UnixMillis millis() const noexcept { return seconds_ * 1'000; }

  /// Begin of the bucket that `time` falls into: time - time mod interval, also before 1970. So
  /// weeks begin on Thursday at 00:00 UTC, and months and years are blocks of 30 and 365 days
  /// counted from the Unix epoch, not the calendar's.
  [[nodiscard]] UnixMillis bucket(UnixMillis time) const noexcept;

  /// Longer than `part` and a whole number of it.
  [[nodiscard]] bool made_of(const Interval& part) const noexcept {
    return seconds_ > part.seconds_ && seconds_ % part.seconds_ == 0;
  }

  friend bool operator==(const Interval& a, const Interval& b) noexcept {
    return a.seconds_ == b.seconds_;
  }

  friend std::strong_ordering operator<=>(const Interval& a, const Interval& b) noexcept {
    return a.seconds_ <=> b.seconds_;
  }

private:
  Interval(std::string text, std::int64_t seconds) : text_{std::move(text)}, seconds_{seconds} {}

  std::string text_;
  std::int64_t seconds_; ///< above 0
};

inline constexpr std::int64_t intervals_years_max = 100;

/// A comma list; blanks around items do not count, items of equal length are kept once. An empty
/// list is right. Errors: validation_error, naming the item.
[[nodiscard]] Result<std::vector<Interval>> parse_intervals(std::string_view list);

/// What a client may ask for: the base itself or a multiple of it.
[[nodiscard]] bool offered(const Interval& wanted, const Interval& base) noexcept;

} // namespace tandem::core::klines
