/// Fee rates as exact integers. What a fee is; which tier an account has is the venue's business.
#pragma once

#include "core/result.hpp"
#include "core/types/decimal.hpp"
#include "core/types/price.hpp"

#include <compare>
#include <cstdint>
#include <string_view>

namespace tandem::core::strategy {

/// A share of the notional in units of 10^-8: 0.1 % = 0.001 = 100'000. Negative = rebate.
struct FeeRate {
  std::int64_t e8 = 0;

  friend constexpr auto operator<=>(FeeRate, FeeRate) = default;
};

inline constexpr std::int64_t fee_one = 100'000'000; ///< a rate of 1

inline constexpr FeeRate fee_rate_min{-fee_one / 100}; ///< a rebate of 1 %
inline constexpr FeeRate fee_rate_max{fee_one / 10};   ///< 10 %

/// "0.001" -> 0.1 %. Errors: as Decimal::parse; out_of_range outside [-0.01, 0.1].
[[nodiscard]] Result<FeeRate> parse_fee_rate(std::string_view text);

/// Fee on a notional, same units as the notional, rounded up: a fee away from zero, a rebate
/// towards it, never in our favour. @param rate within +-fee_one: then no product exceeds 128 bits
/// for notionals up to 10^37.
[[nodiscard]] Notional fee_of(Notional notional, FeeRate rate) noexcept;

} // namespace tandem::core::strategy
