/// When a plan may trade: windows of the week at a fixed offset from UTC. Pure arithmetic on wall
/// time; it asks no clock and knows no time zone with daylight saving (a venue with one gets a new
/// offset at the change).
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::core::twap {

/// Open from one time of day to another; `until` at or before `from` means the next day.
struct Session {
  std::chrono::minutes from{0};  ///< 00:00..23:59, local
  std::chrono::minutes until{0}; ///< 00:00..24:00, local
  std::uint8_t days = 0x7f;      ///< bit 0 = Monday ... bit 6 = Sunday: on which it begins

  friend bool operator==(const Session&, const Session&) = default;
};

struct Calendar {
  std::vector<Session> sessions;      ///< empty = always open; they may overlap
  std::chrono::minutes utc_offset{0}; ///< -14 h..+14 h: local = UTC + this

  friend bool operator==(const Calendar&, const Calendar&) = default;

  [[nodiscard]] bool is_open(UnixMillis at) const noexcept;
  /// `at` itself when open, else the next opening. With sessions that have no day: never
  /// (INT64_MAX).
  [[nodiscard]] UnixMillis next_open(UnixMillis at) const noexcept;
  /// The instant at which `open_time` of open time has passed since `from`: closed hours do not
  /// count. Never in a closed hour, unless open_time is 0 and the result is the end of none.
  [[nodiscard]] UnixMillis after(UnixMillis from,
                                 std::chrono::milliseconds open_time) const noexcept;
  /// Open time between two instants; 0 when until <= from.
  [[nodiscard]] std::chrono::milliseconds open_between(UnixMillis from,
                                                       UnixMillis until) const noexcept;
};

} // namespace tandem::core::twap
