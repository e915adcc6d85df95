/// What stands before every handler: who asks, whether a command was asked before, and what the
/// audit log is told. Private to actors/api; runs on the I/O thread.
#pragma once

#include "actors/api/http_surface.hpp"

#include <tl/expected.hpp>

#include <string>

namespace tandem::actors {

/// "10.0.0.1:4711" -> "10.0.0.1".
[[nodiscard]] std::string host_of(const std::string& peer);

/// Whoever asks, without a request id, or the answer that he gets instead. On a listener without
/// keys everybody is "api" and may everything.
/// @param urgent does not count against what the key asked otherwise.
[[nodiscard]] tl::expected<core::security::Caller, ServerResponse>
caller_of(HttpSurface& impl, const config::ListenerConfig& listener, const ServerRequest& request,
          bool urgent);

/// What the request calls itself (X-Request-Id), or a new id. Drawn for what is answered alone: a
/// captured run has as many when it is played again.
[[nodiscard]] std::string request_id_of(const ServerRequest& request, HttpSurface& impl);

/// Whether this request is answered without a key on any listener: probes, the pages themselves,
/// and what the interface is.
[[nodiscard]] bool is_open(const ServerRequest& request);

/// A call that was refused for its role is recorded.
void record_forbidden(HttpSurface& impl, const HttpCall& call);

/// Records a command, and from here on its answer, which waits until it is recorded. With an
/// idempotency key it is done once. @return false: it is answered already.
[[nodiscard]] bool admit_command(HttpSurface& impl, HttpCall& call);

/// The WebSockets that were opened with a key. Thread safe.
class KeyedSockets {
public:
  void opened(const adapters::transport::ServerSocketPtr& socket, const ServerRequest& request);
  void closed(const adapters::transport::ServerSocketPtr& socket);
  /// Closes (1008) those whose key no longer holds.
  void look(const adapters::security::Guard& guard);

private:
  struct Held {
    std::weak_ptr<adapters::transport::ServerSocket> socket;
    std::string key_id;
  };

  std::mutex mutex_;
  std::map<const adapters::transport::ServerSocket*, Held> held_;
};

/// What tells browsers to trust nothing they were not told to.
void add_security_headers(const config::ListenerConfig& listener, ServerResponse& response);

} // namespace tandem::actors
