#include "adapters/transport/url.hpp"

#include "adapters/transport/websocket.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace tandem::adapters::transport {

namespace {

std::string refused(std::string_view text) {
  const auto url = parse_url(text);
  REQUIRE_FALSE(url.has_value());
  CHECK(url.error().code == core::Errc::configuration);
  return url.error().detail;
}

std::string proxy(std::string_view url, std::map<std::string, std::string> environment) {
  return proxy_for(url, [&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string{} : found->second;
  });
}

} // namespace

TEST_CASE("an endpoint URL is split into what a connection needs") {
  const auto url = parse_url("wss://Stream.Example.com:9443/ws/btcusdt?streams=a/b&x=1");
  REQUIRE(url.has_value());
  CHECK(url->secure);
  CHECK(url->host == "stream.example.com");
  CHECK(url->port == 9443);
  CHECK(url->target == "/ws/btcusdt?streams=a/b&x=1");
  CHECK(url->host_header() == "stream.example.com:9443");

  SUBCASE("the default port is left out of the Host header") {
    CHECK(parse_url("https://a.com:443")->host_header() == "a.com");
    CHECK(parse_url("http://a.com")->port == 80);
    CHECK(parse_url("ws://a.com:443")->host_header() == "a.com:443");
  }
  SUBCASE("the target may be empty or start with the query") {
    CHECK(parse_url("https://a.com")->target.empty());
    CHECK(parse_url("https://a.com?x=1")->target == "?x=1");
    CHECK(parse_url("https://a.com?x=1")->host == "a.com");
  }
  SUBCASE("an IPv6 address stands in brackets and keeps them in the Host header only") {
    const auto literal = parse_url("ws://[::1]:8080/x");
    REQUIRE(literal.has_value());
    CHECK(literal->host == "::1");
    CHECK(literal->port == 8080);
    CHECK(literal->host_header() == "[::1]:8080");
  }
}

TEST_CASE("a URL that cannot be meant is refused with the reason") {
  CHECK(refused("stream.example.com")
        == "the URL has no scheme; it starts with ws://, wss://, "
           "http:// or https://");
  CHECK(refused("ftp://a.com").find("scheme is ftp") != std::string::npos);
  CHECK(refused("wss://") == "the URL has no host");
  CHECK(refused("wss://:443/x") == "the URL has no host");
  CHECK(refused("wss://a.com:0") == "the URL's port is not a number between 1 and 65535");
  CHECK(refused("wss://a.com:65536") == "the URL's port is not a number between 1 and 65535");
  CHECK(refused("wss://a.com:") == "the URL's port is not a number between 1 and 65535");
  CHECK(refused("wss://a.com:80x") == "the URL's port is not a number between 1 and 65535");
  CHECK(refused("wss://key:secret@a.com").find("user information") != std::string::npos);
  CHECK(refused("wss://a.com/x#y").find("fragment") != std::string::npos);
  CHECK(refused("wss://a.com/a b").find("space") != std::string::npos);
  CHECK(refused("wss://a.com/\r\nX: y").find("control") != std::string::npos);
  CHECK(refused("wss://[::1").find("bracket") != std::string::npos);
  CHECK(refused("wss://[::1]x:80").find("between host and port") != std::string::npos);
  CHECK(refused("wss://a_b!.com").find("not allowed") != std::string::npos);
  SUBCASE("and the reason does not repeat a secret") {
    CHECK(refused("wss://key:secret@a.com").find("secret@") == std::string::npos);
  }
}

TEST_CASE("the proxy comes from the usual environment") {
  const std::string p = "http://proxy:3128";
  CHECK(proxy("wss://a.com", {}).empty());
  CHECK(proxy("wss://a.com", {{"HTTPS_PROXY", p}}) == p);
  CHECK(proxy("https://a.com", {{"https_proxy", p}}) == p);
  CHECK(proxy("ws://a.com", {{"HTTP_PROXY", p}}) == p);
  CHECK(proxy("http://a.com", {{"http_proxy", p}}) == p);
  CHECK(proxy("ws://a.com", {{"HTTPS_PROXY", p}}).empty());
  CHECK(proxy("wss://a.com", {{"HTTP_PROXY", p}}).empty());
  CHECK(proxy("wss://a.com", {{"ALL_PROXY", p}}) == p);
  CHECK(proxy("ws://a.com", {{"all_proxy", p}}) == p);
  SUBCASE("the scheme's own variable is before ALL_PROXY, lower case before upper") {
    CHECK(proxy("wss://a.com", {{"ALL_PROXY", "http://x:1"}, {"HTTPS_PROXY", p}}) == p);
    CHECK(proxy("wss://a.com", {{"HTTPS_PROXY", "http://x:1"}, {"https_proxy", p}}) == p);
  }
  SUBCASE("a bare host:port is an http proxy") {
    CHECK(proxy("wss://a.com", {{"HTTPS_PROXY", "proxy:3128"}}) == p);
  }
  SUBCASE("loopback is always direct") {
    for (const auto* url : {"ws://127.0.0.1:1", "ws://127.9.9.9", "ws://[::1]:1",
                            "https://localhost:1", "https://x.localhost"})
      CHECK(proxy(url, {{"ALL_PROXY", p}}).empty());
    CHECK(proxy("ws://127.example.com", {{"ALL_PROXY", p}}) == p);
  }
}

TEST_CASE("NO_PROXY names what is reached directly") {
  const auto direct = [](std::string_view url, const std::string& exempt) {
    return proxy(url, {{"ALL_PROXY", "http://p:1"}, {"NO_PROXY", exempt}}).empty();
  };
  CHECK(direct("wss://a.com", "*"));
  CHECK(direct("wss://a.com", "a.com"));
  CHECK(direct("wss://A.com", "a.COM"));
  CHECK(direct("wss://ws.a.com", "a.com"));
  CHECK(direct("wss://ws.a.com", ".a.com"));
  CHECK(direct("wss://a.com", ".a.com"));
  CHECK(direct("wss://ws.a.com", "*.a.com"));
  CHECK(direct("wss://a.com", "x.com, a.com"));
  CHECK(direct("wss://a.com:9443", "a.com:9443"));
  CHECK(direct("ws://10.0.0.7", "10.0.0.7"));
  CHECK(direct("ws://[fe80::1]", "[fe80::1]"));
  CHECK_FALSE(direct("wss://ba.com", "a.com"));
  CHECK_FALSE(direct("wss://a.com.evil.org", "a.com"));
  CHECK_FALSE(direct("wss://a.com", "a.com:9443"));
  CHECK_FALSE(direct("wss://a.com", ","));
  CHECK_FALSE(direct("wss://a.com", "."));
  CHECK_FALSE(direct("wss://a.com", ""));
}

} // namespace tandem::adapters::transport
