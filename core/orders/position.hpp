/// What fills add up to: a signed position per instrument with its realised profit, and fees per
/// asset. Pure sums, exact; whose position it is stands with the caller.
#pragma once

#include "core/orders/order.hpp"
#include "core/types/money.hpp"

#include <map>
#include <string>
#include <utility>

namespace tandem::core::orders {

/// Fees by asset name; a rebate is negative.
using FeeTotals = std::map<std::string, Money>;

/// Average-cost position of one instrument. Quantity is in base units at money scale, so that a
/// changed instrument scale changes nothing.
class Position {
public:
  Position() = default;

  /// One that was saved before. A quantity without a cost was restated from nothing.
  Position(Money quantity, Money cost, Money realised, FeeTotals fees)
      : quantity_{quantity}, cost_{cost}, realised_{realised},
        unpriced_{quantity != Money{} && cost == Money{}}, fees_{std::move(fees)} {}

  friend bool operator==(const Position&, const Position&) = default;

  /// Fee in the base asset lessens what was received (or adds to what was given); fee in the quote
  /// asset lessens the profit; a third asset only counts in fees().
  /// @param base,quote the instrument's assets.
  void apply(Side side, const Fill& fill, Scale scale, std::string_view base,
             std::string_view quote);

  /// Sets quantity to what the venue says, leaving the profit as it is (a person accepted it). The
  /// average cost stays; a position that had none is valued at the price of the next fill.
  void restate(Money quantity);

  [[nodiscard]] Money quantity() const noexcept { return quantity_; } ///< negative = short

  /// What the open quantity cost, in quote units; same sign as quantity.
  [[nodiscard]] Money cost() const noexcept { return cost_; }

  /// Closed profit in quote units, net of quote and base fees.
  [[nodiscard]] Money realised() const noexcept { return realised_; }

  [[nodiscard]] const FeeTotals& fees() const noexcept { return fees_; }

private:
  /// @param change signed base units. @param paid quote units, negative when received.
  void move(Money change, Money paid);

  Money quantity_, cost_, realised_;
  bool unpriced_ = false; ///< restated from nothing: what it cost is not known
  FeeTotals fees_;
};

} // namespace tandem::core::orders
