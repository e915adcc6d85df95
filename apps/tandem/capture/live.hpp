/// `tandem run --capture FILE`: the engine as always, but with all of its actors on one thread, and
/// everything that comes in or leaves written to a file that `tandem replay` plays again.
#pragma once

#include "apps/tandem/engine.hpp"
#include "config/schema.hpp"

#include <string>

namespace tandem::apps::capture {

/// As run_engine. @param file must not be there yet. Keys cannot be given by interface meanwhile:
/// they would be in the file.
[[nodiscard]] int run_captured(const config::Config& config, const ConfigSource& source,
                               const std::string& file);

} // namespace tandem::apps::capture
