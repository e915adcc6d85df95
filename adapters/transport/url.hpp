/// Splits the endpoint URLs of the configuration. Knows ws, wss, http and https; nothing about
/// venues.
#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

struct Url {
  bool secure = false; ///< wss or https
  std::string host{};  ///< without brackets for IPv6
  std::uint16_t port = 0;
  std::string target{}; ///< path and query as given, may be empty; never a fragment

  [[nodiscard]] std::string host_header() const; ///< host[:port] with the default port left out
};

/// Errors: configuration (scheme, empty host, bad port, user info: secrets do not belong in URLs).
[[nodiscard]] core::Result<Url> parse_url(std::string_view text);

/// For a URL or a form: all but letters, digits and "-._~" as %XX, byte by byte (so UTF-8 too).
/// Source: RFC 3986 section 2.3.
[[nodiscard]] std::string percent_encoded(std::string_view text);

} // namespace tandem::adapters::transport
