/// Runs the engine in this process: clocks, threads, sockets, the tree, signals, the end. The only
/// place that takes time and randomness from the machine.
#pragma once

#include "config/load.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tandem::apps {

inline constexpr int exit_ok = 0;
inline constexpr int exit_usage = 64;
inline constexpr int exit_data = 65;
inline constexpr int exit_unavailable = 69;
inline constexpr int exit_internal = 70;
inline constexpr int exit_configuration = 78;

/// The configuration file, and how to read it again.
struct ConfigSource {
  std::string file;
  std::function<config::LoadResult()> load;
  std::vector<config::Override> overrides; ///< what `load` puts over it
  /// The same from another text, as if it stood in the file.
  std::function<config::LoadResult(const std::string& yaml)> load_text{};
};

/// Takes over changed pairs of the file while it runs; a file with mistakes changes nothing, and
/// other keys need a restart. Returns when told to stop (SIGINT, SIGTERM) or when the root
/// supervisor gave up (exit_internal).
[[nodiscard]] int run_engine(const config::Config& config, const ConfigSource& source);

} // namespace tandem::apps
