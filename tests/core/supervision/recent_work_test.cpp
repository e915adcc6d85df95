#include "core/supervision/recent_work.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using namespace tandem::core::supervision;
using tandem::core::MonoTime;

namespace {

constexpr MonoTime t0{100s};

} // namespace

TEST_CASE("the last pieces of work are kept, newest first") {
  RecentWork work;
  CHECK(work.latest().empty());
  work.begin("Tick", t0, 0);
  work.end(5us);
  work.begin("Trade", t0 + 1s, 2);
  const auto latest = work.latest();
  REQUIRE(latest.size() == 2);
  CHECK(std::string{latest[0].what} == "Trade");
  CHECK(latest[0].number == 2);
  CHECK(latest[0].waiting == 2);
  CHECK(latest[0].began == t0 + 1s);
  CHECK_FALSE(latest[0].took); // it goes on
  CHECK(std::string{latest[1].what} == "Tick");
  CHECK(latest[1].took == 5us);

  SUBCASE("and no more than there is room for") {
    for (std::uint64_t i = 0; i < 2 * RecentWork::kept; ++i)
      work.begin("Tick", t0 + 2s, i);
    const auto full = work.latest();
    REQUIRE(full.size() == RecentWork::kept);
    CHECK(full.front().number == 2 + 2 * RecentWork::kept);
    CHECK(full.back().number == 3 + RecentWork::kept);
  }
}

TEST_CASE("who has nothing waiting has no age, however long ago it worked") {
  RecentWork work;
  CHECK(oldest_waiting(work.latest(), t0).age == 0s);
  work.begin("Tick", t0, 0);
  CHECK(oldest_waiting(work.latest(), t0 + 60s).age == 0s);
}

TEST_CASE("the oldest that waits came after the last moment at which fewer had come") {
  RecentWork work;
  work.begin("A", t0, 0);      // one had come
  work.begin("B", t0 + 1s, 3); // five had: three wait behind this one
  CHECK(oldest_waiting(work.latest(), t0 + 2s).age == 2s);
  work.begin("C", t0 + 2s, 2); // still the same five
  CHECK(oldest_waiting(work.latest(), t0 + 3s).age == 3s);
  work.begin("D", t0 + 3s, 4); // the fifth came by second 1, three more since
  CHECK(oldest_waiting(work.latest(), t0 + 4s).age == 4s);
  work.begin("E", t0 + 4s, 3); // the next one came between seconds 2 and 3
  const auto age = oldest_waiting(work.latest(), t0 + 5s);
  CHECK(age.age == 3s);
  CHECK_FALSE(age.at_least);
}

TEST_CASE("an age beyond what is kept is told as at least that") {
  RecentWork work;
  for (std::size_t i = 0; i < 2 * RecentWork::kept; ++i)
    work.begin("Tick", t0 + std::chrono::seconds{i}, 1'000);
  const auto age = oldest_waiting(work.latest(), t0 + 64s);
  CHECK(age.age == 32s);
  CHECK(age.at_least);
}

TEST_CASE("a reader beside the worker sees whole pieces only") {
  RecentWork work;
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    for (std::int64_t i = 1; !stop; ++i) {
      work.begin("Tick", MonoTime{std::chrono::nanoseconds{i}}, static_cast<std::uint64_t>(i));
      work.end(std::chrono::nanoseconds{i});
    }
  }};
  std::size_t wrong = 0, seen = 0;
  while (seen < 20'000)
    for (const auto& piece : work.latest()) {
      ++seen;
      const auto n = static_cast<std::int64_t>(piece.number);
      wrong += piece.began != MonoTime{std::chrono::nanoseconds{n}} || piece.waiting != piece.number
               || (piece.took && piece.took->count() != n);
    }
  stop = true;
  writer.join();
  CHECK(wrong == 0);
}
