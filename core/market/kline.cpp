#include "core/market/kline.hpp"

#include "core/ensure.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::market {
namespace {

/// floor(time / interval) * interval, also before 1970.
UnixMillis open_time_of(UnixMillis time, std::chrono::milliseconds interval) noexcept {
  return time - ((time % interval.count()) + interval.count()) % interval.count();
}

Bar first_of(UnixMillis open_time, Price price) {
  return {.open_time = open_time, .open = price, .high = price, .low = price, .close = price};
}

} // namespace

KlineAggregator::KlineAggregator(std::chrono::milliseconds interval, Scale scale)
    : interval_{interval}, scale_{scale} {
  TANDEM_ENSURE(interval.count() > 0);
  TANDEM_ENSURE(scale.price_decimals >= 0 && scale.price_decimals <= decimals_max);
  TANDEM_ENSURE(scale.quantity_decimals >= 0 && scale.quantity_decimals <= decimals_max);
}

Status KlineAggregator::add(const Trade& trade) {
  const auto price_units = trade.price.at_scale(scale_.price_decimals);
  if (!price_units)
    return tl::unexpected<Error>{price_units.error()};
  const auto quantity_units = trade.quantity.at_scale(scale_.quantity_decimals);
  if (!quantity_units)
    return tl::unexpected<Error>{quantity_units.error()};
  if (*price_units <= 0 || *quantity_units <= 0)
    return fail(Errc::malformed, "trade " + trade.trade_id + " of " + trade.quantity.to_string()
                                     + " at " + trade.price.to_string() + ": both must be above 0");
  const Price price{*price_units};
  const Quantity quantity{*quantity_units};
  const auto open_time = open_time_of(trade.venue_time, interval_);
  auto& bar = bars_.try_emplace(open_time, first_of(open_time, price)).first->second;
  bar.high = std::max(bar.high, price);
  bar.low = std::min(bar.low, price);
  bar.close = price;
  bar.volume += quantity.units;
  bar.quote_volume = bar.quote_volume + price * quantity;
  bar.trade_count += 1;
  if (trade.taker == TakerSide::buy)
    bar.taker_buy_volume += quantity.units;
  return {};
}

std::vector<Bar> KlineAggregator::bars() const {
  std::vector<Bar> result;
  result.reserve(bars_.size());
  for (const auto& [open_time, bar] : bars_)
    result.push_back(bar);
  return result;
}

std::vector<Bar> KlineAggregator::take_before(UnixMillis open_time) {
  std::vector<Bar> result;
  const auto end = bars_.lower_bound(open_time);
  for (auto at = bars_.begin(); at != end; at = bars_.erase(at))
    result.push_back(at->second);
  return result;
}

BarTexts to_texts(const Bar& bar, Scale scale) {
  const int price = scale.price_decimals;
  const int quantity = scale.quantity_decimals;
  return {.open = format_fixed(bar.open.units, price),
          .high = format_fixed(bar.high.units, price),
          .low = format_fixed(bar.low.units, price),
          .close = format_fixed(bar.close.units, price),
          .volume = format_fixed(bar.volume, quantity),
          .quote_volume = format_fixed(bar.quote_volume.units, price + quantity),
          .trade_count = std::to_string(bar.trade_count),
          .taker_buy_volume = format_fixed(bar.taker_buy_volume, quantity)};
}

} // namespace tandem::core::market
