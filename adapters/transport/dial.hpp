/// Opens a connection to a host: name lookup, connect, tunnel through a proxy, TLS. It speaks
/// neither HTTP nor WebSocket (but for CONNECT). Private to adapters/transport; used on the Io's
/// thread only.
#pragma once

#include "adapters/transport/byte_stream.hpp"
#include "adapters/transport/url.hpp"
#include "core/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

/// An open connection, plain or TLS. Its owner keeps it until what it started has completed.
class Channel : public ByteStream {
public:
  /// When the last read completed.
  [[nodiscard]] virtual core::MonoTime read_at() const = 0;
};

/// TLS client contexts by CA file: reading the certificates is too dear for each connection. Not
/// thread safe.
class TlsContexts {
public:
  /// @param ca_file empty = the system's store. Errors: configuration when the file holds no
  /// certificate.
  [[nodiscard]] core::Result<std::shared_ptr<boost::asio::ssl::context>>
  get(const std::string& ca_file);

private:
  std::map<std::string, std::shared_ptr<boost::asio::ssl::context>> contexts_;
};

struct DialOptions {
  Url peer;
  std::string ca_file;
  std::optional<Url> proxy;
  bool tunnel = true; ///< through the proxy by CONNECT; false: the proxy itself is talked to (and
                      ///< TLS is not)
};

class Dialing {
public:
  virtual ~Dialing() = default;
  /// The callback will not come any more.
  virtual void cancel() = 0;
  /// "looking up x", for the text of a timeout.
  [[nodiscard]] virtual std::string step() const = 0;
};

using DialCallback = std::function<void(core::Result<std::unique_ptr<Channel>>)>;

/// Errors: connection_lost, upstream_error (the proxy refused), configuration. There is no timeout
/// here: the caller cancels. The callback comes once and never inside this call.
[[nodiscard]] std::shared_ptr<Dialing> dial(Io::Impl& io, std::shared_ptr<TlsContexts> contexts,
                                            DialOptions options, DialCallback done);

/// Empty text = no proxy. Errors: configuration for anything but "http://host:port".
[[nodiscard]] core::Result<std::optional<Url>> parse_proxy(const std::string& text);

} // namespace tandem::adapters::transport
