/// `tandem replay FILE`: plays a capture into the same actors, in virtual time and without a
/// network, and compares every message that they send with the one they sent then.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace tandem::apps::capture {

struct ReplayOptions {
  std::string file;
  std::uint64_t until = 0; ///< the last turn to be played; 0 = all
  /// Path of an actor, or the beginning of one: what it handled, logged and sent is printed.
  std::string trace;
};

/// Ends at the first difference, with both sides and the actor that was the first to do something
/// else. @return exit_ok: all the same; 1: a difference; exit_data, exit_configuration: it cannot
/// be played.
[[nodiscard]] int run_replay(const ReplayOptions& options, std::ostream& out, std::ostream& errors);

} // namespace tandem::apps::capture
