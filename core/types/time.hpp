/// The two times and who gives them. Nobody in core, adapters, config or actors asks a clock: times
/// are arguments, and where something must ask it is handed a `Clocks`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace tandem::core {

/// Monotonic, for ages, timers and latency. The epoch is arbitrary.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Wall time, for stamps, signatures and calendars. Nanoseconds since the Unix epoch.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// Unix milliseconds, the unit of every venue's stamp and of `ts` in the interfaces.
using UnixMillis = std::int64_t;

[[nodiscard]] constexpr UnixMillis to_millis(WallTime time) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// Handed in by apps/ (the machine's clocks) or by a test (a virtual one). Both are thread safe.
struct Clocks {
  std::function<MonoTime()> mono;
  std::function<WallTime()> wall;
};

} // namespace tandem::core
