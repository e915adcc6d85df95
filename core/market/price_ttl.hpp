/// How long a fetched price may be shown: between half a second and two, shorter while the price
/// moves or nobody asks. Pure.
#pragma once

#include "core/types/price.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tandem::core::market {

class PriceTtl {
public:
  static constexpr std::chrono::milliseconds shortest{500};
  static constexpr std::chrono::milliseconds longest{2'000};
  /// A move of the best bid by more than this many parts per 10,000 since the last fetch counts as
  /// volatile.
  static constexpr std::int64_t volatile_bp = 5;

  /// The price was asked for again while it was still shown.
  void on_hit() noexcept { hit_ = true; }

  /// Volatile: the shortest. Calm: twice the last one when somebody asked again meanwhile (a longer
  /// one would have spared this fetch), half of it when nobody did.
  /// @param best_bid as fetched now, same scale as before; 0 = none. @returns the time to live of
  /// this fetch.
  [[nodiscard]] std::chrono::milliseconds on_fetch(Price best_bid) noexcept {
    const auto moved = static_cast<Int128>(best_bid.units) - last_.units;
    const bool is_volatile
        = last_.units == 0
          || (moved < 0 ? -moved : moved) * 10'000 > static_cast<Int128>(last_.units) * volatile_bp;
    if (is_volatile)
      ttl_ = shortest;
    else
      ttl_ = std::clamp(hit_ ? ttl_ * 2 : ttl_ / 2, shortest, longest);
    last_ = best_bid;
    hit_ = false;
    return ttl_;
  }

private:
  Price last_;
  std::chrono::milliseconds ttl_{shortest};
  bool hit_ = false;
};

} // namespace tandem::core::market
