#include "core/klines/trades.hpp"

#include <algorithm>
#include <chrono>

namespace tandem::core::klines {

TradeCandles::TradeCandles(const Interval& base, Scale scale)
    : base_{base}, bars_{std::chrono::seconds{base.seconds()}, scale} {}

Result<std::vector<Candle>> TradeCandles::on_trade(const market::Trade& trade) {
  const auto open_time = base_.bucket(trade.venue_time);
  if (newest_ && open_time < *newest_ - kept_max * base_.millis())
    return fail(Errc::out_of_range,
                "trade " + trade.trade_id + " of " + std::to_string(trade.venue_time)
                    + " is too old: the newest candle began at " + std::to_string(*newest_));
  if (const auto added = bars_.add(trade); !added)
    return tl::unexpected<Error>{added.error()};
  std::vector<Candle> changed;
  if (newest_ && open_time > *newest_) {
    auto before = find(*newest_);
    before->closed = true;
    changed.push_back(*before);
  }
  auto own = find(open_time);
  own->closed = newest_ && open_time < *newest_;
  changed.push_back(*own);
  newest_ = std::max(newest_.value_or(open_time), open_time);
  // Taken so that they are kept no longer.
  static_cast<void>(bars_.take_before(*newest_ - kept_max * base_.millis()));
  return changed;
}

std::optional<Candle> TradeCandles::find(UnixMillis open_time) const {
  for (const auto& bar : bars_.bars())
    if (bar.open_time == open_time)
      return to_candle(bar, bars_.scale());
  return std::nullopt;
}

} // namespace tandem::core::klines
