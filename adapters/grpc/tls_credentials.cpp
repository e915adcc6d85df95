#include "adapters/grpc/tls_credentials.hpp"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace tandem::adapters::grpc {
namespace {

/// How often gRPC looks at the copies; it takes nothing shorter.
constexpr unsigned watch_seconds = 1;
/// Of the copies. gRPC takes 0 for a file that is not there.
constexpr std::int64_t first_version = 1;

std::string contents(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

/// The files are judged first, for a mistake to be told with its file's name; then the copies, for
/// the files may have been written between the two looks.
core::Result<TlsCopies> copy_checked(const transport::ServerTls& files, std::int64_t version) {
  if (auto good = transport::check_server_tls(files); !good)
    return tl::unexpected{std::move(good.error())};
  auto pair = MemoryFile::make(pem_blocks(contents(files.key), "PRIVATE KEY")
                                   + pem_blocks(contents(files.certificate), "CERTIFICATE"),
                               version);
  if (!pair)
    return tl::unexpected{std::move(pair.error())};
  TlsCopies copies{*std::move(pair), {}};
  if (!files.client_ca.empty()) {
    auto clients = MemoryFile::make(pem_blocks(contents(files.client_ca), "CERTIFICATE"), version);
    if (!clients)
      return tl::unexpected{std::move(clients.error())};
    copies.clients = *std::move(clients);
  }
  const auto path = copies.pair.path();
  if (auto good = transport::check_server_tls({path, path, copies.clients.path()}); !good)
    return tl::unexpected{std::move(good.error())};
  return copies;
}

std::shared_ptr<::grpc::ServerCredentials> watch(const TlsCopies& copies) {
  namespace tls = ::grpc::experimental;
  const auto pair = copies.pair.path();
  tls::TlsServerCredentialsOptions options{std::make_shared<tls::FileWatcherCertificateProvider>(
      pair, pair, copies.clients.path(), watch_seconds)};
  options.watch_identity_key_cert_pairs();
  if (copies.clients.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(options);
}

} // namespace

RenewedTls::RenewedTls(transport::TlsFiles files, TlsCopies copies, Tell tell)
    : files_{std::move(files)}, copies_{std::make_shared<TlsCopies>(std::move(copies))},
      tell_{std::move(tell)}, version_{first_version}, credentials_{watch(*copies_)} {}

void RenewedTls::look() {
  if (!files_.changed())
    return;
  if (const auto status = take_over(); !status)
    tell_("changed files of TLS are not used, the former stay: " + core::describe(status.error()));
}

core::Status RenewedTls::take_over() {
  const auto renewed = copy_checked(files_.names(), ++version_);
  if (!renewed)
    return tl::unexpected{renewed.error()};
  auto& [pair, clients] = *copies_;
  if (!clients.empty() && !clients.become(renewed->clients))
    return core::fail(core::Errc::configuration, "cannot be replaced", clients.path());
  if (!pair.become(renewed->pair))
    return core::fail(core::Errc::configuration, "cannot be replaced", pair.path());
  return {};
}

core::Result<std::shared_ptr<RenewedTls>> renewed_tls(const transport::ServerTls& files,
                                                      RenewedTls::Tell tell) {
  transport::TlsFiles seen{files}; // before they are read: what is written later is a change
  auto copies = copy_checked(files, first_version);
  if (!copies)
    return tl::unexpected{std::move(copies.error())};
  return std::make_shared<RenewedTls>(std::move(seen), *std::move(copies), std::move(tell));
}

std::string pem_blocks(std::string_view text, std::string_view label_end) {
  constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
  std::string blocks;
  for (auto at = text.find(begin); at != std::string_view::npos; at = text.find(begin)) {
    text.remove_prefix(at);
    const auto label = text.substr(begin.size(), text.find(dashes, begin.size()) - begin.size());
    const auto last = "-----END " + std::string{label} + "-----";
    const auto end = text.find(last);
    const auto size = end == std::string_view::npos ? begin.size() : end + last.size();
    if (end != std::string_view::npos && label.ends_with(label_end))
      blocks += std::string{text.substr(0, size)} + '\n';
    text.remove_prefix(size);
  }
  return blocks;
}

} // namespace tandem::adapters::grpc
