#include "adapters/transport/dial.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>
#include <vector>

namespace tandem::adapters::transport {

namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using core::Errc;

/// A proxy's answer to CONNECT is a status line and a few headers.
constexpr std::size_t proxy_answer_bytes_max = 16U * 1024;

template <class Stream>
class StreamChannel final : public Channel {
public:
  template <class... Args>
  explicit StreamChannel(Io::Impl& io, Args&&... args)
      : io_{io}, stream_{std::forward<Args>(args)...} {}

  [[nodiscard]] Executor executor() override { return io_.executor(); }

  void read_some(asio::mutable_buffer into, Done done) override {
    stream_.async_read_some(
        into, [this, done = std::move(done)](ErrorCode error, std::size_t bytes) mutable {
          read_at_ = io_.clocks.mono();
          done(error, bytes);
        });
  }

  void write_all(std::string bytes, Done done) override {
    out_ = std::move(bytes);
    asio::async_write(stream_, asio::buffer(out_), std::move(done));
  }

  void end() override {
    ErrorCode ignored;
    stream_.lowest_layer().shutdown(asio::socket_base::shutdown_both, ignored);
    stream_.lowest_layer().close(ignored);
  }

  [[nodiscard]] core::MonoTime read_at() const override { return read_at_; }

  [[nodiscard]] Stream& stream() noexcept { return stream_; }

private:
  Io::Impl& io_;
  Stream stream_;
  std::string out_;
  core::MonoTime read_at_{};
};

using PlainChannel = StreamChannel<Socket>;
using TlsChannel = StreamChannel<ssl::stream<Socket>>;

bool is_literal(const std::string& host) {
  ErrorCode error;
  asio::ip::make_address(host, error);
  return !error;
}

/// Name or address the certificate must carry. OpenSSL checks it with the chain, as asio's
/// host_name_verification would, but also says what was wrong.
bool require_name(SSL* handle, const std::string& host) {
  if (is_literal(host))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), host.c_str()) == 1;
  SSL_set_hostflags(handle, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(handle, host.c_str()) == 1
         && SSL_set_tlsext_host_name(handle, host.c_str()) == 1;
}

class Dial final : public Dialing, public std::enable_shared_from_this<Dial> {
public:
  Dial(Io::Impl& io, std::shared_ptr<TlsContexts> contexts, DialOptions options, DialCallback done)
      : io_{io}, contexts_{std::move(contexts)}, options_{std::move(options)},
        done_{std::move(done)}, resolver_{io.executor()}, socket_{io.executor()} {}

  void start() {
    const Url& first = options_.proxy ? *options_.proxy : options_.peer;
    enter("looking up " + first.host);
    ErrorCode not_literal;
    const auto address = asio::ip::make_address(first.host, not_literal);
    if (!not_literal) {
      connect(std::array{Tcp::endpoint{address, first.port}}, first);
      return;
    }
    resolver_.async_resolve(
        first.host, std::to_string(first.port),
        [self = shared_from_this(), &first](ErrorCode error, const Resolver::results_type& found) {
          if (self->proceeds(error))
            self->connect(found, first);
        });
  }

  void cancel() override {
    done_ = nullptr;
    ErrorCode ignored;
    resolver_.cancel();
    socket_.close(ignored);
    if (tls_)
      tls_->end();
  }

  [[nodiscard]] std::string step() const override { return step_; }

private:
  using Resolver = asio::ip::basic_resolver<Tcp, Executor>;

  void enter(std::string step) { step_ = std::move(step); }

  /// False = over: cancelled, or the error was told.
  bool proceeds(ErrorCode error) {
    if (!done_)
      return false;
    if (!error)
      return true;
    fail(Errc::connection_lost, error.message());
    return false;
  }

  void fail(Errc code, const std::string& why) {
    const auto done = std::exchange(done_, nullptr);
    ErrorCode ignored;
    socket_.close(ignored);
    done(core::fail(code, step_ + ": " + why));
  }

  template <class Endpoints>
  void connect(const Endpoints& endpoints, const Url& first) {
    enter("connecting to " + first.host + ":" + std::to_string(first.port));
    asio::async_connect(socket_, endpoints,
                        [self = shared_from_this()](ErrorCode error, const Tcp::endpoint&) {
                          if (self->proceeds(error))
                            self->on_connected();
                        });
  }

  void on_connected() {
    ErrorCode error;
    socket_.set_option(Tcp::no_delay{true}, error);
    if (!proceeds(error))
      return;
    if (options_.proxy && options_.tunnel)
      tunnel();
    else
      secure();
  }

  [[nodiscard]] std::string peer_name() const {
    const auto& host = options_.peer.host;
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(options_.peer.port);
  }

  void tunnel() {
    enter("tunnel to " + peer_name() + " through the proxy " + options_.proxy->host_header());
    text_ = "CONNECT " + peer_name() + " HTTP/1.1\r\nHost: " + peer_name() + "\r\n\r\n";
    asio::async_write(socket_, asio::buffer(text_),
                      [self = shared_from_this()](ErrorCode error, std::size_t) {
                        if (!self->proceeds(error))
                          return;
                        self->text_.clear();
                        self->read_tunnel();
                      });
  }

  void read_tunnel() {
    socket_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                              if (self->proceeds(error))
                                self->on_tunnel_bytes(bytes);
                            });
  }

  void on_tunnel_bytes(std::size_t bytes) {
    text_.append(chunk_.data(), bytes);
    const auto end = text_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (text_.size() > proxy_answer_bytes_max)
        return fail(Errc::malformed, "the proxy's answer has no end");
      return read_tunnel();
    }
    if (text_.size() < 12 || !text_.starts_with("HTTP/1."))
      return fail(Errc::malformed, "the proxy's answer is not HTTP/1");
    const auto status = text_.substr(9, 3);
    if (status[0] != '2')
      return fail(Errc::upstream_error, "the proxy answered HTTP " + status);
    if (end + 4 != text_.size())
      return fail(Errc::malformed, "the proxy sent bytes before the tunnel was used");
    secure();
  }

  void secure() {
    if (!options_.peer.secure || (options_.proxy && !options_.tunnel))
      return succeed(std::make_unique<PlainChannel>(io_, std::move(socket_)));
    enter("TLS with " + options_.peer.host);
    const auto context = contexts_->get(options_.ca_file);
    if (!context)
      return fail(context.error().code, context.error().detail);
    context_ = *context;
    tls_ = std::make_unique<TlsChannel>(io_, std::move(socket_), *context_);
    if (!require_name(tls_->stream().native_handle(), options_.peer.host))
      return fail(Errc::internal, "the host name cannot be checked");
    tls_->stream().async_handshake(ssl::stream_base::client,
                                   [self = shared_from_this()](ErrorCode error) {
                                     if (!self->done_)
                                       return;
                                     if (error)
                                       self->fail(Errc::connection_lost, self->tls_trouble(error));
                                     else
                                       self->succeed(std::move(self->tls_));
                                   });
  }

  [[nodiscard]] std::string tls_trouble(ErrorCode error) {
    const auto verdict = SSL_get_verify_result(tls_->stream().native_handle());
    if (verdict == X509_V_OK)
      return error.message();
    return std::string{"certificate refused: "} + X509_verify_cert_error_string(verdict);
  }

  void succeed(std::unique_ptr<Channel> channel) {
    const auto done = std::exchange(done_, nullptr);
    done(std::move(channel));
  }

  Io::Impl& io_;
  const std::shared_ptr<TlsContexts> contexts_;
  const DialOptions options_;
  DialCallback done_;
  Resolver resolver_;
  Socket socket_;
  std::shared_ptr<ssl::context> context_; // outlives tls_
  std::unique_ptr<TlsChannel> tls_;
  std::string step_;
  std::string text_;
  std::array<char, 2048> chunk_{};
};

} // namespace

core::Result<std::shared_ptr<ssl::context>> TlsContexts::get(const std::string& ca_file) {
  if (const auto found = contexts_.find(ca_file); found != contexts_.end())
    return found->second;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer);
  ErrorCode error;
  if (ca_file.empty())
    context->set_default_verify_paths(error);
  else
    context->load_verify_file(ca_file, error);
  if (error)
    return core::fail(Errc::configuration,
                      "the CA file " + ca_file + " cannot be used: " + error.message());
  contexts_.emplace(ca_file, context);
  return context;
}

std::shared_ptr<Dialing> dial(Io::Impl& io, std::shared_ptr<TlsContexts> contexts,
                              DialOptions options, DialCallback done) {
  auto dialing
      = std::make_shared<Dial>(io, std::move(contexts), std::move(options), std::move(done));
  dialing->start();
  return dialing;
}

core::Result<std::optional<Url>> parse_proxy(const std::string& text) {
  if (text.empty())
    return std::optional<Url>{};
  const auto url = parse_url(text);
  if (!url)
    return core::fail(Errc::configuration, "proxy: " + url.error().detail);
  if (url->secure || text.starts_with("ws") || (!url->target.empty() && url->target != "/"))
    return core::fail(Errc::configuration, "the proxy must be given as http://host:port");
  return std::optional<Url>{*url};
}

} // namespace tandem::adapters::transport
