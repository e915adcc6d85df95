#include "core/strategy/fees.hpp"

namespace tandem::core::strategy {

Result<FeeRate> parse_fee_rate(std::string_view text) {
  const auto parsed = parse_scaled(text, 8);
  if (!parsed)
    return tl::unexpected{parsed.error()};
  if (const FeeRate rate{*parsed}; rate < fee_rate_min || rate > fee_rate_max)
    return fail(Errc::out_of_range,
                "a fee rate is between -0.01 and 0.1, not " + format_scaled(*parsed, 8));
  return FeeRate{*parsed};
}

Notional fee_of(Notional notional, FeeRate rate) noexcept {
  // Whole and rest apart, so that the products stay small.
  const Int128 whole = notional.units / fee_one * rate.e8;
  const Int128 rest = notional.units % fee_one * rate.e8;
  return {whole + divide(rest, fee_one, Rounding::up)};
}

} // namespace tandem::core::strategy
