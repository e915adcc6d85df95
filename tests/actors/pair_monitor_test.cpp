/// A pair's monitor in virtual time, alone with its books, a desk and whoever asks it: what it
/// sends, what it waits for and what it says. The rules are tested where they are written
/// (core/strategy); here is that they are asked, in time.
#include "actors/strategies/pair_monitor.hpp"

#include "actors/risk/desk_clock.hpp"
#include "messages/events.hpp"
#include "tests/actors/risk_world.hpp"

#include <doctest/doctest.h>

#include <array>

namespace tandem::tests {
namespace {

using core::market::BookCondition;
using core::strategy::ExecutionPhase;
using core::strategy::OpportunityPhase;

struct BusHeard {
  std::vector<messages::SubscribeBook> subscribed;
  std::vector<messages::UnsubscribeBook> unsubscribed;
  std::vector<messages::Opportunity> opportunities;
  std::vector<messages::EngineAlert> alerts;
  std::vector<core::strategy::ExecutionState> executions;
};

caf::behavior fake_bus(caf::event_based_actor*, BusHeard* heard) {
  return {
      [heard](const messages::SubscribeBook& one) { heard->subscribed.push_back(one); },
      [heard](const messages::UnsubscribeBook& one) { heard->unsubscribed.push_back(one); },
      [heard](const messages::Opportunity& one) { heard->opportunities.push_back(one); },
      [heard](const messages::EngineAlert& one) { heard->alerts.push_back(one); },
      [](const messages::OrderMoved&) {},
      [heard](const messages::ExecutionMoved& one) { heard->executions.push_back(one.execution); }};
}

/// Buys at Binance, sells at Bybit; nothing pays until a test says so.
struct Monitored : RiskWorld {
  Monitored() {
    pair.id = core::PairId{"pair"};
    pair.leg1 = Gated::key("binance");
    pair.leg2 = Gated::key("bybit");
    pair.threshold = decimal("0.1");
    pair.quantity = decimal("1");
    own(messages::paths::market_bus, "market_bus",
        [&](const auto&) { return sim.system.spawn(fake_bus, &heard); });
    world.desk.add_listener([this](const core::orders::OrderUpdate& update) {
      actors::pass_on(*sim.context(), update, nullptr);
    });
  }

  void start() {
    actors::PairMonitorOptions options;
    options.pair = pair;
    options.fees = {core::strategy::FeeRate{100'000}, core::strategy::FeeRate{100'000}};
    if (trades) {
      core::strategy::ExecutorLimits limits;
      options.trading = std::make_shared<actors::PairTrading>(
          actors::PairTrading{&world.desk, &book, limits, &panel});
    }
    handle = own(path, "pair_monitor", [&](const auto& cell) {
      return sim.system.spawn(actors::pair_monitor, sim.context(), cell, options);
    });
    REQUIRE(heard.subscribed.size() >= 2);
    for (std::size_t leg = 0; leg < 2; ++leg)
      slots[leg] = heard.subscribed[heard.subscribed.size() - 2 + leg].slot;
  }

  /// A frame of this leg (0 or 1) arrives now.
  void quote(std::size_t leg, std::string_view bid, std::string_view ask,
             BookCondition condition = BookCondition::live) {
    auto view = tests::book(cents, {{bid, "50"}}, {{ask, "50"}});
    view.condition = condition;
    view.instrument
        = std::make_shared<const core::Instrument>(Gated::listed(leg == 0 ? pair.leg1 : pair.leg2));
    view.received_at = sim.now();
    view.version = ++version;
    slots[leg]->write() = view;
    slots[leg]->publish();
    sim.settle();
  }

  void quiet() {
    quote(0, "99.99", "100.00");
    quote(1, "99.99", "100.00");
  }

  /// 0.3 % net. The decision falls with the second of the two.
  void opens() {
    quote(0, "99.99", "100.00");
    quote(1, "100.50", "100.51");
  }

  [[nodiscard]] std::string state() const { return sim.cell(path)->state(); }

  [[nodiscard]] std::size_t sent() {
    return world.ports["binance"].sent.size() + world.ports["bybit"].sent.size();
  }

  /// The venue of this leg says how its order ended. @param filled "1" or "0"
  void ends(const std::string& venue, std::string_view filled) {
    const auto& intent = world.ports[venue].sent.back();
    const core::risk::Now now{sim.now(), sim.context()->clocks.wall()};
    if (filled != "0") {
      auto fill = DeskWorld::fill(intent.id, "t" + intent.id.text(), filled);
      fill.instrument = intent.draft.instrument;
      fill.price = decimal(venue == "binance" ? "100" : "100.5");
      REQUIRE(world.desk.on_fill(fill, now));
    }
    auto order = DeskWorld::shown(intent.id,
                                  filled == "1" ? core::orders::VenueStatus::filled
                                                : core::orders::VenueStatus::expired,
                                  filled);
    order.instrument = intent.draft.instrument;
    REQUIRE(world.desk.on_order(order, now));
    sim.settle();
  }

  [[nodiscard]] std::size_t alerted(const std::string& code) const {
    return static_cast<std::size_t>(
        std::count_if(heard.alerts.begin(), heard.alerts.end(),
                      [&](const auto& one) { return one.code == code; }));
  }

  /// Somebody asks by hand; the answer is there when it came.
  auto ask(const std::string& person) {
    auto slot = std::make_shared<std::optional<messages::ExecuteOutcome>>();
    sim.owned.push_back(caf::actor_cast<caf::actor>(
        sim.system.spawn([slot, person, to = handle](caf::event_based_actor* self) {
          self->request(to, caf::infinite, messages::ExecutePair{person})
              .then([slot](const messages::ExecuteOutcome& outcome) { *slot = outcome; });
        })));
    sim.settle();
    return slot;
  }

  /// A breaker of this name that is on trial: the next trade decides.
  std::shared_ptr<core::risk::BreakerSeat> on_trial(const std::string& name) {
    panel.restore(name, {.state = core::risk::BreakerState::trial,
                         .cause = {},
                         .since = {},
                         .trips = 1,
                         .detail = {}});
    auto seat = panel.seat(name);
    seat->sit({}, sim.now(), {});
    return seat;
  }

  BusHeard heard;
  core::strategy::PairConfig pair;
  core::strategy::ExecutionBook book;
  core::risk::BreakerPanel panel;
  messages::PairHandle handle;
  std::array<std::shared_ptr<core::market::DepthSlot>, 2> slots;
  const std::string path = messages::paths::pair_monitor("pair");
  std::uint64_t version = 0;
  bool trades = true;
};

} // namespace

TEST_CASE("a spread that pays sends both legs in the turn of the book that shows it") {
  Monitored all;
  all.start();
  CHECK(all.state() == "waiting");
  all.quiet();
  CHECK(all.state() == "watching");
  CHECK(all.sent() == 0);
  all.quote(1, "100.50", "100.51");
  CHECK(all.state() == "open");
  CHECK(all.world.ports["binance"].sent.size() == 1);
  CHECK(all.world.ports["bybit"].sent.size() == 1);
  REQUIRE(all.heard.opportunities.size() == 1);
  CHECK(all.heard.opportunities[0].event.phase == OpportunityPhase::opened);
  REQUIRE_FALSE(all.heard.executions.empty());
  CHECK(all.heard.executions.back().phase == ExecutionPhase::legs);
  all.quote(1, "100.50", "100.52"); // one at a time
  CHECK(all.sent() == 2);
}

TEST_CASE("an execution's end is told, counted by the breakers of its pair and its venues, and the "
          "next one waits for the gap") {
  Monitored all;
  const auto seats = std::array{all.on_trial("global"), all.on_trial("venue.binance"),
                                all.on_trial("venue.bybit"), all.on_trial("pair.pair")};
  const auto stranger = all.on_trial("pair.other");
  all.start();
  all.opens();
  REQUIRE(all.sent() == 2);
  all.ends("binance", "1");
  all.ends("bybit", "1");
  CHECK(all.heard.executions.back().phase == ExecutionPhase::done);
  for (const auto& seat : seats)
    CHECK(seat->take().saved.state == core::risk::BreakerState::closed);
  CHECK(stranger->take().saved.state == core::risk::BreakerState::trial);
  CHECK(all.world.desk.position(all.pair.leg1) == money("1"));
  all.sim.advance(900ms);
  all.opens();
  CHECK(all.sent() == 2);
  all.sim.advance(200ms);
  all.opens();
  CHECK(all.sent() == 4);
}

TEST_CASE("one leg alone is closed by time, whatever the books do") {
  Monitored all;
  const auto seat = all.on_trial("pair.pair");
  all.start();
  all.opens();
  REQUIRE(all.sent() == 2);
  all.ends("binance", "1");
  all.ends("bybit", "0");
  for (int n = 0; n < 30 && all.heard.executions.back().phase == ExecutionPhase::legs; ++n) {
    all.sim.advance(100ms);
    all.opens();
  }
  REQUIRE(all.sent() == 3);
  const bool completes = all.heard.executions.back().phase == ExecutionPhase::completing;
  all.ends(completes ? "bybit" : "binance", "1");
  all.sim.advance(100ms);
  CHECK(all.heard.executions.back().phase == ExecutionPhase::done);
  CHECK(seat->take().saved.state != core::risk::BreakerState::trial); // it was told
}

TEST_CASE("books that may not be trusted pause it within 100 ms, and nothing leaves until both are "
          "fresh") {
  Monitored all;
  all.start();
  all.quiet();
  SUBCASE("one says so") {
    all.quote(1, "100.50", "100.51", BookCondition::gap);
  }
  SUBCASE("one grows old") {
    all.sim.advance(4'900ms);
    all.quote(0, "99.99", "100.00");
    CHECK(all.state() == "watching");
    all.sim.advance(201ms);
  }
  CHECK(all.state() == "paused");
  CHECK(all.alerted("PAIR_PAUSED") == 1);
  all.quote(0, "90.00", "90.01"); // pays, with a leg that nobody can trust
  CHECK(all.sent() == 0);
  all.sim.advance(1ms); // fresh is what came after the loss
  all.quote(1, "100.50", "100.51");
  CHECK(all.alerted("PAIR_RESUMED") == 1);
  CHECK(all.state() == "open");
}

TEST_CASE("each silence of a leg is counted by the pair's own breaker, once") {
  Monitored all;
  const auto seat = all.panel.seat("pair.pair");
  const auto of_venue = all.panel.seat("venue.bybit");
  core::risk::BreakerLimits limits;
  limits.stale_max = 2;
  seat->sit(limits, all.sim.now(), {});
  limits.stale_max = 1; // the feed tells this one
  of_venue->sit(limits, all.sim.now(), {});
  all.start();
  all.quiet();
  for (const auto condition : {BookCondition::gap, BookCondition::stale}) {
    all.quote(1, "99.99", "100.00", condition);
    all.sim.advance(1s); // and it is still so
    all.quiet();
    CHECK(all.state() == "watching");
  }
  CHECK(seat->take().action == core::risk::BreakerAction::none);
  all.sim.advance(5'100ms); // no frame at all
  const auto verdict = seat->take();
  CHECK(verdict.action == core::risk::BreakerAction::pause);
  CHECK(verdict.saved.cause == core::risk::BreakerCause::stale_data);
  CHECK(of_venue->take().action == core::risk::BreakerAction::none);
}

TEST_CASE("who asks by hand hears the end, or at once why not") {
  Monitored all;
  SUBCASE("nothing pays") {
    all.start();
    all.quiet();
    CHECK((*all.ask("ann"))->error->code == core::Errc::risk_rejected);
  }
  SUBCASE("it only watches") {
    all.trades = false;
    all.start();
    all.opens();
    CHECK((*all.ask("ann"))->error->code == core::Errc::exchange_unavailable);
    CHECK(all.sent() == 0);
  }
  SUBCASE("it is read only: for a person, too") {
    all.pair.mode = core::strategy::PairMode::read_only;
    all.start();
    all.opens();
    CHECK((*all.ask("ann"))->error->code == core::Errc::exchange_unavailable);
    CHECK(all.sent() == 0);
  }
  SUBCASE("one is under way") {
    all.start();
    all.opens();
    CHECK((*all.ask("ann"))->error->code == core::Errc::conflict);
    CHECK(all.sent() == 2);
  }
  SUBCASE("it is done") {
    all.start();
    all.opens();
    all.ends("binance", "1");
    all.ends("bybit", "1");
    all.sim.advance(600ms); // within the gap, which holds the automatic ones only
    all.opens();
    REQUIRE(all.sent() == 2);
    const auto answer = all.ask("ann");
    REQUIRE_FALSE(answer->has_value());
    REQUIRE(all.sent() == 4);
    all.ends("binance", "1");
    CHECK_FALSE(answer->has_value());
    all.ends("bybit", "1");
    REQUIRE(answer->has_value());
    CHECK_FALSE((*answer)->error);
    CHECK((*answer)->execution->phase == ExecutionPhase::done);
  }
  CHECK(all.sim.cell(all.path)->state() != "down");
}

TEST_CASE("who asked by hand hears within 30 s that it goes on") {
  Monitored all;
  all.start();
  all.opens();
  all.ends("binance", "1");
  all.ends("bybit", "1");
  all.sim.advance(600ms);
  all.opens();
  const auto answer = all.ask("ann");
  REQUIRE(all.sent() == 4);
  all.ends("binance", "0");
  // The other leg says nothing: its outcome is unknown, and nobody makes it up.
  all.world.desk.on_no_answer(all.world.ports["bybit"].sent.back().id,
                              {core::Errc::timed_out, "no answer", {}},
                              {all.sim.now(), all.sim.context()->clocks.wall()});
  all.sim.advance(29s);
  CHECK_FALSE(answer->has_value());
  all.sim.advance(1'200ms);
  REQUIRE(answer->has_value());
  CHECK((*answer)->error->code == core::Errc::timed_out);
  CHECK_FALSE(core::strategy::is_over((*answer)->execution->phase));
}

TEST_CASE("what holds the pair is shown and sends nothing; once it is gone the next book decides") {
  Monitored all;
  const auto hold = [&](const std::string& why) {
    all.world.desk.with_gate([&](core::risk::Gate& gate) {
      gate.set_market(DeskWorld::market("bybit"),
                      {.open = why.empty(), .reason = why, .account = "bybit", .allowed = {}});
    });
  };
  all.start();
  hold("reconciling");
  all.opens();
  CHECK(all.sent() == 0);
  const auto shown = all.sim.ask<messages::PairSnapshot>(all.handle, messages::GetPairState{});
  CHECK(shown.held_by.find("reconciling") != std::string::npos);
  CHECK(shown.trades);
  hold("");
  all.opens();
  CHECK(all.sent() == 2);
}

TEST_CASE("its end takes the open opportunity back and leaves its books") {
  Monitored all;
  all.trades = false;
  all.start();
  all.opens();
  REQUIRE(all.heard.opportunities.size() == 1);
  all.sim.kill(all.path);
  REQUIRE(all.heard.opportunities.size() == 2);
  CHECK(all.heard.opportunities[1].event.phase == OpportunityPhase::ended);
  REQUIRE(all.heard.unsubscribed.size() == 2);
  CHECK(all.heard.unsubscribed[0].slot == all.slots[0]);
  all.quote(0, "1", "2"); // a feed that has not heard of it yet harms nobody
}

TEST_CASE("a successor goes on with what was under way, and says again that a pair is stranded") {
  Monitored all;
  all.start();
  all.opens();
  REQUIRE(all.sent() == 2);
  all.sim.kill(all.path);
  SUBCASE("under way") {
    all.start();
    all.opens();
    CHECK(all.sent() == 2);
    all.ends("binance", "1");
    all.ends("bybit", "1");
    CHECK(all.heard.executions.back().phase == ExecutionPhase::done);
    CHECK(all.alerted("PAIR_STRANDED") == 0);
  }
  SUBCASE("stranded") {
    all.follow();
    all.world.desk.pause("pair", "residual", "0.4 open", all.world.now);
    all.start();
    CHECK(all.alerted("PAIR_STRANDED") == 1);
  }
}

} // namespace tandem::tests
