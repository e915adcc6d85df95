#include "core/strategy/fees.hpp"

namespace tandem::core::strategy {

Result<FeeRate> parse_fee_rate(std::string_view text) {
  const auto parsed = parse_scaled(text, 8);
  if (!parsed)
    return tl::unexpected{parsed.error()};
  if (*parsed < -fee_one / 100 || *parsed > fee_one / 10)
    return fail(Errc::out_of_range,
                "a fee rate is between -0.01 and 0.1, not " + std::string{text});
  return FeeRate{*parsed};
}

Notional fee_of(Notional notional, FeeRate rate) noexcept {
  // Whole and rest apart, so that no product exceeds 128 bits for any notional a book can hold.
  const Int128 whole = notional.units / fee_one * rate.e8;
  const Int128 rest = notional.units % fee_one * rate.e8;
  // Against us either way: a fee grows, a rebate shrinks.
  return {whole + divide(rest, fee_one, Rounding::up)};
}

} // namespace tandem::core::strategy
