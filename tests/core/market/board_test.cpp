// What those that display read: the latest of everything, and who changed since they looked.
#include "core/market/board.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::market;

namespace {

InstrumentKey key(const char* symbol) {
  return {VenueId{"bybit"}, MarketType::spot, Symbol{symbol}};
}

std::shared_ptr<const DepthView> view_of(std::uint64_t version) {
  auto view = std::make_shared<DepthView>();
  view->version = version;
  return view;
}

std::vector<std::string> symbols(const std::vector<std::shared_ptr<BoardEntry>>& entries) {
  std::vector<std::string> result;
  for (const auto& entry : entries)
    result.push_back(entry->key().symbol.text());
  std::ranges::sort(result);
  return result;
}

using Symbols = std::vector<std::string>;

} // namespace

TEST_CASE("an entry is made once and found by everybody") {
  Board board;
  CHECK(board.find(key("A")) == nullptr);
  const auto entry = board.entry(key("A"));
  REQUIRE(entry != nullptr);
  CHECK(entry->key() == key("A"));
  CHECK(entry->view() == nullptr);
  CHECK(board.entry(key("A")) == entry);
  CHECK(board.find(key("A")) == entry);
  CHECK(board.entry({VenueId{"bybit"}, MarketType::linear, Symbol{"A"}}) != entry);
  CHECK(board.all().size() == 2);
}

TEST_CASE("a reader keeps the view it took while the next one is published") {
  Board board;
  const auto entry = board.entry(key("A"));
  entry->publish(view_of(1));
  const auto held = entry->view();
  entry->publish(view_of(2));
  CHECK(held->version == 1);
  CHECK(entry->view()->version == 2);
}

TEST_CASE("extras are changed and read as a whole") {
  Board board;
  const auto entry = board.entry(key("A"));
  CHECK(!entry->extras().ticker.has_value());
  entry->change_extras([](BoardEntry::Extras& extras) { extras.ticker = Ticker{}; });
  entry->change_extras([](BoardEntry::Extras& extras) { extras.ticker->last = Decimal{5, 1}; });
  CHECK(entry->extras().ticker->last == Decimal{5, 1});
  CHECK(!entry->extras().trade.has_value());
}

TEST_CASE("an entry is collected once, however often it was published") {
  Board board;
  const auto first = board.entry(key("A"));
  const auto second = board.entry(key("B"));
  CHECK(board.collect().empty());
  first->publish(view_of(1));
  first->publish(view_of(2));
  second->publish(view_of(1));
  CHECK(symbols(board.collect()) == Symbols{"A", "B"});
  CHECK(board.collect().empty());
  first->publish(view_of(3));
  CHECK(symbols(board.collect()) == Symbols{"A"});
}

TEST_CASE("the listener is woken by the first change after a look, and by no other") {
  Board board;
  int wakes = 0;
  board.on_dirty([&wakes] { ++wakes; });
  const auto first = board.entry(key("A"));
  const auto second = board.entry(key("B"));
  first->publish(view_of(1));
  CHECK(wakes == 1);
  first->publish(view_of(2));
  second->publish(view_of(1));
  CHECK(wakes == 1);
  CHECK(board.collect().size() == 2);
  CHECK(wakes == 1);
  second->publish(view_of(2));
  CHECK(wakes == 2);
  SUBCASE("and no more once it has gone") {
    CHECK(board.collect().size() == 1);
    board.on_dirty({});
    first->publish(view_of(3));
    CHECK(wakes == 2);
    CHECK(board.collect().size() == 1); // but what changed meanwhile is not lost
  }
}

TEST_CASE("what wakes the listener is already there to be read") {
  Board board;
  const auto entry = board.entry(key("A"));
  std::uint64_t there = 0;
  board.on_dirty([&] { there = entry->view() ? entry->view()->version : 0; });
  entry->publish(view_of(1));
  CHECK(there == 1);
  CHECK(board.collect().size() == 1);
  entry->publish(view_of(2));
  CHECK(there == 2);
}

TEST_CASE("two threads that ask for an entry first get the same one") {
  constexpr std::size_t count = 2'000;
  Board board;
  std::vector<std::shared_ptr<BoardEntry>> mine(count), theirs(count);
  std::atomic<std::size_t> turn{0};
  const auto ask = [&](std::vector<std::shared_ptr<BoardEntry>>& entries) {
    for (std::size_t n = 0; n < count; ++n) {
      const auto wanted = key(std::to_string(n).c_str());
      ++turn; // both begin the n-th together
      for (int looks = 0; turn.load() < 2 * (n + 1); ++looks)
        if (looks > 2'000)
          std::this_thread::yield();
      entries[n] = board.entry(wanted);
    }
  };
  std::thread other{[&] { ask(theirs); }};
  ask(mine);
  other.join();
  CHECK(mine == theirs);
  CHECK(board.all().size() == count);
}

TEST_CASE("an instrument table replaces the one before") {
  Board board;
  const MarketKey spot{VenueId{"bybit"}, MarketType::spot};
  CHECK(board.instruments(spot) == nullptr);
  Instrument instrument;
  instrument.key = key("A");
  board.set_instruments(spot, std::make_shared<const InstrumentTable>());
  const auto held = board.instruments(spot);
  board.set_instruments(spot, std::make_shared<const InstrumentTable>(std::vector{instrument}));
  CHECK(held->find(Symbol{"A"}) == nullptr);
  CHECK(board.instruments(spot)->find(Symbol{"A"}) != nullptr);
  CHECK(board.instruments({VenueId{"bybit"}, MarketType::linear}) == nullptr);
}

TEST_CASE("no wake-up is lost when a publication meets the reader's look") {
  // The reader looks only when woken, as an actor does; the writer goes on only when its view was
  // seen. A lost wake-up leaves both waiting, which `idle` then tells.
  constexpr std::uint64_t rounds = 20'000;
  Board board;
  std::atomic<int> wakes{0};
  board.on_dirty([&wakes] { ++wakes; });
  const auto entry = board.entry(key("A"));
  std::atomic<std::uint64_t> seen{0};
  std::atomic<bool> reading{false}, stop{false};
  std::thread reader{[&] {
    for (int looks = 0; !stop.load(); ++looks) {
      reading.store(true);
      if (wakes.load() > 0) {
        --wakes;
        for (const auto& changed : board.collect())
          seen.store(changed->view()->version);
      }
      reading.store(false);
      if (looks % 2'000 == 0)
        std::this_thread::yield();
    }
  }};
  bool lost = false;
  std::uint64_t version = 0;
  for (std::uint64_t round = 0; round < rounds && !lost; ++round) {
    entry->publish(view_of(++version));
    for (std::uint64_t pause = round % 61; pause > 0; --pause)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    entry->publish(view_of(++version)); // meets collect() now and then
    for (int looks = 1; seen.load() < version && !lost; ++looks) {
      // In this order: a reader that has begun after `reading` was seen false finds no wake-up.
      lost = !reading.load() && wakes.load() == 0 && !reading.load() && seen.load() < version;
      if (looks % 2'000 == 0)
        std::this_thread::yield();
    }
  }
  stop.store(true);
  reader.join();
  CHECK(!lost);
  CHECK(seen.load() == version);
}

TEST_CASE("many threads make, publish and collect at once") {
  Board board;
  constexpr int writers = 3, symbols_each = 20, rounds = 200;
  std::atomic<int> running{writers};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer)
    threads.emplace_back([&board, &running] {
      for (int round = 1; round <= rounds; ++round)
        for (int n = 0; n < symbols_each; ++n)
          board.entry(key(std::to_string(n).c_str()))
              ->publish(view_of(static_cast<std::uint64_t>(round)));
      --running;
    });
  std::size_t collected = 0;
  while (running.load() > 0)
    collected += board.collect().size();
  for (auto& thread : threads)
    thread.join();
  collected += board.collect().size();
  CHECK(board.all().size() == symbols_each);
  CHECK(collected >= symbols_each);
  CHECK(board.collect().empty());
  for (const auto& entry : board.all())
    CHECK(entry->view()->version == rounds);
}

TEST_CASE(
    "P12: whoever sets our clock, the venue's time stays known, and the difference shows at once") {
  using namespace std::chrono_literals;
  const MarketKey market{VenueId{"bybit"}, MarketType::spot};
  const MonoTime mono{5h};
  const WallTime wall{480'012h};
  int jumps = 0;
  Board board;
  CHECK_FALSE(board.clock_offset(market, mono, wall));
  board.set_clock_offset(market, 30ms, mono, wall);
  CHECK(board.clock_offset(market, mono + 1min, wall + 1min) == 30ms);
  for (const std::chrono::milliseconds jump :
       {1'000ms, -1'000ms, 3'600'000ms, -3'600'000ms, 12ms}) {
    const auto now = mono + 1min;
    const auto shown = wall + 1min + jump;
    const auto offset = board.clock_offset(market, now, shown);
    REQUIRE(offset);
    CHECK(*offset == 30ms - jump);
    // What a request is stamped with: the venue's time, whatever ours says.
    CHECK(shown + *offset == wall + 1min + 30ms);
    ++jumps;
  }
  MESSAGE("P12: " << jumps
                  << " jumps of our clock: signing right after 0 s, the gate's clock_offset rule "
                     "sees each above 500 ms at once");
}
