#include "core/supervision/work_watch.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

using namespace tandem::core::supervision;
using namespace std::chrono_literals;
using tandem::core::MonoTime;

/// One worker, looked at every 200 ms.
struct Watched {
  /// The words that are told within this time.
  std::string pass(std::chrono::milliseconds span) {
    std::string told;
    for (auto passed = 0ms; passed < span; passed += 200ms) {
      now += 200ms;
      for (const auto& one : watch.look(workers, now)) {
        constexpr const char* words[]{"hangs", "works_again", "drowns", "caught_up"};
        told += (told.empty() ? "" : " ") + one.name + ":"
                + words[static_cast<std::size_t>(one.kind)];
        lasted = one.lasted;
      }
    }
    return told;
  }

  MonoTime now{1h};
  std::vector<WorkSeen> workers{{"a", {}, 0}};
  WorkWatch watch;
  std::chrono::nanoseconds lasted{0};
};

} // namespace

TEST_CASE("a piece of work that takes longer than a second hangs, and that is told once") {
  Watched one;
  one.workers[0].working_since = one.now;
  CHECK(one.pass(1s).empty());
  CHECK(one.pass(200ms) == "a:hangs");
  CHECK(one.lasted == 1'200ms);
  CHECK(one.pass(60s).empty());
}

TEST_CASE("the end of a hang is told once, with what it took") {
  Watched one;
  one.workers[0].working_since = one.now;
  CHECK(one.pass(3s) == "a:hangs");
  one.workers[0].working_since.reset();
  CHECK(one.pass(200ms) == "a:works_again");
  CHECK(one.lasted == 3'200ms);
  CHECK(one.pass(5s).empty());
}

TEST_CASE("the next piece of work is judged anew") {
  Watched one;
  one.workers[0].working_since = one.now;
  CHECK(one.pass(2s) == "a:hangs");
  one.workers[0].working_since = one.now; // never seen idle in between
  CHECK(one.pass(1s) == "a:works_again");
  CHECK(one.pass(200ms) == "a:hangs");
}

TEST_CASE("many short pieces of work never hang") {
  Watched one;
  for (int n = 0; n < 50; ++n) {
    one.workers[0].working_since = one.now;
    CHECK(one.pass(800ms).empty());
  }
}

TEST_CASE("each worker for itself, and who left is forgotten") {
  Watched two;
  two.workers.push_back({"b", two.now, 0});
  CHECK(two.pass(2s) == "b:hangs");
  two.workers[0].working_since = two.now;
  CHECK(two.pass(2s) == "a:hangs");
  const auto gone = two.workers.back();
  two.workers.pop_back();
  CHECK(two.pass(1s).empty());
  two.workers.push_back(gone); // another one under the same name
  CHECK(two.pass(1s) == "b:hangs");
}

TEST_CASE("who stood still itself judges nobody by it") {
  Watched one;
  CHECK(one.pass(1s).empty());
  one.workers[0].working_since = one.now;
  one.now += 12s; // stopped, all of us
  CHECK(one.pass(200ms).empty());
  SUBCASE("it works on") {
    one.workers[0].working_since.reset();
    CHECK(one.pass(2s).empty());
  }
  SUBCASE("it hangs indeed") {
    CHECK(one.pass(200ms) == "a:hangs");
  }
}

TEST_CASE("too many that wait are told once, and their end at half of it") {
  Watched one;
  one.workers[0].waiting = 100'000;
  CHECK(one.pass(1s).empty());
  one.workers[0].waiting = 100'001;
  CHECK(one.pass(1s) == "a:drowns");
  for (const std::uint64_t waiting : {99'000U, 200'000U, 50'001U}) {
    one.workers[0].waiting = waiting;
    CHECK(one.pass(1s).empty());
  }
  one.workers[0].waiting = 50'000;
  CHECK(one.pass(1s) == "a:caught_up");
}
