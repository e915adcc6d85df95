// The hot path does not allocate: every allocation of this program is counted, per thread.
#include "core/market/depth_slot.hpp"
#include "core/market/order_book.hpp"
#include "core/types/decimal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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
