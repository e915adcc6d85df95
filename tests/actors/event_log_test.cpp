/// The event log: newest first, bounded, and an opportunity is one record from opening to end.
#include "actors/sinks/event_log.hpp"

#include "actors/market/market_bus.hpp"
#include "actors/supervisor/spawn.hpp"
#include "tests/actors/sim.hpp"

#include <caf/send.hpp>

namespace {

using namespace tandem;
using namespace tandem::tests;
using core::strategy::OpportunityPhase;

class World {
public:
  explicit World(actors::EventLogOptions options = {}) {
    bus = sim.own(actors::supervisor::spawn_guarded(
        sim.system, actors::market_bus, sim.context(),
        sim.context()->cells->cell(messages::paths::market_bus, "market_bus"), nullptr));
    sim.context()->directory->put(messages::paths::market_bus,
                                  caf::actor_cast<caf::strong_actor_ptr>(bus));
    log = sim.own(actors::supervisor::spawn_guarded(
        sim.system, actors::event_log, sim.context(),
        sim.context()->cells->cell(messages::paths::event_log, "event_log"), options));
  }

  void opportunity(const std::string& pair, std::uint64_t number, OpportunityPhase phase) {
    messages::Opportunity event;
    event.pair = core::PairId{pair};
    event.event.number = number;
    event.event.phase = phase;
    event.ts = ++ts;
    caf::anon_send(bus, event);
    sim.settle();
  }

  void alert(const std::string& code) {
    messages::EngineAlert event;
    event.code = code;
    caf::anon_send(bus, event);
    sim.settle();
  }

  messages::OpportunityRecords kept(std::size_t limit = 100, const std::string& pair = {}) {
    return sim.ask<messages::OpportunityRecords>(
        log, messages::GetOpportunities{limit, core::PairId{pair}});
  }

  Sim sim;
  messages::MarketBusHandle bus;
  messages::EventLogHandle log;
  core::UnixMillis ts = 0;
};

} // namespace

TEST_CASE("an opportunity is one record with its opening, its changes and its end") {
  World world;
  world.opportunity("btc", 1, OpportunityPhase::opened);
  world.opportunity("btc", 1, OpportunityPhase::changed);
  world.opportunity("eth", 1, OpportunityPhase::opened);
  world.opportunity("btc", 1, OpportunityPhase::changed);
  world.opportunity("btc", 1, OpportunityPhase::ended);
  const auto kept = world.kept();
  REQUIRE(kept.records.size() == 2);
  CHECK(kept.records[0].opened.pair == core::PairId{"eth"}); // newest first
  CHECK_FALSE(kept.records[0].ended());
  CHECK(kept.records[1].ended());
  CHECK(kept.records[1].opened.ts == 1);
  CHECK(kept.records[1].latest.ts == 5);
  CHECK(kept.records[1].changes == 2);
  CHECK(world.kept(100, "btc").records.size() == 1);
  CHECK(world.kept(1).records.size() == 1);
  CHECK(world.kept(0).records.empty());
}

TEST_CASE("a restarted pair counts from one again and does not touch old records") {
  World world;
  world.opportunity("btc", 1, OpportunityPhase::opened);
  world.opportunity("btc", 1, OpportunityPhase::ended);
  world.opportunity("btc", 1, OpportunityPhase::opened);
  world.opportunity("btc", 1, OpportunityPhase::changed);
  const auto kept = world.kept();
  REQUIRE(kept.records.size() == 2);
  CHECK(kept.records[0].changes == 1);
  CHECK(kept.records[1].changes == 0);
  CHECK(kept.records[1].ended());
}

TEST_CASE("memory is bounded, totals are not") {
  World world{{.opportunities_max = 3, .alerts_max = 2}};
  for (std::uint64_t i = 1; i <= 10; ++i)
    world.opportunity("btc", i, OpportunityPhase::opened);
  world.opportunity("btc", 1, OpportunityPhase::ended); // pushed out long ago
  const auto kept = world.kept();
  CHECK(kept.total == 10);
  REQUIRE(kept.records.size() == 3);
  CHECK(kept.records[0].opened.event.number == 10);
  CHECK(kept.records[2].opened.event.number == 8);
  for (const auto* code : {"A", "B", "C"})
    world.alert(code);
  const auto alerts = world.sim.ask<messages::AlertRecords>(world.log, messages::GetAlerts{10});
  CHECK(alerts.total == 3);
  REQUIRE(alerts.alerts.size() == 2);
  CHECK(alerts.alerts[0].code == "C");
  CHECK(alerts.alerts[1].code == "B");
  CHECK(world.sim.ask<messages::AlertRecords>(world.log, messages::GetAlerts{1}).alerts.size()
        == 1);
}
