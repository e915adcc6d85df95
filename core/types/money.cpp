#include "core/types/money.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core {
namespace {

/// Saturates: a product that wrapped would pass every limit.
Int128 times(Int128 value, std::int64_t factor) noexcept {
  Int128 product = 0;
  if (__builtin_mul_overflow(value, factor, &product))
    return (value < 0) != (factor < 0) ? -money_units_max : money_units_max;
  return product;
}

} // namespace

Money to_money(const Decimal& value) noexcept {
  // |mantissa| <= 2^63 and 10^18 < 2^60.
  return {static_cast<Int128>(value.mantissa()) * pow10(money_decimals - value.decimals())};
}

Money to_money(Notional notional, Scale scale) noexcept {
  const int decimals = scale.price_decimals + scale.quantity_decimals;
  if (decimals <= money_decimals)
    return {times(notional.units, pow10(money_decimals - decimals))};
  return {divide(notional.units, pow10(decimals - money_decimals), Rounding::half_even)};
}

Money to_money(Quantity quantity, Scale scale) noexcept {
  return {static_cast<Int128>(quantity.units) * pow10(money_decimals - scale.quantity_decimals)};
}

Decimal to_decimal(Money money) noexcept {
  for (int decimals = money_decimals; decimals > 0; --decimals) {
    const auto units = divide(money.units, pow10(money_decimals - decimals), Rounding::half_even);
    if (units <= std::numeric_limits<std::int64_t>::max()
        && units >= std::numeric_limits<std::int64_t>::min())
      return Decimal{static_cast<std::int64_t>(units), decimals};
  }
  // Up to money_units_max: 1.7e20 whole units are beyond 64 bits; the nearest end is said.
  const auto whole = divide(money.units, pow10(money_decimals), Rounding::half_even);
  const auto end = static_cast<Int128>(std::numeric_limits<std::int64_t>::max());
  return Decimal{static_cast<std::int64_t>(std::clamp(whole, -end, end)), 0};
}

Money value_at(Money amount, Price price, Scale scale) noexcept {
  // Whole and rest apart, so that the products fit. What is odd in the whole part goes with the
  // rest: there half to even must know it.
  const Int128 divisor = pow10(scale.price_decimals);
  const Int128 whole = times(amount.units / divisor, price.units);
  const Int128 odd = whole % 2;
  const Int128 rest = amount.units % divisor * price.units + odd * divisor;
  return Money{whole - odd} + Money{divide(rest, divisor, Rounding::half_even)};
}

Result<Money> parse_money(std::string_view text) {
  auto units = parse_scaled_wide(text, money_decimals);
  if (!units)
    return tl::unexpected<Error>{std::move(units).error()};
  return Money{*units};
}

std::string to_string(Money money) {
  return format_scaled(money.units, money_decimals);
}

} // namespace tandem::core
