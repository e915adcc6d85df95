#include "actors/market/market_bus.hpp"

#include "core/sinks/records.hpp"
#include "messages/alert.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::MarketBusHandle::stateful_pointer<MarketBusState>;

template <class Message>
void to_feed(Self self, const core::MarketKey& market, const Message& message) {
  const auto found = self->state.feeds.find(market);
  if (found != self->state.feeds.end())
    self->send(found->second, message);
}

/// Everything a feed must know that it cannot ask for: sent on each of its starts.
void brief(Self self, const messages::FeedStarted& started) {
  auto& state = self->state;
  state.feeds[started.market] = started.feed;
  if (const auto table = state.instruments.find(started.market); table != state.instruments.end())
    self->send(started.feed, table->second);
  if (const auto clock = state.clocks.find(started.market); clock != state.clocks.end())
    self->send(started.feed, clock->second);
  for (const auto& subscription : state.subscriptions)
    if (subscription.instrument.market() == started.market)
      self->send(started.feed, subscription);
}

using core::sinks::Kind;
using core::sinks::record_of;
using core::sinks::Tape;

void keep(const Tape& tape, const messages::Opportunity& event) {
  if (tape.wants(Kind::opportunity, {}))
    tape.write(record_of(event.pair, event.leg1, event.leg2, event.event, event.ts));
}

void keep(const Tape& tape, const messages::EngineAlert& event) {
  if (tape.wants(Kind::alert, {}))
    tape.write(
        record_of(core::sinks::AlertFacts{messages::to_string(event.severity), event.code,
                                          event.message, event.source, event.pair, event.ts}));
}

void keep(const Tape& tape, const messages::OrderMoved& event, core::UnixMillis now) {
  const auto& instrument = event.update.order->intent().draft.instrument;
  if (tape.wants(Kind::order, instrument) || tape.wants(Kind::fill, instrument))
    for (auto& record : core::sinks::records_of(event.update, now))
      tape.write(std::move(record));
}

void keep(const Tape& tape, const messages::ExecutionMoved& event) {
  if (tape.wants(Kind::execution, {}))
    tape.write(record_of(event.execution));
}

void keep(const Tape& tape, const messages::PlanMoved& event) {
  if (tape.wants(Kind::plan, {}))
    tape.write(record_of(event.view, event.ts));
}

template <class Event>
void tell_listeners(Self self, const Event& event) {
  for (const auto& listener : self->state.listeners)
    self->send(listener, event);
}

template <class Event>
void pass_on(Self self, const Event& event) {
  if (const auto& tape = self->state.tape)
    keep(*tape, event);
  tell_listeners(self, event);
}

/// With a place of its own: those on the order's way go on before the listeners have read it.
void pass_on_order(Self self, const messages::OrderMoved& event) {
  auto& state = self->state;
  if (state.tape)
    keep(*state.tape, event, core::to_millis(state.context->clocks.wall()));
  if (auto place = state.moves->take()) {
    tell_listeners(self, messages::OrderMoved{event.update, std::move(place)});
    return;
  }
  state.cell->set_counter("moves_not_told", static_cast<std::int64_t>(state.moves->refused()));
  if (state.told.pass(state.context->clocks.mono()) >= 0)
    messages::publish_alert(*state.context, messages::Severity::warning, "LISTENERS_FLOODED",
                            messages::paths::market_bus,
                            std::to_string(moves_waiting_max)
                                + " moves of orders wait for those who show them, and further ones "
                                  "are not shown; the journal and the sinks have them");
}

} // namespace

messages::MarketBusHandle::behavior_type market_bus(Self self, messages::ContextPtr context,
                                                    messages::CellPtr cell,
                                                    std::shared_ptr<const Tape> tape) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.tape = std::move(tape);
  cell->set_state("running");
  // A listener that ended is dropped; its next incarnation adds itself again.
  self->set_down_handler([self](caf::down_msg& down) {
    std::erase_if(self->state.listeners, [&](const messages::EventListenerHandle& listener) {
      return listener.address() == down.source;
    });
  });
  const messages::Observe observe{self, std::move(context), cell};
  return {
      observe([self, cell](const messages::SubscribeBook& request) {
        self->state.subscriptions.push_back(request);
        cell->set_counter("subscriptions",
                          static_cast<std::int64_t>(self->state.subscriptions.size()));
        to_feed(self, request.instrument.market(), request);
      }),
      observe([self, cell](const messages::UnsubscribeBook& request) {
        std::erase_if(self->state.subscriptions,
                      [&](const auto& known) { return known.slot == request.slot; });
        cell->set_counter("subscriptions",
                          static_cast<std::int64_t>(self->state.subscriptions.size()));
        to_feed(self, request.instrument.market(), request);
      }),
      observe([self](const messages::FeedStarted& started) { brief(self, started); }),
      observe([self](const messages::InstrumentsLoaded& loaded) {
        self->state.instruments[loaded.market] = loaded;
        to_feed(self, loaded.market, loaded);
      }),
      observe([self](const messages::ClockMeasured& measured) {
        self->state.clocks[measured.market] = measured;
        to_feed(self, measured.market, measured);
      }),
      observe([self](const messages::AddListener& request) {
        auto& listeners = self->state.listeners;
        if (std::find(listeners.begin(), listeners.end(), request.listener) != listeners.end())
          return;
        self->monitor(request.listener);
        listeners.push_back(request.listener);
      }),
      observe([self](const messages::Opportunity& event) { pass_on(self, event); }),
      observe([self](const messages::EngineAlert& event) { pass_on(self, event); }),
      observe([self](const messages::OrderMoved& event) { pass_on_order(self, event); }),
      observe([self](const messages::ExecutionMoved& event) { pass_on(self, event); }),
      observe([self](const messages::PlanMoved& event) { pass_on(self, event); }),
  };
}

} // namespace tandem::actors
