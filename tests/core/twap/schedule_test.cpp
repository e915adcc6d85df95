// A plan's slices: how much, when, and what no schedule can be made of.
#include "core/twap/schedule.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::twap;
using namespace std::chrono_literals;

namespace {

constexpr UnixMillis start = 1'699'833'600'000; ///< a Monday, 00:00 UTC
constexpr UnixMillis hour = 3'600'000, day = 24 * hour, week = 7 * day;

Decimal dec(const char* text) {
  return Decimal::parse(text).value();
}

PlanConfig plan_of(const char* total, const char* slice) {
  PlanConfig plan;
  plan.total_quantity = dec(total);
  plan.slice_quantity = dec(slice);
  plan.interval = 10s;
  return plan;
}

Grid grid_with(const char* lot, const char* minimum = "0", const char* maximum = "0") {
  return {dec(lot), dec(minimum), dec(maximum)};
}

using Lots = std::vector<std::int64_t>;

Lots lots_of(const Schedule& schedule) {
  Lots lots;
  for (const auto& slice : schedule.slices())
    lots.push_back(slice.lots);
  return lots;
}

Lots lots_of(const PlanConfig& plan, const Grid& grid) {
  return lots_of(Schedule::make(plan, grid, start).value());
}

void refused(const char* field, const char* number, const PlanConfig& plan, const Grid& grid) {
  CAPTURE(field);
  const auto made = Schedule::make(plan, grid, start);
  REQUIRE(!made);
  CHECK(made.error().code == Errc::validation_error);
  CHECK(made.error().source == field);
  CHECK_MESSAGE(made.error().detail.find(number) != std::string::npos, made.error().detail);
}

/// Lot and smallest quantity at `decimals`.
Instrument rules(std::int64_t lot, int decimals, std::int64_t quantity_min = 0) {
  Instrument result;
  result.scale = {2, static_cast<std::int8_t>(decimals)};
  result.lot = {lot};
  result.quantity_min = {quantity_min};
  return result;
}

Result<Grid> grid(const Instrument& a, const Instrument& b, const char* price = "100") {
  const std::vector<LegRules> legs{{&a, dec(price)}, {&b, dec(price)}};
  return grid_of(legs);
}

} // namespace

TEST_CASE("a total that slices divide is cut evenly, one slice an interval") {
  const auto schedule = Schedule::make(plan_of("1", "0.25"), grid_with("0.01"), start).value();
  CHECK(schedule.slices()
        == std::vector<Slice>{{1, start, 25},
                              {2, start + 10'000, 25},
                              {3, start + 20'000, 25},
                              {4, start + 30'000, 25}});
  CHECK(schedule.lots() == 100);
  CHECK(schedule.largest_slice() == 25);
  CHECK(schedule.quantity(25) == dec("0.25"));
  CHECK(schedule.unscheduled() == Decimal{});
  CHECK(schedule.ends_at() == start + 40'000);
  CHECK(schedule.lots_through(0) == 0);
  CHECK(schedule.lots_through(3) == 75);
  CHECK(schedule.lots_through(4) == 100);
  CHECK(schedule.lots_through(99) == 100);
}

TEST_CASE("what a slice lacks by rounding is carried forward") {
  // A third of a lot is missing twice, then made up for.
  CHECK(lots_of(plan_of("10", "1"), grid_with("0.3")) == Lots{3, 3, 4, 3, 3, 4, 3, 3, 4, 3});
  CHECK(lots_of(plan_of("1", "0.3"), grid_with("0.2")) == Lots{1, 2, 1, 1});
}

TEST_CASE("what is below one lot is scheduled by no slice, and said") {
  const auto schedule = Schedule::make(plan_of("1.057", "0.5"), grid_with("0.05"), start).value();
  CHECK(lots_of(schedule) == Lots{10, 10, 1});
  CHECK(schedule.unscheduled() == dec("0.007"));
}

TEST_CASE("a last slice below the minimum joins the one before, or is left") {
  auto plan = plan_of("1.05", "0.5");
  const auto grid = grid_with("0.01", "0.1");
  CHECK(lots_of(plan, grid) == Lots{50, 55});
  CHECK(Schedule::make(plan, grid, start)->unscheduled() == Decimal{});
  plan.options.remainder = Remainder::leave;
  CHECK(lots_of(plan, grid) == Lots{50, 50});
  CHECK(Schedule::make(plan, grid, start)->unscheduled() == dec("0.05"));
  CHECK(Schedule::make(plan, grid, start)->ends_at() == start + 20'000);
  // At the minimum it is a slice.
  CHECK(lots_of(plan_of("1.1", "0.5"), grid) == Lots{50, 50, 10});
  // Of less than a lot nothing is left to leave.
  CHECK(lots_of(plan_of("1.004", "0.5"), grid_with("0.01")) == Lots{50, 50});
}

TEST_CASE("a slice larger than the total is one slice") {
  CHECK(lots_of(plan_of("0.3", "0.5"), grid_with("0.01", "0.1")) == Lots{30});
}

TEST_CASE("what no schedule can be made of is refused by field and number") {
  const auto grid = grid_with("0.01", "0.1", "0.6");
  refused("totalQty", "0.05", plan_of("0.05", "0.05"), grid);
  refused("totalQty", "0.009", plan_of("0.009", "0.009"), grid_with("0.01"));
  refused("totalQty", "-1", plan_of("-1", "0.5"), grid);
  refused("sliceQty", "0.09", plan_of("1", "0.09"), grid);
  refused("sliceQty", "0.61", plan_of("2", "0.61"), grid);
  refused("sliceQty", "0.65", plan_of("1.15", "0.5"), grid_with("0.01", "0.2", "0.6")); // merged
  refused("sliceQty", "0.01", plan_of("1", "0.009"), grid_with("0.01"));                // no lot
  refused("sliceQty", "0", plan_of("1", "0"), grid);
  refused("sliceQty", "100000", plan_of("1", "0.00000999"), grid_with("0.00000001"));
  // No size is both.
  refused("sliceQty", "0.6", plan_of("1", "0.65"), grid_with("0.01", "0.7", "0.6"));
  refused("legs", "0", plan_of("1", "0.5"), Grid{});
  refused("totalQty", "9000000000000000000", plan_of("9000000000000000000", "9000000000000000"),
          grid_with("0.000000000000000001"));
  refused("totalQty", "91.5", plan_of("91.5", "1"), grid_with("0.000000000000000011"));
  auto plan = plan_of("1", "0.5");
  plan.options.calendar.sessions = {{.from = 1h, .until = 2h, .days = 0}};
  refused("options.sessions", "", plan, grid);
}

TEST_CASE("times and jitter out of range are refused, not reckoned with") {
  const auto grid = grid_with("0.01");
  for (const std::chrono::milliseconds interval : {0ms, -1ms, 86'400'001ms}) {
    auto plan = plan_of("1", "0.5");
    plan.interval = interval;
    refused("intervalMs", std::to_string(interval.count()).c_str(), plan, grid);
  }
  for (const std::chrono::milliseconds jitter : {-1ms, 5'001ms}) {
    auto plan = plan_of("1", "0.5");
    plan.options.time_jitter = jitter;
    refused("options.timeJitterMs", std::to_string(jitter.count()).c_str(), plan, grid);
  }
  for (const auto* percent : {"-0.1", "50.1"}) {
    auto plan = plan_of("1", "0.5");
    plan.options.size_jitter_percent = dec(percent);
    refused("options.sizeJitterPercent", percent, plan, grid);
  }
}

TEST_CASE("size jitter moves slices within its percentage and keeps the whole") {
  auto plan = plan_of("100", "1");
  plan.options.size_jitter_percent = dec("20");
  const auto lots = lots_of(plan, grid_with("0.001"));
  CHECK(std::accumulate(lots.begin(), lots.end(), std::int64_t{0}) == 100'000);
  const auto [least, most] = std::ranges::minmax(lots);
  CHECK(least >= 800);
  CHECK(least < 850);
  CHECK(most <= 1'200);
  CHECK(most > 1'150);
  CHECK(lots == lots_of(plan, grid_with("0.001"))); // the same plan, the same slices
  plan.options.seed = 2;
  CHECK(lots != lots_of(plan, grid_with("0.001")));
}

TEST_CASE("size jitter never runs away from the plan's time by more than its share of a slice") {
  auto plan = plan_of("50000", "1");
  plan.options.size_jitter_percent = dec("50");
  const auto schedule = Schedule::make(plan, grid_with("0.001"), start).value();
  for (std::size_t n = 0; n <= 50'000; ++n)
    REQUIRE(std::abs(schedule.lots_through(n) - static_cast<std::int64_t>(n) * 1'000) <= 500);
}

TEST_CASE("size jitter stops at the venues' smallest and largest order") {
  auto plan = plan_of("100", "1");
  plan.options.size_jitter_percent = dec("50");
  for (const auto& [least, most] : {std::pair{"0.9", "1.1"}, {"1", "0"}, {"0", "1"}}) {
    const auto grid = grid_with("0.001", least, most);
    const auto schedule = Schedule::make(plan, grid, start).value();
    CHECK(schedule.lots() == 100'000);
    for (const auto& slice : schedule.slices()) {
      CHECK(schedule.quantity(slice.lots) >= grid.minimum);
      if (!grid.maximum.is_zero())
        CHECK(schedule.quantity(slice.lots) <= grid.maximum);
    }
  }
}

TEST_CASE("time jitter makes slices later, never by more than it and never out of a session") {
  auto plan = plan_of("100", "1");
  plan.options.time_jitter = 5s;
  plan.options.calendar.sessions = {{.from = 9h, .until = 9h + 1min}};
  const auto schedule = Schedule::make(plan, grid_with("1"), start).value();
  std::int64_t largest = 0;
  for (const auto& slice : schedule.slices()) {
    const auto even = plan.options.calendar.after(start, 10s * (slice.number - 1));
    CHECK(slice.due_at >= even);
    CHECK(slice.due_at <= even + 5'000);
    CHECK(schedule.is_open(slice.due_at));
    largest = std::max(largest, slice.due_at - even);
  }
  CHECK(largest > 4'000);
}

TEST_CASE("a plan begins with the next opening and sleeps while it is closed") {
  auto plan = plan_of("5", "1");
  plan.interval = 2h;
  plan.options.calendar.sessions = {{.from = 9h, .until = 14h, .days = 0x1f}};
  const auto schedule = Schedule::make(plan, grid_with("1"), start - 2 * hour).value();
  Lots due;
  for (const auto& slice : schedule.slices())
    due.push_back((slice.due_at - start) / hour);
  CHECK(due == Lots{9, 11, 13, 24 + 10, 24 + 12});
  CHECK(schedule.ends_at() == start + 2 * day + 9 * hour);
  // Slots go on after the last slice, and over the weekend.
  CHECK(schedule.slot_at(13) == start + week + 10 * hour);
  CHECK(schedule.slot_of(start + 6 * day) == 12);
}

TEST_CASE("a slot lasts until the next one begins") {
  const auto schedule = Schedule::make(plan_of("1", "0.5"), grid_with("0.01"), start).value();
  CHECK(schedule.slot_of(start - 1) == -1);
  CHECK(schedule.slot_of(start) == 0);
  CHECK(schedule.slot_of(start + 9'999) == 0);
  CHECK(schedule.slot_of(start + 10'000) == 1);
  CHECK(schedule.slot_of(start + 10'000'000) == 1'000);
}

TEST_CASE("slots far away are found, and times at the ends of 64 bits do no harm") {
  constexpr auto first_instant = std::numeric_limits<UnixMillis>::min();
  constexpr auto never = std::numeric_limits<UnixMillis>::max();
  auto plan = plan_of("1", "0.5");
  plan.interval = 24h;
  plan.options.time_jitter = 12h;
  const std::vector<std::vector<Session>> calendars{
      {}, {{.from = 9h, .until = 10h, .days = 0x1f}}, {{.from = 22h, .until = 4h}}};
  for (const auto& sessions : calendars) {
    plan.options.calendar.sessions = sessions;
    const auto schedule = Schedule::make(plan, grid_with("0.01"), start).value();
    for (const std::int64_t n : {0L, 1L, 7L, 99'999L, 9'999'999L, 10'000'000L}) {
      CHECK(schedule.slot_of(schedule.slot_at(n)) == n);
      CHECK(schedule.slot_of(schedule.slot_at(n) - 1) == n - 1);
    }
    CHECK(schedule.slot_of(first_instant) == -1);
    CHECK(schedule.slot_of(never) > 10'000'000);
    CHECK(schedule.slot_at(-1) == schedule.slot_at(0));
    CHECK(schedule.slot_at(never) >= schedule.slot_at(10'000'000));
    CHECK(Schedule::make(plan, grid_with("0.01"), first_instant)->slot_of(start) > 0);
  }
}

TEST_CASE("legs share the least common multiple of their lots") {
  CHECK(grid(rules(3, 1), rules(2, 1))->lot == dec("0.6"));
  CHECK(grid(rules(1, 3), rules(1, 5))->lot == dec("0.001"));
  CHECK(grid(rules(25, 2), rules(1, 1))->lot == dec("0.5"));
  CHECK(grid(rules(0, 4), rules(1, 6))->lot == dec("0.0001")); // 0: one unit of the scale
  const auto alone = rules(5, 1);
  CHECK(grid_of(std::vector<LegRules>{{&alone, {}}})->lot == dec("0.5"));
  const auto wide
      = grid(rules(9'000'000'000'000'000'001, 18), rules(9'000'000'000'000'000'000, 18));
  REQUIRE(!wide);
  CHECK(wide.error().code == Errc::validation_error);
  CHECK(wide.error().source == "legs");
  CHECK(!grid_of({}));
}

TEST_CASE("the smallest order is that of the stricter leg, rounded up to the lot") {
  CHECK(grid(rules(1, 3), rules(1, 3))->minimum == Decimal{});
  CHECK(grid(rules(1, 3, 5), rules(1, 3, 7))->minimum == dec("0.007"));
  CHECK(grid(rules(3, 1, 3), rules(2, 1, 8))->minimum == dec("1.2"));
  auto notional = rules(1, 3, 5);
  notional.notional_min = dec("5");
  CHECK(grid(notional, rules(1, 3), "100")->minimum == dec("0.05"));
  CHECK(grid(notional, rules(1, 3), "99.99")->minimum == dec("0.051"));
  CHECK(grid(notional, rules(1, 3), "5000")->minimum == dec("0.005"));
  CHECK(grid(notional, rules(1, 3), "0.00000003")->minimum == dec("166666666.667"));
  for (const auto* price : {"0", "-1"}) {
    CHECK(grid(rules(1, 3), rules(1, 3), price).has_value()); // needed by none
    CHECK(grid(notional, rules(1, 3), price).error().source == "legs");
  }
  notional.notional_min = dec("9000000000000000000");
  CHECK(grid(notional, rules(1, 18), "0.000000000000000001").error().source == "legs");
  notional.notional_min = dec("0.000000000000000001");
  CHECK(grid(notional, rules(1, 3), "9000000000000000000")->minimum == dec("0.005"));
}

TEST_CASE("the largest order is that of the stricter leg, rounded down to the lot") {
  auto a = rules(3, 1);
  auto b = rules(2, 1);
  CHECK(grid(a, b)->maximum == Decimal{}); // none
  b.quantity_max = Quantity{100};
  CHECK(grid(a, b)->maximum == dec("9.6"));
  a.quantity_max = Quantity{33};
  CHECK(grid(a, b)->maximum == dec("3"));
  // A venue's way to say that it has none.
  a.quantity_max = b.quantity_max = Quantity{std::numeric_limits<std::int64_t>::max()};
  CHECK(grid(a, b)->maximum > dec("900000000000000000"));
  // Less than one common lot is not "none": no order fits.
  a.quantity_max = Quantity{5};
  CHECK(grid(a, b).error().source == "legs");
  a.quantity_max = Quantity{0};
  CHECK(grid(a, b).error().source == "legs");
}
