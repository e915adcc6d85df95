#include "adapters/transport/cors.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tandem::adapters::transport;

namespace {

const std::vector<std::string> nobody{};
const std::vector<std::string> all{"*"};
const std::vector<std::string> one{"https://a.example"};

/// The value of Access-Control-Allow-Origin; "" where there is none.
std::string allowed(const std::vector<std::string>& origins, const std::string& origin) {
  ServerResponse response;
  add_cors(origins, origin, response);
  for (const auto& [name, value] : response.headers)
    if (name == "Access-Control-Allow-Origin")
      return value;
  return {};
}

} // namespace

TEST_CASE("a page of another origin may read what its listener's list says") {
  CHECK(allowed(all, "https://b.example") == "*");
  CHECK(allowed(one, "https://a.example") == "https://a.example");
  CHECK(allowed(one, "https://b.example").empty());
  CHECK(allowed(one, "https://a.example.evil").empty());
  CHECK(allowed(nobody, "https://a.example").empty());
  CHECK(allowed(all, "").empty()); // no page asks
}

TEST_CASE("a WebSocket is opened by programs, by pages of the list and by the listener's own") {
  CHECK(may_connect(nobody, "", "127.0.0.1:8000"));
  CHECK(may_connect(nobody, "http://127.0.0.1:8000", "127.0.0.1:8000"));
  CHECK(may_connect(one, "https://a.example", "127.0.0.1:8000"));
  CHECK(may_connect(all, "https://b.example", "127.0.0.1:8000"));
  CHECK_FALSE(may_connect(one, "https://b.example", "127.0.0.1:8000"));
  CHECK_FALSE(may_connect(nobody, "127.0.0.1:8000", "127.0.0.1:8000")); // no origin has no scheme
  CHECK_FALSE(may_connect(nobody, "http://127.0.0.1:80", "127.0.0.1:8000"));
}
