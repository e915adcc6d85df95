/// One server stream: a client of the broadcast like a WebSocket. Private to adapters/grpc.
#pragma once

#include "adapters/grpc/server_state.hpp"

#include <grpcpp/support/server_callback.h>

namespace tandem::adapters::grpc {

/// Begins it; what is returned deletes itself when gRPC is done with it. Does not block.
[[nodiscard]] ::grpc::ServerWriteReactor<::grpc::ByteBuffer>*
begin_stream(const StatePtr& state, const pb::MethodDescriptor& method,
             ::grpc::CallbackServerContext* context, const ::grpc::ByteBuffer& request);

} // namespace tandem::adapters::grpc
