/// The mids of one instrument in the last minute and their median: what a price is an outlier
/// against.
#pragma once

#include "core/types/decimal.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace tandem::core::risk {

inline constexpr std::chrono::milliseconds mids_window{60'000};
inline constexpr std::chrono::milliseconds mids_spacing{100};
inline constexpr std::size_t mids_min = 5; ///< fewer have no median worth the name
inline constexpr std::size_t mids_max
    = static_cast<std::size_t>(mids_window.count() / mids_spacing.count());

/// Bounded: at most one mid per mids_spacing and none older than mids_window, so mids_max in all.
class RecentMids {
public:
  /// One that comes within mids_spacing of the last one counted is left out.
  /// @param doubled bid + ask, as a count of 10^-18: an exact mid at any scale.
  void add(Int128 doubled, MonoTime now);

  /// The upper of the two middle ones when their number is even; doubled as they were added.
  /// Nullopt with fewer than mids_min.
  [[nodiscard]] std::optional<Int128> median(MonoTime now);

  [[nodiscard]] std::size_t size() const noexcept { return sorted_.size(); }

private:
  struct Sample {
    MonoTime at;
    Int128 doubled = 0;
  };

  void forget_old(MonoTime now);

  std::deque<Sample> by_time_;
  std::vector<Int128> sorted_;
};

} // namespace tandem::core::risk
