// The slices of a plan: sums, times, bounds.
#include "core/twap/schedule.hpp"

#include "tests/core/risk/gated.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::core::twap;
using namespace tandem::tests;

namespace {

const Grid fine{core::Decimal{1, 3}, core::Decimal{1, 3}, {}};
constexpr core::UnixMillis start = 1'700'000'000'000;

PlanConfig plan_of(std::string_view total, std::string_view slice,
                   std::chrono::milliseconds interval = 1s) {
  PlanConfig plan;
  plan.total_quantity = decimal(total);
  plan.slice_quantity = decimal(slice);
  plan.interval = interval;
  return plan;
}

std::vector<std::int64_t> lots(const core::Result<Schedule>& schedule) {
  REQUIRE(schedule.has_value());
  std::vector<std::int64_t> result;
  for (const auto& slice : schedule->slices())
    result.push_back(slice.lots);
  return result;
}

using Lots = std::vector<std::int64_t>;

core::Instrument listed(core::Scale scale, std::int64_t lot, std::int64_t least = 0) {
  core::Instrument rules;
  rules.scale = scale;
  rules.lot = {lot};
  rules.quantity_min = {least};
  return rules;
}

} // namespace

TEST_CASE("as many slices as total / slice, rounded up; the last one is the rest") {
  CHECK(lots(Schedule::make(plan_of("0.01", "0.001"), fine, start)) == Lots(10, 1));
  CHECK(lots(Schedule::make(plan_of("0.01", "0.003"), fine, start)) == Lots{3, 3, 3, 1});
  CHECK(lots(Schedule::make(plan_of("0.01", "0.01"), fine, start)) == Lots{10});
}

TEST_CASE("what a slice lacks of a whole lot is carried forward") {
  const Grid coarse{core::Decimal{1, 2}, core::Decimal{1, 2}, {}};
  CHECK(lots(Schedule::make(plan_of("0.1", "0.015"), coarse, start)) == Lots{1, 2, 1, 2, 1, 2, 1});
}

TEST_CASE("a last slice below the minimum joins the one before it, or is left and said") {
  const Grid grid{core::Decimal{1, 3}, core::Decimal{4, 3}, {}};
  auto plan = plan_of("0.022", "0.01");
  CHECK(lots(Schedule::make(plan, grid, start)) == Lots{10, 12});
  plan.options.remainder = Remainder::leave;
  const auto left = Schedule::make(plan, grid, start);
  CHECK(lots(left) == Lots{10, 10});
  CHECK(left->unscheduled() == decimal("0.002"));
}

TEST_CASE("what is below a lot is no slice's") {
  const auto schedule = Schedule::make(plan_of("0.0125", "0.005"), fine, start);
  CHECK(lots(schedule) == Lots{5, 5, 2});
  CHECK(schedule->unscheduled() == decimal("0.0005"));
}

TEST_CASE("a plan that no venue could take is refused by its field") {
  const Grid grid{core::Decimal{1, 3}, core::Decimal{4, 3}, core::Decimal{9, 3}};
  CHECK(Schedule::make(plan_of("0.003", "0.003"), grid, start).error().source == "totalQty");
  CHECK(Schedule::make(plan_of("0.03", "0.003"), grid, start).error().source == "sliceQty");
  CHECK(Schedule::make(plan_of("0.03", "0.01"), grid, start).error().source == "sliceQty");
  auto closed = plan_of("0.03", "0.005");
  closed.options.calendar.sessions = {{0min, 0min, 0}};
  CHECK(Schedule::make(closed, grid, start).error().source == "options.sessions");
}

TEST_CASE("slots follow each other by the interval in open time, also behind the last slice") {
  auto plan = plan_of("0.003", "0.001", 60s);
  const auto always = Schedule::make(plan, fine, start);
  REQUIRE(always.has_value());
  CHECK(always->slices()[2].due_at == start + 120'000);
  CHECK(always->ends_at() == start + 180'000);
  CHECK(always->slot_of(start - 1) == -1);
  CHECK(always->slot_of(start + 59'999) == 0);
  CHECK(always->slot_of(start + 60'000) == 1);
  CHECK(always->slot_of(start + 3'600'000) == 60);
  // Open for two minutes of each hour of the day that begins the epoch's second week.
  plan.options.calendar.sessions = {{0min, 2min, 0x7f}, {60min, 62min, 0x7f}};
  const auto sessions = Schedule::make(plan, fine, 7 * 86'400'000);
  REQUIRE(sessions.has_value());
  CHECK(sessions->slices()[1].due_at == 7 * 86'400'000 + 60'000);
  CHECK(sessions->slices()[2].due_at == 7 * 86'400'000 + 3'600'000);
}

TEST_CASE("the coarser lot, the larger minimum and the smaller maximum of the legs") {
  auto a = listed({2, 3}, 5, 10);
  auto b = listed({1, 2}, 1);
  b.notional_min = decimal("5");
  b.quantity_max = core::Quantity{100};
  const std::vector<LegRules> legs{{&a, decimal("100")}, {&b, decimal("99")}};
  const auto grid = grid_of(legs);
  REQUIRE(grid.has_value());
  CHECK(grid->lot == decimal("0.01"));
  CHECK(grid->minimum == decimal("0.06")); // 5 / 99, up to the lot
  CHECK(grid->maximum == decimal("1"));
  auto c = listed({1, 2}, 3);
  const std::vector<LegRules> odd{{&a, decimal("1")}, {&c, decimal("1")}};
  CHECK(grid_of(odd)->lot == decimal("0.03"));
  const std::vector<LegRules> no_price{{&b, {}}};
  CHECK_FALSE(grid_of(no_price).has_value());
}

TEST_CASE("P31: the slices of any plan come to the parent exactly, within every bound") {
  const auto wanted = cases(10'000, 1'000'000);
  std::size_t made = 0;
  std::size_t slices = 0;
  for (std::uint64_t seed = 1; seed <= wanted; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto below
        = [&](std::uint64_t most) { return static_cast<std::int64_t>(random() % most); };
    const Grid grid{core::Decimal{1 + below(9), static_cast<int>(below(6))}, {}, {}};
    auto bounded = grid;
    const auto lot = core::to_money(grid.lot).units;
    bounded.minimum = core::to_decimal(core::Money{lot * (1 + below(4))});
    PlanConfig plan;
    plan.total_quantity
        = core::to_decimal(core::Money{lot * (1 + below(5'000)) + lot * below(9) / 9});
    plan.slice_quantity = core::to_decimal(core::Money{
        std::max<core::Int128>(1, core::to_money(plan.total_quantity).units / (1 + below(200)))});
    plan.interval = std::chrono::milliseconds{100 + below(100'000)};
    plan.options.remainder = static_cast<Remainder>(below(2));
    plan.options.seed = random();
    plan.options.size_jitter_percent = core::Decimal{below(51), 0};
    plan.options.time_jitter = std::chrono::milliseconds{
        below(static_cast<std::uint64_t>(plan.interval.count() / 2 + 1))};
    const auto schedule = Schedule::make(plan, bounded, start);
    if (!schedule)
      continue;
    ++made;
    slices += schedule->slices().size();
    std::int64_t sum = 0;
    core::UnixMillis before = start - 1;
    for (const auto& slice : schedule->slices()) {
      REQUIRE(core::to_money(schedule->quantity(slice.lots)) >= core::to_money(bounded.minimum));
      REQUIRE(slice.due_at > before);
      const auto slot = static_cast<std::int64_t>(slice.number) - 1;
      REQUIRE(schedule->slot_at(slot) == slice.due_at);
      REQUIRE(schedule->slot_of(slice.due_at) == slot);
      REQUIRE(schedule->slot_of(slice.due_at - 1) == slot - 1);
      const auto even = start + slot * plan.interval.count();
      REQUIRE(slice.due_at >= even);
      REQUIRE(slice.due_at <= even + plan.options.time_jitter.count());
      before = slice.due_at;
      sum += slice.lots;
      REQUIRE(schedule->lots_through(slice.number) == sum);
    }
    REQUIRE(core::to_money(schedule->quantity(sum)) + core::to_money(schedule->unscheduled())
            == core::to_money(plan.total_quantity));
    const auto again = Schedule::make(plan, bounded, start);
    REQUIRE(again->slices() == schedule->slices());
    if (plan.options.remainder == Remainder::merge)
      REQUIRE(core::to_money(schedule->unscheduled()).units < lot);
  }
  MESSAGE("P31: ", made, " schedules of ", wanted, " random plans (the others are refused), ",
          slices, " slices: every sum exact");
  CHECK(made > wanted / 4);
}
