/// The engine as a whole, in virtual time: from instruments to opportunities, and what one fault
/// does to exactly those who depend on what broke (promises P6, P8, P11, P19).
#include "adapters/venues/key_ring.hpp"
#include "tests/actors/engine_world.hpp"
#include "tests/core/orders/desk_world.hpp"

namespace {

using namespace tandem;
using namespace tandem::tests;
using core::market::BookCondition;
using core::strategy::OpportunityPhase;

const core::MarketKey binance{core::VenueId{"binance"}, core::MarketType::spot};
const core::MarketKey bybit{core::VenueId{"bybit"}, core::MarketType::spot};

core::Decimal decimal(const char* text) {
  return core::Decimal::parse(text).value();
}

} // namespace

TEST_CASE("from nothing to watching: instruments, subscriptions, snapshots, live books") {
  EngineWorld world;
  world.start();
  CHECK(world.state("btc") == "waiting");
  REQUIRE(world.both_watching(3s));
  CHECK(world.sim.took < 1s);
  const auto pair = world.pair("btc");
  CHECK(pair->legs[0].known);
  CHECK(pair->legs[0].bid == decimal("100.00"));
  CHECK(pair->legs[1].ask == decimal("100.10"));
  CHECK(pair->spreads[0].has_value());
  world.sim.advance(3s);
  CHECK(world.sim.cell(messages::paths::feed(binance))->state() == "live");
  CHECK(world.sim.cell(messages::paths::feed(binance))->counters()["books_live"] == 3);
  CHECK(world.sim.cell(messages::paths::feed(bybit))->counters()["books_live"] == 1);
  CHECK(world.sim.cell(messages::paths::feed(binance))->counters()["gaps"] == 0);
  CHECK(world.sim.cell(messages::paths::feed(binance))->counters()["resubscribed"] == 0);
  CHECK(world.venues.open_links("binance") == 1);
}

TEST_CASE("an opportunity opens, changes and ends, and the listener and the event log hear it") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  CHECK(world.heard->opportunities.empty());
  world.venues.quote("bybit", "BTCUSDT", 10'110, 10'120); // sell at 101.10 what costs 100.10
  world.sim.advance(200ms);
  REQUIRE(world.heard->opportunities.size() == 1);
  const auto opened = world.heard->opportunities[0]; // a copy: the list grows
  CHECK(opened.pair == core::PairId{"btc"});
  CHECK(opened.event.phase == OpportunityPhase::opened);
  CHECK(opened.event.spread.direction == core::strategy::Direction::leg1_buy_leg2_sell);
  CHECK(world.state("btc") == "open");
  CHECK(world.state("alone") == "watching");
  world.venues.quote("bybit", "BTCUSDT", 10'150, 10'160);
  world.sim.advance(200ms);
  REQUIRE(world.heard->opportunities.size() == 2);
  CHECK(world.heard->opportunities[1].event.phase == OpportunityPhase::changed);
  world.venues.quote("bybit", "BTCUSDT", 10'000, 10'010);
  world.sim.advance(200ms);
  REQUIRE(world.heard->opportunities.size() == 3);
  CHECK(world.heard->opportunities[2].event.phase == OpportunityPhase::ended);
  CHECK(world.heard->opportunities[2].event.number == opened.event.number);
  CHECK(world.state("btc") == "watching");

  const auto log
      = world.sim.context()->directory->get<messages::EventLogHandle>(messages::paths::event_log);
  const auto kept = world.sim.ask<messages::OpportunityRecords>(log, messages::GetOpportunities{});
  REQUIRE(kept.records.size() == 1);
  CHECK(kept.records[0].ended());
  CHECK(kept.records[0].changes == 1);
}

TEST_CASE(
    "killing a feed pauses exactly the pairs on it, at once, and they come back by themselves") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  world.venues.quote("bybit", "BTCUSDT", 10'110, 10'120);
  world.sim.advance(200ms);
  REQUIRE(world.state("btc") == "open");
  world.sim.kill(messages::paths::feed(bybit));
  REQUIRE(world.sim.until([&] { return world.alerts("PAIR_PAUSED", "btc") == 1; }, 100ms));
  CHECK(world.state("btc") == "paused");
  CHECK(world.pair("btc")->pause->reason == BookCondition::down);
  CHECK(world.pair("btc")->pause->leg == 2);
  CHECK(world.heard->opportunities.back().event.phase == OpportunityPhase::ended);
  CHECK(world.state("alone") == "watching");
  REQUIRE(world.sim.until([&] { return world.alerts("PAIR_RESUMED", "btc") == 1; }, 3s));
  world.sim.advance(200ms);
  CHECK(world.state("btc") == "open");
  CHECK(world.alerts("PAIR_PAUSED") == 1);
  CHECK(world.alerts("PAIR_PAUSED", "alone") == 0);
  CHECK(world.venues.open_links("bybit") == 1);
}

TEST_CASE("a lost connection pauses its pairs within 100 ms and is back within 3 s") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  for (int i = 1; i <= 4; ++i) {
    world.venues.cut("bybit");
    REQUIRE(world.sim.until(
        [&] { return world.alerts("PAIR_PAUSED", "btc") == static_cast<std::size_t>(i); }, 100ms));
    REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 3s));
    world.sim.advance(1s);
  }
  CHECK(world.alerts("PAIR_PAUSED", "alone") == 0);
  CHECK(world.alerts("FEED_DOWN") >= 1);
  CHECK(world.alerts("FEED_RESTORED") >= 1);
  CHECK(world.sim.cell(messages::paths::feed(bybit))->restarts == 0); // the actor lived on
  CHECK(world.sim.cell(messages::paths::feed(bybit))->counters()["books_live"] == 1);
}

TEST_CASE("a venue that refuses connections is tried ever later and taken back when it returns") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  auto& venue = world.venues.venue("bybit");
  venue.refuse_connections = true;
  world.venues.cut("bybit");
  const auto before = venue.connections_made;
  world.sim.advance(30s);
  const auto tries = venue.connections_made - before;
  CHECK(tries >= 5);
  CHECK(tries <= 10);
  CHECK(world.alerts("FEED_DOWN") == 1);
  CHECK(world.state("btc") == "paused");
  CHECK(world.state("alone") == "watching");
  venue.refuse_connections = false;
  REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 31s));
}

TEST_CASE("a lost frame costs one book its trust until it is rebuilt, within a second") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  SUBCASE("binance") {
    world.venues.venue("binance").skip_next.insert("BTCUSDT");
  }
  SUBCASE("bybit") {
    world.venues.venue("bybit").skip_next.insert("BTCUSDT");
  }
  REQUIRE(world.sim.until([&] { return world.alerts("PAIR_PAUSED", "btc") == 1; }, 300ms));
  CHECK(world.pair("btc")->pause->reason == BookCondition::gap);
  CHECK(world.state("alone") == "watching");
  REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 1s));
  CHECK(world.alerts("PAIR_PAUSED", "alone") == 0);
}

TEST_CASE("connected but silent is stale; frozen altogether is a dead link") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  auto& venue = world.venues.venue("bybit");
  SUBCASE("pongs only") {
    venue.silent = true;
    REQUIRE(world.sim.until([&] { return world.alerts("PAIR_PAUSED", "btc") == 1; }, 6s));
    CHECK(world.pair("btc")->pause->reason == BookCondition::stale);
    const auto made = venue.connections_made;
    world.sim.advance(30s);
    CHECK(venue.connections_made == made);
    venue.silent = false;
  }
  SUBCASE("nothing") {
    const auto made = venue.connections_made;
    venue.deaf = true;
    REQUIRE(world.sim.until([&] { return world.alerts("FEED_DOWN") == 1; }, 12s));
    venue.deaf = false;
    REQUIRE(world.sim.until([&] { return venue.connections_made > made; }, 1s));
  }
  CHECK(world.state("alone") == "watching");
  REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 3s));
}

TEST_CASE("a market that falls silent again and again opens its venue's breaker, and no other") {
  EngineWorld world;
  world.parts.config.trading.breakers.venue.stale_max = 2;
  world.parts.trading = actors::supervisor::make_trading(
      world.parts.config, std::make_unique<MemoryJournal>(), {},
      std::make_shared<adapters::venues::KeyRing>(), world.sim.context());
  world.start();
  REQUIRE(world.both_watching(3s));
  auto& venue = world.venues.venue("bybit");
  const auto breaker = [&](const std::string& scope) {
    return world.sim.cell(messages::paths::breaker(scope))->state();
  };
  for (const auto* state : {"closed", "open"}) {
    venue.silent = true;
    REQUIRE(world.sim.until([&] { return world.state("btc") == "paused"; }, 6s));
    venue.silent = false;
    REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 3s));
    CHECK(breaker("venue.bybit") == state);
    CHECK(breaker("venue.binance") == "closed");
    CHECK(breaker("global") == "closed");
  }
}

TEST_CASE("clocks that disagree pause the pairs of that market only, until they agree") {
  EngineWorld world;
  for (auto& venue : world.parts.config.venues)
    venue.markets[0].feed.clock_interval = 1'000ms;
  world.start();
  REQUIRE(world.both_watching(3s));
  world.sim.advance(6s);
  world.venues.venue("bybit").clock_ahead = 800ms;
  REQUIRE(world.sim.until([&] { return world.alerts("CLOCK_OFFSET") == 1; }, 10s));
  world.sim.advance(100ms);
  CHECK(world.state("btc") == "paused");
  CHECK(world.pair("btc")->pause->reason == BookCondition::clock);
  CHECK(world.state("alone") == "watching");
  world.venues.venue("bybit").clock_ahead = 0ms;
  REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 10s));
  CHECK(world.alerts("CLOCK_OK") == 1);
}

TEST_CASE("a planned change of connection is not noticed by anyone") {
  EngineWorld world;
  for (auto& venue : world.parts.config.venues)
    venue.markets[0].feed.reconnect_after = 10s;
  world.start();
  REQUIRE(world.both_watching(3s));
  const auto made = world.venues.venue("binance").connections_made;
  world.sim.advance(25s);
  CHECK(world.venues.venue("binance").connections_made - made == 2);
  CHECK(world.venues.open_links("binance") == 1);
  CHECK(world.alerts("PAIR_PAUSED") == 0);
  CHECK(world.alerts("FEED_RENEWED") == 4);
  CHECK(world.state("btc") == "watching");
  CHECK(world.sim.cell(messages::paths::feed(binance))->counters()["books_live"] == 3);
}

TEST_CASE("the old connection lost in the middle of a planned change") {
  EngineWorld world;
  world.parts.config.venues[1].markets[0].feed.reconnect_after = 10s;
  world.start();
  REQUIRE(world.both_watching(3s));
  auto& venue = world.venues.venue("bybit");
  const auto made = venue.connections_made;
  REQUIRE(world.sim.until([&] { return venue.connections_made > made; }, 15s));
  world.venues.cut("bybit"); // the successor has not opened yet
  REQUIRE(world.sim.until([&] { return world.alerts("PAIR_PAUSED", "btc") == 1; }, 100ms));
  REQUIRE(world.sim.until([&] { return world.state("btc") == "watching"; }, 3s));
  world.sim.advance(3s);
  CHECK(world.venues.open_links("bybit") == 1);
  CHECK(venue.connections_made <= made + 2);
  CHECK(world.sim.cell(messages::paths::feed(bybit))->state() == "live");
}

TEST_CASE("every actor killed in the middle of its work comes back and the world is live again") {
  const std::vector<std::string> paths{messages::paths::market_bus,
                                       messages::paths::journal,
                                       messages::paths::pairs,
                                       messages::paths::pair_monitor("btc"),
                                       messages::paths::event_log,
                                       messages::paths::broadcast,
                                       messages::paths::feed(binance),
                                       messages::paths::feed(bybit),
                                       messages::paths::instruments(binance),
                                       messages::paths::market(bybit),
                                       messages::paths::strategies,
                                       "engine/services/sinks",
                                       "engine/services/venues",
                                       "engine/services/venues/binance",
                                       "engine/services"};
  for (const auto& path : paths) {
    CAPTURE(path);
    EngineWorld world;
    world.start();
    REQUIRE(world.both_watching(3s));
    const auto cell = world.sim.cell(path);
    REQUIRE(cell);
    const auto before = cell->actor_id.load();
    world.sim.kill(path);
    REQUIRE(world.sim.until([&] { return cell->actor_id != 0 && cell->actor_id != before; }, 6s));
    REQUIRE(world.both_watching(6s));
    // Live means: it still finds opportunities.
    world.heard->opportunities.clear();
    world.listen();
    world.venues.quote("bybit", "BTCUSDT", 10'110, 10'120);
    REQUIRE(world.sim.until([&] { return !world.heard->opportunities.empty(); }, 1s));
    CHECK(cell->restarts == 1);
    CHECK(world.sim.cell("engine/services/journal")->state() == "open");
  }
}

TEST_CASE("a leaf is back within 100 ms and its back-off") {
  for (const auto& path : {messages::paths::feed(bybit), messages::paths::pair_monitor("btc"),
                           messages::paths::event_log}) {
    EngineWorld world;
    world.sim.random = ~std::uint64_t{0}; // whatever the jitter
    world.start();
    REQUIRE(world.both_watching(5s));
    world.sim.kill(path);
    const auto cell = world.sim.cell(path);
    REQUIRE(world.sim.until([&] { return cell->actor_id != 0; }, 350ms));
  }
}

TEST_CASE("pairs made, changed and deleted while running survive their actor and the engine") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  const auto put = [&](messages::PutPair request) {
    return world.sim.ask<messages::PairOutcome>(world.pairs(), std::move(request));
  };
  auto fresh = make_pair("", "BTCUSDT");
  fresh.leg1.symbol = core::Symbol{"AAAUSDT"};
  const auto made = put({fresh, {}});
  REQUIRE_FALSE(made.error.has_value());
  CHECK_FALSE(made.id.empty());
  auto changed = make_pair("btc", "BTCUSDT");
  changed.threshold = decimal("3");
  REQUIRE_FALSE(put({changed, core::PairId{"btc"}}).error.has_value());
  REQUIRE_FALSE(
      world.sim
          .ask<messages::PairOutcome>(world.pairs(), messages::DeletePair{core::PairId{"alone"}})
          .error.has_value());
  const auto expect = [&] {
    const auto list = world.sim.ask<messages::PairList>(world.pairs(), messages::ListPairs{});
    REQUIRE(list.pairs.size() == 2);
    CHECK(list.pairs[0].id == core::PairId{"btc"});
    CHECK(list.pairs[0].threshold == decimal("3"));
    CHECK(list.pairs[1].id == made.id);
    CHECK(world.state("alone") == "absent");
    REQUIRE(world.sim.until(
        [&] {
          return world.state("btc") == "watching" && world.state(made.id.text()) == "watching";
        },
        3s));
  };
  expect();
  world.sim.kill(messages::paths::pairs);
  world.sim.advance(500ms);
  expect();
  world.sim.kill("engine/services");
  world.sim.advance(1s);
  expect();
}

TEST_CASE("the list of pairs restarts without disturbing the pairs") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  world.venues.quote("bybit", "BTCUSDT", 10'110, 10'120);
  world.sim.advance(200ms);
  REQUIRE(world.state("btc") == "open");
  const auto monitor = world.sim.cell(messages::paths::pair_monitor("btc"))->actor_id.load();
  world.sim.kill(messages::paths::pairs);
  world.sim.advance(1s);
  CHECK(static_cast<bool>(world.pairs()));
  CHECK(world.state("btc") == "open");
  CHECK(world.sim.cell(messages::paths::pair_monitor("btc"))->actor_id == monitor);
  CHECK(world.heard->opportunities.size() == 1);
}

TEST_CASE("an opportunity whose pair goes away has an end") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  world.venues.quote("bybit", "BTCUSDT", 10'110, 10'120);
  world.sim.advance(200ms);
  REQUIRE(world.heard->opportunities.size() == 1);
  SUBCASE("its monitor dies") {
    world.sim.kill(messages::paths::pair_monitor("btc"));
  }
  SUBCASE("it is deleted") {
    static_cast<void>(world.sim.ask<messages::PairOutcome>(
        world.pairs(), messages::DeletePair{core::PairId{"btc"}}));
  }
  SUBCASE("it is changed") {
    auto changed = make_pair("btc", "BTCUSDT");
    changed.threshold = decimal("3");
    static_cast<void>(world.sim.ask<messages::PairOutcome>(
        world.pairs(), messages::PutPair{changed, core::PairId{"btc"}}));
  }
  world.sim.settle();
  REQUIRE(world.heard->opportunities.size() == 2);
  CHECK(world.heard->opportunities[1].event.phase == OpportunityPhase::ended);
  CHECK(world.heard->opportunities[1].event.number == 1);
}

TEST_CASE("a refused change changes nothing and says which field") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  const auto field_of = [&](core::strategy::PairConfig pair, std::optional<core::PairId> id = {}) {
    const auto outcome = world.sim.ask<messages::PairOutcome>(
        world.pairs(), messages::PutPair{std::move(pair), std::move(id)});
    REQUIRE(outcome.error.has_value());
    return std::string{core::to_string(outcome.error->code)} + " " + outcome.error->source;
  };
  auto pair = make_pair("new", "BTCUSDT");
  pair.leg2.symbol = core::Symbol{"NOSUCH"};
  CHECK(field_of(pair) == "VALIDATION_ERROR leg2.symbol");
  pair = make_pair("new", "BTCUSDT");
  pair.leg1.venue = core::VenueId{"kraken"};
  CHECK(field_of(pair) == "VALIDATION_ERROR leg1.exchange");
  pair = make_pair("new", "BTCUSDT");
  pair.leg1.type = core::MarketType::linear;
  CHECK(field_of(pair) == "VALIDATION_ERROR leg1.type");
  pair = make_pair("new", "BTCUSDT");
  pair.quantity = decimal("0");
  CHECK(field_of(pair) == "VALIDATION_ERROR qty");
  CHECK(field_of(make_pair("btc", "BTCUSDT")) == "CONFLICT id");
  CHECK(field_of(make_pair("x", "BTCUSDT"), core::PairId{"x"}) == "NOT_FOUND ");
  CHECK(world.sim.ask<messages::PairList>(world.pairs(), messages::ListPairs{}).pairs.size() == 2);
  CHECK(world.state("new") == "absent");
}

TEST_CASE("two pairs made in the same breath get two names") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  auto& self = world.sim.self;
  auto first = self->request(world.pairs(), caf::infinite,
                             messages::PutPair{make_pair("", "BTCUSDT"), {}});
  auto second = self->request(world.pairs(), caf::infinite,
                              messages::PutPair{make_pair("", "BTCUSDT"), {}});
  world.sim.settle();
  std::set<std::string> names;
  const auto note = [&](const messages::PairOutcome& outcome) {
    CHECK_FALSE(outcome.error.has_value());
    names.insert(outcome.id.text());
  };
  const auto fail = [&](const caf::error& why) { FAIL(world.sim.system.render(why)); };
  first.receive(note, fail);
  second.receive(note, fail);
  CHECK(names.size() == 2);
  CHECK(world.sim.ask<messages::PairList>(world.pairs(), messages::ListPairs{}).pairs.size() == 4);
}

TEST_CASE("deleting the last pair on a book gives its subscription back") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  static_cast<void>(world.sim.ask<messages::PairOutcome>(
      world.pairs(), messages::DeletePair{core::PairId{"btc"}}));
  world.sim.advance(2s);
  CHECK(world.venues.open_links("bybit") == 0); // nothing left on it
  CHECK(world.venues.open_links("binance") == 1);
  CHECK(world.sim.cell(messages::paths::feed(binance))->counters()["books"] == 2);
  const auto board = world.sim.context()->board->find(
      {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}});
  REQUIRE(board);
  CHECK(board->view()->condition == BookCondition::down); // an old price must not pass for one
  CHECK(world.state("alone") == "watching");
}

TEST_CASE("the engine ends in order and leaves nobody behind") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  caf::anon_send_exit(world.root, caf::exit_reason::user_shutdown);
  world.sim.settle();
  for (const auto& cell : world.sim.context()->cells->all())
    if (cell->path() != "engine")
      CHECK_MESSAGE(cell->actor_id == 0, cell->path());
  CHECK(world.venues.open_links("binance") == 0);
  CHECK(world.venues.open_links("bybit") == 0);
}
