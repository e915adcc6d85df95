// The flattener in virtual time: a switch that asks for it brings what it covers to zero through
// the desk, one order at a time, and says what came of it.
#include "actors/risk/flattener.hpp"

#include "messages/events.hpp"
#include "tests/actors/risk_world.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>

namespace tandem::tests {
namespace {

using core::orders::ClientOrderId;
using core::orders::OrderState;
using core::orders::VenueStatus;
using Slots = std::map<core::InstrumentKey, std::shared_ptr<core::market::DepthSlot>>;

/// A bus that only remembers who wants which book.
messages::MarketBusHandle::behavior_type keep_slots(messages::MarketBusHandle::pointer /*self*/,
                                                    std::shared_ptr<Slots> slots) {
  return {
      [slots](const messages::SubscribeBook& wish) { (*slots)[wish.instrument] = wish.slot; },
      [slots](const messages::UnsubscribeBook& wish) { slots->erase(wish.instrument); },
      [](const messages::FeedStarted&) {},
      [](const messages::InstrumentsLoaded&) {},
      [](const messages::ClockMeasured&) {},
      [](const messages::AddListener&) {},
      [](const messages::Opportunity&) {},
      [](const messages::EngineAlert&) {},
      [](const messages::OrderMoved&) {},
      [](const messages::ExecutionMoved&) {},
      [](const messages::PlanMoved&) {},
  };
}

struct Flat : RiskWorld {
  Flat() {
    follow();
    own(messages::paths::market_bus, "market_bus", [&](const auto& cell) {
      (void)cell;
      return sim.system.spawn(keep_slots, slots);
    });
    start();
  }

  void start() {
    own(path, "flattener", [&](const auto& cell) {
      return sim.system.spawn(actors::flattener, sim.context(), cell, &world.desk);
    });
  }

  /// Buys 1 at Binance, filled.
  void hold_one() {
    const auto id = world.submit();
    world.desk.on_fill(DeskWorld::fill(id, "open", "1"), world.now);
    world.desk.on_order(DeskWorld::shown(id, VenueStatus::filled, "1"), world.now);
    REQUIRE(world.desk.position(Gated::key()) == money("1"));
    port().sent.clear();
  }

  void kill(bool flatten, const std::string& venue = {}) {
    core::risk::KillOrder order;
    order.level = venue.empty() ? core::risk::KillLevel::all : core::risk::KillLevel::venue;
    order.scope = venue;
    order.flatten = flatten;
    order.person = "ann";
    order.ts = 7;
    follow();
    world.desk.kill(order, world.now);
  }

  /// The book of now in every slot that is wanted, for so long.
  void go(std::chrono::milliseconds span) {
    for (auto left = span; left > 0ms; left -= 50ms) {
      for (const auto& [instrument, slot] : *slots) {
        auto& view = slot->write();
        view = {};
        view.condition = core::market::BookCondition::live;
        view.scale = cents;
        view.instrument = std::make_shared<const core::Instrument>(Gated::listed(instrument));
        view.received_at = sim.now();
        view.bid_count = view.ask_count = 1;
        view.bids_store[0] = {core::Price{100'00}, core::Quantity{50'000}};
        view.asks_store[0] = {core::Price{101'00}, core::Quantity{50'000}};
        slot->publish();
      }
      sim.advance(50ms);
      follow();
    }
  }

  /// One is held, a switch is thrown, and its first order is under way.
  void begin_selling() {
    hold_one();
    kill(true);
    go(1s);
    REQUIRE(port().sent.size() == 1);
  }

  Port& port() { return world.ports["binance"]; }

  /// The venue's end of the last order.
  void end(VenueStatus status, const std::string& filled) {
    const auto id = port().sent.back().id;
    if (filled != "0") {
      auto fill = DeskWorld::fill(id, "close" + id.text(), filled);
      fill.side = core::orders::Side::sell;
      fill.price = decimal("100");
      world.desk.on_fill(fill, world.now);
    }
    auto shown = DeskWorld::shown(id, status, filled);
    shown.side = core::orders::Side::sell;
    world.desk.on_order(shown, world.now);
  }

  const std::string path = messages::paths::risk_group + "/flattener";
  std::shared_ptr<Slots> slots = std::make_shared<Slots>();
};

} // namespace

TEST_CASE("a switch with flattening sells what is held, once, and says that it is done") {
  Flat flat;
  flat.begin_selling();
  const auto& draft = flat.port().sent[0].draft;
  CHECK(draft.side == core::orders::Side::sell);
  CHECK(draft.quantity.units == 1'000);
  CHECK(draft.origin.purpose == core::orders::OrderPurpose::flatten);
  CHECK(draft.price.units <= 100'00);
  CHECK(draft.price.units >= 99'00);
  flat.go(5s);
  CHECK(flat.port().sent.size() == 1); // no other beside it, however long it takes
  flat.end(VenueStatus::filled, "1");
  flat.go(1s);
  CHECK(flat.world.desk.position(Gated::key()) == money("0"));
  CHECK(flat.told("FLATTENED") == 1);
  CHECK(flat.sim.cell(flat.path)->state() == "done");
  CHECK(flat.slots->empty());
}

TEST_CASE("what an order leaves is sold by the next one") {
  Flat flat;
  flat.begin_selling();
  flat.end(VenueStatus::expired, "0.4");
  flat.go(2s);
  REQUIRE(flat.port().sent.size() == 2);
  CHECK(flat.port().sent[1].draft.quantity.units == 600);
  CHECK(flat.told("FLATTENED") == 0);
}

TEST_CASE("a switch without flattening, or of another venue, sells nothing") {
  Flat flat;
  flat.hold_one();
  SUBCASE("without") {
    flat.kill(false);
  }
  SUBCASE("another venue") {
    flat.kill(true, "bybit");
  }
  flat.go(3s);
  CHECK(flat.port().sent.empty());
  CHECK(flat.world.desk.position(Gated::key()) == money("1"));
}

TEST_CASE("without a book nothing is sold blindly; what is left after its time is told") {
  Flat flat;
  flat.hold_one();
  flat.kill(true);
  flat.sim.advance(59s);
  CHECK(flat.port().sent.empty());
  CHECK(flat.told("FLATTEN_FAILED") == 0);
  flat.sim.advance(2s);
  CHECK(flat.told("FLATTEN_FAILED") == 1);
}

TEST_CASE("a lifted switch ends the work") {
  Flat flat;
  flat.hold_one();
  flat.kill(true);
  flat.sim.advance(200ms); // no book yet
  flat.world.desk.release(core::risk::KillLevel::all, {}, "ann", flat.world.now);
  flat.go(3s);
  CHECK(flat.port().sent.empty());
  CHECK(flat.sim.cell(flat.path)->state() == "idle");
}

TEST_CASE("a successor of a killed flattener finds switch and position and goes on, not twice") {
  Flat flat;
  flat.begin_selling();
  flat.end(VenueStatus::expired, "0.4");
  flat.sim.kill(flat.path);
  CHECK(flat.slots->empty());
  flat.start();
  flat.go(2s);
  REQUIRE(flat.port().sent.size() == 2);
  CHECK(flat.port().sent[1].draft.quantity.units == 600);
}

TEST_CASE("an order that a killed flattener left under way is waited for, not doubled") {
  Flat flat;
  flat.begin_selling();
  SUBCASE("without a word of the venue") {}
  SUBCASE("unknown") {
    flat.world.desk.on_no_answer(flat.port().sent[0].id, {core::Errc::timed_out, "no reply", {}},
                                 flat.world.now);
  }
  SUBCASE("filled, but its fill is not told yet") {
    auto shown = DeskWorld::shown(flat.port().sent[0].id, VenueStatus::filled, "1");
    shown.side = core::orders::Side::sell;
    flat.world.desk.on_order(shown, flat.world.now);
  }
  flat.sim.kill(flat.path);
  flat.start();
  flat.go(5s);
  CHECK(flat.port().sent.size() == 1);
}

TEST_CASE("two switches over one position sell it once") {
  Flat flat;
  flat.hold_one();
  flat.kill(true, "binance");
  flat.kill(true);
  flat.go(5s);
  CHECK(flat.port().sent.size() == 1);
}

} // namespace tandem::tests
