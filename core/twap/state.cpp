#include "core/twap/state.hpp"

#include <algorithm>
#include <limits>

namespace tandem::core::twap {
namespace {

constexpr int price_decimals = 8;
constexpr int percent_decimals = 4;

/// a / b rounded half to even, with as many decimals (price_decimals at most) as fit 64 bits.
/// @param b above 0.
Decimal ratio(Int128 a, Int128 b) {
  const Int128 whole = divide(a, b, Rounding::down);
  const Int128 rest = a - whole * b;
  for (int decimals = price_decimals; decimals > 0; --decimals) {
    const Int128 power = pow10(decimals);
    Int128 scaled = 0;
    Int128 fraction = 0;
    if (__builtin_mul_overflow(whole, power, &scaled)
        || __builtin_mul_overflow(rest, power, &fraction))
      continue;
    const Int128 result = scaled + divide(fraction, b, Rounding::half_even);
    if (result <= std::numeric_limits<std::int64_t>::max()
        && result >= std::numeric_limits<std::int64_t>::min())
      return {static_cast<std::int64_t>(result), decimals};
  }
  constexpr Int128 largest = std::numeric_limits<std::int64_t>::max();
  return {static_cast<std::int64_t>(std::clamp(whole, -largest, largest)), 0};
}

} // namespace

std::string_view to_string(PlanPhase phase) noexcept {
  switch (phase) {
  case PlanPhase::scheduled:
    return "scheduled";
  case PlanPhase::running:
    return "running";
  case PlanPhase::paused:
    return "paused";
  case PlanPhase::completed:
    return "completed";
  case PlanPhase::cancelled:
    return "cancelled";
  case PlanPhase::expired:
    return "expired";
  case PlanPhase::failed:
    return "failed";
  }
  return "unknown";
}

std::optional<Decimal> average_price(const LegProgress& leg) {
  if (leg.filled <= Money{})
    return std::nullopt;
  return ratio(leg.notional.units, leg.filled.units);
}

std::optional<Decimal> benchmark(const LegProgress& leg) {
  if (leg.benchmark_ms <= 0)
    return std::nullopt;
  return ratio(leg.benchmark_sum.units,
               static_cast<Int128>(leg.benchmark_ms) * pow10(money_decimals));
}

std::optional<Decimal> slippage_percent(const std::optional<Decimal>& average,
                                        const std::optional<Decimal>& reference,
                                        orders::Side side) {
  if (!average || !reference || *reference <= Decimal{})
    return std::nullopt;
  const int decimals = std::max(average->decimals(), reference->decimals());
  const Int128 a = static_cast<Int128>(average->mantissa()) * pow10(decimals - average->decimals());
  const Int128 b
      = static_cast<Int128>(reference->mantissa()) * pow10(decimals - reference->decimals());
  Int128 scaled = 0;
  if (__builtin_mul_overflow(side == orders::Side::buy ? a - b : b - a,
                             static_cast<Int128>(pow10(percent_decimals + 2)), &scaled))
    return std::nullopt;
  const Int128 percent = divide(scaled, b, Rounding::half_even);
  constexpr Int128 largest = std::numeric_limits<std::int64_t>::max();
  return Decimal{static_cast<std::int64_t>(std::clamp(percent, -largest, largest)),
                 percent_decimals};
}

} // namespace tandem::core::twap
