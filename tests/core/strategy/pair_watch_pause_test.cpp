// When a pair may not be trusted, what it says then, and what it takes to resume.
#include "core/strategy/pair_watch.hpp"
#include "tests/core/strategy/watched_pair.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;
using namespace std::chrono_literals;
using market::BookCondition;

namespace {

/// Watching, both books received just now.
WatchedPair watching() {
  WatchedPair pair;
  REQUIRE(pair.evaluate().empty());
  REQUIRE(pair.watch.state() == PairState::watching);
  return pair;
}

/// Paused at `now` because leg 2 has a gap.
WatchedPair paused() {
  auto pair = watching();
  pair.now += 100ms;
  WatchedPair::lose(pair.leg2, BookCondition::gap);
  REQUIRE(pair.evaluate().pause.has_value());
  REQUIRE(pair.watch.state() == PairState::paused);
  return pair;
}

bool resumed(const PairEvents& events) {
  return events.pause && !events.pause->paused;
}

} // namespace

TEST_CASE("a lost leg pauses the pair once, with the true reason and the leg") {
  for (const auto condition : {BookCondition::down, BookCondition::syncing, BookCondition::gap,
                               BookCondition::stale, BookCondition::crossed, BookCondition::clock})
    for (const int leg : {1, 2}) {
      CAPTURE(leg);
      CAPTURE(market::to_string(condition));
      auto pair = watching();
      WatchedPair::lose(leg == 1 ? pair.leg1 : pair.leg2, condition);
      const auto events = pair.evaluate();
      REQUIRE(events.pause.has_value());
      CHECK(events.pause->paused);
      CHECK(events.pause->why == PairPause{condition, leg});
      CHECK(!events.ended.has_value());
      CHECK(pair.watch.pause() == PairPause{condition, leg});
      CHECK(pair.watch.counters().pauses == 1);
      CHECK(!pair.watch.spreads()[0].has_value());
      pair.now += 1s;
      CHECK(pair.evaluate().empty());
      CHECK(pair.watch.counters().pauses == 1);
    }
}

TEST_CASE("a pause ends an open opportunity with its last good spread") {
  WatchedPair pair;
  pair.open("100.20");
  pair.now += 40ms;
  pair.quote(pair.leg2, "100.209", "101");
  CHECK(pair.evaluate().empty());
  pair.now += 60ms;
  WatchedPair::lose(pair.leg1, BookCondition::crossed);
  const auto events = pair.evaluate();
  REQUIRE(events.pause.has_value());
  REQUIRE(events.ended.has_value());
  CHECK(events.ended->phase == OpportunityPhase::ended);
  CHECK(events.ended->spread.net_percent() == decimal("0.209"));
  CHECK(events.ended->net_percent_best == decimal("0.209"));
  CHECK(events.ended->lifetime == 100ms);
  CHECK(events.ended->venue_time == pair.venue_time);
  CHECK(!events.opened_or_changed.has_value());
}

TEST_CASE("a book is too old when its age exceeds the limit and not at it") {
  auto pair = watching(); // book_age_max 5 s
  pair.now += 5s;
  CHECK(pair.evaluate().empty());
  pair.now += 1ns;
  const auto events = pair.evaluate();
  REQUIRE(events.pause.has_value());
  CHECK(events.pause->why == PairPause{BookCondition::stale, 1}); // both are; the first is named
}

TEST_CASE("an instrument that is unknown or not trading counts as down") {
  auto pair = watching();
  SUBCASE("unknown") {
    pair.leg2.instrument.reset();
  }
  SUBCASE("halted") {
    pair.leg2.instrument = instrument(pair_scale, {.status = InstrumentStatus::halted});
  }
  SUBCASE("not open yet") {
    pair.leg2.instrument = instrument(pair_scale, {.status = InstrumentStatus::pre_open});
  }
  const auto events = pair.evaluate();
  REQUIRE(events.pause.has_value());
  CHECK(events.pause->why == PairPause{BookCondition::down, 2});
}

TEST_CASE("a pair resumes on a view received after the loss") {
  auto pair = paused();
  pair.now += 50ms;
  pair.touch(pair.leg2);
  const auto events = pair.evaluate();
  REQUIRE(events.pause.has_value());
  CHECK(!events.pause->paused);
  CHECK(events.pause->why == PairPause{BookCondition::gap, 2});
  CHECK(pair.watch.state() == PairState::watching);
  CHECK(!pair.watch.pause().has_value());
  CHECK(pair.evaluate().empty());
}

TEST_CASE("a resume may open an opportunity in the same step") {
  auto pair = paused();
  pair.now += 50ms;
  pair.quote(pair.leg2, "100.20", "101");
  const auto events = pair.evaluate();
  CHECK(resumed(events));
  REQUIRE(events.opened_or_changed.has_value());
  CHECK(events.opened_or_changed->number == 1);
}

TEST_CASE("the same levels called live again do not resume a pair") {
  auto pair = paused();
  const auto old = pair.leg2.received_at;
  pair.now += 50ms;
  SUBCASE("a new version of what was received before the pause") {
    pair.touch(pair.leg2);
    pair.leg2.received_at = old;
  }
  SUBCASE("received in the very moment of the loss") {
    pair.touch(pair.leg2);
    pair.leg2.received_at = pair.now - 50ms;
  }
  SUBCASE("the version that was lost") {
    pair.leg2.condition = BookCondition::live;
    pair.leg2.received_at = pair.now;
  }
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.state() == PairState::paused);
  CHECK(!pair.watch.spreads()[0].has_value()); // no numbers from a book that nobody trusts yet
  pair.now += 1ms;
  pair.touch(pair.leg2);
  CHECK(resumed(pair.evaluate()));
}

TEST_CASE("a leg that was good all along is fresh, however quiet") {
  auto pair = paused();
  const auto last_frame = pair.leg1.received_at;
  pair.now = last_frame + 4'999ms; // leg 1 has not moved, leg 2 comes back
  pair.touch(pair.leg2);
  CHECK(resumed(pair.evaluate()));
}

TEST_CASE("a leg that grew old during the pause must be received again") {
  auto pair = paused();
  pair.now = pair.leg1.received_at + 5'001ms;
  pair.touch(pair.leg2);
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.pause() == PairPause{BookCondition::stale, 1}); // what holds it now
  pair.now += 1ms;
  pair.touch(pair.leg1);
  CHECK(resumed(pair.evaluate()));
}

TEST_CASE("a leg synchronised anew unseen needs a view received after the pause began") {
  auto pair = paused();
  pair.now += 50ms;
  pair.touch(pair.leg2);
  ++pair.leg1.generation;
  ++pair.leg1.version;
  CHECK(pair.evaluate().empty());
  pair.touch(pair.leg1);
  CHECK(resumed(pair.evaluate()));
}

TEST_CASE("a leg lost again during the pause needs a view from after that loss") {
  auto pair = paused();
  pair.now += 50ms;
  WatchedPair::lose(pair.leg1, BookCondition::down);
  CHECK(pair.evaluate().empty()); // leg 1 now too
  pair.now += 50ms;
  pair.touch(pair.leg2);
  CHECK(pair.evaluate().empty());
  const auto frame = pair.leg2.received_at;
  pair.now += 50ms;
  WatchedPair::lose(pair.leg2, BookCondition::gap);
  CHECK(pair.evaluate().empty());
  pair.now += 50ms;
  pair.touch(pair.leg1);
  pair.touch(pair.leg2);
  pair.leg2.received_at = frame; // after the pause began, but before the second loss
  CHECK(pair.evaluate().empty());
  pair.touch(pair.leg2);
  CHECK(resumed(pair.evaluate()));
}

TEST_CASE("both legs lost at once must both come back") {
  auto pair = watching();
  pair.now += 10ms;
  WatchedPair::lose(pair.leg1, BookCondition::down);
  WatchedPair::lose(pair.leg2, BookCondition::stale);
  CHECK(pair.evaluate().pause->why == PairPause{BookCondition::down, 1});
  CHECK(pair.watch.pause() == PairPause{BookCondition::down, 1}); // as long as both are lost
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.pause() == PairPause{BookCondition::down, 1});
  pair.now += 10ms;
  pair.touch(pair.leg1);
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.pause() == PairPause{BookCondition::stale, 2});
  pair.now += 10ms;
  pair.touch(pair.leg2);
  CHECK(resumed(pair.evaluate()));
}

TEST_CASE("the reason stays while the same leg goes through the stages of its recovery") {
  auto pair = paused();
  for (const auto stage : {BookCondition::down, BookCondition::syncing}) {
    pair.now += 10ms;
    WatchedPair::lose(pair.leg2, stage);
    CHECK(pair.evaluate().empty());
    CHECK(pair.watch.pause() == PairPause{BookCondition::gap, 2});
  }
}

TEST_CASE("a pause without an event of its own ends when a person disables the pair") {
  auto pair = paused();
  CHECK(pair.watch.set_enabled(false, pair.now).empty());
  CHECK(pair.watch.state() == PairState::disabled);
  CHECK(!pair.watch.pause().has_value());
  CHECK(pair.watch.set_enabled(true, pair.now).empty());
  CHECK(pair.evaluate().empty()); // still lost: waiting, not paused
  CHECK(pair.watch.state() == PairState::waiting);
}

TEST_CASE("a pair pauses and resumes as often as its books do") {
  auto pair = watching();
  for (std::uint64_t n = 1; n <= 20; ++n) {
    pair.now += 10ms;
    WatchedPair::lose(pair.leg1, BookCondition::gap);
    CHECK(pair.evaluate().pause->paused);
    pair.now += 10ms;
    pair.touch(pair.leg1);
    CHECK(resumed(pair.evaluate()));
    CHECK(pair.watch.counters().pauses == n);
  }
}
