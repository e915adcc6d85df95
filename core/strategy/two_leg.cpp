#include "core/strategy/two_leg.hpp"

#include "core/ensure.hpp"
#include "core/strategy/closing.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::strategy {
namespace {

using orders::OrderPurpose;
using orders::OrderState;
using orders::Side;

/// Of an execution's own orders; flattening is somebody else's.
bool closes(OrderPurpose purpose) noexcept {
  return purpose == OrderPurpose::complete || purpose == OrderPurpose::unwind;
}

OrderPurpose purpose_of(const orders::Order& order) noexcept {
  return order.intent().draft.origin.purpose;
}

/// Sides of leg 1 and leg 2.
std::array<Side, 2> sides_of(Direction direction) noexcept {
  if (direction == Direction::leg1_buy_leg2_sell)
    return {Side::buy, Side::sell};
  return {Side::sell, Side::buy};
}

/// With as many decimals as 64 bits hold.
Decimal decimal_of(Money money) {
  int decimals = money_decimals;
  while (
      decimals > 0
      && (money.units % 10 == 0 || money.units / pow10(18) > 8 || money.units / pow10(18) < -8)) {
    money.units = divide(money.units, 10, Rounding::half_even);
    --decimals;
  }
  return {static_cast<std::int64_t>(money.units), decimals};
}

Errc code_of(risk::Rule rule) noexcept {
  if (rule == risk::Rule::balance)
    return Errc::insufficient_funds;
  const bool unreachable = rule == risk::Rule::market_closed || rule == risk::Rule::book
                           || rule == risk::Rule::book_age;
  return unreachable ? Errc::exchange_unavailable : Errc::risk_rejected;
}

std::string text_of(const risk::Refusal& refusal) {
  std::string text = refusal.detail.empty() ? "refused by the risk gate" : refusal.detail;
  if (!refusal.value.empty() || !refusal.limit.empty())
    text += " (" + refusal.value + ", limit " + refusal.limit + ")";
  return text;
}

} // namespace

TwoLegLimits::TwoLegLimits() : max_leg_loss{to_money(Decimal{50, 0})} {}

std::string_view to_string(ExecutionPhase phase) noexcept {
  switch (phase) {
  case ExecutionPhase::legs:
    return "legs";
  case ExecutionPhase::completing:
    return "completing";
  case ExecutionPhase::unwinding:
    return "unwinding";
  case ExecutionPhase::waiting:
    return "waiting";
  case ExecutionPhase::done:
    return "done";
  case ExecutionPhase::stranded:
    return "stranded";
  case ExecutionPhase::refused:
    return "refused";
  }
  return "stranded"; // the one that calls a person
}

Decimal to_carry(const ExecutionState& last) noexcept {
  const bool was_stranded = last.phase == ExecutionPhase::stranded
                            || (last.phase == ExecutionPhase::done && !last.reason.empty());
  return was_stranded ? Decimal{} : last.residual;
}

TwoLeg::TwoLeg(const PairConfig& pair, TwoLegLimits limits, const Spread& spread,
               std::uint64_t number, std::string person, const Decimal& carried,
               std::uint64_t opportunity)
    : pair_{pair}, limits_{limits}, spread_{spread} {
  state_.pair = pair.id;
  state_.number = number;
  state_.direction = spread.direction;
  state_.person = std::move(person);
  state_.quantity = {spread.quantity.units, spread.scale.quantity_decimals};
  state_.decided_buy_price = spread.buy_price();
  state_.decided_sell_price = spread.sell_price();
  state_.opportunity = opportunity;
  state_.carried = carried;
  state_.residual = carried;
  const auto sides = sides_of(spread.direction);
  for (std::size_t leg = 0; leg < 2; ++leg) {
    state_.legs.at(leg).instrument = leg == 0 ? pair.leg1 : pair.leg2;
    state_.legs.at(leg).side = sides.at(leg);
    state_.legs.at(leg).scale = spread.scale;
  }
}

TwoLeg TwoLeg::restore(const PairConfig& pair, TwoLegLimits limits, ExecutionState state,
                       std::vector<orders::Order> orders, MonoTime now) {
  TwoLeg machine{pair, limits, Spread{}, state.number, state.person};
  machine.spread_.reset();
  machine.state_ = std::move(state);
  machine.started_ = true;
  machine.take_over(std::move(orders), now);
  return machine;
}

// ---- evidence

void TwoLeg::learn(const LegBooks& books) {
  if (books.leg1 != nullptr && books.leg1->instrument)
    rules_[0] = books.leg1->instrument;
  if (books.leg2 != nullptr && books.leg2->instrument)
    rules_[1] = books.leg2->instrument;
}

void TwoLeg::take_over(std::vector<orders::Order> orders, MonoTime now) {
  const auto before = state_;
  for (const auto& order : orders)
    if (is_ours(order))
      track(order, now);
  recount();
  const bool over = is_over(state_.phase);
  late_ = over
          && (state_.residual != before.residual || state_.notional != before.notional
              || state_.legs[0].filled != before.legs[0].filled
              || state_.legs[1].filled != before.legs[1].filled || !all_settled());
  for (const auto& tracked : tracked_)
    if (!over && closes(purpose_of(tracked.order)))
      ++tries_.at(purpose_of(tracked.order) == OrderPurpose::complete ? completing : unwinding);
}

bool TwoLeg::is_ours(const orders::Order& order) const {
  for (const auto& leg : state_.legs)
    if (std::find(leg.ids.begin(), leg.ids.end(), order.id()) != leg.ids.end())
      return true;
  const auto& from = order.intent().draft.origin;
  return from.pair == state_.pair && from.plan.empty() && from.execution == state_.number
         && (from.leg == 1 || from.leg == 2)
         && (from.purpose == OrderPurpose::open || closes(from.purpose));
}

/// @param order one that is ours.
void TwoLeg::track(const orders::Order& order, MonoTime now) {
  auto known = std::find_if(tracked_.begin(), tracked_.end(), [&](const Tracked& tracked) {
    return tracked.order.id() == order.id();
  });
  if (known == tracked_.end()) {
    const auto& draft = order.intent().draft;
    const std::size_t leg = draft.origin.leg == 1 || draft.origin.leg == 2
                                ? draft.origin.leg - std::size_t{1}
                                : (draft.instrument == state_.legs[0].instrument ? 0 : 1);
    known = tracked_.insert(tracked_.end(), Tracked{order, leg, now, {}, 0, {}});
    auto& ids = state_.legs.at(leg).ids;
    if (std::find(ids.begin(), ids.end(), order.id()) == ids.end())
      ids.push_back(order.id());
    late_ = late_ || is_over(state_.phase);
  } else {
    if (order.filled() < known->order.filled())
      return; // an older copy: fills never become fewer
    const bool more = order.filled() > known->order.filled();
    late_ = late_ || (more && (known->settled_at || is_over(state_.phase)));
    known->order = order;
  }
  if (known->settled_at || !order.settled())
    return;
  known->settled_at = now;
  if (closes(purpose_of(order)) && order.filled().units == 0)
    retry_at_ = now + close_retry_after;
}

void TwoLeg::note_first_order(const orders::Order& order, LegResult& leg) const {
  leg.ordered
      = quantity_of(to_money(order.intent().draft.quantity, order.intent().draft.scale), leg.scale)
            .value_or(Quantity{});
  leg.venue_order_id = order.venue_order_id();
  leg.price = order.average_price();
  leg.error.clear();
  leg.code = Errc::internal;
  const bool failed = order.state() == OrderState::rejected || order.state() == OrderState::unknown
                      || (orders::is_final(order.state()) && order.filled().units == 0);
  if (!failed)
    return;
  leg.code = order.error() ? order.error()->code : Errc::upstream_error;
  leg.error = order.error() && !order.error()->detail.empty() ? order.error()->detail
              : order.reason().empty() ? std::string{to_string(order.state())}
                                       : order.reason();
}

void TwoLeg::recount() {
  ExecutionSums sums;
  bool assets_known = true;
  for (const auto& tracked : tracked_) {
    auto& leg = state_.legs.at(tracked.leg);
    if (purpose_of(tracked.order) == OrderPurpose::open)
      note_first_order(tracked.order, leg);
    assets_known = assets_known && (rules_.at(tracked.leg) || tracked.order.fills().empty());
    sums.add(tracked.order, tracked.leg, leg.side, rules_.at(tracked.leg).get());
  }
  for (std::size_t leg = 0; leg < 2; ++leg)
    state_.legs.at(leg).filled
        = quantity_of(sums.legs.at(leg).filled, state_.legs.at(leg).scale).value_or(Quantity{});
  state_.residual = decimal_of(to_money(state_.carried) + sums.residual);
  state_.notional = sums.notional;
  if (assets_known) { // after a restart the journal's figures stand until a book tells the assets
    state_.profit = sums.profit;
    state_.other_fees = sums.other_fees;
  }
  sums_ = std::move(sums);
}

// ---- what the caller says

std::vector<TwoLegAction> TwoLeg::start(const LegBooks& books, const risk::Now& now) {
  TANDEM_ENSURE(!started_ && spread_);
  started_ = true;
  state_.started_at = to_millis(now.wall);
  learn(books);
  for (const auto* book : {books.leg1, books.leg2})
    if (book == nullptr || book->condition != market::BookCondition::live || !book->instrument)
      return finish(ExecutionPhase::refused, "a book is not live", now);
  for (std::size_t leg = 0; leg < 2; ++leg)
    state_.legs.at(leg).scale = rules_.at(leg)->scale;
  const auto lot = common_lot(*rules_[0], *rules_[1]);
  auto quantity = to_money(spread_->quantity, spread_->scale);
  if (lot)
    quantity.units -= quantity.units % lot->units;
  if (!lot || quantity.units <= 0)
    return finish(ExecutionPhase::refused, "the quantity is below the lots of the legs", now);
  std::vector<orders::OrderDraft> drafts;
  for (std::size_t leg = 0; leg < 2; ++leg) {
    auto draft = opening(leg, quantity);
    if (!draft)
      return finish(ExecutionPhase::refused,
                    "no price of the grid lies within the slippage allowed", now);
    if (limits_.order == LegOrder::concurrent
        || leg == (limits_.order == LegOrder::leg1_first ? 0U : 1U))
      drafts.push_back(*std::move(draft));
  }
  second_due_ = drafts.size() == 1;
  return place(std::move(drafts));
}

void TwoLeg::on_placed(const std::vector<orders::ClientOrderId>& ids, const risk::Now& now) {
  TANDEM_ENSURE(ids.size() == pending_.size());
  for (std::size_t n = 0; n < ids.size(); ++n) {
    const bool known = std::any_of(tracked_.begin(), tracked_.end(), [&](const Tracked& tracked) {
      return tracked.order.id() == ids[n];
    });
    if (!known) // its word may have been quicker than this one
      track(orders::Order{{ids[n], pending_[n], to_millis(now.wall)}}, now.mono);
  }
  pending_.clear();
  recount();
}

std::vector<TwoLegAction> TwoLeg::on_refusal(const risk::Refusal& refusal, const LegBooks& books,
                                             const risk::Now& now) {
  TANDEM_ENSURE(!pending_.empty());
  const auto& draft = pending_.at(std::min(refusal.draft, pending_.size() - 1));
  const bool opens = draft.origin.purpose == OrderPurpose::open;
  const bool untried = !opens && refusal.rule == risk::Rule::market_closed;
  if (untried) {
    --tries_.at(draft.origin.purpose == OrderPurpose::complete ? completing : unwinding);
    closed_until_.at(draft.origin.leg - std::size_t{1}) = now.mono + closed_market_pause;
  }
  if (opens) {
    auto& leg = state_.legs.at(draft.origin.leg - std::size_t{1});
    leg.code = code_of(refusal.rule);
    leg.error = text_of(refusal);
  }
  pending_.clear();
  if (opens && tracked_.empty())
    return finish(ExecutionPhase::refused, text_of(refusal), now);
  if (opens)
    ++tries_[completing];
  retry_at_ = now.mono + close_retry_after;
  return step(books, now);
}

std::vector<TwoLegAction> TwoLeg::on_order(const orders::Order& order, const LegBooks& books,
                                           const risk::Now& now) {
  if (!is_ours(order))
    return {};
  track(order, now.mono);
  return step(books, now);
}

std::vector<TwoLegAction> TwoLeg::on_tick(const LegBooks& books, const risk::Now& now) {
  return step(books, now);
}

} // namespace tandem::core::strategy
