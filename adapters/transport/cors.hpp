/// Which pages of other origins may read what a listener answers, and may open a WebSocket to it.
/// A list of origins is exact ones, or "*" for all; a page of the listener itself needs none.
#pragma once

#include "adapters/transport/http_server.hpp"

#include <span>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

using Origins = std::span<const std::string>;

/// Says in the answer that the page may read it, where it may. @param origin empty: no page asks.
void add_cors(Origins allowed, std::string_view origin, ServerResponse& response);

/// Whether a WebSocket may be opened. @param host as the request names the listener.
[[nodiscard]] bool may_connect(Origins allowed, std::string_view origin, std::string_view host);

/// The answer to OPTIONS. @param methods, headers that are allowed, comma separated.
[[nodiscard]] ServerResponse preflight(std::string methods, std::string headers);

} // namespace tandem::adapters::transport
