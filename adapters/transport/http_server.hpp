/// An HTTP/1.1 and WebSocket server on one Io thread: the engine's interfaces and the simulated
/// venues use the same one. It parses, limits and cuts; what a route answers is its user's
/// business. No Boost here.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "core/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::transport {

/// PEM files. Errors of them come from serve_http.
struct ServerTls {
  std::string certificate{}; ///< with its chain
  std::string key{};         ///< without a pass phrase
  std::string client_ca{};   ///< empty = any client; else only those with a certificate of these
};

/// Every bound that protects the process from its clients.
struct ServerLimits {
  std::size_t header_bytes_max = 16U * 1024;            ///< beyond: 431
  std::size_t body_bytes_max = 1U * 1024 * 1024;        ///< beyond: 413
  std::size_t connections_max = 1'500;                  ///< beyond: accepted, 503, closed
  std::size_t websockets_max = 1'000;                   ///< beyond: 503 on upgrade
  std::size_t websocket_message_bytes_max = 64U * 1024; ///< inbound; beyond: close 1009
  std::size_t websocket_buffer_bytes_max
      = 4U * 1024 * 1024; ///< outbound per client; beyond: close 1013
  std::chrono::milliseconds request_timeout{
      8'000}; ///< headers and body of one request, handshake included
  std::chrono::milliseconds handshake_timeout{5'000}; ///< of TLS; before the request's own time
  /// From a whole request to its answer; beyond: 503. Above the 35 s that an execution may take.
  std::chrono::milliseconds answer_timeout{40'000};
  std::chrono::milliseconds idle_timeout{60'000}; ///< keep-alive connection without a request
  std::chrono::milliseconds websocket_idle_timeout{60'000}; ///< peer silent although pinged
  std::optional<ServerTls> tls{};                           ///< absent = plain
};

struct ServerRequest {
  std::string method{}; ///< upper case as sent
  std::string path{};  ///< percent-decoded, no query; a path that does not decode is refused before
  std::string query{}; ///< raw, without '?'
  HeaderList headers{}; ///< names lower case
  std::string body{};
  std::string peer{}; ///< "127.0.0.1:51234"
};

/// First value of a header (lower-case name) or empty.
[[nodiscard]] std::string_view header(const ServerRequest& request, std::string_view name) noexcept;

/// Decoded value of one query parameter; absent = nullopt.
[[nodiscard]] std::optional<std::string> query_value(const ServerRequest& request,
                                                     std::string_view name);

struct ServerResponse {
  int status = 200;
  HeaderList headers{}; ///< Content-Length, Date and Connection are added
  std::string body{};
  std::string content_type = "application/json";
};

/// Call exactly once, from any thread. A second call is ignored; never calling it ends in 503 after
/// the answer timeout.
using Respond = std::function<void(ServerResponse)>;

/// One WebSocket client. Shared: may be kept after the peer has gone (calls then do nothing). All
/// calls are thread safe.
class ServerSocket {
public:
  virtual ~ServerSocket() = default;
  [[nodiscard]] virtual std::uint64_t id() const = 0;
  /// Queues one text message; the bytes are shared, not copied. Returns false when the client is
  /// gone or over its buffer.
  virtual bool send(std::shared_ptr<const std::string> text) = 0;
  /// Bytes queued and not yet written.
  [[nodiscard]] virtual std::size_t buffered() const = 0;
  virtual void ping(std::string payload) = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  /// Resets the TCP connection without a close frame.
  virtual void abort() = 0;
  /// Stops (or goes on) reading, and with it answering pings: the peer sees a half-open link.
  virtual void pause_reading(bool paused) = 0;
};

using ServerSocketPtr = std::shared_ptr<ServerSocket>;

/// All on the Io's thread. Unset functions: 404 for HTTP, 404 for upgrades.
struct ServerEvents {
  std::function<void(ServerRequest, Respond)> on_request{};
  /// Decides an upgrade: nullopt accepts, a response refuses.
  std::function<std::optional<ServerResponse>(const ServerRequest&)> on_upgrade{};
  std::function<void(ServerSocketPtr, const ServerRequest&)> on_socket_open{};
  std::function<void(const ServerSocketPtr&, std::string_view text)> on_socket_text{};
  std::function<void(const ServerSocketPtr&, std::string_view payload)> on_socket_pong{};
  std::function<void(const ServerSocketPtr&)> on_socket_closed{};
  /// The body of refusals the server makes itself (413, 431, 503, 400): lets each surface keep its
  /// envelope.
  std::function<ServerResponse(int status, std::string_view reason)> on_refusal{};
};

/// All since the start, but websockets_open. `handshakes_failed` were no TLS, or a client without
/// the certificate it needs. `connections` were accepted within the cap; `timed_out` counts slow or
/// unanswered requests and silent WebSockets; `messages_sent` and `bytes_sent` count WebSocket
/// texts and all WebSocket bytes that the system took.
struct ServerCounters {
  std::uint64_t connections = 0, connections_refused = 0, requests = 0, malformed = 0,
                timed_out = 0, handshakes_failed = 0;
  std::uint64_t websockets_open = 0, websockets_total = 0, websockets_cut_slow = 0;
  std::uint64_t messages_sent = 0, bytes_sent = 0;
};

class HttpServer {
public:
  /// Closes everything and tells nobody: no event comes after it. Any thread; waits for an event
  /// that is running on the Io's.
  virtual ~HttpServer() = default;
  /// "127.0.0.1:34567" as bound.
  [[nodiscard]] virtual std::string address() const = 0;
  [[nodiscard]] virtual ServerCounters counters() const = 0; ///< thread safe
};

/// Binds at once. @param address "host:port", port 0 = any free one. Errors: exchange_unavailable
/// never; configuration when it does not parse or limits.tls cannot be used, connection_lost when
/// it cannot be bound.
[[nodiscard]] core::Result<std::unique_ptr<HttpServer>>
serve_http(Io& io, const std::string& address, ServerLimits limits, ServerEvents events);

/// Binds and serves as serve_http does; where there is no network, a stand-in.
using Serve = std::function<core::Result<std::unique_ptr<HttpServer>>(
    const std::string& address, ServerLimits limits, ServerEvents events)>;

/// serve_http on `io`, which must outlive what it makes.
[[nodiscard]] Serve serve_on(Io& io);

} // namespace tandem::adapters::transport
