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

messages::KillOutcome kill(Self self, const messages::ThrowKill& request) {
  auto& state = self->state;
  const auto before = state.desk->kills();
  messages::KillOutcome outcome;
  outcome.cancelling = state.desk->kill(request.order, now_of(state));
  outcome.changed = state.desk->kills() != before;
  const auto what = core::risk::place_of(request.order.level, request.order.scope);
  messages::publish_alert(*state.context, Severity::critical, "KILL_SWITCH", what,
                          "thrown by " + request.order.person + ": " + request.order.reason + "; "
                              + std::to_string(outcome.cancelling.size())
                              + " orders are being cancelled");
  return outcome;
}

messages::KillOutcome release(Self self, const messages::ReleaseKill& request) {
  auto& state = self->state;
  messages::KillOutcome outcome;
  outcome.changed
      = state.desk->release(request.level, request.scope, request.person, now_of(state));
  if (outcome.changed)
    messages::publish_alert(*state.context, Severity::warning, "KILL_RELEASED",
                            core::risk::place_of(request.level, request.scope),
                            "lifted by " + request.person);
  return outcome;
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

void show(DeskClockState& state) {
  const auto exposure = state.desk->exposure(now_of(state));
  const auto count = [&](const char* name, std::size_t value) {
    state.cell->set_counter(name, static_cast<std::int64_t>(value));
  };
  count("open_orders", exposure.open_orders);
  count("unknown_orders", exposure.unknown_orders);
  count("updates", state.desk->updates());
  state.cell->set_state(!state.desk->kills().empty()   ? "killed"
                        : exposure.unknown_orders != 0 ? "unknown_orders"
                                                       : "running");
}

} // namespace

void pass_on(const messages::Context& context, const core::orders::OrderUpdate& update) {
  const auto& origin = update.order->intent().draft.origin;
  if (!origin.pair.empty())
    if (const auto owner = context.directory->get<messages::PairHandle>(
            messages::paths::pair_monitor(origin.pair.text())))
      caf::anon_send(owner, messages::OrderMoved{update});
  if (!origin.plan.empty())
    if (const auto owner
        = context.directory->get<messages::PlanHandle>(messages::paths::twap_plan(origin.plan)))
      caf::anon_send(owner, messages::OrderMoved{update});
  if (const auto bus
      = context.directory->get<messages::MarketBusHandle>(messages::paths::market_bus))
    caf::anon_send(bus, messages::OrderMoved{update});
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
        show(self->state);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
      observe([self](const messages::ThrowKill& request) -> messages::KillOutcome {
        return kill(self, request);
      }),
      observe([self](const messages::ReleaseKill& request) -> messages::KillOutcome {
        return release(self, request);
      }),
  };
}

} // namespace tandem::actors
