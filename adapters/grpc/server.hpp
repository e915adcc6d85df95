/// The gRPC server: unary methods reach the same handlers as HTTP requests, streams are clients
/// like WebSockets. It parses, limits, converts and cuts; what an operation answers is its user's
/// business. gRPC's own threads run its callbacks; none of them blocks.
#pragma once

#include "adapters/grpc/bridge.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace grpc {
class Service;
}

namespace tandem::adapters::grpc {

struct ServeOptions {
  std::vector<Route> routes; ///< of service Trader
  /// The book of an instrument as GET /api/prices answers it ("data" alone); empty when there is no
  /// live one. Called on gRPC's threads and the strand's.
  std::function<std::string(const std::string& exchange, const std::string& symbol,
                            const std::string& type, std::size_t levels)>
      read_book{};
  /// What goes wrong with nobody to answer to, as renewed files of TLS that cannot be used. Any
  /// thread; must not block.
  std::function<void(std::string_view what)> on_fault = [](std::string_view) {};
  /// Served beside Trader and Streams; shared, because a server made anew serves them again.
  std::vector<std::shared_ptr<::grpc::Service>> services{};
};

/// Binds and serves at an address: "host:port", port 0 = any free one, or "unix:/path" (a socket
/// for its owner alone). The events are those of an HTTP server and run on `strand`, which outlives
/// all that is made: a unary call is a request, a stream a WebSocket that is opened, sends one
/// subscription and hears frames. Of the limits, those of requests, bodies, WebSockets and their
/// buffers hold. Errors: connection_lost when it cannot be bound, configuration when the routes do
/// not fit the service or a file of TLS cannot be used.
[[nodiscard]] transport::Serve serve_on(transport::Strand& strand, ServeOptions options);

} // namespace tandem::adapters::grpc
