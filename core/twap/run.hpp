/// A TWAP plan at work, as a state machine: releases slices by the schedule, turns what each leg
/// lacks into orders, and moves only on evidence. It sends nothing and asks no clock.
///
///   scheduled --books there, time come--> running <--> paused (a person, a risk, or both)
///   running --all filled--> completed      --end time--> expired
///           --a person--> cancelled        --refusals, no lot fits--> failed
///
/// One order a leg is ever open, and none is made while another's outcome is unknown: what a leg
/// may still order is what was released minus what was filled, so that the children can never come
/// to more than the parent, whatever is late, partial or lost.
///
/// Plan time: the wall clock when the machine was made (or restored), carried on by the monotonic
/// clock. A wall clock that jumps moves no slice.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/orders/order.hpp"
#include "core/result.hpp"
#include "core/risk/gate.hpp"
#include "core/twap/plan.hpp"
#include "core/twap/schedule.hpp"
#include "core/twap/state.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::core::twap {

/// An order without an end is cancelled after so long (IOC), and the cancel said again.
inline constexpr std::chrono::milliseconds order_timeout{2'000};
inline constexpr std::uint32_t cancels_max = 5;

/// After a refusal by the gate; doubled up to the second while refusals follow each other.
inline constexpr std::chrono::milliseconds refusal_wait_first{500}, refusal_wait_max{30'000};

/// What the machine may look at.
struct LegFacts {
  const market::DepthView* book = nullptr; ///< null or not live: no price can be made
  std::optional<Money> traded; ///< base units that others traded here so far; nullopt: not watched
  std::string held;            ///< why this leg may not trade (gate, breaker); empty = it may
};

struct PlanFacts {
  std::array<LegFacts, legs_max> legs;
};

/// What to do, in this order: write the state down, cancel, place.
struct PlanStep {
  std::vector<orders::ClientOrderId> cancels;
  std::vector<orders::OrderDraft> drafts;
  bool together = true;  ///< the drafts go before the gate all or none; else one by one, in order
  bool moved = false;    ///< the state is another one than last time
  bool finished = false; ///< it became final now
};

class PlanRun {
  using DepthView = market::DepthView;

public:
  /// @param plan passed check_plan.
  PlanRun(PlanConfig plan, const risk::Now& now);

  /// Goes on after a restart. @param orders of this plan that are still known, any order of them.
  [[nodiscard]] static PlanRun restore(PlanConfig plan, PlanState state,
                                       std::vector<orders::Order> orders, const risk::Now& now);

  // ---- a person; conflict, with the state named, when it does not allow it
  [[nodiscard]] Status pause(std::string person);
  [[nodiscard]] Status resume();
  [[nodiscard]] Status cancel(std::string person);
  /// Another configuration, before the start or while a person's pause holds and nothing is open.
  /// Once begun: legs, sides and instruments stay; what was released stays released; the rest is
  /// scheduled anew from `now`. Also validation_error: below what was released.
  [[nodiscard]] Status change(PlanConfig plan, const risk::Now& now);

  // ---- events
  [[nodiscard]] PlanStep on_tick(const PlanFacts& facts, const risk::Now& now);
  /// One of its orders changed; others are ignored.
  [[nodiscard]] PlanStep on_order(const orders::Order& order, const PlanFacts& facts,
                                  const risk::Now& now);
  /// The next drafts of the last step were approved and got these ids (same order).
  void on_placed(const std::vector<orders::ClientOrderId>& ids, const risk::Now& now);
  /// The gate refused the next `drafts` of them: tried again later.
  void on_refusal(const risk::Refusal& refusal, std::size_t drafts, const risk::Now& now);

  /// The state was written down.
  void noted() { told_ = state_; }

  // ---- looking
  [[nodiscard]] const PlanConfig& plan() const noexcept { return plan_; }

  [[nodiscard]] const PlanState& state() const noexcept { return state_; }

  /// Null before the start.
  [[nodiscard]] const Schedule* schedule() const noexcept {
    return schedule_ ? &*schedule_ : nullptr;
  }

  [[nodiscard]] std::uint32_t slices_total() const noexcept;
  /// Slices that every leg has filled.
  [[nodiscard]] std::uint32_t slices_done() const;
  /// Base units that every leg has filled.
  [[nodiscard]] Decimal executed() const;
  /// total_quantity minus what this leg filled; 0 at least.
  [[nodiscard]] Decimal shortfall(std::size_t leg) const;
  /// Filled by buys minus filled by sells, of a plan that has both; else 0.
  [[nodiscard]] Decimal imbalance() const;

  /// Why no order goes out although the plan runs ("price guard: ..."); empty = nothing holds it.
  [[nodiscard]] const std::string& held_by() const noexcept { return held_by_; }

  /// When the next slice is due (plan time); nullopt when none is.
  [[nodiscard]] std::optional<UnixMillis> next_due() const;
  /// How long until then; nullopt when there is none, or when it has passed already.
  [[nodiscard]] std::optional<std::chrono::milliseconds> due_in(MonoTime now) const;

private:
  /// An order before the latest one: a fill of it may still come.
  struct Earlier {
    orders::ClientOrderId id;
    Money filled; ///< counted in the leg's sum
  };

  struct Leg {
    bool placing = false;               ///< a draft is before the gate
    orders::ClientOrderId id;           ///< of its latest order; empty before the first
    std::optional<orders::Order> order; ///< that one, as last seen
    std::int64_t slot = -1;             ///< in which it was placed
    MonoTime placed_at{}, looked_at{}, retry_at{};
    std::optional<MonoTime> cancelled_at;
    std::uint32_t cancels = 0;
    Money take_through; ///< what must be filled by taking: rested in the slots before this one
    /// Others' volume as the slot before this one and as this one began.
    std::array<std::optional<Money>, 2> traded;
    std::vector<Earlier> earlier; ///< the last few
    bool too_small = false;       ///< what it lacks no venue would take
  };

  [[nodiscard]] UnixMillis plan_time(MonoTime now) const noexcept;

  [[nodiscard]] std::size_t leg_count() const noexcept { return plan_.legs.size(); }

  [[nodiscard]] bool started() const noexcept { return state_.started_at != 0; }

  // evidence
  void note_order(std::size_t n, const orders::Order& order, const risk::Now& now);
  void take_over(std::size_t n, const orders::ClientOrderId& id);
  void count(std::size_t n, const orders::Order& order, Money& counted, UnixMillis wall);
  void watch_benchmark(const PlanFacts& facts, MonoTime now);

  // decisions
  [[nodiscard]] PlanStep stepped(const PlanFacts& facts, const risk::Now& now);
  void decide(const PlanFacts& facts, const risk::Now& now, PlanStep& step);
  [[nodiscard]] bool begin(const PlanFacts& facts, const risk::Now& now);
  [[nodiscard]] Status make_schedule();
  void judge_risk(const PlanFacts& facts);
  [[nodiscard]] std::string down_because(std::size_t n, const PlanFacts& facts) const;
  void release(const PlanFacts& facts, const risk::Now& now);
  void work(std::size_t n, const PlanFacts& facts, const risk::Now& now, PlanStep& step);
  void look_after(std::size_t n, const DepthView& book, MonoTime now, PlanStep& step);
  [[nodiscard]] bool should_go(std::size_t n, const DepthView& book, MonoTime now);
  [[nodiscard]] Money wanted(std::size_t n, const PlanFacts& facts);
  [[nodiscard]] std::optional<Price> price_of(std::size_t n, const DepthView& book, bool taking);
  [[nodiscard]] std::optional<orders::OrderDraft> draft_of(std::size_t n, const DepthView& book,
                                                           Money amount, bool taking);
  void end_when_done(const risk::Now& now);
  void stop(PlanPhase phase, const std::string& reason, const risk::Now& now, PlanStep& step);
  void cancel_open(std::size_t n, MonoTime now, PlanStep& step);
  void finish(PlanPhase phase, std::string reason, const risk::Now& now);

  // looking
  [[nodiscard]] Money target() const;
  [[nodiscard]] bool takes(std::size_t n) const;
  [[nodiscard]] bool is_open(std::size_t n) const noexcept;
  [[nodiscard]] bool is_resting(std::size_t n) const noexcept;
  [[nodiscard]] bool all_settled() const noexcept;
  [[nodiscard]] bool all_released() const noexcept;
  [[nodiscard]] Status closed_for(const char* what) const;

  PlanConfig plan_;
  PlanState state_, told_;
  std::optional<Schedule> schedule_;
  std::array<Leg, legs_max> legs_;
  std::vector<std::size_t> pending_; ///< legs of the drafts that are before the gate, in order
  std::string held_by_;
  UnixMillis anchor_wall_ = 0;
  MonoTime anchor_mono_{}, benchmark_at_{};
  std::chrono::milliseconds refusal_wait_;
};

} // namespace tandem::core::twap
