/// Addresses and URLs as far as the configuration judges them: their shape, and whether they point
/// at this machine. Resolving and connecting is the transport's.
#pragma once

#include "core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::config {

struct Endpoint {
  std::string host;       ///< lower case, without brackets
  std::uint16_t port = 0; ///< 0 = not given (URLs) or any free one (listeners)
  bool encrypted = false; ///< https or wss
};

/// host:port or [v6]:port; the port must be there, 0 included. Errors: configuration.
[[nodiscard]] core::Result<Endpoint> parse_address(std::string_view text);

/// "unix:/run/tandem.sock": a socket in the file system.
[[nodiscard]] constexpr bool is_unix_address(std::string_view text) noexcept {
  return text.starts_with("unix:");
}

/// "unix:" and the path: what the kernel takes, with room to spare.
inline constexpr std::size_t unix_address_max = 105;

/// scheme://host[:port][/path]. @param plain, encrypted the two schemes allowed here, e.g. "http"
/// and "https". Errors: configuration (other scheme, no host, bad port, user info, query, fragment,
/// blanks).
[[nodiscard]] core::Result<Endpoint> parse_endpoint(std::string_view text, std::string_view plain,
                                                    std::string_view encrypted);

/// An exact web origin: scheme://host[:port] without a path, http or https. Errors: configuration.
[[nodiscard]] core::Status check_origin(std::string_view text);

/// 127.0.0.0/8, ::1 and localhost.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

} // namespace tandem::config
