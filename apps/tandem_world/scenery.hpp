/// What a world is made of, drawn from its seed: which venues, pairs and plans, how orders enter,
/// how durable the journal is. Written as the configuration and scenario that the programs read.
#pragma once

#include "apps/tandem_sim/replay.hpp"
#include "apps/tandem_sim/scenario.hpp"
#include "config/schema.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::world {

/// 2024-08-09 00:00:00 UTC
inline constexpr sim::Time usual_beginning{std::chrono::milliseconds{1'723'161'600'000}};

struct Scenery {
  config::Config config;
  sim::Scenario scenario;
  std::vector<sim::SurfaceId> surfaces; ///< those in use
  /// Opens the recording of the scenario; empty: it has none.
  std::function<std::unique_ptr<sim::LineSource>()> recording;
  sim::Time beginning = usual_beginning; ///< what the world's wall clock begins with
  bool tight = false;                    ///< limits may keep it from trading for good reason
};

/// @param state_dir where the engine keeps its list of pairs; a real directory.
[[nodiscard]] Scenery draw_scenery(std::uint64_t seed, const std::string& state_dir);

/// A world of this size without faults: for speed and for soak runs.
[[nodiscard]] Scenery large_scenery(std::uint64_t seed, const std::string& state_dir,
                                    std::size_t pairs, std::size_t plans);

} // namespace tandem::world
