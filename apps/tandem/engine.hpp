/// Runs the engine in this process: clocks, threads, sockets, the tree, signals, the end. The only
/// place that takes time and randomness from the machine.
#pragma once

#include "config/schema.hpp"

namespace tandem::apps {

inline constexpr int exit_ok = 0;
inline constexpr int exit_usage = 64;
inline constexpr int exit_unavailable = 69;
inline constexpr int exit_internal = 70;
inline constexpr int exit_configuration = 78;

/// Returns when told to stop (SIGINT, SIGTERM) or when the root supervisor gave up (exit_internal).
[[nodiscard]] int run_engine(const config::Config& config);

} // namespace tandem::apps
