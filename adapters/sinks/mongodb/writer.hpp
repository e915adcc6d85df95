/// Writes batches to MongoDB (or what speaks its protocol) as unordered bulks of upserts by _id.
/// libmongoc; blocks on a thread of its own.
#pragma once

#include "adapters/sinks/mongodb/documents.hpp"
#include "adapters/sinks/writer.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace tandem::adapters::sinks::mongodb {

struct Options {
  /// mongodb://..., with the user's password: never logged.
  std::string uri;
  std::string database = "tandem";
  std::string collection = "{kind}"; ///< {kind} is replaced
  Form form = Form::record;
  std::string close_collection = "close"; ///< of the form `infoway`
  std::string mode;                       ///< the engine's; in every document of the form `record`
  Numbers numbers = Numbers::decimal128;
  std::string write_concern = "majority"; ///< "majority" or how many servers
  /// Of one write, and of finding a server.
  std::chrono::milliseconds timeout{10'000};
};

/// Errors: configuration (the URI, without quoting it; the write concern).
[[nodiscard]] core::Result<std::unique_ptr<Writer>> make_writer(Options options);

} // namespace tandem::adapters::sinks::mongodb
