/// Candles written the way a person reads them.
#pragma once

#include "core/klines/candle.hpp"
#include "core/klines/interval.hpp"

#include <string>
#include <string_view>

namespace tandem::tests {

inline constexpr core::UnixMillis minute = 60'000;
/// 2025-06-14T12:00:00Z, a multiple of five minutes.
inline constexpr core::UnixMillis noon = 1'749'902'400'000;

inline core::Decimal decimal(std::string_view text) {
  return core::Decimal::parse(text).value();
}

struct CandleText {
  std::string_view open, high, low, close, volume;
  std::int64_t trades = 1;
  bool closed = true;
};

inline core::klines::Candle candle(core::UnixMillis open_time, CandleText text) {
  return {.open_time = open_time,
          .open = decimal(text.open),
          .high = decimal(text.high),
          .low = decimal(text.low),
          .close = decimal(text.close),
          .volume = core::parse_money(text.volume).value(),
          .trade_count = text.trades,
          .closed = text.closed};
}

/// A minute in which the price stood still.
inline core::klines::Candle flat(core::UnixMillis open_time, std::string_view price,
                                 std::string_view volume, bool closed = true) {
  return candle(open_time, {price, price, price, price, volume, 1, closed});
}

/// "+2m 1 2 1 2 v3 n4 closed": minutes since noon; open, high, low, close; volume; trades.
inline std::string shown(const core::klines::Candle& candle) {
  return "+" + std::to_string((candle.open_time - noon) / minute) + "m " + candle.open.to_string()
         + " " + candle.high.to_string() + " " + candle.low.to_string() + " "
         + candle.close.to_string() + " v" + core::to_string(candle.volume) + " n"
         + std::to_string(candle.trade_count) + (candle.closed ? " closed" : " open");
}

inline core::klines::Interval interval(std::string_view text) {
  return core::klines::Interval::parse(text).value();
}

} // namespace tandem::tests
