/// The log's back end: spdlog to standard error or a file, as key=value text or JSON lines, every
/// line labelled with the mode.
#pragma once

#include "config/schema.hpp"
#include "core/log.hpp"
#include "core/types/time.hpp"

#include <memory>
#include <string>

namespace tandem::apps {

/// @throws spdlog::spdlog_ex when the file cannot be opened.
[[nodiscard]] std::unique_ptr<core::Log> make_log(const config::LogConfig& config, std::string mode,
                                                  core::Clocks clocks);

/// Lines as the earlier price server wrote them, to standard error: "time - name - LEVEL - message"
/// with a time in UTC like "2025-06-14 12:00:00,123". @param level debug, info, warning or error.
[[nodiscard]] std::unique_ptr<core::Log> make_dashed_log(const std::string& level, std::string name,
                                                         std::string mode, core::Clocks clocks);

} // namespace tandem::apps
