/// Candles and times for the price stream's cases.
#pragma once

#include "tests/core/klines/candles.hpp"

#include <chrono>

namespace tandem::tests {

inline core::WallTime wall(core::UnixMillis time) {
  return core::WallTime{std::chrono::milliseconds{time}};
}

/// The first record of samples-pricestream/aggregation_case.json.
inline core::klines::PriceRecord sample_record() {
  return {core::Symbol{"BTCUSDT"}, candle(noon, {"100", "110", "95", "105", "1.5", 10, false}),
          std::nullopt, std::nullopt};
}

} // namespace tandem::tests
