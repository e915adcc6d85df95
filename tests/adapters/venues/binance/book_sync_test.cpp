/// The two synchronisation pages of Binance, a case per sentence.
#include "adapters/venues/binance/book_sync.hpp"

#include "adapters/venues/book_replica.hpp"

#include <doctest/doctest.h>

#include <array>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::market::Side;

DepthFrame spot_event(std::uint64_t first, std::uint64_t last) {
  DepthFrame frame;
  frame.symbol = "BTCUSDT";
  frame.first_id = first;
  frame.last_id = last;
  return frame;
}

DepthFrame linear_event(std::uint64_t first, std::uint64_t last, std::uint64_t previous) {
  DepthFrame frame = spot_event(first, last);
  frame.previous_id = previous;
  return frame;
}

binance::BinanceBookSync synced(core::MarketType type, std::uint64_t snapshot) {
  binance::BinanceBookSync sync{type};
  REQUIRE(sync.on_snapshot(snapshot, std::nullopt) == SnapshotVerdict::use);
  return sync;
}

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

} // namespace

TEST_CASE("events are buffered until a snapshot is there") {
  for (const auto type : {spot, linear}) {
    binance::BinanceBookSync sync{type};
    CHECK(sync.on_frame(linear_event(1, 5, 0)) == SyncAction::buffer);
    CHECK_FALSE(sync.live());
  }
}

TEST_CASE("a snapshot older than the first buffered event is fetched again") {
  for (const auto type : {spot, linear}) {
    binance::BinanceBookSync sync{type};
    CHECK(sync.on_snapshot(99, 100) == SnapshotVerdict::too_old);
    CHECK(sync.on_frame(linear_event(101, 105, 100)) == SyncAction::buffer);
    CHECK(sync.on_snapshot(100, 100) == SnapshotVerdict::use);
    CHECK_FALSE(sync.live());
  }
}

TEST_CASE("spot drops events that end at or before the snapshot") {
  auto sync = synced(spot, 100);
  CHECK(sync.on_frame(spot_event(90, 99)) == SyncAction::ignore);
  CHECK(sync.on_frame(spot_event(91, 100)) == SyncAction::ignore);
  CHECK_FALSE(sync.live());
}

TEST_CASE("spot's first event must contain the id after the snapshot") {
  SUBCASE("straddling") {
    auto sync = synced(spot, 100);
    CHECK(sync.on_frame(spot_event(95, 105)) == SyncAction::apply);
    CHECK(sync.live());
  }
  SUBCASE("exactly the next") {
    auto sync = synced(spot, 100);
    CHECK(sync.on_frame(spot_event(101, 101)) == SyncAction::apply);
  }
  SUBCASE("one too far") {
    auto sync = synced(spot, 100);
    CHECK(sync.on_frame(spot_event(102, 110)) == SyncAction::resync);
    CHECK_FALSE(sync.live());
    CHECK(sync.on_frame(spot_event(111, 120)) == SyncAction::buffer);
  }
}

TEST_CASE("spot's live chain is U at most the book's id plus one") {
  auto sync = synced(spot, 100);
  REQUIRE(sync.on_frame(spot_event(101, 110)) == SyncAction::apply);
  SUBCASE("the next") {
    CHECK(sync.on_frame(spot_event(111, 111)) == SyncAction::apply);
  }
  SUBCASE("an overlap brings news") {
    CHECK(sync.on_frame(spot_event(105, 115)) == SyncAction::apply);
  }
  SUBCASE("a duplicate") {
    CHECK(sync.on_frame(spot_event(101, 110)) == SyncAction::ignore);
  }
  SUBCASE("an old one") {
    CHECK(sync.on_frame(spot_event(95, 100)) == SyncAction::ignore);
  }
  SUBCASE("a gap of one id") {
    CHECK(sync.on_frame(spot_event(112, 113)) == SyncAction::resync);
    CHECK_FALSE(sync.live());
  }
}

TEST_CASE("USD-M keeps the event that ends exactly at the snapshot") {
  auto sync = synced(linear, 100);
  CHECK(sync.on_frame(linear_event(90, 99, 80)) == SyncAction::ignore);
  CHECK(sync.on_frame(linear_event(95, 100, 92)) == SyncAction::apply);
  CHECK(sync.live());
}

TEST_CASE("USD-M's first event must straddle the snapshot or follow it by pu") {
  SUBCASE("straddling") {
    auto sync = synced(linear, 100);
    CHECK(sync.on_frame(linear_event(100, 120, 95)) == SyncAction::apply);
  }
  SUBCASE("linked by pu: quiet symbols have nothing that straddles") {
    auto sync = synced(linear, 100);
    CHECK(sync.on_frame(linear_event(150, 160, 100)) == SyncAction::apply);
  }
  SUBCASE("neither") {
    auto sync = synced(linear, 100);
    CHECK(sync.on_frame(linear_event(101, 120, 99)) == SyncAction::resync);
  }
}

TEST_CASE("USD-M's live chain is pu alone") {
  auto sync = synced(linear, 100);
  REQUIRE(sync.on_frame(linear_event(95, 110, 90)) == SyncAction::apply);
  SUBCASE("U far above pu plus one is normal") {
    CHECK(sync.on_frame(linear_event(500, 600, 110)) == SyncAction::apply);
  }
  SUBCASE("a fitting U with another pu is a gap") {
    CHECK(sync.on_frame(linear_event(111, 120, 109)) == SyncAction::resync);
    CHECK_FALSE(sync.live());
    CHECK(sync.on_frame(linear_event(121, 130, 120)) == SyncAction::buffer);
  }
  SUBCASE("a duplicate") {
    CHECK(sync.on_frame(linear_event(95, 110, 90)) == SyncAction::ignore);
  }
}

TEST_CASE("a restart forgets the chain") {
  auto sync = synced(spot, 100);
  REQUIRE(sync.on_frame(spot_event(101, 110)) == SyncAction::apply);
  sync.restart();
  CHECK_FALSE(sync.live());
  CHECK(sync.on_frame(spot_event(111, 112)) == SyncAction::buffer);
}
