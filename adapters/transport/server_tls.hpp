/// The HTTP server's side of TLS: its certificate, who of the clients must show one, and the
/// handshake with its time. Private to adapters/transport.
#pragma once

#include "adapters/transport/server_core.hpp"
#include "adapters/transport/server_stream.hpp"

#include <memory>

namespace tandem::adapters::transport {

/// TLS 1.2 or later, no compression, no renegotiation, the server's order of ciphers. Errors:
/// configuration naming the file (not readable, no PEM, key of another certificate, key with a pass
/// phrase).
[[nodiscard]] core::Result<std::shared_ptr<boost::asio::ssl::context>>
make_server_tls(const ServerTls& files);

/// Shakes hands within the server's handshake_timeout, then goes on as HTTP. @param refused as of
/// start_http_session.
void start_tls_session(std::shared_ptr<ServerCore> core, Socket socket, bool refused);

} // namespace tandem::adapters::transport
