#include "actors/risk/desk_clock.hpp"

#include "messages/alert.hpp"
#include "messages/now.hpp"
#include "messages/observe.hpp"
#include "messages/strategy.hpp"
#include "messages/twap.hpp"

#include <caf/send.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::RiskHandle::stateful_pointer<DeskClockState>;
using messages::now_of;
using messages::Severity;

/// Bounds how late an unknown order is asked for.
constexpr std::chrono::milliseconds tick_interval{50};

/// Bounds how long whoever said something waits for the disk. It is shown within a second.
constexpr std::chrono::milliseconds journal_wait_max{800};

/// Without a further failure.
constexpr std::chrono::seconds journal_well_after{5};

constexpr const char* kill_not_journalled = "KILL_NOT_JOURNALLED";

void answer_owed(Self self) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  std::erase_if(state.owed, [&](const DeskClockState::Owed& owed) {
    const bool journalled = *owed.journalled;
    if (!journalled && now < owed.until)
      return false;
    owed.answer(journalled);
    return true;
  });
}

/// What the desk calls when the journal has it, from any thread.
core::orders::Desk::Noted noted_by(Self self, const std::shared_ptr<std::atomic<bool>>& flag) {
  // The desk outlives the actor, and the disk may never answer.
  return [self, owner = caf::actor_cast<caf::weak_actor_ptr>(messages::RiskHandle{self}), flag] {
    *flag = true;
    // Handled by this very incarnation or by nobody, so `self` is alive when it runs.
    if (const auto alive = caf::actor_cast<caf::strong_actor_ptr>(owner))
      caf::anon_send<caf::message_priority::high>(
          caf::actor_cast<messages::RiskHandle>(alive),
          messages::Continue{[self] { answer_owed(self); }});
  };
}

/// @param code,place of the alert when the disk takes too long; place: what was said, in words.
template <class Outcome>
caf::result<Outcome> answer(Self self, Outcome outcome,
                            std::shared_ptr<std::atomic<bool>> journalled, std::string code,
                            std::string place) {
  auto& state = self->state;
  outcome.journalled = *journalled;
  if (outcome.journalled)
    return outcome;
  auto promise = self->make_response_promise<Outcome>();
  state.owed.push_back({std::move(journalled), state.context->clocks.mono() + journal_wait_max,
                        [context = state.context, promise, outcome = std::move(outcome),
                         code = std::move(code), place = std::move(place)](bool in_time) mutable {
                          outcome.journalled = in_time;
                          if (!in_time)
                            messages::publish_alert(
                                *context, Severity::critical, code, place,
                                "in force, but the journal has not taken it yet: a crash before "
                                "it does would undo it");
                          promise.deliver(std::move(outcome));
                        }});
  return promise;
}

caf::result<messages::KillOutcome> kill(Self self, const messages::ThrowKill& request) {
  auto& state = self->state;
  const auto before = state.desk->kills();
  const auto journalled = std::make_shared<std::atomic<bool>>(false);
  messages::KillOutcome outcome;
  outcome.cancelling = state.desk->kill(request.order, now_of(state), noted_by(self, journalled));
  outcome.changed = state.desk->kills() != before;
  const auto what = core::risk::place_of(request.order.level, request.order.scope);
  messages::publish_alert(*state.context, Severity::critical, "KILL_SWITCH", what,
                          "thrown by " + request.order.person + ": " + request.order.reason + "; "
                              + std::to_string(outcome.cancelling.size())
                              + " orders are being cancelled");
  return answer(self, std::move(outcome), journalled, kill_not_journalled, what);
}

caf::result<messages::KillOutcome> release(Self self, const messages::ReleaseKill& request) {
  auto& state = self->state;
  const auto journalled = std::make_shared<std::atomic<bool>>(false);
  messages::KillOutcome outcome;
  outcome.changed = state.desk->release(request.level, request.scope, request.person, now_of(state),
                                        noted_by(self, journalled));
  const auto what = core::risk::place_of(request.level, request.scope);
  if (outcome.changed)
    messages::publish_alert(*state.context, Severity::warning, "KILL_RELEASED", what,
                            "lifted by " + request.person);
  return answer(self, std::move(outcome), journalled, kill_not_journalled, what);
}

caf::result<messages::DecideOutcome> decide(Self self, const messages::DecideOrder& request) {
  auto& state = self->state;
  const auto journalled = std::make_shared<std::atomic<bool>>(false);
  const auto decided = state.desk->decide(request.id, request.status, request.person, now_of(state),
                                          noted_by(self, journalled));
  messages::DecideOutcome outcome;
  if (!decided) {
    outcome.error = decided.error();
    return outcome;
  }
  outcome.order = state.desk->find(request.id);
  const auto what = "order " + request.id.text();
  messages::publish_alert(*state.context, Severity::warning, "ORDER_DECIDED", what,
                          std::string{core::orders::to_string(request.status)} + ", said "
                              + request.person);
  return answer(self, std::move(outcome), journalled, "DECISION_NOT_JOURNALLED", what);
}

/// Before anything else: whatever waited is older than it looks.
void beat(const DeskClockState& state) {
  const auto now = now_of(state);
  std::optional<std::chrono::nanoseconds> gap;
  state.desk->with_gate(
      [&](core::risk::Gate& gate) { gap = gate.standstill().beat(now.mono, now.wall); });
  if (!gap)
    return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*gap).count();
  messages::publish_alert(*state.context, Severity::critical, "ENGINE_STOOD_STILL", "desk",
                          "for " + std::to_string(ms)
                              + " ms; no order leaves before every market was compared again");
}

void tell_lost(DeskClockState& state) {
  auto lost = state.desk->lost();
  for (const auto& id : lost)
    if (!state.lost.contains(id))
      messages::publish_alert(*state.context, Severity::critical, "ORDER_LOST",
                              "order " + id.text(),
                              "the exchange had taken it and does not know it any more; it counts "
                              "as working until somebody says how it ended");
  state.lost = std::move(lost);
}

/// A disk that comes and goes is told of once.
void tell_journal(DeskClockState& state) {
  const auto health = state.desk->journal_health();
  const auto now = state.context->clocks.mono();
  if (health.down || std::exchange(state.journal_failures, health.failures) != health.failures) {
    if (!std::exchange(state.journal_ill, now))
      messages::publish_alert(*state.context, Severity::critical, "JOURNAL_FAILED", "journal",
                              health.reason
                                  + ": no new order leaves until the disk takes them; "
                                    "cancels, kill switches and what venues say go on");
  } else if (state.journal_ill && now - *state.journal_ill >= journal_well_after) {
    state.journal_ill.reset();
    messages::publish_alert(*state.context, Severity::info, "JOURNAL_RECOVERED", "journal",
                            "the disk takes records again");
  }
}

void show(DeskClockState& state) {
  const auto exposure = state.desk->exposure(now_of(state));
  const auto count = [&](const char* name, std::size_t value) {
    state.cell->set_counter(name, static_cast<std::int64_t>(value));
  };
  count("open_orders", exposure.open_orders);
  count("unknown_orders", exposure.unknown_orders);
  count("updates", state.desk->updates());
  state.cell->set_state(!state.desk->kills().empty()   ? "killed"
                        : state.journal_ill            ? "journal_failed"
                        : exposure.unknown_orders != 0 ? "unknown_orders"
                                                       : "running");
}

} // namespace

void pass_on(const messages::Context& context, const core::orders::OrderUpdate& update,
             const core::supervision::Place& place) {
  const auto& origin = update.order->intent().draft.origin;
  if (!origin.pair.empty())
    if (const auto owner = context.directory->get<messages::PairHandle>(
            messages::paths::pair_monitor(origin.pair.text())))
      caf::anon_send(owner, messages::OrderMoved{update, place});
  if (!origin.plan.empty())
    if (const auto owner
        = context.directory->get<messages::PlanHandle>(messages::paths::twap_plan(origin.plan)))
      caf::anon_send(owner, messages::OrderMoved{update, place});
  if (const auto bus
      = context.directory->get<messages::MarketBusHandle>(messages::paths::market_bus))
    caf::anon_send(bus, messages::OrderMoved{update, place});
}

messages::RiskHandle::behavior_type desk_clock(Self self, messages::ContextPtr context,
                                               messages::CellPtr cell, core::orders::Desk* desk) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.desk = desk;
  show(state);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::Tick&) {
        beat(self->state);
        self->state.desk->on_tick(now_of(self->state));
        tell_journal(self->state);
        show(self->state);
        tell_lost(self->state);
        answer_owed(self);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
      observe([](const messages::Continue& next) { next.run(); }),
      observe([self](const messages::ThrowKill& request) -> caf::result<messages::KillOutcome> {
        return kill(self, request);
      }),
      observe([self](const messages::ReleaseKill& request) -> caf::result<messages::KillOutcome> {
        return release(self, request);
      }),
      observe([self](const messages::DecideOrder& request) -> caf::result<messages::DecideOutcome> {
        return decide(self, request);
      }),
  };
}

} // namespace tandem::actors
