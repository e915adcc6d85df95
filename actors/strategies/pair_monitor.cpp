#include "actors/strategies/pair_monitor.hpp"

#include "core/ensure.hpp"
#include "messages/alert.hpp"
#include "messages/events.hpp"
#include "messages/now.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <string>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::PairHandle::stateful_pointer<PairMonitorState>;
using core::market::BookCondition;
using core::market::DepthView;
using core::strategy::OpportunityEvent;
using core::strategy::PairEvents;
using messages::now_of;
using messages::Severity;

/// A person who asked for an execution hears of it by then, ended or not.
constexpr std::chrono::seconds answer_limit{30};

/// Bounds how late a book is noticed to be too old: well under the second that P11 allows.
constexpr std::chrono::milliseconds tick_interval{100};

template <class Event>
void tell_bus(Self self, Event event) {
  const auto bus
      = self->state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (bus)
    self->send(bus, std::move(event));
}

std::string own_breaker(const PairMonitorState& state) {
  return core::risk::breaker_of(state.watch->config().id);
}

/// All that judge this pair.
std::vector<std::string> all_breakers(const PairMonitorState& state) {
  auto names = core::risk::breakers_of(state.legs[0].venue);
  if (state.legs[1].venue != state.legs[0].venue)
    names.push_back(core::risk::breaker_of(state.legs[1].venue));
  names.push_back(own_breaker(state));
  return names;
}

void tell_breakers(const PairMonitorState& state, const std::vector<std::string>& breakers,
                   const core::risk::BreakerNews& news) {
  const auto now = now_of(state);
  if (state.trading && state.trading->breakers != nullptr)
    state.trading->breakers->tell(breakers, news, now.mono, now.wall);
}

void publish_pause(Self self, const core::strategy::PauseEvent& pause) {
  auto& state = self->state;
  const auto& id = state.watch->config().id;
  const auto& leg = state.legs[pause.why.leg == 2 ? 1 : 0];
  std::string text = pause.paused ? "paused: book of " + core::to_string(leg) + " is "
                                        + std::string{core::market::to_string(pause.why.reason)}
                                  : "resumed: both books are synchronised and fresh";
  state.context->log->write(core::LogLevel::info, pause.paused ? "pair_paused" : "pair_resumed",
                            {{"pairId", id.text()}, {"message", text}});
  tell_bus(self,
           messages::EngineAlert{.severity = pause.paused ? Severity::warning : Severity::info,
                                 .code = pause.paused ? "PAIR_PAUSED" : "PAIR_RESUMED",
                                 .message = id.text() + " " + std::move(text),
                                 .pair = id,
                                 .source = core::to_string(leg),
                                 .ts = core::to_millis(state.context->clocks.wall())});
  if (pause.paused && pause.why.reason == BookCondition::stale) // the feed tells the venue's
    tell_breakers(state, {own_breaker(state)}, {.kind = core::risk::BreakerNews::Kind::stale});
}

messages::Opportunity opportunity_of(const PairMonitorState& state, const OpportunityEvent& event) {
  return {.pair = state.watch->config().id,
          .leg1 = state.legs[0],
          .leg2 = state.legs[1],
          .event = event,
          .ts = core::to_millis(state.context->clocks.wall())};
}

void publish_opportunity(Self self, const OpportunityEvent& event) {
  tell_bus(self, opportunity_of(self->state, event));
}

void perform(Self self, const PairEvents& events) {
  if (events.empty())
    return;
  if (events.ended)
    publish_opportunity(self, *events.ended);
  if (events.pause)
    publish_pause(self, *events.pause);
  if (events.opened_or_changed)
    publish_opportunity(self, *events.opened_or_changed);
  auto& state = self->state;
  state.cell->set_state(std::string{core::strategy::to_string(state.watch->state())});
}

void evaluate(Self self) {
  auto& state = self->state;
  bool leg1_changed = false;
  bool leg2_changed = false;
  const DepthView& leg1 = state.slots[0]->read(leg1_changed);
  const DepthView& leg2 = state.slots[1]->read(leg2_changed);
  const auto before = state.watch->state();
  perform(self, state.watch->evaluate(leg1, leg2, state.context->clocks.mono()));
  for (const auto* leg : {leg1_changed ? &leg1 : nullptr, leg2_changed ? &leg2 : nullptr})
    if (leg != nullptr && leg->condition == BookCondition::live)
      state.decision_delay.add(state.context->clocks.mono() - leg->received_at);
  if (state.watch->state() != before)
    state.cell->set_state(std::string{core::strategy::to_string(state.watch->state())});
}

// ---- trading
// -------------------------------------------------------------------------------------------------------

core::strategy::LegBooks books_of(PairMonitorState& state) {
  bool changed = false;
  return {&state.slots[0]->read(changed), &state.slots[1]->read(changed)};
}

/// Why no execution may begin; empty = none of the plain reasons. The gate has the last word.
std::string holding(const PairMonitorState& state) {
  using core::strategy::PairMode;
  if (!state.executor)
    return "watches only";
  if (state.watch->config().mode == PairMode::read_only)
    return "read only";
  std::string reason;
  state.trading->desk->with_gate([&](const core::risk::Gate& gate) {
    for (const auto& leg : state.legs) {
      const auto* market = gate.market(leg.market());
      if (reason.empty() && (market == nullptr || !market->open))
        reason = core::to_string(leg.market()) + ": "
                 + (market == nullptr ? "no trading side" : market->reason);
    }
  });
  return reason;
}

/// As holding(), and whatever would refuse every order of this pair: no need to ask for each.
std::string holding_automatic(const PairMonitorState& state) {
  auto reason = holding(state);
  if (reason.empty())
    state.trading->desk->with_gate([&](const core::risk::Gate& gate) {
      for (const auto& leg : state.legs)
        if (reason.empty())
          reason = gate.held(state.watch->config().id.text(), leg.venue);
    });
  return reason;
}

void answer(Self self, messages::ExecuteOutcome outcome) {
  if (auto asked = std::exchange(self->state.asked, std::nullopt))
    asked->deliver(std::move(outcome));
}

void alert_stranded(const PairMonitorState& state, const std::string& why) {
  const auto& id = state.watch->config().id;
  messages::publish_alert(*state.context, Severity::critical, "PAIR_STRANDED", id.text(),
                          why + "; the pair is paused until a person resumes it", id);
}

void alert_stranded(const PairMonitorState& state,
                    const core::strategy::ExecutionState& execution) {
  alert_stranded(state, "execution " + std::to_string(execution.number) + " leaves "
                            + execution.residual.to_string() + " open: " + execution.reason);
}

void on_finished(Self self, const core::strategy::ExecutionState& execution) {
  using core::strategy::ExecutionPhase;
  auto& state = self->state;
  const auto& id = execution.pair;
  state.watch->set_executed(core::to_decimal(state.trading->book->notional(id)));
  if (execution.phase == ExecutionPhase::refused)
    return;
  const bool worked = execution.phase == ExecutionPhase::done && execution.legs[0].error.empty()
                      && execution.legs[1].error.empty();
  using Kind = core::risk::BreakerNews::Kind;
  const auto breakers = all_breakers(state);
  tell_breakers(state, breakers, {.kind = Kind::trade, .succeeded = worked});
  tell_breakers(state, breakers, {.kind = Kind::profit, .profit = execution.profit});
  state.context->log->write(core::LogLevel::info, "execution_ended",
                            {{"pairId", id.text()},
                             {"decision", id.text() + ":" + std::to_string(execution.number)},
                             {"opportunity", std::to_string(execution.opportunity)},
                             {"phase", std::string{core::strategy::to_string(execution.phase)}},
                             {"profit", core::to_string(execution.profit)},
                             {"residual", execution.residual.to_string()}});
  if (execution.phase == ExecutionPhase::stranded)
    alert_stranded(state, execution);
}

void perform(Self self, core::strategy::ExecutorNews news) {
  for (auto& execution : news.moved)
    tell_bus(self, messages::ExecutionMoved{std::move(execution)});
  if (news.refusal) {
    const auto& refusal = *news.refusal;
    self->state.held_by = std::string{core::risk::to_string(refusal.rule)} + ": " + refusal.detail;
    self->state.context->log->write(core::LogLevel::info, "execution_refused",
                                    {{"pairId", self->state.watch->config().id.text()},
                                     {"rule", std::string{core::risk::to_string(refusal.rule)}},
                                     {"value", refusal.value},
                                     {"limit", refusal.limit}});
  }
  if (news.stranded_late)
    alert_stranded(self->state, *news.stranded_late);
  if (!news.finished)
    return;
  on_finished(self, *news.finished);
  answer(self, {std::move(news.finished), std::move(news.refusal), std::nullopt});
}

/// Takes the open opportunity when nothing holds the pair.
void trade(Self self) {
  auto& state = self->state;
  if (!state.executor || !state.executor->ready(state.context->clocks.mono()))
    return;
  const auto* spread = state.watch->paying();
  if (spread == nullptr)
    return;
  state.held_by = holding_automatic(state);
  if (state.held_by.empty())
    perform(self, state.executor->execute(*spread, books_of(state), {}, now_of(state),
                                          state.watch->opportunity()));
}

caf::result<messages::ExecuteOutcome> execute_now(Self self, const messages::ExecutePair& request) {
  auto& state = self->state;
  const auto refuse = [](core::Errc code, std::string text) {
    return messages::ExecuteOutcome{std::nullopt, std::nullopt,
                                    core::Error{code, std::move(text), {}}};
  };
  if (!state.executor)
    return refuse(core::Errc::exchange_unavailable, "this engine only watches");
  if (!state.executor->idle() || state.asked)
    return refuse(core::Errc::conflict, "an execution of this pair is under way");
  if (const auto held = holding(state); !held.empty())
    return refuse(core::Errc::exchange_unavailable, held);
  const auto* spread = state.watch->paying();
  if (spread == nullptr)
    return refuse(core::Errc::risk_rejected, "no spread above the threshold at the moment");
  auto promise = self->make_response_promise<messages::ExecuteOutcome>();
  state.asked = promise;
  state.asked_until = state.context->clocks.mono() + answer_limit;
  perform(self, state.executor->execute(*spread, books_of(state), request.person, now_of(state),
                                        state.watch->opportunity()));
  return promise;
}

void on_moved(Self self, const messages::OrderMoved& moved) {
  auto& state = self->state;
  if (state.executor)
    perform(self, state.executor->on_order(*moved.update.order, books_of(state), now_of(state)));
}

/// What the gate must know of this pair.
void introduce(PairMonitorState& state) {
  const auto& pair = state.watch->config();
  state.trading->desk->with_gate([&](core::risk::Gate& gate) {
    core::risk::StrategyLimits limits;
    if (!pair.total_amount.is_zero())
      limits.total_notional_max = core::to_money(pair.total_amount);
    gate.introduce(pair.leg1);
    gate.introduce(pair.leg2);
    gate.set_strategy(pair.id.text(), limits);
    gate.set_pause(pair.id.text(), "config",
                   !pair.enabled                                      ? "disabled"
                   : pair.mode == core::strategy::PairMode::read_only ? "read only"
                                                                      : "");
  });
}

void keep_time(Self self) {
  auto& state = self->state;
  if (!state.executor)
    return;
  const auto now = now_of(state);
  const auto books = books_of(state);
  state.trading->desk->with_gate([&](core::risk::Gate& gate) {
    state.watch->set_account_fees(gate.fee(state.legs[0].market(), state.legs[0].symbol),
                                  gate.fee(state.legs[1].market(), state.legs[1].symbol));
    gate.observe_mid(state.legs[0], core::risk::facts_of(*books.leg1), now.mono);
    gate.observe_mid(state.legs[1], core::risk::facts_of(*books.leg2), now.mono);
  });
  perform(self, state.executor->on_tick(books, now));
  if (state.asked && now.mono >= state.asked_until)
    answer(self, {state.trading->book->last(state.watch->config().id), std::nullopt,
                  core::Error{core::Errc::timed_out, "the execution goes on", {}}});
}

/// Who was told before a restart may be gone: as long as the pair is stranded, it is said again.
void tell_stranded(const PairMonitorState& state) {
  const auto& id = state.watch->config().id;
  std::string reason;
  state.trading->desk->with_gate(
      [&](const core::risk::Gate& gate) { reason = gate.pause_of(id.text(), "residual"); });
  if (!reason.empty())
    alert_stranded(state, reason + "; since before the restart");
}

std::optional<core::Decimal> best(std::span<const core::market::Level> side,
                                  const core::Scale& scale) {
  if (side.empty())
    return std::nullopt;
  return core::Decimal{side.front().price.units, scale.price_decimals};
}

messages::PairSnapshot snapshot(Self self) {
  auto& state = self->state;
  messages::PairSnapshot result;
  result.id = state.watch->config().id;
  result.state = state.watch->state();
  result.pause = state.watch->pause();
  result.spreads = state.watch->spreads();
  result.counters = state.watch->counters();
  result.trades = state.executor.has_value();
  result.held_by = state.held_by;
  if (state.trading)
    result.execution = state.trading->book->last(result.id);
  const auto now = state.context->clocks.mono();
  for (std::size_t i = 0; i < 2; ++i) {
    bool changed = false;
    const DepthView& view = state.slots[i]->read(changed);
    auto& leg = result.legs[i];
    leg.instrument = state.legs[i];
    leg.condition = view.condition;
    leg.known = view.instrument != nullptr;
    if (view.condition == BookCondition::live) {
      leg.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - view.received_at);
      leg.bid = best(view.bids(), view.scale);
      leg.ask = best(view.asks(), view.scale);
    }
  }
  return result;
}

} // namespace

PairMonitorState::~PairMonitorState() {
  if (wake)
    wake->retire();
  if (!context)
    return;
  const auto bus = context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (!bus)
    return;
  // Whoever heard that it opened must hear that nobody watches it any more.
  if (watch && watch->state() == core::strategy::PairState::open)
    if (const auto events = watch->set_enabled(false, context->clocks.mono()); events.ended)
      caf::anon_send(bus, opportunity_of(*this, *events.ended));
  for (std::size_t i = 0; i < 2; ++i)
    if (slots[i])
      caf::anon_send(bus, messages::UnsubscribeBook{legs[i], slots[i]});
}

messages::PairHandle::behavior_type pair_monitor(Self self, messages::ContextPtr context,
                                                 messages::CellPtr cell,
                                                 PairMonitorOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.legs = {options.pair.leg1, options.pair.leg2};
  const auto bus = context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  TANDEM_ENSURE(static_cast<bool>(bus));
  // Held weakly: the flag lives in slots that feeds keep, and must not keep this actor alive.
  state.wake = std::make_shared<core::market::WakeFlag>(
      [weak = caf::actor_cast<caf::weak_actor_ptr>(messages::PairHandle{self})] {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
          caf::anon_send(caf::actor_cast<messages::PairHandle>(strong), messages::BookChanged{});
      });
  for (std::size_t i = 0; i < 2; ++i) {
    state.slots[i] = std::make_shared<core::market::DepthSlot>(options.pair.options.levels,
                                                               core::Quantity{0}, state.wake);
    self->send(bus, messages::SubscribeBook{state.legs[i], state.slots[i]});
  }
  state.watch.emplace(std::move(options.pair), options.fees);
  state.trading = std::move(options.trading);
  if (state.trading) {
    introduce(state);
    state.executor.emplace(state.watch->config(), state.trading->limits, *state.trading->desk,
                           *state.trading->book);
    perform(self, state.executor->resume(now_of(state)));
    if (const auto last = state.trading->book->last(state.watch->config().id))
      state.watch->number_after(last->opportunity);
    tell_stranded(state);
  }
  cell->set_state(std::string{core::strategy::to_string(state.watch->state())});
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::BookChanged&) {
        self->state.wake->begin();
        evaluate(self);
        trade(self);
        self->state.wake->end();
      }),
      observe([self](const messages::OrderMoved& moved) { on_moved(self, moved); }),
      observe([self](const messages::ExecutePair& request)
                  -> caf::result<messages::ExecuteOutcome> { return execute_now(self, request); }),
      observe([self](const messages::Tick&) {
        evaluate(self);
        keep_time(self);
        trade(self);
        auto& cell_now = *self->state.cell;
        const auto& counters = self->state.watch->counters();
        cell_now.set_counter("evaluations", static_cast<std::int64_t>(counters.evaluations));
        cell_now.set_counter("opportunities", static_cast<std::int64_t>(counters.opportunities));
        cell_now.set_counter("pauses", static_cast<std::int64_t>(counters.pauses));
        const auto& delay = self->state.decision_delay;
        cell_now.set_counter("decision_p50_ns", static_cast<std::int64_t>(delay.quantile_ns(500)));
        cell_now.set_counter("decision_p99_ns", static_cast<std::int64_t>(delay.quantile_ns(990)));
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
      observe([self](const messages::GetPairState&) -> messages::PairSnapshot {
        return snapshot(self);
      }),
  };
}

} // namespace tandem::actors
