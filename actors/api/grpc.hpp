/// Makes the engine's gRPC server: every operation of adapters/traders/operations.hpp as a method,
/// and what books the streams tell of.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "messages/context.hpp"

#include <memory>
#include <vector>

namespace grpc {
class Service;
}

namespace tandem::actors {

/// @param strand runs the interface's events, and outlives what is made. @param services are served
/// beside Trader and Streams.
[[nodiscard]] adapters::transport::Serve
serve_grpc(adapters::transport::Strand& strand, const messages::ContextPtr& context,
           std::vector<std::shared_ptr<::grpc::Service>> services = {});

} // namespace tandem::actors
