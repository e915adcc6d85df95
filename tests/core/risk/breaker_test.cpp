/// The circuit breaker: each cause just below, at and above its limit, and the way back.
#include "core/risk/breaker.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::risk;
using namespace std::chrono_literals;

namespace {

Money money(const char* text) {
  return to_money(Decimal::parse(text).value());
}

struct Clock {
  MonoTime mono{1h};
  WallTime wall{10h};

  void pass(std::chrono::milliseconds time) {
    mono += time;
    wall += time;
  }
};

BreakerLimits limits() {
  BreakerLimits made;
  made.loss_max = money("100");
  made.drawdown_max = money("50");
  return made;
}

/// Tripped by three failures.
Breaker open_breaker(Clock& at, BreakerLimits with = limits()) {
  Breaker breaker{with};
  for (std::uint32_t n = 0; n < with.failures_max; ++n)
    (void)breaker.on_trade(false, at.mono, at.wall);
  REQUIRE(breaker.state() == BreakerState::open);
  return breaker;
}

} // namespace

TEST_CASE("failures in a row trip when they are reached, and a good trade begins the count anew") {
  Clock at;
  Breaker breaker{limits()};
  CHECK(breaker.on_trade(false, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_trade(false, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_trade(true, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_trade(false, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_trade(false, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_trade(false, at.mono, at.wall) == BreakerAction::pause);
  CHECK(breaker.saved().cause == BreakerCause::failures);
  CHECK(breaker.saved().trips == 1);
  CHECK(breaker.saved().since == at.wall);
}

TEST_CASE("the share of failed requests counts from enough of them and within the window") {
  Clock at;
  Breaker breaker{limits()};
  for (int n = 0; n < 9; ++n)
    CHECK(breaker.on_request(false, at.mono, at.wall) == BreakerAction::none); // too few to judge
  at.pass(60s);                                                                // they are forgotten
  for (int n = 0; n < 5; ++n)
    CHECK(breaker.on_request(false, at.mono, at.wall) == BreakerAction::none);
  for (int n = 0; n < 5; ++n)
    CHECK(breaker.on_request(true, at.mono, at.wall) == BreakerAction::none); // 5 of 10: the limit
  CHECK(breaker.on_request(false, at.mono, at.wall) == BreakerAction::pause);
  CHECK(breaker.saved().cause == BreakerCause::error_rate);
}

TEST_CASE("a loss trips when it passes the limit within the window, an older one does not count") {
  Clock at;
  auto only_loss = limits();
  only_loss.drawdown_max.reset();
  Breaker breaker{only_loss};
  CHECK(breaker.on_profit(money("-60"), at.mono, at.wall) == BreakerAction::none);
  at.pass(60s);
  CHECK(breaker.on_profit(money("-100"), at.mono, at.wall) == BreakerAction::none); // at the limit
  CHECK(breaker.on_profit(money("-0.00000001"), at.mono, at.wall) == BreakerAction::pause);
  CHECK(breaker.saved().cause == BreakerCause::loss);
}

TEST_CASE("drawdown is measured from the day's best and begins anew with the day") {
  Clock at;
  Breaker breaker{limits()};
  CHECK(breaker.on_profit(money("30"), at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_profit(money("-50"), at.mono, at.wall) == BreakerAction::none); // at the limit
  breaker.on_new_day();
  CHECK(breaker.on_profit(money("-50"), at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_profit(money("-0.01"), at.mono, at.wall) == BreakerAction::pause);
  CHECK(breaker.saved().cause == BreakerCause::drawdown);
}

TEST_CASE(
    "slow answers in a row, book pauses, orders and differences each trip by their own rule") {
  struct Case {
    BreakerCause cause;
    int good; ///< calls that do not trip
    std::function<BreakerAction(Breaker&, Clock&)> call;
  };

  const std::vector<Case> cases{
      {BreakerCause::latency, 4,
       [](Breaker& breaker, Clock& at) {
         return breaker.on_round_trip(2'000ms + 1ns, at.mono, at.wall);
       }},
      {BreakerCause::stale_data, 29,
       [](Breaker& breaker, Clock& at) { return breaker.on_stale(at.mono, at.wall); }},
      {BreakerCause::order_rate, 300,
       [](Breaker& breaker, Clock& at) { return breaker.on_orders(2, at.mono, at.wall); }},
      {BreakerCause::reconcile, 0,
       [](Breaker& breaker, Clock& at) { return breaker.on_difference(1, at.mono, at.wall); }},
  };
  for (const auto& one : cases) {
    CAPTURE(to_string(one.cause));
    Clock at;
    Breaker breaker{limits()};
    for (int n = 0; n < one.good; ++n)
      REQUIRE(one.call(breaker, at) == BreakerAction::none);
    CHECK(one.call(breaker, at) == BreakerAction::pause);
    CHECK(breaker.saved().cause == one.cause);
    CHECK_FALSE(breaker.saved().detail.empty());
  }
  Clock at;
  Breaker breaker{limits()};
  for (int n = 0; n < 50; ++n) { // one good answer in between is enough
    for (int slow = 0; slow < 4; ++slow)
      CHECK(breaker.on_round_trip(3s, at.mono, at.wall) == BreakerAction::none);
    CHECK(breaker.on_round_trip(2s, at.mono, at.wall) == BreakerAction::none);
  }
}

TEST_CASE("what is switched off never trips") {
  BreakerLimits off;
  off.failures_max = off.error_percent_max = off.latency_count = off.stale_max = 0;
  off.orders_max = off.differences_max = 0;
  Clock at;
  Breaker breaker{off};
  for (int n = 0; n < 1'000; ++n) {
    (void)breaker.on_trade(false, at.mono, at.wall);
    (void)breaker.on_request(false, at.mono, at.wall);
    (void)breaker.on_profit(money("-1000"), at.mono, at.wall);
    (void)breaker.on_round_trip(1h, at.mono, at.wall);
    (void)breaker.on_stale(at.mono, at.wall);
    (void)breaker.on_orders(1'000, at.mono, at.wall);
    (void)breaker.on_difference(1, at.mono, at.wall);
  }
  CHECK(breaker.state() == BreakerState::closed);
}

TEST_CASE("after its cool-down a breaker tries: one good trade closes it, one failure opens it") {
  Clock at;
  for (const bool good : {true, false}) {
    auto breaker = open_breaker(at);
    at.pass(29'999ms);
    CHECK(breaker.on_tick(at.mono, at.wall) == BreakerAction::none);
    at.pass(1ms);
    CHECK(breaker.on_tick(at.mono, at.wall) == BreakerAction::resume);
    CHECK(breaker.state() == BreakerState::trial);
    const auto action = breaker.on_trade(good, at.mono, at.wall);
    CHECK(action == (good ? BreakerAction::none : BreakerAction::pause));
    CHECK(breaker.state() == (good ? BreakerState::closed : BreakerState::open));
    CHECK(breaker.saved().trips == (good ? 1 : 2));
  }
}

TEST_CASE("trades sent before it opened neither close nor trip it") {
  Clock at;
  auto breaker = open_breaker(at);
  CHECK(breaker.on_trade(true, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.on_trade(false, at.mono, at.wall) == BreakerAction::none);
  CHECK(breaker.state() == BreakerState::open);
  CHECK(breaker.saved().trips == 1);
}

TEST_CASE("what a person opened, or is configured so, only a person ends") {
  Clock at;
  auto by_hand = limits();
  by_hand.manual_reset = true;
  auto configured = open_breaker(at, by_hand);
  Breaker tripped{limits()};
  CHECK(tripped.trip("ann", at.mono, at.wall) == BreakerAction::pause);
  CHECK(tripped.saved().detail == "opened by ann");
  auto taken_over = open_breaker(at);
  CHECK(taken_over.trip("ann", at.mono, at.wall) == BreakerAction::none); // it pauses already
  at.pass(1h);
  for (auto* breaker : {&configured, &tripped, &taken_over}) {
    CHECK(breaker->on_tick(at.mono, at.wall) == BreakerAction::none);
    CHECK(breaker->reset(at.mono, at.wall) == BreakerAction::resume);
    CHECK(breaker->reset(at.mono, at.wall) == BreakerAction::none);
    CHECK(breaker->state() == BreakerState::closed);
  }
}

TEST_CASE("an open breaker is open after a restart and waits its whole cool-down again") {
  Clock at;
  const auto saved = open_breaker(at).saved();
  Clock later;
  later.pass(24h);
  Breaker breaker{limits()};
  CHECK(breaker.restore(saved, later.mono) == BreakerAction::pause);
  CHECK(breaker.saved() == saved);
  later.pass(29s);
  CHECK(breaker.on_tick(later.mono, later.wall) == BreakerAction::none);
  later.pass(1s);
  CHECK(breaker.on_tick(later.mono, later.wall) == BreakerAction::resume);
  Breaker fresh{limits()};
  CHECK(fresh.restore({}, later.mono) == BreakerAction::none);
}
