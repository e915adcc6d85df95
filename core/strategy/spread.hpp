/// What buying here and selling there would bring at the pair's size: depth walked on both books,
/// gross and net of fees, in exact integers. Decides nothing.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/strategy/fees.hpp"
#include "core/strategy/pair.hpp"
#include "core/types/price.hpp"

#include <compare>
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

  /// net >= threshold percent of buy: the cross products compared exactly, whatever their size.
  [[nodiscard]] bool net_at_least(const Decimal& threshold_percent) const noexcept;

  /// Percent of the buy notional, rounded half to even to 8 decimals (for display and for "changed
  /// materially"); 0 when nothing is bought, the nearest end of 64 bits beyond them.
  /// @throws BrokenPromise above notional_max.
  [[nodiscard]] Decimal gross_percent() const;
  [[nodiscard]] Decimal net_percent() const;

  /// Average prices and their difference per base unit, rounded half to even to 8 decimals beyond
  /// the price scale or 18 in all.
  [[nodiscard]] Decimal buy_price() const;
  [[nodiscard]] Decimal sell_price() const;
  [[nodiscard]] Decimal price_difference() const;
};

/// Which of two pays more, by net share of the buy notional, exactly.
[[nodiscard]] std::strong_ordering compare_net(const Spread& a, const Spread& b) noexcept;

struct SpreadFees {
  FeeRate leg1, leg2;
};

/// The most one leg may come to: 10^18 quote units at 18 decimals together. Every sum and percent
/// below it is exact in 128 bits; above it there is no Spread.
inline constexpr Notional notional_max{static_cast<Int128>(1'000'000'000'000'000'000)
                                       * 1'000'000'000'000'000'000};

/// `wanted`, or less when `total` quote units (0 = no cap) minus those `executed` do not pay for it
/// on the buyer's visible asks: then what they pay for, rounded down. Levels that end too early are
/// no reason to want less.
[[nodiscard]] Decimal within_total(const Decimal& wanted, const Decimal& total,
                                   const Decimal& executed, const market::DepthView& buyer);

/// Size of one execution: `wanted`, at most the maximum quantity, rounded down to a multiple of
/// both lots (0.002 and 0.005 trade together in steps of 0.01), at the finer quantity scale of the
/// views. Nullopt without an instrument, or when nothing is left, or when it is below a minimum
/// quantity or notional (priced at the best bid, or the best ask where there is none) of either
/// leg, or when it does not fit 64 bits.
[[nodiscard]] std::optional<Quantity> executable_quantity(const Decimal& wanted,
                                                          const market::DepthView& leg1,
                                                          const market::DepthView& leg2);

/// Nullopt when the first `levels` of a side lack the depth for `quantity` (given at the common
/// quantity scale), or when a leg exceeds notional_max or a price 64 bits at the common scale.
[[nodiscard]] std::optional<Spread>
executable_spread(Direction direction, const market::DepthView& leg1, const market::DepthView& leg2,
                  Quantity quantity, const SpreadFees& fees,
                  std::size_t levels = market::depth_view_levels_max);

/// The common scale of two views: the larger number of decimals of each.
[[nodiscard]] Scale common_scale(const Scale& a, const Scale& b) noexcept;

} // namespace tandem::core::strategy
