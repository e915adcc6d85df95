/// The files of a server's TLS: whether they can be used, and when they were renewed. No Boost
/// here.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "core/result.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace tandem::adapters::transport {

/// Errors: configuration naming the file (not readable, no PEM, key of another certificate, key
/// with a pass phrase).
[[nodiscard]] core::Status check_server_tls(const ServerTls& files);

/// Tells when the files were changed, by their time and size.
class TlsFiles {
public:
  /// Looks at them: what is read after this is what changes are told against.
  explicit TlsFiles(ServerTls files);

  /// Since the last time.
  [[nodiscard]] bool changed();

  [[nodiscard]] const ServerTls& names() const noexcept { return files_; }

private:
  using Seen = std::array<std::pair<std::filesystem::file_time_type, std::uintmax_t>, 3>;
  [[nodiscard]] Seen look() const;

  ServerTls files_;
  Seen seen_;
};

} // namespace tandem::adapters::transport
