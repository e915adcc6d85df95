// How long a fetched price may be shown.
#include "core/market/price_ttl.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>

using namespace tandem::core;
using namespace tandem::core::market;
using namespace std::chrono_literals;

namespace {

std::chrono::milliseconds fetch_after_hit(PriceTtl& ttl, std::int64_t best_bid) {
  ttl.on_hit();
  return ttl.on_fetch(Price{best_bid});
}

/// As long-lived as it gets, at a best bid of 10,000.
PriceTtl calm() {
  PriceTtl ttl;
  while (fetch_after_hit(ttl, 10'000) != PriceTtl::longest) {
  }
  return ttl;
}

} // namespace

TEST_CASE("a price begins at half a second and doubles to two while it is calm and asked for") {
  PriceTtl ttl;
  CHECK(fetch_after_hit(ttl, 10'000) == 500ms); // nothing is known of it yet
  CHECK(fetch_after_hit(ttl, 10'000) == 1'000ms);
  CHECK(fetch_after_hit(ttl, 10'000) == 2'000ms);
  CHECK(fetch_after_hit(ttl, 10'000) == 2'000ms);
}

TEST_CASE("a move of more than five parts in ten thousand makes it short again, either way") {
  for (const std::int64_t sign : {1, -1}) {
    auto ttl = calm();
    CHECK(fetch_after_hit(ttl, 10'000 + sign * 5) == 2'000ms); // at the limit
    ttl = calm();
    CHECK(fetch_after_hit(ttl, 10'000 + sign * 6) == 500ms);
    CHECK(fetch_after_hit(ttl, 10'000 + sign * 6) == 1'000ms);
  }
}

TEST_CASE("a price nobody asked for twice lives shorter") {
  auto ttl = calm();
  CHECK(ttl.on_fetch(Price{10'000}) == 1'000ms);
  CHECK(ttl.on_fetch(Price{10'000}) == 500ms);
  CHECK(ttl.on_fetch(Price{10'000}) == 500ms);
  CHECK(fetch_after_hit(ttl, 10'000) == 1'000ms);
}

TEST_CASE("a side that empties or fills counts as a move") {
  auto ttl = calm();
  CHECK(fetch_after_hit(ttl, 0) == 500ms);
  CHECK(fetch_after_hit(ttl, 0) == 500ms);
  CHECK(fetch_after_hit(ttl, 10'000) == 500ms);
  CHECK(fetch_after_hit(ttl, 10'000) == 1'000ms);
}

TEST_CASE("whatever the prices, the time to live stays within its bounds") {
  std::mt19937_64 random{5};
  PriceTtl ttl;
  for (int n = 0; n < 10'000; ++n) {
    if (random() % 2 == 0)
      ttl.on_hit();
    const auto price = random() % 3 == 0 ? static_cast<std::int64_t>(random() >> 1U)
                                         : std::numeric_limits<std::int64_t>::max();
    const auto lives = ttl.on_fetch(Price{price});
    REQUIRE(lives >= 500ms);
    REQUIRE(lives <= 2'000ms);
  }
}
