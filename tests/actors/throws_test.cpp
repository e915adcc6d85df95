/// Promise P19, its first third: whichever actor of the tree throws inside a handler, its
/// supervisor brings it back in time, the reason can be read, and only those fall with it whom the
/// supervisor's rule names. Which actors there are is read from the tree itself.
#include "actors/supervisor/supervisor.hpp"
#include "core/orders/no_journal.hpp"
#include "tests/actors/engine_world.hpp"
#include "tests/actors/memory_sink.hpp"

#include <fmt/format.h>

namespace {

using namespace tandem;
using namespace tandem::tests;
using messages::CellPtr;

constexpr auto restart_max = 100ms; ///< beyond the back-off

/// Of an engine that trades and answers, the actors that EngineWorld leaves out.
void equip(EngineWorld& world, adapters::transport::Io& io, config::Mode mode) {
  auto& parts = world.parts;
  parts.config.mode = mode;
  parts.trading = actors::supervisor::make_trading(
      parts.config, std::make_unique<core::orders::NoJournal>(), {},
      std::make_shared<adapters::venues::KeyRing>(), world.sim.context());
  config::ConfiguredPlan plan;
  plan.plan.id = core::twap::PlanId{"twap_001"};
  plan.plan.name = "one of its kind";
  plan.plan.total_quantity = plan.plan.slice_quantity = core::Decimal{1, 0};
  plan.plan.interval = 1s;
  plan.plan.legs.push_back({make_pair("any", "BTCUSDT").leg1, core::orders::Side::buy, {}, {}, {}});
  parts.config.plans = {plan};
  config::ListenerConfig listener;
  listener.address = "127.0.0.1:0";
  parts.config.listeners = {listener};
  parts.serve = adapters::transport::serve_on(io);
  parts.on_listening = [](config::Surface, const std::string&) {};
  static std::vector<std::unique_ptr<MemorySink>> memories; // they outlive their worlds
  auto& memory = *memories.emplace_back(std::make_unique<MemorySink>());
  parts.tape = memory.tape;
  parts.sinks = {memory.options("any")};
}

/// Something that this kind of actor has a handler for.
caf::message word_for(const std::string& kind) {
  if (kind == "supervisor")
    return caf::make_message(actors::supervisor::StopChild{"nobody"});
  if (kind == "journal")
    return caf::make_message(messages::LoadPairs{});
  if (kind == "pairs")
    return caf::make_message(messages::ListPairs{});
  if (kind == "plans")
    return caf::make_message(messages::ReloadPlans{});
  if (kind == "market_bus" || kind == "event_log")
    return caf::make_message(messages::EngineAlert{});
  return caf::make_message(messages::Tick{});
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

bool is_below(const std::string& path, const std::string& top) {
  return path.starts_with(top + "/");
}

/// By the supervisors' rules: itself, all below it, and under rest_for_one the later ones too.
std::set<std::string> falls_with(const std::vector<CellPtr>& cells, const CellPtr& victim) {
  const auto parent = parent_of(victim->path());
  const auto rest_too = std::ranges::any_of(cells, [&](const CellPtr& cell) {
    return cell->path() == parent && cell->state() == "rest_for_one";
  });
  std::set<std::string> fallen;
  std::vector<std::string> tops;
  bool later = false;
  for (const auto& cell : cells) { // siblings stand in the order of their start
    later = later || cell == victim;
    if (cell == victim || (rest_too && later && parent_of(cell->path()) == parent))
      tops.push_back(cell->path());
  }
  for (const auto& cell : cells)
    if (std::ranges::any_of(tops, [&](const std::string& top) {
          return cell->path() == top || is_below(cell->path(), top);
        }))
      fallen.insert(cell->path());
  return fallen;
}

/// The jitter is 0 here, so a back-off takes half its ceiling (actors/supervisor/root.cpp).
std::chrono::milliseconds backoff_of(const CellPtr& cell) {
  const bool slow
      = cell->kind() == "supervisor" && is_below(cell->path(), "engine/services/venues");
  return slow ? 2'500ms : 125ms;
}

struct Figures {
  std::size_t actors = 0;
  std::set<std::string> kinds;
  std::chrono::milliseconds slowest{0}; ///< beyond the back-off
};

/// One handler of the actor throws.
void trip(EngineWorld& world, const CellPtr& victim) {
  const auto actor = world.sim.context()->directory->get<caf::actor>(victim->path());
  REQUIRE(static_cast<bool>(actor));
  world.sim.settle();
  world.sim.trip = "tripped over " + victim->path();
  caf::anon_send(actor, word_for(victim->kind()));
  world.sim.scheduler.run_once();
  REQUIRE_FALSE(world.sim.trip.has_value()); // it was this one that threw
}

void let_fall(adapters::transport::Io& io, config::Mode mode, const std::string& path,
              Figures& figures) {
  CAPTURE(path);
  EngineWorld world;
  equip(world, io, mode);
  world.start();
  REQUIRE(world.both_watching(3s));
  const auto victim = world.sim.cell(path);
  const auto cells = world.sim.context()->cells->all();
  std::map<std::string, std::uint64_t> before;
  for (const auto& cell : cells)
    before[cell->path()] = cell->actor_id;
  const auto fallen = falls_with(cells, victim);

  trip(world, victim);
  const auto wait = backoff_of(victim);
  REQUIRE(world.sim.until([&] { return victim->actor_id != 0 && victim->actor_id != before[path]; },
                          wait + restart_max));
  const auto took = world.sim.took;
  CHECK(victim->restarts == 1);
  CHECK(victim->last_error().find("tripped over " + path) != std::string::npos);
  world.sim.advance(500ms); // those below begin in their own time
  for (const auto& cell : world.sim.context()->cells->all()) {
    CAPTURE(cell->path());
    CHECK(cell->actor_id != 0);
    CHECK((cell->actor_id != before[cell->path()]) == fallen.contains(cell->path()));
    if (!fallen.contains(cell->path()))
      CHECK(cell->restarts == 0);
  }
  CHECK(std::ranges::count(world.sim.log.events, "ACTOR_RESTARTED") == 1);
  ++figures.actors;
  figures.kinds.insert(victim->kind());
  figures.slowest = std::max(figures.slowest, took - wait);
}

/// The paths of a tree that has begun, without its root.
std::vector<std::string> paths_of(adapters::transport::Io& io, config::Mode mode) {
  EngineWorld world;
  equip(world, io, mode);
  world.start();
  REQUIRE(world.both_watching(3s));
  std::vector<std::string> paths;
  for (const auto& cell : world.sim.context()->cells->all())
    if (cell->path() != "engine")
      paths.push_back(cell->path());
  return paths;
}

} // namespace

TEST_CASE("P19: whichever actor throws inside a handler is back within 100 ms and its back-off, "
          "and takes along only whom its supervisor's rule names") {
  adapters::transport::Io io{"api",
                             {[] { return core::MonoTime{}; }, [] { return core::WallTime{}; }}};
  Figures figures;
  for (const auto& path : paths_of(io, config::Mode::mock))
    let_fall(io, config::Mode::mock, path, figures);
  let_fall(io, config::Mode::dev,
           messages::paths::order_gateway({core::VenueId{"bybit"}, core::MarketType::spot}),
           figures);
  fmt::print("P19: {} actors of {} kinds threw, one after the other; the slowest was back {} ms "
             "after its back-off\n",
             figures.actors, figures.kinds.size(), figures.slowest.count());
  CHECK(figures.kinds
        == std::set<std::string>{"breaker", "broadcast", "desk", "event_log", "feed", "flattener",
                                 "http", "instruments", "journal", "market_bus", "order_gateway",
                                 "pair_monitor", "pairs", "paper_gateway", "plans", "private_feed",
                                 "sink", "supervisor", "twap_plan"});
}

TEST_CASE("P19: a root that throws takes everybody along and ends with the reason") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  world.sim.self->monitor(world.root);
  world.sim.trip = "the root tripped";
  caf::anon_send(world.root, actors::supervisor::StopChild{"nobody"});
  world.sim.scheduler.run_once();
  world.sim.settle();
  std::string reason;
  world.sim.self->receive(
      [&](const caf::down_msg& down) { reason = world.sim.system.render(down.reason); });
  CHECK(reason.find("the root tripped") != std::string::npos);
  for (const auto& cell : world.sim.context()->cells->all())
    if (cell->path() != "engine")
      CHECK_MESSAGE(cell->actor_id == 0, cell->path());
}

TEST_CASE(
    "P19: a throw in the middle of a handler's work is the same, and the cell forgets that it "
    "was at work") {
  adapters::transport::Io io{"api",
                             {[] { return core::MonoTime{}; }, [] { return core::WallTime{}; }}};
  EngineWorld world;
  equip(world, io, config::Mode::mock);
  world.start();
  REQUIRE(world.both_watching(3s));
  const auto path
      = messages::paths::order_gateway({core::VenueId{"bybit"}, core::MarketType::spot});
  const auto cell = world.sim.cell(path);
  const auto before = cell->actor_id.load();
  const auto handled = cell->messages.load();
  SUBCASE("a std::exception") {
    caf::anon_send(world.sim.context()->directory->get<messages::OrderGatewayHandle>(path),
                   messages::Continue{[] { throw std::logic_error{"the answer made no sense"}; }});
    world.sim.settle();
    CHECK(cell->last_error().find("the answer made no sense") != std::string::npos);
  }
  SUBCASE("anything else") {
    caf::anon_send(world.sim.context()->directory->get<messages::OrderGatewayHandle>(path),
                   messages::Continue{[] { throw 42; }});
    world.sim.settle();
    CHECK(cell->last_error().find("not a std::exception") != std::string::npos);
  }
  CHECK(cell->state() == "restarting");
  CHECK(cell->handling_since_ns == 0);
  CHECK(cell->messages == handled + 1);
  REQUIRE(world.sim.until([&] { return cell->actor_id != 0; }, 125ms + restart_max));
  CHECK(cell->actor_id != before);
}

TEST_CASE("a risk group that begins again has the breakers of the pairs there are by then") {
  adapters::transport::Io io{"api",
                             {[] { return core::MonoTime{}; }, [] { return core::WallTime{}; }}};
  EngineWorld world;
  equip(world, io, config::Mode::mock);
  world.start();
  REQUIRE(world.both_watching(3s));
  trip(world, world.sim.cell(messages::paths::risk_group));
  // While nobody there can be told.
  static_cast<void>(world.sim.ask<messages::PairOutcome>(
      world.pairs(), messages::DeletePair{core::PairId{"alone"}}));
  const auto made = world.sim.ask<messages::PairOutcome>(
      world.pairs(), messages::PutPair{make_pair("fresh", "BTCUSDT"), {}});
  REQUIRE_FALSE(made.error.has_value());
  const auto runs = [&](const std::string& pair) {
    return static_cast<bool>(world.sim.context()->directory->get<messages::BreakerHandle>(
        messages::paths::breaker("pair." + pair)));
  };
  REQUIRE_FALSE(runs("btc")); // the group is down
  world.sim.advance(500ms);
  CHECK(runs("btc"));
  CHECK(runs("fresh"));
  CHECK_FALSE(runs("alone"));
}
