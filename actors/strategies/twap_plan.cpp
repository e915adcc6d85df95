#include "actors/strategies/twap_plan.hpp"

#include "core/ensure.hpp"
#include "messages/alert.hpp"
#include "messages/events.hpp"
#include "messages/now.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::PlanHandle::stateful_pointer<TwapPlanState>;
using core::twap::PlanFacts;
using core::twap::PlanPhase;
using messages::now_of;
using messages::Severity;

/// The longest sleep: books grow old and gates close without telling.
constexpr std::chrono::milliseconds tick_max{100};
constexpr std::size_t book_levels = 10;

/// Why this leg may not trade, apart from its book; empty = it may.
std::string held(const TwapPlanState& state, const core::InstrumentKey& leg) {
  std::string reason;
  state.trading->desk->with_gate([&](const core::risk::Gate& gate) {
    const auto* market = gate.market(leg.market());
    if (market == nullptr || !market->open)
      reason = market == nullptr ? "no trading side" : market->reason;
    else
      reason = gate.held(state.runner->run().plan().id.text(), leg.venue);
  });
  return reason;
}

PlanFacts facts_of(TwapPlanState& state) {
  PlanFacts facts;
  const auto& legs = state.runner->run().plan().legs;
  for (std::size_t n = 0; n < legs.size(); ++n) {
    bool changed = false;
    auto& leg = facts.legs.at(n);
    leg.book = &state.slots.at(n)->read(changed);
    leg.held = held(state, legs[n].instrument);
    if (const auto entry = state.context->board->find(legs[n].instrument))
      if (const auto extras = entry->extras(); extras.trade)
        leg.traded = extras.traded;
  }
  return facts;
}

void show(TwapPlanState& state) {
  const auto& run = state.runner->run();
  state.cell->set_state(std::string{core::twap::to_string(run.state().phase)});
  state.cell->set_counter("slices_done", run.slices_done());
  state.cell->set_counter("slices_total", run.slices_total());
  state.trading->book->hold(run.plan().id, run.held_by());
}

void publish(Self self) {
  auto& state = self->state;
  show(state);
  if (const auto bus
      = state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus))
    self->send(bus, messages::PlanMoved{core::twap::view_of(state.runner->run()),
                                        core::to_millis(state.context->clocks.wall())});
}

/// A pause by a risk is said when it begins and when it ends; a person's own is no news to him.
void tell_risk(TwapPlanState& state) {
  const auto& plan = state.runner->run().state();
  if (std::exchange(state.paused_because, plan.risk) == plan.risk)
    return;
  if (core::twap::is_final(plan.phase))
    return;
  if (plan.risk.empty())
    messages::publish_alert(*state.context, Severity::info, "PLAN_RESUMED", plan.id.text(),
                            "every leg can trade again");
  else
    messages::publish_alert(*state.context, Severity::warning, "PLAN_PAUSED", plan.id.text(),
                            "paused by a risk: " + plan.risk);
}

/// Less than one lot is what two venues' lots leave; more is a leg without its other one.
void tell_imbalance(const TwapPlanState& state, const core::twap::PlanView& view) {
  const auto open = core::magnitude(core::to_money(view.imbalance));
  if (open >= core::to_money(view.state.grid.lot) && open > core::Money{})
    messages::publish_alert(*state.context, Severity::critical, "PLAN_IMBALANCED",
                            view.plan.id.text(),
                            "its legs differ by " + view.imbalance.to_string()
                                + " (bought minus sold): a person must close it");
}

/// The plan trades no more, so nothing makes up for it but a person.
void tell_late(TwapPlanState& state) {
  const auto view = core::twap::view_of(state.runner->run());
  messages::publish_alert(*state.context, Severity::warning, "PLAN_LATE_FILL", view.plan.id.text(),
                          "filled after its end, by an order that its venue had called over: "
                              + view.executed.to_string() + " of "
                              + view.plan.total_quantity.to_string());
  tell_imbalance(state, view);
}

void tell_end(TwapPlanState& state) {
  const auto& run = state.runner->run();
  const auto view = core::twap::view_of(run);
  const auto phase = view.state.phase;
  std::string text = "the plan is " + std::string{core::twap::to_string(phase)} + ": "
                     + view.executed.to_string() + " of " + view.plan.total_quantity.to_string();
  if (!view.state.reason.empty())
    text += " (" + view.state.reason + ")";
  const bool fine = phase == PlanPhase::completed || phase == PlanPhase::cancelled;
  messages::publish_alert(*state.context, fine ? Severity::info : Severity::warning, "PLAN_ENDED",
                          view.plan.id.text(), text);
  tell_imbalance(state, view);
}

void after(Self self, const core::twap::PlanNews& news) {
  auto& state = self->state;
  if (news.refusal)
    state.context->log->write(core::LogLevel::info, "slice_refused",
                              {{"planId", state.runner->run().plan().id.text()},
                               {"rule", std::string{core::risk::to_string(news.refusal->rule)}},
                               {"value", news.refusal->value},
                               {"limit", news.refusal->limit}});
  tell_risk(state);
  if (news.moved)
    publish(self);
  if (news.finished)
    tell_end(state);
  // It was final before: a venue told of a fill after it had said that the order was over.
  const bool late
      = news.moved && !news.finished && core::twap::is_final(state.runner->run().state().phase);
  if (late)
    tell_late(state);
}

void keep_time(Self self) {
  auto& state = self->state;
  const auto now = now_of(state);
  const auto facts = facts_of(state);
  state.trading->desk->with_gate([&](core::risk::Gate& gate) {
    const auto& legs = state.runner->run().plan().legs;
    for (std::size_t n = 0; n < legs.size(); ++n)
      gate.observe_mid(legs[n].instrument, core::risk::facts_of(*facts.legs.at(n).book), now.mono);
  });
  after(self, state.runner->on_tick(facts, now));
  show(state);
}

/// Sleeps no longer than to the next slice.
std::chrono::milliseconds pause_of(const TwapPlanState& state) {
  const auto due = state.runner->run().due_in(state.context->clocks.mono());
  return due ? std::clamp(*due, std::chrono::milliseconds{1}, tick_max) : tick_max;
}

messages::PlanOutcome outcome(const TwapPlanState& state, const core::Status& status) {
  return {state.runner->run().plan().id, status ? std::nullopt : std::optional{status.error()}};
}

/// Of the plan's legs as they are now.
void subscribe(Self self) {
  auto& state = self->state;
  const auto bus
      = state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  TANDEM_ENSURE(static_cast<bool>(bus));
  const auto& legs = state.runner->run().plan().legs;
  for (std::size_t n = 0; n < legs.size(); ++n) {
    // Read by the clock: no change of a book wakes this actor, and no writer waits for it.
    const auto wake = std::make_shared<core::market::WakeFlag>([] {});
    wake->retire();
    state.slots.at(n)
        = std::make_shared<core::market::DepthSlot>(book_levels, core::Quantity{0}, wake);
    self->send(bus, messages::SubscribeBook{legs[n].instrument, state.slots.at(n)});
  }
}

void unsubscribe(TwapPlanState& state) {
  const auto bus
      = state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  const auto& legs = state.runner->run().plan().legs;
  for (std::size_t n = 0; n < legs.size(); ++n)
    if (const auto slot = std::exchange(state.slots.at(n), nullptr); slot && bus)
      caf::anon_send(bus, messages::UnsubscribeBook{legs[n].instrument, slot});
}

messages::PlanOutcome change(Self self, const messages::PutPlan& request) {
  auto& state = self->state;
  unsubscribe(state); // a plan that has not begun may get other legs
  const auto status = state.runner->change(request.plan, request.person, now_of(state));
  subscribe(self);
  if (status)
    publish(self);
  return outcome(state, status);
}

messages::PlanOutcome control(Self self, const messages::ControlPlan& request) {
  auto& runner = *self->state.runner;
  core::Status status;
  switch (request.action) {
  case messages::PlanAction::pause:
    status = runner.pause(request.person);
    break;
  case messages::PlanAction::resume:
    status = runner.resume();
    break;
  case messages::PlanAction::cancel:
    status = runner.cancel(request.person);
    break;
  }
  if (status) {
    publish(self);
    keep_time(self); // what follows from it follows at once
  }
  return outcome(self->state, status);
}

} // namespace

TwapPlanState::~TwapPlanState() {
  if (context && runner)
    unsubscribe(*this);
}

messages::PlanHandle::behavior_type
twap_plan(Self self, messages::ContextPtr context, messages::CellPtr cell,
          std::shared_ptr<const core::twap::PlanTrading> trading, core::twap::PlanId id) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.trading = std::move(trading);
  auto known = state.trading->book->find(id);
  TANDEM_ENSURE(known.has_value());
  state.runner.emplace(*std::move(known), *state.trading->desk, *state.trading->book,
                       now_of(state));
  subscribe(self);
  state.paused_because = state.runner->run().state().risk;
  show(state);
  self->delayed_send(self, std::chrono::milliseconds{1}, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::Tick&) {
        keep_time(self);
        self->delayed_send(self, pause_of(self->state), messages::Tick{});
      }),
      observe([self](const messages::OrderMoved& moved) {
        auto& now_state = self->state;
        after(self, now_state.runner->on_order(*moved.update.order, facts_of(now_state),
                                               now_of(now_state)));
      }),
      observe([self](const messages::ControlPlan& request) -> messages::PlanOutcome {
        return control(self, request);
      }),
      observe([self](const messages::PutPlan& request) -> messages::PlanOutcome {
        return change(self, request);
      }),
  };
}

} // namespace tandem::actors
