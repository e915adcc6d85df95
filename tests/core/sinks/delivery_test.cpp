#include "core/sinks/delivery.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace std::chrono_literals;
using namespace tandem::core;
using namespace tandem::core::sinks;
using State = Delivery::State;
using Verdict = Delivery::Verdict;

namespace {

constexpr MonoTime start{std::chrono::seconds{1000}};

DeliveryLimits limits() {
  DeliveryLimits result;
  result.batch_records = 100;
  result.batch_bytes = 10'000;
  result.flush_interval = 1s;
  result.retry = {500ms, 30s, 60s};
  result.retries = 3;
  return result;
}

Delivery opened(DeliveryLimits with = limits()) {
  Delivery delivery{with};
  delivery.on_opening();
  delivery.on_opened(start);
  CHECK_FALSE(delivery.due({0, 0}, 0, start));
  return delivery;
}

const Outcome delivered{};
const Outcome failed{Outcome::Kind::failed, "connection refused"};
const Outcome rejected{Outcome::Kind::rejected, "partial write"};

} // namespace

TEST_CASE(
    "a delivery sends a full batch at once and a small one when its oldest record has waited") {
  auto delivery = opened();
  CHECK_FALSE(delivery.due({1, 50}, 0, start));
  CHECK_FALSE(delivery.due({99, 5'000}, 0, start + 999ms));
  REQUIRE(delivery.due({100, 5'000}, 0, start + 999ms));
  CHECK(delivery.due({99, 10'000}, 0, start + 999ms));
  const auto size = delivery.due({3, 150}, 0, start + 1s);
  REQUIRE(size);
  CHECK(size->records == 100);
  CHECK(size->bytes == 10'000);
}

TEST_CASE("a delivery spreads its flushes by the jitter") {
  auto with = limits();
  with.flush_jitter = 200ms;
  auto delivery = opened(with);
  CHECK_FALSE(delivery.due({1, 50}, 150, start)); // 150 mod 201
  CHECK_FALSE(delivery.due({1, 50}, 0, start + 1'149ms));
  CHECK(delivery.due({1, 50}, 0, start + 1'150ms));
}

TEST_CASE("a delivery has one batch under way at a time") {
  auto delivery = opened();
  REQUIRE(delivery.due({500, 50'000}, 0, start));
  delivery.on_sent(100);
  CHECK_FALSE(delivery.due({500, 50'000}, 0, start + 1h));
  CHECK(delivery.on_outcome(delivered, 0, start + 1h) == Verdict::acknowledge);
  CHECK(delivery.due({400, 40'000}, 0, start + 1h));
}

TEST_CASE("a destination that fails is opened anew after growing pauses, and what it was sent is "
          "sent again") {
  auto delivery = opened();
  auto now = start;
  std::vector<std::chrono::nanoseconds> pauses;
  for (int failure = 1; failure <= 9; ++failure) {
    REQUIRE(delivery.due({100, 100}, 0, now));
    delivery.on_sent(100);
    CHECK(delivery.on_outcome(failed, ~std::uint64_t{0}, now) == Verdict::repeat);
    CHECK(delivery.state() == State::away);
    CHECK(delivery.out_of_order() == (failure > 3));
    const auto failed_at = now;
    while (!delivery.wants_opening(now))
      now += 1ms;
    pauses.push_back(now - failed_at);
    delivery.on_opening();
    CHECK_FALSE(delivery.wants_opening(now + 1h));
    delivery.on_opened(now);
  }
  for (std::size_t n = 1; n < pauses.size(); ++n)
    CHECK(pauses[n] >= pauses[n - 1]);
  CHECK(pauses.front() >= 250ms);
  CHECK(pauses.back() <= 30s);
  CHECK(pauses.back() >= 15s);
}

TEST_CASE("a delivery that went well begins its pauses anew") {
  auto delivery = opened();
  for (int failure = 0; failure < 5; ++failure) {
    delivery.on_sent(1);
    CHECK(delivery.on_outcome(failed, 0, start) == Verdict::repeat);
    delivery.on_opened(start);
  }
  CHECK(delivery.out_of_order());
  delivery.on_sent(1);
  CHECK(delivery.on_outcome(delivered, 0, start) == Verdict::acknowledge);
  CHECK_FALSE(delivery.out_of_order());
}

TEST_CASE("a destination's own wish for a pause is kept") {
  auto delivery = opened();
  delivery.on_sent(1);
  CHECK(delivery.on_outcome({Outcome::Kind::failed, "429", 90s}, 0, start) == Verdict::repeat);
  CHECK_FALSE(delivery.wants_opening(start + 90s - 1ms));
  CHECK(delivery.wants_opening(start + 90s));
}

TEST_CASE("one record that a destination will never take is found by halving and set aside alone") {
  // Record 37 of 100 is the bad one.
  auto delivery = opened();
  std::size_t first = 0, sent_batches = 0;
  std::vector<std::size_t> aside;
  auto now = start;
  while (first < 100) {
    now += 1s;
    const auto size = delivery.due({100 - first, 100 - first}, 0, now);
    if (!size)
      continue;
    const auto count = std::min(size->records, 100 - first);
    delivery.on_sent(count);
    ++sent_batches;
    const bool holds_bad = first <= 37 && 37 < first + count;
    switch (delivery.on_outcome(holds_bad ? rejected : delivered, 0, now)) {
    case Verdict::acknowledge:
      first += count;
      break;
    case Verdict::set_aside:
      aside.push_back(first);
      CHECK(count == 1);
      ++first;
      break;
    case Verdict::repeat:
      break;
    }
  }
  CHECK(aside == std::vector<std::size_t>{37});
  CHECK(sent_batches < 50);
}

TEST_CASE("a queue that hands out less than was due is asked for the rest at once") {
  auto delivery = opened();
  CHECK_FALSE(delivery.due({60, 600}, 0, start));
  REQUIRE(delivery.due({60, 600}, 0, start + 1s));
  delivery.on_sent(35); // a segment ended
  CHECK(delivery.on_outcome(delivered, 0, start + 1s) == Verdict::acknowledge);
  REQUIRE(delivery.due({30, 300}, 0, start + 1s)); // five came meanwhile
  delivery.on_sent(30);
  CHECK(delivery.on_outcome(delivered, 0, start + 1s) == Verdict::acknowledge);
  CHECK_FALSE(delivery.due({5, 50}, 0, start + 1s)); // these may wait for company
  CHECK_FALSE(delivery.due({5, 50}, 0, start + 1'999ms));
  CHECK(delivery.due({5, 50}, 0, start + 2s));
}

TEST_CASE("what waited through an outage goes out as soon as the destination is open") {
  Delivery delivery{limits()};
  CHECK_FALSE(delivery.due({1, 10}, 0, start));
  CHECK(delivery.wants_opening(start));
  delivery.on_opening();
  delivery.on_refused_to_open(failed, 0, start);
  CHECK_FALSE(delivery.wants_opening(start));
  delivery.on_opened(start + 10ms);
  CHECK(delivery.due({1, 10}, 0, start + 1s));
}
