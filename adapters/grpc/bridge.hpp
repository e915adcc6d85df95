/// A unary method as the request that the REST interface knows, and its answer as a message or a
/// status. One way: what a handler is asked and says is the same behind both interfaces.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "core/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
class ServiceDescriptor;
} // namespace google::protobuf

namespace tandem::adapters::grpc {

/// The operation behind a method.
struct Route {
  std::string name{};   ///< of the method: "UpdatePair"
  std::string method{}; ///< "PUT"
  std::string path{};   ///< "/api/monitoring/pairs/{id}"
  std::vector<std::string> query{};
  bool has_body = false;
};

/// Every method has a route and every route a method, and each field of a request has a place in
/// its route. Error: configuration, `source` = the first method or route that does not fit.
[[nodiscard]] core::Status check_routes(const google::protobuf::ServiceDescriptor& service,
                                        const std::vector<Route>& routes);

/// Method, path (not percent-encoded), query and body; headers and peer are the caller's. Error:
/// validation_error (a part of the path is empty or would be two).
[[nodiscard]] core::Result<transport::ServerRequest>
to_request(const Route& route, const google::protobuf::Message& request);

/// A status that is not OK.
struct Refusal {
  int code = 0; ///< google.rpc.Code
  std::string message;
  std::string details; ///< tandem.v1.Status, serialised: the trailer grpc-status-details-bin
};

[[nodiscard]] Refusal to_refusal(const core::Error& error);

struct Answer {
  std::optional<Refusal> refusal; ///< absent: the message is filled
  std::string mode;               ///< label of the engine; may be empty
};

/// What a handler answered, into the method's message. An answer that does not fit its message is a
/// refusal too: INTERNAL, saying where.
[[nodiscard]] Answer to_answer(const transport::ServerResponse& response,
                               google::protobuf::Message& message);

} // namespace tandem::adapters::grpc
