/// Price, Quantity and Notional: integers at a scale that stands beside them (`Scale`, held per
/// instrument and per book version). They never convert into each other or into a double.
#pragma once

#include "core/types/decimal.hpp"

#include <compare>
#include <cstdint>

namespace tandem::core {

template <class Tag>
struct Amount {
  std::int64_t units = 0;

  friend constexpr bool operator==(Amount, Amount) = default;
  friend constexpr auto operator<=>(Amount, Amount) = default;

  friend constexpr Amount operator+(Amount a, Amount b) noexcept { return {a.units + b.units}; }

  friend constexpr Amount operator-(Amount a, Amount b) noexcept { return {a.units - b.units}; }
};

/// Count of 10^-price_decimals quote units per base unit.
using Price = Amount<struct PriceTag>;
/// Count of 10^-quantity_decimals base units.
using Quantity = Amount<struct QuantityTag>;

/// Quote units at price_decimals + quantity_decimals, in 128 bits: sums over a book cannot
/// overflow.
struct Notional {
  Int128 units = 0;

  friend constexpr bool operator==(Notional, Notional) = default;
  friend constexpr auto operator<=>(Notional, Notional) = default;

  friend constexpr Notional operator+(Notional a, Notional b) noexcept {
    return {a.units + b.units};
  }
};

[[nodiscard]] constexpr Notional operator*(Price price, Quantity quantity) noexcept {
  return {static_cast<Int128>(price.units) * quantity.units};
}

/// Decimals of the integers in one book or instrument, each 0..18.
struct Scale {
  std::int8_t price_decimals = 0;
  std::int8_t quantity_decimals = 0;

  friend bool operator==(const Scale&, const Scale&) = default;
};

} // namespace tandem::core
