// What the plan's machine decides (run.hpp).
#include "core/ensure.hpp"
#include "core/risk/rules.hpp"
#include "core/strategy/closing.hpp"
#include "core/twap/run.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::twap {
namespace {

using market::DepthView;
using orders::Side;

bool has_mid(const LegFacts& facts) {
  return facts.book != nullptr && risk::has_mid(risk::facts_of(*facts.book))
         && facts.book->instrument != nullptr;
}

/// (bid + ask) / 2, exact: one more decimal than the book. @param book with a mid.
Money mid_of(const DepthView& book) {
  return {risk::doubled_mid(risk::facts_of(book)) / 2};
}

/// `percent` of an amount, rounded down.
Money share(Money amount, const Decimal& percent) {
  Int128 scaled = 0;
  if (__builtin_mul_overflow(amount.units, Int128{percent.mantissa()}, &scaled))
    return {money_units_max};
  return {divide(scaled, Int128{pow10(percent.decimals())} * 100, Rounding::down)};
}

Money times(Money amount, std::int64_t factor) {
  Int128 product = 0;
  return {__builtin_mul_overflow(amount.units, Int128{factor}, &product) ? money_units_max
                                                                         : product};
}

/// The better one for us: nobody pays more (takes less) than both.
Price tighter(Side side, Price a, Price b) {
  return side == Side::buy ? std::min(a, b) : std::max(a, b);
}

/// On the tick's grid, to our own side (down when buying).
Price on_grid(Side side, const Decimal& price, const Instrument& instrument) {
  const auto rounding = side == Side::buy ? Rounding::down : Rounding::up;
  return {static_cast<std::int64_t>(strategy::on_grid(price, instrument, rounding))};
}

/// The benchmark moves all the time; it is written down with the next thing that matters.
bool same_but_benchmark(const PlanState& a, PlanState b) {
  for (std::size_t n = 0; n < legs_max; ++n) {
    b.legs[n].benchmark_sum = a.legs[n].benchmark_sum;
    b.legs[n].benchmark_ms = a.legs[n].benchmark_ms;
  }
  return a == b;
}

} // namespace

// ---- events
// ----------------------------------------------------------------------------------

PlanStep PlanRun::on_tick(const PlanFacts& facts, const risk::Now& now) {
  return stepped(facts, now);
}

PlanStep PlanRun::on_order(const orders::Order& order, const PlanFacts& facts,
                           const risk::Now& now) {
  const auto& origin = order.intent().draft.origin;
  if (origin.plan != plan_.id.text() || origin.leg < 1 || origin.leg > leg_count())
    return {};
  note_order(origin.leg - 1U, order, now);
  return stepped(facts, now);
}

void PlanRun::on_placed(const std::vector<orders::ClientOrderId>& ids, const risk::Now& now) {
  TANDEM_ENSURE(ids.size() <= pending_.size());
  for (const auto& id : ids) {
    const auto n = pending_.front();
    pending_.erase(pending_.begin());
    auto& leg = legs_[n];
    leg.placing = false;
    if (leg.id != id)
      take_over(n, id);
    leg.placed_at = leg.looked_at = now.mono;
    leg.slot = state_.last_slot;
  }
  refusal_wait_ = refusal_wait_first;
  held_by_.clear();
}

void PlanRun::on_refusal(const risk::Refusal& refusal, std::size_t drafts, const risk::Now& now) {
  TANDEM_ENSURE(drafts <= pending_.size());
  for (; drafts > 0; --drafts) {
    auto& leg = legs_[pending_.front()];
    pending_.erase(pending_.begin());
    leg.placing = false;
    leg.retry_at = now.mono + refusal_wait_;
  }
  refusal_wait_ = std::min(refusal_wait_ * 2, refusal_wait_max);
  held_by_ = std::string{risk::to_string(refusal.rule)} + ": " + refusal.detail;
}

PlanStep PlanRun::stepped(const PlanFacts& facts, const risk::Now& now) {
  PlanStep step;
  step.together = plan_.options.leg_down == LegDown::pause_both;
  const bool was_final = is_final(state_.phase);
  watch_benchmark(facts, now.mono);
  if (!was_final && pending_.empty())
    decide(facts, now, step);
  step.finished = !was_final && is_final(state_.phase);
  step.moved = !same_but_benchmark(state_, told_);
  return step;
}

// ---- decisions
// ----------------------------------------------------------------------------------

void PlanRun::watch_benchmark(const PlanFacts& facts, MonoTime now) {
  const auto before = std::exchange(benchmark_at_, std::max(benchmark_at_, now));
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - before).count();
  if (before == MonoTime{} || passed <= 0 || state_.phase != PlanPhase::running)
    return;
  for (std::size_t n = 0; n < leg_count(); ++n) {
    if (!has_mid(facts.legs[n]))
      continue;
    auto& leg = state_.legs[n];
    leg.benchmark_sum += times(mid_of(*facts.legs[n].book), passed);
    leg.benchmark_ms += passed;
  }
}

void PlanRun::decide(const PlanFacts& facts, const risk::Now& now, PlanStep& step) {
  if (!state_.cancelled_by.empty())
    return stop(PlanPhase::cancelled, "cancelled by " + state_.cancelled_by, now, step);
  if (const auto& end = plan_.options.end_at; end && plan_time(now.mono) >= *end)
    return stop(PlanPhase::expired, "the end time came before all of it was filled", now, step);
  const bool by_person = !state_.paused_by.empty();
  if (!started() && (by_person || !begin(facts, now)))
    return;
  for (std::size_t n = 0; n < leg_count(); ++n)
    if (state_.legs[n].refused_in_row >= plan_.options.failures_max)
      return stop(PlanPhase::failed,
                  std::to_string(state_.legs[n].refused_in_row) + " orders in a row were refused: "
                      + (legs_[n].order ? legs_[n].order->reason() : std::string{}),
                  now, step);
  judge_risk(facts);
  if (by_person || !state_.risk.empty()) {
    state_.phase = PlanPhase::paused;
    for (std::size_t n = 0; n < leg_count(); ++n)
      cancel_open(n, now.mono, step);
    return;
  }
  state_.phase = PlanPhase::running;
  release(facts, now);
  for (std::size_t n = 0; n < leg_count(); ++n)
    work(n, facts, now, step);
  end_when_done(now);
}

/// Sums up what is left of the plan into slices from state_.scheduled_from on.
Status PlanRun::make_schedule() {
  auto rest = plan_;
  rest.total_quantity = to_decimal(to_money(plan_.total_quantity) - state_.released_before);
  rest.slice_quantity = std::min(rest.slice_quantity, rest.total_quantity);
  auto made = Schedule::make(rest, state_.grid, state_.scheduled_from);
  if (!made)
    return tl::unexpected{made.error()};
  schedule_ = *std::move(made);
  return {};
}

bool PlanRun::begin(const PlanFacts& facts, const risk::Now& now) {
  const auto time = plan_time(now.mono);
  if (const auto& start = plan_.options.start_at; start && time < *start)
    return false;
  std::vector<LegRules> rules;
  for (std::size_t n = 0; n < leg_count(); ++n) {
    held_by_ = down_because(n, facts);
    if (!held_by_.empty())
      return false;
    const auto& book = *facts.legs[n].book;
    rules.push_back({book.instrument.get(), to_decimal(mid_of(book))});
  }
  const auto grid = grid_of(rules);
  if (grid) {
    state_.grid = *grid;
    state_.scheduled_from = plan_.options.start_at.value_or(time);
  }
  if (const auto made = grid ? make_schedule() : Status{tl::unexpected{grid.error()}}; !made) {
    finish(PlanPhase::failed, made.error().detail, now);
    return false;
  }
  state_.started_at = to_millis(now.wall);
  for (std::size_t n = 0; n < leg_count(); ++n)
    state_.legs[n].arrival = rules[n].price;
  return true;
}

std::string PlanRun::down_because(std::size_t n, const PlanFacts& facts) const {
  const auto& leg = facts.legs[n];
  const auto name = to_string(plan_.legs[n].instrument);
  if (!leg.held.empty())
    return name + ": " + leg.held;
  if (leg.book == nullptr || leg.book->condition != market::BookCondition::live)
    return "the book of " + name + " is "
           + std::string{market::to_string(leg.book == nullptr ? market::BookCondition::down
                                                               : leg.book->condition)};
  return has_mid(leg) ? std::string{} : "the book of " + name + " has an empty side";
}

void PlanRun::judge_risk(const PlanFacts& facts) {
  std::string first;
  std::size_t down = 0;
  for (std::size_t n = 0; n < leg_count(); ++n) {
    auto why = down_because(n, facts);
    if (why.empty())
      continue;
    ++down;
    if (first.empty())
      first = std::move(why);
  }
  const bool all = down == leg_count();
  state_.risk = all || plan_.options.leg_down == LegDown::pause_both ? first : std::string{};
}

/// A slot has begun: its slice, and those whose time has passed as the plan's rule says.
void PlanRun::release(const PlanFacts& facts, const risk::Now& now) {
  const auto time = plan_time(now.mono);
  const auto slot = schedule_->slot_of(time);
  if (slot <= state_.last_slot || !schedule_->is_open(time))
    return;
  const auto before = target();
  const auto all = static_cast<std::uint32_t>(schedule_->slices().size());
  const auto due = static_cast<std::uint32_t>(std::min<std::int64_t>(slot + 1, all));
  auto& next = state_.next_slice;
  if (due > next) {
    if (plan_.options.catch_up == CatchUp::skip) {
      const auto passed = slot < all ? due - 1 : all; // of a slice that is due now nothing is late
      if (passed > next) {
        state_.skipped += to_money(
            schedule_->quantity(schedule_->lots_through(passed) - schedule_->lots_through(next)));
        next = passed;
      }
    }
    const auto most
        = plan_.options.catch_up == CatchUp::catch_up ? plan_.options.catch_up_slices : 1U;
    next += std::min(due - next, most);
  } else if (next < all) {
    return; // ahead of its time: a wall clock set back over a restart
  }
  state_.last_slot = slot;
  for (std::size_t n = 0; n < leg_count(); ++n) {
    auto& leg = legs_[n];
    leg.take_through = before;
    leg.retry_at = std::min(leg.retry_at, now.mono);
    leg.traded[0] = std::exchange(leg.traded[1], facts.legs[n].traded);
    state_.legs[n].slot_filled = state_.legs[n].filled;
  }
}

/// What this leg may order now: released and not filled, within every bound.
Money PlanRun::wanted(std::size_t n, const PlanFacts& facts) {
  const auto& leg = state_.legs[n];
  const auto largest = to_money(schedule_->quantity(schedule_->largest_slice()));
  const auto in_slot = leg.filled - leg.slot_filled;
  auto amount = target() - leg.filled;
  amount = std::min(amount, times(largest, plan_.options.catch_up_slices) - in_slot);
  if (leg_count() == 2) {
    const auto ahead = plan_.options.imbalance_max.is_zero()
                           ? times(largest, 2)
                           : to_money(plan_.options.imbalance_max);
    amount = std::min(amount, state_.legs[1 - n].filled + ahead - leg.filled);
  }
  if (plan_.options.participation_percent.is_zero())
    return amount;
  const auto name = to_string(plan_.legs[n].instrument);
  if (!facts.legs[n].traded) {
    held_by_ = "participation: nobody tells what is traded in " + name + " (stream trades)";
    return {};
  }
  const auto& [before, at_slot] = legs_[n].traded;
  if (!before || !at_slot) {
    held_by_ = "participation: the first interval of " + name + " is only watched";
    return {};
  }
  return std::min(amount, share(*at_slot - *before, plan_.options.participation_percent) - in_slot);
}

/// Nullopt when the guard, the leg's limit price or the tick leave none; held_by_ says so.
std::optional<Price> PlanRun::price_of(std::size_t n, const DepthView& book, bool taking) {
  const auto& leg = plan_.legs[n];
  const auto& rules = *book.instrument;
  const bool buys = leg.side == Side::buy;
  const auto touch = [&](bool own) {
    const auto& level = own == buys ? book.bids().front() : book.asks().front();
    return Decimal{level.price.units, book.scale.price_decimals};
  };
  std::optional<Price> price;
  if (taking)
    price = strategy::limit_beyond(leg.side, touch(false), plan_.options.slippage_percent, rules);
  else if (leg.type == SliceType::limit && leg.limit_price)
    price = on_grid(leg.side, *leg.limit_price, rules);
  else
    price = strategy::limit_beyond(orders::opposite(leg.side), touch(true), leg.offset_percent,
                                   rules);
  if (price && leg.limit_price)
    price = tighter(leg.side, *price, on_grid(leg.side, *leg.limit_price, rules));
  if (const auto& arrival = state_.legs[n].arrival;
      price && arrival && !plan_.options.guard_percent.is_zero())
    if (const auto guard
        = strategy::limit_beyond(leg.side, *arrival, plan_.options.guard_percent, rules))
      price = tighter(leg.side, *price, *guard);
  if (!price || price->units <= 0) {
    held_by_ = "no price of the tick's grid for " + to_string(leg.instrument);
    return std::nullopt;
  }
  const Decimal chosen{price->units, rules.scale.price_decimals};
  if (taking && (buys ? chosen < touch(false) : chosen > touch(false))) {
    held_by_ = "price guard: " + touch(false).to_string() + " of " + to_string(leg.instrument)
               + " is beyond " + chosen.to_string();
    return std::nullopt;
  }
  return price;
}

/// Nullopt when there is no price, or no venue would take so little (`too_small`).
std::optional<orders::OrderDraft> PlanRun::draft_of(std::size_t n, const DepthView& book,
                                                    Money amount, bool taking) {
  const auto price = price_of(n, book, taking);
  if (!price)
    return std::nullopt;
  const auto& rules = *book.instrument;
  const auto quantity = strategy::order_quantity(amount, rules);
  legs_[n].too_small = !quantity || !strategy::meets_notional_min(rules, *quantity, *price);
  if (legs_[n].too_small)
    return std::nullopt;
  const auto& leg = plan_.legs[n];
  orders::OrderDraft draft;
  draft.instrument = leg.instrument;
  draft.side = leg.side;
  draft.tif = taking ? orders::TimeInForce::ioc : orders::TimeInForce::gtc;
  draft.scale = rules.scale;
  draft.price = *price;
  draft.quantity = *quantity;
  draft.origin.plan = plan_.id.text();
  draft.origin.execution = state_.slices_before + state_.next_slice;
  draft.origin.leg = static_cast<std::uint8_t>(n + 1);
  draft.origin.purpose = orders::OrderPurpose::slice;
  return draft;
}

void PlanRun::work(std::size_t n, const PlanFacts& facts, const risk::Now& now, PlanStep& step) {
  auto& leg = legs_[n];
  leg.too_small = false;
  if (auto why = down_because(n, facts); !why.empty()) { // the other leg goes on
    held_by_ = std::move(why);
    return cancel_open(n, now.mono, step);
  }
  const auto& book = *facts.legs[n].book;
  if (is_open(n))
    return look_after(n, book, now.mono, step);
  if (now.mono < leg.retry_at || !schedule_->is_open(plan_time(now.mono)))
    return;
  const auto amount = wanted(n, facts);
  if (amount <= Money{})
    return;
  const bool taking = takes(n);
  const bool rests = plan_.legs[n].type != SliceType::market;
  const auto due
      = taking && rests ? std::min(amount, leg.take_through - state_.legs[n].filled) : amount;
  auto draft = draft_of(n, book, due, taking);
  if (!draft && leg.too_small && taking && rests) // too little to be swept: rests with the next
    draft = draft_of(n, book, amount, false);
  if (!draft) {
    leg.too_small = leg.too_small && all_released() && amount == target() - state_.legs[n].filled;
    return;
  }
  leg.placing = true;
  pending_.push_back(n);
  step.drafts.push_back(*std::move(draft));
}

bool PlanRun::should_go(std::size_t n, const DepthView& book, MonoTime now) {
  auto& leg = legs_[n];
  if (leg.slot != state_.last_slot || takes(n) || !schedule_->is_open(plan_time(now)))
    return true;
  if (plan_.legs[n].type != SliceType::pegged || now < leg.looked_at + plan_.options.reprice)
    return false;
  leg.looked_at = now;
  const auto price = price_of(n, book, false);
  const auto& draft = leg.order->intent().draft;
  return price && (*price != draft.price || book.instrument->scale != draft.scale);
}

void PlanRun::look_after(std::size_t n, const DepthView& book, MonoTime now, PlanStep& step) {
  auto& leg = legs_[n];
  if (leg.placing || !leg.order || leg.order->id() != leg.id)
    return;
  if (is_resting(n) ? leg.cancelled_at || should_go(n, book, now)
                    : now >= leg.placed_at + order_timeout)
    cancel_open(n, now, step);
}

void PlanRun::cancel_open(std::size_t n, MonoTime now, PlanStep& step) {
  auto& leg = legs_[n];
  if (!is_open(n) || leg.placing || leg.cancels >= cancels_max)
    return;
  if (leg.cancelled_at && now < *leg.cancelled_at + order_timeout)
    return;
  // What was sent to be taken or killed ends by itself.
  if (!is_resting(n) && now < leg.placed_at + order_timeout)
    return;
  leg.cancelled_at = now;
  ++leg.cancels;
  step.cancels.push_back(leg.id);
}

/// Ends the plan as soon as no order of it is open.
void PlanRun::stop(PlanPhase phase, const std::string& reason, const risk::Now& now,
                   PlanStep& step) {
  for (std::size_t n = 0; n < leg_count(); ++n)
    cancel_open(n, now.mono, step);
  if (all_settled())
    finish(phase, reason, now);
}

void PlanRun::end_when_done(const risk::Now& now) {
  if (!all_released() || !all_settled())
    return;
  for (std::size_t n = 0; n < leg_count(); ++n)
    if (target() > state_.legs[n].filled && !legs_[n].too_small)
      return;
  if (state_.skipped > Money{})
    return finish(PlanPhase::expired,
                  "slices whose time had passed were not made up for: " + to_string(state_.skipped),
                  now);
  std::string rest;
  for (std::size_t n = 0; n < leg_count(); ++n)
    if (const auto lacks = shortfall(n); !lacks.is_zero())
      rest += (rest.empty() ? "below the venue's minimum: " : ", ") + lacks.to_string() + " of "
              + to_string(plan_.legs[n].instrument);
  finish(PlanPhase::completed, rest, now);
}

void PlanRun::finish(PlanPhase phase, std::string reason, const risk::Now& now) {
  state_.phase = phase;
  state_.reason = std::move(reason);
  state_.risk.clear();
  state_.ended_at = to_millis(now.wall);
  held_by_.clear();
}

} // namespace tandem::core::twap
