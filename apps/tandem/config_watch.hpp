/// The configuration file while the engine runs: who notices that it was written again, and what is
/// taken over from it.
#pragma once

#include "config/load.hpp"
#include "messages/context.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace tandem::apps {

/// Hands the pairs and plans of a file to the running engine; one with mistakes changes nothing,
/// and other keys need a restart. Says what it did in the log and as an alert.
/// @param epoch of this run.
void take_over(const config::LoadResult& loaded, const std::string& file,
               const messages::Context& context, std::uint64_t epoch);

class ConfigWatch {
public:
  explicit ConfigWatch(std::string file);

  /// It was written since the last call.
  [[nodiscard]] bool changed();

private:
  [[nodiscard]] std::filesystem::file_time_type stamp() const;

  std::string file_;
  std::filesystem::file_time_type seen_{};
};

} // namespace tandem::apps
