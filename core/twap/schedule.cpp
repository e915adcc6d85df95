#include "core/twap/schedule.hpp"

#include "core/strategy/closing.hpp"
#include "core/types/money.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace tandem::core::twap {
namespace {

using namespace std::chrono_literals;

constexpr UnixMillis never = std::numeric_limits<UnixMillis>::max();
/// The most a plan may come to: sums of a few of these stay in 64 bits.
constexpr std::int64_t lots_max = 1'000'000'000'000'000'000;
/// Later slots count as this one: so many of the longest intervals stay in 64 bits.
constexpr std::int64_t slot_max = 10'000'000'000;
constexpr std::int64_t size_jitter_percent_max = 50;

/// splitmix64: the same bits for the same seed and number, everywhere.
std::uint64_t hash(std::uint64_t seed, std::uint64_t number) noexcept {
  auto z = seed + (number + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

/// Different uses of one seed.
constexpr std::uint64_t size_salt = 0x5a17, time_salt = 0x71e3;

/// 0..most, evenly.
std::int64_t draw(std::uint64_t bits, std::int64_t most) noexcept {
  return static_cast<std::int64_t>((static_cast<UInt128>(bits) * (static_cast<UInt128>(most) + 1))
                                   >> 64U);
}

tl::unexpected<Error> refuse(std::string why, const char* field) {
  return fail(Errc::validation_error, std::move(why), field);
}

/// So many lots a Decimal holds to the last digit.
Int128 countable(const Decimal& lot) noexcept {
  return std::numeric_limits<std::int64_t>::max() / lot.mantissa();
}

/// @param lots at most countable.
Decimal of_lots(Int128 lots, const Decimal& lot) {
  return Decimal{static_cast<std::int64_t>(lots * lot.mantissa()), lot.decimals()};
}

/// Whole lots in an amount, at most one more than a plan may have.
std::int64_t lots_in(Money amount, const Decimal& lot,
                     Rounding rounding = Rounding::down) noexcept {
  return static_cast<std::int64_t>(std::clamp<Int128>(
      divide(amount.units, to_money(lot).units, rounding), 0, Int128{lots_max} + 1));
}

/// The lots worth at least `notional` at `price`. Nullopt when the calculation does not fit.
std::optional<Int128> lots_worth(const Decimal& notional, const Decimal& price,
                                 const Decimal& lot) noexcept {
  Int128 wanted = notional.mantissa();
  Int128 each = static_cast<Int128>(price.mantissa()) * lot.mantissa();
  // Brought to one scale: by at most 10^36 the one, by at most 10^18 the other.
  auto decimals = price.decimals() + lot.decimals() - notional.decimals();
  for (; decimals > 0; --decimals)
    if (__builtin_mul_overflow(wanted, 10, &wanted))
      return std::nullopt;
  for (; decimals < 0; ++decimals)
    if (__builtin_mul_overflow(each, 10, &each))
      return 1; // `wanted` has 64 bits: one lot is worth more
  return divide(wanted, each, Rounding::up);
}

/// The smallest order of one leg in lots.
Result<Int128> lots_least(const LegRules& leg, const Decimal& lot) {
  const auto& rules = *leg.instrument;
  const auto least
      = divide(to_money(rules.quantity_min, rules.scale).units, to_money(lot).units, Rounding::up);
  if (!rules.notional_min || *rules.notional_min <= Decimal{})
    return least;
  if (leg.price <= Decimal{})
    return refuse("there is no price above 0 to reckon the smallest order of "
                      + to_string(rules.key) + " with",
                  "legs");
  const auto worth = lots_worth(*rules.notional_min, leg.price, lot);
  if (!worth)
    return refuse("the smallest order of " + to_string(rules.key) + ", "
                      + rules.notional_min->to_string() + " at " + leg.price.to_string()
                      + ", is out of range",
                  "legs");
  return std::max(least, *worth);
}

Result<Decimal> common_lot(std::span<const LegRules> legs) {
  const auto& first = *legs.front().instrument;
  const auto lot = legs.size() == 1 ? std::optional{strategy::lot_of(first)}
                                    : strategy::common_lot(first, *legs.back().instrument);
  if (lot && to_money(to_decimal(*lot)) == *lot) // to the last digit
    return to_decimal(*lot);
  return refuse("the lots of the legs, " + to_string(strategy::lot_of(first)) + " and "
                    + to_string(strategy::lot_of(*legs.back().instrument))
                    + ", have no common multiple in range",
                "legs");
}

/// What a slice may have.
struct Range {
  std::int64_t least = 1, most = lots_max;
};

/// Cumulative lots after each slice; the last one takes what is left.
std::vector<std::int64_t> even_sums(const PlanConfig& plan, const Grid& grid, std::int64_t all) {
  const auto count = slices_of(plan);
  std::vector<std::int64_t> sums;
  sums.reserve(count);
  // n slices are less than the total, so that the product fits.
  for (std::uint32_t n = 1; n < count; ++n)
    sums.push_back(
        std::min(all, lots_in(Money{to_money(plan.slice_quantity).units * n}, grid.lot)));
  sums.push_back(all);
  return sums;
}

/// A last slice that is too small to be sent joins the one before it, or is left.
void settle_remainder(std::vector<std::int64_t>& sums, Remainder rule, std::int64_t least) {
  if (sums.size() < 2 || sums.back() - sums[sums.size() - 2] >= least)
    return;
  const auto merged = sums.back();
  sums.pop_back();
  if (rule == Remainder::merge)
    sums.back() = merged;
}

/// What a slice of this size may become.
Range jittered(std::int64_t size, const Decimal& percent, const Range& allowed) noexcept {
  const auto room = static_cast<std::int64_t>(
      divide(static_cast<Int128>(size) * percent.mantissa(),
             static_cast<Int128>(pow10(percent.decimals())) * 100, Rounding::down));
  return {std::max(allowed.least, size - room), std::min(allowed.most, size + room)};
}

/// Makes each slice up to `percent` larger or smaller. After each slice the sum stays so near to
/// where it was that the next slice alone can bring it back: the plan never runs away from its
/// time, and the last slice ends at the whole. @param sums of slices that are all in `allowed`.
void jitter(std::vector<std::int64_t>& sums, const Decimal& percent, std::uint64_t seed,
            const Range& allowed) {
  std::int64_t before = 0;      // the sum before this slice
  std::int64_t even_before = 0; // and what it was
  for (std::size_t n = 0; n + 1 < sums.size(); ++n) {
    const auto even = sums[n];
    const auto size = even - even_before;
    const auto drawn = jittered(size, percent, {0, 2 * lots_max});
    const auto own = jittered(size, percent, allowed);
    const auto next = jittered(sums[n + 1] - even, percent, allowed);
    // `even` itself is within both bounds, so there is always a place between them.
    const auto lowest = std::max(before + own.least, sums[n + 1] - next.most);
    const auto highest = std::min(before + own.most, sums[n + 1] - next.least);
    const auto wish
        = before + drawn.least + draw(hash(seed ^ size_salt, n), drawn.most - drawn.least);
    even_before = even;
    before = sums[n] = std::clamp(wish, lowest, highest);
  }
}

/// What the arithmetic below needs of a plan; check_plan says more.
Status check(const PlanConfig& plan, const Grid& grid) {
  if (grid.lot <= Decimal{} || grid.minimum.is_negative() || grid.maximum.is_negative())
    return refuse("the lot of the legs, " + grid.lot.to_string() + ", is not known", "legs");
  if (plan.total_quantity <= Decimal{})
    return refuse("the total must be above 0, not " + plan.total_quantity.to_string(), "totalQty");
  if (plan.slice_quantity <= Decimal{})
    return refuse("a slice must be above 0, not " + plan.slice_quantity.to_string(), "sliceQty");
  if (slices_of(plan) > slices_max)
    return refuse("slices of " + plan.slice_quantity.to_string() + " are more than "
                      + std::to_string(slices_max),
                  "sliceQty");
  if (plan.interval < 1ms || plan.interval > interval_max)
    return refuse("the interval must be up to a day, not " + std::to_string(plan.interval.count())
                      + " ms",
                  "intervalMs");
  const auto& options = plan.options;
  if (options.time_jitter < 0ms || options.time_jitter > plan.interval / 2)
    return refuse("the time jitter must be up to half an interval, not "
                      + std::to_string(options.time_jitter.count()) + " ms",
                  "options.timeJitterMs");
  if (options.size_jitter_percent.is_negative()
      || options.size_jitter_percent > Decimal{size_jitter_percent_max, 0})
    return refuse("the size jitter must be 0 to 50 percent, not "
                      + options.size_jitter_percent.to_string(),
                  "options.sizeJitterPercent");
  return {};
}

/// Also holds a slice of no lot: the least is one.
Status check_slices(const std::vector<std::int64_t>& sums, const Grid& grid, const Range& allowed) {
  std::int64_t before = 0;
  for (std::size_t n = 0; n < sums.size(); before = sums[n++]) {
    const auto lots = sums[n] - before;
    if (lots >= allowed.least && lots <= allowed.most)
      continue;
    const auto slice = "slice " + std::to_string(n + 1) + " of "
                       + to_string(Money{to_money(grid.lot).units * lots});
    if (lots > allowed.most)
      return refuse(slice + " is above the largest order that the venues take, "
                        + grid.maximum.to_string(),
                    "sliceQty");
    return refuse(slice + " is below the smallest order that the venues take, "
                      + std::max(grid.minimum, grid.lot).to_string(),
                  "sliceQty");
  }
  return {};
}

} // namespace

Result<Grid> grid_of(std::span<const LegRules> legs) {
  if (legs.empty() || legs.size() > legs_max)
    return refuse("must be 1 or 2 legs, not " + std::to_string(legs.size()), "legs");
  auto lot = common_lot(legs);
  if (!lot)
    return tl::unexpected{std::move(lot).error()};
  const auto unit = to_money(*lot).units;
  const auto count_max = countable(*lot);
  Int128 minimum = 0;
  std::optional<Int128> maximum;
  for (const auto& leg : legs) {
    const auto least = lots_least(leg, *lot);
    if (!least)
      return tl::unexpected{least.error()};
    minimum = std::max(minimum, *least);
    const auto& rules = *leg.instrument;
    if (!rules.quantity_max)
      continue;
    const auto largest = to_money(*rules.quantity_max, rules.scale);
    const auto most = std::min(count_max, divide(largest.units, unit, Rounding::down));
    if (most < 1) // 0 would say that there is no largest one
      return refuse("the largest order of " + to_string(rules.key) + ", " + to_string(largest)
                        + ", does not hold one lot of the legs, " + lot->to_string(),
                    "legs");
    maximum = std::min(maximum.value_or(most), most);
  }
  if (minimum > count_max)
    return refuse("the smallest order that the legs take is out of range", "legs");
  return Grid{*lot, of_lots(minimum, *lot), of_lots(maximum.value_or(0), *lot)};
}

Result<Schedule> Schedule::make(const PlanConfig& plan, const Grid& grid, UnixMillis started_at) {
  if (auto sound = check(plan, grid); !sound)
    return tl::unexpected{std::move(sound).error()};
  const auto total = to_money(plan.total_quantity);
  const auto all = lots_in(total, grid.lot);
  Range allowed;
  allowed.least
      = std::max<std::int64_t>(1, lots_in(to_money(grid.minimum), grid.lot, Rounding::up));
  if (!grid.maximum.is_zero())
    allowed.most = std::min(lots_max, lots_in(to_money(grid.maximum), grid.lot));
  if (all < allowed.least)
    return refuse("the total of " + plan.total_quantity.to_string()
                      + " is below the smallest order that the venues take, "
                      + std::max(grid.minimum, grid.lot).to_string(),
                  "totalQty");
  if (all > lots_max || all > countable(grid.lot))
    return refuse("the total of " + plan.total_quantity.to_string() + " has too many lots of "
                      + grid.lot.to_string(),
                  "totalQty");
  Schedule result;
  result.grid_ = grid;
  result.calendar_ = plan.options.calendar;
  result.interval_ = plan.interval;
  result.time_jitter_ = plan.options.time_jitter;
  result.seed_ = plan.options.seed;
  result.first_ = plan.options.calendar.next_open(started_at);
  if (result.first_ == never)
    return refuse("no session is ever open", "options.sessions");
  auto sums = even_sums(plan, grid, all);
  settle_remainder(sums, plan.options.remainder, allowed.least);
  if (auto sound = check_slices(sums, grid, allowed); !sound)
    return tl::unexpected{std::move(sound).error()};
  jitter(sums, plan.options.size_jitter_percent, plan.options.seed, allowed);
  result.slices_.reserve(sums.size());
  std::int64_t before = 0;
  for (std::size_t n = 0; n < sums.size(); before = sums[n++]) {
    const auto lots = sums[n] - before;
    result.slices_.push_back(
        {static_cast<std::uint32_t>(n + 1), result.slot_at(static_cast<std::int64_t>(n)), lots});
    result.largest_ = std::max(result.largest_, lots);
  }
  result.through_.reserve(sums.size() + 1);
  result.through_.push_back(0);
  result.through_.insert(result.through_.end(), sums.begin(), sums.end());
  result.lots_ = sums.back();
  result.unscheduled_ = to_decimal(total - to_money(result.quantity(result.lots_)));
  return result;
}

std::int64_t Schedule::lots_through(std::size_t count) const noexcept {
  return through_[std::min(count, through_.size() - 1)];
}

Decimal Schedule::quantity(std::int64_t lots) const {
  return to_decimal(Money{to_money(grid_.lot).units * lots});
}

UnixMillis Schedule::slot_at(std::int64_t n) const noexcept {
  n = std::clamp<std::int64_t>(n, 0, slot_max);
  const auto begin = calendar_.after(first_, interval_ * n);
  if (time_jitter_.count() == 0)
    return begin;
  const auto later
      = draw(hash(seed_ ^ time_salt, static_cast<std::uint64_t>(n)), time_jitter_.count());
  if (begin > never - later)
    return begin;
  // A slot that would slip into a closed hour, or over one, is on time.
  const auto moved = begin + later;
  return is_open(moved) && calendar_.open_between(begin, moved).count() == later ? moved : begin;
}

std::int64_t Schedule::slot_of(UnixMillis now) const noexcept {
  if (now < first_)
    return -1;
  const auto n = std::min<std::int64_t>(
      calendar_.open_between(first_, now).count() / interval_.count(), slot_max);
  // Slot n may still wait for its jitter or for the next opening. Slot n - 1 does not: its jitter
  // is at most half an interval.
  for (auto slot = n; slot >= 0; --slot)
    if (slot_at(slot) <= now)
      return slot;
  return -1;
}

} // namespace tandem::core::twap
