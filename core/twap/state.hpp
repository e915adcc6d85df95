/// How far a plan has come: what the journal holds of it, the interfaces show and a restart goes on
/// from.
#pragma once

#include "core/orders/client_id.hpp"
#include "core/orders/position.hpp"
#include "core/twap/plan.hpp"
#include "core/twap/schedule.hpp"
#include "core/types/decimal.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::twap {

enum class PlanPhase : std::uint8_t {
  scheduled, ///< not begun: before its time, or a book is not there yet
  running,
  paused,
  completed, ///< all of it filled, but for what is below the venues' minimum
  cancelled, ///< by a person
  expired,   ///< its end time came first
  failed,    ///< it could not begin, or a venue refused its orders again and again
};

[[nodiscard]] std::string_view to_string(PlanPhase phase) noexcept;

[[nodiscard]] constexpr bool is_final(PlanPhase phase) noexcept {
  return phase >= PlanPhase::completed;
}

/// One leg over all its orders.
struct LegProgress {
  Money filled;   ///< base units, gross of fees
  Money notional; ///< quote units
  orders::FeeTotals fees;
  std::uint32_t orders = 0;
  std::uint32_t refused_in_row = 0; ///< orders that the venue refused since the last one it took
  std::optional<Decimal> arrival;   ///< the mid when the plan began
  Money benchmark_sum;              ///< mid times milliseconds, while the plan ran
  std::int64_t benchmark_ms = 0;
  /// The newest order that is counted, and how much of it: the bridge over a restart.
  orders::ClientOrderId last_order;
  Money last_filled;
  Money slot_filled; ///< `filled` when the present slot began

  friend bool operator==(const LegProgress&, const LegProgress&) = default;
};

struct PlanState {
  PlanId id;
  PlanPhase phase = PlanPhase::scheduled;
  /// Paused by a person (empty = by none) goes on only by a person.
  std::string paused_by;
  /// Paused by a risk: a book, a gate, a breaker; goes on by itself. Both may hold.
  std::string risk;
  std::string cancelled_by; ///< asked for; final once every order is settled
  UnixMillis started_at = 0, ended_at = 0, last_execution_at = 0;
  // ---- the schedule and its pointer
  Grid grid;                       ///< as found at the start; a lot of 0 before it
  UnixMillis scheduled_from = 0;   ///< the first slot of the present schedule
  std::int64_t last_slot = -1;     ///< the last one that released a slice
  std::uint32_t next_slice = 0;    ///< slices released
  std::uint32_t slices_before = 0; ///< done under the schedules before a change of the plan
  Money released_before;           ///< base units that those released
  Money skipped;                   ///< base units of slices that were not made up for
  // ----
  std::array<LegProgress, legs_max> legs;
  std::string reason; ///< of failed, expired, cancelled, and of a shortfall

  friend bool operator==(const PlanState&, const PlanState&) = default;
};

/// notional / filled, rounded half to even; nullopt without fills.
[[nodiscard]] std::optional<Decimal> average_price(const LegProgress& leg);
/// The time-weighted mid while the plan ran.
[[nodiscard]] std::optional<Decimal> benchmark(const LegProgress& leg);
/// How much worse than `reference` the leg traded, in percent: above it for a buy, below it for a
/// sell. Nullopt when either is not known.
[[nodiscard]] std::optional<Decimal> slippage_percent(const std::optional<Decimal>& average,
                                                      const std::optional<Decimal>& reference,
                                                      orders::Side side);

} // namespace tandem::core::twap
