#include "actors/supervisor/supervisor.hpp"

#include "actors/supervisor/spawn.hpp"
#include "messages/control.hpp"
#include "messages/events.hpp"
#include "messages/observe.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace tandem::actors::supervisor {
namespace {

using core::supervision::Permanence;
using core::supervision::Verdict;
using messages::Severity;
using Self = caf::stateful_actor<SupervisorState>*;
using Slot = SupervisorState::Slot;

/// A back-off is over.
struct StartPending {};

/// A child was asked to stop this long ago.
struct StopDeadline {
  std::string child;
  std::uint64_t round = 0;
};

} // namespace
} // namespace tandem::actors::supervisor

TANDEM_LOCAL_MESSAGE(tandem::actors::supervisor::StartPending)
TANDEM_LOCAL_MESSAGE(tandem::actors::supervisor::StopDeadline)

namespace tandem::actors::supervisor {
namespace {

void alert(Self self, Severity severity, std::string code, const std::string& path,
           const std::string& why) {
  const auto& context = *self->state.context;
  context.log->write(severity == Severity::critical ? core::LogLevel::error
                                                    : core::LogLevel::warning,
                     code, {{"actor", path}, {"reason", why}});
  const auto bus = context.directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (!bus)
    return;
  self->send(bus, messages::EngineAlert{.severity = severity,
                                        .code = std::move(code),
                                        .message = path + ": " + why,
                                        .pair = {},
                                        .source = path,
                                        .ts = core::to_millis(context.clocks.wall())});
}

void start(Self self, Slot& slot) {
  auto& state = self->state;
  slot.to_start = slot.stopping = slot.killed = false;
  if (slot.replacement)
    slot.spec = *std::exchange(slot.replacement, std::nullopt);
  slot.started_at = state.context->clocks.mono();
  slot.cell->set_state("starting");
  slot.handle = slot.spec.start(self->system(), slot.cell);
  slot.cell->actor_id = slot.handle.id();
  self->monitor(slot.handle);
  state.context->directory->put(slot.cell->path(),
                                caf::actor_cast<caf::strong_actor_ptr>(slot.handle));
}

/// Asks a running child to end; its down message does the rest.
void stop(Self self, Slot& slot) {
  if (!slot.handle || slot.stopping)
    return;
  slot.stopping = true;
  slot.cell->set_state("stopping");
  self->send_exit(slot.handle, caf::exit_reason::user_shutdown);
  if (slot.spec.is_supervisor)
    return;
  self->delayed_send(self, self->state.spec.stop_timeout,
                     StopDeadline{slot.spec.name, ++slot.stop_round});
}

Slot make_slot(Self self, ChildSpec spec) {
  auto& state = self->state;
  Slot slot;
  slot.cell = state.context->cells->cell(state.spec.path + "/" + spec.name, spec.kind);
  slot.backoff = core::supervision::Backoff{spec.backoff};
  slot.spec = std::move(spec);
  return slot;
}

/// Continues an orderly end: the last running child is stopped, one after the other; then the
/// supervisor itself ends.
void close_next(Self self) {
  auto& state = self->state;
  for (auto slot = state.children.rbegin(); slot != state.children.rend(); ++slot) {
    if (!slot->handle)
      continue;
    stop(self, *slot);
    return;
  }
  self->quit(state.close_reason);
}

void close(Self self, caf::error reason) {
  auto& state = self->state;
  if (state.closing)
    return;
  state.closing = true;
  state.close_reason = std::move(reason);
  state.cell->set_state("stopping");
  close_next(self);
}

/// Starts what is due, in order, once nothing is stopping any more; comes back by itself for what
/// is not due yet.
void start_pending(Self self) {
  auto& state = self->state;
  const auto alone = state.spec.strategy == core::supervision::Strategy::one_for_one;
  const auto stopping = std::any_of(state.children.begin(), state.children.end(),
                                    [](const Slot& slot) { return slot.stopping; });
  if ((stopping && !alone) || state.closing)
    return; // the next down message calls again
  const auto now = state.context->clocks.mono();
  for (auto& slot : state.children) {
    if (!slot.to_start || slot.handle)
      continue;
    if (now >= slot.not_before) {
      start(self, slot);
      continue;
    }
    self->delayed_send(self, slot.not_before - now, StartPending{});
    if (!alone)
      return; // the later ones depend on it
  }
}

std::vector<Permanence> permanences(const SupervisorState& state) {
  std::vector<Permanence> result;
  for (const auto& child : state.children)
    result.push_back(child.spec.permanence);
  return result;
}

void on_failure(Self self, std::size_t index, bool abnormal, const std::string& why) {
  auto& state = self->state;
  auto& slot = state.children[index];
  std::vector<bool> running;
  for (const auto& child : state.children)
    running.push_back(static_cast<bool>(child.handle));
  const auto now = state.context->clocks.mono();
  const auto decision = state.policy->on_exit(index, permanences(state), running, abnormal, now);
  switch (decision.verdict) {
  case Verdict::leave:
    slot.cell->set_state("ended");
    return;
  case Verdict::escalate:
    alert(self, Severity::critical, "SUPERVISOR_ESCALATED", state.spec.path,
          "more than " + std::to_string(state.spec.intensity.restarts_max) + " restarts within "
              + std::to_string(state.spec.intensity.within.count()) + " s, last: " + slot.spec.name
              + ": " + why);
    close(self, caf::make_error(caf::sec::runtime_error,
                                "restart intensity exceeded by " + slot.spec.name));
    return;
  case Verdict::restart:
    break;
  }
  slot.cell->set_state("restarting");
  alert(self, Severity::warning, "ACTOR_RESTARTED", slot.cell->path(), why);
  slot.not_before = now + slot.backoff.next(state.context->random(), now - slot.started_at);
  for (const auto index_to_start : decision.start) {
    auto& other = state.children[index_to_start];
    other.to_start = true;
    other.not_before = std::max(other.not_before, slot.not_before); // the group waits together
    other.cell->note_restart(now);
  }
  for (const auto other : decision.stop)
    stop(self, state.children[other]);
  start_pending(self);
}

void on_down(Self self, const caf::down_msg& down) {
  auto& state = self->state;
  const auto found
      = std::find_if(state.children.begin(), state.children.end(), [&](const Slot& slot) {
          return slot.handle && slot.handle.address() == down.source;
        });
  if (found == state.children.end())
    return; // an incarnation given up earlier
  auto& slot = *found;
  slot.handle = nullptr;
  slot.cell->actor_id = 0;
  slot.cell->set_state("down");
  state.context->directory->remove(slot.cell->path());
  const auto was_stopping = std::exchange(slot.stopping, false);
  const auto abnormal = down.reason && down.reason != caf::exit_reason::normal
                        && down.reason != caf::exit_reason::user_shutdown;
  const auto why = self->system().render(down.reason);
  if (abnormal)
    slot.cell->set_last_error(why);
  if (state.closing) {
    close_next(self);
    return;
  }
  if (slot.forget && !slot.replacement) {
    state.context->cells->forget(slot.cell->path());
    state.children.erase(found);
    start_pending(self);
    return;
  }
  if (was_stopping) {
    slot.to_start = slot.to_start || slot.replacement.has_value();
    start_pending(self);
    return;
  }
  on_failure(self, static_cast<std::size_t>(found - state.children.begin()), abnormal, why);
}

void on_stop_deadline(Self self, const StopDeadline& deadline) {
  auto& state = self->state;
  const auto found
      = std::find_if(state.children.begin(), state.children.end(),
                     [&](const Slot& slot) { return slot.spec.name == deadline.child; });
  if (found == state.children.end() || !found->stopping || found->stop_round != deadline.round)
    return;
  if (!std::exchange(found->killed, true)) {
    // Before everything queued: a plain exit message would wait behind it.
    caf::anon_send<caf::message_priority::high>(
        found->handle, caf::exit_msg{found->handle.address(), caf::exit_reason::kill});
    self->delayed_send(self, state.spec.stop_timeout, StopDeadline{deadline.child, deadline.round});
    return;
  }
  alert(self, Severity::critical, "ACTOR_LOST", found->cell->path(),
        "does not end; going on without it");
  caf::down_msg lost{found->handle.address(), caf::exit_reason::kill};
  on_down(self, lost);
}

void on_start_child(Self self, const StartChild& request) {
  auto& state = self->state;
  if (state.closing)
    return;
  const auto found
      = std::find_if(state.children.begin(), state.children.end(),
                     [&](const Slot& slot) { return slot.spec.name == request.child.name; });
  if (found == state.children.end()) {
    state.children.push_back(make_slot(self, request.child));
    start(self, state.children.back());
    return;
  }
  const bool as_it_is = found->handle && !found->stopping && found->spec.same != nullptr
                        && found->spec.same(found->spec.made_from, request.child.made_from);
  if (as_it_is)
    return;
  found->replacement = request.child;
  found->forget = false;
  if (found->handle)
    stop(self, *found);
  else
    start(self, *found);
}

void on_restart_child(Self self, const messages::RestartChild& request) {
  auto& state = self->state;
  const auto found = std::find_if(state.children.begin(), state.children.end(),
                                  [&](const Slot& slot) { return slot.spec.name == request.name; });
  if (found == state.children.end() || state.closing)
    return;
  const auto now = state.context->clocks.mono();
  alert(self, Severity::warning, "ACTOR_RESTARTED", found->cell->path(),
        "restarted by " + request.person);
  const auto child = static_cast<std::size_t>(found - state.children.begin());
  const auto concerned = state.policy->restarted_with(child, permanences(state));
  for (const auto index : concerned) {
    auto& slot = state.children[index];
    slot.to_start = true;
    slot.not_before = now; // a person does not wait for a back-off
    slot.cell->note_restart(now);
  }
  for (auto index = concerned.rbegin(); index != concerned.rend(); ++index)
    stop(self, state.children[*index]);
  start_pending(self);
}

void on_stop_child(Self self, const StopChild& request) {
  auto& state = self->state;
  const auto found = std::find_if(state.children.begin(), state.children.end(),
                                  [&](const Slot& slot) { return slot.spec.name == request.name; });
  if (found == state.children.end())
    return;
  found->forget = true;
  found->replacement.reset();
  if (found->handle) {
    stop(self, *found);
    return;
  }
  state.context->cells->forget(found->cell->path());
  state.children.erase(found);
}

} // namespace

SupervisorState::SupervisorState(caf::event_based_actor* actor) : self{actor} {}

SupervisorState::~SupervisorState() {
  // Killed or thrown out of an orderly end: the children must not live on unseen.
  for (auto slot = children.rbegin(); slot != children.rend(); ++slot) {
    if (!slot->handle)
      continue;
    context->directory->remove(slot->cell->path());
    slot->cell->actor_id = 0;
    slot->cell->set_state("down");
    caf::anon_send_exit(slot->handle, caf::exit_reason::user_shutdown);
  }
}

caf::behavior supervisor(Self self, messages::ContextPtr context, messages::CellPtr cell,
                         SupervisorSpec spec) {
  auto& state = self->state;
  state.context = std::move(context);
  state.cell = std::move(cell);
  state.policy.emplace(spec.strategy, spec.intensity);
  auto children = std::move(spec.children);
  state.spec = std::move(spec);
  state.cell->set_intensity(state.spec.intensity);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](caf::exit_msg& exit) { close(self, std::move(exit.reason)); });
  for (auto& child : children) {
    state.children.push_back(make_slot(self, std::move(child)));
    start(self, state.children.back());
  }
  state.cell->set_state(std::string{core::supervision::to_string(state.spec.strategy)});
  const messages::Observe observe{static_cast<caf::event_based_actor*>(self), state.context,
                                  state.cell};
  return {
      observe([self](const StartPending&) { start_pending(self); }),
      observe([self](const StopDeadline& deadline) { on_stop_deadline(self, deadline); }),
      observe([self](const StartChild& request) { on_start_child(self, request); }),
      observe([self](const StopChild& request) { on_stop_child(self, request); }),
      observe([self](const messages::RestartChild& request) { on_restart_child(self, request); }),
  };
}

ChildSpec supervisor_child(const messages::ContextPtr& context, std::string name,
                           SupervisorSpec spec) {
  ChildSpec child;
  child.name = std::move(name);
  child.kind = "supervisor";
  child.is_supervisor = true;
  child.start = [context, spec = std::move(spec)](caf::actor_system& system,
                                                  const messages::CellPtr& cell) {
    return spawn_guarded(system, supervisor, context, cell, spec);
  };
  return child;
}

} // namespace tandem::actors::supervisor
