/// What streaming clients hear: prices at their own pace, events always, each only what it asked
/// for; and what becomes of them when the actor restarts (promise P13).
#include "actors/sinks/broadcast.hpp"

#include "actors/market/market_bus.hpp"
#include "actors/supervisor/spawn.hpp"
#include "messages/events.hpp"
#include "tests/actors/sim.hpp"

#include <caf/send.hpp>

namespace {

using namespace tandem;
using namespace tandem::tests;
using core::market::BookCondition;

class FakeClient final : public messages::Client {
public:
  explicit FakeClient(std::uint64_t id) : id_{id} {}

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override {
    got.push_back(std::move(text));
    return true;
  }

  [[nodiscard]] std::size_t buffered() const override { return backlog; }

  void close(std::uint16_t code, std::string) override { closed = code; }

  /// Frames that contain `part`.
  [[nodiscard]] std::size_t heard(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(got.begin(), got.end(), [&](const auto& text) {
      return text->find(part) != std::string::npos;
    }));
  }

  std::vector<std::shared_ptr<const std::string>> got;
  std::size_t backlog = 0;
  std::uint16_t closed = 0;

private:
  std::uint64_t id_;
};

class World {
public:
  World() {
    bus = sim.own(actors::supervisor::spawn_guarded(
        sim.system, actors::market_bus, sim.context(),
        sim.context()->cells->cell(messages::paths::market_bus, "market_bus"), nullptr));
    sim.context()->directory->put(messages::paths::market_bus,
                                  caf::actor_cast<caf::strong_actor_ptr>(bus));
    cell = sim.context()->cells->cell(messages::paths::broadcast, "broadcast");
    start();
  }

  void start() {
    broadcast = sim.own(
        actors::supervisor::spawn_guarded(sim.system, actors::broadcast, sim.context(), cell));
  }

  std::shared_ptr<FakeClient> client(std::size_t per_second = 10) {
    auto made = std::make_shared<FakeClient>(next_++);
    caf::anon_send(broadcast, messages::ClientOpened{made, per_second});
    sim.settle();
    return made;
  }

  void says(const std::shared_ptr<FakeClient>& from, const std::string& text) {
    caf::anon_send(broadcast, messages::ClientText{from->id(), text});
    sim.settle();
  }

  void price(const std::string& symbol, std::int64_t bid,
             BookCondition condition = BookCondition::live) {
    auto view = std::make_shared<core::market::DepthView>();
    view->condition = condition;
    view->scale = {2, 3};
    if (condition == BookCondition::live) {
      view->bid_count = view->ask_count = 1;
      view->bids_store[0] = {core::Price{bid}, core::Quantity{1}};
      view->asks_store[0] = {core::Price{bid + 1}, core::Quantity{1}};
    }
    sim.context()
        ->board->entry({core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{symbol}})
        ->publish(std::move(view));
    sim.settle();
  }

  void alert(const std::string& pair) {
    messages::EngineAlert event;
    event.code = "PAIR_PAUSED";
    event.pair = core::PairId{pair};
    caf::anon_send(bus, event);
    sim.settle();
  }

  Sim sim;
  messages::MarketBusHandle bus;
  messages::CellPtr cell;
  messages::BroadcastHandle broadcast;

private:
  std::uint64_t next_ = 1;
};

} // namespace

TEST_CASE("a newcomer hears every live price at once, then changes") {
  World world;
  world.price("BTCUSDT", 100);
  world.price("ETHUSDT", 200);
  world.price("XRPUSDT", 0, BookCondition::stale);
  const auto client = world.client();
  world.sim.advance(20ms);
  CHECK(client->heard("BTCUSDT") == 1);
  CHECK(client->heard("ETHUSDT") == 1);
  CHECK(client->heard("XRPUSDT") == 0); // no top to show
  world.sim.advance(200ms);
  CHECK(client->got.size() == 2);
  world.price("BTCUSDT", 101);
  CHECK(client->heard(R"("bid":1.01)") == 1); // at once: the last one is long ago
}

TEST_CASE("prices are conflated per client and symbol, and the latest always arrives") {
  World world;
  const auto slow_pace = world.client(2);
  const auto quick_pace = world.client(100);
  for (int i = 0; i < 1'000; ++i) {
    world.price("BTCUSDT", 10'000 + i);
    if (i % 100 == 0)
      world.price("ETHUSDT", 20'000 + i);
    world.sim.advance(1ms);
  }
  world.sim.advance(600ms);
  CHECK(slow_pace->heard("BTCUSDT") <= 4);
  CHECK(slow_pace->heard("BTCUSDT") >= 3);
  CHECK(quick_pace->heard("BTCUSDT") <= 102);
  CHECK(quick_pace->heard("BTCUSDT") >= 50);
  CHECK(slow_pace->heard("ETHUSDT") >= 2); // not held up by the busy symbol
  CHECK(slow_pace->heard("109.99") == 1);
  CHECK(quick_pace->heard("109.99") == 1);
  CHECK(world.cell->counters()["conflated"] > 900);
  CHECK(world.cell->counters()["conflated"] < 2'000); // updates, not looks
}

TEST_CASE("one frame is made for all who hear the same") {
  World world;
  const auto one = world.client(), two = world.client();
  world.price("BTCUSDT", 100);
  REQUIRE(one->got.size() == 1);
  REQUIRE(two->got.size() == 1);
  CHECK(one->got[0] == two->got[0]);
}

TEST_CASE("a client that does not read gets events but no prices until it has read") {
  World world;
  const auto stuck = world.client(100), well = world.client(100);
  stuck->backlog = 2U << 20U;
  for (int i = 0; i < 20; ++i) {
    world.price("BTCUSDT", 100 + i);
    world.sim.advance(20ms);
  }
  world.alert("btc");
  CHECK(stuck->heard("price_update") == 0);
  CHECK(stuck->heard("PAIR_PAUSED") == 1);
  CHECK(well->heard("price_update") == 20);
  stuck->backlog = 0;
  world.sim.advance(20ms);
  CHECK(stuck->heard("price_update") == 1); // the latest alone
  CHECK(stuck->heard("1.19") == 1);
}

TEST_CASE("each client hears what it asked for") {
  World world;
  const auto all = world.client(), some = world.client();
  world.says(some, R"({"op":"subscribe","symbols":["ETHUSDT"]})");
  const auto answers = some->got.size();
  CHECK(answers == 1);
  world.price("BTCUSDT", 100);
  world.price("ETHUSDT", 200);
  CHECK(all->heard("price_update") == 2);
  CHECK(some->heard("price_update") == 1);
  CHECK(some->heard("ETHUSDT") == 2); // with the answer that names it
  world.says(some, "not json");
  CHECK(some->got.size() == answers + 2); // it is told, and nothing changes
}

TEST_CASE("a client that left hears nothing, and what strangers say does no harm") {
  World world;
  const auto client = world.client();
  caf::anon_send(world.broadcast, messages::ClientClosed{client->id()});
  caf::anon_send(world.broadcast, messages::ClientClosed{777});
  caf::anon_send(world.broadcast, messages::ClientText{777, "{}"});
  world.sim.settle();
  world.price("BTCUSDT", 100);
  world.alert("btc");
  CHECK(client->got.empty());
  world.sim.advance(20ms);
  CHECK(world.cell->counters()["clients"] == 0);
}

TEST_CASE("a restart sends every client away with 1012, and the next incarnation hears the world") {
  World world;
  const auto old = world.client();
  caf::anon_send_exit(world.broadcast, caf::exit_reason::kill);
  world.sim.settle();
  CHECK(old->closed == 1012);
  world.price("BTCUSDT", 100); // between the two: nobody is woken
  world.start();
  const auto client = world.client();
  world.sim.advance(20ms);
  CHECK(client->heard("BTCUSDT") == 1);
  world.sim.advance(200ms);
  world.price("BTCUSDT", 101);
  CHECK(client->heard("BTCUSDT") == 2);
  world.alert("btc");
  CHECK(client->heard("PAIR_PAUSED") == 1); // once: the old listener is gone
  CHECK(old->got.size() == 0);
}
