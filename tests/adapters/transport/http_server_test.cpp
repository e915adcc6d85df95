#include "adapters/transport/http_server.hpp"

#include "tests/adapters/transport/support.hpp"

#include <sys/resource.h>

namespace tandem::adapters::transport {

namespace {

using namespace testing;

int status_of(const std::string& response) {
  return response.size() > 12 && response.starts_with("HTTP/1.1 ")
             ? std::stoi(response.substr(9, 3))
             : 0;
}

/// One request on an own connection, and all that comes back until the server closes.
std::string ask(const Host& host, std::string_view request) {
  auto wire = Wire::to(host.port());
  wire.send(request);
  return wire.receive_all();
}

std::string get(std::string_view target, std::string_view more = "Connection: close\r\n") {
  return "GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n" + std::string{more} + "\r\n";
}

} // namespace

TEST_CASE("a request is answered with length, date and type") {
  Host host{echo_events()};
  const auto response = ask(host, get("/hello"));
  CHECK(status_of(response) == 200);
  CHECK(response.find("\r\nContent-Length: 11\r\n") != std::string::npos);
  CHECK(response.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  CHECK(response.find("\r\nDate: ") != std::string::npos);
  CHECK(response.find(" GMT\r\n") != std::string::npos);
  CHECK(response.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(response.ends_with("\r\n\r\nGET /hello "));
}

TEST_CASE("the date is the one the clock gives") {
  auto clocks = real_clocks();
  clocks.wall = [] { return core::WallTime{std::chrono::seconds{784'111'777}}; };
  Io io{"test-server", clocks};
  auto server = serve_http(io, "127.0.0.1:0", {}, echo_events());
  REQUIRE(server.has_value());
  auto wire = Wire::to(port_of((*server)->address()));
  wire.send(get("/"));
  // RFC 9110 section 5.6.7 gives this instant as its example.
  CHECK(wire.receive_all().find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        != std::string::npos);
}

TEST_CASE("HEAD gets the header of GET and no body") {
  Host host{echo_events()};
  const auto response = ask(host, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(response.find("\r\nContent-Length: 12\r\n") != std::string::npos);
  CHECK(response.ends_with("\r\n\r\n"));
}

TEST_CASE("requests sent without waiting are answered in their order") {
  Host host{echo_events()};
  auto wire = Wire::to(host.port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += get("/" + std::to_string(i), "");
  wire.send(all + get("/last"));
  const auto responses = wire.receive_all();
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = responses.find("\r\n\r\nGET /" + std::to_string(i) + " ", at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(responses.find("GET /last ", at) != std::string::npos);
}

TEST_CASE("an HTTP/1.0 client is answered and closed, without a Host header too") {
  Host host{echo_events()};
  const auto response = ask(host, "GET /old HTTP/1.0\r\n\r\n");
  CHECK(status_of(response) == 200);
  CHECK(response.find("\r\nConnection: close\r\n") != std::string::npos);
}

TEST_CASE("an answer may come from another thread, later") {
  Inbox<std::pair<std::string, Respond>> waiting;
  ServerEvents events;
  events.on_request = [&](ServerRequest request, Respond respond) {
    waiting.push({request.path, std::move(respond)});
  };
  Host host{std::move(events)};
  std::thread worker{[&] {
    for (int i = 0; i < 2; ++i) {
      auto job = waiting.next();
      if (!job)
        return;
      job->second({.status = 200, .headers = {}, .body = job->first});
      job->second({.status = 500, .headers = {}, .body = "a second answer is ignored"});
    }
  }};
  const auto responses = ask(host, get("/one", "") + get("/two"));
  worker.join();
  CHECK(responses.find("/one") < responses.find("/two"));
  CHECK(responses.find("second answer") == std::string::npos);
}

TEST_CASE("a request that is never answered gets 503, and a late answer disturbs nobody") {
  Inbox<Respond> kept;
  ServerEvents events;
  events.on_request = [&](const ServerRequest&, Respond respond) { kept.push(std::move(respond)); };
  {
    Host host{std::move(events), {.answer_timeout = 40ms}};
    const auto response = ask(host, get("/", ""));
    CHECK(status_of(response) == 503);
    CHECK(response.find("Connection: close") != std::string::npos);
    CHECK(host.counters().timed_out == 1);
    (*kept.next())({.status = 200});
    ask(host, get("/"));
  }
  (*kept.next())({.status = 200}); // the server is gone
}

TEST_CASE("a handler that throws is a 500 for its client only") {
  auto events = echo_events();
  events.on_request = [](const ServerRequest& request, const Respond& respond) {
    if (request.path == "/bad")
      throw std::runtime_error{"boom"};
    if (request.path == "/late")
      respond({.status = 200, .headers = {}, .body = "first"});
    if (request.path == "/header")
      return respond({.status = 200, .headers = {{"X", "a\r\nSet-Cookie: b"}}});
    if (request.path == "/status")
      return respond({.status = 0});
    throw std::runtime_error{"after the answer"};
  };
  Host host{std::move(events)};
  CHECK(status_of(ask(host, get("/bad"))) == 500);
  CHECK(ask(host, get("/late")).ends_with("first"));
  const auto broken = ask(host, get("/header"));
  CHECK(status_of(broken) == 500);
  CHECK(broken.find("Set-Cookie") == std::string::npos);
  CHECK(status_of(ask(host, get("/status"))) == 500);
}

TEST_CASE("without handlers everything is 404") {
  Host host{ServerEvents{}};
  CHECK(status_of(ask(host, get("/"))) == 404);
  CHECK(status_of(ask(host, get("/ws", "Connection: Upgrade, close\r\nUpgrade: websocket\r\n"
                                       "Sec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")))
        == 404);
}

TEST_CASE("refusals carry the user's envelope") {
  auto events = echo_events();
  events.on_refusal = [](int status, std::string_view reason) -> ServerResponse {
    if (status == 431)
      throw std::runtime_error{"no envelope for this"};
    return {.status = status, .headers = {}, .body = "{\"error\":\"" + std::string{reason} + "\"}"};
  };
  Host host{std::move(events), {.header_bytes_max = 1024}};
  CHECK(ask(host, get("/a/../b")).ends_with("{\"error\":\"the path is not allowed\"}"));
  CHECK(status_of(ask(host, get("/" + std::string(2000, 'x')))) == 431);
}

TEST_CASE("what is no request is 400 and closed") {
  Host host{echo_events()};
  for (const auto* request :
       {"hello\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/3.0\r\nHost: x\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /../x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    CAPTURE(request);
    CHECK(status_of(ask(host, request)) == 400);
  }
  CHECK(host.counters().requests == 0);
  CHECK(host.counters().malformed == 18);
}

TEST_CASE("a body whose end two could see in different places is 400 and closed") {
  Host host{echo_events()};
  for (const auto* headers :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    CAPTURE(headers);
    const auto response = ask(host, "POST / HTTP/1.1\r\nHost: x\r\n" + std::string{headers}
                                        + "\r\n5\r\nhello\r\n0\r\n\r\n");
    CHECK(status_of(response) == 400);
    CHECK(response.find("\r\nConnection: close\r\n") != std::string::npos);
  }
  CHECK(ask(host, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
                  "Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            .ends_with("POST / hello"));
}

TEST_CASE("a header beyond the bound is 431") {
  Host host{echo_events(), {.header_bytes_max = 1024}};
  CHECK(status_of(ask(host, get("/", "X: " + std::string(900, 'x') + "\r\nConnection: close\r\n")))
        == 200);
  CHECK(status_of(ask(host, get("/", "X: " + std::string(1100, 'x') + "\r\n"))) == 431);
  CHECK(status_of(ask(host, "GET /" + std::string(100'000, 'x'))) == 431);
  CHECK(status_of(ask(host, get("/fine"))) == 200);
}

TEST_CASE("a body beyond the bound is 413, announced or in chunks") {
  Host host{echo_events(), {.body_bytes_max = 1000}};
  const auto post = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
           + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };
  CHECK(status_of(ask(host, post(1000))) == 200);
  CHECK(status_of(ask(host, post(1001))) == 413);
  CHECK(status_of(ask(host, post(3'000'000))) == 413);
  CHECK(status_of(ask(host, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"))
        == 413);
  CHECK(
      status_of(ask(host, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"
                              + std::string(1001, 'x') + "\r\n0\r\n\r\n"))
      == 413);
}

TEST_CASE("a client that waits for 100 Continue gets it, or the refusal instead") {
  Host host{echo_events(), {.body_bytes_max = 1000}};
  auto wire = Wire::to(host.port());
  wire.send("POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
            "Content-Length: 5\r\n\r\n");
  CHECK(wire.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("hello");
  CHECK(wire.receive_all().ends_with("POST /x hello"));
  CHECK(status_of(ask(host, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                            "Content-Length: 5000\r\n\r\n"))
        == 413);
}

TEST_CASE("who is slow with a request is cut in time, however much drips in") {
  Host host{echo_events(), {.request_timeout = 60ms}};
  SUBCASE("nothing at all") {
    CHECK(ask(host, "").empty());
  }
  SUBCASE("half a header") {
    CHECK(status_of(ask(host, "GET / HTTP/1.1\r\nHost:")) == 408);
  }
  SUBCASE("half a body") {
    CHECK(status_of(ask(host, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"))
          == 408);
  }
  SUBCASE("a byte now and then does not buy time") {
    auto wire = Wire::to(host.port());
    wire.send("GET / HTTP/1.1\r\nHost: ");
    Inbox<bool> clock;
    int dripped = 0;
    while (host.counters().timed_out == 0 && dripped < 500 && wire.send("x")) {
      clock.next(5ms);
      ++dripped;
    }
    CHECK(dripped < 500);
    CHECK(status_of(wire.receive_all()) == 408);
  }
  CHECK(host.counters().timed_out >= 1);
  CHECK(status_of(ask(host, get("/"))) == 200);
}

TEST_CASE("a kept connection without a further request is closed after the idle time") {
  Host host{echo_events(), {.idle_timeout = 40ms}};
  auto wire = Wire::to(host.port());
  wire.send(get("/", ""));
  const auto all = wire.receive_all();
  CHECK(status_of(all) == 200);
  CHECK(all.find("408") == std::string::npos);
  CHECK(host.counters().timed_out == 0);
}

TEST_CASE("connections beyond the cap are told 503, and those within it go on") {
  Host host{echo_events(), {.connections_max = 3, .request_timeout = 800s}};
  std::vector<Wire> within;
  for (int i = 0; i < 3; ++i) {
    within.push_back(Wire::to(host.port()));
    within.back().send(get("/", ""));
    CHECK(status_of(within.back().receive_until("\r\n\r\n")) == 200);
  }
  for (int i = 0; i < 5; ++i)
    CHECK(status_of(ask(host, get("/"))) == 503);
  CHECK(host.counters().connections_refused == 5);
  within.back().send(get("/still", ""));
  CHECK(status_of(within.back().receive_until("/still ")) == 200);
  within.pop_back();
  CHECK(eventually([&] { return status_of(ask(host, get("/"))) == 200; }));
}

TEST_CASE("at the cap a client that is waited for gives way; one that waits for us does not") {
  auto events = echo_events();
  Inbox<Respond> held;
  events.on_request = [&held, echo = events.on_request](ServerRequest request, Respond respond) {
    if (request.path == "/held")
      held.push(std::move(respond));
    else
      echo(std::move(request), std::move(respond));
  };
  Host host{events, {.connections_max = 4, .request_timeout = 1'600ms, .idle_timeout = 600s}};
  auto patient = Wire::to(host.port());
  patient.send(get("/held", ""));
  const auto respond = held.next();
  REQUIRE(respond.has_value());
  std::vector<Wire> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(Wire::to(host.port()));
    idle.back().send(get("/", ""));
    CHECK(status_of(idle.back().receive_until("/ ")) == 200);
  }
  // An eighth of the request's time later each of them makes room for one that stays.
  std::vector<Wire> others;
  for (int i = 0; i < 3; ++i)
    CHECK(eventually([&] {
      others.push_back(Wire::to(host.port()));
      others.back().send(get("/", ""));
      const auto answer = others.back().receive_until("/ ");
      if (status_of(answer) != 200)
        others.pop_back();
      return status_of(answer) == 200;
    }));
  CHECK(host.counters().timed_out >= 3);
  CHECK(idle.front().receive_all().empty());
  (*respond)({.status = 200, .headers = {}, .body = "at last"});
  CHECK(status_of(patient.receive_until("at last")) == 200);
}

TEST_CASE("running out of descriptors does not end the server") {
  Host host{echo_events()};
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto first = Wire::to(host.port());
  first.send(get("/", ""));
  CHECK(status_of(first.receive_until("\r\n\r\n")) == 200);
  auto second_fd = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(second_fd >= 0);
  // From here no new descriptor can be made in this process: the server's accept fails.
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(second_fd) + 1, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(host.port());
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(second_fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0);
  Wire second{second_fd};
  second.send(get("/"));
  first.send(get("/again", ""));
  CHECK(status_of(first.receive_until("/again ")) == 200);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(status_of(second.receive_all()) == 200);
}

TEST_CASE("the address is as bound, and errors of binding are told") {
  Io io{"test-server", real_clocks()};
  const auto trouble = [&](const std::string& address) {
    const auto server = serve_http(io, address, {}, {});
    REQUIRE_FALSE(server.has_value());
    return server.error();
  };
  CHECK(trouble("8080").code == core::Errc::configuration);
  CHECK(trouble("127.0.0.1:").code == core::Errc::configuration);
  CHECK(trouble("127.0.0.1:70000").code == core::Errc::configuration);
  CHECK(trouble("example.com:80").code == core::Errc::configuration);
  CHECK(trouble("::1:80").code == core::Errc::configuration);
  CHECK(trouble("192.0.2.1:80").code == core::Errc::connection_lost);

  const auto first = serve_http(io, "localhost:0", {}, {});
  REQUIRE(first.has_value());
  CHECK((*first)->address().starts_with("127.0.0.1:"));
  const auto taken = trouble((*first)->address());
  CHECK(taken.code == core::Errc::connection_lost);
  CHECK(taken.detail == "cannot listen on " + (*first)->address() + ": Address already in use");

  if (const auto v6 = serve_http(io, "[::1]:0", {}, echo_events())) {
    CHECK((*v6)->address().starts_with("[::1]:"));
    Io client_io{"test-client", real_clocks()};
    const auto client = make_http_client(client_io);
    const auto response = fetch(*client, {.url = "http://" + (*v6)->address() + "/six"});
    REQUIRE(response.has_value());
    CHECK(response->body == "GET /six ");
  } else {
    MESSAGE("this machine has no IPv6 loopback: ", v6.error().detail);
  }
}

TEST_CASE("a port can be used again at once after a restart") {
  std::string address;
  {
    Host host{echo_events()};
    address = host.address();
    auto wire = Wire::to(host.port());
    wire.send(get("/"));
    wire.receive_all();
  }
  Host again{echo_events(), {}, address};
  CHECK(status_of(ask(again, get("/"))) == 200);
}

} // namespace tandem::adapters::transport
