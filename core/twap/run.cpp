#include "core/twap/run.hpp"

#include "core/ensure.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace tandem::core::twap {
namespace {

using orders::Side;

constexpr std::size_t earlier_max = 16;

Error conflict(std::string text) {
  return {Errc::conflict, std::move(text), {}};
}

} // namespace

PlanRun::PlanRun(PlanConfig plan, const risk::Now& now)
    : plan_{std::move(plan)}, anchor_wall_{to_millis(now.wall)}, anchor_mono_{now.mono},
      refusal_wait_{refusal_wait_first} {
  TANDEM_ENSURE(!plan_.legs.empty() && plan_.legs.size() <= legs_max);
  state_.id = plan_.id;
}

PlanRun PlanRun::restore(PlanConfig plan, PlanState state, std::vector<orders::Order> orders,
                         const risk::Now& now) {
  PlanRun run{std::move(plan), now};
  run.state_ = std::move(state);
  run.told_ = run.state_;
  if (run.started() && run.state_.grid.lot > Decimal{})
    (void)run.make_schedule(); // it could be made when the plan began: it can be made again
  std::ranges::sort(orders, {}, [](const orders::Order& order) { return order.id(); });
  for (const auto& order : orders)
    for (std::size_t n = 0; n < run.leg_count(); ++n)
      if (order.intent().draft.origin.leg == n + 1)
        run.note_order(n, order, now);
  for (std::size_t n = 0; n < run.leg_count(); ++n)
    run.legs_[n].take_through = run.state_.legs[n].slot_filled;
  return run;
}

// ---- a person
// ----------------------------------------------------------------------------------

Status PlanRun::closed_for(const char* what) const {
  if (is_final(state_.phase))
    return tl::unexpected{conflict(std::string{"the plan is "}
                                   + std::string{to_string(state_.phase)} + ": it cannot be "
                                   + what)};
  if (!state_.cancelled_by.empty())
    return tl::unexpected{
        conflict(std::string{"the plan is being cancelled: it cannot be "} + what)};
  return {};
}

Status PlanRun::pause(std::string person) {
  if (auto status = closed_for("paused"); !status)
    return status;
  if (!state_.paused_by.empty())
    return tl::unexpected{conflict("the plan is paused already, by " + state_.paused_by)};
  state_.paused_by = std::move(person);
  state_.phase = PlanPhase::paused;
  return {};
}

Status PlanRun::resume() {
  if (auto status = closed_for("resumed"); !status)
    return status;
  if (state_.paused_by.empty())
    return tl::unexpected{conflict(
        state_.risk.empty()
            ? "the plan is " + std::string{to_string(state_.phase)} + ": there is nothing to resume"
            : "the plan is paused by a risk (" + state_.risk + "): it goes on by itself")};
  state_.paused_by.clear();
  state_.phase = !started()            ? PlanPhase::scheduled
                 : state_.risk.empty() ? PlanPhase::running
                                       : PlanPhase::paused;
  return {};
}

Status PlanRun::cancel(std::string person) {
  if (auto status = closed_for("cancelled"); !status)
    return status;
  state_.cancelled_by = std::move(person);
  return {};
}

Status PlanRun::change(PlanConfig plan, const risk::Now& now) {
  if (auto status = closed_for("changed"); !status)
    return status;
  if (!started()) {
    plan_ = std::move(plan);
    return {};
  }
  if (state_.paused_by.empty())
    return tl::unexpected{conflict("the plan is " + std::string{to_string(state_.phase)}
                                   + ": pause it before it is changed")};
  if (!all_settled())
    return tl::unexpected{conflict("an order of the plan is still open")};
  const auto same_place = [](const PlanLeg& a, const PlanLeg& b) {
    return a.instrument == b.instrument && a.side == b.side;
  };
  if (!std::ranges::equal(plan.legs, plan_.legs, same_place))
    return tl::unexpected{
        Error{Errc::validation_error, "a plan that has begun keeps its legs", "legs"}};
  if (to_money(plan.total_quantity) <= target())
    return tl::unexpected{Error{Errc::validation_error,
                                "totalQty must be above what was released: " + to_string(target()),
                                "totalQty"}};
  auto before = *this;
  state_.released_before = target();
  state_.slices_before += state_.next_slice;
  state_.skipped = {};
  state_.next_slice = 0;
  state_.last_slot = -1;
  state_.scheduled_from = plan_time(now.mono);
  plan_ = std::move(plan);
  schedule_.reset();
  if (auto made = make_schedule(); !made) {
    *this = std::move(before);
    return made;
  }
  return {};
}

// ---- evidence
// ----------------------------------------------------------------------------------

UnixMillis PlanRun::plan_time(MonoTime now) const noexcept {
  return anchor_wall_
         + std::chrono::duration_cast<std::chrono::milliseconds>(now - anchor_mono_).count();
}

void PlanRun::count(std::size_t n, const orders::Order& order, Money& counted, UnixMillis wall) {
  const auto& scale = order.intent().draft.scale;
  auto& leg = state_.legs[n];
  const auto filled = to_money(order.filled(), scale);
  if (filled <= counted)
    return;
  // Fills are added one by one from the first that is not counted: they only ever grow.
  Money seen;
  for (const auto& fill : order.fills()) {
    seen += to_money(fill.quantity, scale);
    if (seen <= counted)
      continue;
    leg.notional += to_money(fill.price * fill.quantity, scale);
    leg.fees[fill.fee_asset] += fill.fee;
  }
  leg.filled += filled - counted;
  counted = filled;
  state_.last_execution_at = wall;
}

void PlanRun::take_over(std::size_t n, const orders::ClientOrderId& id) {
  auto& leg = legs_[n];
  auto& progress = state_.legs[n];
  if (!leg.id.empty()) {
    leg.earlier.push_back({leg.id, progress.last_filled});
    if (leg.earlier.size() > earlier_max)
      leg.earlier.erase(leg.earlier.begin());
  }
  leg.id = id;
  leg.cancelled_at.reset();
  leg.cancels = 0;
  if (progress.last_order != id) {
    progress.last_order = id;
    progress.last_filled = {};
    ++progress.orders;
  }
}

void PlanRun::note_order(std::size_t n, const orders::Order& order, const risk::Now& now) {
  auto& leg = legs_[n];
  auto& progress = state_.legs[n];
  const auto wall = to_millis(now.wall);
  if (order.id() < progress.last_order) {
    const auto known = std::ranges::find(leg.earlier, order.id(), &Earlier::id);
    if (known != leg.earlier.end())
      count(n, order, known->filled, wall);
    else // of a run before: what it had then is in the sums
      leg.earlier.push_back({order.id(), to_money(order.filled(), order.intent().draft.scale)});
    return;
  }
  if (leg.id != order.id()) {
    take_over(n, order.id());
    leg.placed_at = leg.looked_at = now.mono;
    leg.slot = state_.last_slot;
  }
  const bool settled_before = leg.order && leg.order->id() == order.id() && leg.order->settled();
  count(n, order, progress.last_filled, wall);
  leg.order = order;
  if (!order.settled() || settled_before)
    return;
  const bool refused = order.state() == orders::OrderState::rejected;
  progress.refused_in_row = refused ? progress.refused_in_row + 1 : 0;
  // What filled, or rested and was taken back for a better price, is no reason to wait.
  const bool waits
      = order.state() != orders::OrderState::filled && !(leg.cancelled_at && is_resting(n));
  leg.retry_at = waits ? now.mono + plan_.options.reprice : now.mono;
}

// ---- looking
// ----------------------------------------------------------------------------------

bool PlanRun::is_open(std::size_t n) const noexcept {
  const auto& leg = legs_[n];
  if (leg.placing)
    return true;
  return !leg.id.empty() && !(leg.order && leg.order->id() == leg.id && leg.order->settled());
}

bool PlanRun::is_resting(std::size_t n) const noexcept {
  const auto& order = legs_[n].order;
  return order && order->intent().draft.tif == orders::TimeInForce::gtc;
}

bool PlanRun::all_settled() const noexcept {
  for (std::size_t n = 0; n < leg_count(); ++n)
    if (is_open(n))
      return false;
  return true;
}

bool PlanRun::all_released() const noexcept {
  return schedule_ && state_.next_slice >= schedule_->slices().size();
}

Money PlanRun::target() const {
  if (!schedule_)
    return state_.released_before;
  return state_.released_before
         + to_money(schedule_->quantity(schedule_->lots_through(state_.next_slice)))
         - state_.skipped;
}

bool PlanRun::takes(std::size_t n) const {
  if (plan_.legs[n].type == SliceType::market)
    return true;
  return plan_.options.sweep && legs_[n].take_through > state_.legs[n].filled;
}

std::uint32_t PlanRun::slices_total() const noexcept {
  return schedule_ ? state_.slices_before + static_cast<std::uint32_t>(schedule_->slices().size())
                   : state_.slices_before + slices_of(plan_);
}

Decimal PlanRun::executed() const {
  auto least = state_.legs[0].filled;
  for (std::size_t n = 1; n < leg_count(); ++n)
    least = std::min(least, state_.legs[n].filled);
  return to_decimal(least);
}

std::uint32_t PlanRun::slices_done() const {
  const auto done = to_money(executed());
  if (done < state_.released_before)
    return static_cast<std::uint32_t>(
        divide(done.units * state_.slices_before, state_.released_before.units, Rounding::down));
  if (!schedule_)
    return state_.slices_before;
  const auto within = [&](std::uint32_t slices) {
    return to_money(schedule_->quantity(schedule_->lots_through(slices)))
           <= done - state_.released_before + state_.skipped;
  };
  const auto released = std::views::iota(std::uint32_t{1}, state_.next_slice + 1);
  const auto count = static_cast<std::uint32_t>(std::ranges::partition_point(released, within)
                                                - released.begin());
  return state_.slices_before + count;
}

Decimal PlanRun::shortfall(std::size_t n) const {
  return to_decimal(std::max(Money{}, to_money(plan_.total_quantity) - state_.legs.at(n).filled));
}

Decimal PlanRun::imbalance() const {
  if (leg_count() < 2 || plan_.legs[0].side == plan_.legs[1].side)
    return {};
  const auto ahead = state_.legs[0].filled - state_.legs[1].filled;
  return to_decimal(plan_.legs[0].side == Side::buy ? ahead : -ahead);
}

std::optional<UnixMillis> PlanRun::next_due() const {
  if (is_final(state_.phase))
    return std::nullopt;
  if (!started())
    return plan_.options.start_at;
  if (!schedule_ || all_released())
    return std::nullopt;
  return std::max(schedule_->slices()[state_.next_slice].due_at,
                  schedule_->slot_at(state_.last_slot + 1));
}

std::optional<std::chrono::milliseconds> PlanRun::due_in(MonoTime now) const {
  const auto due = next_due();
  const auto time = plan_time(now);
  if (!due || *due <= time)
    return std::nullopt;
  return std::chrono::milliseconds{*due - time};
}

} // namespace tandem::core::twap
