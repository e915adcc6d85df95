/// What buying here and selling there would bring at the pair's size: depth walked on both books,
/// gross and net of fees, in exact integers. Decides nothing.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/strategy/fees.hpp"
#include "core/strategy/pair.hpp"
#include "core/types/price.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace tandem::core::strategy {

/// The part of one side that a market order of some size would take.
struct Walk {
  Quantity filled;   ///< less than asked when the visible levels end
  Notional notional; ///< sum of price * quantity, at the book's scale
  Price worst;       ///< the last price touched
  std::size_t levels = 0;
};

[[nodiscard]] Walk walk_depth(std::span<const market::Level> levels, Quantity wanted) noexcept;

/// Both legs at one common scale (the finer of each), so that they add up exactly.
struct Spread {
  Scale scale;
  Direction direction = Direction::leg1_buy_leg2_sell;
  Quantity quantity;  ///< base units, equal on both legs
  Notional buy, sell; ///< without fees
  Notional buy_fee, sell_fee;
  Price buy_worst, sell_worst;

  [[nodiscard]] Notional gross() const noexcept { return {sell.units - buy.units}; }

  [[nodiscard]] Notional net() const noexcept {
    return {sell.units - sell_fee.units - buy.units - buy_fee.units};
  }

  /// net >= threshold percent of buy, compared exactly by cross-multiplication.
  [[nodiscard]] bool net_at_least(const Decimal& threshold_percent) const;

  /// Percent of the buy notional, rounded half to even to 8 decimals (for display and for "changed
  /// materially").
  [[nodiscard]] Decimal gross_percent() const;
  [[nodiscard]] Decimal net_percent() const;

  /// Average prices and their difference per base unit, rounded half to even to 8 decimals beyond
  /// the price scale or 18 in all.
  [[nodiscard]] Decimal buy_price() const;
  [[nodiscard]] Decimal sell_price() const;
  [[nodiscard]] Decimal price_difference() const;
};

struct SpreadFees {
  FeeRate leg1, leg2;
};

/// Size of one execution: `wanted` rounded down to the coarser lot of both instruments, at the
/// finer quantity scale. Nullopt when nothing is left or it is below a minimum quantity or notional
/// (priced at the best) of either leg.
[[nodiscard]] std::optional<Quantity> executable_quantity(const Decimal& wanted,
                                                          const market::DepthView& leg1,
                                                          const market::DepthView& leg2);

/// Nullopt when a side lacks the depth for `quantity` (given at the common quantity scale).
[[nodiscard]] std::optional<Spread> executable_spread(Direction direction,
                                                      const market::DepthView& leg1,
                                                      const market::DepthView& leg2,
                                                      Quantity quantity, const SpreadFees& fees);

/// The common scale of two views: the larger number of decimals of each.
[[nodiscard]] Scale common_scale(const Scale& a, const Scale& b) noexcept;

} // namespace tandem::core::strategy
