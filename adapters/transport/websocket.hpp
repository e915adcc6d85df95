/// A WebSocket client connection: opens, reads text, says when it is down. It never reconnects by
/// itself: its owner decides. No Boost here.
#pragma once

#include "adapters/transport/io.hpp"
#include "core/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

struct TlsOptions {
  std::string ca_file{}; ///< empty = the system's store. There is no option to skip verification.
};

struct WebSocketOptions {
  std::string url{}; ///< ws:// or wss://, path and query included
  std::chrono::milliseconds open_timeout{
      10'000}; ///< resolve + connect + proxy + TLS + upgrade together
  std::size_t message_bytes_max = 16U * 1024 * 1024;
  TlsOptions tls{};
  /// "http://host:port" or empty; see proxy_for(). Tunnelled by CONNECT.
  std::string proxy{};
};

/// Called on the Io's thread, never after close() returned on that thread or the handle was
/// destroyed.
struct WebSocketEvents {
  std::function<void()> on_open{};
  /// @param text followed by at least 64 readable bytes. @param received_at taken before any
  /// decoding.
  std::function<void(std::string_view text, core::MonoTime received_at)> on_text{};
  /// A ping or pong frame arrived (pings are answered already): a sign of life.
  std::function<void(core::MonoTime received_at)> on_control{};
  /// Once, for whatever reason; the connection is over. Errors: connection_lost, timed_out,
  /// upstream_error (refused upgrade, with the HTTP status in the detail), malformed (protocol
  /// violation, message too big).
  std::function<void(core::Error)> on_down{};
};

/// Thread safe. Destroying the handle closes the connection without further events.
class WebSocket {
public:
  virtual ~WebSocket() = default;
  virtual void send(std::string text) = 0;
  /// WebSocket-level ping with an empty payload.
  virtual void ping() = 0;
  virtual void close() = 0;
};

class WebSocketConnector {
public:
  virtual ~WebSocketConnector() = default;
  [[nodiscard]] virtual std::unique_ptr<WebSocket> open(WebSocketOptions options,
                                                        WebSocketEvents events)
      = 0;
};

/// Real sockets on `io`, which must outlive the connector and its connections.
[[nodiscard]] std::unique_ptr<WebSocketConnector> make_websocket_connector(Io& io);

/// The proxy for a URL by the usual environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and lower case,
/// NO_PROXY with suffixes and `*`), looked up through `getenv_like` (name -> value or empty). Empty
/// = direct. Loopback is always direct.
[[nodiscard]] std::string
proxy_for(std::string_view url, const std::function<std::string(const std::string&)>& getenv_like);

} // namespace tandem::adapters::transport
