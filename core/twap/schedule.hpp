/// Which quantity is due when: a plan's slices on absolute time. The sum of the slices is the
/// parent exactly, counted in the coarser lot of the legs; jitter comes from the plan's seed, so
/// that the same plan gives the same schedule on every machine and after every restart. Pure.
#pragma once

#include "core/result.hpp"
#include "core/twap/plan.hpp"
#include "core/types/decimal.hpp"
#include "core/types/instrument.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tandem::core::twap {

/// What all legs of a plan can trade: the coarser lot, the larger minimum.
struct Grid {
  Decimal lot;     ///< base units; a multiple of every leg's lot
  Decimal minimum; ///< base units of one order: quantity_min, and notional_min at `price`
  Decimal maximum; ///< base units of one order; 0 = the venues set none

  friend bool operator==(const Grid&, const Grid&) = default;
};

/// One leg's rules and the price that its minimum notional is reckoned at (the mid).
struct LegRules {
  const Instrument* instrument = nullptr;
  Decimal price;
};

/// Error: validation_error when no lot fits all legs (0.3 and 0.2 have 0.6; lots whose common
/// multiple does not fit are refused), or a price is not above 0 where a notional needs one.
[[nodiscard]] Result<Grid> grid_of(std::span<const LegRules> legs);

struct Slice {
  std::uint32_t number = 0; ///< from 1
  UnixMillis due_at = 0;    ///< jitter included
  std::int64_t lots = 0;    ///< above 0

  friend bool operator==(const Slice&, const Slice&) = default;
};

class Schedule {
public:
  /// @param started_at the first slot; moved to the calendar's next opening.
  /// Error: validation_error, `source` the field: total below the minimum or not one lot, a slice
  /// of less than one lot or above the maximum, no open hour.
  [[nodiscard]] static Result<Schedule> make(const PlanConfig& plan, const Grid& grid,
                                             UnixMillis started_at);

  /// At least one. As many as slices_of(plan), or one fewer when the last one was merged or left.
  [[nodiscard]] const std::vector<Slice>& slices() const noexcept { return slices_; }

  [[nodiscard]] const Grid& grid() const noexcept { return grid_; }

  /// Sum of the slices.
  [[nodiscard]] std::int64_t lots() const noexcept { return lots_; }

  /// Of the first `count` slices.
  [[nodiscard]] std::int64_t lots_through(std::size_t count) const noexcept;

  [[nodiscard]] std::int64_t largest_slice() const noexcept { return largest_; }

  /// What the plan asked for and no slice holds: below one lot, or a remainder that was left.
  [[nodiscard]] Decimal unscheduled() const noexcept { return unscheduled_; }

  [[nodiscard]] Decimal quantity(std::int64_t lots) const;

  /// When slot `n` (from 0) begins: one interval after the other in open time, jitter included.
  /// Defined beyond the last slice: that is when late slices go out.
  [[nodiscard]] UnixMillis slot_at(std::int64_t n) const noexcept;
  /// The last slot that has begun; -1 before the first one.
  [[nodiscard]] std::int64_t slot_of(UnixMillis now) const noexcept;

  /// The last slice's interval is over.
  [[nodiscard]] UnixMillis ends_at() const noexcept {
    return slot_at(static_cast<std::int64_t>(slices_.size()));
  }

  [[nodiscard]] bool is_open(UnixMillis now) const noexcept { return calendar_.is_open(now); }

private:
  Schedule() = default;

  Grid grid_;
  Calendar calendar_;
  UnixMillis first_ = 0;
  std::chrono::milliseconds interval_{0}, time_jitter_{0};
  std::uint64_t seed_ = 0;
  std::vector<Slice> slices_;
  std::vector<std::int64_t> through_; ///< sums: through_[n] = of the first n
  std::int64_t lots_ = 0, largest_ = 0;
  Decimal unscheduled_;
};

} // namespace tandem::core::twap
