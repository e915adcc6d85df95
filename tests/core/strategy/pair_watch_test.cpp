// When a pair has an opportunity, what is said about it and how often.
#include "core/strategy/pair_watch.hpp"

#include "tests/core/strategy/watched_pair.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;
using namespace std::chrono_literals;

TEST_CASE("a pair waits until both books have been live") {
  WatchedPair pair;
  pair.leg1.condition = market::BookCondition::syncing;
  CHECK(pair.watch.state() == PairState::waiting);
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.state() == PairState::waiting);
  CHECK(!pair.watch.pause().has_value());
  pair.quote(pair.leg1, "99", "100");
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.state() == PairState::watching);
  CHECK(pair.watch.counters().pauses == 0);
}

TEST_CASE("an opportunity opens at the threshold and not just below it") {
  WatchedPair pair; // threshold 0.1 %
  pair.quote(pair.leg2, "100.09", "101");
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.state() == PairState::watching);
  pair.quote(pair.leg2, "100.10", "101");
  const auto events = pair.evaluate();
  REQUIRE(events.opened_or_changed.has_value());
  CHECK(!events.ended.has_value());
  CHECK(!events.pause.has_value());
  CHECK(pair.watch.state() == PairState::open);
  const auto& opened = *events.opened_or_changed;
  CHECK(opened.number == 1);
  CHECK(opened.phase == OpportunityPhase::opened);
  CHECK(opened.spread.direction == Direction::leg1_buy_leg2_sell);
  CHECK(opened.spread.net_percent() == decimal("0.1"));
  CHECK(opened.net_percent_best == decimal("0.1"));
  CHECK(opened.decided_at == pair.now);
  CHECK(opened.lifetime == 0ns);
}

TEST_CASE("fees count against the threshold") {
  WatchedPair pair{{}, {.leg1 = {50'000}, .leg2 = {50'000}}}; // 0.05 % each
  pair.quote(pair.leg2, "100.20", "101");
  CHECK(pair.evaluate().empty()); // 0.2 - 0.05 - 0.0501 < 0.1
  pair.quote(pair.leg2, "100.21", "101");
  CHECK(pair.evaluate().opened_or_changed.has_value());
}

TEST_CASE(
    "the account's own rates replace the configured ones, but not those of the pair's options") {
  PairConfig config;
  SUBCASE("where the pair names none") {
    WatchedPair pair{config, {.leg1 = {200'000}, .leg2 = {200'000}}};
    pair.quote(pair.leg2, "100.21", "101");
    CHECK(pair.evaluate().empty());
    pair.watch.set_account_fees(FeeRate{50'000}, std::nullopt); // the venue told of one leg so far
    CHECK(pair.evaluate().empty());
    pair.watch.set_account_fees(FeeRate{50'000}, FeeRate{50'000});
    CHECK(pair.evaluate().opened_or_changed.has_value());
    pair.watch.set_account_fees(FeeRate{50'000}, FeeRate{60'000}); // demoted
    CHECK(pair.evaluate().ended.has_value());
  }
  SUBCASE("where it does") {
    config.options.leg1_fee = FeeRate{50'000};
    config.options.leg2_fee = FeeRate{50'000};
    WatchedPair pair{config, {.leg1 = {50'000}, .leg2 = {50'000}}};
    pair.watch.set_account_fees(FeeRate{200'000}, FeeRate{200'000});
    pair.quote(pair.leg2, "100.21", "101");
    CHECK(pair.evaluate().opened_or_changed.has_value());
  }
}

TEST_CASE("an open opportunity is published again only when it changed materially") {
  WatchedPair pair; // change_percent 0.01
  pair.open("100.20");
  SUBCASE("not on a tick that brings nothing") {
    for (int n = 0; n < 100; ++n) {
      pair.now += 1ms;
      pair.touch(pair.leg1);
      CHECK(pair.evaluate().empty());
    }
    CHECK(pair.watch.counters().opportunities == 1);
    CHECK(pair.watch.counters().evaluations >= 100);
  }
  SUBCASE("at the change and not just below it, up and down") {
    pair.quote(pair.leg2, "100.209", "101");
    CHECK(pair.evaluate().empty());
    pair.quote(pair.leg2, "100.191", "101");
    CHECK(pair.evaluate().empty());
    pair.quote(pair.leg2, "100.21", "101");
    const auto up = pair.evaluate();
    REQUIRE(up.opened_or_changed.has_value());
    CHECK(up.opened_or_changed->phase == OpportunityPhase::changed);
    CHECK(up.opened_or_changed->number == 1);
    CHECK(up.opened_or_changed->spread.net_percent() == decimal("0.21"));
    CHECK(up.opened_or_changed->lifetime == 0ns);
    pair.quote(pair.leg2, "100.201", "101");
    CHECK(pair.evaluate().empty()); // against the last published, not against the first
    pair.quote(pair.leg2, "100.200", "101");
    CHECK(pair.evaluate().opened_or_changed->spread.net_percent() == decimal("0.2"));
  }
  SUBCASE("slow steps add up") {
    int published = 0;
    for (const char* bid : {"100.204", "100.208", "100.212", "100.216", "100.220", "100.224"}) {
      pair.quote(pair.leg2, bid, "101");
      published += pair.evaluate().opened_or_changed ? 1 : 0;
    }
    CHECK(published == 2); // 0.212 and 0.224
  }
  SUBCASE("when the executable quantity changed") {
    pair.watch.set_executed(decimal("950")); // of 1000: half a unit is left
    const auto events = pair.evaluate();
    REQUIRE(events.opened_or_changed.has_value());
    CHECK(events.opened_or_changed->phase == OpportunityPhase::changed);
    CHECK(events.opened_or_changed->spread.quantity == Quantity{500});
    CHECK(pair.evaluate().empty());
  }
}

TEST_CASE("a book that is refined while an opportunity is open changes nothing by itself") {
  WatchedPair pair;
  pair.open("100.20");
  pair.leg2 = book({3, 5}, {{"100.20", "5"}}, {{"101", "5"}});
  pair.leg2.version = 50;
  pair.leg2.received_at = pair.now;
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.state() == PairState::open);
}

TEST_CASE(
    "an open opportunity has its number until it ends, and numbers of before are not given again") {
  WatchedPair pair;
  CHECK(pair.watch.opportunity() == 0);
  pair.watch.number_after(41); // an execution of before a restart took it
  pair.open("100.20");
  CHECK(pair.watch.opportunity() == 42);
  CHECK(pair.watch.counters().opportunities == 1);
  pair.quote(pair.leg2, "100", "101");
  CHECK(pair.evaluate().ended->number == 42);
  CHECK(pair.watch.opportunity() == 0);
  pair.watch.number_after(7);
  pair.open("100.20");
  CHECK(pair.watch.opportunity() == 43);
}

TEST_CASE("an opportunity ends below the threshold, with its life time by both clocks") {
  WatchedPair pair; // stamps begin at 1'000'000
  pair.open("100.20");
  pair.now += 5ms;
  pair.venue_time += 4;
  pair.quote(pair.leg2, "100.209", "101"); // the best, not published
  CHECK(pair.evaluate().empty());
  pair.now += 250ms;
  pair.venue_time += 200;
  pair.quote(pair.leg2, "100.05", "101");
  const auto events = pair.evaluate();
  REQUIRE(events.ended.has_value());
  CHECK(!events.opened_or_changed.has_value());
  CHECK(events.ended->number == 1);
  CHECK(events.ended->phase == OpportunityPhase::ended);
  CHECK(events.ended->spread.net_percent() == decimal("0.05"));
  CHECK(events.ended->net_percent_best == decimal("0.209"));
  CHECK(events.ended->lifetime == 255ms);
  CHECK(events.ended->venue_lifetime == 204ms);
  CHECK(events.ended->venue_time == 1'000'204);
  CHECK(events.ended->decided_at == pair.now);
  CHECK(pair.watch.state() == PairState::watching);
  CHECK(pair.evaluate().empty());
  SUBCASE("and the next one has the next number") {
    pair.quote(pair.leg2, "100.20", "101");
    const auto again = pair.evaluate();
    REQUIRE(again.opened_or_changed.has_value());
    CHECK(again.opened_or_changed->number == 2);
    CHECK(again.opened_or_changed->net_percent_best == decimal("0.2"));
    CHECK(pair.watch.counters().opportunities == 2);
  }
}

TEST_CASE("venue life time is zero when a stamp is missing or runs backwards") {
  WatchedPair pair;
  SUBCASE("no stamps") {
    pair.venue_time = 0;
  }
  SUBCASE("backwards") {
    pair.venue_time = 5'000;
  }
  pair.quote(pair.leg1, "99", "100");
  pair.open("100.20");
  pair.venue_time = pair.venue_time == 0 ? 0 : 4'000;
  pair.quote(pair.leg1, "99", "100");
  pair.quote(pair.leg2, "100", "101");
  const auto events = pair.evaluate();
  REQUIRE(events.ended.has_value());
  CHECK(events.ended->venue_lifetime == 0ms);
  CHECK(events.ended->venue_time == pair.venue_time);
}

TEST_CASE("an event carries the later venue time of the two books") {
  WatchedPair pair;
  pair.venue_time = 7'000;
  pair.quote(pair.leg1, "99", "100");
  pair.venue_time = 6'000;
  pair.quote(pair.leg2, "100.20", "101");
  CHECK(pair.evaluate().opened_or_changed->venue_time == 7'000);
}

TEST_CASE("a flip of direction ends one opportunity and opens another") {
  WatchedPair pair;
  pair.open("100.20");
  pair.now += 10ms;
  pair.quote(pair.leg1, "102.02", "102.03");
  pair.quote(pair.leg2, "100.20", "101.01");
  const auto events = pair.evaluate();
  REQUIRE(events.ended.has_value());
  REQUIRE(events.opened_or_changed.has_value());
  CHECK(events.ended->number == 1);
  CHECK(events.ended->spread.direction == Direction::leg1_buy_leg2_sell);
  CHECK(events.ended->spread.buy_price() == decimal("102.03"));
  CHECK(events.ended->lifetime == 10ms);
  CHECK(events.opened_or_changed->number == 2);
  CHECK(events.opened_or_changed->phase == OpportunityPhase::opened);
  CHECK(events.opened_or_changed->spread.direction == Direction::leg1_sell_leg2_buy);
  CHECK(events.opened_or_changed->spread.net_percent() == decimal("0.9999010")); // 1.01 / 101.01
  CHECK(pair.watch.state() == PairState::open);
}

TEST_CASE(
    "of two paying directions the better one is taken, and between equals the open one stays") {
  // Rebates can make both ways pay.
  WatchedPair pair{{}, {.leg1 = {-500'000}, .leg2 = {-500'000}}};
  pair.quote(pair.leg1, "100.00", "100.01");
  pair.quote(pair.leg2, "100.02", "100.03");
  const auto opened = pair.evaluate();
  REQUIRE(opened.opened_or_changed.has_value());
  CHECK(opened.opened_or_changed->spread.direction == Direction::leg1_buy_leg2_sell);
  pair.quote(pair.leg1, "100.04", "100.05");
  CHECK(pair.evaluate().opened_or_changed->spread.direction == Direction::leg1_sell_leg2_buy);
  pair.quote(pair.leg1, "100.02", "100.03"); // both the same now
  const auto equal = pair.evaluate();
  CHECK(!equal.ended.has_value());
  CHECK(pair.watch.state() == PairState::open);
  CHECK(pair.watch.counters().opportunities == 2);
}

TEST_CASE("a fixed direction ignores the other one but shows it") {
  PairConfig config;
  config.direction = DirectionRule::leg1_sell_leg2_buy;
  WatchedPair pair{config};
  pair.quote(pair.leg2, "100.50", "101");
  CHECK(pair.evaluate().empty());
  const auto& shown = pair.watch.spreads();
  REQUIRE(shown[0].has_value());
  REQUIRE(shown[1].has_value());
  CHECK(shown[0]->net_percent() == decimal("0.5"));
  CHECK(shown[1]->direction == Direction::leg1_sell_leg2_buy);
  pair.quote(pair.leg1, "102.01", "102.02");
  CHECK(pair.evaluate().opened_or_changed->spread.direction == Direction::leg1_sell_leg2_buy);
}

TEST_CASE("books too thin for the size give no opportunity and are counted") {
  WatchedPair pair;
  pair.open("100.20");
  pair.leg2 = book(pair_scale, {{"100.20", "0.999"}}, {{"101", "0.999"}});
  pair.leg2.received_at = pair.now;
  pair.leg2.version = 50;
  const auto events = pair.evaluate();
  REQUIRE(events.ended.has_value());
  CHECK(events.ended->spread.net_percent() == decimal("0.2")); // the last good one
  CHECK(!pair.watch.spreads()[0].has_value());
  CHECK(pair.watch.counters().too_thin == 1);
  CHECK(pair.watch.state() == PairState::watching);
}

TEST_CASE("only the configured number of levels is looked at") {
  PairConfig config;
  config.options.levels = 1;
  WatchedPair pair{config};
  pair.leg2 = book(pair_scale, {{"100.30", "0.5"}, {"100.20", "5"}}, {{"101", "5"}});
  pair.touch(pair.leg2);
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.counters().too_thin == 1);
}

TEST_CASE("the total amount caps what is executable, down to nothing") {
  WatchedPair pair; // total 1000 at a price of 100
  pair.open("100.20");
  pair.watch.set_executed(decimal("999.9"));
  const auto last = pair.evaluate();
  REQUIRE(last.opened_or_changed.has_value());
  CHECK(last.opened_or_changed->spread.quantity == Quantity{1}); // 0.001 costs 0.1
  pair.watch.set_executed(decimal("999.901"));
  const auto used_up = pair.evaluate();
  CHECK(used_up.ended.has_value());
  CHECK(!pair.watch.spreads()[0].has_value());
  CHECK(pair.watch.state() == PairState::watching);
}

TEST_CASE("a disabled pair says nothing but keeps showing its spreads") {
  PairConfig config;
  config.enabled = false;
  WatchedPair pair{config};
  pair.quote(pair.leg2, "100.20", "101");
  CHECK(pair.watch.state() == PairState::disabled);
  CHECK(pair.evaluate().empty());
  CHECK(pair.watch.spreads()[0].has_value());
  pair.leg1.condition = market::BookCondition::gap;
  CHECK(pair.evaluate().empty());
  CHECK(!pair.watch.spreads()[0].has_value());
  CHECK(pair.watch.state() == PairState::disabled);
  SUBCASE("enabled it begins by waiting for both books") {
    CHECK(pair.watch.set_enabled(true, pair.now).empty());
    CHECK(pair.watch.state() == PairState::waiting);
    CHECK(pair.watch.config().enabled);
    CHECK(pair.evaluate().empty());
    pair.quote(pair.leg1, "99", "100");
    CHECK(pair.evaluate().opened_or_changed.has_value());
    CHECK(pair.watch.set_enabled(true, pair.now).empty());
    CHECK(pair.watch.state() == PairState::open);
  }
}

TEST_CASE("disabling ends an open opportunity") {
  WatchedPair pair;
  pair.open("100.20");
  const auto events = pair.watch.set_enabled(false, pair.now + 3ms);
  REQUIRE(events.ended.has_value());
  CHECK(events.ended->lifetime == 3ms);
  CHECK(events.ended->spread.net_percent() == decimal("0.2"));
  CHECK(pair.watch.state() == PairState::disabled);
  CHECK(pair.watch.set_enabled(false, pair.now + 4ms).empty());
  CHECK(pair.evaluate().empty());
}

TEST_CASE("states and phases have names") {
  CHECK(to_string(PairState::waiting) == "waiting");
  CHECK(to_string(PairState::paused) == "paused");
  CHECK(to_string(OpportunityPhase::opened) == "opened");
  CHECK(to_string(OpportunityPhase::ended) == "ended");
}
