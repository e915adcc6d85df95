// The server's WebSockets: bounds, cuts and what the venue simulator needs.
#include "tests/adapters/transport/support.hpp"

namespace tandem::adapters::transport {

namespace {

using namespace testing;

std::shared_ptr<const std::string> text(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

/// A server that hands its sockets to the test.
struct Fixture {
  Inbox<ServerSocketPtr> sockets;
  Inbox<std::string> texts;
  Inbox<std::uint64_t> closed;
  Io io{"test-client", real_clocks()};
  std::unique_ptr<WebSocketConnector> connector = make_websocket_connector(io);

  ServerEvents events() {
    ServerEvents events;
    events.on_upgrade = [](const ServerRequest& request) -> std::optional<ServerResponse> {
      if (request.path == "/forbidden")
        return ServerResponse{.status = 403, .headers = {}, .body = "no"};
      if (request.path == "/throws")
        throw std::runtime_error{"boom"};
      return std::nullopt;
    };
    events.on_socket_open
        = [this](ServerSocketPtr socket, const ServerRequest&) { sockets.push(std::move(socket)); };
    events.on_socket_text = [this](const ServerSocketPtr& peer, std::string_view received) {
      if (received == "throw")
        throw std::runtime_error{"boom"};
      if (received == "echo")
        peer->send(text("echo"));
      texts.push(std::string{received});
    };
    events.on_socket_closed = [this](const ServerSocketPtr& socket) { closed.push(socket->id()); };
    return events;
  }

  std::unique_ptr<WebSocket> open(Caller& caller, const Host& host,
                                  const std::string& path = "/ws") {
    return connector->open({.url = "ws://" + host.address() + path}, caller.events());
  }

  ServerSocketPtr peer() {
    auto socket = sockets.next();
    REQUIRE(socket.has_value());
    return *socket;
  }

  std::string down(Caller& caller) {
    const auto error = caller.down.next();
    REQUIRE(error.has_value());
    return error->detail;
  }

  /// A raw client after its upgrade: what it does not read stays in the system's buffers.
  Wire upgraded(const Host& host, int receive_buffer = 0) {
    auto wire = Wire::to(host.port(), receive_buffer);
    wire.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const auto answer = wire.receive_until("\r\n\r\n");
    // RFC 6455 section 1.3 gives this answer for this key.
    CHECK(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    return wire;
  }
};

/// A masked client frame with the mask 0, which leaves the payload readable.
std::string frame(char first, std::string_view payload) {
  REQUIRE(payload.size() < 126);
  std::string bytes{first, static_cast<char>(0x80U | payload.size()), 0, 0, 0, 0};
  return bytes.append(payload);
}

/// Payload of the close frame at the end of what was received, if there is one.
std::optional<int> close_code(const std::string& received) {
  const auto at = received.rfind('\x88');
  if (at == std::string::npos || received.size() < at + 4)
    return std::nullopt;
  return (static_cast<unsigned char>(received[at + 2]) << 8)
         + static_cast<unsigned char>(received[at + 3]);
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "texts of every frame size arrive whole and in order") {
  Host host{events()};
  Caller caller;
  const auto socket = open(caller, host);
  const auto server = peer();
  std::vector<std::size_t> sizes;
  for (int round = 0; round < 20; ++round)
    for (const std::size_t size :
         {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 16'384U, 16'385U, 300'000U})
      sizes.push_back(size);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    REQUIRE(eventually([&] { return server->buffered() < 2'000'000; }));
    REQUIRE(server->send(text(std::string(sizes[i], static_cast<char>('a' + i % 26)))));
  }
  for (std::size_t i = 0; i < sizes.size(); ++i)
    REQUIRE(caller.texts.next() == std::string(sizes[i], static_cast<char>('a' + i % 26)));
  CHECK(eventually([&] { return server->buffered() == 0; }));
  CHECK(eventually([&] { return host.counters().messages_sent == sizes.size(); }));
}

TEST_CASE_FIXTURE(Fixture, "texts sent from many threads keep each thread's order") {
  Host host{events()};
  Caller caller;
  const auto socket = open(caller, host);
  const auto server = peer();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i)
        server->send(text(std::to_string(t) + ":" + std::to_string(i)));
    });
  std::array<int, 4> next{};
  for (int n = 0; n < 4000; ++n) {
    const auto got = caller.texts.next();
    REQUIRE(got.has_value());
    const auto t = static_cast<std::size_t>(got->front() - '0');
    REQUIRE(*got == std::to_string(t) + ":" + std::to_string(next.at(t)++));
  }
  for (auto& thread : threads)
    thread.join();
}

TEST_CASE_FIXTURE(Fixture, "pongs, texts and closes of one connection never mix their bytes") {
  Host host{events()};
  auto wire = upgraded(host);
  const auto server = peer();
  Inbox<bool> pong_seen;
  std::thread sender{[&] {
    for (int i = 0; i < 500; ++i)
      server->send(text(std::string(700, 'x')));
    pong_seen.next();
    server->close(1000, "done");
  }};
  for (int i = 0; i < 100; ++i)
    wire.send(frame('\x89', "p" + std::to_string(i)));
  std::string bytes;
  while (bytes.find("\x88\x06\x03\xe8"
                    "done")
         == std::string::npos) {
    const auto more = wire.receive();
    CHECK_FALSE(more.empty());
    if (more.empty())
      break;
    bytes += more;
    if (bytes.find('\x8a') != std::string::npos)
      pong_seen.push(true);
  }
  sender.join();
  int texts_seen = 0;
  int pongs_seen = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes.at(at));
    std::size_t size = static_cast<unsigned char>(bytes.at(at + 1));
    at += 2;
    if (size == 126) {
      size = static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(at)) << 8)
             + static_cast<unsigned char>(bytes.at(at + 1));
      at += 2;
    }
    const auto payload = bytes.substr(at, size);
    at += size;
    if (first == 0x81) {
      REQUIRE(payload == std::string(700, 'x'));
      ++texts_seen;
    } else if (first == 0x8a) {
      REQUIRE(payload == "p" + std::to_string(pongs_seen));
      ++pongs_seen;
    } else {
      REQUIRE(first == 0x88);
      CHECK(at == bytes.size());
    }
  }
  CHECK(texts_seen == 500);
  CHECK(pongs_seen > 0);
}

TEST_CASE_FIXTURE(Fixture, "an upgrade may be refused, and a handler that throws refuses") {
  Host host{events()};
  Caller forbidden;
  const auto one = open(forbidden, host, "/forbidden");
  CHECK(down(forbidden) == "WebSocket upgrade refused: HTTP 403 Forbidden");
  Caller throws;
  const auto two = open(throws, host, "/throws");
  CHECK(down(throws) == "WebSocket upgrade refused: HTTP 500 Internal Server Error");
  CHECK(host.counters().websockets_total == 0);
}

TEST_CASE_FIXTURE(Fixture, "an upgrade that WebSocket does not allow is refused") {
  Host host{events()};
  auto wire = Wire::to(host.port());
  wire.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const auto answer = wire.receive_all();
  CHECK(answer.starts_with("HTTP/1.1 4"));
  CHECK(eventually([&] { return host.counters().malformed == 1; }));
  CHECK(eventually([&] { return host.counters().websockets_open == 0; }));
}

TEST_CASE_FIXTURE(Fixture, "a frame sent together with the upgrade is not lost") {
  Host host{events()};
  auto wire = Wire::to(host.port());
  wire.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            + frame('\x81', "eager") + frame('\x81', "beaver"));
  CHECK(texts.next() == "eager");
  CHECK(texts.next() == "beaver");
}

TEST_CASE_FIXTURE(Fixture, "WebSockets beyond the cap are refused with 503") {
  Host host{events(), {.websockets_max = 2}};
  Caller first;
  Caller second;
  Caller third;
  const auto one = open(first, host);
  auto two = open(second, host);
  REQUIRE(first.opened.next().has_value());
  REQUIRE(second.opened.next().has_value());
  const auto three = open(third, host);
  CHECK(down(third) == "WebSocket upgrade refused: HTTP 503 Service Unavailable");
  CHECK(host.counters().websockets_open == 2);
  two.reset();
  REQUIRE(closed.next().has_value());
  Caller fourth;
  const auto four = open(fourth, host);
  CHECK(fourth.opened.next().has_value());
  CHECK(eventually([&] { return host.counters().websockets_total == 3; }));
}

TEST_CASE_FIXTURE(Fixture, "an inbound message beyond the bound is closed with 1009") {
  Host host{events(), {.websocket_message_bytes_max = 1000}};
  Caller caller;
  const auto socket = open(caller, host);
  socket->send(std::string(1000, 'x'));
  CHECK(texts.next() == std::string(1000, 'x'));
  socket->send(std::string(1001, 'x'));
  CHECK(down(caller).starts_with("closed by the server, code 1009"));
  CHECK(closed.next().has_value());
  SUBCASE("also when it comes in fragments without end") {
    auto wire = upgraded(host);
    wire.send(frame('\x01', std::string(100, 'x')));
    while (wire.send(frame('\x00', std::string(100, 'x'))) && host.counters().malformed < 2)
      ;
    CHECK(close_code(wire.receive_all()) == 1009);
  }
}

TEST_CASE_FIXTURE(Fixture, "what the protocol forbids is closed with the code that names it") {
  Host host{events()};
  auto wire = upgraded(host);
  int expected = 1002;
  SUBCASE("an unmasked frame") {
    wire.send("\x81\x02hi");
  }
  SUBCASE("a compressed frame") {
    wire.send(frame('\xc1', "hi"));
  }
  SUBCASE("a fragmented ping") {
    wire.send(frame('\x09', "hi"));
  }
  SUBCASE("a continuation of nothing") {
    wire.send(frame('\x80', "hi"));
  }
  SUBCASE("text that is no UTF-8") {
    wire.send(frame('\x81', "\xff\xfe"));
    expected = 1007;
  }
  SUBCASE("text that ends within a character, in an empty last frame") {
    wire.send(frame('\x01', "\xe2\x82") + frame('\x80', ""));
    expected = 1007;
  }
  SUBCASE("a binary message") {
    wire.send(frame('\x82', "hi"));
    expected = 1003;
  }
  // A polite client answers the close; a server must not wait for it for ever.
  const auto answer = wire.receive_until("\x88");
  CHECK(close_code(answer) == expected);
  CHECK(eventually([&] { return host.counters().malformed == 1; }));
  wire.reset();
  CHECK(closed.next().has_value());
  CHECK(texts.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "what was answered before the protocol was broken still arrives") {
  Host host{events()};
  auto wire = upgraded(host);
  wire.send(frame('\x81', "echo") + frame('\x83', ""));
  CHECK(wire.receive_until("\x03\xea")
        == "\x81\x04"
           "echo\x88\x02\x03\xea");
}

TEST_CASE_FIXTURE(Fixture, "an upgrade's key is 16 bytes in Base64") {
  Host host{events()};
  for (const std::string_view key :
       {"", "short", "dGhlIHNhbXBsZSBub25jZQ", "!!!!!!!!!!!!!!!!!!!!!!=="}) {
    auto wire = Wire::to(host.port());
    wire.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
              + std::string{key} + "\r\n\r\n");
    CHECK(wire.receive_all().starts_with("HTTP/1.1 400"));
  }
  CHECK(host.counters().malformed == 4);
  CHECK(host.counters().websockets_total == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "a reader that is too slow is cut with 1013 while others keep receiving") {
  Host host{events(), {.websocket_buffer_bytes_max = 256 * 1024}};
  Caller quick;
  const auto quick_socket = open(quick, host);
  const auto quick_peer = peer();
  auto slow = upgraded(host, 4096);
  const auto slow_peer = peer();
  const auto message = text(std::string(10'000, 'x'));
  int sent = 0;
  while (slow_peer->send(message)) {
    REQUIRE(quick_peer->send(message));
    REQUIRE(quick.texts.next() == *message);
    REQUIRE(++sent < 10'000);
  }
  CHECK(slow_peer->buffered() <= 256 * 1024);
  CHECK(closed.size() == 0);
  CHECK(eventually([&] { return host.counters().websockets_cut_slow == 1; }));
  CHECK(eventually([&] { return slow_peer->buffered() < 128 * 1024; })); // forgotten, not kept
  CHECK_FALSE(slow_peer->send(message));
  CHECK(close_code(slow.receive_until("reading too slowly")) == 1013);
  slow.reset();
  CHECK(closed.next() == slow_peer->id());
  CHECK(quick_peer->send(message));
  CHECK(quick.texts.next() == *message);
}

TEST_CASE_FIXTURE(Fixture,
                  "a peer that stays silent although pinged is cut, one that answers is not") {
  Host host{events(), {.websocket_idle_timeout = 60ms}};
  Caller alive;
  const auto socket = open(alive, host);
  const auto alive_peer = peer();
  auto silent = upgraded(host);
  const auto silent_peer = peer();
  CHECK(closed.next() == silent_peer->id());
  CHECK(silent.receive_all().starts_with(std::string{"\x89\x00", 2})); // it was asked
  CHECK(host.counters().timed_out == 1);
  for (int i = 0; i < 3; ++i)
    CHECK(alive.controls.next().has_value());
  CHECK(alive.down.size() == 0);
  CHECK(alive_peer->send(text("still here")));
  CHECK(alive.texts.next() == "still here");
}

TEST_CASE_FIXTURE(Fixture, "abort resets the connection without a close frame") {
  Host host{events()};
  auto wire = upgraded(host);
  const auto server = peer();
  server->abort();
  std::array<char, 16> rest{};
  CHECK(::recv(wire.fd(), rest.data(), rest.size(), 0) == -1);
  CHECK(errno == ECONNRESET);
  CHECK(closed.next() == server->id());
  CHECK_FALSE(server->send(text("x")));
}

TEST_CASE_FIXTURE(Fixture,
                  "a paused socket reads nothing, outlives the idle time and goes on after") {
  Host host{events(), {.websocket_idle_timeout = 40ms}};
  auto wire = upgraded(host);
  const auto server = peer();
  server->pause_reading(true);
  wire.send(frame('\x89', "ping") + frame('\x81', "unheard"));
  CHECK_FALSE(texts.next(150ms).has_value());
  CHECK(closed.size() == 0);
  CHECK(server->send(text("still sending")));
  CHECK(wire.receive_until("still sending").find('\x8a') == std::string::npos);
  SUBCASE("going on") {
    server->pause_reading(false);
    CHECK(texts.next() == "unheard");
    CHECK(wire.receive_until("\x8a").find('\x8a') != std::string::npos);
  }
  SUBCASE("aborting") {
    server->abort();
    CHECK(closed.next() == server->id());
  }
}

TEST_CASE_FIXTURE(Fixture, "a handler that throws closes its own socket with 1011") {
  Host host{events()};
  Caller caller;
  const auto socket = open(caller, host);
  Caller other;
  const auto other_socket = open(other, host);
  socket->send("throw");
  CHECK(down(caller) == "closed by the server, code 1011, reason \"internal error\"");
  other_socket->send("fine");
  CHECK(texts.next() == "fine");
}

TEST_CASE_FIXTURE(Fixture, "a client's close is answered and told once") {
  Host host{events()};
  auto wire = upgraded(host);
  const auto server = peer();
  wire.send(frame('\x88', std::string{"\x03\xe9", 2}));
  CHECK(wire.receive_all() == std::string{"\x88\x02\x03\xe9", 4});
  CHECK(closed.next() == server->id());
  CHECK(host.counters().websockets_open == 0);
  server->close(1000, "again");
  server->ping("x");
  CHECK_FALSE(closed.next(20ms).has_value());
}

TEST_CASE_FIXTURE(Fixture, "nothing follows a close frame, however much was queued") {
  Host host{events()};
  auto wire = upgraded(host, 4096);
  const auto server = peer();
  const auto message = text(std::string(10'000, 'x'));
  while (server->buffered() < 2'000'000)
    REQUIRE(server->send(message));
  wire.send(frame('\x88', std::string{"\x03\xe8", 2}));
  CHECK(eventually([&] { return !server->send(message); })); // the close was read
  const auto all = wire.receive_all();
  CHECK(all.ends_with(std::string{"\x88\x02\x03\xe8", 4}));
}

TEST_CASE_FIXTURE(Fixture, "a socket may be used after its server, and its Io, are gone") {
  ServerSocketPtr server;
  {
    Host host{events()};
    Caller caller;
    const auto socket = open(caller, host);
    server = peer();
    host.stop();
    CHECK_FALSE(server->send(text("x")));
    CHECK(caller.down.next().has_value());
  }
  server->ping("x");
  server->pause_reading(true);
  server->close(1000, "");
  server->abort();
  CHECK(server->buffered() == 0);
  CHECK(closed.size() == 0); // the server closed everything by itself, and says nothing more
}

} // namespace tandem::adapters::transport
