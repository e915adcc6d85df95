/// What a TWAP plan is, as the operator gives it: a quantity on one or two legs, worked in slices.
/// Texts and JSON are config/'s and the interface's business.
#pragma once

#include "core/orders/order.hpp"
#include "core/twap/calendar.hpp"
#include "core/types/decimal.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::twap {

/// "twap_001". Also the name under which the risk gate knows the plan. Never given twice.
using PlanId = TextId<struct PlanIdTag>;

inline constexpr std::size_t legs_max = 2;
inline constexpr std::uint32_t slices_max = 100'000;
inline constexpr std::chrono::milliseconds interval_min{100}, interval_max{86'400'000};

/// How a leg's slice is worked.
enum class SliceType : std::uint8_t {
  market, ///< a marketable limit, IOC, within the guard: never a blind market order
  limit,  ///< rests at its price until the interval ends
  pegged, ///< rests at its own side of the touch and follows it
};

/// What becomes of slices whose time has passed (a pause, a venue away, a late timer). No more than
/// one order's worth of `PlanOptions::catch_up_slices` goes out in any interval.
enum class CatchUp : std::uint8_t {
  extend,   ///< one slice an interval as ever: the plan ends later
  catch_up, ///< up to catch_up_slices in an interval, until the plan is on time again
  skip,     ///< not made up: the plan ends on time with a shortfall
};

/// What becomes of a last slice that is below the venue's minimum.
enum class Remainder : std::uint8_t {
  merge, ///< joins the slice before it
  leave, ///< is not traded: a shortfall
};

/// What happens to a plan of two legs when one leg's venue cannot trade.
enum class LegDown : std::uint8_t {
  pause_both,
  pause_leg, ///< the other goes on as far as imbalance_max lets it
};

// The wire names are the names above, but `pauseBoth` and `pauseLeg`.
[[nodiscard]] std::string_view to_string(SliceType type) noexcept;
[[nodiscard]] std::string_view to_string(CatchUp rule) noexcept;
[[nodiscard]] std::string_view to_string(Remainder rule) noexcept;
[[nodiscard]] std::string_view to_string(LegDown rule) noexcept;
[[nodiscard]] std::optional<SliceType> parse_slice_type(std::string_view text) noexcept;
[[nodiscard]] std::optional<CatchUp> parse_catch_up(std::string_view text) noexcept;
[[nodiscard]] std::optional<Remainder> parse_remainder(std::string_view text) noexcept;
[[nodiscard]] std::optional<LegDown> parse_leg_down(std::string_view text) noexcept;

struct PlanLeg {
  InstrumentKey instrument;
  orders::Side side = orders::Side::buy;
  SliceType type = SliceType::market;
  /// The worst price ever paid (buy) or taken (sell); of a limit slice also where it rests.
  std::optional<Decimal> limit_price;
  /// Limit (without a limit_price) and pegged: how far behind its own touch it rests, in percent.
  Decimal offset_percent;

  friend bool operator==(const PlanLeg&, const PlanLeg&) = default;
};

struct PlanOptions {
  std::optional<UnixMillis> start_at; ///< absent: as soon as both books are there
  std::optional<UnixMillis> end_at;   ///< what is open by then makes the plan `expired`
  Calendar calendar;                  ///< when slices may be sent; empty = always
  Decimal size_jitter_percent;        ///< 0..50: slices are so much larger or smaller; same sum
  std::chrono::milliseconds time_jitter{0}; ///< 0 to half an interval: slices are so much later
  std::uint64_t seed = 1;                   ///< of both jitters
  /// A price further than this from the leg's arrival price (mid at the start), to our
  /// disadvantage, is not traded at. 0 = no guard.
  Decimal guard_percent{2, 0};
  /// Marketable orders: how far beyond the touch, in percent.
  Decimal slippage_percent{1, 1};
  /// A leg trades in an interval at most this share of what everybody traded in the one before
  /// (needs the stream "trades" of that instrument; the first interval is only watched). 0 = no
  /// cap.
  Decimal participation_percent;
  CatchUp catch_up = CatchUp::extend;
  std::uint32_t catch_up_slices = 2; ///< 1..100: the most that one interval may carry
  Remainder remainder = Remainder::merge;
  LegDown leg_down = LegDown::pause_both;
  /// Base units that one leg may be ahead of the other, orders in flight included. 0 = twice the
  /// largest slice, else at least slice_quantity: both legs of a slice go out together.
  Decimal imbalance_max;
  /// Between two looks at a resting price, and before what an order left unfilled is tried again.
  std::chrono::milliseconds reprice{1'000};
  bool sweep = true; ///< what rested unfilled is taken from the book when the interval ends
  std::uint32_t failures_max = 5; ///< 1..100 orders of a leg refused in a row end the plan

  friend bool operator==(const PlanOptions&, const PlanOptions&) = default;
};

struct PlanConfig {
  PlanId id;
  std::string name;
  Decimal total_quantity; ///< base units, of each leg
  Decimal slice_quantity; ///< base units, of each leg
  std::chrono::milliseconds interval{0};
  std::vector<PlanLeg> legs; ///< 1 or 2
  PlanOptions options;

  friend bool operator==(const PlanConfig&, const PlanConfig&) = default;
};

/// ceil(total / slice): how many slices the plan is asked to have. 0 when a quantity is not above
/// 0, slices_max + 1 when there are more than slices_max.
[[nodiscard]] std::uint32_t slices_of(const PlanConfig& plan) noexcept;

/// One broken rule; `field` is the wire name ("legs[1].symbol", "options.guardPercent").
struct PlanProblem {
  std::string field;
  std::string message;
};

/// Rules that need no venue: positive sizes, slice <= total, slices <= slices_max, interval
/// 100 ms..24 h, start and end before the year 10000, end after start, legs differ, ranges of the
/// options, id (when not empty) of [A-Za-z0-9_-]{1,64}, name of 1..100 bytes without control
/// characters. All problems at once.
[[nodiscard]] std::vector<PlanProblem> check_plan(const PlanConfig& plan);

} // namespace tandem::core::twap
