/// Bars of one market made from its trades: one-minute and one-second ones are kept, all other
/// intervals and the 24-hour figures are sums of minutes.
#pragma once

#include "apps/tandem_sim/outlet.hpp"
#include "core/types/decimal.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace tandem::sim {

struct Trade {
  std::int64_t id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  core::UnixMillis at = 0;
  bool buyer_is_maker = false;
};

/// Amounts at the instrument's decimals; `quote` at price and quantity decimals together.
struct Bar {
  core::UnixMillis open_at = 0;
  std::int64_t open = 0, high = 0, low = 0, close = 0;
  std::int64_t volume = 0, taker_buy_volume = 0;
  core::Int128 quote = 0, taker_buy_quote = 0;
  std::int64_t trades = 0;
  std::int64_t first_id = -1, last_id = -1; ///< -1: no trade

  void add(const Trade& trade) noexcept;
  /// Takes up a later bar.
  void add(const Bar& later) noexcept;
};

/// How long a bar is and where it begins (UTC).
struct Interval {
  enum class Unit : std::uint8_t { fixed, month };
  Unit unit = Unit::fixed;
  core::UnixMillis length = 60'000; ///< fixed only
  core::UnixMillis offset = 0;      ///< weeks begin on Monday, the epoch was a Thursday

  [[nodiscard]] core::UnixMillis begin_of(core::UnixMillis at) const noexcept;
  [[nodiscard]] core::UnixMillis end_of(core::UnixMillis begin) const noexcept; ///< exclusive
};

/// "1m", "4h", "1M", ...; "1s" only where the venue has it.
[[nodiscard]] std::optional<Interval> binance_interval(std::string_view text, bool spot) noexcept;
/// "1", "240", "D", "W", "M".
[[nodiscard]] std::optional<Interval> bybit_interval(std::string_view text) noexcept;

class Bars {
public:
  /// @param price of the market at the start. @param minutes_kept at least one.
  Bars(std::int64_t price, std::size_t minutes_kept) noexcept
      : last_price_{price}, minutes_kept_{minutes_kept} {}

  /// A finished minute of the past; in order, before any trade.
  void add_history(const Bar& minute);
  void add(const Trade& trade);

  /// The bar of `interval` that `at` falls into, as traded so far; one without trades has the price
  /// before it. Nullopt when nothing is known that far back.
  [[nodiscard]] std::optional<Bar> bar(const Interval& interval, core::UnixMillis at) const;
  /// Sum of the 24 hours of minutes up to and with the one of `now`.
  [[nodiscard]] Bar day(core::UnixMillis now) const;

  [[nodiscard]] std::int64_t last_price() const noexcept { return last_price_; }

  /// Begin of the oldest minute.
  [[nodiscard]] core::UnixMillis oldest() const noexcept;

private:
  static void append(std::deque<Bar>& bars, const Trade& trade, core::UnixMillis length,
                     std::size_t kept);
  [[nodiscard]] std::optional<Bar> sum(const std::deque<Bar>& bars, core::UnixMillis begin,
                                       core::UnixMillis end) const;

  std::int64_t last_price_;
  std::size_t minutes_kept_;
  std::deque<Bar> minutes_; ///< only those with trades
  std::deque<Bar> seconds_;
};

} // namespace tandem::sim
