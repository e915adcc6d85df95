/// The bus: whoever starts late is told what matters to it, and only that.
#include "actors/market/market_bus.hpp"

#include "actors/supervisor/spawn.hpp"
#include "tests/actors/sim.hpp"

#include <caf/send.hpp>

namespace {

using namespace tandem;
using namespace tandem::tests;

const core::MarketKey binance{core::VenueId{"binance"}, core::MarketType::spot};
const core::MarketKey bybit{core::VenueId{"bybit"}, core::MarketType::spot};

using Words = std::shared_ptr<std::vector<std::string>>;

messages::FeedHandle::behavior_type fake_feed(messages::FeedHandle::pointer /*self*/, Words told) {
  return {
      [told](const messages::SubscribeBook& request) {
        told->push_back("+" + request.instrument.symbol.text());
      },
      [told](const messages::UnsubscribeBook& request) {
        told->push_back("-" + request.instrument.symbol.text());
      },
      [told](const messages::InstrumentsLoaded&) { told->push_back("instruments"); },
      [told](const messages::ClockMeasured& clock) {
        told->push_back(clock.beyond ? "clock bad" : "clock good");
      },
      [](const messages::LinkNotice&) {},
      [](const messages::ReadBook&) {},
      [](const messages::Tick&) {},
  };
}

messages::EventListenerHandle::behavior_type fake_listener(messages::EventListenerHandle::pointer,
                                                           std::shared_ptr<int> heard) {
  return {[heard](const messages::Opportunity&) { ++*heard; },
          [heard](const messages::EngineAlert&) { ++*heard; },
          [heard](const messages::OrderMoved&) { ++*heard; },
          [heard](const messages::ExecutionMoved&) { ++*heard; },
          [heard](const messages::PlanMoved&) { ++*heard; }};
}

class World {
public:
  World() {
    bus = sim.own(actors::supervisor::spawn_guarded(
        sim.system, actors::market_bus, sim.context(),
        sim.context()->cells->cell(messages::paths::market_bus, "market_bus"), nullptr));
  }

  template <class Message>
  void tell(Message message) {
    caf::anon_send(bus, std::move(message));
    sim.settle();
  }

  Words feed(const core::MarketKey& market) {
    auto told = std::make_shared<std::vector<std::string>>();
    tell(messages::FeedStarted{market, sim.own(sim.system.spawn(fake_feed, told))});
    return told;
  }

  static messages::SubscribeBook wish(const core::MarketKey& market, const std::string& symbol) {
    return {{market.venue, market.type, core::Symbol{symbol}},
            std::make_shared<core::market::DepthSlot>(
                10, core::Quantity{0}, std::make_shared<core::market::WakeFlag>([] {}))};
  }

  Sim sim;
  messages::MarketBusHandle bus;
};

using Story = std::vector<std::string>;

} // namespace

TEST_CASE(
    "a feed that starts late is told instruments, clock and wishes of its market, in this order") {
  World world;
  const auto btc = World::wish(binance, "BTCUSDT");
  world.tell(btc);
  world.tell(World::wish(bybit, "ETHUSDT"));
  world.tell(messages::ClockMeasured{binance, 900ms, true});
  world.tell(messages::InstrumentsLoaded{binance, std::make_shared<core::InstrumentTable>()});
  const auto told = world.feed(binance);
  CHECK(*told == Story{"instruments", "clock bad", "+BTCUSDT"});
}

TEST_CASE("a restarted feed is told everything again, as it stands by then") {
  World world;
  const auto first = world.feed(binance);
  const auto btc = World::wish(binance, "BTCUSDT"), eth = World::wish(binance, "ETHUSDT");
  world.tell(btc);
  world.tell(eth);
  world.tell(messages::InstrumentsLoaded{binance, std::make_shared<core::InstrumentTable>()});
  world.tell(messages::ClockMeasured{binance, 900ms, true});
  world.tell(messages::ClockMeasured{binance, 0ms, false});
  world.tell(messages::UnsubscribeBook{btc.instrument, btc.slot});
  CHECK(*first
        == Story{"+BTCUSDT", "+ETHUSDT", "instruments", "clock bad", "clock good", "-BTCUSDT"});
  const auto second = world.feed(binance);
  CHECK(*second == Story{"instruments", "clock good", "+ETHUSDT"});
  world.tell(World::wish(binance, "XRPUSDT"));
  CHECK(second->back() == "+XRPUSDT");
  CHECK(first->back() == "-BTCUSDT"); // the old incarnation hears nothing more
}

TEST_CASE("two consumers of one book are two wishes") {
  World world;
  const auto one = World::wish(binance, "BTCUSDT"), two = World::wish(binance, "BTCUSDT");
  world.tell(one);
  world.tell(two);
  world.tell(messages::UnsubscribeBook{one.instrument, one.slot});
  CHECK(*world.feed(binance) == Story{"+BTCUSDT"});
}

TEST_CASE("events reach every listener once; one that ended is forgotten") {
  World world;
  const auto a = std::make_shared<int>(0), b = std::make_shared<int>(0);
  const auto first = world.sim.own(world.sim.system.spawn(fake_listener, a));
  const auto second = world.sim.own(world.sim.system.spawn(fake_listener, b));
  world.tell(messages::AddListener{first});
  world.tell(messages::AddListener{second});
  world.tell(messages::AddListener{second}); // again: still once
  world.tell(messages::EngineAlert{});
  world.tell(messages::Opportunity{});
  CHECK(*a == 2);
  CHECK(*b == 2);
  caf::anon_send_exit(first, caf::exit_reason::kill);
  world.sim.settle();
  world.tell(messages::EngineAlert{});
  CHECK(*a == 2);
  CHECK(*b == 3);
}

TEST_CASE("P19: a listener that reads nothing holds up nobody: moves of orders beyond a bound are "
          "not told to listeners, counted, and alerted") {
  World world;
  const auto heard = std::make_shared<int>(0);
  world.tell(messages::AddListener{world.sim.own(world.sim.system.spawn(fake_listener, heard))});
  const auto path = std::make_shared<core::supervision::Places>(1'000'000);
  core::orders::OrderUpdate update;
  update.order = std::make_shared<const core::orders::Order>(core::orders::OrderIntent{});
  for (std::size_t n = 0; n < actors::moves_waiting_max + 10; ++n)
    caf::anon_send(world.bus, messages::OrderMoved{update, path->take()});
  // The bus alone has its turns: its mailbox is emptied before the listener's.
  for (std::size_t n = 0; n < actors::moves_waiting_max + 10; ++n)
    world.sim.scheduler.run_once();
  const auto not_told = [&] {
    const auto counters = world.sim.cell(messages::paths::market_bus)->counters();
    const auto found = counters.find("moves_not_told");
    return found == counters.end() ? 0 : found->second;
  };
  CHECK(path->taken() == 0);
  CHECK(not_told() == 10);
  CHECK(std::count(world.sim.log.events.begin(), world.sim.log.events.end(), "LISTENERS_FLOODED")
        == 1);
  world.sim.settle();
  CHECK(*heard >= static_cast<int>(actors::moves_waiting_max));
  world.tell(messages::OrderMoved{update});
  CHECK(not_told() == 10);
}
