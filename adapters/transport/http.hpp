/// An HTTP/1.1 client with keep-alive connections per host. Answers come back on the Io's thread.
/// No retries: the caller's policy.
#pragma once

#include "adapters/transport/io.hpp"
#include "adapters/transport/websocket.hpp"
#include "core/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::adapters::transport {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  HeaderList headers{};
  std::string body{};
  std::chrono::milliseconds timeout{5'000}; ///< the whole exchange
  std::size_t response_bytes_max = 32U * 1024 * 1024;
  TlsOptions tls{};
  std::string proxy{}; ///< as WebSocketOptions::proxy
};

struct HttpResponse {
  int status = 0;
  HeaderList headers{};
  std::string body{}; ///< its capacity exceeds its size by 64 bytes (JSON parser padding)
  core::MonoTime sent_at{};
  core::MonoTime received_at{};
};

/// A status of any kind is a response; errors are timed_out, connection_lost, malformed. They say
/// nothing about whether the server acted on the request.
using HttpCallback = std::function<void(core::Result<HttpResponse>)>;

class HttpClient {
public:
  virtual ~HttpClient() = default;
  /// Thread safe. The callback runs exactly once on the Io's thread, unless the client is destroyed
  /// first.
  virtual void send(HttpRequest request, HttpCallback done) = 0;
};

/// @param connections_per_host_max further requests wait.
[[nodiscard]] std::unique_ptr<HttpClient>
make_http_client(Io& io, std::size_t connections_per_host_max = 4);

} // namespace tandem::adapters::transport
