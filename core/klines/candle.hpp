/// A candle: what was traded of one symbol between two times, exact. The common shape of what a
/// venue's stream sends, its history answers, trades make, and longer intervals are summed up from.
#pragma once

#include "core/market/events.hpp"
#include "core/market/kline.hpp"
#include "core/types/decimal.hpp"
#include "core/types/ids.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace tandem::core::klines {

struct Candle {
  UnixMillis open_time = 0;
  Decimal open, high, low, close;
  Money volume{};               ///< base units
  std::int64_t trade_count = 0; ///< 0 where the venue sends none
  bool closed = false;          ///< final; an open candle is replaced by its next state

  friend bool operator==(const Candle&, const Candle&) = default;
};

[[nodiscard]] Candle to_candle(const market::Kline& kline);

/// @param scale of the bar's prices and quantities.
[[nodiscard]] Candle to_candle(const market::Bar& bar, Scale scale);

/// Candles of a history answer. It says nothing of which are final: those that ended before `now`
/// are. @param length of each.
[[nodiscard]] std::vector<Candle> to_candles(const std::vector<market::Kline>& klines,
                                             UnixMillis length, UnixMillis now);

/// `later` follows `first` in time: first's open, later's close, highest, lowest and both sums.
/// Open time and `closed` stay first's.
[[nodiscard]] Candle followed_by(Candle first, const Candle& later) noexcept;

/// A candle as it is published: with what changed since the symbol's update before it.
struct PriceRecord {
  Symbol symbol;
  Candle candle;
  std::optional<Decimal> change;         ///< absent for a symbol's first, and for sums
  std::optional<Decimal> change_percent; ///< rounded half to even, up to 15 decimals

  friend bool operator==(const PriceRecord&, const PriceRecord&) = default;
};

} // namespace tandem::core::klines
