/// Promise P19, its second third: an actor whose handler does not return is shown and told, though
/// nobody can ask it. Real threads, since something must hang; the time is the test's.
#include "actors/api/tree_view.hpp"
#include "actors/supervisor/actor_watch.hpp"
#include "actors/supervisor/scheduling.hpp"
#include "messages/observe.hpp"
#include "tests/actors/engine_world.hpp"

#include <future>
#include <thread>

namespace {

using namespace tandem;
using namespace tandem::tests;
using actors::supervisor::ActorWatch;
using actors::supervisor::spawn_guarded;

/// Handles a tick when the gate opens.
caf::behavior sleeper(caf::event_based_actor* self, messages::ContextPtr context,
                      messages::CellPtr cell, std::shared_future<void> gate) {
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {observe([gate](const messages::Tick&) { gate.wait(); })};
}

struct RealWorld {
  RealWorld() {
    context->clocks.mono = [this] { return core::MonoTime{std::chrono::milliseconds{now_ms}}; };
    context->clocks.wall = [] { return core::WallTime{}; };
    context->log = &log;
    context->directory = std::make_shared<messages::Directory>();
    context->cells = std::make_shared<messages::CellRegistry>();
    actors::supervisor::set_scheduling(config, 2);
    system = std::make_unique<caf::actor_system>(config);
  }

  /// The words of the log since the last call.
  std::vector<std::string> look_after(std::int64_t ms) {
    now_ms += ms;
    watch.look();
    return std::exchange(log.events, {});
  }

  static bool soon(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return condition();
  }

  std::atomic<std::int64_t> now_ms{1'000'000};
  MemoryLog log;
  std::shared_ptr<messages::Context> context = std::make_shared<messages::Context>();
  ActorWatch watch{context};
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
};

using Words = std::vector<std::string>;

} // namespace

TEST_CASE("P19: a handler that does not return is shown and told within 2 s, once, and so is its "
          "end") {
  RealWorld world;
  std::promise<void> gate;
  const auto cell = world.context->cells->cell("engine/sleeper", "sleeper");
  const messages::ContextPtr context = world.context;
  caf::actor actor;
  SUBCASE("on the scheduler's threads") {
    actor = spawn_guarded(*world.system, sleeper, context, cell, gate.get_future().share());
  }
  SUBCASE("on a thread of its own") {
    actor = spawn_guarded<caf::detached>(*world.system, sleeper, context, cell,
                                         gate.get_future().share());
  }
  caf::anon_send(actor, messages::Tick{});
  REQUIRE(world.soon([&] { return cell->handling_since().has_value(); }));
  CHECK(world.look_after(500).empty());
  CHECK(world.look_after(500).empty());
  CHECK(actors::tree_json(*context).find(R"("hanging":false)") != std::string::npos);
  CHECK(world.look_after(200) == Words{"ACTOR_HANGS"});
  CHECK(actors::tree_json(*context).find(R"("hanging":true)") != std::string::npos);
  for (int n = 0; n < 20; ++n)
    CHECK(world.look_after(500).empty());
  gate.set_value();
  REQUIRE(world.soon([&] { return !cell->handling_since().has_value(); }));
  CHECK(world.look_after(200) == Words{"ACTOR_WORKS_AGAIN"});
  CHECK(actors::tree_json(*context).find(R"("hanging":true)") == std::string::npos);
  CHECK(world.look_after(200).empty());
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

TEST_CASE("P19: whichever actor of the tree hangs, the alert names it") {
  EngineWorld world;
  world.start();
  REQUIRE(world.both_watching(3s));
  ActorWatch watch{world.sim.context()};
  std::size_t told = 0;
  for (const auto& cell : world.sim.context()->cells->all()) {
    CAPTURE(cell->path());
    watch.look();
    // What a handler leaves behind that does not return: nothing on this scheduler may hang.
    cell->handling_since_ns = world.sim.now().time_since_epoch().count();
    world.sim.strand.clear(); // nobody is woken, so nobody overwrites it
    for (auto passed = 0ms; passed < 1'200ms; passed += 200ms) {
      world.sim.scheduler.advance_time(200ms);
      watch.look();
    }
    cell->handling_since_ns = 0;
    watch.look();
    world.sim.settle();
    const auto& alerts = world.heard->alerts;
    const auto names = [&](const char* code) {
      return std::ranges::count_if(alerts, [&](const messages::EngineAlert& alert) {
        return alert.code == code && alert.source == cell->path();
      });
    };
    CHECK(names("ACTOR_HANGS") == 1);
    CHECK(names("ACTOR_WORKS_AGAIN") == 1);
    ++told;
  }
  CHECK(world.alerts("ACTOR_HANGS") == told);
}

TEST_CASE("P19: a mailbox in which more waits than is worked off is told") {
  Sim sim;
  ActorWatch watch{sim.context()};
  const auto cell = sim.context()->cells->cell("engine/sink", "sink");
  cell->mailbox_depth = 1'000'000;
  watch.look();
  watch.look();
  CHECK(sim.log.events == Words{"MAILBOX_FLOODED"});
  cell->mailbox_depth = 0;
  watch.look();
  CHECK(sim.log.events == Words{"MAILBOX_FLOODED", "MAILBOX_WORKED_OFF"});
}
