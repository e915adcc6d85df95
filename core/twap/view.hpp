/// A plan as it is shown: its configuration, how far it came, and the figures that follow from
/// both. And what one would do: the forecast of a plan that is not made (a dry run).
#pragma once

#include "core/market/depth_view.hpp"
#include "core/result.hpp"
#include "core/risk/gate.hpp"
#include "core/twap/plan.hpp"
#include "core/twap/plan_book.hpp"
#include "core/twap/run.hpp"
#include "core/twap/schedule.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::core::twap {

struct PlanView {
  PlanConfig plan;
  PlanState state;
  std::uint32_t slices_done = 0, slices_total = 0;
  Decimal executed, remaining;              ///< base units that every leg has, or lacks
  std::array<Decimal, legs_max> shortfalls; ///< per leg
  Decimal imbalance;                        ///< bought minus sold, of a plan with both sides
  std::optional<UnixMillis> next_due;
  std::string held_by; ///< why no order goes out although the plan runs; empty = nothing
};

[[nodiscard]] PlanView view_of(const PlanRun& run);
/// Of one that nobody works at the moment.
[[nodiscard]] PlanView view_of(const KnownPlan& known, const risk::Now& now);

/// What a leg would meet.
struct LegForecast {
  std::optional<Decimal> mid;
  /// Of the largest slice taken from the present book; nullopt when the levels shown do not hold
  /// it.
  std::optional<Decimal> average_price;
  Money notional;            ///< quote units, all slices at that price
  Money cost;                ///< quote units: what that is worse than the mid; without fees
  std::optional<Money> fees; ///< quote units, as taker; nullopt: the account's rate is not known
  /// What would refuse the largest slice now, then what would stop the plan as a whole.
  std::vector<risk::Refusal> slice_refusals, plan_refusals;
};

struct Forecast {
  std::vector<Slice> slices;
  Grid grid;
  Decimal unscheduled; ///< base units that no slice holds
  UnixMillis starts_at = 0, ends_at = 0;
  std::array<LegForecast, legs_max> legs;
};

/// @param books one a leg, with instrument; not live ones give a refusal, not an error.
/// Error: validation_error (no schedule), exchange_unavailable (a book without a mid).
[[nodiscard]] Result<Forecast> forecast(const PlanConfig& plan,
                                        const std::array<const market::DepthView*, legs_max>& books,
                                        risk::Gate& gate, const risk::Now& now);

} // namespace tandem::core::twap
