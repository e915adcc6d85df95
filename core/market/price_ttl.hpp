/// How long a fetched price may be shown: between half a second and two, shorter while the price
/// moves. Pure.
#pragma once

#include "core/types/price.hpp"

#include <algorithm>
#include <chrono>

namespace tandem::core::market {

class PriceTtl {
public:
  static constexpr std::chrono::milliseconds shortest{500};
  static constexpr std::chrono::milliseconds longest{2'000};
  /// A move of the best bid by this many parts per 10,000 since the last fetch counts as volatile.
  static constexpr std::int64_t volatile_bp = 5;

  /// @param best_bid as fetched now, same scale as before. @returns the time to live of this fetch.
  [[nodiscard]] std::chrono::milliseconds on_fetch(Price best_bid) noexcept {
    const auto moved = best_bid > last_ ? best_bid - last_ : last_ - best_bid;
    const bool is_volatile = last_.units == 0
                             || static_cast<Int128>(moved.units) * 10'000
                                    > static_cast<Int128>(last_.units) * volatile_bp;
    ttl_ = is_volatile ? shortest : std::min(longest, ttl_ * 2);
    last_ = best_bid;
    return ttl_;
  }

private:
  Price last_;
  std::chrono::milliseconds ttl_{shortest};
};

} // namespace tandem::core::market
