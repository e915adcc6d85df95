/// Records into files: one JSON object a line, as they go to Kafka. Each batch is one block, so
/// that a stream goes on behind the last whole one after any death.
#pragma once

#include "adapters/sinks/capture/rolling_files.hpp"
#include "adapters/sinks/writer.hpp"

#include <functional>
#include <memory>
#include <string>

namespace tandem::adapters::sinks::capture {

struct Options {
  std::string mode; ///< the engine's, on every record
  RollingLimits limits;
  std::function<std::unique_ptr<files::FileLayer>()> files; ///< of the directory
  std::function<core::MonoTime()> clock;
};

/// Files are called "events-...". They are written on a thread of its own.
[[nodiscard]] std::unique_ptr<Writer> make_writer(Options options);

} // namespace tandem::adapters::sinks::capture
