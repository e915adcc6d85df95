// Random sequences of whatever can happen to a pair: what must hold after each step holds.
#include "core/strategy/pair_watch.hpp"
#include "tests/core/strategy/watched_pair.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;
using namespace std::chrono_literals;
using market::BookCondition;
using market::DepthView;

namespace {

constexpr auto age_max = 5'000ms; // what a pair has when nobody says otherwise

/// Whether a leg may be traded on, in the words of the rule.
bool trusted(const DepthView& leg, const DepthView& other, MonoTime now) {
  const bool lags = leg.venue_time != 0 && other.venue_time != 0
                    && other.condition == BookCondition::live
                    && leg.venue_time + age_max.count() < other.venue_time;
  return leg.condition == BookCondition::live && leg.instrument
         && leg.instrument->status == InstrumentStatus::trading && now <= leg.received_at + age_max
         && !lags;
}

/// What a listener knows from the events alone; refuses those that do not fit together.
struct Listener {
  bool open = false, paused = false;
  std::uint64_t number = 0, pauses = 0;
  Decimal best;

  void hear(const PairEvents& events, bool disabled_now) {
    if (events.ended) {
      CHECK(open);
      CHECK(events.ended->number == number);
      CHECK(events.ended->phase == OpportunityPhase::ended);
      CHECK(events.ended->lifetime >= 0ns);
      CHECK(events.ended->venue_lifetime >= 0ms);
      CHECK(events.ended->net_percent_best >= best);
      open = false;
    }
    if (events.pause) {
      CHECK(events.pause->paused != paused);
      CHECK(!open);
      paused = events.pause->paused;
      pauses += paused ? 1 : 0;
    }
    if (const auto& event = events.opened_or_changed) {
      CHECK(!paused);
      CHECK((event->phase == OpportunityPhase::changed) == open);
      CHECK(event->number == (open ? number : number + 1));
      CHECK(event->net_percent_best >= event->spread.net_percent());
      CHECK(event->spread.net_at_least(Decimal{1, 1}));
      best = event->net_percent_best;
      number = event->number;
      open = true;
    }
    if (disabled_now)
      paused = false; // a pause ends without an event when a person disables
  }
};

class Storm {
public:
  explicit Storm(std::uint64_t seed) : random_{seed} {}

  void step() {
    auto& leg = random_() % 2 == 0 ? pair_.leg1 : pair_.leg2;
    switch (random_() % 16) {
    case 0:
      WatchedPair::lose(leg, static_cast<BookCondition>(random_() % 6));
      break;
    case 1: // another chain of the same feed
      ++leg.generation;
      pair_.touch(leg);
      break;
    case 2: // the feed was restarted and counts anew
      leg.generation = 0;
      leg.version = 0;
      pair_.touch(leg);
      break;
    case 3:
      leg.instrument
          = instrument(pair_scale, {.status = static_cast<InstrumentStatus>(random_() % 4)});
      break;
    case 4:
      pair_.now += std::chrono::milliseconds{random_() % 6'000};
      break;
    case 5:
      switch_enabled();
      break;
    case 6:
      pair_.watch.set_executed(Decimal{static_cast<std::int64_t>(random_() % 1'010), 0});
      break;
    case 7:
      pair_.venue_time
          = random_() % 8 == 0 ? 0 : 1'000'000 + static_cast<UnixMillis>(random_() % 9'000);
      break;
    default:
      pair_.now += std::chrono::milliseconds{random_() % 20};
      quote(leg);
    }
    evaluate();
  }

  /// Fresh frames of both legs, whatever happened before.
  void calm() {
    pair_.venue_time = 2'000'000;
    for (int n = 0; n < 2; ++n) { // the first may by chance bear the version it was lost with
      pair_.now += 1ms;
      for (auto* leg : {&pair_.leg1, &pair_.leg2})
        quote(*leg);
      evaluate();
    }
  }

  [[nodiscard]] PairState state() const { return pair_.watch.state(); }

  [[nodiscard]] const Listener& listener() const { return listener_; }

private:
  void quote(DepthView& leg) {
    const auto bid = 99'900 + static_cast<std::int64_t>(random_() % 400);
    const auto ask = bid + 1 + static_cast<std::int64_t>(random_() % 50);
    pair_.quote(leg, format_scaled(bid, 3), format_scaled(ask, 3));
  }

  void switch_enabled() {
    const bool enabled = pair_.watch.state() == PairState::disabled;
    listener_.hear(pair_.watch.set_enabled(enabled, pair_.now), !enabled);
    CHECK((pair_.watch.state() == PairState::disabled) == !enabled);
  }

  void evaluate() {
    const auto before = state();
    const auto events = pair_.evaluate();
    const bool good
        = trusted(pair_.leg1, pair_.leg2, pair_.now) && trusted(pair_.leg2, pair_.leg1, pair_.now);
    listener_.hear(events, false);
    CHECK((state() == PairState::open) == listener_.open);
    CHECK((state() == PairState::paused) == listener_.paused);
    CHECK(pair_.watch.pause().has_value() == listener_.paused);
    CHECK(pair_.watch.counters().opportunities == listener_.number);
    CHECK(pair_.watch.counters().pauses == listener_.pauses);
    if (!good) {
      CHECK(!events.opened_or_changed);
      CHECK(state() != PairState::open);
      CHECK(state() != PairState::watching);
      CHECK(!pair_.watch.spreads()[0]);
      CHECK(!pair_.watch.spreads()[1]);
    }
    if (before == PairState::disabled) {
      CHECK(events.empty());
      CHECK(state() == PairState::disabled);
    }
    if (before == PairState::waiting) {
      CHECK(!events.pause);
      CHECK((state() == PairState::waiting) == !good);
    }
    CHECK(pair_.evaluate().empty()); // nothing new, nothing said
  }

  std::mt19937_64 random_;
  WatchedPair pair_;
  Listener listener_;
};

} // namespace

TEST_CASE("whatever happens to its books, a pair's events fit together and it comes back") {
  std::uint64_t opportunities = 0, pauses = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Storm storm{seed};
    for (int n = 0; n < 200; ++n) {
      storm.step();
      if (n % 50 == 49) {
        storm.calm();
        CHECK(storm.state() != PairState::paused);
        CHECK(storm.state() != PairState::waiting);
      }
    }
    opportunities += storm.listener().number;
    pauses += storm.listener().pauses;
  }
  CHECK(opportunities > 500); // both were seen often
  CHECK(pauses > 300);
}

TEST_CASE("a leg whose stamp lags the other's by more than the limit is stale, and not at it") {
  for (const bool first : {true, false}) {
    WatchedPair pair;
    auto& late = first ? pair.leg1 : pair.leg2;
    late.venue_time -= age_max.count();
    CHECK(pair.evaluate().empty());
    CHECK(pair.watch.state() == PairState::watching);
    late.venue_time -= 1;
    const auto events = pair.evaluate();
    REQUIRE(events.pause.has_value());
    CHECK(events.pause->why == PairPause{BookCondition::stale, first ? 1 : 2});
  }
  SUBCASE("a venue that stamps nothing lags nobody") {
    WatchedPair pair;
    pair.leg1.venue_time = 0;
    CHECK(pair.evaluate().empty());
    CHECK(pair.watch.state() == PairState::watching);
  }
}

TEST_CASE("stamps at the ends of 64 bits pause a pair and break nothing") {
  WatchedPair pair;
  pair.open("100.20");
  pair.leg1.venue_time = std::numeric_limits<UnixMillis>::min();
  pair.leg2.venue_time = std::numeric_limits<UnixMillis>::max();
  const auto events = pair.evaluate();
  REQUIRE(events.pause.has_value());
  CHECK(events.pause->why == PairPause{BookCondition::stale, 1});
  CHECK(events.ended.has_value());
}

TEST_CASE("a thousand identical looks say nothing twice") {
  WatchedPair pair;
  pair.quote(pair.leg2, "100.20", "101");
  int events = 0;
  for (int n = 0; n < 1'000; ++n) {
    events += pair.evaluate().empty() ? 0 : 1;
    pair.now += 1ms;
  }
  CHECK(events == 1); // opened
  pair.leg2.condition = BookCondition::gap;
  for (int n = 0; n < 1'000; ++n)
    events += pair.evaluate().empty() ? 0 : 1;
  CHECK(events == 2); // paused, and with it ended
}

TEST_CASE("a feed that was restarted counts its versions anew, and the pair resumes all the same") {
  WatchedPair pair;
  pair.leg2.version = 100'000;
  REQUIRE(pair.evaluate().empty());
  WatchedPair::lose(pair.leg2, BookCondition::down);
  REQUIRE(pair.evaluate().pause.has_value());
  pair.now += 300ms;
  pair.leg2.version = pair.leg2.generation = 0;
  WatchedPair::lose(pair.leg2, BookCondition::syncing);
  CHECK(pair.evaluate().empty());
  pair.now += 300ms;
  pair.touch(pair.leg2);
  const auto events = pair.evaluate();
  REQUIRE(events.pause.has_value());
  CHECK(!events.pause->paused);
  SUBCASE("also when its first view is already live") {
    WatchedPair::lose(pair.leg2, BookCondition::down);
    REQUIRE(pair.evaluate().pause.has_value());
    pair.now += 300ms;
    pair.leg2.version = 0;
    pair.touch(pair.leg2);
    CHECK(pair.evaluate().pause.has_value());
  }
}
