// TWAP plans as the traders' surface shows them: names and JSON types of the lists, the status, the
// event and the dry run.
#include "adapters/traders/plans.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::traders;
using namespace tandem::core::twap;
using namespace std::chrono_literals;
using core::Decimal;
using core::orders::Side;

namespace {

core::Money money(std::string_view text) {
  return core::parse_money(text).value();
}

PlanConfig some_plan() {
  PlanConfig plan;
  plan.id = PlanId{"twap_001"};
  plan.name = "BTC_TWAP";
  plan.total_quantity = {1, 2};
  plan.slice_quantity = {1, 3};
  plan.interval = 30s;
  plan.legs.resize(2);
  plan.legs[0].instrument
      = {core::VenueId{"bybit"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  plan.legs[1].instrument
      = {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  plan.legs[1].side = Side::sell;
  plan.legs[1].type = SliceType::limit;
  plan.legs[1].limit_price = Decimal{600'005, 1};
  return plan;
}

/// Before anything happened.
PlanView fresh_view() {
  PlanView view;
  view.plan = some_plan();
  view.state.id = view.plan.id;
  view.slices_total = 10;
  view.remaining = {1, 2};
  view.shortfalls = {Decimal{1, 2}, Decimal{1, 2}};
  return view;
}

/// Three slices of the first leg, two and a half of the second.
PlanView moved_view() {
  auto view = fresh_view();
  auto& state = view.state;
  state.phase = PlanPhase::running;
  state.started_at = 1'764'550'800'000;
  state.last_execution_at = 1'764'550'860'123;
  state.skipped = money("0.0005");
  auto& buy = state.legs[0];
  buy.filled = money("0.003");
  buy.notional = money("180.3");
  buy.fees["BTC"] = money("0.000003");
  buy.fees["BNB"] = money("-0.01");
  buy.orders = 4;
  buy.arrival = Decimal{60'000, 0};
  buy.benchmark_sum = money("6005000");
  buy.benchmark_ms = 100;
  state.legs[1].filled = money("0.0025");
  state.legs[1].notional = money("150.25");
  state.legs[1].arrival = Decimal{60'000, 0};
  view.slices_done = 2;
  view.executed = {25, 4};
  view.remaining = {75, 4};
  view.shortfalls = {Decimal{7, 3}, Decimal{75, 4}};
  view.imbalance = {5, 4};
  view.next_due = 1'764'550'890'000;
  return view;
}

Json read(const std::string& text) {
  auto json = parse_json(text);
  REQUIRE_MESSAGE(json.has_value(), text);
  return *std::move(json);
}

Json plan_of(const PlanView& view) {
  JsonWriter out;
  write_plan(out, view);
  return read(out.take());
}

std::string status_text(const PlanView& view) {
  JsonWriter out;
  write_plan_status(out, view);
  return out.take();
}

/// What stands at "legs.0.fees.BTC": a number as it was written, a text in quotes, true, false,
/// null, {} or []; "absent" when nothing does.
std::string at(const Json& json, std::string_view path) {
  const Json* node = &json;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto key = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    if (const auto* list = node->array()) {
      const auto index = static_cast<std::size_t>(key[0] - '0');
      node = index < list->size() ? &(*list)[index] : nullptr;
    } else {
      node = node->find(key);
    }
    if (node == nullptr)
      return "absent";
  }
  if (const auto* number = node->number())
    return number->text;
  if (const auto* text = node->string())
    return "\"" + *text + "\"";
  if (const auto* boolean = node->boolean())
    return *boolean ? "true" : "false";
  if (node->null())
    return "null";
  return node->array() != nullptr ? "[]" : "{}";
}

struct Expected {
  std::string_view path;
  std::string_view value;
};

void check_all(const Json& json, const std::vector<Expected>& all) {
  for (const auto& one : all)
    CHECK_MESSAGE(at(json, one.path) == one.value, one.path);
}

std::vector<std::string> names_of(const Json& json, std::string_view key = {}) {
  const auto* object = key.empty() ? &json : json.find(key);
  REQUIRE(object != nullptr);
  std::vector<std::string> names;
  for (const auto& [name, value] : *object->object())
    names.push_back(name);
  return names;
}

} // namespace

TEST_CASE("the status has the documented members first, as numbers and words") {
  CHECK(status_text(moved_view())
            .find(R"({"planId":"twap_001","progress":{"executed":0.0025,"remaining":0.0075,)"
                  R"("slicesDone":2,"slicesTotal":10},"state":"running",)"
                  R"("lastExecutionTs":1764550860123,"nextSliceTs":1764550890000,)")
        == 0);
  check_all(read(status_text(moved_view())), {{"imbalance", "0.0005"},
                                              {"skipped", "0.0005"},
                                              {"legs.0.exchange", "\"bybit\""},
                                              {"legs.0.symbol", "\"BTCUSDT\""},
                                              {"legs.0.side", "\"buy\""},
                                              {"legs.1.side", "\"sell\""},
                                              {"legs.0.filled", "0.003"},
                                              {"legs.1.shortfall", "0.0075"},
                                              {"legs.2", "absent"}});
  SUBCASE("before the first execution its time is null") {
    check_all(read(status_text(fresh_view())), {{"lastExecutionTs", "null"},
                                                {"nextSliceTs", "null"},
                                                {"state", "\"scheduled\""},
                                                {"progress.executed", "0"},
                                                {"progress.remaining", "0.01"},
                                                {"progress.slicesDone", "0"},
                                                {"progress.slicesTotal", "10"},
                                                {"heldBy", "\"\""},
                                                {"reason", "\"\""},
                                                {"cancelling", "false"}});
  }
  SUBCASE("the states have the words of the interface") {
    const std::vector<std::pair<PlanPhase, std::string_view>> words{
        {PlanPhase::scheduled, "\"scheduled\""}, {PlanPhase::running, "\"running\""},
        {PlanPhase::paused, "\"paused\""},       {PlanPhase::completed, "\"completed\""},
        {PlanPhase::cancelled, "\"cancelled\""}, {PlanPhase::expired, "\"expired\""},
        {PlanPhase::failed, "\"failed\""}};
    for (const auto& [phase, word] : words) {
      auto view = fresh_view();
      view.state.phase = phase;
      CHECK(at(read(status_text(view)), "state") == word);
      CHECK(at(plan_of(view), "state") == word);
      CHECK(at(read(plan_frame(view, 5, "mock")), "data.state") == word);
    }
  }
}

TEST_CASE("a pause says whose it is: a person's and a risk's apart") {
  auto view = moved_view();
  view.state.phase = PlanPhase::paused;
  const auto said = [&] {
    const auto json = read(status_text(view));
    return at(json, "pausedBy.0") + " " + at(json, "pausedBy.1") + " " + at(json, "pausePerson")
           + " " + at(json, "pauseRisk");
  };
  CHECK(said() == R"(absent absent "" "")");
  view.state.paused_by = "ann";
  CHECK(said() == R"("person" absent "ann" "")");
  view.state.risk = "book";
  CHECK(said() == R"("person" "risk" "ann" "book")");
  view.state.paused_by.clear();
  CHECK(said() == R"("risk" absent "" "book")");
  SUBCASE("and a cancel that waits for its orders is told until it is over") {
    view.state.cancelled_by = "ann";
    CHECK(at(read(status_text(view)), "cancelling") == "true");
    view.state.phase = PlanPhase::cancelled;
    CHECK(at(read(status_text(view)), "cancelling") == "false");
  }
  SUBCASE("what holds a running plan is told in words") {
    view.held_by = "price guard: \"far\"";
    view.state.reason = "why";
    check_all(read(status_text(view)),
              {{"heldBy", "\"price guard: \"far\"\""}, {"reason", "\"why\""}});
  }
}

TEST_CASE("a plan is shown with its configuration and how far it came") {
  check_all(plan_of(moved_view()), {{"planId", "\"twap_001\""},
                                    {"id", "\"twap_001\""},
                                    {"name", "\"BTC_TWAP\""},
                                    {"totalQty", "0.01"},
                                    {"sliceQty", "0.001"},
                                    {"intervalMs", "30000"},
                                    {"slicesTotal", "10"},
                                    {"state", "\"running\""},
                                    {"legs.0.type", "\"market\""},
                                    {"legs.0.marketType", "\"spot\""},
                                    {"legs.0.limitPrice", "absent"},
                                    {"legs.0.offsetPercent", "0"},
                                    {"legs.1.type", "\"limit\""},
                                    {"legs.1.marketType", "\"linear\""},
                                    {"legs.1.limitPrice", "60000.5"},
                                    {"progress.executed", "0.0025"},
                                    {"progress.remaining", "0.0075"},
                                    {"progress.slicesDone", "2"},
                                    {"progress.slicesTotal", "10"},
                                    {"startedTs", "1764550800000"},
                                    {"endedTs", "null"},
                                    {"lastExecutionTs", "1764550860123"},
                                    {"nextSliceTs", "1764550890000"}});
  SUBCASE("and how well: worse for us is positive, on either side") {
    check_all(plan_of(moved_view()), {{"legs.0.filled", "0.003"},
                                      {"legs.0.shortfall", "0.007"},
                                      {"legs.0.avgPrice", "60100"},
                                      {"legs.0.arrivalPrice", "60000"},
                                      {"legs.0.twapPrice", "60050"},
                                      {"legs.0.slippageToArrivalPercent", "0.1667"},
                                      {"legs.0.slippageToTwapPercent", "0.0833"},
                                      {"legs.0.orders", "4"},
                                      {"legs.0.fees.BTC", "0.000003"},
                                      {"legs.0.fees.BNB", "-0.01"},
                                      {"legs.1.avgPrice", "60100"},
                                      {"legs.1.slippageToArrivalPercent", "-0.1667"},
                                      {"legs.1.twapPrice", "null"},
                                      {"legs.1.slippageToTwapPercent", "null"},
                                      {"legs.1.fees", "{}"}});
  }
  SUBCASE("what is not known yet is null") {
    check_all(plan_of(fresh_view()), {{"legs.0.filled", "0"},
                                      {"legs.0.avgPrice", "null"},
                                      {"legs.0.arrivalPrice", "null"},
                                      {"legs.0.slippageToArrivalPercent", "null"},
                                      {"startedTs", "null"},
                                      {"lastExecutionTs", "null"},
                                      {"nextSliceTs", "null"}});
  }
}

TEST_CASE("the options of a plan are shown as they are read") {
  auto view = fresh_view();
  auto& options = view.plan.options;
  options.start_at = 1'764'550'800'000;
  options.calendar.sessions = {{9h, 12h + 5min, 0b0000101}, {22h, 24h, 0x7f}};
  options.calendar.utc_offset = -5h;
  options.size_jitter_percent = {5, 1};
  options.time_jitter = 1500ms;
  options.seed = 9'223'372'036'854'775'807U;
  options.participation_percent = {15, 0};
  options.catch_up = CatchUp::catch_up;
  options.remainder = Remainder::leave;
  options.leg_down = LegDown::pause_leg;
  options.imbalance_max = {2, 3};
  options.sweep = false;
  for (const auto& shown : {fresh_view(), view}) {
    JsonWriter out;
    write_plan(out, shown);
    const auto text = out.take();
    const auto from = text.find("\"options\":");
    const auto body = "{" + text.substr(from, text.find(",\"progress\"", from) - from) + "}";
    auto other = some_plan();
    other.options.end_at = 5;
    other.options.calendar.sessions.resize(3);
    other.options.guard_percent = {7, 0};
    const auto back = parse_plan(read(body), other, 0);
    REQUIRE_MESSAGE(back.has_value(), body);
    CHECK(back->options == shown.plan.options);
  }
  check_all(plan_of(view), {{"options.startAt", "1764550800000"},
                            {"options.endAt", "null"},
                            {"options.sessions.0.from", "\"09:00\""},
                            {"options.sessions.0.until", "\"12:05\""},
                            {"options.sessions.0.days.0", "\"mon\""},
                            {"options.sessions.0.days.1", "\"wed\""},
                            {"options.sessions.0.days.2", "absent"},
                            {"options.sessions.1.until", "\"24:00\""},
                            {"options.sessions.1.days.6", "\"sun\""},
                            {"options.utcOffsetMinutes", "-300"},
                            {"options.seed", "9223372036854775807"},
                            {"options.guardPercent", "2"},
                            {"options.slippagePercent", "0.1"},
                            {"options.sweep", "false"},
                            {"options.failuresMax", "5"}});
}

TEST_CASE("the event twap_progress has the members of the interface and what explains them") {
  const auto frame = plan_frame(moved_view(), 1'764'550'861'000, "mock");
  CHECK(frame.find(R"({"event":"twap_progress","mode":"mock","data":{"planId":"twap_001",)"
                   R"("executed":0.0025,"remaining":0.0075,"slicesDone":2,"slicesTotal":10,)"
                   R"("state":"running","ts":1764550861000,)")
        == 0);
  CHECK(names_of(read(frame), "data")
        == std::vector<std::string>{"planId", "executed", "remaining", "slicesDone", "slicesTotal",
                                    "state", "ts", "pausedBy", "pausePerson", "pauseRisk",
                                    "cancelling", "heldBy", "reason", "imbalance", "skipped"});
}

TEST_CASE("a dry run says the schedule, the prices and every refusal, with numbers") {
  Forecast forecast;
  forecast.grid = {{1, 4}, {5, 4}, {}};
  forecast.slices = {{1, 1'000, 15}, {2, 31'000, 9}};
  forecast.unscheduled = {1, 5};
  forecast.starts_at = 1'000;
  forecast.ends_at = 61'000;
  auto& leg = forecast.legs[0];
  leg.mid = Decimal{600'005, 1};
  leg.average_price = Decimal{60'100, 0};
  leg.notional = money("144.24");
  leg.cost = money("0.24");
  leg.fees = money("0.14424");
  leg.slice_refusals = {{core::risk::Rule::notional_min, 0, "4.9", "5", "too \"small\""},
                        {core::risk::Rule::balance, 0, "144", "1", "not enough"}};
  leg.plan_refusals = {{core::risk::Rule::daily_notional_max, 0, "144", "100", "used up"}};
  JsonWriter out;
  write_forecast(out, some_plan(), forecast);
  const auto json = read(out.take());
  check_all(json, {{"dryRun", "true"},
                   {"slicesTotal", "2"},
                   {"lot", "0.0001"},
                   {"minimumQty", "0.0005"},
                   {"unscheduledQty", "0.00001"},
                   {"startTs", "1000"},
                   {"endTs", "61000"},
                   {"schedule.0.slice", "1"},
                   {"schedule.0.ts", "1000"},
                   {"schedule.0.qty", "0.0015"},
                   {"schedule.1.slice", "2"},
                   {"schedule.1.qty", "0.0009"},
                   {"schedule.2", "absent"},
                   {"legs.0.exchange", "\"bybit\""},
                   {"legs.0.midPrice", "60000.5"},
                   {"legs.0.expectedPrice", "60100"},
                   {"legs.0.expectedNotional", "144.24"},
                   {"legs.0.expectedCost", "0.24"},
                   {"legs.0.expectedFees", "0.14424"},
                   {"legs.0.sliceRefusals.0.rule", "\"notional_min\""},
                   {"legs.0.sliceRefusals.0.value", "\"4.9\""},
                   {"legs.0.sliceRefusals.0.limit", "\"5\""},
                   {"legs.0.sliceRefusals.0.message", "\"too \"small\"\""},
                   {"legs.0.sliceRefusals.1.rule", "\"balance\""},
                   {"legs.0.planRefusals.0.rule", "\"daily_notional_max\""},
                   {"legs.0.planRefusals.1", "absent"},
                   {"legs.1.side", "\"sell\""},
                   {"legs.1.midPrice", "null"},
                   {"legs.1.expectedPrice", "null"},
                   {"legs.1.expectedFees", "null"},
                   {"legs.1.sliceRefusals", "[]"},
                   {"legs.2", "absent"}});
}
