/// A sink under the market bus: what happens reaches its destination, whatever dies in between.
#include "actors/sinks/sink.hpp"

#include "actors/market/market_bus.hpp"
#include "actors/supervisor/spawn.hpp"
#include "tests/actors/memory_sink.hpp"
#include "tests/actors/sim.hpp"

#include <caf/send.hpp>

namespace {

using namespace tandem;
using namespace tandem::tests;
using core::sinks::Kind;

class World {
public:
  World() : options{memory.options("test")} {
    bus = sim.own(actors::supervisor::spawn_guarded(
        sim.system, actors::market_bus, sim.context(),
        sim.context()->cells->cell(messages::paths::market_bus, "market_bus"), memory.tape));
    sim.context()->directory->put(messages::paths::market_bus,
                                  caf::actor_cast<caf::strong_actor_ptr>(bus));
    start();
  }

  ~World() { sim.finish(); }

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void start() {
    sink = sim.own(actors::supervisor::spawn_guarded(
        sim.system, actors::sink, sim.context(),
        sim.context()->cells->cell("engine/services/sinks/sink.test", "sink"), options));
  }

  void alert(const std::string& code) {
    messages::EngineAlert event;
    event.code = code;
    caf::anon_send(bus, event);
    sim.settle();
  }

  /// The codes of the alerts that arrived, but for the sink's own.
  [[nodiscard]] std::vector<std::string> codes() const {
    std::vector<std::string> result;
    for (const auto& item : memory.arrived)
      for (const auto& field : item.record.fields)
        if (field.name == "code" && !std::get<std::string>(field.value).starts_with("SINK_"))
          result.push_back(std::get<std::string>(field.value));
    return result;
  }

  [[nodiscard]] std::string state() const {
    return sim.context()->cells->cell("engine/services/sinks/sink.test", "sink")->state();
  }

  MemorySink memory;
  Sim sim;
  actors::SinkOptions options;
  messages::MarketBusHandle bus;
  messages::SinkHandle sink;
};

} // namespace

TEST_CASE("what the bus passes on reaches a sink's destination, numbered from 1") {
  World world;
  world.alert("A");
  world.alert("B");
  world.sim.advance(500ms);
  CHECK(world.codes() == std::vector<std::string>{"A", "B"});
  CHECK(world.memory.arrived.at(0).sequence == 1);
  CHECK(world.memory.arrived.at(1).sequence == 2);
  CHECK(world.state() == "live");
}

TEST_CASE("a trade of a market's public stream reaches a sink") {
  World world;
  core::market::Trade trade;
  trade.trade_id = "7";
  world.memory.tape->write(core::sinks::MarketNews{
      {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}}, trade, 1});
  world.sim.advance(500ms);
  REQUIRE(world.memory.arrived.size() == 1);
  CHECK(world.memory.arrived[0].record.kind == Kind::trade);
  CHECK(world.memory.arrived[0].record.name == "7");
}

TEST_CASE("a destination that is away makes the sink say so, and costs nothing") {
  World world;
  world.memory.reachable = false;
  for (const auto* code : {"A", "B", "C"})
    world.alert(code);
  world.sim.advance(60s);
  CHECK(world.state() == "down");
  CHECK(world.codes().empty());
  CHECK(std::count(world.sim.log.events.begin(), world.sim.log.events.end(), "SINK_DOWN") == 1);
  world.memory.reachable = true;
  world.sim.advance(60s);
  CHECK(world.codes() == std::vector<std::string>{"A", "B", "C"});
  CHECK(world.state() == "live");
  CHECK(std::count(world.sim.log.events.begin(), world.sim.log.events.end(), "SINK_BACK") == 1);
}

TEST_CASE("a sink that dies loses neither what waited on disk nor what came while it was gone") {
  World world;
  world.memory.reachable = false;
  world.alert("A");
  world.sim.advance(100ms);
  caf::anon_send_exit(world.sink, caf::exit_reason::kill);
  world.sink = nullptr;
  world.sim.settle();
  world.alert("B");
  world.memory.reachable = true;
  world.start();
  world.alert("C");
  world.sim.advance(5s);
  CHECK(world.codes() == std::vector<std::string>{"A", "B", "C"});
}
