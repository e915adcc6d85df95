#include "core/orders/statistics.hpp"

#include <algorithm>

namespace tandem::core::orders {

void Statistics::on_update(const OrderUpdate& update, UnixMillis now) {
  const auto state = update.order->state();
  const auto& intent = update.order->intent();
  const std::lock_guard lock{mutex_};
  auto& market = markets_[intent.draft.instrument.market()];
  if (update.fill)
    ++market.fills;
  if (state == update.before)
    return;
  ++market.reached[state];
  if (!is_final(state) || is_final(update.before))
    return;
  const auto took = std::max<std::int64_t>(now - intent.created_at, 0);
  const auto bucket = std::ranges::lower_bound(bounds_ms, took) - bounds_ms.begin();
  ++market.latency.at(static_cast<std::size_t>(bucket));
  market.latency_sum_ms += took;
}

std::map<MarketKey, Statistics::Market> Statistics::markets() const {
  const std::lock_guard lock{mutex_};
  return markets_;
}

} // namespace tandem::core::orders
