/// The tree as REST, gRPC and the console tell it.
#include "actors/api/tree_view.hpp"

#include "adapters/transport/json.hpp"
#include "tests/actors/sim.hpp"

namespace {

using namespace tandem;
using namespace tandem::tests;
using adapters::transport::Json;
using adapters::transport::parse_json;

std::string text(const Json& object, std::string_view key) {
  const auto* value = object.find(key);
  REQUIRE(value != nullptr);
  if (value->string() != nullptr)
    return *value->string();
  if (value->boolean() != nullptr)
    return *value->boolean() ? "true" : "false";
  return value->number() == nullptr ? "null" : value->number()->text;
}

} // namespace

TEST_CASE("restarts are told within the window of the supervisor above") {
  Sim sim;
  const auto context = sim.context();
  const auto now = [&] { return context->clocks.mono(); };
  context->cells->cell("engine", "supervisor")
      ->set_intensity({.restarts_max = 3, .within = std::chrono::seconds{30}});
  const auto cell = context->cells->cell("engine/feed", "feed");
  cell->note_restart(now());
  sim.advance(20s);
  cell->note_restart(now());
  sim.advance(15s);
  const auto actor = parse_json(actors::actor_json(*context, "engine/feed"));
  REQUIRE(actor);
  CHECK(text(*actor, "restarts") == "2");
  const auto* window = actor->find("restartsInWindow");
  CHECK(text(*window, "count") == "1");
  CHECK(text(*window, "max") == "3");
  CHECK(text(*window, "seconds") == "30");
  CHECK(text(*actor, "intensity") == "null");
  const auto root = parse_json(actors::actor_json(*context, "engine"));
  REQUIRE(root);
  CHECK(text(*root->find("intensity"), "max") == "3");
}

TEST_CASE("the last messages are told with their age, and what goes on as going on") {
  Sim sim;
  const auto context = sim.context();
  const auto cell = context->cells->cell("engine/feed", "feed");
  cell->recent.begin("Tick", context->clocks.mono(), 0);
  cell->recent.end(5us);
  sim.advance(2s);
  cell->recent.begin("Trade", context->clocks.mono(), 4);
  sim.advance(1s);
  const auto actor = parse_json(actors::actor_json(*context, "engine/feed"));
  REQUIRE(actor);
  CHECK(text(*actor, "oldestWaitingMs") == "3000");
  const auto& latest = *actor->find("latest")->array();
  REQUIRE(latest.size() == 2);
  CHECK(text(latest[0], "message") == "Trade");
  CHECK(text(latest[0], "tookNs") == "null");
  CHECK(text(latest[0], "agoMs") == "1000");
  CHECK(text(latest[0], "waiting") == "4");
  CHECK(text(latest[1], "tookNs") == "5000");
}

TEST_CASE("who is not there is not told") {
  Sim sim;
  CHECK(actors::actor_json(*sim.context(), "engine/nobody").empty());
  CHECK(actors::actor_json(*sim.context(), "").empty());
}

TEST_CASE("the sinks are told by their ids") {
  Sim sim;
  const auto cell = sim.context()->cells->cell("engine/services/sinks/sink.kafka", "sink");
  cell->set_counter("lost", 2);
  CHECK(actors::sinks_json(*sim.context())
        == R"([{"id":"kafka","path":"engine/services/sinks/sink.kafka","state":"starting",)"
           R"("lastError":"","counters":{"lost":2}}])");
}
