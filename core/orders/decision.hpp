/// What joins everything that follows from one decision, in logs and records.
#pragma once

#include "core/orders/order.hpp"

#include <string>

namespace tandem::core::orders {

/// "btc_pair:12" or "my_plan:3": pair or plan and the number of its execution, which is what the
/// execution itself is called. Empty for an order that belongs to none.
[[nodiscard]] inline std::string decision_of(const OrderOrigin& origin) {
  const auto& strategy = origin.pair.empty() ? origin.plan : origin.pair.text();
  if (strategy.empty() || origin.execution == 0)
    return {};
  return strategy + ':' + std::to_string(origin.execution);
}

} // namespace tandem::core::orders
