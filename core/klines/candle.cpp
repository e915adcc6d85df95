#include "core/klines/candle.hpp"

#include <algorithm>

namespace tandem::core::klines {
Candle to_candle(const market::Kline& kline) {
  return {.open_time = kline.open_time,
          .open = kline.open,
          .high = kline.high,
          .low = kline.low,
          .close = kline.close,
          .volume = to_money(kline.volume),
          .trade_count = kline.trade_count,
          .closed = kline.closed};
}

Candle to_candle(const market::Bar& bar, Scale scale) {
  const auto price = [&scale](Price units) { return Decimal{units.units, scale.price_decimals}; };
  Money volume;
  if (__builtin_mul_overflow(bar.volume, pow10(money_decimals - scale.quantity_decimals),
                             &volume.units))
    volume.units = money_units_max;
  return {.open_time = bar.open_time,
          .open = price(bar.open),
          .high = price(bar.high),
          .low = price(bar.low),
          .close = price(bar.close),
          .volume = volume,
          .trade_count = bar.trade_count,
          .closed = false};
}

std::vector<Candle> to_candles(const std::vector<market::Kline>& klines, UnixMillis length,
                               UnixMillis now) {
  std::vector<Candle> result;
  result.reserve(klines.size());
  for (const auto& kline : klines) {
    result.push_back(to_candle(kline));
    result.back().closed = kline.open_time + length <= now;
  }
  return result;
}

Candle followed_by(Candle first, const Candle& later) noexcept {
  first.high = std::max(first.high, later.high);
  first.low = std::min(first.low, later.low);
  first.close = later.close;
  first.volume += later.volume;
  first.trade_count += later.trade_count;
  return first;
}

} // namespace tandem::core::klines
