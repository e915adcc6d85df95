/// Makes the engine's gRPC server: every operation of adapters/traders/operations.hpp as a method,
/// and what books the streams tell of.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "messages/context.hpp"

namespace tandem::actors {

/// @param strand runs the interface's events, and outlives what is made.
[[nodiscard]] adapters::transport::Serve serve_grpc(adapters::transport::Strand& strand,
                                                    const messages::ContextPtr& context);

} // namespace tandem::actors
