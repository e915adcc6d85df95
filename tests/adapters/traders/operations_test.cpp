/// The table that every interface is made from: no row stands in another's way, and what the paths
/// say is found again.
#include "adapters/traders/operations.hpp"

#include <doctest/doctest.h>

#include <set>

namespace {

using namespace tandem::adapters::traders;
using tandem::core::security::Role;

TEST_CASE("every operation is found by its own method and path") {
  for (const auto& row : operations()) {
    CAPTURE(row.name);
    const auto names = path_parameters(row.path);
    std::vector<std::string> values;
    for (std::size_t n = 0; n < names.size(); ++n)
      values.push_back("value" + std::to_string(n));
    const auto found = match(row.method, path_of(row, values));
    REQUIRE(found.route.operation != nullptr);
    CHECK(found.route.operation->id == row.id);
    CHECK(found.route.values == values);
  }
}

TEST_CASE("names are unique and in the form of a method") {
  std::set<std::string_view> names;
  for (const auto& row : operations()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
          == std::string_view::npos);
    CHECK((row.name.front() >= 'A' && row.name.front() <= 'Z'));
    CHECK_FALSE(row.summary.empty());
    CHECK(row.summary.back() == '.');
  }
}

TEST_CASE("what changes the engine is never GET and never for a viewer") {
  for (const auto& row : operations()) {
    CAPTURE(row.name);
    if (row.effect == Effect::commands) {
      CHECK(row.method != "GET");
      CHECK(row.role != Role::viewer);
    }
    if (row.method == "GET")
      CHECK_FALSE(row.has_body);
    if (row.urgent)
      CHECK(row.role == Role::risk);
  }
}

TEST_CASE("a path with another method names those that it takes") {
  const auto pairs = match("PATCH", "/api/monitoring/pairs/btc");
  CHECK(pairs.route.operation == nullptr);
  CHECK(pairs.allow == "GET, PUT, DELETE");
  CHECK(match("POST", "/docs").allow == "GET");
  CHECK(match("DELETE", "/api/settings/api").allow == "GET, PUT, POST");
}

TEST_CASE("HEAD is answered as GET") {
  REQUIRE(match("HEAD", "/health").route.operation != nullptr);
  CHECK(match("HEAD", "/health").route.operation->id == OperationId::get_health);
}

TEST_CASE("what is no route matches nothing") {
  for (const auto* path :
       {"", "health", "//health", "/health/", "/api", "/api/monitoring/pairs/",
        "/api/monitoring/pairs/a/b", "/api/monitoring/pairs/a/state/", "/api/prices/binance",
        "/api/prices//BTCUSDT", "/API/monitoring/pairs", "/api/monitoring/{id}"}) {
    CAPTURE(path);
    const auto found = match("GET", path);
    CHECK(found.route.operation == nullptr);
    CHECK(found.allow.empty());
  }
}

TEST_CASE("earlier clients may send exchanges' keys by POST") {
  REQUIRE(match("POST", "/api/settings/api").route.operation != nullptr);
  CHECK(match("POST", "/api/settings/api").route.operation->id == OperationId::put_api_keys);
}

TEST_CASE("values are encoded where a path would be misread") {
  const std::vector<std::string> values{"a/b c"};
  CHECK(path_of(operation(OperationId::get_pair), values) == "/api/monitoring/pairs/a%2Fb%20c");
}

} // namespace
