#include "core/orders/position.hpp"

#include "core/types/decimal.hpp"

namespace tandem::core::orders {
namespace {

using Magnitude = UInt128;

constexpr int magnitude_bits = 128;

constexpr Magnitude magnitude_of(Money money) noexcept {
  return static_cast<Magnitude>(money.units < 0 ? -money.units : money.units);
}

/// amount * part / whole rounded half to even, without a wider type: part is taken bit by bit.
/// @param part,whole only their magnitudes count; whole is not 0.
Money share_of(Money amount, Money part, Money whole) noexcept {
  const Magnitude divisor = magnitude_of(whole);
  const Magnitude factor = magnitude_of(part);
  const Magnitude quotient_step
      = magnitude_of(amount) / divisor; // NOLINT(clang-analyzer-core.DivideZero): said above
  const Magnitude rest_step
      = magnitude_of(amount) % divisor; // NOLINT(clang-analyzer-core.DivideZero)
  Magnitude quotient = 0;
  Magnitude rest = 0;
  const auto carry = [&] {
    if (rest < divisor)
      return;
    rest -= divisor;
    ++quotient;
  };
  for (int bit = magnitude_bits - 1; bit >= 0; --bit) {
    quotient += quotient;
    rest += rest;
    carry();
    if ((factor >> bit & 1U) == 0)
      continue;
    quotient += quotient_step;
    rest += rest_step;
    carry();
  }
  if (rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0))
    ++quotient;
  const auto units = static_cast<Int128>(quotient);
  return {amount.units < 0 ? -units : units};
}

constexpr bool same_sign(Money a, Money b) noexcept {
  return (a.units < 0) == (b.units < 0);
}

} // namespace

void Position::apply(Side side, const Fill& fill, Scale scale, std::string_view base,
                     std::string_view quote) {
  if (!fill.fee_asset.empty())
    fees_[fill.fee_asset] += fill.fee;
  if (unpriced_)
    cost_ = value_at(quantity_, fill.price, scale);
  unpriced_ = false;
  const auto amount = to_money(fill.quantity, scale);
  const auto value = to_money(fill.price * fill.quantity, scale);
  auto change = side == Side::buy ? amount : -amount;
  if (fill.fee_asset == base)
    change -= fill.fee;
  if (fill.fee_asset == quote)
    realised_ -= fill.fee;
  move(change, side == Side::buy ? value : -value);
}

void Position::move(Money change, Money paid) {
  if (change == Money{}) { // the fee took all of it
    realised_ -= paid;
    return;
  }
  if (quantity_ == Money{} || same_sign(quantity_, change)) {
    quantity_ += change;
    cost_ += paid;
    return;
  }
  const bool turns = magnitude_of(change) > magnitude_of(quantity_);
  const auto closed_paid = turns ? share_of(paid, quantity_, change) : paid;
  const auto closed_cost = turns ? cost_ : share_of(cost_, change, quantity_);
  realised_ -= closed_paid + closed_cost;
  cost_ = turns ? paid - closed_paid : cost_ - closed_cost;
  quantity_ += change;
}

void Position::restate(Money quantity) {
  if (quantity == quantity_)
    return;
  const bool keeps_price = quantity_ != Money{} && !unpriced_ && same_sign(quantity_, quantity);
  cost_ = keeps_price ? share_of(cost_, quantity, quantity_) : Money{};
  unpriced_ = !keeps_price && quantity != Money{};
  quantity_ = quantity;
}

} // namespace tandem::core::orders
