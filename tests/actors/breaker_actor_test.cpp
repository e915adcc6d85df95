// A circuit breaker's actor in virtual time: what trips the judge pauses the scope at the gate, is
// written down and told, and outlives the actor and the process.
#include "actors/risk/breaker_actor.hpp"

#include "tests/actors/risk_world.hpp"

#include <doctest/doctest.h>

namespace tandem::tests {
namespace {

using core::risk::BreakerState;
using Kind = core::risk::BreakerNews::Kind;

struct Watched : RiskWorld {
  explicit Watched(std::string name = "global",
                   core::risk::KillLevel level = core::risk::KillLevel::all,
                   std::string scope = {}) {
    options.scope = {std::move(name), level, std::move(scope)};
    options.limits.failures_max = 3;
    options.limits.cooldown = 30s;
    options.desk = &world.desk;
  }

  /// As a run before left it.
  void restore(const core::risk::Breaker::Saved& saved) {
    panel.restore(options.scope.name, saved);
  }

  void start() {
    options.seat = panel.seat(options.scope.name);
    const auto path = messages::paths::breaker(options.scope.name);
    handle = own(path, "breaker", [&](const auto& cell) {
      return sim.system.spawn(actors::breaker_actor, sim.context(), cell, options);
    });
  }

  /// As its sources do, from whatever thread.
  void tell(const core::risk::BreakerNews& news) {
    panel.tell({options.scope.name}, news, sim.now(), sim.context()->clocks.wall());
  }

  [[nodiscard]] core::risk::Breaker::Saved saved() {
    return sim.ask<messages::BreakerView>(handle, messages::GetBreaker{}).saved;
  }

  void trades(bool succeeded, int times) {
    for (int n = 0; n < times; ++n)
      tell({.kind = Kind::trade, .succeeded = succeeded});
    sim.settle();
  }

  [[nodiscard]] std::string held(const std::string& venue = "binance") {
    std::string reason;
    world.desk.with_gate(
        [&](const core::risk::Gate& gate) { reason = gate.held("pair", core::VenueId{venue}); });
    return reason;
  }

  [[nodiscard]] std::size_t records() const {
    const auto& all = world.journal.records;
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& record) {
      return std::holds_alternative<core::orders::BreakerRecord>(record);
    }));
  }

  core::risk::BreakerPanel panel;
  actors::BreakerOptions options;
  messages::BreakerHandle handle;
};

} // namespace

TEST_CASE("a breaker that trips pauses its scope, writes it down and tells it once") {
  Watched watched;
  watched.start();
  watched.trades(false, 2);
  CHECK(watched.held().empty());
  watched.trades(false, 5);
  CHECK(watched.held().find("breaker.global") != std::string::npos);
  CHECK(watched.records() == 1);
  CHECK(watched.told("BREAKER_OPEN") == 1);
  CHECK(watched.sim.cell(messages::paths::breaker("global"))->state() == "open");
}

TEST_CASE("a breaker pauses what it watches and nothing else") {
  SUBCASE("a venue") {
    Watched watched{"venue.bybit", core::risk::KillLevel::venue, "bybit"};
    watched.start();
    watched.trades(false, 3);
    CHECK_FALSE(watched.held("bybit").empty());
    CHECK(watched.held("binance").empty());
  }
  SUBCASE("another pair") {
    Watched watched{"pair.other", core::risk::KillLevel::strategy, "other"};
    watched.start();
    watched.trades(false, 3);
    CHECK(watched.held().empty());
  }
}

TEST_CASE("after its cool-down it is on trial: a good trade closes it, a bad one opens it again") {
  Watched watched;
  watched.start();
  watched.trades(false, 3);
  watched.sim.advance(29'800ms);
  CHECK_FALSE(watched.held().empty());
  watched.sim.advance(400ms);
  CHECK(watched.held().empty());
  CHECK(watched.saved().state == BreakerState::trial);
  CHECK(watched.told("BREAKER_RESUMED") == 1);
  SUBCASE("good") {
    watched.trades(true, 1);
    CHECK(watched.saved().state == BreakerState::closed);
    CHECK(watched.records() == 3);
  }
  SUBCASE("bad") {
    watched.trades(false, 1);
    CHECK(watched.saved().state == BreakerState::open);
    CHECK_FALSE(watched.held().empty());
  }
}

TEST_CASE("what a person opened only a person ends") {
  Watched watched;
  watched.start();
  const auto view
      = watched.sim.ask<messages::BreakerView>(watched.handle, messages::TripBreaker{"ann"});
  CHECK(view.saved.state == BreakerState::open);
  watched.sim.advance(120s);
  CHECK_FALSE(watched.held().empty());
  CHECK(watched.sim.ask<messages::BreakerView>(watched.handle, messages::ResetBreaker{"ann"})
            .saved.state
        == BreakerState::trial);
  CHECK(watched.held().empty());
}

TEST_CASE("one that was open when its process died pauses again and waits its whole cool-down") {
  Watched watched;
  watched.restore({.state = BreakerState::open,
                   .cause = core::risk::BreakerCause::loss,
                   .since = {},
                   .trips = 4,
                   .detail = {}});
  watched.start();
  CHECK(watched.held().find("loss, before the restart") != std::string::npos);
  watched.sim.advance(29'800ms);
  CHECK_FALSE(watched.held().empty());
  watched.sim.advance(400ms);
  CHECK(watched.held().empty());
  CHECK(watched.saved().trips == 4);
}

TEST_CASE(
    "an actor that is killed while open leaves the pause, and its successor goes on from it") {
  Watched watched;
  watched.start();
  watched.trades(false, 3);
  watched.sim.kill(messages::paths::breaker("global"));
  CHECK_FALSE(watched.held().empty());
  watched.start();
  CHECK(watched.sim.ask<messages::BreakerView>(watched.handle, messages::GetBreaker{}).saved.state
        == BreakerState::open);
  watched.sim.advance(31s);
  CHECK(watched.held().empty());
}

TEST_CASE("each kind of news reaches the limit that counts it") {
  Watched watched;
  watched.options.limits.latency_count = 2;
  watched.options.limits.stale_max = 2;
  watched.options.limits.orders_max = 5;
  watched.options.limits.loss_max = money("10");
  watched.start();
  core::risk::BreakerNews event;
  std::string cause;
  SUBCASE("slow answers") {
    event = {.kind = Kind::round_trip, .took = 3s};
    cause = "latency";
  }
  SUBCASE("stale books") {
    event = {.kind = Kind::stale};
    cause = "stale_data";
  }
  SUBCASE("orders") {
    event = {.kind = Kind::orders, .count = 3};
    cause = "order_rate";
  }
  SUBCASE("losses") {
    event = {.kind = Kind::profit, .profit = money("-6")};
    cause = "loss";
  }
  watched.tell(event);
  watched.sim.settle();
  CHECK(watched.held().empty());
  watched.tell(event);
  watched.sim.settle();
  CHECK(watched.held().find(cause) != std::string::npos);
}

TEST_CASE("a single unexplained difference of an account opens it") {
  Watched watched;
  watched.start();
  watched.tell({.kind = Kind::difference, .count = 1});
  watched.sim.settle();
  CHECK(watched.held().find("reconcile") != std::string::npos);
}

TEST_CASE("what is told while no actor acts for it counts, and its successor acts on it") {
  Watched watched;
  watched.start();
  watched.trades(false, 2);
  watched.sim.kill(messages::paths::breaker("global"));
  watched.trades(false, 1);
  CHECK(watched.held().empty());
  watched.start();
  CHECK(watched.held().find("failures") != std::string::npos);
  CHECK(watched.told("BREAKER_OPEN") == 1);
  CHECK(watched.records() == 1);
}

TEST_CASE("P19: a flood of results leaves one message for its breaker, and none uncounted") {
  Watched watched;
  watched.options.limits.failures_max = 1'000'000;
  watched.options.limits.error_percent_max = 0;
  watched.start();
  const auto cell = watched.sim.cell(messages::paths::breaker("global"));
  const auto before = cell->messages.load();
  for (int n = 1; n < 1'000'000; ++n)
    watched.tell({.kind = Kind::trade, .succeeded = false});
  watched.sim.settle();
  CHECK(cell->messages == before); // no verdict yet, so no message
  CHECK(watched.held().empty());
  watched.tell({.kind = Kind::trade, .succeeded = false}); // the millionth in a row
  for (int n = 0; n < 1'000'000; ++n)
    watched.tell({.kind = Kind::trade, .succeeded = true}); // sent before it opened
  watched.sim.settle();
  CHECK(cell->messages == before + 1);
  CHECK(watched.held().find("1000000 failures in a row") != std::string::npos);
  MESSAGE("P19: 2000000 results told, 1 message to the breaker");
}

} // namespace tandem::tests
