#include "adapters/transport/http.hpp"

#include "tests/adapters/transport/support.hpp"

namespace tandem::adapters::transport {

namespace {

using namespace testing;

struct Fixture {
  Io io{"test-client", real_clocks()};
  std::unique_ptr<HttpClient> client = make_http_client(io);

  static std::string url(const std::string& address, const std::string& target = "/x?sig=hidden") {
    return "http://" + address + target;
  }

  core::Error failure(HttpRequest request) {
    auto result = fetch(*client, std::move(request));
    REQUIRE_FALSE(result.has_value());
    CHECK(core::describe(result.error()).find("hidden") == std::string::npos);
    return result.error();
  }
};

std::string value(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, text] : response.headers)
    if (key == name)
      return text;
  return {};
}

/// Answers the n-th request on the n-th connection by a script: each string is one answer; at the
/// script's end the connection closes.
std::function<void(Wire&)> script(std::vector<std::vector<std::string>> connections,
                                  const std::shared_ptr<Inbox<std::string>>& requests) {
  const auto turn = std::make_shared<std::size_t>(0);
  return [connections = std::move(connections), turn, requests](Wire& wire) {
    if (*turn >= connections.size())
      return;
    for (const auto& answer : connections[(*turn)++]) {
      auto request = wire.receive_until("\r\n\r\n");
      if (request.empty())
        return;
      requests->push(std::move(request));
      wire.send(answer);
    }
  };
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "requests one after the other share one connection") {
  Host host{echo_events()};
  const auto before = real_clocks().mono();
  for (int i = 0; i < 20; ++i) {
    const auto response = fetch(*client, {.url = url(host.address())});
    REQUIRE(response.has_value());
    CHECK(response->status == 200);
    CHECK(response->body == "GET /x ");
    CHECK(response->body.capacity() >= response->body.size() + 64);
    CHECK(response->sent_at > before);
    CHECK(response->received_at > response->sent_at);
  }
  CHECK(host.counters().connections == 1);
  CHECK(host.counters().requests == 20);
}

TEST_CASE_FIXTURE(Fixture, "method, headers, query and body arrive as given") {
  Inbox<ServerRequest> requests;
  ServerEvents events;
  events.on_request = [&](ServerRequest request, const Respond& respond) {
    requests.push(std::move(request));
    respond({.status = 201, .headers = {{"X-Weight", "17"}}, .body = "made"});
  };
  Host host{std::move(events)};
  const auto response = fetch(*client, {.method = "POST",
                                        .url = url(host.address(), "/orders?a=1&b=%20"),
                                        .headers = {{"X-Api-Key", "k"}},
                                        .body = "{\"x\":1}"});
  REQUIRE(response.has_value());
  CHECK(response->status == 201);
  CHECK(value(*response, "X-Weight") == "17");
  const auto request = requests.next();
  REQUIRE(request.has_value());
  CHECK(request->method == "POST");
  CHECK(request->path == "/orders");
  CHECK(request->query == "a=1&b=%20");
  CHECK(header(*request, "x-api-key") == "k");
  CHECK(header(*request, "host") == host.address());
  CHECK(request->body == "{\"x\":1}");
  CHECK(request->peer.starts_with("127.0.0.1:"));
}

TEST_CASE_FIXTURE(Fixture, "many requests at once use at most the connections allowed") {
  Host host{echo_events()};
  Inbox<int> statuses;
  for (int i = 0; i < 200; ++i)
    client->send({.url = url(host.address())}, [&](core::Result<HttpResponse> result) {
      statuses.push(result ? result->status : 0);
    });
  for (int i = 0; i < 200; ++i)
    CHECK(statuses.next() == 200);
  CHECK(host.counters().connections == 4);
}

TEST_CASE_FIXTURE(Fixture, "any status is a response, not an error") {
  ServerEvents events;
  events.on_request = [](const ServerRequest&, const Respond& respond) {
    respond({.status = 418, .headers = {{"Retry-After", "7"}}, .body = "banned"});
  };
  Host host{std::move(events)};
  const auto response = fetch(*client, {.url = url(host.address())});
  REQUIRE(response.has_value());
  CHECK(response->status == 418);
  CHECK(value(*response, "Retry-After") == "7");
}

TEST_CASE_FIXTURE(Fixture, "a response may come in any form HTTP/1.1 knows") {
  const auto requests = std::make_shared<Inbox<std::string>>();
  std::vector<std::string> answers;
  std::string expected = "hello";
  std::string method = "GET";
  SUBCASE("chunked") {
    answers
        = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"};
  }
  SUBCASE("ended by the connection") {
    answers = {"HTTP/1.1 200 OK\r\n\r\nhello"};
  }
  SUBCASE("HTTP/1.0") {
    answers = {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"};
  }
  SUBCASE("announced by 100 Continue and 103 Early Hints") {
    answers = {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
               + ok("hello")};
  }
  SUBCASE("without a body") {
    answers = {"HTTP/1.1 204 No Content\r\n\r\n"};
    expected = "";
  }
  SUBCASE("of HEAD, which has a length and no body") {
    answers = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"};
    expected = "";
    method = "HEAD";
  }
  WireServer server{script({answers}, requests)};
  const auto response = fetch(*client, {.method = method, .url = url(server.address())});
  REQUIRE(response.has_value());
  CHECK(response->body == expected);
}

TEST_CASE_FIXTURE(Fixture, "what ends a request without a response is told precisely") {
  const auto requests = std::make_shared<Inbox<std::string>>();
  SUBCASE("a port where nobody listens") {
    std::string address;
    {
      const WireListener gone;
      address = gone.address();
    }
    const auto error = failure({.url = url(address)});
    CHECK(error.code == core::Errc::connection_lost);
    CHECK(error.detail == "connecting to " + address + ": Connection refused");
    CHECK(error.source == "GET http://" + address);
  }
  SUBCASE("no answer in time") {
    const WireListener silent;
    const auto error = failure({.url = url(silent.address()), .timeout = 30ms});
    CHECK(error.code == core::Errc::timed_out);
    CHECK(error.detail == "no response within 30 ms; last step: waiting for the response");
  }
  SUBCASE("a header that drips, also") {
    Inbox<bool> over;
    WireServer server{[&](Wire& wire) {
      wire.receive_until("\r\n\r\n");
      wire.send("HTTP/1.1 200 OK\r\nContent-Le");
      over.next();
    }};
    const auto error = failure({.url = url(server.address()), .timeout = 30ms});
    CHECK(error.code == core::Errc::timed_out);
    over.push(true);
  }
  SUBCASE("the connection ends first") {
    WireServer server{script({{""}}, requests)};
    const auto error = failure({.url = url(server.address())});
    CHECK(error.code == core::Errc::connection_lost);
    CHECK(error.detail == "the connection ended before the response: End of file");
  }
  SUBCASE("the connection ends within the body") {
    WireServer server{script({{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"}}, requests)};
    const auto error = failure({.url = url(server.address())});
    CHECK(error.code == core::Errc::connection_lost);
    CHECK(error.detail.starts_with("the connection ended within the response"));
  }
  SUBCASE("a body beyond the bound, announced") {
    WireServer server{script({{"HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n"}}, requests)};
    const auto error = failure({.url = url(server.address()), .response_bytes_max = 1024});
    CHECK(error.code == core::Errc::malformed);
    CHECK(error.detail == "the response is larger than 1024 bytes");
  }
  SUBCASE("a body beyond the bound, in chunks") {
    WireServer server{script(
        {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n" + std::string(1025, 'x')}},
        requests)};
    const auto error = failure({.url = url(server.address()), .response_bytes_max = 1024});
    CHECK(error.code == core::Errc::malformed);
    CHECK(error.detail == "the response is larger than 1024 bytes");
  }
  SUBCASE("a header beyond the bound") {
    WireServer server{
        script({{"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"}}, requests)};
    CHECK(failure({.url = url(server.address())}).code == core::Errc::malformed);
  }
  SUBCASE("no HTTP at all") {
    WireServer server{script({{"220 smtp.example.com ESMTP\r\n\r\n"}}, requests)};
    CHECK(failure({.url = url(server.address())}).code == core::Errc::malformed);
  }
  SUBCASE("a URL that does not parse") {
    CHECK(failure({.url = "nowhere"}).code == core::Errc::configuration);
  }
  SUBCASE("a header that would break the request") {
    CHECK(failure({.url = "http://a.com", .headers = {{"X", "a\r\nY: b"}}}).code
          == core::Errc::configuration);
    CHECK(failure({.url = "http://a.com", .headers = {{"Content-Length", "5"}}}).code
          == core::Errc::configuration);
    CHECK(failure({.method = "GET /x", .url = "http://a.com"}).code == core::Errc::configuration);
  }
}

TEST_CASE_FIXTURE(Fixture, "a kept connection that the server closed is replaced, not used") {
  const auto requests = std::make_shared<Inbox<std::string>>();
  WireServer server{script({{ok("one")}, {ok("two")}}, requests)};
  CHECK(fetch(*client, {.url = url(server.address())})->body == "one");
  // The end of the first connection may or may not have been noticed by now: both must do.
  CHECK(fetch(*client, {.url = url(server.address())})->body == "two");
}

TEST_CASE_FIXTURE(Fixture,
                  "a GET that meets a dying kept connection goes once more; a POST does not") {
  const auto requests = std::make_shared<Inbox<std::string>>();
  // On the first connection the second request is read and then answered by closing.
  SUBCASE("GET") {
    WireServer server{script({{ok("one"), ""}, {ok("two")}}, requests)};
    CHECK(fetch(*client, {.url = url(server.address())})->body == "one");
    CHECK(fetch(*client, {.url = url(server.address())})->body == "two");
    CHECK(requests->size() == 3);
  }
  SUBCASE("but only once") {
    WireServer server{script({{ok("one"), ""}, {""}, {ok("three")}}, requests)};
    CHECK(fetch(*client, {.url = url(server.address())})->body == "one");
    CHECK(failure({.url = url(server.address())}).code == core::Errc::connection_lost);
    CHECK(requests->size() == 3);
  }
  SUBCASE("and not when the response had begun") {
    WireServer server{script({{ok("one"), "HTTP/1.1 200"}, {ok("two")}}, requests)};
    CHECK(fetch(*client, {.url = url(server.address())})->body == "one");
    CHECK(failure({.url = url(server.address())}).code == core::Errc::connection_lost);
    CHECK(requests->size() == 2);
  }
  SUBCASE("POST") {
    WireServer server{script({{ok("one"), ""}, {ok("two")}}, requests)};
    CHECK(fetch(*client, {.url = url(server.address())})->body == "one");
    CHECK(failure({.method = "POST", .url = url(server.address()), .body = "x"}).code
          == core::Errc::connection_lost);
    CHECK(requests->size() == 2);
  }
}

TEST_CASE_FIXTURE(Fixture, "a response that comes too late is not taken for the next one's") {
  Inbox<bool> late;
  const auto turn = std::make_shared<std::atomic<int>>(0);
  WireServer server{[&, turn](Wire& wire) {
    wire.receive_until("\r\n\r\n");
    if (turn->fetch_add(1) == 0)
      late.next();
    wire.send(ok(*turn == 1 ? "late" : "right"));
  }};
  CHECK(failure({.url = url(server.address()), .timeout = 30ms}).code == core::Errc::timed_out);
  late.push(true);
  CHECK(fetch(*client, {.url = url(server.address())})->body == "right");
}

TEST_CASE_FIXTURE(Fixture, "destroying the client silences its requests") {
  const WireListener silent;
  auto called = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < 20; ++i)
    client->send({.url = url(silent.address()), .timeout = 1ms},
                 [called](const core::Result<HttpResponse>&) { ++*called; });
  client.reset();
  const int then = *called;
  Inbox<bool> later;
  io.post_after(30ms, [&] { later.push(true); });
  REQUIRE(later.next().has_value());
  CHECK(*called == then);
}

TEST_CASE_FIXTURE(Fixture, "a callback that throws harms nobody else") {
  Host host{echo_events()};
  Inbox<std::string> faults;
  io.on_fault([&](std::string_view what) { faults.push(std::string{what}); });
  client->send({.url = url(host.address())},
               [](const core::Result<HttpResponse>&) { throw std::runtime_error{"boom"}; });
  CHECK(faults.next() == "boom");
  CHECK(fetch(*client, {.url = url(host.address())}).has_value());
}

} // namespace tandem::adapters::transport
