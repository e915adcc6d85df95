// What a TWAP plan may be: names on the wire, the rules it must keep, how many slices it asks for.
#include "core/twap/plan.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::twap;
using namespace std::chrono_literals;

namespace {

PlanLeg leg(const char* venue, const char* symbol) {
  PlanLeg result;
  result.instrument = {VenueId{venue}, MarketType::spot, Symbol{symbol}};
  return result;
}

PlanConfig good_plan() {
  PlanConfig plan;
  plan.id = PlanId{"twap_001"};
  plan.name = "buy here, sell there";
  plan.total_quantity = Decimal{1, 0};
  plan.slice_quantity = Decimal{1, 1};
  plan.interval = 10s;
  plan.legs = {leg("bybit", "BTCUSDT"), leg("binance", "BTCUSDT")};
  plan.legs[1].side = orders::Side::sell;
  return plan;
}

using Spoil = std::function<void(PlanConfig&)>;
using Fields = std::vector<std::string>;

std::vector<PlanProblem> problems_of(const Spoil& spoil) {
  auto plan = good_plan();
  spoil(plan);
  return check_plan(plan);
}

Fields fields_refused(const Spoil& spoil) {
  Fields fields;
  for (const auto& problem : problems_of(spoil)) {
    CHECK(!problem.message.empty());
    fields.push_back(problem.field);
  }
  return fields;
}

void only(const char* field, const Spoil& spoil) {
  CAPTURE(field);
  CHECK(fields_refused(spoil) == Fields{field});
}

void fine(const Spoil& spoil) {
  CHECK(fields_refused(spoil) == Fields{});
}

std::uint32_t slices(const Decimal& total, const Decimal& slice) {
  auto plan = good_plan();
  plan.total_quantity = total;
  plan.slice_quantity = slice;
  return slices_of(plan);
}

Spoil with_session(Session session) {
  return [session](PlanConfig& plan) { plan.options.calendar.sessions = {session}; };
}

} // namespace

TEST_CASE("a plan's rules have names, both ways") {
  for (const auto type : {SliceType::market, SliceType::limit, SliceType::pegged})
    CHECK(parse_slice_type(to_string(type)) == type);
  for (const auto rule : {CatchUp::extend, CatchUp::catch_up, CatchUp::skip})
    CHECK(parse_catch_up(to_string(rule)) == rule);
  for (const auto rule : {Remainder::merge, Remainder::leave})
    CHECK(parse_remainder(to_string(rule)) == rule);
  for (const auto rule : {LegDown::pause_both, LegDown::pause_leg})
    CHECK(parse_leg_down(to_string(rule)) == rule);
  CHECK(to_string(SliceType::pegged) == "pegged");
  CHECK(to_string(CatchUp::catch_up) == "catch_up");
  CHECK(to_string(Remainder::leave) == "leave");
  CHECK(to_string(LegDown::pause_both) == "pauseBoth");
  CHECK(to_string(LegDown::pause_leg) == "pauseLeg");
  for (const auto* text : {"", "Market", "pause_both", "catchUp", "unknown"}) {
    CHECK(!parse_slice_type(text));
    CHECK(!parse_catch_up(text));
    CHECK(!parse_remainder(text));
    CHECK(!parse_leg_down(text));
  }
}

TEST_CASE("a plan asks for as many slices as hold its total") {
  CHECK(slices(Decimal{1, 0}, Decimal{1, 1}) == 10);
  CHECK(slices(Decimal{1, 0}, Decimal{3, 1}) == 4);
  CHECK(slices(Decimal{1, 0}, Decimal{1, 0}) == 1);
  CHECK(slices(Decimal{1, 1}, Decimal{1, 0}) == 1);
  CHECK(slices(Decimal{1, 0}, Decimal{1, 5}) == slices_max);
  CHECK(slices(Decimal{1, 0}, Decimal{999, 8}) == slices_max + 1);
  CHECK(slices(Decimal{9'000'000'000'000'000'000, 0}, Decimal{1, 18}) == slices_max + 1);
  CHECK(slices(Decimal{}, Decimal{1, 0}) == 0);
  CHECK(slices(Decimal{1, 0}, Decimal{}) == 0);
  CHECK(slices(Decimal{-1, 0}, Decimal{1, 0}) == 0);
  CHECK(slices(Decimal{1, 0}, Decimal{-1, 0}) == 0);
}

TEST_CASE("a plan that keeps the rules has no problems") {
  fine([](PlanConfig&) {});
  fine([](PlanConfig& plan) { plan.id = {}; }); // it is given one
  fine([](PlanConfig& plan) { plan.id = PlanId{std::string(64, 'a')}; });
  fine([](PlanConfig& plan) { plan.name = std::string(100, 'n'); });
  fine([](PlanConfig& plan) { plan.name = "\xE5\xB8\x81"; });
  fine([](PlanConfig& plan) { plan.legs.pop_back(); });
  fine([](PlanConfig& plan) { plan.slice_quantity = plan.total_quantity; });
  fine([](PlanConfig& plan) { plan.slice_quantity = Decimal{1, 5}; });
  fine([](PlanConfig& plan) { plan.interval = 100ms; });
  fine([](PlanConfig& plan) { plan.interval = 24h; });
  fine([](PlanConfig& plan) {
    auto& options = plan.options;
    options.start_at = 1'000;
    options.end_at = 1'001;
    options.size_jitter_percent = Decimal{50, 0};
    options.time_jitter = 5s;
    options.guard_percent = Decimal{100, 0};
    options.slippage_percent = Decimal{10, 0};
    options.participation_percent = Decimal{100, 0};
    options.catch_up_slices = 100;
    options.imbalance_max = plan.slice_quantity;
    options.reprice = 1h;
    options.failures_max = 100;
    options.calendar.utc_offset = -14h;
    plan.legs[0].type = SliceType::limit;
    plan.legs[0].offset_percent = Decimal{10, 0};
  });
  fine([](PlanConfig& plan) {
    plan.options.guard_percent = {};
    plan.options.slippage_percent = {};
    plan.options.catch_up_slices = 1;
    plan.options.reprice = 100ms;
    plan.options.failures_max = 1;
    plan.options.calendar.utc_offset = 14h;
  });
  fine(with_session({.from = 0min, .until = 24h}));
  fine(with_session({.from = 22h, .until = 4h}));
  fine(with_session({.from = 23h + 59min, .until = 0min, .days = 1}));
}

TEST_CASE("each broken rule of name, size and leg names its field") {
  for (const std::string id : {"a b", "a/b", "\xC3\xA9"})
    only("id", [&](PlanConfig& plan) { plan.id = PlanId{id}; });
  only("id", [](PlanConfig& plan) { plan.id = PlanId{std::string(65, 'a')}; });
  for (const auto& name : {std::string{}, std::string(101, 'n'), std::string{"a\nb"},
                           std::string{"a\x7f"}, std::string(1, '\0')})
    only("name", [&](PlanConfig& plan) { plan.name = name; });
  for (const auto& wrong : {Decimal{}, Decimal{-1, 0}}) {
    only("totalQty", [&](PlanConfig& plan) { plan.total_quantity = wrong; });
    only("sliceQty", [&](PlanConfig& plan) { plan.slice_quantity = wrong; });
  }
  only("sliceQty", [](PlanConfig& plan) { plan.slice_quantity = Decimal{11, 1}; });
  only("sliceQty", [](PlanConfig& plan) { plan.slice_quantity = Decimal{999, 8}; });
  for (const std::chrono::milliseconds interval : {-1ms, 0ms, 99ms, 86'400'001ms})
    only("intervalMs", [&](PlanConfig& plan) { plan.interval = interval; });
  only("legs", [](PlanConfig& plan) { plan.legs.clear(); });
  only("legs", [](PlanConfig& plan) { plan.legs.push_back(leg("okx", "BTC-USDT")); });
  only("legs[1]", [](PlanConfig& plan) { plan.legs[1].instrument = plan.legs[0].instrument; });
  only("legs[0].exchange", [](PlanConfig& plan) { plan.legs[0].instrument.venue = VenueId{}; });
  only("legs[1].symbol", [](PlanConfig& plan) { plan.legs[1].instrument.symbol = Symbol{}; });
  only("legs[0].limitPrice", [](PlanConfig& plan) { plan.legs[0].limit_price = Decimal{}; });
  only("legs[1].offsetPercent", [](PlanConfig& plan) {
    plan.legs[1].type = SliceType::pegged;
    plan.legs[1].offset_percent = Decimal{101, 1};
  });
  // A market slice does not rest, so nothing is behind a touch.
  only("legs[0].offsetPercent", [](PlanConfig& plan) {
    plan.legs[0].offset_percent = Decimal{1, 0};
  });
}

TEST_CASE("each broken rule of the options names its field") {
  only("options.endAt", [](PlanConfig& plan) {
    plan.options.start_at = 1'000;
    plan.options.end_at = 1'000;
  });
  const auto percent = [](const char* field, Decimal PlanOptions::*option, const Decimal& above) {
    only(field, [&](PlanConfig& plan) { plan.options.*option = above; });
    only(field, [&](PlanConfig& plan) { plan.options.*option = Decimal{-1, 18}; });
  };
  percent("options.sizeJitterPercent", &PlanOptions::size_jitter_percent, Decimal{501, 1});
  percent("options.guardPercent", &PlanOptions::guard_percent, Decimal{1001, 1});
  percent("options.slippagePercent", &PlanOptions::slippage_percent, Decimal{101, 1});
  percent("options.participationPercent", &PlanOptions::participation_percent, Decimal{1001, 1});
  for (const std::chrono::milliseconds jitter : {-1ms, 5'001ms})
    only("options.timeJitterMs", [&](PlanConfig& plan) { plan.options.time_jitter = jitter; });
  for (const std::uint32_t wrong : {0U, 101U}) {
    only("options.catchUpSlices", [&](PlanConfig& plan) { plan.options.catch_up_slices = wrong; });
    only("options.failuresMax", [&](PlanConfig& plan) { plan.options.failures_max = wrong; });
  }
  only("options.imbalanceMax", [](PlanConfig& plan) { plan.options.imbalance_max = {-1, 0}; });
  // Both legs of a slice go out together: below one slice no order could ever go.
  only("options.imbalanceMax", [](PlanConfig& plan) { plan.options.imbalance_max = {9, 2}; });
  fine([](PlanConfig& plan) {
    plan.options.imbalance_max = {9, 2};
    plan.legs.pop_back();
  });
  for (const std::chrono::milliseconds reprice : {0ms, 99ms, 3'600'001ms})
    only("options.repriceMs", [&](PlanConfig& plan) { plan.options.reprice = reprice; });
}

TEST_CASE("a session begins and ends at times of day, on a day of the week") {
  only("options.sessions[0].from", with_session({.from = -1min, .until = 1h}));
  only("options.sessions[0].from", with_session({.from = 24h, .until = 1h}));
  only("options.sessions[0].until", with_session({.from = 1h, .until = -1min}));
  only("options.sessions[0].until", with_session({.from = 1h, .until = 24h + 1min}));
  only("options.sessions[0].days", with_session({.from = 1h, .until = 2h, .days = 0}));
  only("options.sessions[0].days", with_session({.from = 1h, .until = 2h, .days = 0x80}));
  only("options.sessions[1].days", [](PlanConfig& plan) {
    plan.options.calendar.sessions = {{.from = 1h, .until = 2h}, {.from = 3h, .days = 0}};
    plan.options.calendar.sessions[1].until = 4h;
  });
  for (const std::chrono::minutes offset : {-841min, 841min})
    only("options.utcOffsetMinutes",
         [&](PlanConfig& plan) { plan.options.calendar.utc_offset = offset; });
}

TEST_CASE("a problem says the number that it found") {
  const auto says = [](const char* number, const Spoil& spoil) {
    CAPTURE(number);
    const auto problems = problems_of(spoil);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].message.find(number) != std::string::npos);
  };
  says("-0.5", [](PlanConfig& plan) { plan.total_quantity = Decimal{-5, 1}; });
  says("1.25", [](PlanConfig& plan) { plan.slice_quantity = Decimal{125, 2}; });
  says("99", [](PlanConfig& plan) { plan.interval = 99ms; });
  says("65", [](PlanConfig& plan) { plan.id = PlanId{std::string(65, 'a')}; });
  says("101", [](PlanConfig& plan) { plan.name = std::string(101, 'n'); });
  says("50.5", [](PlanConfig& plan) { plan.options.size_jitter_percent = Decimal{505, 1}; });
  says("5001", [](PlanConfig& plan) { plan.options.time_jitter = 5'001ms; });
  says("0.09", [](PlanConfig& plan) { plan.options.imbalance_max = Decimal{9, 2}; });
  says("1500", with_session({.from = 1h, .until = 25h}));
}

TEST_CASE("all broken rules are told at once, a wrong interval only as itself") {
  CHECK(check_plan(PlanConfig{}).size() >= 5);
  CHECK(
      fields_refused([](PlanConfig& plan) {
        plan.name = "";
        plan.total_quantity = Decimal{};
        plan.interval = -1ms;
        plan.options.reprice = 0ms;
        plan.options.calendar.utc_offset = 15h;
      })
      == Fields{"name", "totalQty", "intervalMs", "options.utcOffsetMinutes", "options.repriceMs"});
}
