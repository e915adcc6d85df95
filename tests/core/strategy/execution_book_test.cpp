#include "core/strategy/execution_book.hpp"

#include <doctest/doctest.h>

using namespace tandem::core;
using namespace tandem::core::strategy;

namespace {

ExecutionState execution(const char* pair, std::uint64_t number, ExecutionPhase phase,
                         std::int64_t notional, std::int64_t profit) {
  ExecutionState made;
  made.pair = PairId{pair};
  made.number = number;
  made.phase = phase;
  made.notional = Money{notional};
  made.profit = Money{profit};
  return made;
}

const PairId a{"a"};
const PairId b{"b"};

} // namespace

TEST_CASE("an execution counts with its latest figures, however often it moved") {
  ExecutionBook book;
  CHECK(book.next_number(a) == 1);
  book.put(execution("a", 1, ExecutionPhase::legs, 0, 0));
  book.put(execution("a", 1, ExecutionPhase::completing, 100, -5));
  book.put(execution("a", 1, ExecutionPhase::done, 100, 7));
  book.put(execution("a", 2, ExecutionPhase::legs, 30, 0));
  CHECK(book.notional(a) == Money{130});
  CHECK(book.profit(a) == Money{7});
  CHECK(book.next_number(a) == 3);
  CHECK(book.latest(10, a).size() == 2);
  CHECK(book.latest(1, a)[0].number == 2);
}

TEST_CASE("a late fill changes an ended execution in its place") {
  ExecutionBook book;
  book.put(execution("a", 1, ExecutionPhase::done, 100, 7));
  book.put(execution("b", 1, ExecutionPhase::done, 10, 1));
  book.put(execution("a", 1, ExecutionPhase::stranded, 120, 3));
  const auto latest = book.latest(10, {});
  REQUIRE(latest.size() == 2);
  CHECK(latest[0].pair == b);
  CHECK(latest[1].phase == ExecutionPhase::stranded);
  CHECK(book.profit({}) == Money{4});
}

TEST_CASE("what a run before left is gone on with") {
  ExecutionBook book;
  book.restore({{a, execution("a", 3, ExecutionPhase::unwinding, 40, -1)}},
               {{a, {Money{150}, Money{9}}}}, {execution("a", 2, ExecutionPhase::done, 50, 2)});
  CHECK(book.notional(a) == Money{190});
  CHECK(book.profit(a) == Money{8});
  CHECK(book.latest(10, a).size() == 2);
  CHECK(book.last(a)->phase == ExecutionPhase::unwinding);
  CHECK(book.next_number(a) == 4);
}

TEST_CASE("ended executions are kept up to a bound; sums forget nothing") {
  ExecutionBook book{2};
  for (std::uint64_t n = 1; n <= 5; ++n)
    book.put(execution("a", n, ExecutionPhase::done, 10, 1));
  CHECK(book.latest(10, {}).size() == 2);
  CHECK(book.notional(a) == Money{50});
}
