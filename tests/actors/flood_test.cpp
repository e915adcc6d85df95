/// Promise P19, its last third: a flooded mailbox holds up nobody who brings a kill, and what the
/// outside can put into one is bounded. Figures are in bench/flood.cpp; here is the order of
/// things.
#include "actors/api/http_state.hpp"
#include "actors/api/http_surface.hpp"
#include "actors/sinks/broadcast.hpp"
#include "core/orders/no_journal.hpp"
#include "messages/clients.hpp"
#include "tests/actors/engine_world.hpp"

namespace {

using namespace tandem;
using namespace tandem::tests;

constexpr std::size_t flood = 10'000;

using adapters::traders::match;

/// A call as the listener hands it over.
actors::HttpCall call_of(std::string method, std::string path, std::string body,
                         adapters::transport::Respond respond) {
  auto route = match(method, path).route;
  REQUIRE(route.operation != nullptr);
  return {{.method = std::move(method), .path = std::move(path), .body = std::move(body)},
          std::move(respond),
          std::move(route),
          {"tests", core::security::RoleSet::all(), "127.0.0.1", {}}};
}

struct Interface {
  Interface() {
    auto& parts = world.parts;
    parts.trading = actors::supervisor::make_trading(
        parts.config, std::make_unique<core::orders::NoJournal>(), {},
        std::make_shared<adapters::venues::KeyRing>(), world.sim.context());
    config::ListenerConfig listener;
    listener.address = "127.0.0.1:0";
    parts.config.listeners = {listener};
    parts.serve = adapters::transport::serve_on(io);
    parts.on_listening = [](config::Surface, const std::string&) {};
    world.start();
    REQUIRE(world.both_watching(3s));
  }

  [[nodiscard]] auto actor(const std::string& path) {
    return world.sim.context()->directory->get<caf::actor>(path);
  }

  /// As the listener hands it over. Once it is answered, `handled` says how many messages `watched`
  /// had handled by then.
  void post(const std::string& path, const std::string& body, const messages::CellPtr& watched) {
    auto call = call_of(
        "POST", path, body,
        [this, watched, before = watched->messages.load()](const actors::ServerResponse& response) {
          status = response.status;
          handled = watched->messages - before;
        });
    REQUIRE(call.route.operation->urgent);
    caf::anon_send<caf::message_priority::high>(actor(messages::paths::http), std::move(call));
  }

  adapters::transport::Io io{"api",
                             {[] { return core::MonoTime{}; }, [] { return core::WallTime{}; }}};
  EngineWorld world;
  int status = 0;
  std::uint64_t handled = 0;
};

/// A WebSocket of which only its end is of interest.
class WritingClient final : public adapters::transport::ServerSocket {
public:
  explicit WritingClient(std::uint64_t number) : number_{number} {}

  [[nodiscard]] std::uint64_t id() const override { return number_; }

  bool send(std::shared_ptr<const std::string>) override { return true; }

  [[nodiscard]] std::size_t buffered() const override { return 0; }

  void ping(std::string) override {}

  void close(std::uint16_t code, std::string) override { closed_with = code; }

  void abort() override {}

  void pause_reading(bool) override {}

  std::uint16_t closed_with = 0;

private:
  std::uint64_t number_;
};

} // namespace

// The scheduler of these tests lets an actor empty its mailbox before the next one has its turn. So
// the word of the person is on its way before the flood where another actor passes it on: it
// arrives behind the flood all the same.

TEST_CASE("P19: a kill overtakes what waits in the interface") {
  Interface all;
  const auto cell = all.world.sim.cell(messages::paths::http);
  const auto word
      = caf::make_message(call_of("GET", "/api/orders", {}, [](const actors::ServerResponse&) {}));
  for (std::size_t n = 0; n < flood; ++n)
    caf::anon_send(all.actor(messages::paths::http), word);
  all.post("/api/risk/kill", "not JSON: answered by the interface itself", cell);
  all.world.sim.settle();
  CHECK(all.status == 400);
  CHECK(all.handled < 100);
  CHECK(cell->messages >= flood);
}

TEST_CASE("P19: a kill overtakes what waits in the risk desk") {
  Interface all;
  const auto cell = all.world.sim.cell(messages::paths::risk);
  all.post("/api/risk/kill", R"({"level":"all"})", cell);
  for (std::size_t n = 0; n < flood; ++n)
    caf::anon_send(all.actor(messages::paths::risk),
                   messages::ReleaseKill{core::risk::KillLevel::strategy, "nobody", "nobody"});
  for (int turn = 0; turn < 20; ++turn)
    all.world.sim.scheduler.run_once();
  CHECK(all.world.parts.trading->desk->kills().size() == 1);
  CHECK(cell->mailbox_depth > flood - 20);
  all.world.sim.settle();
  CHECK(all.status == 200);
  CHECK(cell->mailbox_depth < flood);
}

TEST_CASE("P19: a person trips a breaker whose mailbox is flooded at once") {
  Interface all;
  const auto path = messages::paths::breaker("global");
  const auto cell = all.world.sim.cell(path);
  all.post("/api/risk/breakers/global/trip", "", cell);
  for (std::size_t n = 0; n < flood; ++n)
    caf::anon_send(all.actor(path), messages::BreakerTold{});
  for (int turn = 0; turn < 20; ++turn)
    all.world.sim.scheduler.run_once();
  CHECK(cell->state() == "open");
  CHECK(cell->mailbox_depth > flood - 20);
  all.world.sim.settle();
  CHECK(all.status == 200);
}

TEST_CASE("P19: asking is not urgent, only steering is") {
  CHECK(match("POST", "/api/risk/kill").route.operation->urgent);
  CHECK(match("DELETE", "/api/risk/kill").route.operation->urgent);
  CHECK_FALSE(match("GET", "/api/risk/kill").route.operation->urgent);
  CHECK_FALSE(match("POST", "/api/monitoring/pairs").route.operation->urgent);
}

TEST_CASE("P19: texts of clients that wait for a busy broadcast never exceed their bound, and give "
          "their places back whether they are read or die with it") {
  EngineWorld world;
  world.start();
  constexpr std::size_t bound = 1'000;
  const auto places = std::make_shared<core::supervision::Places>(bound);
  const auto broadcast
      = world.sim.context()->directory->get<messages::BroadcastHandle>(messages::paths::broadcast);
  for (std::size_t n = 0; n < 1'000'000; ++n)
    if (auto place = places->take())
      caf::anon_send(broadcast, messages::ClientText{n, "{}", std::move(place)});
  CHECK(places->taken() == bound);
  CHECK(places->refused() == 1'000'000 - bound);
  SUBCASE("read") {
    world.sim.settle();
  }
  SUBCASE("killed") {
    world.sim.kill(messages::paths::broadcast);
  }
  CHECK(places->taken() == 0);
}

TEST_CASE("P19: a client that writes faster than it is read is cut, the others are not") {
  EngineWorld world;
  world.start();
  const auto surface = std::make_shared<actors::HttpSurface>();
  surface->context = world.sim.context();
  const auto events = surface->events({}, {});
  const auto hasty = std::make_shared<WritingClient>(1), calm = std::make_shared<WritingClient>(2);
  events.on_socket_open(hasty, {});
  events.on_socket_open(calm, {});
  constexpr int room = 256; // of one client
  for (int n = 0; n < room; ++n)
    events.on_socket_text(hasty, "{}");
  CHECK(hasty->closed_with == 0);
  events.on_socket_text(hasty, "{}");
  CHECK(hasty->closed_with == 1008);
  world.sim.settle();
  for (int turn = 0; turn < 10; ++turn) {
    for (int n = 0; n < room; ++n)
      events.on_socket_text(calm, "{}");
    world.sim.settle();
  }
  CHECK(calm->closed_with == 0);
  const auto cell = world.sim.cell(messages::paths::broadcast);
  for (int n = 0; n < 1'000'000; ++n)
    events.on_socket_text(calm, "{}");
  world.sim.advance(20ms);
  CHECK(cell->mailbox_depth <= room);
  CHECK(calm->closed_with == 1008);
}
