#include "apps/tandem_console/commands.hpp"

#include "tests/apps/tandem_console/fake_client.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::apps;
using testing::FakeClient;

namespace {

struct Ran {
  int code;
  std::string out, err;
};

std::chrono::milliseconds waited{0};

Ran run(FakeClient& client, const CommandLine& line) {
  std::ostringstream out, err;
  const int code
      = run_command(client, line, out, err, [](std::chrono::milliseconds time) { waited += time; });
  return {code, out.str(), err.str()};
}

CommandLine command(std::string name, std::string subject = {}) {
  CommandLine line;
  line.name = std::move(name);
  line.subject = std::move(subject);
  return line;
}

Request asked_for(const CommandLine& line) {
  FakeClient client;
  (void)run(client, line);
  REQUIRE(client.asked.size() == 1);
  return client.asked.front();
}

} // namespace

TEST_CASE("each command is one request of the engine's own") {
  CHECK(asked_for(command("tree")) == Request{"GET", "/api/engine/actors"});
  CHECK(asked_for(command("actor", "venues/binance"))
        == Request{"GET", "/api/engine/actor?path=engine%2Fservices%2Fvenues%2Fbinance"});
  CHECK(asked_for(command("pause", "btc"))
        == Request{"POST", "/api/engine/actors/pause",
                   R"({"path":"engine/services/strategies/pair.btc"})"});
  auto decide = command("decide", "tnd1");
  decide.status = "cancelled";
  CHECK(asked_for(decide)
        == Request{"POST", "/api/orders/tnd1/decide", R"({"status":"cancelled"})"});
  CHECK(asked_for(command("resume", "engine"))
        == Request{"POST", "/api/engine/actors/resume", R"({"path":"engine"})"});
  CHECK(
      asked_for(command("restart", "engine/services/risk/desk"))
      == Request{"POST", "/api/engine/actors/restart", R"({"path":"engine/services/risk/desk"})"});
  CHECK(asked_for(command("kill", "venues/binance/spot/feed"))
        == Request{"POST", "/api/engine/actors/kill",
                   R"({"path":"engine/services/venues/binance/spot/feed"})"});
  CHECK(asked_for(command("trip", "venue.bybit"))
        == Request{"POST", "/api/risk/breakers/venue.bybit/trip"});
  CHECK(asked_for(command("reset", "../x")) == Request{"POST", "/api/risk/breakers/..%2Fx/reset"});
  CHECK(asked_for(command("config-diff")) == Request{"GET", "/api/engine/config"});
  CHECK(asked_for(command("config-apply")) == Request{"POST", "/api/engine/config/apply"});
}

TEST_CASE("of the log all lines are asked for, or those of one category") {
  auto line = command("log");
  CHECK(asked_for(line) == Request{"GET", "/api/engine/log?limit=100"});
  line.category = "performance";
  CHECK(asked_for(line) == Request{"GET", "/api/engine/log?limit=100&category=performance"});
  auto watch = command("watch", "log");
  watch.category = "error";
  watch.count = 1;
  FakeClient client;
  client.data["/api/engine/log"] = R"({"lines":[{"number":7,"ts":0,"level":"error",)"
                                   R"("event":"io_fault","actor":"","fields":{}}]})";
  CHECK(run(client, watch).code == 0);
  REQUIRE(client.asked.size() == 1);
  CHECK(client.asked.front()
        == Request{"GET", "/api/engine/log?limit=1000&category=error&after=0"});
}

TEST_CASE("the kill switch says of what and why, and is lifted the same way") {
  auto line = command("kill-switch");
  line.reason = "too fast";
  CHECK(asked_for(line)
        == Request{"POST", "/api/risk/kill", R"({"level":"all","reason":"too fast"})"});
  line.level = "venue";
  line.scope = "bybit";
  line.flatten = true;
  line.release = true;
  CHECK(asked_for(line)
        == Request{"DELETE", "/api/risk/kill",
                   R"({"level":"venue","scope":"bybit","reason":"too fast","flatten":true})"});
}

TEST_CASE("a drill is a fault of the simulator's menu, or their end") {
  auto line = command("drill", "disconnect");
  line.scope = "binance_spot";
  line.for_ms = 500;
  CHECK(asked_for(line)
        == Request{"POST", "/api/engine/drill",
                   R"({"kind":"disconnect","surface":"binance_spot","for_ms":500})"});
  CHECK(asked_for(command("drill", "off"))
        == Request{"POST", "/api/engine/drill", R"({"off":true})"});
}

TEST_CASE("with --json the engine's answer is printed as it is") {
  FakeClient client;
  client.data["/api/risk/breakers"] = R"([{"name":"global","state":"closed"}])";
  auto line = command("breakers");
  const auto text = run(client, line).out;
  CHECK(text.starts_with("breaker "));
  CHECK(text.find("\nglobal    closed") != std::string::npos);
  line.json = true;
  CHECK(run(client, line).out
        == "{\"success\":true,\"mode\":\"mock\",\"data\":[{\"name\":\"global\",\"state\":"
           "\"closed\"}]}\n");
}

TEST_CASE("the exit code says whose fault it was") {
  FakeClient client;
  CHECK(run(client, command("tree")).code == exit_done);
  client.refusals["/api/engine/actor"] = "NOT_FOUND";
  const auto refused = run(client, command("actor", "engine/x"));
  CHECK(refused.code == exit_usage);
  CHECK(refused.err == "tandem-console: no (NOT_FOUND)\n");
  client.refusals["/api/risk/breakers"] = "EXCHANGE_UNAVAILABLE";
  CHECK(run(client, command("breakers")).code == exit_no_engine);
  client.refusals["/api/engine/sinks"] = "INTERNAL";
  CHECK(run(client, command("sinks")).code == exit_internal);
  client.gone = true;
  const auto gone = run(client, command("tree"));
  CHECK(gone.code == exit_no_engine);
  CHECK(gone.err.find("connection refused") != std::string::npos);
  CHECK(gone.out.empty());
}

TEST_CASE("a file that cannot be staged is said before anybody is asked") {
  FakeClient client;
  const auto ran = run(client, command("config-stage", "/nowhere/x.yaml"));
  CHECK(ran.code == exit_usage);
  CHECK(client.asked.empty());
}

TEST_CASE("top looks twice and sorts by what happened between") {
  FakeClient client;
  client.data["/api/engine/actors"]
      = R"({"name":"engine","path":"engine","state":"one_for_one","messages":5,"children":[
           {"name":"a","path":"engine/a","state":"live","messages":10,"mailboxDepth":2,
            "children":[]}]})";
  waited = 0ms;
  auto line = command("top");
  line.json = true;
  line.interval = 250ms;
  line.limit = 1;
  const auto ran = run(client, line);
  CHECK(ran.code == exit_done);
  CHECK(waited == 250ms);
  CHECK(client.asked.size() == 2);
  CHECK(ran.out.starts_with(R"({"success":true,"data":[{"path":"engine)"));
  CHECK(ran.out.find(R"("messagesPerSecond":0)") != std::string::npos);
}

TEST_CASE("watch prints one line for each event, and ends after so many") {
  FakeClient client;
  client.frames = {R"({"event":"subscribed","mode":"mock","data":{}})",
                   R"({"event":"engine_alert","data":1})", R"({"event":"engine_alert","data":2})"};
  auto line = command("watch", "engine_alert");
  line.count = 1;
  auto ran = run(client, line);
  CHECK(ran.code == exit_done);
  CHECK(ran.out == "{\"event\":\"engine_alert\",\"data\":1}\n");
  CHECK(client.asked.back().target == R"({"op":"subscribe","events":["engine_alert"]})");
  SUBCASE("a stream that breaks is no success") {
    line.count = 0;
    ran = run(client, line);
    CHECK(ran.code == exit_no_engine);
    CHECK(ran.out.ends_with("\"data\":2}\n"));
  }
  SUBCASE("an event that the engine does not know is said") {
    client.frames = {R"({"event":"error","mode":"mock","data":{}})"};
    ran = run(client, line);
    CHECK(ran.code == exit_usage);
    CHECK(ran.out.empty());
  }
}
