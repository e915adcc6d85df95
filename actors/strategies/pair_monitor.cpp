#include "actors/strategies/pair_monitor.hpp"

#include "core/ensure.hpp"
#include "messages/events.hpp"
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
using messages::Severity;

/// Bounds how late a book is noticed to be too old: well under the second that P11 allows.
constexpr std::chrono::milliseconds tick_interval{100};

template <class Event>
void tell_bus(Self self, Event event) {
  const auto bus
      = self->state.context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (bus)
    self->send(bus, std::move(event));
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
  cell->set_state(std::string{core::strategy::to_string(state.watch->state())});
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::BookChanged&) {
        self->state.wake->begin();
        evaluate(self);
        self->state.wake->end();
      }),
      observe([self](const messages::Tick&) {
        evaluate(self);
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
