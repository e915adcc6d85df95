/// How a residual could be closed at one leg: how much, up to which price, and what it would bring.
/// Also the limit of any order that takes liquidity. Arithmetic only; which way is taken and how
/// often is two_leg's decision.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/orders/order.hpp"
#include "core/result.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/instrument.hpp"
#include "core/types/money.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::core::strategy {

/// `from` moved `percent` to the worse side (up when buying), rounded to the tick back towards
/// `from`, so never more aggressive than allowed, and kept within the instrument's price bounds.
/// Nullopt when the grid has no price between the two (it could not be marketable at `from`), or
/// when it does not fit 64 bits. At the instrument's scale.
[[nodiscard]] std::optional<Price> limit_beyond(orders::Side side, const Decimal& from,
                                                const Decimal& percent,
                                                const Instrument& instrument);

/// What is to be closed, whichever leg does it.
struct ClosingTask {
  orders::Side side = orders::Side::sell; ///< of the closing order
  Money residual;                         ///< base units, above 0
  FeeRate fee;                            ///< of the leg that is asked
  Decimal guard_percent;                  ///< how far from the touch the limit may go
  Money cash;     ///< quote units: what the execution's fills brought so far, net of fees
  Money loss_max; ///< quote units: cash after closing must not end below minus this
};

/// Why a leg cannot close it.
enum class ClosingProblem : std::uint8_t {
  no_book,   ///< not live, not trading, nothing on that side, or no price of the grid: may pass
  too_small, ///< below this venue's lot, minimum quantity or minimum notional
  too_dear,  ///< would lose more than is allowed, even at the touch
};

[[nodiscard]] std::string_view to_string(ClosingProblem problem) noexcept;

/// One closing order. Quantity and prices at the instrument's scale.
struct ClosingOffer {
  Scale scale;
  Quantity quantity; ///< the residual rounded down to the lot, at most the venue's maximum
  /// The worst price that keeps both the guard and, should all of the residual go at it, the loss.
  Price limit;
  Money cash; ///< expected, quote units, net of fees: below 0 when buying
};

/// Levels beyond the limit count as the limit: a thin book makes an offer dear, not impossible.
[[nodiscard]] tl::expected<ClosingOffer, ClosingProblem> closing_at(const market::DepthView* book,
                                                                    const ClosingTask& task);

/// More cash per base unit, compared exactly.
[[nodiscard]] bool is_cheaper(const ClosingOffer& a, const ClosingOffer& b) noexcept;

/// Nullopt when the smallest multiple of both lots does not fit; a lot of 0 is one unit.
[[nodiscard]] std::optional<Money> common_lot(const Instrument& a, const Instrument& b) noexcept;

/// The lot as an amount of the base asset; of 0 one unit of the scale.
[[nodiscard]] Money lot_of(const Instrument& instrument) noexcept;

/// On the tick's grid, at the instrument's scale; wide, for it may not fit 64 bits.
[[nodiscard]] Int128 on_grid(const Decimal& price, const Instrument& instrument,
                             Rounding rounding) noexcept;

/// What one order may have of an amount: at most the venue's maximum, rounded down to the lot.
/// Nullopt below the venue's minimum quantity, or when it does not fit.
[[nodiscard]] std::optional<Quantity> order_quantity(Money amount, const Instrument& rules);

/// The order is not below the venue's smallest notional.
[[nodiscard]] bool meets_notional_min(const Instrument& rules, Quantity quantity, Price price);

/// Rounded towards zero to the scale. Nullopt beyond 64 bits.
[[nodiscard]] std::optional<Quantity> quantity_of(Money amount, const Scale& scale) noexcept;

} // namespace tandem::core::strategy
