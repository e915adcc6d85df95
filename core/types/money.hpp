/// A sum of one asset: exact at 18 decimals in 128 bits (up to 1.7e20 units). What fees, notionals
/// and profits are added up in; an order's own price and quantity stay integers at its scale.
#pragma once

#include "core/result.hpp"
#include "core/types/decimal.hpp"
#include "core/types/price.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace tandem::core {

inline constexpr int money_decimals = 18;

/// Where every result ends that would not fit: far beyond any limit, so it passes none.
inline constexpr Int128 money_units_max = (((Int128{1} << 126) - 1) << 1) + 1;

/// Count of 10^-18 units of an asset that the context names. May be negative. Sums saturate at
/// money_units_max.
struct Money {
  Int128 units = 0;

  friend constexpr bool operator==(Money, Money) = default;
  friend constexpr auto operator<=>(Money, Money) = default;

  friend constexpr Money operator+(Money a, Money b) noexcept {
    Int128 sum = 0;
    if (__builtin_add_overflow(a.units, b.units, &sum))
      return {a.units < 0 ? -money_units_max : money_units_max};
    return {sum};
  }

  friend constexpr Money operator-(Money a) noexcept {
    return {a.units < -money_units_max ? money_units_max : -a.units};
  }

  friend constexpr Money operator-(Money a, Money b) noexcept { return a + -b; }

  constexpr Money& operator+=(Money other) noexcept { return *this = *this + other; }

  constexpr Money& operator-=(Money other) noexcept { return *this = *this - other; }
};

[[nodiscard]] constexpr Money magnitude(Money money) noexcept {
  return money < Money{} ? -money : money;
}

/// Exact: a Decimal has at most 18 decimals.
[[nodiscard]] Money to_money(const Decimal& value) noexcept;

/// Exact when price and quantity decimals come to at most 18 together, else rounded half to even.
/// What does not fit saturates, here and in value_at.
[[nodiscard]] Money to_money(Notional notional, Scale scale) noexcept;

/// A quantity as an amount of its base asset.
[[nodiscard]] Money to_money(Quantity quantity, Scale scale) noexcept;

/// Rounded half to even to as many decimals as fit 64 bits (18, or fewer for large sums); beyond
/// them the nearest end.
[[nodiscard]] Decimal to_decimal(Money money) noexcept;

/// amount (of the base asset) * price, rounded half to even to 18 decimals.
[[nodiscard]] Money value_at(Money amount, Price price, Scale scale) noexcept;

/// Same grammar and errors as Decimal::parse, but up to 20 digits before the point.
[[nodiscard]] Result<Money> parse_money(std::string_view text);

/// Without trailing zeros: "-0.5".
[[nodiscard]] std::string to_string(Money money);

} // namespace tandem::core
