/// Lock-out and rate: who is listened to, how often, and that what is remembered is bounded.
#include "core/security/lock_out.hpp"
#include "core/security/rate_limit.hpp"
#include "tests/core/security/support.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem::core::security;
using namespace tandem::core::security::testing;

TEST_CASE("the tenth wrong key locks its address out, for as long as stated, and no other") {
  LockOut lock_out{{.failures_max = 10, .window = 600s, .lock = 900s}};
  for (int i = 0; i < 9; ++i) {
    CHECK_FALSE(lock_out.failed("10.0.0.1", start));
    CHECK_FALSE(lock_out.locked("10.0.0.1", start));
  }
  CHECK(lock_out.failed("10.0.0.1", start));
  CHECK(lock_out.locked("10.0.0.1", start) == 900s);
  CHECK(lock_out.locked("10.0.0.1", start + 899s + 500ms) == 1s);
  CHECK_FALSE(lock_out.locked("10.0.0.2", start));
  SUBCASE("afterwards it has ten tries again") {
    CHECK_FALSE(lock_out.locked("10.0.0.1", start + 900s));
    for (int i = 0; i < 9; ++i)
      CHECK_FALSE(lock_out.failed("10.0.0.1", start + 900s));
    CHECK(lock_out.failed("10.0.0.1", start + 900s));
  }
}

TEST_CASE("wrong keys that lie further apart than the window do not add up") {
  LockOut lock_out{{.failures_max = 2, .window = 600s, .lock = 900s}};
  CHECK_FALSE(lock_out.failed("a", start));
  CHECK_FALSE(lock_out.failed("a", start + 600s));
  CHECK(lock_out.failed("a", start + 1'199s));
}

TEST_CASE("more addresses than are remembered do not grow the lock-out") {
  LockOut lock_out{{.failures_max = 1, .window = 600s, .lock = 900s, .addresses_max = 3}};
  for (int i = 0; i < 4; ++i)
    lock_out.failed(std::to_string(i), start);
  CHECK_FALSE(lock_out.locked("0", start));
  for (int i = 1; i < 4; ++i)
    CHECK(lock_out.locked(std::to_string(i), start));
}

TEST_CASE("a bucket lets a second's worth through at once and then the rate") {
  RateLimit limit;
  for (int i = 0; i < 5; ++i)
    CHECK(limit.pass("k", 5, start));
  CHECK_FALSE(limit.pass("k", 5, start));
  CHECK(limit.pass("other", 5, start));
  CHECK_FALSE(limit.pass("k", 5, start + 199ms));
  CHECK(limit.pass("k", 5, start + 200ms));
  CHECK_FALSE(limit.pass("k", 5, start + 399ms));
  SUBCASE("a long silence saves up no more than a bucket") {
    for (int i = 0; i < 5; ++i)
      CHECK(limit.pass("k", 5, start + 24h * 365));
    CHECK_FALSE(limit.pass("k", 5, start + 24h * 365));
  }
}

TEST_CASE("over ten seconds at any pace a client gets its rate and one bucket, never more") {
  for (const std::uint32_t rate : {1U, 7U, 2'000U, 1'000'000U}) {
    RateLimit limit;
    std::uint64_t passed = 0;
    constexpr int asked = 25'000;
    for (int i = 0; i < asked; ++i)
      passed += limit.pass("k", rate, start + i * 10s / asked) ? 1 : 0;
    CAPTURE(rate);
    CHECK(passed <= 11ULL * rate);
    CHECK(passed >= std::min<std::uint64_t>(asked, 10ULL * rate));
  }
}

TEST_CASE("the least recently used name is the one that is forgotten") {
  Recent<int> recent{2};
  recent.get("a", 1);
  recent.get("b", 2);
  CHECK(*recent.find("a") == 1);
  recent.get("c", 3);
  CHECK(recent.size() == 2);
  CHECK(recent.find("b") == nullptr);
  CHECK(*recent.find("a") == 1);
  CHECK(recent.get("a", 9) == 1);
}
