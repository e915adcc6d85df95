#include "adapters/transport/server_tls.hpp"

#include "adapters/transport/tls_files.hpp"

#include <openssl/ssl.h>

#include <string>
#include <utility>

namespace tandem::adapters::transport {
namespace {

namespace ssl = boost::asio::ssl;
using core::Errc;

/// TLS 1.2 without forward secrecy is left out; TLS 1.3 has its own list.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
/// Tells sessions of this server from others'; needed where clients show certificates.
constexpr std::string_view session_context = "tandem";

tl::unexpected<core::Error> unusable(const std::string& what, const std::string& file,
                                     const ErrorCode& error) {
  return core::fail(Errc::configuration, "the " + what + " cannot be used: " + error.message(),
                    file);
}

/// A connection that is not yet encrypted. Whoever is slow or speaks no TLS is closed without a
/// word: there is nobody yet who could read one.
class TlsSession final : public Session, public std::enable_shared_from_this<TlsSession> {
public:
  TlsSession(std::shared_ptr<ServerCore> core, Socket socket, bool refused)
      : core_{std::move(core)}, stream_{std::move(socket), core_->tls}, refused_{refused} {}

  void start() {
    core_->enter(shared_from_this());
    deadline_ = core_->deadline(core_->limits.handshake_timeout);
    stream_.handshake([self = shared_from_this()](ErrorCode error) { self->on_done(error); });
  }

  void cut() override {
    if (std::exchange(over_, true))
      return;
    stream_.close();
    core_->leave(*this);
  }

  void on_tick() override {
    if (!core_->reached(deadline_))
      return;
    ++core_->counters.timed_out;
    cut();
  }

  [[nodiscard]] std::optional<std::uint64_t> waited_for_since() const override { return since_; }

private:
  void on_done(ErrorCode error) {
    if (over_)
      return;
    if (error) {
      ++core_->counters.handshakes_failed;
      return cut();
    }
    over_ = true;
    core_->leave(*this);
    start_http_session(core_, std::move(stream_), refused_);
  }

  const std::shared_ptr<ServerCore> core_;
  ServerStream stream_;
  const bool refused_;
  const std::uint64_t since_ = core_->now();
  std::uint64_t deadline_ = 0;
  bool over_ = false;
};

} // namespace

core::Result<std::shared_ptr<ssl::context>> make_server_tls(const ServerTls& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  auto* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                                  | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(native, ciphers);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS); // idle connections are many
  ErrorCode error;
  // Without it OpenSSL would ask at the terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                 error);
  context->use_certificate_chain_file(files.certificate, error);
  if (error)
    return unusable("certificate", files.certificate, error);
  context->use_private_key_file(files.key, ssl::context::pem, error);
  if (error)
    return unusable("private key", files.key, error);
  if (SSL_CTX_check_private_key(native) != 1)
    return core::fail(Errc::configuration, "the private key is not that of the certificate",
                      files.key);
  if (files.client_ca.empty())
    return context;
  context->load_verify_file(files.client_ca, error);
  if (error)
    return unusable("authority of the clients", files.client_ca, error);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  SSL_CTX_set_session_id_context(native,
                                 reinterpret_cast<const unsigned char*>(session_context.data()),
                                 static_cast<unsigned>(session_context.size()));
  if (auto* const names = SSL_load_client_CA_file(files.client_ca.c_str()); names != nullptr)
    SSL_CTX_set_client_CA_list(native, names); // tells clients which certificate to show
  return context;
}

core::Status check_server_tls(const ServerTls& files) {
  if (auto made = make_server_tls(files); !made)
    return tl::unexpected{std::move(made.error())};
  return {};
}

void start_tls_session(std::shared_ptr<ServerCore> core, Socket socket, bool refused) {
  std::make_shared<TlsSession>(std::move(core), std::move(socket), refused)->start();
}

} // namespace tandem::adapters::transport
