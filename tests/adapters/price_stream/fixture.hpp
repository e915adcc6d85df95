/// Candles and times for the price stream's cases.
#pragma once

#include "core/klines/candle.hpp"
#include "core/klines/interval.hpp"

#include <chrono>
#include <string_view>

namespace tandem::tests {

inline constexpr core::UnixMillis noon = 1'749'902'400'000; ///< 2025-06-14T12:00:00Z
inline constexpr core::UnixMillis minute = 60'000;

inline core::WallTime wall(core::UnixMillis time) {
  return core::WallTime{std::chrono::milliseconds{time}};
}

inline core::Decimal decimal(std::string_view text) {
  return core::Decimal::parse(text).value();
}

inline core::klines::Interval interval(std::string_view text) {
  return core::klines::Interval::parse(text).value();
}

struct CandleText {
  std::string_view open, high, low, close, volume;
  std::int64_t trades = 1;
};

inline core::klines::Candle candle(core::UnixMillis open_time, CandleText text) {
  return {.open_time = open_time,
          .open = decimal(text.open),
          .high = decimal(text.high),
          .low = decimal(text.low),
          .close = decimal(text.close),
          .volume = core::parse_money(text.volume).value(),
          .trade_count = text.trades,
          .closed = false};
}

/// The first record of samples-pricestream/aggregation_case.json.
inline core::klines::PriceRecord sample_record() {
  return {core::Symbol{"BTCUSDT"}, candle(noon, {"100", "110", "95", "105", "1.5", 10}),
          std::nullopt, std::nullopt};
}

} // namespace tandem::tests
