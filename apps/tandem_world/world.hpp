/// One seed, one world: the engine under the deterministic scheduler, the simulated venues in the
/// same process, faults from the seed, and a judge. The same seed gives the same bytes.
#pragma once

#include "apps/tandem_world/faults.hpp"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace tandem::world {

/// What a world suffers.
enum class Menu : std::uint8_t { nothing, crashes, everything };

struct WorldOptions {
  std::uint64_t seed = 1;
  Menu menu = Menu::everything;
  /// Of the drawn faults only these happen (by their place in the list); nullopt = all.
  std::optional<std::vector<std::size_t>> keep;
  /// Not empty: a fault that happened and whose words contain this counts as a broken promise. To
  /// try the report and the shrinking.
  std::string blame{};
  std::ostream* trace = nullptr; ///< gets every line; null: only their digest is kept
};

struct WorldOutcome {
  std::uint64_t seed = 0;
  std::vector<std::string> broken; ///< promises, in words; empty = all were kept
  std::vector<Fault> faults;       ///< as drawn, those that were left out too
  std::chrono::nanoseconds virtual_time{0};
  std::uint64_t digest = 0; ///< of the trace
  std::uint64_t trace_lines = 0, steps = 0;
  std::size_t lives = 0, crashes = 0, orders = 0, fills = 0;
  std::size_t records = 0; ///< at the sink's destination
};

[[nodiscard]] WorldOutcome run_world(const WorldOptions& options);

/// The smallest list of faults (places as in WorldOptions::keep) that was found to break a promise
/// still; nullopt when `options` break none.
[[nodiscard]] std::optional<std::vector<std::size_t>> shrink(const WorldOptions& options);

/// For speed: this many pairs and plans over four markets, no fault, for so long.
[[nodiscard]] WorldOutcome run_calm(std::uint64_t seed, std::size_t pairs, std::size_t plans,
                                    std::chrono::milliseconds length);

} // namespace tandem::world
