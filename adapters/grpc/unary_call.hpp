/// One unary call: from bytes to a handler and back. Private to adapters/grpc.
#pragma once

#include "adapters/grpc/server_state.hpp"

#include <grpcpp/support/server_callback.h>

namespace tandem::adapters::grpc {

/// Begins it; what is returned deletes itself when gRPC is done with it. Does not block. @param
/// response outlives the call.
[[nodiscard]] ::grpc::ServerUnaryReactor* begin_unary(const StatePtr& state, const Route& route,
                                                      const pb::MethodDescriptor& method,
                                                      ::grpc::CallbackServerContext* context,
                                                      const ::grpc::ByteBuffer& request,
                                                      ::grpc::ByteBuffer* response);

} // namespace tandem::adapters::grpc
