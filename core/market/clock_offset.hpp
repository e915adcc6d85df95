/// Estimates venue clock minus local wall clock from server-time queries: median of the last five,
/// error bounded by half the round trip.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace tandem::core::market {

class ClockOffset {
public:
  static constexpr std::size_t samples_max = 5;

  /// @param server_time as answered. @param sent_wall, received_wall local wall time around the
  /// query. Samples whose round trip exceeds 2 s are not used (returns false).
  bool add(UnixMillis server_time, WallTime sent_wall, WallTime received_wall);

  /// Nullopt before the first sample.
  [[nodiscard]] std::optional<std::chrono::milliseconds> median() const;

  /// |median| above `limit`.
  [[nodiscard]] bool beyond(std::chrono::milliseconds limit) const;

private:
  std::deque<std::chrono::milliseconds> samples_;
};

} // namespace tandem::core::market
