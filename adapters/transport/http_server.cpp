#include "adapters/transport/http_server.hpp"

#include "adapters/transport/server_core.hpp"
#include "adapters/transport/server_tls.hpp"
#include "adapters/transport/tls_files.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/address.hpp>

#include <charconv>
#include <future>

namespace tandem::adapters::transport {

namespace {

namespace asio = boost::asio;
using core::Errc;

/// Connections the system keeps for us between two accepts.
constexpr int backlog = 4'096;
/// Wait after a failed accept: descriptors that ran out come back only with time.
constexpr std::chrono::milliseconds accept_pause{50};
/// Connections beyond the cap that are told so; further ones are closed without a word.
constexpr std::size_t refused_sessions_max = 64;
/// Between two looks at the files of TLS.
constexpr std::chrono::milliseconds tls_look_interval{1'000};

core::Result<Tcp::endpoint> parse_endpoint(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return core::fail(Errc::configuration, "\"" + address + "\" is not host:port");
  std::uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto [stop, error] = std::from_chars(address.data() + colon + 1, end, port);
  if (error != std::errc{} || stop != end)
    return core::fail(Errc::configuration, "\"" + address + "\" has no port between 0 and 65535");
  auto host = address.substr(0, colon);
  if (host == "localhost")
    host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string::npos)
    return core::fail(Errc::configuration,
                      "\"" + address + "\": an IPv6 address stands in brackets, as in [::1]:8080");
  ErrorCode bad;
  const auto ip = asio::ip::make_address(host, bad);
  if (bad)
    return core::fail(Errc::configuration,
                      "\"" + address + "\": the host must be an IP address or localhost");
  return Tcp::endpoint{ip, port};
}

class Listener final : public HttpServer {
public:
  Listener(Io::Impl& io, const ServerLimits& limits, ServerEvents events)
      : shared_{std::make_shared<Shared>(io, limits, std::move(events))} {}

  ~Listener() override {
    shared_->core->postbox->close();
    Io::Impl& io = shared_->core->io;
    if (io.on_thread()) {
      shared_->stop();
      return;
    }
    std::promise<void> stopped;
    asio::post(io.context, [&] {
      shared_->stop();
      stopped.set_value();
    });
    stopped.get_future().wait();
  }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void set_tls(std::shared_ptr<asio::ssl::context> tls, TlsFiles files) {
    shared_->core->tls = std::move(tls);
    shared_->tls_files = std::move(files);
    shared_->look_at_tls = shared_->core->deadline(tls_look_interval);
  }

  core::Status bind(const Tcp::endpoint& endpoint, const std::string& address) {
    auto& acceptor = shared_->acceptor;
    ErrorCode error;
    acceptor.open(endpoint.protocol(), error);
    if (!error)
      acceptor.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error)
      acceptor.bind(endpoint, error);
    if (!error)
      acceptor.listen(backlog, error);
    if (error)
      return core::fail(Errc::connection_lost,
                        "cannot listen on " + address + ": " + error.message());
    const auto bound = acceptor.local_endpoint();
    const auto host = bound.address().to_string();
    address_
        = (bound.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bound.port());
    asio::post(shared_->core->io.context, [shared = shared_] { shared->start(); });
    return {};
  }

  [[nodiscard]] std::string address() const override { return address_; }

  [[nodiscard]] ServerCounters counters() const override {
    const auto& live = shared_->core->counters;
    return {.connections = live.connections,
            .connections_refused = live.connections_refused,
            .requests = live.requests,
            .malformed = live.malformed,
            .timed_out = live.timed_out,
            .handshakes_failed = live.handshakes_failed,
            .websockets_open = live.websockets_open,
            .websockets_total = live.websockets_total,
            .websockets_cut_slow = live.websockets_cut_slow,
            .messages_sent = live.messages_sent,
            .bytes_sent = live.bytes_sent};
  }

private:
  /// Held by its pending operations too.
  struct Shared : std::enable_shared_from_this<Shared> {
    Shared(Io::Impl& io, const ServerLimits& limits, ServerEvents events)
        : core{std::make_shared<ServerCore>(io, limits, std::move(events))},
          acceptor{io.executor()}, ticker{io.executor()}, pause{io.executor()} {}

    void start() {
      if (stopped)
        return;
      accept();
      tick();
    }

    void stop() {
      stopped = true;
      ErrorCode ignored;
      acceptor.close(ignored);
      ticker.cancel();
      pause.cancel();
      core->cut_all();
    }

    void accept() {
      acceptor.async_accept([self = shared_from_this()](ErrorCode error, Socket socket) {
        if (self->stopped)
          return;
        if (error)
          return self->accept_later();
        self->on_accepted(std::move(socket));
        self->accept();
      });
    }

    void accept_later() {
      pause.expires_after(accept_pause);
      pause.async_wait([self = shared_from_this()](ErrorCode) {
        if (!self->stopped)
          self->accept();
      });
    }

    void on_accepted(Socket socket) {
      ErrorCode ignored;
      socket.set_option(Tcp::no_delay{true}, ignored);
      const bool refused = core->sessions() >= core->limits.connections_max && !core->make_room();
      ++(refused ? core->counters.connections_refused : core->counters.connections);
      if (refused && core->sessions() >= core->limits.connections_max + refused_sessions_max)
        return; // the socket closes
      if (core->tls)
        return start_tls_session(core, std::move(socket), refused);
      start_http_session(core, ServerStream{std::move(socket), nullptr}, refused);
    }

    void tick() {
      ticker.expires_after(core->tick_length());
      ticker.async_wait([self = shared_from_this()](ErrorCode) {
        if (self->stopped)
          return;
        self->core->tick();
        self->renew_tls();
        self->tick();
      });
    }

    /// A certificate that was renewed serves the next connections. What cannot be used, as a
    /// certificate before its key is there, changes nothing and is told.
    void renew_tls() {
      if (!tls_files || !core->reached(look_at_tls))
        return;
      look_at_tls = core->deadline(tls_look_interval);
      if (!tls_files->changed())
        return;
      if (auto made = make_server_tls(tls_files->names()))
        core->tls = *std::move(made);
      else
        core->io.fault("changed files of TLS are not used, the former stay: "
                       + core::describe(made.error()));
    }

    const std::shared_ptr<ServerCore> core;
    asio::basic_socket_acceptor<Tcp, Executor> acceptor;
    Timer ticker;
    Timer pause;
    std::optional<TlsFiles> tls_files; ///< null: plain
    std::uint64_t look_at_tls = 0;     ///< deadline
    bool stopped = false;
  };

  const std::shared_ptr<Shared> shared_;
  std::string address_;
};

} // namespace

core::Result<std::unique_ptr<HttpServer>> serve_http(Io& io, const std::string& address,
                                                     ServerLimits limits, ServerEvents events) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint)
    return tl::unexpected{endpoint.error()};
  auto listener = std::make_unique<Listener>(io.impl(), limits, std::move(events));
  if (limits.tls) {
    TlsFiles files{*limits.tls};
    auto made = make_server_tls(*limits.tls);
    if (!made)
      return tl::unexpected{made.error()};
    listener->set_tls(*std::move(made), std::move(files));
  }
  if (auto status = listener->bind(*endpoint, address); !status)
    return tl::unexpected{status.error()};
  return listener;
}

Serve serve_on(Io& io) {
  return [&io](const std::string& address, ServerLimits limits, ServerEvents events) {
    return serve_http(io, address, limits, std::move(events));
  };
}

} // namespace tandem::adapters::transport
