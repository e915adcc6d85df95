#include "core/strategy/execution_sums.hpp"

#include <algorithm>

namespace tandem::core::strategy {
namespace {

using orders::Side;

Money valued_at_average(Money amount, const orders::Order& order) {
  const auto average = order.average_price();
  if (!average)
    return {};
  const Scale scale{static_cast<std::int8_t>(average->decimals()), 0};
  return value_at(amount, Price{average->mantissa()}, scale);
}

} // namespace

void ExecutionSums::add(const orders::Order& order, std::size_t leg, Side leg_side,
                        const Instrument* assets) {
  const auto& draft = order.intent().draft;
  auto& sums = legs.at(leg);
  const auto filled = to_money(order.filled(), draft.scale);
  const auto traded = to_money(order.notional(), draft.scale);
  Money fees;
  for (const auto& fill : order.fills()) {
    if (assets != nullptr && fill.fee_asset == assets->quote)
      fees += fill.fee;
    else if (assets != nullptr && fill.fee_asset == assets->base)
      fees += valued_at_average(fill.fee, order);
    else if (fill.fee != Money{})
      other_fees[fill.fee_asset] += fill.fee;
  }
  const bool buys = draft.side == Side::buy;
  sums.filled += draft.side == leg_side ? filled : -filled;
  sums.traded += traded;
  sums.fees += fees;
  residual += buys ? filled : -filled;
  profit += (buys ? -traded : traded) - fees;
  if (draft.origin.purpose == orders::OrderPurpose::open)
    notional += traded;
}

std::optional<FeeRate> ExecutionSums::paid_rate(std::size_t leg) const noexcept {
  for (const auto* sums : {&legs.at(leg), &legs.at(1 - leg)})
    if (const auto rate = rate_of({sums->fees.units}, {sums->traded.units}))
      return rate;
  return std::nullopt;
}

std::optional<FeeRate> rate_of(Notional fee, Notional notional) noexcept {
  if (notional.units <= 0)
    return std::nullopt;
  Int128 scaled = 0;
  if (__builtin_mul_overflow(fee.units, Int128{fee_one}, &scaled))
    return std::nullopt;
  const auto rate = divide(scaled, notional.units, Rounding::up);
  return FeeRate{
      static_cast<std::int64_t>(std::clamp<Int128>(rate, fee_rate_min.e8, fee_rate_max.e8))};
}

} // namespace tandem::core::strategy
