#include "actors/risk/breaker_actor.hpp"

#include "messages/alert.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::BreakerHandle::stateful_pointer<BreakerActorState>;
using core::risk::BreakerAction;
using messages::BreakerEvent;
using messages::Severity;

constexpr std::chrono::milliseconds tick_interval{100};

/// The name by which the gate tells this pause from others.
std::string by(const BreakerActorState& state) {
  return "breaker." + state.options.scope.name;
}

void pause(BreakerActorState& state, const std::string& reason) {
  const auto& scope = state.options.scope;
  state.options.desk->with_gate([&](core::risk::Gate& gate) {
    if (scope.level == core::risk::KillLevel::strategy)
      gate.set_pause(scope.scope, by(state), reason);
    else
      gate.set_scope_pause(scope.level, scope.scope, by(state), reason);
  });
}

void show(BreakerActorState& state) {
  const auto& saved = state.breaker.saved();
  state.cell->set_state(std::string{core::risk::to_string(saved.state)});
  state.cell->set_counter("trips", static_cast<std::int64_t>(saved.trips));
}

/// Writes a change down, acts on it and tells it.
void perform(Self self, BreakerAction action) {
  auto& state = self->state;
  const auto saved = state.breaker.saved();
  const bool changed = saved != *state.options.saved;
  if (changed) {
    *state.options.saved = saved;
    state.options.desk->record(core::orders::BreakerRecord{state.options.scope.name, saved}, {});
    show(state);
  }
  if (action == BreakerAction::none)
    return;
  const bool tripped = action == BreakerAction::pause;
  const std::string reason = std::string{core::risk::to_string(saved.cause)}
                             + (saved.detail.empty() ? "" : ": " + saved.detail);
  pause(state, tripped ? reason : "");
  const auto& scope = state.options.scope;
  messages::publish_alert(
      *state.context, tripped ? Severity::critical : Severity::info,
      tripped ? "BREAKER_OPEN" : "BREAKER_RESUMED", by(state),
      tripped ? reason
              : "orders may pass again (" + std::string{core::risk::to_string(saved.state)} + ")",
      scope.level == core::risk::KillLevel::strategy ? core::PairId{scope.scope} : core::PairId{});
}

BreakerAction judge(BreakerActorState& state, const BreakerEvent& event) {
  const auto mono = state.context->clocks.mono();
  const auto wall = state.context->clocks.wall();
  auto& breaker = state.breaker;
  switch (event.kind) {
  case BreakerEvent::Kind::trade:
    return breaker.on_trade(event.succeeded, mono, wall);
  case BreakerEvent::Kind::request:
    return breaker.on_request(event.succeeded, mono, wall);
  case BreakerEvent::Kind::profit:
    return breaker.on_profit(event.profit, mono, wall);
  case BreakerEvent::Kind::round_trip:
    return breaker.on_round_trip(event.took, mono, wall);
  case BreakerEvent::Kind::stale:
    return breaker.on_stale(mono, wall);
  case BreakerEvent::Kind::orders:
    return breaker.on_orders(event.count, mono, wall);
  case BreakerEvent::Kind::difference:
    return breaker.on_difference(event.count, mono, wall);
  }
  return BreakerAction::none;
}

void on_tick(Self self) {
  auto& state = self->state;
  const auto wall = state.context->clocks.wall();
  const auto day = std::chrono::duration_cast<std::chrono::days>(wall.time_since_epoch()).count();
  if (std::exchange(state.day, day) != day)
    state.breaker.on_new_day();
  perform(self, state.breaker.on_tick(state.context->clocks.mono(), wall));
}

messages::BreakerView view(const BreakerActorState& state) {
  return {state.options.scope.name, state.breaker.saved(), state.options.limits};
}

} // namespace

messages::BreakerHandle::behavior_type breaker_actor(Self self, messages::ContextPtr context,
                                                     messages::CellPtr cell,
                                                     BreakerOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  state.breaker = core::risk::Breaker{state.options.limits};
  const auto action = state.breaker.restore(*state.options.saved, context->clocks.mono());
  if (action == BreakerAction::pause)
    pause(state,
          std::string{core::risk::to_string(state.options.saved->cause)} + ", before the restart");
  show(state);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const BreakerEvent& event) { perform(self, judge(self->state, event)); }),
      observe([self](const messages::TripBreaker& request) -> messages::BreakerView {
        auto& clocks = self->state.context->clocks;
        perform(self, self->state.breaker.trip(request.person, clocks.mono(), clocks.wall()));
        return view(self->state);
      }),
      observe([self](const messages::ResetBreaker&) -> messages::BreakerView {
        auto& clocks = self->state.context->clocks;
        perform(self, self->state.breaker.reset(clocks.mono(), clocks.wall()));
        return view(self->state);
      }),
      observe([self](const messages::GetBreaker&) -> messages::BreakerView {
        return view(self->state);
      }),
      observe([self](const messages::Tick&) {
        on_tick(self);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
