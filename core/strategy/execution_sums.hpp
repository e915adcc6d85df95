/// What the orders of one execution add up to: fills per leg, residual, profit, fees, notional.
/// Sums only, from fills only; decides nothing.
#pragma once

#include "core/orders/order.hpp"
#include "core/orders/position.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/instrument.hpp"
#include "core/types/money.hpp"

#include <array>
#include <cstddef>
#include <optional>

namespace tandem::core::strategy {

/// One leg over all its orders.
struct LegSums {
  Money filled; ///< base units, in the direction of the leg's first order; unwinding lessens it
  Money traded; ///< quote units bought plus sold
  Money fees;   ///< quote units: fees in quote, and in base at their order's average price
};

struct ExecutionSums {
  std::array<LegSums, 2> legs;
  Money residual;               ///< base units, bought minus sold; fees in base do not lessen it
  Money profit;                 ///< quote units, sold minus bought minus the legs' fees
  Money notional;               ///< quote units bought plus sold by first orders
  orders::FeeTotals other_fees; ///< in third assets

  /// @param leg 0 or 1. @param leg_side of that leg's first order. @param assets of the leg; null:
  /// not known (yet), then every fee counts among the others.
  void add(const orders::Order& order, std::size_t leg, orders::Side leg_side,
           const Instrument* assets);

  /// Fees paid per quote unit traded, rounded up, within the bounds of a rate; of the other leg
  /// when this one traded nothing; nullopt when neither did.
  [[nodiscard]] std::optional<FeeRate> paid_rate(std::size_t leg) const noexcept;
};

/// The rate that makes `fee` of `notional`, rounded up, within the bounds of a rate.
[[nodiscard]] std::optional<FeeRate> rate_of(Notional fee, Notional notional) noexcept;

} // namespace tandem::core::strategy
