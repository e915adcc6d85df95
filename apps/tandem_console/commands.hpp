/// The console's one-shot commands: a request, its answer as a table or as the engine's own JSON,
/// an exit code.
#pragma once

#include "adapters/console/client.hpp"
#include "apps/tandem_console/source.hpp"
#include "core/result.hpp"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace tandem::apps {

inline constexpr int exit_done = 0;
inline constexpr int exit_usage = 64;     ///< also: the engine refuses what was asked
inline constexpr int exit_no_engine = 69; ///< nobody there, or it cannot at the moment
inline constexpr int exit_internal = 70;
inline constexpr int exit_configuration = 78;

/// What was asked for on the command line.
struct CommandLine {
  std::string name;      ///< "tree", "actor", ...
  std::string subject{}; ///< path, breaker, order, event, fault or file
  bool json = false;
  std::string status{};      ///< decide: how the order ended
  std::string reason{};      ///< kill-switch
  std::string level = "all"; ///< kill-switch: all, venue, strategy; log: debug to error
  std::string category{};    ///< log, watch log: error, performance or event; empty = all
  std::string scope{};       ///< kill-switch; drill: the simulated surface
  std::string symbol{};      ///< drill
  std::size_t for_ms = 0;    ///< drill; 0 = until it has hit, or is ended
  bool flatten = false;      ///< kill-switch
  bool release = false;      ///< kill-switch
  std::size_t limit = 100;   ///< rows of a list
  std::size_t count = 0;     ///< watch: frames, then it ends; drill: hits; 0 = no end
  std::chrono::milliseconds interval{1'000}; ///< top: between its two looks
};

[[nodiscard]] int exit_code(const core::Error& error) noexcept;

/// Waits that long; given, so that a test does not.
using Wait = void (*)(std::chrono::milliseconds);

/// @param out for what was asked for. @param err for why not. @return the exit code
[[nodiscard]] int run_command(adapters::console::Client& client, const CommandLine& line,
                              std::ostream& out, std::ostream& err, Wait wait);

} // namespace tandem::apps
