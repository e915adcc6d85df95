// The slot between a book's writer and its reader: never a mix of two views, never a lost wake-up.
// The cases with threads are bounded by counts and say most under the thread sanitizer.
#include "core/market/depth_slot.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

using namespace tandem::core;
using namespace tandem::core::market;

namespace {

/// Every field of a view follows from its version, so that a reader recognises a mix of two.
void fill(DepthView& view, std::uint64_t version) {
  view.condition = version % 3 == 0 ? BookCondition::stale : BookCondition::live;
  view.version = version;
  view.venue_sequence = version * 7 + 1;
  view.generation = static_cast<std::uint32_t>(version % 1'000);
  view.venue_time = static_cast<UnixMillis>(version * 3);
  view.received_at = MonoTime{std::chrono::nanoseconds{version * 11}};
  view.bid_count = static_cast<std::uint8_t>(version % 5);
  view.ask_count = static_cast<std::uint8_t>(version % 7);
  const auto base = static_cast<std::int64_t>(version);
  for (std::int64_t n = 0; n < view.bid_count; ++n)
    view.bids_store[static_cast<std::size_t>(n)] = {Price{base * 13 - n}, Quantity{base + n + 1}};
  for (std::int64_t n = 0; n < view.ask_count; ++n)
    view.asks_store[static_cast<std::size_t>(n)] = {Price{base * 17 + n}, Quantity{base + n + 2}};
}

bool whole(const DepthView& view) {
  DepthView expected;
  fill(expected, view.version);
  return view.condition == expected.condition && view.venue_sequence == expected.venue_sequence
         && view.generation == expected.generation && view.venue_time == expected.venue_time
         && view.received_at == expected.received_at
         && std::ranges::equal(view.bids(), expected.bids())
         && std::ranges::equal(view.asks(), expected.asks());
}

void publish(DepthSlot& slot, std::uint64_t version) {
  fill(slot.write(), version);
  slot.publish();
}

void publish_version_only(DepthSlot& slot, std::uint64_t version) {
  slot.write().version = version;
  slot.publish();
}

std::shared_ptr<WakeFlag> silent() {
  return std::make_shared<WakeFlag>([] {});
}

/// Looks again at once for a while, so that two threads really meet, then lets others run.
struct Patience {
  int looks = 0;

  void wait() {
    if (++looks > 2'000)
      std::this_thread::yield();
  }
};

/// A mailbox as an actor's: wake-ups are counted, the consumer takes one at a time.
struct Mailbox {
  std::atomic<int> waiting{0};

  bool take() {
    int count = waiting.load();
    return count > 0 && waiting.compare_exchange_strong(count, count - 1);
  }
};

} // namespace

TEST_CASE(
    "a slot is down before its first publication and then shows the latest view once as new") {
  DepthSlot slot{20, Quantity{5}, silent()};
  CHECK(slot.levels() == 20);
  CHECK(slot.cover() == Quantity{5});
  bool changed = true;
  CHECK(slot.read(changed).condition == BookCondition::down);
  CHECK(!changed);
  publish(slot, 1);
  CHECK(slot.read(changed).version == 1);
  CHECK(changed);
  CHECK(slot.read(changed).version == 1);
  CHECK(!changed);
  publish(slot, 2);
  publish(slot, 3);
  CHECK(slot.read(changed).version == 3);
  CHECK(changed);
}

TEST_CASE("a view that is being read is never the one written to") {
  DepthSlot slot{20, {}, silent()};
  publish(slot, 1);
  bool changed = false;
  const auto& held = slot.read(changed);
  for (std::uint64_t version = 2; version < 20; ++version) {
    CHECK(&slot.write() != &held);
    publish(slot, version);
    CHECK(held.version == 1);
    CHECK(whole(held));
  }
}

TEST_CASE("a polling reader never sees a mix of two views and never an older one") {
  constexpr std::uint64_t versions = 50'000;
  DepthSlot slot{20, {}, silent()};
  std::thread writer{[&slot] {
    for (std::uint64_t version = 1; version <= versions; ++version)
      publish(slot, version);
  }};
  std::uint64_t last = 0;
  std::uint64_t views = 0;
  bool right = true;
  while (right && last < versions) {
    bool changed = false;
    const auto& view = slot.read(changed);
    if (!changed) {
      right = view.version == last;
      std::this_thread::yield();
      continue;
    }
    ++views;
    right = whole(view) && view.version > last;
    last = view.version;
  }
  writer.join();
  CHECK(right);
  CHECK(last == versions);
  CHECK(views > 0);
}

TEST_CASE("a consumer is woken once, however many slots change before it looks") {
  int wakes = 0;
  const auto flag = std::make_shared<WakeFlag>([&wakes] { ++wakes; });
  DepthSlot first{20, {}, flag};
  DepthSlot second{20, {}, flag};
  CHECK(flag->idle());
  publish(first, 1);
  publish(second, 1);
  publish(first, 2);
  CHECK(wakes == 1);
  CHECK(!flag->idle());
  flag->begin();
  CHECK(!flag->idle());
  flag->end();
  CHECK(flag->idle());
  publish(second, 2);
  CHECK(wakes == 2);
}

TEST_CASE("a change while the consumer works wakes it again, and the flag is not idle between") {
  int wakes = 0;
  const auto flag = std::make_shared<WakeFlag>([&wakes] { ++wakes; });
  flag->arm();
  flag->begin();
  flag->arm();
  flag->arm();
  CHECK(wakes == 2);
  flag->end();
  CHECK(!flag->idle());
  flag->begin();
  flag->end();
  CHECK(flag->idle());
  CHECK(wakes == 2);
}

TEST_CASE("no wake-up is lost when a publication meets the consumer's begin") {
  constexpr std::uint64_t rounds = 30'000;
  Mailbox mailbox;
  const auto flag = std::make_shared<WakeFlag>([&mailbox] { ++mailbox.waiting; });
  DepthSlot slot{20, {}, flag};
  std::atomic<std::uint64_t> seen{0};
  std::atomic<bool> stop{false};
  std::thread consumer{[&] {
    Patience patience;
    while (!stop.load()) {
      if (!mailbox.take()) {
        patience.wait();
        continue;
      }
      bool changed = false;
      (void)slot.read(changed); // has the slot at hand: the read below is as early as it can be
      flag->begin();
      seen.store(slot.read(changed).version);
      flag->end();
    }
  }};
  const auto lost_now = [&](std::uint64_t version) {
    // Idle with an empty mailbox: nobody will ever look again.
    return flag->idle() && mailbox.waiting.load() == 0 && seen.load() < version;
  };
  bool lost = false;
  std::uint64_t version = 0;
  for (std::uint64_t round = 0; round < rounds && !lost; ++round) {
    publish_version_only(slot, ++version); // wakes
    for (std::uint64_t pause = round % 97; pause > 0; --pause)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    publish_version_only(slot, ++version); // meets begin() now and then
    Patience patience;
    while (seen.load() < version && !lost) {
      lost = lost_now(version);
      patience.wait();
    }
  }
  stop.store(true);
  consumer.join();
  CHECK(!lost);
  CHECK(seen.load() == version);
}

TEST_CASE("a writer that waits for idle loses no view") {
  constexpr std::uint64_t versions = 2'000;
  Mailbox mailbox;
  const auto flag = std::make_shared<WakeFlag>([&mailbox] { ++mailbox.waiting; });
  DepthSlot slot{20, {}, flag};
  std::thread writer{[&] {
    for (std::uint64_t version = 1; version <= versions; ++version) {
      while (!flag->idle())
        std::this_thread::yield();
      publish(slot, version);
    }
  }};
  std::uint64_t last = 0;
  bool right = true;
  while (last < versions && right) {
    if (!mailbox.take()) {
      std::this_thread::yield();
      continue;
    }
    flag->begin();
    bool changed = false;
    const auto& view = slot.read(changed);
    right = changed && whole(view) && view.version == last + 1;
    last = view.version;
    flag->end();
  }
  while (right && !flag->idle())
    std::this_thread::yield();
  writer.join();
  CHECK(right);
  CHECK(last == versions);
}

TEST_CASE("nobody waits for a consumer that has ended") {
  tandem::core::market::WakeFlag flag{[] {}};
  flag.arm();
  CHECK_FALSE(flag.idle());
  flag.retire();
  CHECK(flag.idle());
  flag.arm(); // a writer that does not know yet
  CHECK(flag.idle());
}
