// TWAP plans as actors, in virtual time: made, worked on paper against the fake venues' books,
// steered, killed in the middle, deleted.
#include "core/orders/no_journal.hpp"
#include "tests/actors/engine_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tandem;
using namespace tandem::tests;
using core::twap::PlanId;
using core::twap::PlanPhase;
using messages::PlanAction;
using messages::PlanOutcome;

namespace {

core::twap::PlanConfig plan_of(const std::string& id) {
  const auto pair = make_pair("any", "BTCUSDT");
  core::twap::PlanConfig plan;
  plan.id = PlanId{id};
  plan.name = "worked in virtual time";
  plan.total_quantity = core::Decimal{1, 0};
  plan.slice_quantity = core::Decimal{1, 1};
  plan.interval = 1s;
  plan.legs.push_back({pair.leg1, core::orders::Side::buy, {}, {}, {}});
  plan.legs.push_back({pair.leg2, core::orders::Side::sell, {}, {}, {}});
  return plan;
}

/// Mode dev: every actor of trading, orders filled on paper.
class PlansWorld : public EngineWorld {
public:
  PlansWorld() {
    auto& config = parts.config;
    config.mode = config::Mode::dev;
    config.pairs.clear();
    config.trading.limits.book_age_max = 10min; // the fake venues speak now and then
    config.trading.paper_balances = {{"USDT", core::to_money(core::Decimal{10'000'000, 0})},
                                     {"BTC", core::to_money(core::Decimal{100, 0})}};
    auto keys = std::make_shared<adapters::venues::KeyRing>();
    for (const auto* venue : {"binance", "bybit"}) {
      adapters::venues::Credentials given;
      given.api_key = "key";
      given.secret = "secret";
      keys->put(core::VenueId{venue}, given);
    }
    parts.trading = actors::supervisor::make_trading(
        config, std::make_unique<core::orders::NoJournal>(), {}, keys, sim.context());
  }

  void begin() {
    start();
    REQUIRE(sim.until([&] { return gate_is_open("binance") && gate_is_open("bybit"); }, 5s));
  }

  bool gate_is_open(const std::string& venue) {
    bool open = false;
    parts.trading->desk->with_gate([&](const core::risk::Gate& gate) {
      const auto* market = gate.market({core::VenueId{venue}, core::MarketType::spot});
      open = market != nullptr && market->open;
    });
    return open;
  }

  [[nodiscard]] messages::PlansHandle plans() {
    return sim.context()->directory->get<messages::PlansHandle>(messages::paths::plans);
  }

  PlanOutcome put(const core::twap::PlanConfig& plan, bool replaces = false) {
    return sim.ask<PlanOutcome>(plans(), messages::PutPlan{plan, replaces, "ann"});
  }

  PlanOutcome control(const std::string& id, PlanAction action) {
    return sim.ask<PlanOutcome>(plans(), messages::ControlPlan{PlanId{id}, action, "ann"});
  }

  PlanOutcome remove(const std::string& id) {
    return sim.ask<PlanOutcome>(plans(), messages::DeletePlan{PlanId{id}, "ann"});
  }

  [[nodiscard]] core::twap::PlanState state_of(const std::string& id) {
    const auto known = parts.trading->plan_book.find(PlanId{id});
    REQUIRE(known.has_value());
    return known->state.value_or(core::twap::PlanState{});
  }

  bool reaches(const std::string& id, PlanPhase phase, std::chrono::milliseconds limit) {
    return sim.until([&] { return state_of(id).phase == phase; }, limit);
  }

  /// Of this leg, over all orders that the desk knows.
  [[nodiscard]] core::Money filled(const std::string& id, std::uint8_t leg) {
    core::Money sum;
    for (const auto& order : parts.trading->desk->of_plan(PlanId{id}))
      if (order.intent().draft.origin.leg == leg)
        sum += core::to_money(order.filled(), order.intent().draft.scale);
    return sum;
  }

  void kill(const std::string& path) {
    caf::anon_send_exit(sim.context()->directory->get<caf::actor>(path), caf::exit_reason::kill);
  }
};

const core::Money one = core::to_money(core::Decimal{1, 0});

} // namespace

TEST_CASE("a plan is named, worked in slices on both legs and told on the way") {
  PlansWorld world;
  world.begin();
  const auto made = world.put(plan_of(""));
  CHECK_FALSE(made.error.has_value());
  REQUIRE(made.id == PlanId{"twap_001"});
  REQUIRE(world.reaches("twap_001", PlanPhase::completed, 30s));
  CHECK(world.filled("twap_001", 1) == one);
  CHECK(world.filled("twap_001", 2) == one);
  const auto& told = world.heard->plans;
  REQUIRE(told.size() >= 10);
  CHECK(told.back().state.phase == PlanPhase::completed);
  CHECK(told.back().slices_done == 10);
  CHECK(std::ranges::is_sorted(told, {}, [](const auto& view) { return view.slices_done; }));
  CHECK(world.alerts("PLAN_ENDED") == 1);
}

TEST_CASE("a plan's actor that is killed at any moment goes on without a doubled or lost slice") {
  for (const auto after : {5ms, 400ms, 1'001ms, 2'500ms}) {
    CAPTURE(after.count());
    PlansWorld world;
    world.begin();
    REQUIRE_FALSE(world.put(plan_of("")).error.has_value());
    for (int times = 0; times < 3; ++times) {
      world.sim.advance(after);
      world.kill(messages::paths::twap_plan("twap_001"));
    }
    REQUIRE(world.reaches("twap_001", PlanPhase::completed, 60s));
    CHECK(world.filled("twap_001", 1) == one);
    CHECK(world.filled("twap_001", 2) == one);
    CHECK(world.parts.trading->desk->of_plan(PlanId{"twap_001"}).size() == 20);
  }
}

TEST_CASE("plans go on when the list of plans restarts") {
  PlansWorld world;
  world.begin();
  REQUIRE_FALSE(world.put(plan_of("")).error.has_value());
  world.sim.advance(1'500ms);
  const auto id = world.sim.cell(messages::paths::twap_plan("twap_001"))->actor_id.load();
  world.kill(messages::paths::plans);
  REQUIRE(world.reaches("twap_001", PlanPhase::completed, 30s));
  CHECK(world.sim.cell(messages::paths::twap_plan("twap_001"))->actor_id.load() == id);
}

TEST_CASE("a lost venue pauses the plan by risk; it goes on when the book is there again") {
  PlansWorld world;
  world.begin();
  REQUIRE_FALSE(world.put(plan_of("")).error.has_value());
  world.sim.advance(1'500ms);
  world.venues.cut("bybit");
  REQUIRE(world.sim.until([&] { return !world.state_of("twap_001").risk.empty(); }, 200ms));
  CHECK(world.state_of("twap_001").phase == PlanPhase::paused);
  CHECK(world.state_of("twap_001").paused_by.empty());
  const auto refused = world.control("twap_001", PlanAction::resume);
  REQUIRE(refused.error.has_value());
  CHECK(refused.error->code == core::Errc::conflict);
  REQUIRE(world.reaches("twap_001", PlanPhase::completed, 60s));
  CHECK(world.alerts("PLAN_PAUSED") >= 1);
  CHECK(world.alerts("PLAN_RESUMED") == world.alerts("PLAN_PAUSED"));
}

TEST_CASE("pause, resume, change, cancel and delete by a person") {
  PlansWorld world;
  world.begin();
  REQUIRE_FALSE(world.put(plan_of("mine")).error.has_value());
  world.sim.advance(1'500ms);
  CHECK(world.put(plan_of("mine"), true).error->code == core::Errc::conflict);
  CHECK(world.remove("mine").error->code == core::Errc::conflict);
  CHECK_FALSE(world.control("mine", PlanAction::pause).error.has_value());
  const auto before = world.filled("mine", 1);
  world.sim.advance(5s);
  CHECK(world.filled("mine", 1) == before);
  auto changed = plan_of("mine");
  changed.slice_quantity = core::Decimal{2, 1};
  CHECK_FALSE(world.put(changed, true).error.has_value());
  CHECK_FALSE(world.control("mine", PlanAction::resume).error.has_value());
  world.sim.advance(1'500ms);
  CHECK_FALSE(world.control("mine", PlanAction::cancel).error.has_value());
  REQUIRE(world.reaches("mine", PlanPhase::cancelled, 5s));
  CHECK(world.filled("mine", 1) > before);
  CHECK(world.filled("mine", 1) < one);
  CHECK(world.control("mine", PlanAction::pause).error->detail.find("cancelled")
        != std::string::npos);
  CHECK_FALSE(world.remove("mine").error.has_value());
  CHECK(world.control("mine", PlanAction::pause).error->code == core::Errc::not_found);
  CHECK(world.put(plan_of("mine")).error->code == core::Errc::conflict);
}

TEST_CASE("what fills after a plan's end, of an order that was called over, is counted and told") {
  PlansWorld world;
  world.begin();
  auto plan = plan_of("short");
  plan.legs.pop_back();
  plan.legs[0].type = core::twap::SliceType::limit;
  plan.legs[0].limit_price = core::Decimal{995, 1};
  plan.options.guard_percent = {};
  REQUIRE_FALSE(world.put(plan).error.has_value());
  auto& desk = *world.parts.trading->desk;
  REQUIRE(world.sim.until([&] { return !desk.of_plan(PlanId{"short"}).empty(); }, 5s));
  world.sim.advance(100ms);
  REQUIRE_FALSE(world.control("short", PlanAction::cancel).error.has_value());
  REQUIRE(world.reaches("short", PlanPhase::cancelled, 5s));
  CHECK(world.alerts("PLAN_LATE_FILL") == 0);
  const auto order = desk.of_plan(PlanId{"short"}).front();
  core::orders::VenueFill fill;
  fill.instrument = order.intent().draft.instrument;
  fill.client_id = order.id().text();
  fill.side = core::orders::Side::buy;
  fill.trade_id = "late";
  fill.price = core::Decimal{995, 1};
  fill.quantity = core::Decimal{5, 2};
  desk.on_fill(fill, {world.sim.now(), world.sim.context()->clocks.wall()});
  world.sim.settle();
  CHECK(to_string(world.state_of("short").legs[0].filled) == "0.05");
  CHECK(world.alerts("PLAN_LATE_FILL") == 1);
  CHECK(world.alerts("PLAN_IMBALANCED") == 0);
}

TEST_CASE("a plan that this engine cannot work is refused by its field") {
  PlansWorld world;
  world.begin();
  const auto field = [&](auto change) {
    auto plan = plan_of("");
    change(plan);
    const auto outcome = world.put(plan);
    REQUIRE(outcome.error.has_value());
    CHECK(outcome.error->code == core::Errc::validation_error);
    return outcome.error->source;
  };
  CHECK(field([](auto& p) { p.legs[0].instrument.venue = core::VenueId{"kraken"}; })
        == "legs[0].exchange");
  CHECK(field([](auto& p) { p.legs[1].instrument.type = core::MarketType::linear; })
        == "legs[1].marketType");
  CHECK(field([](auto& p) { p.legs[1].instrument.symbol = core::Symbol{"NOPE"}; })
        == "legs[1].symbol");
  CHECK(field([](auto& p) { p.options.end_at = 1; }) == "options.endAt");
  CHECK(field([](auto& p) { p.interval = 1ms; }) == "intervalMs");
}

TEST_CASE("a configured plan begins once, and what the file says later of it changes nothing") {
  PlansWorld world;
  world.parts.config.plans = {{plan_of("daily"), false}, {plan_of("demo"), true}};
  world.begin();
  CHECK(world.parts.trading->plan_book.find(PlanId{"daily"}).has_value());
  const auto demo = "demo-" + std::to_string(world.parts.trading->desk->epoch());
  CHECK(world.parts.trading->plan_book.find(PlanId{demo}).has_value());
  auto other = plan_of("daily");
  other.total_quantity = core::Decimal{5, 0};
  caf::anon_send(world.plans(), messages::ReloadPlans{{other, plan_of("later")}});
  world.sim.settle();
  CHECK(world.parts.trading->plan_book.find(PlanId{"daily"})->plan.total_quantity
        == core::Decimal{1, 0});
  REQUIRE(world.reaches("later", PlanPhase::completed, 60s));
  REQUIRE(world.reaches("daily", PlanPhase::completed, 60s));
  CHECK(world.filled("daily", 1) == one);
}
