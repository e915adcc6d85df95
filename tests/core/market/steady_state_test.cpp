// The hot path does not allocate: every allocation of this program is counted, per thread.
#include "core/market/depth_slot.hpp"
#include "core/market/order_book.hpp"
#include "core/strategy/pair_watch.hpp"
#include "core/types/decimal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <vector>

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc{};
}

} // namespace

// Not inlined: g++ 12 would see malloc meet delete and call it a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return counted(size);
}

// Replaced too, or the deletes below would meet memory of the library's own (std::stable_sort asks
// this way).
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

[[gnu::noinline]] void* operator new[](std::size_t size) {
  return counted(size);
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace tandem::core;
using namespace tandem::core::market;

TEST_CASE("parsing a number does not allocate") {
  const auto before = allocations;
  const auto plain = parse_scaled("61737.63000000", 8);
  const auto exponent = parse_scaled("6173763000e-5", 8);
  const auto decimal = Decimal::parse("61737.63000000");
  CHECK(allocations == before);
  CHECK(plain.value() == exponent.value());
  CHECK(decimal.value() == Decimal(6'173'763, 2));
  CHECK(std::make_unique<int>(1) != nullptr);
  CHECK(allocations > before); // the counter counts
}

TEST_CASE("a book in its steady state does not allocate, publication included") {
  std::mt19937_64 random{3};
  OrderBook book{{2, 5}, 1'024};
  const auto instrument = std::make_shared<const Instrument>();
  DepthSlot slot{50, {}, std::make_shared<WakeFlag>([] {})};
  std::vector<Level> frame;
  frame.reserve(64);
  std::size_t after_warm_up = 0;
  for (int n = 0; n < 1'500; ++n) {
    frame.clear();
    for (int level = 0; level < 40; ++level)
      frame.push_back({Price{static_cast<std::int64_t>(random() % 1'000)},
                       Quantity{static_cast<std::int64_t>(random() % 4)}});
    if (n % 4 != 0) // one in four stays unsorted
      std::ranges::sort(frame, {}, &Level::price);
    for (const auto side : {Side::bid, Side::ask})
      (void)book.apply(side, frame);
    auto& view = slot.write();
    view.instrument = instrument;
    copy_levels(book, slot.levels(), slot.cover(), view);
    slot.publish();
    bool changed = false;
    (void)slot.read(changed);
    if (n == 100)
      after_warm_up = allocations;
  }
  CHECK(allocations == after_warm_up);
  CHECK(book.depth(Side::bid) > 500);
}

TEST_CASE("judging a pair does not allocate, whatever it says") {
  using namespace strategy;
  const auto instrument = [] {
    Instrument rules;
    rules.status = InstrumentStatus::trading;
    rules.scale = {2, 3};
    rules.notional_min = Decimal{5, 0};
    return std::make_shared<const Instrument>(rules);
  }();
  PairConfig config;
  config.id = PairId{"a_pair_with_a_name_too_long_for_a_short_string"};
  config.threshold = Decimal{1, 1};
  config.quantity = Decimal{15, 1};
  config.total_amount = Decimal{20'000'000, 0};
  PairWatch watch{config, {.leg1 = {10'000}, .leg2 = {-10'000}}};
  std::array<DepthView, 2> legs;
  std::mt19937_64 random{9};
  MonoTime now{std::chrono::hours{1}};
  std::size_t spoken = 0, before = 0;
  for (int n = 0; n < 3'000; ++n) {
    auto& leg = legs[random() % 2];
    leg.condition = random() % 32 == 0 ? BookCondition::gap : BookCondition::live;
    leg.scale = {2, 3};
    leg.instrument = instrument;
    leg.received_at = now += std::chrono::milliseconds{1};
    ++leg.version;
    leg.bid_count = leg.ask_count = 10;
    const auto best = static_cast<std::int64_t>(10'000 + random() % 100);
    for (std::size_t level = 0; level < 10; ++level) {
      const auto apart = static_cast<std::int64_t>(level);
      leg.bids_store[level] = {Price{best - apart}, Quantity{200}};
      leg.asks_store[level] = {Price{best + 1 + apart}, Quantity{200}};
    }
    const auto events = watch.evaluate(legs[0], legs[1], now);
    spoken += events.empty() ? 0 : 1;
    if (n == 0)
      before = allocations;
  }
  CHECK(allocations == before);
  CHECK(spoken > 100);
  CHECK(watch.counters().pauses > 10);
  CHECK(watch.counters().opportunities > 10);
}
