// TLS and proxies: a relay in the test takes the encryption off, or opens the tunnel, in front of
// the real server.
#include "tests/adapters/transport/certificates.hpp"
#include "tests/adapters/transport/support.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>

namespace tandem::adapters::transport {

namespace {

using namespace testing;

/// Copies bytes both ways until one side ends. @param to_left, from_left the left side's own way of
/// writing and reading (from_left gives nothing at its end); @param pending bytes of the left side
/// that poll cannot see.
void relay(const Wire& left, Wire& right, const std::function<std::string()>& from_left,
           const std::function<bool(std::string_view)>& to_left,
           const std::function<bool()>& pending) {
  for (;;) {
    std::array<pollfd, 2> watched{pollfd{left.fd(), POLLIN, 0}, pollfd{right.fd(), POLLIN, 0}};
    const bool more = pending();
    if (::poll(watched.data(), watched.size(), more ? 0 : static_cast<int>(patience.count()) * 1000)
            <= 0
        && !more)
      return;
    if (more || watched[0].revents != 0) {
      const auto bytes = from_left();
      if (bytes.empty() || !right.send(bytes))
        return;
    }
    if (watched[1].revents != 0) {
      const auto bytes = right.receive();
      if (bytes.empty() || !to_left(bytes))
        return;
    }
  }
}

/// TLS in front of a plain server.
class TlsFront {
public:
  TlsFront(const Identity& identity, std::uint16_t backend)
      : context_{SSL_CTX_new(TLS_server_method())},
        server_{[this, backend](Wire& wire) { serve(wire, backend); }} {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  Inbox<std::string> server_names; ///< as the client asked by SNI

private:
  void serve(Wire& wire, std::uint16_t backend) {
    // OpenSSL writes without MSG_NOSIGNAL, and a client that refuses a certificate is gone early.
    sigset_t broken_pipe{};
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    const std::unique_ptr<SSL, Release<SSL, SSL_free>> tls{SSL_new(context_.get())};
    SSL_set_fd(tls.get(), wire.fd());
    if (SSL_accept(tls.get()) != 1) {
      ERR_clear_error();
      return;
    }
    const char* name = SSL_get_servername(tls.get(), TLSEXT_NAMETYPE_host_name);
    server_names.push(name != nullptr ? name : "");
    auto right = Wire::to(backend);
    relay(
        wire, right,
        [&] {
          std::array<char, 16'384> chunk{};
          const int got = SSL_read(tls.get(), chunk.data(), static_cast<int>(chunk.size()));
          return got <= 0 ? std::string{}
                          : std::string{chunk.data(), static_cast<std::size_t>(got)};
        },
        [&](std::string_view bytes) {
          return SSL_write(tls.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
        },
        [&] { return SSL_pending(tls.get()) > 0; });
  }

  const std::unique_ptr<SSL_CTX, Release<SSL_CTX, SSL_CTX_free>> context_;
  WireServer server_;
};

/// A proxy that opens tunnels to one port, whatever name is asked for, and forwards plain requests
/// to it.
class Proxy {
public:
  explicit Proxy(std::uint16_t backend, std::string answer = "HTTP/1.1 200 Connected\r\n\r\n")
      : server_{[this, backend, answer = std::move(answer)](Wire& wire) {
          const auto head = wire.receive_until("\r\n\r\n");
          first_lines.push(head.substr(0, head.find("\r\n")));
          auto right = Wire::to(backend);
          if (head.starts_with("CONNECT"))
            wire.send(answer);
          else
            right.send(head);
          relay(
              wire, right, [&] { return wire.receive(); },
              [&](std::string_view bytes) { return wire.send(bytes); }, [] { return false; });
        }} {}

  [[nodiscard]] std::string url() const { return "http://" + server_.address(); }

  Inbox<std::string> first_lines;

private:
  WireServer server_;
};

struct Fixture {
  Identity authority{"tandem test authority", nullptr, nullptr};
  Identity local{"local", &authority, "DNS:localhost,IP:127.0.0.1"};
  Identity elsewhere{"elsewhere", &authority, "DNS:elsewhere.example"};
  CaFile ca{authority};
  Host host{echo_events()};
  Io io{"test-client", real_clocks()};
  std::unique_ptr<WebSocketConnector> connector = make_websocket_connector(io);
  std::unique_ptr<HttpClient> http = make_http_client(io);

  static std::string at(const char* scheme, const char* name, std::uint16_t port) {
    return std::string{scheme} + "://" + name + ":" + std::to_string(port);
  }

  std::string down_of(const std::string& url, const std::string& ca_file) {
    Caller caller;
    const auto socket = connector->open(
        {.url = url, .open_timeout = patience, .tls = {.ca_file = ca_file}}, caller.events());
    const auto error = caller.down.next();
    REQUIRE(error.has_value());
    CHECK(error->code == core::Errc::connection_lost);
    CHECK(caller.opened.size() == 0);
    return error->detail;
  }
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "over TLS with the right authority texts flow") {
  TlsFront front{local, host.port()};
  Caller caller;
  SUBCASE("by name, which is asked for by SNI") {
    const auto socket = connector->open(
        {.url = at("wss", "localhost", front.port()), .tls = {.ca_file = ca.path()}},
        caller.events());
    socket->send("hello");
    CHECK(caller.texts.next() == "hello");
    CHECK(front.server_names.next() == "localhost");
    for (int i = 0; i < 200; ++i)
      socket->send(std::string(static_cast<std::size_t>(i) * 100, 'x'));
    for (int i = 0; i < 200; ++i)
      CHECK(caller.texts.next() == std::string(static_cast<std::size_t>(i) * 100, 'x'));
  }
  SUBCASE("by address, which the certificate names too") {
    const auto socket = connector->open(
        {.url = at("wss", "127.0.0.1", front.port()), .tls = {.ca_file = ca.path()}},
        caller.events());
    socket->send("hello");
    CHECK(caller.texts.next() == "hello");
    CHECK(front.server_names.next() == "");
  }
  SUBCASE("HTTP too, on a connection that is kept") {
    for (int i = 0; i < 3; ++i) {
      const auto response = fetch(*http, {.url = at("https", "localhost", front.port()) + "/x",
                                          .tls = {.ca_file = ca.path()}});
      REQUIRE(response.has_value());
      CHECK(response->body == "GET /x ");
    }
    CHECK(front.server_names.size() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a certificate for another name is refused") {
  TlsFront front{elsewhere, host.port()};
  CHECK(down_of(at("wss", "localhost", front.port()), ca.path())
        == "TLS with localhost: certificate refused: hostname mismatch");
  CHECK(down_of(at("wss", "127.0.0.1", front.port()), ca.path())
        == "TLS with 127.0.0.1: certificate refused: IP address mismatch");
  const auto response = fetch(
      *http, {.url = at("https", "localhost", front.port()), .tls = {.ca_file = ca.path()}});
  REQUIRE_FALSE(response.has_value());
  CHECK(response.error().detail.find("hostname mismatch") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "an unknown authority is refused") {
  TlsFront front{local, host.port()};
  const auto url = at("wss", "localhost", front.port());
  SUBCASE("by the system's store") {
    CHECK(down_of(url, "").find("certificate refused: ") != std::string::npos);
  }
  SUBCASE("by another CA file") {
    const Identity stranger{"stranger", nullptr, nullptr};
    const CaFile other{stranger};
    CHECK(down_of(url, other.path()).find("unable to get local issuer certificate")
          != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "a CA file that cannot be read is a configuration error") {
  TlsFront front{local, host.port()};
  Caller caller;
  const auto socket = connector->open(
      {.url = at("wss", "localhost", front.port()), .tls = {.ca_file = "no/such/file.pem"}},
      caller.events());
  const auto error = caller.down.next();
  REQUIRE(error.has_value());
  CHECK(error->code == core::Errc::configuration);
  CHECK(error->detail.find("no/such/file.pem") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a server that speaks no TLS is refused") {
  CHECK(
      down_of(at("wss", "localhost", host.port()), ca.path()).starts_with("TLS with localhost: "));
}

TEST_CASE_FIXTURE(Fixture, "a proxy tunnels WebSockets, and TLS is checked with the far end") {
  Caller caller;
  SUBCASE("plain") {
    Proxy proxy{host.port()};
    const auto socket
        = connector->open({.url = "ws://venue.example:81", .proxy = proxy.url()}, caller.events());
    for (int i = 0; i < 1000; ++i)
      socket->send(std::to_string(i));
    for (int i = 0; i < 1000; ++i)
      REQUIRE(caller.texts.next() == std::to_string(i));
    CHECK(proxy.first_lines.next() == "CONNECT venue.example:81 HTTP/1.1");
  }
  SUBCASE("TLS") {
    TlsFront front{elsewhere, host.port()};
    Proxy proxy{front.port()};
    const auto socket = connector->open(
        {.url = "wss://elsewhere.example", .tls = {.ca_file = ca.path()}, .proxy = proxy.url()},
        caller.events());
    socket->send("hello");
    CHECK(caller.texts.next() == "hello");
    CHECK(proxy.first_lines.next() == "CONNECT elsewhere.example:443 HTTP/1.1");
    CHECK(front.server_names.next() == "elsewhere.example");
  }
  SUBCASE("a refusal is told with its status") {
    Proxy proxy{host.port(), "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"};
    const auto socket
        = connector->open({.url = "ws://venue.example", .proxy = proxy.url()}, caller.events());
    const auto error = caller.down.next();
    REQUIRE(error.has_value());
    CHECK(error->code == core::Errc::upstream_error);
    CHECK(error->detail.find("the proxy answered HTTP 407") != std::string::npos);
  }
  SUBCASE("an answer that is no HTTP is malformed") {
    Proxy proxy{host.port(), "hello\r\n\r\n"};
    const auto socket
        = connector->open({.url = "ws://venue.example", .proxy = proxy.url()}, caller.events());
    const auto error = caller.down.next();
    REQUIRE(error.has_value());
    CHECK(error->code == core::Errc::malformed);
  }
}

TEST_CASE_FIXTURE(Fixture, "a proxy forwards plain HTTP by the absolute form and tunnels HTTPS") {
  SUBCASE("plain") {
    Proxy proxy{host.port()};
    const auto response = fetch(*http, {.url = "http://venue.example/a?b=c", .proxy = proxy.url()});
    REQUIRE(response.has_value());
    CHECK(response->body == "GET /a ");
    CHECK(proxy.first_lines.next() == "GET http://venue.example/a?b=c HTTP/1.1");
  }
  SUBCASE("TLS") {
    TlsFront front{elsewhere, host.port()};
    Proxy proxy{front.port()};
    const auto response = fetch(*http, {.url = "https://elsewhere.example/a",
                                        .tls = {.ca_file = ca.path()},
                                        .proxy = proxy.url()});
    REQUIRE(response.has_value());
    CHECK(response->body == "GET /a ");
    CHECK(proxy.first_lines.next() == "CONNECT elsewhere.example:443 HTTP/1.1");
  }
}

} // namespace tandem::adapters::transport
