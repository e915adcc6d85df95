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

} // namespace tandem::apps
