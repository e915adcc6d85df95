/// Estimates venue clock minus local wall clock from server-time queries: median of the last five,
/// error bounded by half the round trip.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace tandem::core::market {

/// |offset| above `limit`; false when there is none.
[[nodiscard]] constexpr bool beyond(std::optional<std::chrono::milliseconds> offset,
                                    std::chrono::milliseconds limit) noexcept {
  return offset && (*offset > limit || *offset < -limit);
}

class ClockOffset {
public:
  static constexpr std::size_t samples_max = 5;

  /// @param server_time as answered. @param sent_wall, received_wall local wall time around the
  /// query. Samples whose round trip exceeds 2 s or is negative, or whose difference does not fit,
  /// are not used (returns false).
  bool add(UnixMillis server_time, WallTime sent_wall, WallTime received_wall);

  /// Nullopt before the first sample; the mean of the middle two when their number is even.
  [[nodiscard]] std::optional<std::chrono::milliseconds> median() const;

private:
  std::deque<std::chrono::milliseconds> samples_;
};

} // namespace tandem::core::market
