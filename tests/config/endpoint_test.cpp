// The shape of addresses and URLs, and which of them stay on this machine.
#include "config/endpoint.hpp"

#include <doctest/doctest.h>

using namespace tandem::config;

TEST_CASE("a listener's address is a host and a port") {
  const auto address = parse_address("127.0.0.1:7000").value();
  CHECK(address.host == "127.0.0.1");
  CHECK(address.port == 7000);
  CHECK(parse_address("LocalHost:0").value().host == "localhost");
  CHECK(parse_address("[::1]:7000").value().host == "::1");
  for (const auto* text :
       {"", ":", "127.0.0.1", ":7000", "127.0.0.1:", "127.0.0.1:65536", "h:x", "h:-1", "h:1 ",
        "::1:7000", "[::1]", "[::1", "[]:1", "[::1]7000", "a b:1", "http://h:1", "h:1/x"})
    CHECK_FALSE(parse_address(text).has_value());
}

TEST_CASE("an endpoint is a scheme, a host and perhaps a port and a path") {
  const auto endpoint = parse_endpoint("wss://Stream.Example:9443/base", "ws", "wss").value();
  CHECK(endpoint.host == "stream.example");
  CHECK(endpoint.port == 9443);
  CHECK(endpoint.encrypted);
  CHECK_FALSE(parse_endpoint("http://h", "http", "https").value().encrypted);
  CHECK(parse_endpoint("https://[::1]:1/", "http", "https").value().host == "::1");
  for (const auto* text :
       {"", "h", "://h", "http://", "http:///x", "ws://h", "HTTP://h", "http://h:0",
        "http://h:", "http://h:99999", "http://h?x", "http://h#x", "http://u:p@h", "http://u@h",
        "http://h h", "http://h\t", "http:/h", "http://h:1:2"})
    CHECK_FALSE(parse_endpoint(text, "http", "https").has_value());
}

TEST_CASE("an origin ends after its port") {
  CHECK(check_origin("http://localhost:5173"));
  CHECK(check_origin("https://desk.example"));
  for (const auto* text : {"", "localhost", "https://desk.example/", "ws://h", "https://*.example"})
    CHECK_FALSE(check_origin(text));
}

TEST_CASE("loopback is what cannot leave this machine") {
  for (const auto* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost"})
    CHECK(is_loopback(host));
  for (const auto* host :
       {"0.0.0.0", "::", "127.0.0.1.example", "127.0.0", "127.0.0.256", "127.0.0.1.2", "127...",
        "10.0.0.1", "localhost.example", "", "api.binance.com"})
    CHECK_FALSE(is_loopback(host));
}
