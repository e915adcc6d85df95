#include "adapters/transport/server_request.hpp"

#include "adapters/transport/http_server.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tandem::adapters::transport {

namespace {

std::string path(std::string_view target) {
  const auto parsed = parse_target(target);
  return parsed ? parsed->path : "refused";
}

} // namespace

TEST_CASE("a request's path is decoded once and its query is left raw") {
  const auto target = parse_target("/api/prices/binance/BTC%2FUSDT?a=%20b&c=1");
  REQUIRE(target.has_value());
  CHECK(target->path == "/api/prices/binance/BTC/USDT");
  CHECK(target->query == "a=%20b&c=1");
  CHECK(path("/") == "/");
  CHECK(path("/a+b") == "/a+b");
  CHECK(path("/%25%32%65") == "/%2e");
  CHECK(path("/%E4%BB%B7") == "/价");
  CHECK(path("http://host:80/x?y") == "/x");
  CHECK(path("http://host") == "/");
  CHECK(path("http://host?q") == "/");
  CHECK(path("/a/...") == "/a/...");
  CHECK(path("/a..b") == "/a..b");
}

TEST_CASE("a path that no honest client sends is refused") {
  for (const auto* target : {"",
                             "*",
                             "host:80",
                             "x/y",
                             "/%",
                             "/%2",
                             "/%zz",
                             "/%0",
                             "/a%00b",
                             "/%0d%0a",
                             "/%7f",
                             "/..",
                             "/../etc/passwd",
                             "/a/../b",
                             "/a/%2e%2e/b",
                             "/a/.%2e",
                             "/a%2f..%2fb",
                             "/a\\..\\b",
                             "/a%5c..",
                             "/%c0%af",
                             "/%ff",
                             "/%ed%a0%80",
                             "/%f4%90%80%80",
                             "/%e4%bb",
                             "/a#b",
                             "/a?b=%x",
                             "http://host/../x"}) {
    CAPTURE(target);
    CHECK(path(target) == "refused");
  }
}

TEST_CASE("query values are found by their decoded name") {
  ServerRequest request;
  request.query = "symbol=BTC%2FUSDT&limit=5&empty=&flag&a%20b=c+d&limit=6";
  CHECK(query_value(request, "symbol") == "BTC/USDT");
  CHECK(query_value(request, "limit") == "5");
  CHECK(query_value(request, "empty") == "");
  CHECK(query_value(request, "flag") == "");
  CHECK(query_value(request, "a b") == "c d");
  CHECK(query_value(request, "absent") == std::nullopt);
  CHECK(query_value(ServerRequest{}, "x") == std::nullopt);
}

TEST_CASE("header gives the first value or nothing") {
  ServerRequest request;
  request.headers = {{"accept", "a"}, {"accept", "b"}};
  CHECK(header(request, "accept") == "a");
  CHECK(header(request, "cookie").empty());
}

} // namespace tandem::adapters::transport
