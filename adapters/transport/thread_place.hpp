/// Which processors a thread may run on, and whether it waits for others.
#pragma once

#include "core/result.hpp"

#include <cstddef>
#include <vector>

namespace tandem::adapters::transport {

/// A thread inherits the place of the one that starts it.
struct ThreadPlace {
  std::vector<std::size_t> cpus; ///< numbers as /proc/cpuinfo has them; empty: any
  bool yields = false;           ///< under load it waits for the threads that do not
};

/// An error names the processors that this process may not use.
[[nodiscard]] core::Result<void> usable(const std::vector<std::size_t>& cpus);

/// Moves the calling thread. What the system refuses is left as it was: a thread in the wrong place
/// works, only slower.
void take(const ThreadPlace& place) noexcept;

} // namespace tandem::adapters::transport
