// What holds for every plan that a schedule can be made of, and for every grid of legs.
#include "core/twap/schedule.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::twap;
using namespace std::chrono_literals;

namespace {

constexpr UnixMillis around = 1'700'000'000'000;

template <class Number>
Number pick(std::mt19937_64& random, Number least, Number most) {
  return least + static_cast<Number>(random() % (static_cast<std::uint64_t>(most - least) + 1));
}

bool one_in(std::mt19937_64& random, unsigned n) {
  return random() % n == 0;
}

Calendar any_calendar(std::mt19937_64& random) {
  Calendar calendar;
  for (auto count = pick(random, 1, 3); count > 0; --count)
    calendar.sessions.push_back(
        {.from = std::chrono::minutes{pick(random, 0, 1439)},
         .until = std::chrono::minutes{pick(random, 1, 1440)},
         .days = static_cast<std::uint8_t>(one_in(random, 2) ? 0x7f : pick(random, 1, 0x7f))});
  calendar.utc_offset = std::chrono::minutes{pick(random, -840, 840)};
  return calendar;
}

/// All at 6 decimals: total and slice need not be whole lots.
struct Case {
  PlanConfig plan;
  Grid grid;
  UnixMillis started_at = 0;
};

constexpr int decimals = 6;

Case any_case(std::mt19937_64& random) {
  Case any;
  const auto lot
      = one_in(random, 2) ? pow10(pick(random, 0, 4)) : pick<std::int64_t>(random, 1, 700);
  const auto slice = pick<std::int64_t>(random, 1, 400) * lot
                     + (one_in(random, 2) ? 0 : pick<std::int64_t>(random, 0, lot));
  auto& plan = any.plan;
  plan.slice_quantity = Decimal{slice, decimals};
  plan.total_quantity
      = Decimal{pick(random, slice, slice * pick<std::int64_t>(random, 1, 40)), decimals};
  plan.interval = std::chrono::milliseconds{one_in(random, 3) ? pick(random, 100, 5'000)
                                                              : pick(random, 100, 86'400'000)};
  any.grid.lot = Decimal{lot, decimals};
  if (one_in(random, 2)) // from harmless to the slice itself, and a little above
    any.grid.minimum = Decimal{pick<std::int64_t>(random, 0, slice / lot + 1) * lot, decimals};
  if (one_in(random, 3))
    any.grid.maximum
        = Decimal{(slice / lot + pick<std::int64_t>(random, 0, 1 + slice / lot)) * lot, decimals};
  auto& options = plan.options;
  if (one_in(random, 2))
    options.size_jitter_percent = Decimal{pick<std::int64_t>(random, 0, 500), 1};
  if (one_in(random, 2))
    options.time_jitter
        = std::chrono::milliseconds{pick<std::int64_t>(random, 0, plan.interval.count() / 2)};
  options.seed = random();
  options.remainder = one_in(random, 2) ? Remainder::merge : Remainder::leave;
  if (one_in(random, 2))
    options.calendar = any_calendar(random);
  any.started_at = around + pick<std::int64_t>(random, -1'000'000'000'000, 1'000'000'000'000);
  return any;
}

std::int64_t units(const Decimal& value) {
  return value.at_scale(decimals).value();
}

/// The slices as the rule says them, before any jitter.
std::vector<std::int64_t> even_slices(const Case& any, std::int64_t& left) {
  const auto lot = units(any.grid.lot);
  const auto total = units(any.plan.total_quantity);
  const auto slice = units(any.plan.slice_quantity);
  std::vector<std::int64_t> sizes;
  std::int64_t given = 0;
  for (std::int64_t n = 1; (n - 1) * slice < total; ++n) {
    const auto sum = std::min(n * slice, total) / lot;
    sizes.push_back(sum - given);
    given = sum;
  }
  left = total % lot;
  if (sizes.size() > 1 && sizes.back() < std::max<std::int64_t>(1, units(any.grid.minimum) / lot)) {
    const auto last = sizes.back();
    sizes.pop_back();
    if (any.plan.options.remainder == Remainder::merge)
      sizes.back() += last;
    else
      left += last * lot;
  }
  return sizes;
}

bool fit(const std::vector<std::int64_t>& sizes, const Grid& grid) {
  const auto lot = units(grid.lot);
  return std::ranges::all_of(sizes, [&](std::int64_t size) {
    return size >= 1 && size * lot >= units(grid.minimum)
           && (grid.maximum.is_zero() || size * lot <= units(grid.maximum));
  });
}

void check_sizes(const Case& any, const Schedule& schedule) {
  std::int64_t left = 0;
  const auto even = even_slices(any, left);
  const auto& slices = schedule.slices();
  REQUIRE(slices.size() == even.size());
  const auto percent = any.plan.options.size_jitter_percent.at_scale(1).value();
  std::vector<std::int64_t> sizes;
  std::int64_t sum = 0;
  for (std::size_t n = 0; n < slices.size(); ++n) {
    REQUIRE(slices[n].number == n + 1);
    sizes.push_back(slices[n].lots);
    // Within its percentage of what it would be without.
    REQUIRE(std::abs(sizes[n] - even[n]) * 1'000 <= even[n] * percent);
    sum += sizes[n];
    REQUIRE(schedule.lots_through(n + 1) == sum);
  }
  REQUIRE(fit(sizes, any.grid));
  REQUIRE(schedule.lots() == sum);
  REQUIRE(schedule.largest_slice() == *std::ranges::max_element(sizes));
  // To the last unit: what the slices hold and what is said to be left are the parent.
  REQUIRE(units(schedule.unscheduled()) == left);
  REQUIRE(units(schedule.quantity(sum)) + left == units(any.plan.total_quantity));
}

void check_times(const Case& any, const Schedule& schedule, std::mt19937_64& random) {
  const auto& calendar = any.plan.options.calendar;
  const auto check_slot = [&](std::int64_t n) {
    const auto at = schedule.slot_at(n);
    const auto even = calendar.after(any.started_at, any.plan.interval * n);
    REQUIRE(at >= even);
    REQUIRE(at <= even + any.plan.options.time_jitter.count());
    REQUIRE(calendar.is_open(at));
    REQUIRE(at < schedule.slot_at(n + 1));
    REQUIRE(schedule.slot_of(at) == n);
    REQUIRE(schedule.slot_of(at - 1) == n - 1);
    REQUIRE(schedule.slot_of(pick(random, at, schedule.slot_at(n + 1) - 1)) == n);
  };
  for (const auto& slice : schedule.slices()) {
    const auto n = static_cast<std::int64_t>(slice.number) - 1;
    REQUIRE(slice.due_at == schedule.slot_at(n));
    check_slot(n);
  }
  check_slot(pick<std::int64_t>(random, 0, 10'000'000));
}

} // namespace

TEST_CASE("P31: the slices of any plan come to the parent exactly") {
  const auto wanted = tandem::tests::cases(10'000, 1'000'000);
  std::size_t made = 0, refused = 0, slices = 0, jittered = 0;
  for (std::uint64_t seed = 1; made < wanted; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto any = any_case(random);
    const auto schedule = Schedule::make(any.plan, any.grid, any.started_at);
    std::int64_t left = 0;
    // Only what the rule itself cannot cut is refused: jitter never is a reason.
    REQUIRE(schedule.has_value() == fit(even_slices(any, left), any.grid));
    if (!schedule) {
      REQUIRE(schedule.error().code == Errc::validation_error);
      const auto& field = schedule.error().source;
      REQUIRE((field == "totalQty" || field == "sliceQty"));
      ++refused;
      continue;
    }
    ++made;
    slices += schedule->slices().size();
    check_sizes(any, *schedule);
    check_times(any, *schedule, random);
    const auto again = Schedule::make(any.plan, any.grid, any.started_at);
    REQUIRE(again->slices() == schedule->slices());
    auto even = any;
    even.plan.options.size_jitter_percent = {};
    const auto without = Schedule::make(even.plan, even.grid, even.started_at);
    REQUIRE(without->lots() == schedule->lots());
    jittered += without->slices() != schedule->slices() ? 1U : 0U;
  }
  CHECK(refused > wanted / 100);
  CHECK(jittered > wanted / 10);
  MESSAGE("P31: " << made << " plans, " << slices << " slices, " << jittered
                  << " with other sizes by jitter; " << refused << " refused");
}

TEST_CASE("any grid is the least that all legs take") {
  CHECK(rc::check("lot, minimum and maximum == naive search", [] {
    const auto any_rules = [] {
      Instrument rules;
      rules.scale = {2, 3};
      rules.lot = {*rc::gen::inRange<std::int64_t>(0, 60)};
      rules.quantity_min = {*rc::gen::inRange<std::int64_t>(0, 5'000)};
      if (*rc::gen::arbitrary<bool>())
        rules.quantity_max = Quantity{*rc::gen::inRange<std::int64_t>(4'000, 100'000)};
      if (*rc::gen::arbitrary<bool>())
        rules.notional_min = Decimal{*rc::gen::inRange<std::int64_t>(0, 100'000), 2};
      return rules;
    };
    const std::vector<Instrument> rules{any_rules(), any_rules()};
    const std::vector<LegRules> legs{
        {&rules[0], Decimal{*rc::gen::inRange<std::int64_t>(1, 1'000'000), 4}},
        {&rules[1], Decimal{*rc::gen::inRange<std::int64_t>(1, 1'000'000), 4}}};
    const auto lot = std::lcm(std::max<std::int64_t>(1, rules[0].lot.units),
                              std::max<std::int64_t>(1, rules[1].lot.units));
    // Quantities at 3 decimals, prices at 4, notionals at 2: quantity * price is at 7.
    const auto enough = [&](std::int64_t quantity) {
      return std::ranges::all_of(legs, [&](const LegRules& leg) {
        const auto& least = leg.instrument->notional_min;
        return quantity >= leg.instrument->quantity_min.units
               && (!least
                   || quantity * leg.price.at_scale(4).value()
                          >= least->at_scale(2).value() * 100'000);
      });
    };
    const auto not_too_much = [&](std::int64_t quantity) {
      return std::ranges::all_of(rules, [&](const Instrument& one) {
        return !one.quantity_max || quantity <= one.quantity_max->units;
      });
    };
    const auto grid = grid_of(legs);
    RC_ASSERT(grid.has_value() == not_too_much(lot));
    if (!grid)
      return;
    RC_ASSERT((grid->lot == Decimal{lot, 3}));
    const auto minimum = grid->minimum.at_scale(3).value();
    RC_ASSERT(minimum % lot == 0);
    RC_ASSERT(enough(minimum));
    RC_ASSERT((minimum == 0 || !enough(minimum - lot)));
    const auto maximum = grid->maximum.at_scale(3).value();
    RC_ASSERT(maximum % lot == 0);
    if (maximum == 0) {
      RC_ASSERT((!rules[0].quantity_max && !rules[1].quantity_max));
      return;
    }
    RC_ASSERT(not_too_much(maximum));
    RC_ASSERT(!not_too_much(maximum + lot));
  }));
}
