/// Takes a request target apart and refuses what no honest client sends. Pure; private to
/// adapters/transport.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

struct Target {
  std::string path;  ///< decoded, starts with '/'
  std::string query; ///< raw, every %XX in it checked
};

/// Accepts "/path?query" and "http://host/path?query". Absent for anything else, for bad escapes,
/// control characters, text that is no UTF-8 and ".." segments, be they written plainly or encoded.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

/// @param plus_is_space as in query parameters. Absent when an escape is not %XX.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

} // namespace tandem::adapters::transport
