#include "adapters/transport/tls_files.hpp"

#include <system_error>

namespace tandem::adapters::transport {

TlsFiles::TlsFiles(ServerTls files) : files_{std::move(files)}, seen_{look()} {}

bool TlsFiles::changed() {
  auto now = look();
  const bool other = now != seen_;
  seen_ = std::move(now);
  return other;
}

TlsFiles::Seen TlsFiles::look() const {
  Seen seen;
  std::size_t at = 0;
  for (const auto* path : {&files_.certificate, &files_.key, &files_.client_ca}) {
    std::error_code gone; // a missing file is another state as well
    auto& file = seen.at(at++);
    file.first = std::filesystem::last_write_time(*path, gone);
    file.second = std::filesystem::file_size(*path, gone);
  }
  return seen;
}

} // namespace tandem::adapters::transport
