/// The console's end of the wire: service Control of an engine. Blocking calls with a deadline; a
/// lost connection is made again by itself.
#pragma once

#include "core/result.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::console {

struct ClientOptions {
  std::string address; ///< "unix:/path" or "host:port"
  std::string ca_file; ///< PEM; empty: the system's authorities. Not used on a Unix socket
  /// Of a remote engine; never shown. Empty: none.
  std::string key;
  /// PEM files of a client's certificate (with its chain) and of its private key, for an engine
  /// that asks for one. Both or none.
  std::string certificate_file;
  std::string certificate_key_file;
};

struct Reply {
  int status = 0; ///< of HTTP
  std::string body;
};

/// Thread safe.
class Client {
public:
  virtual ~Client() = default;

  /// Errors: connection_lost (nobody there), timed_out, unauthenticated, malformed (an answer of
  /// something else). What the engine refuses is a Reply.
  [[nodiscard]] virtual core::Result<Reply> call(const std::string& method,
                                                 const std::string& target, const std::string& body,
                                                 std::chrono::milliseconds timeout)
      = 0;

  /// Frames of the engine's WebSocket, until `on_frame` returns false. @param subscription JSON.
  /// Errors: as of call(), and rate_limited for who reads too slowly.
  [[nodiscard]] virtual core::Status watch(const std::string& subscription,
                                           const std::function<bool(std::string_view)>& on_frame)
      = 0;
};

/// Connects at the first call. Plain text only on a Unix socket and on this machine. Error:
/// configuration (a file that cannot be read, or a certificate without its key).
[[nodiscard]] core::Result<std::unique_ptr<Client>> make_client(const ClientOptions& options);

} // namespace tandem::adapters::console
