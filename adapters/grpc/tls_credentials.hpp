/// TLS of a gRPC server: files that are read again when they were renewed. Private to
/// adapters/grpc.
#pragma once

#include "adapters/grpc/memory_file.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/tls_files.hpp"
#include "core/result.hpp"

#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::grpc {

/// What gRPC reads, in memory: the key and its certificate in one file, so that they change
/// together.
struct TlsCopies {
  MemoryFile pair;
  MemoryFile clients; ///< empty: no client needs a certificate
};

/// gRPC watches files, but takes over whatever it finds there: with a certificate whose key is not
/// there yet it would serve nobody. So it watches copies, and they change when what was written can
/// be used.
class RenewedTls {
public:
  using Tell = std::function<void(std::string_view what)>;

  /// @param copies of what the files held when they were looked at last. @param tell what cannot be
  /// taken over; called within look().
  RenewedTls(transport::TlsFiles files, TlsCopies copies, Tell tell);

  /// Each new connection gets what was taken over by then; with `client_ca` only clients with a
  /// certificate of it come in.
  [[nodiscard]] const std::shared_ptr<::grpc::ServerCredentials>& credentials() const noexcept {
    return credentials_;
  }

  /// gRPC may look at them until a moment after its server has gone: they are to be kept that long.
  [[nodiscard]] std::shared_ptr<const TlsCopies> copies() const noexcept { return copies_; }

  /// Takes over what was renewed since the last time; connections have it within a second. What
  /// cannot be used is told and the former stays.
  void look();

private:
  [[nodiscard]] core::Status take_over();

  transport::TlsFiles files_;
  std::shared_ptr<TlsCopies> copies_;
  Tell tell_;
  std::int64_t version_;
  std::shared_ptr<::grpc::ServerCredentials> credentials_;
};

/// Errors: those of check_server_tls; configuration when there is no memory for the copies.
[[nodiscard]] core::Result<std::shared_ptr<RenewedTls>>
renewed_tls(const transport::ServerTls& files, RenewedTls::Tell tell);

/// The blocks of a PEM text whose label ends so, e.g. "PRIVATE KEY" or "CERTIFICATE".
[[nodiscard]] std::string pem_blocks(std::string_view text, std::string_view label_end);

} // namespace tandem::adapters::grpc
