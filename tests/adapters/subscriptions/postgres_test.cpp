// What needs no server; the rest is tests/integration/price_stream_servers_test.py.
#include "adapters/subscriptions/store.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using adapters::subscriptions::open_postgres;

TEST_CASE("S1-17: a database that does not answer is told in time, without the password") {
  const auto store = open_postgres("postgresql://person:canary@127.0.0.1:1/prices");
  REQUIRE_FALSE(store);
  CHECK(store.error().code == core::Errc::connection_lost);
  CHECK(store.error().source == "postgresql 127.0.0.1:1/prices");
  CHECK(core::describe(store.error()).find("canary") == std::string::npos);
}

TEST_CASE("S1-66: no error about a URL of PostgreSQL shows what may be its password") {
  // What is no URL, or would have a part of the password taken for a host, a port or a name.
  for (const auto* url :
       {"postgresql://person:canary%zz@h/d", "postgresql://person:can@canary@h/d",
        "postgresql://person:canary/x@h/d", "postgresql://person:a:canary/x@h/d",
        "postgresql://h/d?password=canary&nothing=1", "postgresql://[canary/d", "canary"}) {
    const auto store = open_postgres(url);
    REQUIRE_MESSAGE(!store, url);
    CHECK_MESSAGE(core::describe(store.error()).find("canary") == std::string::npos, url);
    CHECK_MESSAGE(store.error().code == core::Errc::configuration, url);
  }
}
