#include "actors/risk/breaker_actor.hpp"

#include "messages/alert.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::BreakerHandle::stateful_pointer<BreakerActorState>;
using core::risk::BreakerAction;
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
  const auto& saved = state.saved;
  state.cell->set_state(std::string{core::risk::to_string(saved.state)});
  state.cell->set_counter("trips", static_cast<std::int64_t>(saved.trips));
}

/// Writes a change down, acts on it and tells it.
void perform(Self self, const core::risk::BreakerVerdict& verdict) {
  auto& state = self->state;
  const auto& saved = state.saved = verdict.saved;
  if (verdict.changed) {
    state.options.desk->record(core::orders::BreakerRecord{state.options.scope.name, saved}, {});
    show(state);
  }
  if (verdict.action == BreakerAction::none)
    return;
  const bool tripped = verdict.action == BreakerAction::pause;
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

/// A person's word or the clock's.
template <class How>
void change(Self self, How how) {
  auto& state = self->state;
  const auto& clocks = state.context->clocks;
  state.options.seat->change(
      [&](core::risk::Breaker& breaker) { return how(breaker, clocks.mono(), clocks.wall()); });
  perform(self, state.options.seat->take());
}

void on_tick(Self self) {
  auto& state = self->state;
  const auto wall_now = state.context->clocks.wall();
  const auto day
      = std::chrono::duration_cast<std::chrono::days>(wall_now.time_since_epoch()).count();
  const bool new_day = std::exchange(state.day, day) != day;
  change(self, [new_day](core::risk::Breaker& breaker, core::MonoTime now, core::WallTime wall) {
    if (new_day)
      breaker.on_new_day();
    return breaker.on_tick(now, wall);
  });
}

/// What a predecessor or a run before left: in force again, and not told a second time.
void resume(Self self) {
  auto& state = self->state;
  // Held weakly: the seat outlives this actor and must not keep it.
  state.options.seat->sit(
      state.options.limits, state.context->clocks.mono(),
      [weak = caf::actor_cast<caf::weak_actor_ptr>(messages::BreakerHandle{self})] {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
          caf::anon_send(caf::actor_cast<messages::BreakerHandle>(strong), messages::BreakerTold{});
      });
  const auto verdict = state.options.seat->take();
  if (verdict.changed) { // by what was told while nobody sat here
    perform(self, verdict);
    return;
  }
  state.saved = verdict.saved;
  if (verdict.action == BreakerAction::pause)
    pause(state, std::string{core::risk::to_string(state.saved.cause)} + ", before the restart");
  show(state);
}

messages::BreakerView view(const BreakerActorState& state) {
  return {state.options.scope.name, state.saved, state.options.limits};
}

} // namespace

messages::BreakerHandle::behavior_type breaker_actor(Self self, messages::ContextPtr context,
                                                     messages::CellPtr cell,
                                                     BreakerOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  resume(self);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::BreakerTold&) {
        perform(self, self->state.options.seat->take());
      }),
      observe([self](const messages::TripBreaker& request) -> messages::BreakerView {
        change(self, [&](core::risk::Breaker& breaker, core::MonoTime now, core::WallTime wall) {
          return breaker.trip(request.person, now, wall);
        });
        return view(self->state);
      }),
      observe([self](const messages::ResetBreaker&) -> messages::BreakerView {
        change(self, [](core::risk::Breaker& breaker, core::MonoTime now, core::WallTime wall) {
          return breaker.reset(now, wall);
        });
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
