#include "tests/adapters/venues/bybit/support.hpp"

#include <rapidcheck.h>

using namespace tandem;
using namespace tandem::tests::bybit;
using enum SyncAction;

namespace {

DepthFrame frame(bool snapshot, std::uint64_t id, std::uint32_t levels = 50) {
  DepthFrame made;
  made.snapshot = snapshot;
  made.first_id = id;
  made.last_id = id;
  made.levels = levels;
  return made;
}

} // namespace

TEST_CASE("a Bybit book starts with the stream's own snapshot") {
  const auto sync = market(core::MarketType::linear)->make_book_sync();
  CHECK_FALSE(sync->live());
  CHECK(sync->on_frame(frame(false, 9)) == ignore);
  CHECK_FALSE(sync->live());
  CHECK(sync->on_frame(frame(true, 10)) == apply);
  CHECK(sync->live());
  SUBCASE("the next id is applied") {
    CHECK(sync->on_frame(frame(false, 11)) == apply);
  }
  SUBCASE("the same or an older id is ignored") {
    CHECK(sync->on_frame(frame(false, 10)) == ignore);
    CHECK(sync->on_frame(frame(false, 3)) == ignore);
    CHECK(sync->live());
    CHECK(sync->on_frame(frame(false, 11)) == apply);
  }
  SUBCASE("a jump breaks the chain until the next snapshot") {
    CHECK(sync->on_frame(frame(false, 12)) == resync);
    CHECK_FALSE(sync->live());
    CHECK(sync->on_frame(frame(false, 11)) == ignore);
    CHECK(sync->on_frame(frame(false, 13)) == ignore);
    CHECK(sync->on_frame(frame(true, 14)) == apply);
    CHECK(sync->live());
    CHECK(sync->on_frame(frame(false, 15)) == apply);
  }
  SUBCASE("a snapshot in the middle replaces, whatever its id") {
    CHECK(sync->on_frame(frame(true, 500)) == apply);
    CHECK(sync->on_frame(frame(false, 501)) == apply);
    CHECK(sync->on_frame(frame(true, 5)) == apply);
    CHECK(sync->on_frame(frame(false, 6)) == apply);
  }
  SUBCASE("u = 1 begins a new chain") {
    CHECK(sync->on_frame(frame(true, 1)) == apply);
    CHECK(sync->on_frame(frame(false, 2)) == apply);
  }
  SUBCASE("frames of another depth are no part of it") {
    CHECK(sync->on_frame(frame(false, 11, 200)) == ignore);
    CHECK(sync->on_frame(frame(true, 77, 200)) == ignore);
    CHECK(sync->on_frame(frame(false, 900, 1)) == ignore);
    CHECK(sync->live());
    CHECK(sync->on_frame(frame(false, 11)) == apply);
  }
  SUBCASE("a new subscription forgets everything") {
    sync->restart();
    CHECK_FALSE(sync->live());
    CHECK(sync->on_frame(frame(false, 11)) == ignore);
    CHECK(sync->on_frame(frame(true, 2)) == apply);
  }
}

TEST_CASE("a REST snapshot never enters a Bybit book") {
  const auto sync = market(core::MarketType::spot)->make_book_sync();
  CHECK(sync->on_snapshot(10, std::nullopt) == SnapshotVerdict::too_old);
  CHECK_FALSE(sync->live());
}

TEST_CASE("a Bybit book is live exactly while every id since its snapshot followed the last") {
  CHECK(rc::check([] {
    const auto sync = market(core::MarketType::linear)->make_book_sync();
    std::optional<std::uint64_t> last;
    const auto steps = *rc::gen::container<std::vector<std::pair<bool, int>>>(rc::gen::pair(
        rc::gen::weightedElement<bool>({{9, false}, {1, true}}), rc::gen::inRange(-2, 4)));
    std::uint64_t base = 100;
    for (const auto& [snapshot, offset] : steps) {
      const auto id = base + static_cast<std::uint64_t>(offset + 2);
      const auto action = sync->on_frame(frame(snapshot, id));
      if (snapshot) {
        RC_ASSERT(action == apply);
        last = id;
      } else if (!last || id <= *last) {
        RC_ASSERT(action == ignore);
      } else if (id == *last + 1) {
        RC_ASSERT(action == apply);
        last = id;
      } else {
        RC_ASSERT(action == resync);
        last.reset();
      }
      RC_ASSERT(sync->live() == last.has_value());
      base = last.value_or(base);
      base -= 2;
    }
  }));
}
