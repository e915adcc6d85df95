#include "adapters/transport/websocket.hpp"

#include "adapters/transport/reading.hpp"
#include "tests/adapters/transport/support.hpp"

#include <pthread.h>

#include <future>

namespace tandem::adapters::transport {

namespace {

using namespace testing;

constexpr std::string_view refusal = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";

struct Fixture {
  Io io{"test-client", real_clocks()};
  std::unique_ptr<WebSocketConnector> connector = make_websocket_connector(io);

  std::unique_ptr<WebSocket> open(Caller& caller, WebSocketOptions options) {
    return connector->open(std::move(options), caller.events());
  }

  std::unique_ptr<WebSocket> open_at(Caller& caller, const std::string& address) {
    return open(caller, {.url = "ws://" + address + "/ws?listenKey=hidden"});
  }
};

/// The server side of sockets as a test wants it.
struct Opened {
  Inbox<ServerSocketPtr> sockets;
  Inbox<std::string> texts;
  Inbox<std::string> pongs;
  Inbox<std::uint64_t> closed;

  ServerEvents events() {
    ServerEvents events;
    events.on_upgrade = [](const ServerRequest&) -> std::optional<ServerResponse> { return {}; };
    events.on_socket_open
        = [this](ServerSocketPtr socket, const ServerRequest&) { sockets.push(std::move(socket)); };
    events.on_socket_text
        = [this](const ServerSocketPtr&, std::string_view text) { texts.push(std::string{text}); };
    events.on_socket_pong = [this](const ServerSocketPtr&, std::string_view payload) {
      pongs.push(std::string{payload});
    };
    events.on_socket_closed = [this](const ServerSocketPtr& socket) { closed.push(socket->id()); };
    return events;
  }
};

std::shared_ptr<const std::string> text(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

core::Error downfall(Caller& caller) {
  auto error = caller.down.next();
  REQUIRE(error.has_value());
  CHECK(error->detail.find("hidden") == std::string::npos);
  CHECK(error->source.find("hidden") == std::string::npos);
  return *error;
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "a thousand texts come back whole and in order") {
  Host host{echo_events()};
  Caller caller;
  const auto socket = open_at(caller, host.address());
  REQUIRE(caller.opened.next().has_value());
  for (int i = 0; i < 1000; ++i)
    socket->send(std::to_string(i) + std::string(static_cast<std::size_t>(i * 7 % 3000), 'x'));
  for (int i = 0; i < 1000; ++i) {
    const auto back = caller.texts.next();
    REQUIRE(back.has_value());
    CHECK(*back == std::to_string(i) + std::string(static_cast<std::size_t>(i * 7 % 3000), 'x'));
  }
}

TEST_CASE_FIXTURE(Fixture, "texts sent before the connection is open go out when it is") {
  Host host{echo_events()};
  Caller caller;
  const auto socket = open_at(caller, host.address());
  socket->send("early");
  CHECK(caller.texts.next() == "early");
}

TEST_CASE_FIXTURE(Fixture, "a text has readable bytes behind it and a time of receipt") {
  Host host{echo_events()};
  Inbox<std::pair<bool, core::MonoTime>> seen;
  const auto before = real_clocks().mono();
  const auto socket
      = connector->open({.url = "ws://" + host.address()},
                        {.on_open = {},
                         .on_text =
                             [&](std::string_view received, core::MonoTime at) {
                               // Under the address sanitizer a byte too far would end the test.
                               int sum = 0;
                               for (std::size_t i = 0; i < 64; ++i)
                                 sum += *(received.data() + received.size() + i) != 0 ? 1 : 0;
                               seen.push({sum >= 0, at});
                             },
                         .on_control = {},
                         .on_down = {}});
  for (const std::size_t size : {1U, 100U, 1535U, 1536U, 5000U, 60000U}) {
    socket->send(std::string(size, 'a'));
    const auto one = seen.next();
    REQUIRE(one.has_value());
    CHECK(one->second > before);
    CHECK(one->second <= real_clocks().mono());
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a client that does not read gets one text more at most, then all in order") {
  constexpr int count = 2'000;
  Opened server;
  Host host{server.events()};
  Caller caller;
  auto events = caller.events();
  std::unique_ptr<WebSocket> socket;
  std::promise<WebSocket*> known;
  events.on_open = [&, made = known.get_future().share()] {
    pause_reading(made.get(), true); // before the first text
    caller.opened.push(true);
  };
  events.on_text = [&](std::string_view received, core::MonoTime) {
    if (received == "100")
      pause_reading(socket.get(), true); // from within the telling
    caller.texts.push(std::string{received});
  };
  socket = connector->open({.url = "ws://" + host.address()}, std::move(events));
  known.set_value(socket.get());
  const auto peer = server.sockets.next();
  REQUIRE(peer.has_value());
  REQUIRE(caller.opened.next().has_value());
  for (int n = 0; n < count; ++n)
    (*peer)->send(text(std::to_string(n)));
  CHECK_FALSE(caller.texts.next(150ms).has_value());
  CHECK(caller.down.size() == 0);
  io.post([&] {
    pause_reading(socket.get(), false);
    pause_reading(socket.get(), false); // twice is once
  });
  for (int n = 0; n <= 100; ++n)
    REQUIRE(caller.texts.next() == std::to_string(n));
  int next = 101;
  if (const auto more = caller.texts.next(150ms)) // it was under way
    CHECK(*more == std::to_string(next++));
  CHECK_FALSE(caller.texts.next(150ms).has_value());
  SUBCASE("it goes on") {
    pause_reading(socket.get(), false);
    for (int n = next; n < count; ++n)
      REQUIRE(caller.texts.next() == std::to_string(n));
  }
  SUBCASE("it ends in the middle") {
    socket.reset();
    CHECK(server.closed.next().has_value());
    CHECK(caller.down.size() == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "pings are answered and pongs reported, both as signs of life") {
  Opened server;
  Host host{server.events()};
  Caller caller;
  const auto socket = open_at(caller, host.address());
  const auto peer = server.sockets.next();
  REQUIRE(peer.has_value());
  REQUIRE(caller.opened.next().has_value());
  SUBCASE("the server's ping") {
    (*peer)->ping("are you there");
    CHECK(server.pongs.next() == "are you there");
    CHECK(caller.controls.next().has_value());
  }
  SUBCASE("the client's ping") {
    socket->ping();
    CHECK(caller.controls.next().has_value());
  }
  SUBCASE("a half-open peer answers nothing, and the link looks alive to TCP") {
    (*peer)->pause_reading(true);
    socket->send("swallowed");
    socket->ping();
    CHECK_FALSE(caller.controls.next(150ms).has_value());
    CHECK(caller.down.size() == 0);
    CHECK(server.texts.size() == 0);
    (*peer)->pause_reading(false);
    CHECK(server.texts.next() == "swallowed");
    CHECK(caller.controls.next().has_value());
  }
}

TEST_CASE_FIXTURE(Fixture, "a port where nobody listens is connection_lost with the address") {
  std::string address;
  {
    const WireListener gone;
    address = gone.address();
  }
  Caller caller;
  const auto socket = open_at(caller, address);
  const auto error = downfall(caller);
  CHECK(error.code == core::Errc::connection_lost);
  CHECK(error.detail == "connecting to " + address + ": Connection refused");
  CHECK(error.source == "ws://" + address);
}

TEST_CASE_FIXTURE(Fixture,
                  "what cannot be a connection is down with the reason, after open returned") {
  Caller caller;
  SUBCASE("a URL that does not parse") {
    const auto socket = open(caller, {.url = "ws:/oops?listenKey=hidden"});
    CHECK(downfall(caller).code == core::Errc::configuration);
  }
  SUBCASE("a proxy of another kind") {
    const auto socket = open(caller, {.url = "ws://a.com", .proxy = "socks5://127.0.0.1:1"});
    const auto error = downfall(caller);
    CHECK(error.code == core::Errc::configuration);
    CHECK(error.detail.find("scheme is socks5") != std::string::npos);
  }
  SUBCASE("a name that does not exist") {
    const auto socket = open(caller, {.url = "ws://name.invalid"});
    const auto error = downfall(caller);
    CHECK(error.code == core::Errc::connection_lost);
    CHECK(error.detail.starts_with("looking up name.invalid: "));
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a listener that never answers times out, and the text says at which step") {
  const WireListener silent;
  Caller caller;
  const auto socket = open(caller, {.url = "ws://" + silent.address(), .open_timeout = 50ms});
  const auto error = downfall(caller);
  CHECK(error.code == core::Errc::timed_out);
  CHECK(error.detail == "not open within 50 ms; last step: WebSocket upgrade");
  SUBCASE("TLS that is never answered is covered too") {
    Caller second;
    const auto secure = open(second, {.url = "wss://" + silent.address(), .open_timeout = 50ms});
    CHECK(downfall(second).detail == "not open within 50 ms; last step: TLS with 127.0.0.1");
  }
}

TEST_CASE_FIXTURE(Fixture, "a refused upgrade is upstream_error with the status") {
  WireServer server{[](Wire& wire) {
    wire.receive_until("\r\n\r\n");
    wire.send(refusal);
  }};
  Caller caller;
  const auto socket = open_at(caller, server.address());
  const auto error = downfall(caller);
  CHECK(error.code == core::Errc::upstream_error);
  CHECK(error.detail == "WebSocket upgrade refused: HTTP 429 Too Many Requests");
}

TEST_CASE_FIXTURE(Fixture, "an answer that is no HTTP is malformed") {
  WireServer server{[](Wire& wire) {
    wire.receive_until("\r\n\r\n");
    wire.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    wire.receive_all();
  }};
  Caller caller;
  const auto socket = open_at(caller, server.address());
  CHECK(downfall(caller).code == core::Errc::malformed);
}

TEST_CASE_FIXTURE(Fixture, "a server that goes away is told once, with what it said") {
  Opened server;
  Host host{server.events()};
  Caller caller;
  const auto socket = open_at(caller, host.address());
  const auto peer = server.sockets.next();
  REQUIRE(peer.has_value());
  REQUIRE(caller.opened.next().has_value());
  SUBCASE("closing properly") {
    (*peer)->send(text("last words"));
    (*peer)->close(1001, "maintenance");
    CHECK(caller.texts.next() == "last words");
    const auto error = downfall(caller);
    CHECK(error.code == core::Errc::connection_lost);
    CHECK(error.detail == "closed by the server, code 1001, reason \"maintenance\"");
  }
  SUBCASE("by a reset in mid-stream") {
    (*peer)->abort();
    const auto error = downfall(caller);
    CHECK(error.code == core::Errc::connection_lost);
    CHECK(error.detail.starts_with("reading: "));
  }
  SUBCASE("with the whole server") {
    host.stop();
    CHECK(downfall(caller).code == core::Errc::connection_lost);
  }
  CHECK(server.sockets.size() == 0);
  CHECK_FALSE(caller.down.next(20ms).has_value());
  CHECK_FALSE((*peer)->send(text("into the void")));
}

TEST_CASE_FIXTURE(Fixture, "a frame that the protocol does not allow is malformed") {
  // A server whose upgrade is right (a relay to a real one) and whose frames are the test's.
  Host host{echo_events()};
  std::string frames;
  SUBCASE("a compressed frame that was not negotiated") {
    frames = "\xc1\x02hi";
  }
  SUBCASE("a masked frame from a server") {
    frames = std::string{"\x81\x82\x01\x02\x03\x04hi", 8};
  }
  SUBCASE("an unknown opcode") {
    frames = std::string{"\x83\x00", 2};
  }
  SUBCASE("text that is no UTF-8") {
    frames = "\x81\x02\xc3\x28";
  }
  SUBCASE("a message beyond the bound") {
    frames = std::string{"\x81\x7e\x10\x01", 4} + std::string(4097, 'x');
  }
  SUBCASE("fragments that together go beyond the bound") {
    frames = std::string{"\x01\x7e\x0f\xff", 4} + std::string(4095, 'x')
             + std::string{"\x00\x02xx", 4};
  }
  SUBCASE("a binary message") {
    frames = "\x82\x02hi";
  }
  SUBCASE("a length beyond all bounds") {
    frames = "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff";
  }
  WireServer server{[&](Wire& wire) {
    auto upstream = Wire::to(host.port());
    upstream.send(wire.receive_until("\r\n\r\n"));
    wire.send(upstream.receive_until("\r\n\r\n"));
    wire.send(frames);
    wire.receive_all();
  }};
  Caller caller;
  const auto socket = open(caller, {.url = "ws://" + server.address(), .message_bytes_max = 4096});
  const auto error = downfall(caller);
  CHECK(error.code == core::Errc::malformed);
  CHECK(caller.texts.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a message at the bound passes, whole or in fragments") {
  Host host{echo_events()};
  WireServer server{[&](Wire& wire) {
    auto upstream = Wire::to(host.port());
    upstream.send(wire.receive_until("\r\n\r\n"));
    wire.send(upstream.receive_until("\r\n\r\n"));
    wire.send(std::string{"\x81\x7e\x10\x00", 4} + std::string(4096, 'x'));
    wire.send(std::string{"\x01\x02", 2} + "ab" + std::string{"\x89\x00", 2}
              + std::string{"\x80\x01", 2} + "c");
    wire.receive_all();
  }};
  Caller caller;
  const auto socket = open(caller, {.url = "ws://" + server.address(), .message_bytes_max = 4096});
  CHECK(caller.texts.next() == std::string(4096, 'x'));
  CHECK(caller.texts.next() == "abc");
  CHECK(caller.controls.next().has_value());
}

TEST_CASE_FIXTURE(Fixture, "closing says goodbye and then there is silence") {
  Opened server;
  Host host{server.events()};
  Caller caller;
  auto socket = open_at(caller, host.address());
  const auto peer = server.sockets.next();
  REQUIRE(peer.has_value());
  REQUIRE(caller.opened.next().has_value());
  SUBCASE("by close()") {
    socket->close();
  }
  SUBCASE("by destroying the handle") {
    socket.reset();
  }
  (*peer)->send(text("too late"));
  CHECK(server.closed.next() == (*peer)->id());
  CHECK(caller.texts.size() == 0);
  CHECK(caller.down.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a handle may be destroyed at any moment, from any thread") {
  Opened server;
  Host host{server.events()};
  for (int i = 0; i < 200; ++i) {
    auto caller = std::make_unique<Caller>();
    auto socket = open_at(*caller, host.address());
    if (i % 3 == 1)
      REQUIRE(caller->opened.next().has_value());
    if (i % 3 == 2)
      socket->send("x");
    socket.reset();
    caller.reset(); // an event after this would be a use after free
  }
  SUBCASE("also inside its own event") {
    Inbox<bool> done;
    auto socket = std::make_shared<std::unique_ptr<WebSocket>>();
    io.post([&, socket] {
      *socket = connector->open({.url = "ws://" + host.address()}, {.on_open =
                                                                        [&, socket] {
                                                                          socket->reset();
                                                                          done.push(true);
                                                                        },
                                                                    .on_text = {},
                                                                    .on_control = {},
                                                                    .on_down = {}});
    });
    CHECK(done.next().has_value());
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a text that already waits on the thread is not told to a destroyed handle") {
  Opened server;
  Host host{server.events()};
  Inbox<bool> opened;
  Inbox<std::size_t> told;
  Inbox<bool> go_on;
  std::array<std::unique_ptr<WebSocket>, 2> sockets;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    sockets.at(i) = connector->open({.url = "ws://" + host.address()},
                                    {.on_open = [&] { opened.push(true); },
                                     .on_text =
                                         [&, i](std::string_view, core::MonoTime) {
                                           told.push(i);
                                           go_on.next();
                                         }});
    REQUIRE(opened.next().has_value());
  }
  // Hold the thread until both texts have arrived, so that both reads end in one go.
  Inbox<bool> both_sent;
  io.post([&] { both_sent.next(); });
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const auto peer = server.sockets.next();
    REQUIRE(peer.has_value());
    (*peer)->send(text("x"));
  }
  REQUIRE(eventually([&] { return host.counters().messages_sent == 2; }));
  both_sent.push(true);
  const auto first = told.next();
  REQUIRE(first.has_value());
  sockets.at(1 - *first).reset();
  go_on.push(true);
  Inbox<bool> drained;
  io.post([&] { drained.push(true); });
  REQUIRE(drained.next().has_value());
  CHECK(told.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "an event handler that throws takes its own connection down") {
  Host host{echo_events()};
  Inbox<core::Error> down;
  const auto socket = connector->open(
      {.url = "ws://" + host.address()},
      {.on_open = {},
       .on_text = [](std::string_view, core::MonoTime) { throw std::runtime_error{"boom"}; },
       .on_control = {},
       .on_down = [&](core::Error error) { down.push(std::move(error)); }});
  socket->send("x");
  const auto error = down.next();
  REQUIRE(error.has_value());
  CHECK(error->code == core::Errc::internal);
  CHECK(error->detail == "the event handler threw: boom");
}

TEST_CASE_FIXTURE(Fixture, "what a peer does not read is bounded") {
  WireListener listener;
  Host host{echo_events()};
  Caller caller;
  const auto socket = open_at(caller, listener.address());
  auto wire = listener.accept();
  REQUIRE(wire.has_value());
  auto upstream = Wire::to(host.port());
  upstream.send(wire->receive_until("\r\n\r\n"));
  wire->send(upstream.receive_until("\r\n\r\n"));
  REQUIRE(caller.opened.next().has_value());
  for (int i = 0; i < 64; ++i)
    socket->send(std::string(1024 * 1024, 'x'));
  const auto error = downfall(caller);
  CHECK(error.code == core::Errc::connection_lost);
  CHECK(error.detail == "more than 4 MiB wait to be sent");
}

TEST_CASE("tasks run in the order they were posted, on the named thread") {
  Io io{"test-io-thread-name", real_clocks()};
  Inbox<int> order;
  Inbox<std::string> name;
  Inbox<bool> all_posted;
  io.post([&] { all_posted.next(); });
  for (int i = 0; i < 100; ++i)
    io.post([&, i] {
      order.push(i);
      io.post([&, i] { order.push(1000 + i); });
    });
  all_posted.push(true);
  for (int i = 0; i < 100; ++i)
    CHECK(order.next() == i);
  for (int i = 0; i < 100; ++i)
    CHECK(order.next() == 1000 + i);
  io.post([&] {
    std::array<char, 16> text{};
    ::pthread_getname_np(::pthread_self(), text.data(), text.size());
    name.push(text.data());
  });
  CHECK(name.next() == "test-io-thread-");
  SUBCASE("delayed ones by their delay") {
    io.post_after(40ms, [&] { order.push(2); });
    io.post_after(1ms, [&] { order.push(1); });
    CHECK(order.next() == 1);
    CHECK(order.next() == 2);
  }
  SUBCASE("one that throws is reported and does not end the thread") {
    Inbox<std::string> faults;
    io.on_fault([&](std::string_view what) { faults.push(std::string{what}); });
    io.post([] { throw std::runtime_error{"boom"}; });
    io.post([&] { order.push(3); });
    CHECK(faults.next() == "boom");
    CHECK(order.next() == 3);
  }
}

} // namespace tandem::adapters::transport
