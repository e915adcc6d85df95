/// What the armed faults have in store for one order: drawn once when it arrives, acted out by the
/// surface. The same for all venues; how a venue says it is the surface's business.
#pragma once

#include "apps/tandem_sim/faults.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::sim {

struct OrderFate {
  bool maintenance = false;                ///< no order is taken
  bool halted = false;                     ///< the instrument is not traded at the moment
  std::optional<std::int64_t> retry_after; ///< seconds: too many orders
  bool reject = false;
  bool answer_lost = false;   ///< it is taken; the answer never leaves
  bool unknown = false;       ///< the answer says that nobody knows ...
  bool unknown_taken = false; ///< ... and it was taken all the same
  Millis delay{0};            ///< it is taken only then
  Millis answer_after{0};     ///< the answer comes so long after the events
  std::int64_t fill_ppm_max = 1'000'000;
  std::optional<Millis> fill_late_by; ///< of one that cannot rest: its last fill is told so late
};

[[nodiscard]] OrderFate fate_of_order(Faults& faults, SurfaceId surface, std::string_view symbol,
                                      Time now);

/// Of a cancel: half of the rest traded before it and is told so long after it; nullopt: nothing.
[[nodiscard]] std::optional<Millis> late_fill_of(Faults& faults, SurfaceId surface,
                                                 std::string_view symbol, Time now);

} // namespace tandem::sim
