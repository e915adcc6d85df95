/// Runs an operator's own configuration against generated or recorded markets in virtual time: the
/// engine as it is, the simulator's matching, fees and a network with a latency.
#pragma once

#include "apps/tandem_sim/scenario.hpp"
#include "apps/tandem_world/backtest_report.hpp"
#include "config/schema.hpp"
#include "core/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::world {

struct BacktestOptions {
  std::string title;
  /// Pairs, plans, limits, venues. Its endpoints, keys, mode and directory are not used.
  config::Config config;
  /// Markets, accounts and fees. Without accounts each venue gets one with plenty of money and the
  /// fees of a newcomer.
  sim::Scenario scenario;
  /// Not empty: a captured run, whose markets are played instead of the scenario's.
  std::string capture{};
  std::uint64_t seed = 1; ///< of latency and order of work
  std::chrono::nanoseconds latency{std::chrono::microseconds{500}}; ///< one way, at least
  std::chrono::nanoseconds jitter{std::chrono::microseconds{500}};
  std::chrono::milliseconds length{std::chrono::hours{1}}; ///< at most, for a recording
};

struct Backtest {
  BacktestReport report;
  std::chrono::nanoseconds virtual_time{0};
  std::uint64_t digest = 0;
  std::vector<std::string> broken; ///< promises of the engine: a defect
};

/// A recording is played at its own time, from its first line to its last; the network's latency,
/// fees and queue are the simulator's (docs/simulation.md). Errors: validation_error (a market that
/// no simulated venue has, or whose recording holds no book), not_found, malformed (a recording).
[[nodiscard]] core::Result<Backtest> run_backtest(BacktestOptions options);

} // namespace tandem::world
