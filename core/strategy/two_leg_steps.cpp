// What a two-leg execution does next. What it knows, and how it came to know it, is two_leg.cpp.
#include "core/strategy/closing.hpp"
#include "core/strategy/two_leg.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::strategy {

using orders::OrderPurpose;
using orders::OrderState;
using orders::Side;

namespace {

/// An average price at the instrument's scale, to the passive side. Zero (no decision) when it does
/// not fit.
Price passive_price(Side side, const Decimal& average, const Scale& scale) noexcept {
  const int finer = scale.price_decimals - average.decimals();
  const auto rounding = side == Side::buy ? Rounding::down : Rounding::up;
  if (finer < 0)
    return {static_cast<std::int64_t>(divide(average.mantissa(), pow10(-finer), rounding))};
  return {average.at_scale(scale.price_decimals).value_or(0)};
}

} // namespace

std::vector<TwoLegAction> TwoLeg::step(const LegBooks& books, const risk::Now& now) {
  learn(books);
  recount();
  if (!started_ || (is_over(state_.phase) && !late_))
    return {};
  if (state_.phase == ExecutionPhase::stranded)
    return after_stranding(now);
  if (late_)
    open_again();
  auto cancels = cancels_due(now.mono);
  if (!pending_.empty())
    return cancels;
  bool waits = false;
  for (const auto& tracked : tracked_)
    waits = waits || is_outcome_unknown(tracked, now.mono);
  count_waiting(waits, now.mono);
  if (waits) {
    state_.phase = ExecutionPhase::waiting;
    return cancels;
  }
  if (!all_settled()) {
    state_.phase = ExecutionPhase::legs;
    for (const auto& tracked : tracked_)
      if (!tracked.order.settled()) {
        const auto purpose = tracked.order.intent().draft.origin.purpose;
        if (purpose == OrderPurpose::complete)
          state_.phase = ExecutionPhase::completing;
        if (purpose == OrderPurpose::unwind)
          state_.phase = ExecutionPhase::unwinding;
      }
    return cancels;
  }
  if (const auto* id = missing())
    return finish(ExecutionPhase::stranded, "order " + id->text() + " is not in the journal", now);
  if (tracked_.empty())
    return finish(ExecutionPhase::refused, "interrupted before anything was sent", now);
  if (std::exchange(second_due_, false))
    if (auto draft = second_opening())
      return place({*std::move(draft)});
  return close(books, now);
}

/// The residual is a person's by now: it is told anew, and nothing is sent.
std::vector<TwoLegAction> TwoLeg::after_stranding(const risk::Now& now) {
  if (!all_settled())
    return cancels_due(now.mono);
  late_ = false;
  if (is_balanced())
    return finish(ExecutionPhase::done, "balanced by a late fill", now);
  return finish(ExecutionPhase::stranded,
                "residual " + state_.residual.to_string() + " after a late fill", now);
}

/// A late fill is a new situation: with a new residual, closed with fresh time and tries.
void TwoLeg::open_again() {
  late_ = false;
  tries_ = {};
  closing_since_.reset();
  retry_at_ = {};
  if (!is_over(state_.phase))
    return;
  state_.phase = ExecutionPhase::legs;
  state_.ended_at = 0;
  state_.reason.clear();
}

// ---- orders that are out

bool TwoLeg::all_settled() const noexcept {
  return std::all_of(tracked_.begin(), tracked_.end(),
                     [](const Tracked& tracked) { return tracked.order.settled(); });
}

const orders::ClientOrderId* TwoLeg::missing() const noexcept {
  for (const auto& leg : state_.legs)
    for (const auto& id : leg.ids)
      if (std::none_of(tracked_.begin(), tracked_.end(),
                       [&](const Tracked& tracked) { return tracked.order.id() == id; }))
        return &id;
  return nullptr;
}

/// Longer out than it may be: by itself, for the other leg that is ahead, or for closing's end.
bool TwoLeg::is_late(const Tracked& tracked, MonoTime now) const {
  if (now - tracked.placed_at >= limits_.leg_timeout
      || (closing_since_ && now - *closing_since_ >= limits_.close_time))
    return true;
  const std::size_t other = 1 - tracked.leg;
  if (sums_.legs.at(other).filled <= sums_.legs.at(tracked.leg).filled)
    return false;
  auto since = tracked.placed_at;
  for (const auto& ahead : tracked_) {
    if (ahead.leg != other)
      continue;
    if (!ahead.settled_at || !ahead.order.settled())
      return false;
    since = std::max(since, *ahead.settled_at);
  }
  return now - since >= limits_.max_leg_time;
}

/// Only of what the venue may have: an intent has not left yet, and an unknown order is asked for.
std::vector<TwoLegAction> TwoLeg::cancels_due(MonoTime now) {
  Actions actions;
  for (auto& tracked : tracked_) {
    const auto state = tracked.order.state();
    if ((state != OrderState::sent && state != OrderState::working)
        || tracked.cancels >= cancels_max || !is_late(tracked, now)
        || (tracked.cancels > 0 && now - tracked.cancelled_at < limits_.leg_timeout))
      continue;
    ++tracked.cancels;
    tracked.cancelled_at = now;
    actions.emplace_back(CancelOrder{tracked.order.id()});
  }
  return actions;
}

bool TwoLeg::is_outcome_unknown(const Tracked& tracked, MonoTime now) const {
  if (tracked.order.settled())
    return false;
  if (tracked.order.state() == OrderState::unknown)
    return true;
  return tracked.cancels >= cancels_max && now - tracked.cancelled_at >= limits_.leg_timeout;
}

/// Time spent waiting for a venue's word is none in which closing could have been tried.
void TwoLeg::count_waiting(bool waits, MonoTime now) {
  if (waits && !waiting_since_)
    waiting_since_ = now;
  if (waits || !waiting_since_)
    return;
  if (closing_since_)
    *closing_since_ += now - *waiting_since_;
  waiting_since_.reset();
}

// ---- first orders

orders::OrderOrigin TwoLeg::origin(std::size_t leg, OrderPurpose purpose) const {
  return {.pair = state_.pair,
          .plan = {},
          .execution = state_.number,
          .leg = static_cast<std::uint8_t>(leg + 1),
          .purpose = purpose,
          .person = state_.person};
}

/// @param quantity base units, above 0. Nullopt when it has no price or does not fit the scale.
std::optional<orders::OrderDraft> TwoLeg::opening(std::size_t leg, Money quantity) const {
  const auto& result = state_.legs.at(leg);
  const auto& rules = *rules_.at(leg);
  const bool buys = result.side == Side::buy;
  const Decimal worst{(buys ? spread_->buy_worst : spread_->sell_worst).units,
                      spread_->scale.price_decimals};
  const auto limit = limit_beyond(result.side, worst, limits_.slippage_percent, rules);
  const auto units = quantity_of(quantity, rules.scale);
  if (!limit || !units)
    return std::nullopt;
  return orders::OrderDraft{
      .instrument = result.instrument,
      .side = result.side,
      .type = orders::OrderType::limit,
      .tif = orders::TimeInForce::ioc,
      .scale = rules.scale,
      .price = *limit,
      .quantity = *units,
      .reduce_only = false,
      .decided = passive_price(
          result.side, buys ? state_.decided_buy_price : state_.decided_sell_price, rules.scale),
      .origin = origin(leg, OrderPurpose::open)};
}

/// For what the first leg filled; nothing when that is too little for this leg's venue.
std::optional<orders::OrderDraft> TwoLeg::second_opening() const {
  const std::size_t leg = limits_.order == LegOrder::leg1_first ? 1 : 0;
  auto quantity = sums_.legs.at(1 - leg).filled;
  const auto lot = common_lot(*rules_[0], *rules_[1]);
  if (!lot || quantity.units < lot->units)
    return std::nullopt;
  quantity.units -= quantity.units % lot->units;
  auto draft = opening(leg, quantity);
  if (!draft || draft->quantity < rules_.at(leg)->quantity_min)
    return std::nullopt;
  return draft;
}

// ---- closing

Money TwoLeg::open() const noexcept {
  return to_money(state_.carried) + sums_.residual;
}

bool TwoLeg::is_balanced() const {
  const auto left = magnitude(open());
  if (!rules_[0] || !rules_[1])
    return left.units == 0;
  return left < std::max(lot_of(*rules_[0]), lot_of(*rules_[1]));
}

/// What the open quantity has cost so far. What was carried was paid by executions before this one:
/// it counts as if it had been, at the prices of this one's decision.
Money TwoLeg::cash() const noexcept {
  const auto carried = to_money(state_.carried);
  const auto& price = carried.units > 0 ? state_.decided_sell_price : state_.decided_buy_price;
  const Scale scale{static_cast<std::int8_t>(price.decimals()), 0};
  return sums_.profit - value_at(carried, {price.mantissa()}, scale);
}

FeeRate TwoLeg::fee_of_leg(std::size_t leg) const {
  if (const auto& fee = leg == 0 ? pair_.options.leg1_fee : pair_.options.leg2_fee)
    return *fee;
  if (spread_) {
    const bool buys = state_.legs.at(leg).side == Side::buy;
    const auto rate = buys ? rate_of(spread_->buy_fee, spread_->buy)
                           : rate_of(spread_->sell_fee, spread_->sell);
    if (rate)
      return *rate;
  }
  return sums_.paid_rate(leg).value_or(FeeRate{});
}

/// All orders are settled.
std::vector<TwoLegAction> TwoLeg::close(const LegBooks& books, const risk::Now& now) {
  const bool rules_known = rules_[0] && rules_[1];
  if (rules_known && open().units == 0)
    return finish(ExecutionPhase::done, {}, now);
  if (!closing_since_)
    closing_since_ = now.mono;
  if (state_.phase != ExecutionPhase::unwinding)
    state_.phase = ExecutionPhase::completing;
  if (now.mono - *closing_since_ >= limits_.close_time)
    return give_up("the time to close is spent", now);
  if (!rules_known || now.mono < retry_at_)
    return {};
  return place_best(books, now);
}

std::vector<TwoLegAction> TwoLeg::place_best(const LegBooks& books, const risk::Now& now) {
  const auto side = open().units > 0 ? Side::sell : Side::buy;
  std::optional<ClosingOffer> best;
  std::size_t best_leg = 0;
  bool may_come = false;
  std::string why;
  for (std::size_t leg = 0; leg < 2; ++leg) {
    const auto way = state_.legs.at(leg).side == side ? completing : unwinding;
    why += std::string{why.empty() ? "" : "; "}
           + (way == completing ? "completing: " : "unwinding: ");
    if (now.mono < closed_until_.at(leg)) {
      may_come = true;
      why += "its market is closed";
      continue;
    }
    if (tries_.at(way) >= limits_.close_tries) {
      why += "tries spent";
      continue;
    }
    const auto offer = closing_at(leg == 0 ? books.leg1 : books.leg2,
                                  {.side = side,
                                   .residual = magnitude(open()),
                                   .fee = fee_of_leg(leg),
                                   .guard_percent = limits_.close_guard_percent,
                                   .cash = cash(),
                                   .loss_max = limits_.max_leg_loss});
    if (!offer) {
      may_come = may_come || offer.error() == ClosingProblem::no_book;
      why += to_string(offer.error());
      continue;
    }
    // Of two that cost the same, completing is what was decided once.
    if (!best || (way == completing ? !is_cheaper(*best, *offer) : is_cheaper(*offer, *best))) {
      best = *offer;
      best_leg = leg;
    }
  }
  if (!best && may_come && !is_balanced())
    return {};
  if (!best)
    return give_up(why, now);
  const bool completes = state_.legs.at(best_leg).side == side;
  ++tries_.at(completes ? completing : unwinding);
  state_.phase = completes ? ExecutionPhase::completing : ExecutionPhase::unwinding;
  return place({orders::OrderDraft{
      .instrument = state_.legs.at(best_leg).instrument,
      .side = side,
      .type = orders::OrderType::limit,
      .tif = orders::TimeInForce::ioc,
      .scale = best->scale,
      .price = best->limit,
      .quantity = best->quantity,
      .reduce_only = false, // what the account held before may lie on the other side
      // The guard and the loss bound its limit. The gate's slippage is meant for what may be left
      // undone: measured by it (0.1 % against a guard of 0.5 %) no residual could ever be closed.
      .decided = {},
      .origin = origin(best_leg, completes ? OrderPurpose::complete : OrderPurpose::unwind)}});
}

std::vector<TwoLegAction> TwoLeg::give_up(const std::string& why, const risk::Now& now) {
  if (is_balanced())
    return finish(ExecutionPhase::done, {}, now);
  return finish(ExecutionPhase::stranded, "residual " + state_.residual.to_string() + ": " + why,
                now);
}

std::vector<TwoLegAction> TwoLeg::place(std::vector<orders::OrderDraft> drafts) {
  pending_ = std::move(drafts);
  return {PlaceOrders{pending_}};
}

std::vector<TwoLegAction> TwoLeg::finish(ExecutionPhase phase, std::string reason,
                                         const risk::Now& now) {
  state_.phase = phase;
  state_.reason = std::move(reason);
  state_.ended_at = to_millis(now.wall);
  return {Finish{}};
}

} // namespace tandem::core::strategy
