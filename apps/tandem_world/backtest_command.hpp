/// `tandem-world backtest`: reads configuration and scenario, runs, writes the report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tandem::world {

struct BacktestCommand {
  std::string config;
  std::string scenario;         ///< empty = the one that the configuration names
  std::string capture;          ///< a captured run, instead of a scenario; empty = none
  std::int64_t seconds = 3'600; ///< of virtual time
  std::int64_t latency_us = 500, jitter_us = 500;
  std::uint64_t seed = 1;
  std::string json, html; ///< files; empty = not written
};

/// @return 0; 1 when the engine broke a promise; 65 (data), 73 (cannot write), 78 (configuration)
[[nodiscard]] int run_backtest_command(const BacktestCommand& command);

} // namespace tandem::world
