#include "core/strategy/executor.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

namespace tandem::core::strategy {
namespace {

/// Actions that follow from actions: a refused closing order makes another one, a few times.
constexpr int rounds_max = 16;

risk::MarketFacts facts_of_leg(const orders::OrderDraft& draft, const PairConfig& pair,
                               const LegBooks& books) {
  const auto* view = draft.instrument == pair.leg1 ? books.leg1 : books.leg2;
  return view == nullptr ? risk::MarketFacts{} : risk::facts_of(*view);
}

} // namespace

Executor::Executor(PairConfig pair, ExecutorLimits limits, orders::Desk& desk, ExecutionBook& book)
    : pair_{std::move(pair)}, limits_{std::move(limits)}, desk_{desk}, book_{book},
      refusal_wait_{limits_.refusal_gap} {}

ExecutorNews Executor::resume(const risk::Now& now) {
  ExecutorNews news;
  auto last = book_.last(pair_.id);
  if (!last)
    return news;
  std::map<std::uint64_t, std::vector<orders::Order>> orders;
  for (auto& order : desk_.of_pair(pair_.id))
    orders[order.intent().draft.origin.execution].push_back(std::move(order));
  auto own = std::move(orders[last->number]);
  orders.erase(last->number);
  for (auto& [number, earlier] : orders)
    if (const auto known = book_.find(pair_.id, number))
      if (const auto moved = moved_since(*known, std::move(earlier), false, now.mono))
        strand(*moved, now, news);
  noted_ = *last;
  run_ = TwoLeg::restore(pair_, limits_.legs, *std::move(last), std::move(own), now.mono);
  return news;
}

/// Of other instruments nothing is carried: the pair was changed.
Decimal Executor::carried() const {
  const auto last = book_.last(pair_.id);
  const bool same
      = last && last->legs[0].instrument == pair_.leg1 && last->legs[1].instrument == pair_.leg2;
  return same ? to_carry(*last) : Decimal{};
}

bool Executor::idle() const noexcept {
  return !run_ || is_over(run_->state().phase);
}

ExecutorNews Executor::execute(const Spread& spread, const LegBooks& books, std::string person,
                               const risk::Now& now, std::uint64_t opportunity) {
  ExecutorNews news;
  run_.emplace(pair_, limits_.legs, spread, book_.next_number(pair_.id), std::move(person),
               carried(), opportunity);
  noted_ = {};
  perform(run_->start(books, now), books, now, news);
  return news;
}

ExecutorNews Executor::on_order(const orders::Order& order, const LegBooks& books,
                                const risk::Now& now) {
  ExecutorNews news;
  if (!run_)
    return news;
  const auto& origin = order.intent().draft.origin;
  if (origin.pair == pair_.id && origin.execution < run_->state().number)
    look_back(order, now, news);
  else
    perform(run_->on_order(order, books, now), books, now, news);
  return news;
}

/// The execution under way reckoned without it, so nothing closes what it opens but a person.
void Executor::look_back(const orders::Order& order, const risk::Now& now, ExecutorNews& news) {
  const auto number = order.intent().draft.origin.execution;
  const auto known = book_.find(pair_.id, number);
  if (!known || order.intent().draft.origin.purpose == orders::OrderPurpose::flatten)
    return;
  if (auto moved = moved_since(*known, desk_.of_execution(pair_.id, number),
                               order.filled().units > 0, now.mono)) {
    strand(*moved, now, news);
    news.stranded_late = std::move(moved);
  }
}

/// What an execution that was over has come to by another residual; nullopt: nothing. Where not all
/// of its orders are known any more, its residual is what it was, and `filled` decides.
std::optional<ExecutionState> Executor::moved_since(const ExecutionState& known,
                                                    std::vector<orders::Order> orders, bool filled,
                                                    MonoTime now) const {
  const auto machine = TwoLeg::restore(pair_, limits_.legs, known, std::move(orders), now);
  const bool whole = machine.missing() == nullptr;
  const bool moved = whole ? machine.state().residual != known.residual
                           : filled && known.phase != ExecutionPhase::stranded;
  if (!moved)
    return std::nullopt;
  auto state = whole ? machine.state() : known;
  state.phase = ExecutionPhase::stranded;
  state.reason = whole ? "a fill after the next execution had begun"
                       : "a fill after the next execution had begun, and not all of its orders are "
                         "known any more";
  return state;
}

void Executor::strand(const ExecutionState& state, const risk::Now& now, ExecutorNews& news) {
  desk_.pause(pair_.id.text(), "residual",
              "execution " + std::to_string(state.number) + " has " + state.residual.to_string()
                  + " open: " + state.reason,
              now);
  book_.put(state);
  desk_.record(orders::ExecutionRecord{state}, {});
  news.moved.push_back(state);
}

ExecutorNews Executor::on_tick(const LegBooks& books, const risk::Now& now) {
  ExecutorNews news;
  if (run_)
    perform(run_->on_tick(books, now), books, now, news);
  return news;
}

/// Written down before anything follows from it.
void Executor::note(ExecutorNews& news) {
  const auto& state = run_->state();
  if (state == noted_)
    return;
  noted_ = state;
  book_.put(state);
  desk_.record(orders::ExecutionRecord{state}, {});
  news.moved.push_back(state);
}

void Executor::place(const PlaceOrders& request, const LegBooks& books, const risk::Now& now,
                     ExecutorNews& news) {
  std::vector<risk::MarketFacts> facts;
  for (const auto& draft : request.drafts)
    facts.push_back(facts_of_leg(draft, pair_, books));
  const auto ids = desk_.submit(request.drafts, facts, now);
  if (ids) {
    run_->on_placed(*ids, now);
    refusal_wait_ = limits_.refusal_gap;
    note(news);
    return;
  }
  const bool first = run_->state().legs[0].ids.empty() && run_->state().legs[1].ids.empty();
  if (first)
    news.refusal = ids.error();
  perform(run_->on_refusal(ids.error(), books, now), books, now, news);
}

void Executor::finish(const risk::Now& now, ExecutorNews& news) {
  const auto& state = run_->state();
  news.finished = state;
  if (state.phase == ExecutionPhase::refused) {
    next_at_ = now.mono + refusal_wait_;
    refusal_wait_ = std::min(refusal_wait_ * 2, limits_.refusal_gap_max);
    return;
  }
  next_at_ = now.mono + limits_.gap;
}

/// Written down before the end itself: after a crash between the two, a pause without a residual is
/// lifted by a person, but a residual without a pause would be traded on and never be seen.
void Executor::pause_stranded(const std::vector<TwoLegAction>& actions, const risk::Now& now) {
  const auto& state = run_->state();
  const bool ends = std::ranges::any_of(
      actions, [](const auto& action) { return std::holds_alternative<Finish>(action); });
  if (ends && state.phase == ExecutionPhase::stranded)
    desk_.pause(pair_.id.text(), "residual",
                "a residual of " + state.residual.to_string() + " remains: " + state.reason, now);
}

void Executor::perform(std::vector<TwoLegAction> actions, const LegBooks& books,
                       const risk::Now& now, ExecutorNews& news) {
  // A refusal answers with actions of its own; the bound only guards against a machine gone mad.
  if (news.moved.size() > rounds_max)
    return;
  pause_stranded(actions, now);
  note(news);
  for (const auto& action : actions) {
    if (const auto* request = std::get_if<PlaceOrders>(&action))
      place(*request, books, now, news);
    else if (const auto* cancel = std::get_if<CancelOrder>(&action))
      // Already over is no failure here: its end is on the way.
      (void)desk_.cancel(cancel->id, now);
    else
      finish(now, news);
  }
}

} // namespace tandem::core::strategy
