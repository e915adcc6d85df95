#include "core/twap/schedule.hpp"

#include "core/strategy/closing.hpp"
#include "core/types/money.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::core::twap {
namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
/// Beyond this a slot is never reached; keeps every sum in range.
constexpr std::int64_t slot_max = 1'000'000'000'000;

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

/// Whole lots in an amount.
std::int64_t lots_in(Money amount, const Decimal& lot) noexcept {
  const auto lots = divide(amount.units, to_money(lot).units, Rounding::down);
  return lots > int64_max ? int64_max : static_cast<std::int64_t>(lots);
}

std::int64_t lots_for(const Decimal& amount, const Decimal& lot) noexcept {
  return static_cast<std::int64_t>(std::min<Int128>(
      int64_max, divide(to_money(amount).units, to_money(lot).units, Rounding::up)));
}

/// Cumulative lots after each slice; the last one takes what is left.
std::vector<std::int64_t> even_sums(const PlanConfig& plan, const Grid& grid, std::int64_t all) {
  const auto count = slices_of(plan);
  std::vector<std::int64_t> sums;
  sums.reserve(count);
  for (std::uint32_t n = 1; n < count; ++n)
    sums.push_back(
        std::min(all, lots_in(Money{to_money(plan.slice_quantity).units * n}, grid.lot)));
  sums.push_back(all);
  return sums;
}

/// Moves the borders between neighbouring slices: each slice grows or shrinks by up to `percent`,
/// the whole stays, and none leaves `least`..`most`.
void jitter(std::vector<std::int64_t>& sums, const Decimal& percent, std::uint64_t seed,
            std::int64_t least, std::int64_t most) {
  std::int64_t before = 0;      // the moved border before this slice
  std::int64_t even_before = 0; // where it was
  for (std::size_t n = 0; n + 1 < sums.size(); ++n) {
    const auto even = sums[n];
    const auto size = even - even_before;
    const auto next = sums[n + 1] - even;
    // Half of it on each border, so that a slice with both moved stays within the whole of it.
    const auto room = static_cast<std::int64_t>(
        divide(static_cast<Int128>(std::min(size, next)) * percent.mantissa(),
               Int128{pow10(percent.decimals())} * 200, Rounding::down));
    auto border = even - room + draw(hash(seed ^ size_salt, n), 2 * room);
    const auto highest = std::min(before + most, sums[n + 1] - least);
    border = std::clamp(border, std::min(before + least, highest), highest);
    even_before = even;
    before = sums[n] = border;
  }
}

} // namespace

Result<Grid> grid_of(std::span<const LegRules> legs) {
  Grid grid;
  const Instrument* first = nullptr;
  for (const auto& leg : legs) {
    const auto& rules = *leg.instrument;
    const auto lot = first == nullptr ? std::optional{strategy::lot_of(rules)}
                                      : strategy::common_lot(*first, rules);
    if (!lot)
      return fail(Errc::validation_error, "the lots of the legs have no common multiple", "legs");
    grid.lot = to_decimal(*lot);
    first = &rules;
  }
  const auto lot = to_money(grid.lot).units;
  for (const auto& leg : legs) {
    const auto& rules = *leg.instrument;
    auto least = to_money(rules.quantity_min, rules.scale).units;
    if (rules.notional_min) {
      if (leg.price <= Decimal{})
        return fail(Errc::validation_error, "there is no price to reckon the minimum with", "legs");
      const Int128 scaled
          = static_cast<Int128>(to_money(*rules.notional_min).units) * pow10(leg.price.decimals());
      least = std::max(least, divide(scaled, leg.price.mantissa(), Rounding::up));
    }
    least = divide(least, lot, Rounding::up) * lot;
    grid.minimum = std::max(grid.minimum, to_decimal(Money{least}));
    if (!rules.quantity_max)
      continue;
    const auto most = to_decimal(
        Money{divide(to_money(*rules.quantity_max, rules.scale).units, lot, Rounding::down) * lot});
    grid.maximum = grid.maximum.is_zero() ? most : std::min(grid.maximum, most);
  }
  return grid;
}

Result<Schedule> Schedule::make(const PlanConfig& plan, const Grid& grid, UnixMillis started_at) {
  const auto refuse = [](std::string why, const char* field) {
    return fail(Errc::validation_error, std::move(why), field);
  };
  const auto total = to_money(plan.total_quantity);
  auto all = lots_in(total, grid.lot);
  const auto least = std::max<std::int64_t>(1, lots_for(grid.minimum, grid.lot));
  const auto most
      = grid.maximum.is_zero() ? int64_max / 2 : lots_in(to_money(grid.maximum), grid.lot);
  if (all < least)
    return refuse("is below what the venues take in one order: "
                      + std::max(grid.minimum, grid.lot).to_string(),
                  "totalQty");
  Schedule result;
  result.grid_ = grid;
  result.calendar_ = plan.options.calendar;
  result.interval_ = plan.interval;
  result.time_jitter_ = plan.options.time_jitter;
  result.seed_ = plan.options.seed;
  result.first_ = plan.options.calendar.next_open(started_at);
  if (result.first_ == std::numeric_limits<UnixMillis>::max())
    return refuse("no session is ever open", "options.sessions");
  auto sums = even_sums(plan, grid, all);
  if (sums.size() > 1 && all - sums[sums.size() - 2] < least) {
    if (plan.options.remainder == Remainder::leave)
      all = sums[sums.size() - 2];
    sums.pop_back();
    sums.back() = all;
  }
  jitter(sums, plan.options.size_jitter_percent, plan.options.seed, least, most);
  std::int64_t before = 0;
  for (const auto sum : sums) {
    const auto lots = sum - before;
    if (lots < least)
      return refuse("is below what the venues take in one order: "
                        + std::max(grid.minimum, grid.lot).to_string(),
                    "sliceQty");
    if (lots > most)
      return refuse("is above the largest order that the venues take: " + grid.maximum.to_string(),
                    "sliceQty");
    const auto n = static_cast<std::int64_t>(result.slices_.size());
    result.slices_.push_back({static_cast<std::uint32_t>(n + 1), result.slot_at(n), lots});
    result.largest_ = std::max(result.largest_, lots);
    before = sum;
  }
  result.through_.push_back(0);
  result.through_.insert(result.through_.end(), sums.begin(), sums.end());
  result.lots_ = all;
  result.unscheduled_ = to_decimal(total - to_money(result.quantity(all)));
  return result;
}

std::int64_t Schedule::lots_through(std::size_t count) const noexcept {
  return through_[std::min(count, through_.size() - 1)];
}

Decimal Schedule::quantity(std::int64_t lots) const {
  return to_decimal(Money{to_money(grid_.lot).units * lots});
}

UnixMillis Schedule::slot_at(std::int64_t n) const noexcept {
  n = std::min(n, slot_max);
  const auto begin = calendar_.after(first_, interval_ * n);
  if (time_jitter_.count() == 0)
    return begin;
  const auto later
      = draw(hash(seed_ ^ time_salt, static_cast<std::uint64_t>(n)), time_jitter_.count());
  // A slot that would slip into a closed hour is on time.
  return calendar_.open_between(begin, begin + later).count() == later && is_open(begin + later)
             ? begin + later
             : begin;
}

std::int64_t Schedule::slot_of(UnixMillis now) const noexcept {
  if (now < first_)
    return -1;
  const auto n = std::min<std::int64_t>(
      calendar_.open_between(first_, now).count() / interval_.count(), slot_max);
  // The jitter is at most half an interval: only this slot may not have begun yet.
  for (auto slot = n; slot >= 0; --slot)
    if (slot_at(slot) <= now)
      return slot;
  return -1;
}

} // namespace tandem::core::twap
