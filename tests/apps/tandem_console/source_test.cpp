#include "apps/tandem_console/source.hpp"

#include "apps/tandem_console/terminal.hpp"
#include "tests/apps/tandem_console/fake_client.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::apps;
using core::console::View;
using testing::FakeClient;

namespace {

struct World {
  FakeClient client;
  core::MonoTime now{100s};
  Source source{client, "unix:x", [this] { return now; }};
};

const char* const log_of_two
    = R"({"lines":[{"number":6,"level":"info","event":"a"},{"number":7,"level":"info","event":"b"}]})";

} // namespace

TEST_CASE("a lost connection is told, and what was seen stays on the screen") {
  World world;
  world.client.data["/health"] = R"({"name":"mock-engine","mode":"mock","uptimeSeconds":125})";
  world.client.data["/api/engine/actors"]
      = R"({"name":"engine","path":"engine","messages":5,"children":[]})";
  CHECK_FALSE(world.source.model().connected);
  world.source.refresh(View::tree, std::nullopt);
  CHECK(world.source.model().connected);
  CHECK(world.source.model().engine == "mock-engine");
  CHECK(world.source.model().uptime == "2m");
  CHECK(world.source.model().table(View::tree).rows.size() == 1);
  world.client.gone = true;
  world.source.refresh(View::tree, std::nullopt);
  CHECK_FALSE(world.source.model().connected);
  CHECK(world.source.model().trouble.find("connection refused") != std::string::npos);
  CHECK(world.source.model().table(View::tree).rows.size() == 1);
  world.client.gone = false;
  world.source.refresh(View::tree, std::nullopt);
  CHECK(world.source.model().connected);
}

TEST_CASE("who is away is asked one thing, not five") {
  World world;
  world.client.gone = true;
  world.source.refresh(View::orders, std::nullopt);
  CHECK(world.client.asked.size() == 1);
}

TEST_CASE("only what the view needs is asked for") {
  World world;
  world.source.refresh(View::breakers, "engine/x");
  std::vector<std::string> targets;
  for (const auto& request : world.client.asked)
    targets.push_back(request.target);
  CHECK(targets
        == std::vector<std::string>{"/health", "/api/risk/kill", "/api/engine/actors",
                                    "/api/risk/breakers", "/api/engine/actor?path=engine%2Fx"});
}

TEST_CASE("the log is read on from its last line, and anew from an engine that began anew") {
  World world;
  world.client.data["/api/engine/log"] = log_of_two;
  world.source.refresh(View::log, std::nullopt);
  world.client.asked.clear();
  world.client.data.erase("/api/engine/log");
  world.source.refresh(View::log, std::nullopt);
  CHECK(world.client.asked.back().target == "/api/engine/log?limit=1000&after=7");
  CHECK(world.source.model().table(View::log).rows.size() == 2);
  world.client.gone = true;
  world.source.refresh(View::log, std::nullopt);
  world.client.gone = false;
  world.source.refresh(View::log, std::nullopt);
  CHECK(world.client.asked.back().target == "/api/engine/log?limit=1000&after=0");
}

TEST_CASE("rates are of the time between two looks") {
  World world;
  const auto messages = [&](const char* count) {
    world.client.data["/api/engine/actors"] = R"({"name":"engine","path":"engine","messages":)"
                                              + std::string{count} + R"(,"children":[]})";
    world.source.refresh(View::tree, std::nullopt);
    world.now += 2s;
    return world.source.model().table(View::tree).rows.at(0).cells.at(7).text;
  };
  CHECK(messages("100") == "-");
  CHECK(messages("103") == "1.5");
}

TEST_CASE("what came of a wish is said in words") {
  FakeClient client;
  using core::console::Wish;
  CHECK(perform(client, {Wish::Kind::restart, "engine/x"}, {}) == "restart engine/x: done");
  CHECK(client.asked.back()
        == Request{"POST", "/api/engine/actors/restart", R"({"path":"engine/x"})"});
  client.refusals["/api/risk/kill"] = "FORBIDDEN";
  CHECK(perform(client, {Wish::Kind::kill_switch}, "why").ends_with(": no"));
  CHECK(client.asked.back().body == R"({"level":"all","reason":"why"})");
}

TEST_CASE("paths may be written short") {
  CHECK(full_path("engine") == "engine");
  CHECK(full_path("venues/binance/spot/feed") == "engine/services/venues/binance/spot/feed");
  CHECK(pair_path("btc") == "engine/services/strategies/pair.btc");
  CHECK(pair_path("venues/binance") == "engine/services/venues/binance");
}

TEST_CASE("only lines that changed are painted") {
  using core::console::Line;
  using core::console::Look;
  const std::vector<Line> before{{{"one", Look::plain}}, {{"two", Look::bad}}};
  auto after = before;
  CHECK(paint(after, before).empty());
  after[1] = {{"three", Look::plain}};
  const auto text = paint(after, before);
  CHECK(text.find("\x1b[2;1H") != std::string::npos);
  CHECK(text.find("three") != std::string::npos);
  CHECK(text.find("one") == std::string::npos);
  CHECK(paint(before, {}).find("one") != std::string::npos);
}
