// The server under TLS: what flows, who is cut, and which files it refuses to begin with. Clients
// with certificates of their own are in tests/integration/security_test.py.
#include "tests/adapters/transport/certificates.hpp"
#include "tests/adapters/transport/support.hpp"

namespace tandem::adapters::transport {

namespace {

using namespace testing;

struct Fixture {
  Identity authority{"tandem test authority", nullptr, nullptr};
  Identity local{"local", &authority, "DNS:localhost,IP:127.0.0.1"};
  Identity other{"other", &authority, "DNS:localhost"};
  CaFile ca{authority};
  CaFile certificate{local};
  KeyFile key{local};
  KeyFile other_key{other};

  [[nodiscard]] ServerLimits limits(std::string client_ca = {}) const {
    ServerLimits result;
    result.tls = ServerTls{certificate.path(), key.path(), std::move(client_ca)};
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "requests and texts flow over the server's own TLS") {
  auto events = echo_events();
  Host host{events, limits()};
  Io io{"test-client", real_clocks()};
  const auto http = make_http_client(io);
  for (int i = 0; i < 3; ++i) {
    const auto response
        = fetch(*http, {.method = "POST",
                        .url = "https://localhost:" + std::to_string(host.port()) + "/x",
                        .body = std::string(200'000, 'b'),
                        .tls = {.ca_file = ca.path()}});
    REQUIRE(response.has_value());
    CHECK(response->body == "POST /x " + std::string(200'000, 'b'));
  }
  CHECK(host.counters().connections == 1);
  const auto connector = make_websocket_connector(io);
  Caller caller;
  const auto socket
      = connector->open({.url = "wss://localhost:" + std::to_string(host.port()) + "/ws",
                         .tls = {.ca_file = ca.path()}},
                        caller.events());
  for (int i = 0; i < 200; ++i)
    socket->send(std::string(static_cast<std::size_t>(i) * 100, 'x'));
  for (int i = 0; i < 200; ++i)
    CHECK(caller.texts.next() == std::string(static_cast<std::size_t>(i) * 100, 'x'));
}

TEST_CASE_FIXTURE(Fixture, "a request whose body is refused still hears why over TLS") {
  auto bounds = limits();
  bounds.body_bytes_max = 1'000;
  Host host{echo_events(), bounds};
  Io io{"test-client", real_clocks()};
  const auto http = make_http_client(io);
  const auto response
      = fetch(*http, {.method = "POST",
                      .url = "https://localhost:" + std::to_string(host.port()) + "/x",
                      .body = std::string(4'000, 'b'),
                      .tls = {.ca_file = ca.path()}});
  REQUIRE(response.has_value());
  CHECK(response->status == 413);
}

TEST_CASE_FIXTURE(Fixture, "who speaks no TLS is closed without an answer and counted") {
  Host host{echo_events(), limits()};
  auto wire = Wire::to(host.port());
  wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(wire.receive_all().find("HTTP/1.1") == std::string::npos);
  CHECK(eventually([&] { return host.counters().handshakes_failed == 1; }));
  CHECK(host.counters().requests == 0);
}

TEST_CASE_FIXTURE(Fixture, "a renewed certificate serves the next connection, a broken file none") {
  const CaFile served{local};
  const KeyFile served_key{local};
  ServerLimits bounds;
  bounds.tls = ServerTls{served.path(), served_key.path(), {}};
  Host host{echo_events(), bounds};
  Inbox<std::string> faults;
  host.io().on_fault([&](std::string_view what) { faults.push(std::string{what}); });
  Io io{"test-client", real_clocks()};
  const Identity successor{"new authority", nullptr, nullptr};
  const Identity renewed{"localhost", &successor, "DNS:localhost,IP:127.0.0.1"};
  const CaFile new_ca{successor};
  const CaFile new_certificate{renewed};
  const KeyFile new_key{renewed};
  const auto heard = [&](const PemFile& trusted) {
    const auto http = make_http_client(io);
    return fetch(*http, {.url = "https://localhost:" + std::to_string(host.port()) + "/x",
                         .tls = {.ca_file = trusted.path()}})
        .has_value();
  };
  CHECK(heard(ca));
  std::filesystem::copy_file(new_certificate.path(), served.path(),
                             std::filesystem::copy_options::overwrite_existing);
  const auto told = faults.next(); // its key is not there yet
  REQUIRE(told.has_value());
  CHECK(told->find(served_key.path()) != std::string::npos);
  CHECK(heard(ca));
  std::filesystem::copy_file(new_key.path(), served_key.path(),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(eventually([&] { return heard(new_ca); }));
  CHECK_FALSE(heard(ca));
}

TEST_CASE_FIXTURE(Fixture, "a handshake that drips is cut in time") {
  auto bounds = limits();
  bounds.handshake_timeout = 200ms;
  Host host{echo_events(), bounds};
  auto silent = Wire::to(host.port());
  auto begun = Wire::to(host.port());
  begun.send(std::string_view{"\x16\x03\x01\x02\x00\x01", 6});
  CHECK(silent.receive_all().empty());
  CHECK(begun.receive_all().empty());
  CHECK(host.counters().timed_out == 2);
}

TEST_CASE_FIXTURE(Fixture, "a client without the certificate that is asked for gets no answer") {
  Host host{echo_events(), limits(ca.path())};
  Io io{"test-client", real_clocks()};
  const auto http = make_http_client(io);
  const auto response
      = fetch(*http, {.url = "https://localhost:" + std::to_string(host.port()) + "/x",
                      .tls = {.ca_file = ca.path()}});
  CHECK_FALSE(response.has_value());
  CHECK(eventually([&] { return host.counters().handshakes_failed >= 1; }));
  CHECK(host.counters().requests == 0);
}

TEST_CASE_FIXTURE(Fixture, "files that cannot be used are a configuration error that names them") {
  Io io{"test-server", real_clocks()};
  const auto refusal = [&](const ServerTls& tls) {
    ServerLimits bounds;
    bounds.tls = tls;
    const auto server = serve_http(io, "127.0.0.1:0", bounds, {});
    REQUIRE_FALSE(server.has_value());
    CHECK(server.error().code == core::Errc::configuration);
    return server.error().source;
  };
  CHECK(refusal({"/nowhere.pem", key.path(), {}}) == "/nowhere.pem");
  CHECK(refusal({certificate.path(), "/nowhere.key", {}}) == "/nowhere.key");
  CHECK(refusal({key.path(), key.path(), {}}) == key.path());
  CHECK(refusal({certificate.path(), other_key.path(), {}}) == other_key.path());
  CHECK(refusal({certificate.path(), key.path(), "/nowhere.ca"}) == "/nowhere.ca");
  const PemFile locked{[&](std::FILE* file) {
    PEM_write_PrivateKey(file, local.key.get(), EVP_aes_256_cbc(),
                         reinterpret_cast<const unsigned char*>("secret"), 6, nullptr, nullptr);
  }};
  CHECK(refusal({certificate.path(), locked.path(), {}}) == locked.path());
}

} // namespace tandem::adapters::transport
