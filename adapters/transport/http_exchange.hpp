/// One HTTP request on its way through the client, and what it is as bytes. Private to
/// adapters/transport.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/io_impl.hpp"
#include "adapters/transport/url.hpp"

#include <memory>
#include <optional>
#include <string>

namespace tandem::adapters::transport {

/// Connections with the same key are interchangeable.
struct Route {
  Url origin; ///< without target
  std::string ca_file;
  std::optional<Url> proxy;

  [[nodiscard]] std::string key() const {
    return (origin.secure ? "s " : "p ") + origin.host_header() + " " + ca_file + " "
           + (proxy ? proxy->host_header() : std::string{});
  }

  /// A proxy forwards plain requests itself; only TLS needs a tunnel.
  [[nodiscard]] bool by_proxy() const { return proxy && !origin.secure; }
};

/// One request from send() to its callback.
struct Exchange {
  HttpRequest request;
  HttpCallback done;
  std::string
      name; ///< method, scheme, host and port; never the target: it may carry a signature or key
  std::string bytes;
  std::optional<Timer> timer;
  core::MonoTime sent_at{};
  std::string step = "waiting for a free connection";
  bool retried = false;
  bool over = false;
};

using ExchangePtr = std::shared_ptr<Exchange>;

/// Errors: configuration for a method or header that would break the request or that the client
/// sets itself (Host, Content-Length, Transfer-Encoding, Connection). @param absolute as a proxy
/// wants it.
[[nodiscard]] core::Result<std::string> request_bytes(const HttpRequest& request, const Url& url,
                                                      bool absolute);

} // namespace tandem::adapters::transport
