// Which edition has which route: S1-05, S1-20, S1-21, S1-67; /docs and /openapi.json.
#include "adapters/price_stream/routes.hpp"

#include "adapters/transport/json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::price_stream;

namespace {

/// "found SYMBOL", "404" or "405".
std::string answer(Edition edition, std::string_view method, std::string_view path) {
  const auto route = find_route(edition, method, path);
  if (route)
    return "found " + route->symbol;
  return route.error() == NoRoute::not_found ? "404" : "405";
}

} // namespace

TEST_CASE("S1-20, S1-21: the basic edition has its routes, the enhanced one all") {
  for (const auto* path : {"/", "/health", "/config", "/docs", "/openapi.json"})
    for (const auto edition : {Edition::basic, Edition::enhanced})
      CHECK_MESSAGE(answer(edition, "GET", path) == "found ", path);
  for (const auto* path : {"/stats", "/status", "/prices", "/symbols", "/history"}) {
    CHECK_MESSAGE(answer(Edition::basic, "GET", path) == "404", path);
    CHECK_MESSAGE(answer(Edition::enhanced, "GET", path) == "found ", path);
  }
  for (const auto* path : {"/historical/btcusdt", "/analysis/btcusdt"}) {
    CHECK(answer(Edition::basic, "GET", path) == "404");
    CHECK(answer(Edition::enhanced, "GET", path) == "found btcusdt");
  }
  CHECK(find_route(Edition::enhanced, "GET", "/analysis/BTC/alerts")->id == RouteId::alerts);
  CHECK(find_route(Edition::enhanced, "GET", "/analysis/BTC/volume")->id == RouteId::volume);
  CHECK(find_route(Edition::enhanced, "GET", "/analysis/BTC")->id == RouteId::analysis);
}

TEST_CASE("S1-05: subscriptions are posted") {
  for (const auto edition : {Edition::basic, Edition::enhanced}) {
    CHECK(answer(edition, "POST", "/symbol/ethusdt/subscribe") == "found ethusdt");
    CHECK(answer(edition, "POST", "/symbol/ethusdt/unsubscribe/") == "found ethusdt");
    CHECK(answer(edition, "GET", "/symbol/ethusdt/subscribe") == "405");
    CHECK(answer(edition, "POST", "/health") == "405");
    CHECK(answer(edition, "HEAD", "/health") == "found ");
  }
  CHECK(find_route(Edition::basic, "POST", "/symbol/a/subscribe")->id == RouteId::subscribe);
  CHECK(find_route(Edition::basic, "POST", "/symbol/a/unsubscribe")->id == RouteId::unsubscribe);
  CHECK(no_route_json(NoRoute::not_found) == R"({"detail":"Not Found"})");
  CHECK(no_route_json(NoRoute::wrong_method) == R"({"detail":"Method Not Allowed"})");
}

TEST_CASE("S1-67: what stands in a symbol's place reaches its check") {
  CHECK(answer(Edition::basic, "POST", "/symbol/../x/subscribe") == "found ../x");
  CHECK(answer(Edition::basic, "POST", "/symbol//subscribe") == "found ");
  CHECK(answer(Edition::basic, "POST", "/symbol/subscribe") == "404");
  for (const auto* path : {"", "/x", "/healthy", "/health/x", "/symbol/a", "/symbol/a/subscribe/x"})
    CHECK_MESSAGE(answer(Edition::enhanced, "GET", path) == "404", path);
}

TEST_CASE("the description lists what there is") {
  for (const auto edition : {Edition::basic, Edition::enhanced}) {
    const auto json = adapters::transport::parse_json(openapi_json(edition, "0.1.0"));
    REQUIRE(json);
    CHECK(*json->find("info")->find("version")->string() == "0.1.0");
    const auto& paths = *json->find("paths");
    const auto page = docs_html(edition, "0.1.0");
    std::size_t listed = 0;
    for (const auto& route : routes()) {
      if (edition == Edition::basic && !route.basic) {
        CHECK(paths.find(route.path) == nullptr);
        continue;
      }
      ++listed;
      REQUIRE_MESSAGE(paths.find(route.path) != nullptr, route.path);
      CHECK(page.find("<code>" + std::string{route.method} + " " + std::string{route.path} + "<")
            != std::string::npos);
    }
    CHECK(paths.object()->size() == listed);
    CHECK(page.find("http://") == std::string::npos);
    CHECK(page.find("<script") == std::string::npos);
  }
  const auto json = adapters::transport::parse_json(openapi_json(Edition::enhanced, "0.1.0"));
  const auto& history = *json->find("paths")->find("/history")->find("get")->find("parameters");
  CHECK(history.array()->size() == 6);
}
