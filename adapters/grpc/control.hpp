/// The engine's end of the inspection console: service Control beside the typed services, at the
/// console's address. It carries requests and frames; what they mean is its user's business.
#pragma once

#include "adapters/grpc/server.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"

namespace tandem::adapters::grpc {

/// As serve_on, with Control among its services: a call is a request that comes to
/// `on_request`, a watch is a WebSocket that sends one text. Both keep to the limits of those.
[[nodiscard]] transport::Serve serve_with_control(transport::Strand& strand, ServeOptions options);

} // namespace tandem::adapters::grpc
