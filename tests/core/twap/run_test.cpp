// One rule of a plan at a time, on a venue without faults.
#include "tests/core/twap/twap_world.hpp"

#include <doctest/doctest.h>

using namespace tandem;
using namespace tandem::core::twap;
using namespace tandem::tests;
using core::orders::Side;

namespace {

std::vector<std::string> quantities(const TwapWorld& world) {
  std::vector<std::string> result;
  for (const auto& [at, intent] : world.sent)
    result.push_back(core::format_scaled(intent.draft.quantity.units, 3));
  return result;
}

std::string phase(const TwapWorld& world) {
  return std::string{to_string(world.plan().state().phase)};
}

void pass(TwapWorld& world, std::chrono::milliseconds time) {
  for (std::chrono::milliseconds done{0}; done < time; done += 50ms)
    world.step(50ms);
}

} // namespace

TEST_CASE("both legs get the same slice at the same time, and the sum is the parent") {
  TwapWorld world{twap_plan("0.05", "0.02", 1s), {}, 1};
  REQUIRE(world.run(1min, 50ms));
  CHECK(phase(world) == "completed");
  CHECK(quantities(world)
        == std::vector<std::string>{"0.02", "0.02", "0.02", "0.02", "0.01", "0.01"});
  for (std::size_t n = 0; n < world.sent.size(); n += 2) {
    CHECK(world.sent[n].first == world.sent[n + 1].first);
    CHECK(world.sent[n].second.draft.side == Side::buy);
    CHECK(world.sent[n + 1].second.draft.side == Side::sell);
  }
  CHECK(world.plan().state().reason == "");
  CHECK(world.plan().imbalance().is_zero());
}

TEST_CASE("a market slice is a marketable limit, never further than slippage and guard allow") {
  auto plan = twap_plan("0.05", "0.05", 1s, 1);
  plan.options.slippage_percent = decimal("0.5");
  TwapWorld world{plan, {}, 1};
  world.step(50ms);
  REQUIRE(world.sent.size() == 1);
  const auto& draft = world.sent[0].second.draft;
  CHECK(draft.type == core::orders::OrderType::limit);
  CHECK(draft.tif == core::orders::TimeInForce::ioc);
  CHECK(draft.price.units == 101'50); // 101 and half a percent, down to the tick
}

TEST_CASE("no slice goes beyond the price guard; it is made up for when the price comes back") {
  auto plan = twap_plan("0.04", "0.02", 1s, 1);
  plan.options.guard_percent = decimal("1");
  TwapWorld world{plan, {}, 1};
  world.step(50ms);
  CHECK(world.sent.size() == 1);
  world.quotes[0] = {102'00, 102'10}; // arrival 100.5, guard 101.50
  pass(world, 5s);
  CHECK(world.sent.size() == 1);
  CHECK(phase(world) == "running");
  CHECK(world.plan().held_by().find("price guard") == 0);
  world.quotes[0] = {101'00, 101'10};
  REQUIRE(world.run(1min, 50ms));
  CHECK(phase(world) == "completed");
}

TEST_CASE("a leg's limit price is the worst ever paid") {
  auto plan = twap_plan("0.02", "0.02", 1s, 1);
  plan.legs[0].limit_price = decimal("100.99");
  TwapWorld world{plan, {}, 1};
  pass(world, 2s);
  CHECK(world.sent.empty());
  world.quotes[0] = {100'00, 100'98};
  REQUIRE(world.run(10s, 50ms));
  CHECK(world.sent[0].second.draft.price.units <= 100'99);
}

TEST_CASE("a pegged slice follows its own side of the touch and is swept when the interval ends") {
  auto plan = twap_plan("0.04", "0.02", 10s, 1);
  plan.legs[0].type = SliceType::pegged;
  plan.options.reprice = 1s;
  TwapWorld world{plan, {.partial = 0}, 4711};
  world.step(50ms);
  REQUIRE(world.sent.size() == 1);
  CHECK(world.sent[0].second.draft.tif == core::orders::TimeInForce::gtc);
  CHECK(world.sent[0].second.draft.price.units == 100'00);
  world.quotes[0] = {100'10, 101'00};
  pass(world, 2s);
  if (world.plan().state().legs[0].filled == core::Money{}) {
    REQUIRE(world.sent.size() == 2);
    CHECK(world.sent[1].second.draft.price.units == 100'10);
  }
  REQUIRE(world.run(1min, 50ms));
  CHECK(phase(world) == "completed");
  CHECK(world.filled(0) == money("0.04"));
}

TEST_CASE("a leg trades no more than its share of what was traded in the interval before") {
  auto plan = twap_plan("0.1", "0.05", 1s, 1);
  plan.options.participation_percent = decimal("10");
  TwapWorld world{plan, {}, 1};
  pass(world, 500ms);
  CHECK(world.plan().held_by().find("participation: nobody tells") == 0);
  world.traded[0] = money("7");
  pass(world, 1s); // the second interval has begun
  CHECK(world.sent.empty());
  CHECK(world.plan().held_by().find("participation: the first interval") == 0);
  world.traded[0] = money("7.3");
  pass(world, 700ms); // into the third: ten percent of 0.3
  CHECK(world.filled(0) == money("0.03"));
  pass(world, 500ms);
  CHECK(world.filled(0) == money("0.03"));
  pass(world, 1s); // nothing was traded in the third
  CHECK(world.filled(0) == money("0.03"));
  for (int n = 1; n <= 20 && !is_final(world.plan().state().phase); ++n) {
    world.traded[0] = money("7.3") + core::Money{money("0.2").units * n};
    pass(world, 1s);
  }
  CHECK(phase(world) == "completed");
  for (const auto& [at, intent] : world.sent)
    CHECK(intent.draft.quantity.units <= 30);
}

TEST_CASE(
    "a limit slice rests at its price until its interval ends, then is swept or goes on resting") {
  auto plan = twap_plan("0.02", "0.02", 2s, 1);
  plan.legs[0].type = SliceType::limit;
  plan.legs[0].limit_price = decimal("100.5");
  plan.options.sweep = false;
  TwapWorld world{plan, {}, 3};
  world.step(50ms);
  REQUIRE(world.sent.size() == 1);
  CHECK(world.sent[0].second.draft.tif == core::orders::TimeInForce::gtc);
  CHECK(world.sent[0].second.draft.price.units == 100'50);
  REQUIRE(world.run(5min, 50ms));
  for (const auto& [at, intent] : world.sent)
    CHECK(intent.draft.price.units <= 100'50);
  CHECK(phase(world) == "completed");
}

TEST_CASE("late slices: one an interval (extend), some together (catch_up), or not at all (skip)") {
  const auto after_a_pause = [](CatchUp rule) {
    auto plan = twap_plan("0.1", "0.01", 1s, 1);
    plan.options.catch_up = rule;
    plan.options.catch_up_slices = 3;
    TwapWorld world{plan, {}, 1};
    pass(world, 2s); // two slices
    REQUIRE(world.runner->pause("ann").has_value());
    pass(world, 5'500ms); // into the eighth interval
    REQUIRE(world.runner->resume().has_value());
    REQUIRE(world.run(1min, 50ms));
    return std::pair{quantities(world), phase(world)};
  };
  const std::string one = "0.01";
  CHECK(after_a_pause(CatchUp::extend)
        == std::pair{std::vector<std::string>(10, one), std::string{"completed"}});
  CHECK(after_a_pause(CatchUp::catch_up)
        == std::pair{std::vector<std::string>{one, one, "0.03", "0.03", "0.02"},
                     std::string{"completed"}});
  const auto [skipped, end] = after_a_pause(CatchUp::skip);
  CHECK(skipped == std::vector<std::string>(5, one));
  CHECK(end == "expired");
}

TEST_CASE("what expired, was skipped or cancelled is a shortfall that is said") {
  auto plan = twap_plan("0.1", "0.01", 1s, 1);
  plan.options.end_at = core::to_millis(core::WallTime{20'000 * 24h + 12h}) + 3'500;
  TwapWorld world{plan, {}, 1};
  REQUIRE(world.run(1min, 50ms));
  CHECK(phase(world) == "expired");
  CHECK(world.plan().shortfall(0) == decimal("0.06"));
  CHECK_FALSE(world.plan().state().reason.empty());
}

TEST_CASE("no leg runs further ahead of the other than imbalance_max") {
  auto plan = twap_plan("0.1", "0.01", 1s);
  plan.options.leg_down = LegDown::pause_leg;
  plan.options.imbalance_max = decimal("0.03");
  TwapWorld world{plan, {}, 1};
  world.quotes[1] = {90'00, 110'00}; // arrival 100 here
  pass(world, 1s);
  world.quotes[1] = {80'00, 81'00}; // beyond the guard: nothing is sold
  pass(world, 20s);
  CHECK(world.filled(0) - world.filled(1) == money("0.03"));
  world.quotes[1] = {99'00, 101'00};
  REQUIRE(world.run(2min, 50ms));
  CHECK(phase(world) == "completed");
  CHECK(world.filled(0) == world.filled(1));
}

TEST_CASE("a risk pauses the plan and goes by itself; a person's pause only by a person") {
  TwapWorld world{twap_plan("0.1", "0.01", 1s), {}, 1};
  pass(world, 1s);
  world.take_book_away(1, 3s);
  world.step(50ms);
  CHECK(phase(world) == "paused");
  CHECK(world.plan().state().risk.find("the book of bybit.spot.BTCUSDT is stale") == 0);
  CHECK(world.plan().state().paused_by.empty());
  const auto refused = world.runner->resume();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().detail.find("by itself") != std::string::npos);
  REQUIRE(world.runner->pause("ann").has_value());
  pass(world, 4s);
  CHECK(phase(world) == "paused"); // the person's pause holds
  CHECK(world.plan().state().risk.empty());
  REQUIRE(world.runner->resume().has_value());
  REQUIRE(world.run(1min, 50ms));
  CHECK(phase(world) == "completed");
}

TEST_CASE("every control in every state: done, or a conflict that names the state") {
  struct Row {
    const char* name;
    void (*bring)(TwapWorld&);
    const char *pause, *resume, *cancel; ///< a word of the refusal; empty = done
  };

  const Row rows[] = {
      {"scheduled", [](TwapWorld&) {}, "", "scheduled", ""},
      {"running", [](TwapWorld& w) { pass(w, 1s); }, "", "running", ""},
      {"paused", [](TwapWorld& w) { pass(w, 1s), (void)w.runner->pause("ann"), pass(w, 1s); },
       "paused", "", ""},
      {"cancelled", [](TwapWorld& w) { (void)w.runner->cancel("ann"), pass(w, 1s); }, "cancelled",
       "cancelled", "cancelled"},
      {"completed", [](TwapWorld& w) { (void)w.run(1min, 50ms); }, "completed", "completed",
       "completed"},
      {"failed", [](TwapWorld& w) { w.refuse_all(), (void)w.run(1min, 50ms); }, "failed", "failed",
       "failed"},
      {"expired", [](TwapWorld& w) { w.take_book_away(0, 1h), (void)w.run(1min, 50ms); }, "expired",
       "expired", "expired"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto say = [&](auto control, const char* wanted) {
      auto plan = twap_plan("0.05", "0.01", 1s, 1);
      plan.options.end_at = core::to_millis(core::WallTime{20'000 * 24h + 12h}) + 30'000;
      if (std::string_view{row.name} == "scheduled")
        plan.options.start_at = *plan.options.end_at - 1'000;
      TwapWorld world{plan, {}, 1};
      row.bring(world);
      REQUIRE(phase(world) == row.name);
      const core::Status status = control(*world.runner);
      CHECK(status.has_value() == std::string_view{wanted}.empty());
      if (!status) {
        CHECK(status.error().code == core::Errc::conflict);
        CHECK(status.error().detail.find(wanted) != std::string::npos);
      }
    };
    say([](PlanRunner& runner) { return runner.pause("bob"); }, row.pause);
    say([](PlanRunner& runner) { return runner.resume(); }, row.resume);
    say([](PlanRunner& runner) { return runner.cancel("bob"); }, row.cancel);
  }
}

TEST_CASE("a plan that has begun is changed while paused: what was released stays released") {
  TwapWorld world{twap_plan("0.1", "0.01", 1s, 1), {}, 1};
  pass(world, 3s);
  auto changed = twap_plan("0.2", "0.05", 2s, 1);
  CHECK(world.runner->change(changed, "ann", world.now).error().detail.find("pause it")
        != std::string::npos);
  REQUIRE(world.runner->pause("ann").has_value());
  pass(world, 1s);
  changed.total_quantity = decimal("0.01");
  changed.slice_quantity = decimal("0.01");
  CHECK(world.runner->change(changed, "ann", world.now).error().source == "totalQty");
  changed = twap_plan("0.23", "0.05", 2s, 1);
  REQUIRE(world.runner->change(changed, "ann", world.now).has_value());
  CHECK(world.plan().slices_total() == 3 + 4);
  world.crash();
  REQUIRE(world.runner->resume().has_value());
  REQUIRE(world.run(1min, 50ms));
  CHECK(phase(world) == "completed");
  CHECK(world.filled(0) == money("0.23"));
  CHECK(world.plan().slices_done() == 7);
}

TEST_CASE("the gate refuses what would come to more than the plan, whatever the plan says") {
  TwapWorld world{twap_plan("0.05", "0.05", 1s, 1), {}, 1};
  REQUIRE(world.run(1min, 50ms));
  auto draft = world.sent[0].second.draft;
  draft.origin.execution = 99;
  draft.quantity = {2};
  pass(world, 1s);
  const auto facts = world.facts_of_leg(0);
  const auto refused = world.desk->submit({&draft, 1}, {&facts, 1}, world.now);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().rule == core::risk::Rule::parent_quantity);
}

TEST_CASE("average, arrival and time-weighted price say how well it was worked") {
  auto plan = twap_plan("0.04", "0.02", 1s, 1);
  TwapWorld world{plan, {}, 1};
  world.step(50ms);
  world.quotes[0] = {100'20, 101'20};
  REQUIRE(world.run(1min, 50ms));
  const auto& leg = world.plan().state().legs[0];
  CHECK(leg.arrival == decimal("100.5"));
  const auto average = average_price(leg);
  REQUIRE(average.has_value());
  CHECK(*average > decimal("101"));
  CHECK(*average < decimal("101.31"));
  REQUIRE(benchmark(leg).has_value());
  CHECK(*benchmark(leg) >= decimal("100.5"));
  CHECK(*benchmark(leg) <= decimal("100.7"));
  CHECK(slippage_percent(average, leg.arrival, Side::buy) > decimal("0.4"));
  CHECK(slippage_percent(average, leg.arrival, Side::sell) < decimal("-0.4"));
}
