/// One book as one connection sees it: buffering, bridging, numbers, bounds. The rules of sequence
/// are Binance's here.
#include "adapters/venues/book_replica.hpp"

#include "adapters/venues/binance/book_sync.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Errc;
using core::market::Level;
using core::market::Side;

using Texts = std::vector<LevelText>;

std::unique_ptr<BookSync> spot_rules() {
  return std::make_unique<binance::BinanceBookSync>(core::MarketType::spot);
}

DepthFrame event(std::uint64_t first, std::uint64_t last, const Texts& bids, const Texts& asks) {
  DepthFrame frame;
  frame.symbol = "BTCUSDT";
  frame.first_id = first;
  frame.last_id = last;
  frame.venue_time = static_cast<core::UnixMillis>(last * 10);
  frame.bids = bids;
  frame.asks = asks;
  return frame;
}

const Texts none;

/// Live at id 100: bid 1.00 x 2, ask 1.05 x 3.
BookReplica live_replica(ReplicaLimits limits = {}) {
  BookReplica replica{spot_rules(), {2, 1}, limits};
  REQUIRE(replica.on_snapshot({99, 0, {{"1.00", "2"}}, {{"1.05", "3"}}}).action
          == SyncAction::apply);
  REQUIRE(replica.on_frame(event(100, 100, none, none)).became_live);
  return replica;
}

std::vector<Level> side(const BookReplica& replica, Side which) {
  std::vector<Level> levels;
  for (std::size_t n = 0; n < replica.book().depth(which); ++n)
    levels.push_back(replica.book().level(which, n));
  return levels;
}

std::pair<std::vector<Level>, std::vector<Level>> contents(const BookReplica& replica) {
  return {side(replica, Side::bid), side(replica, Side::ask)};
}

} // namespace

TEST_CASE("a snapshot inside the buffer is bridged by the event that straddles it") {
  BookReplica replica{spot_rules(), {2, 1}};
  CHECK(replica.on_frame(event(90, 94, {{"0.90", "1"}}, none)).action == SyncAction::buffer);
  CHECK(replica.on_frame(event(95, 101, {{"1.01", "4"}}, none)).action == SyncAction::buffer);
  CHECK(replica.on_frame(event(102, 103, none, {{"1.05", "0"}, {"1.06", "5"}})).action
        == SyncAction::buffer);
  CHECK(replica.buffered() == 3);
  const auto step = replica.on_snapshot({98, 7, {{"1.00", "2"}}, {{"1.05", "3"}}});
  CHECK(step.action == SyncAction::apply);
  CHECK(step.became_live);
  CHECK(step.replayed == 2);
  CHECK(step.stats.deleted == 1);
  CHECK(replica.live());
  CHECK(replica.buffered() == 0);
  CHECK(replica.last_id() == 103);
  CHECK(replica.venue_time() == 1030);
  CHECK(side(replica, Side::bid) == std::vector<Level>{{{101}, {40}}, {{100}, {20}}});
  CHECK(side(replica, Side::ask) == std::vector<Level>{{{106}, {50}}});
}

TEST_CASE("a snapshot older than the buffer is fetched again and the buffer stays") {
  BookReplica replica{spot_rules(), {2, 1}};
  REQUIRE(replica.on_frame(event(100, 104, none, none)).action == SyncAction::buffer);
  const auto old = replica.on_snapshot({99, 0, {{"1.00", "2"}}, {{"1.05", "3"}}});
  CHECK(old.action == SyncAction::resync);
  CHECK_FALSE(old.error);
  CHECK(replica.buffered() == 1);
  CHECK(replica.book().depth(Side::bid) == 0);
  CHECK(replica.on_snapshot({102, 0, {{"1.00", "2"}}, {{"1.05", "3"}}}).became_live);
}

TEST_CASE("a snapshot newer than the whole buffer waits for its bridge") {
  BookReplica replica{spot_rules(), {2, 1}};
  REQUIRE(replica.on_frame(event(90, 94, none, none)).action == SyncAction::buffer);
  const auto step = replica.on_snapshot({200, 0, {{"1.00", "2"}}, {{"1.05", "3"}}});
  CHECK(step.action == SyncAction::apply);
  CHECK_FALSE(step.became_live);
  CHECK(step.replayed == 0);
  CHECK_FALSE(replica.live());
  CHECK(replica.on_frame(event(150, 199, none, none)).action == SyncAction::ignore);
  CHECK(replica.on_frame(event(200, 201, none, none)).became_live);
}

TEST_CASE("a gap within the buffer asks for another snapshot and keeps what follows it") {
  BookReplica replica{spot_rules(), {2, 1}};
  for (const auto& [first, last] : {std::pair{95, 101}, {105, 106}, {107, 108}})
    REQUIRE(replica
                .on_frame(event(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last),
                                none, none))
                .action
            == SyncAction::buffer);
  const auto step = replica.on_snapshot({98, 0, {{"1.00", "2"}}, {{"1.05", "3"}}});
  CHECK(step.action == SyncAction::resync);
  REQUIRE(step.error);
  CHECK(step.error->code == Errc::book_gap);
  CHECK_FALSE(replica.live());
  CHECK(replica.buffered() == 2);
  CHECK(replica.on_snapshot({106, 0, {{"1.00", "2"}}, {{"1.05", "3"}}}).became_live);
  CHECK(replica.last_id() == 108);
}

TEST_CASE("a full buffer starts again instead of growing") {
  SUBCASE("by frames") {
    BookReplica replica{spot_rules(), {2, 1}, {.buffered_frames_max = 3}};
    for (std::uint64_t id = 1; id <= 3; ++id)
      REQUIRE(replica.on_frame(event(id, id, none, none)).action == SyncAction::buffer);
    const auto generation = replica.generation();
    const auto step = replica.on_frame(event(4, 4, none, none));
    CHECK(step.action == SyncAction::resync);
    REQUIRE(step.error);
    CHECK(step.error->code == Errc::book_gap);
    CHECK(replica.generation() == generation + 1);
    CHECK(replica.buffered() == 1);
  }
  SUBCASE("by bytes") {
    BookReplica replica{spot_rules(), {2, 1}, {.buffered_bytes_max = 2'000}};
    std::size_t frames = 0;
    while (replica.on_frame(event(frames + 1, frames + 1, {{"1.00", "2"}}, none)).action
           == SyncAction::buffer)
      REQUIRE(++frames < 20);
    CHECK(frames > 0);
    CHECK(replica.buffered() == 1);
  }
}

TEST_CASE("an unwanted snapshot changes nothing") {
  auto replica = live_replica();
  const auto before = contents(replica);
  CHECK(replica.on_snapshot({500, 0, {{"9.00", "2"}}, {}}).action == SyncAction::ignore);
  CHECK(contents(replica) == before);
  CHECK(replica.live());
}

TEST_CASE("a gap is reported once; then frames wait for the next snapshot") {
  auto replica = live_replica();
  const auto before = contents(replica);
  const auto step = replica.on_frame(event(102, 103, {{"1.00", "0"}}, none));
  CHECK(step.action == SyncAction::resync);
  REQUIRE(step.error);
  CHECK(step.error->code == Errc::book_gap);
  CHECK(step.error->source == "BTCUSDT");
  CHECK(step.error->detail == "book at 100, next update 102..103");
  CHECK_FALSE(replica.live());
  CHECK(replica.on_frame(event(104, 104, {{"1.00", "0"}}, none)).action == SyncAction::buffer);
  CHECK(contents(replica) == before);
}

TEST_CASE("one bad number leaves the whole frame out and asks for resync") {
  struct Case {
    LevelText level;
    Errc code;
  };

  for (const auto& [level, code] :
       {Case{{"1.02", "-1"}, Errc::malformed}, Case{{"0", "1"}, Errc::malformed},
        Case{{"-1.02", "1"}, Errc::malformed}, Case{{"0.00", "0"}, Errc::malformed},
        Case{{"NaN", "1"}, Errc::malformed}, Case{{"1.02", ""}, Errc::malformed},
        Case{{"", "1"}, Errc::malformed}, Case{{"1,02", "1"}, Errc::malformed},
        Case{{"1.02", "1.2.3"}, Errc::malformed}, Case{{"1.", "1"}, Errc::malformed},
        Case{{"99999999999999999999", "1"}, Errc::out_of_range},
        Case{{"1.02", "0.0000000000000000001"}, Errc::out_of_range}}) {
    CAPTURE(level.price);
    CAPTURE(level.size);
    auto replica = live_replica();
    const auto before = contents(replica);
    const auto step = replica.on_frame(event(101, 101, {{"1.01", "7"}}, {{"1.05", "0"}, level}));
    CHECK(step.action == SyncAction::resync);
    REQUIRE(step.error);
    CHECK(step.error->code == code);
    CHECK(contents(replica) == before);
    CHECK(replica.last_id() == 100);
    CHECK_FALSE(replica.live());
    CHECK(replica.on_frame(event(102, 102, none, none)).action == SyncAction::buffer);
  }
}

TEST_CASE("a bad number in a snapshot leaves book and buffer as they were") {
  BookReplica replica{spot_rules(), {2, 1}};
  REQUIRE(replica.on_frame(event(100, 104, none, none)).action == SyncAction::buffer);
  const auto step = replica.on_snapshot({102, 0, {{"1.00", "2"}, {"0.99", "x"}}, {}});
  CHECK(step.action == SyncAction::resync);
  REQUIRE(step.error);
  CHECK(step.error->code == Errc::malformed);
  CHECK(replica.buffered() == 1);
  CHECK(replica.book().depth(Side::bid) == 0);
  CHECK(replica.on_snapshot({102, 0, {{"1.00", "2"}}, {}}).became_live);
}

TEST_CASE("every spelling of a number is one level, and every zero deletes") {
  auto replica = live_replica();
  REQUIRE(replica
              .on_frame(event(101, 101, {{"1", "5"}, {"1.0000", "6.0"}, {"0100e-2", "0.7e1"}},
                              {{"1.0500", "0.000"}}))
              .action
          == SyncAction::apply);
  CHECK(side(replica, Side::bid) == std::vector<Level>{{{100}, {70}}});
  CHECK(replica.book().depth(Side::ask) == 0);
  CHECK(replica.scale_refinements() == 0);
}

TEST_CASE("a level off the grid refines the book's scale and loses nothing") {
  auto replica = live_replica();
  const auto step = replica.on_frame(event(101, 101, {{"0.9995", "1.25"}}, none));
  CHECK(step.action == SyncAction::apply);
  CHECK(replica.scale_refinements() == 1);
  CHECK(replica.book().scale() == core::Scale{4, 2});
  CHECK(side(replica, Side::bid) == std::vector<Level>{{{10'000}, {200}}, {{9'995}, {125}}});
  CHECK(side(replica, Side::ask) == std::vector<Level>{{{10'500}, {300}}});
  SUBCASE("and a restart keeps the finer scale") {
    replica.restart();
    CHECK(replica.book().scale() == core::Scale{4, 2});
    CHECK(replica.book().depth(Side::bid) == 0);
    CHECK(replica.last_id() == 0);
  }
}

TEST_CASE("a scale the book cannot be brought to is refused, not overflowed") {
  BookReplica replica{spot_rules(), {0, 0}};
  REQUIRE(replica.on_snapshot({99, 0, {{"1000000000000", "1"}}, {}}).action == SyncAction::apply);
  const auto before = contents(replica);
  const auto step = replica.on_frame(event(100, 100, {{"0.0000000000001", "1"}}, none));
  CHECK(step.action == SyncAction::resync);
  REQUIRE(step.error);
  CHECK(step.error->code == Errc::out_of_range);
  CHECK(contents(replica) == before);
}

TEST_CASE("a book is cut to its worst levels only") {
  auto replica = live_replica({.levels_max = 3});
  REQUIRE(replica
              .on_frame(event(101, 101,
                              {{"0.99", "1"}, {"0.98", "1"}, {"0.97", "1"}, {"0.96", "1"}}, none))
              .action
          == SyncAction::apply);
  CHECK(side(replica, Side::bid) == std::vector<Level>{{{100}, {20}}, {{99}, {10}}, {{98}, {10}}});
}

TEST_CASE("crossing is shown, and is no reason to resync") {
  auto replica = live_replica();
  CHECK(replica.on_frame(event(101, 101, {{"1.06", "1"}}, none)).action == SyncAction::apply);
  CHECK(replica.book().crossed());
  CHECK(replica.live());
}

TEST_CASE("a restart begins a new generation with an empty book") {
  auto replica = live_replica();
  const auto generation = replica.generation();
  replica.restart();
  CHECK(replica.generation() == generation + 1);
  CHECK_FALSE(replica.live());
  CHECK(replica.book().depth(Side::bid) == 0);
  CHECK(replica.on_frame(event(101, 101, none, none)).action == SyncAction::buffer);
}

TEST_CASE("the book reads every decimal text as parse_scaled does") {
  const bool held = rc::check([] {
    const auto digits = rc::gen::container<std::string>(rc::gen::element('0', '1', '9', '5', '.'));
    const auto price = *digits;
    const auto size = *digits;
    BookReplica replica{spot_rules(), {3, 3}};
    const auto units = core::parse_scaled(price, 3);
    const auto quantity = core::parse_scaled(size, 3);
    const auto step = replica.on_snapshot({1, 0, {{price, size}}, {}});
    if (units && quantity && *units > 0) {
      RC_ASSERT(step.action == SyncAction::apply);
      RC_ASSERT(replica.book().depth(Side::bid) == (*quantity > 0 ? 1U : 0U));
      if (*quantity > 0)
        RC_ASSERT((replica.book().level(Side::bid, 0) == Level{{*units}, {*quantity}}));
    } else {
      RC_ASSERT(step.action == SyncAction::resync || replica.scale_refinements() == 1);
    }
  });
  CHECK(held);
}
