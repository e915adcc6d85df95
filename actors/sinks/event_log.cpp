#include "actors/sinks/event_log.hpp"

#include "actors/sinks/order_log.hpp"
#include "core/ensure.hpp"
#include "messages/observe.hpp"

#include <algorithm>
#include <utility>

namespace tandem::actors {
namespace {

using core::strategy::OpportunityPhase;
using messages::Opportunity;

void remember(EventLogState& state, const Opportunity& event, std::size_t kept_max) {
  if (event.event.phase == OpportunityPhase::opened) {
    ++state.opportunities_total;
    state.opportunities.push_back({event, event, 0});
    if (state.opportunities.size() > kept_max)
      state.opportunities.pop_front();
    return;
  }
  // Open ones are near the end: a pair has at most one.
  const auto found = std::find_if(
      state.opportunities.rbegin(), state.opportunities.rend(), [&](const auto& record) {
        return record.opened.pair == event.pair && record.opened.event.number == event.event.number
               && !record.ended();
      });
  if (found == state.opportunities.rend())
    return; // pushed out by newer ones
  found->latest = event;
  if (event.event.phase == OpportunityPhase::changed)
    ++found->changes;
}

} // namespace

messages::EventLogHandle::behavior_type
event_log(messages::EventLogHandle::stateful_pointer<EventLogState> self,
          messages::ContextPtr context, messages::CellPtr cell, EventLogOptions options) {
  const auto bus = context->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  TANDEM_ENSURE(static_cast<bool>(bus));
  self->send(bus,
             messages::AddListener{messages::EventListenerHandle{messages::EventLogHandle{self}}});
  cell->set_state("running");
  const messages::Observe observe{self, context, cell};
  return {
      observe([self, options, cell](const Opportunity& event) {
        remember(self->state, event, options.opportunities_max);
        cell->set_counter("opportunities",
                          static_cast<std::int64_t>(self->state.opportunities_total));
      }),
      observe([self, options, cell](const messages::EngineAlert& alert) {
        self->state.alerts.push_back(alert);
        if (self->state.alerts.size() > options.alerts_max)
          self->state.alerts.pop_front();
        cell->set_counter("alerts", static_cast<std::int64_t>(++self->state.alerts_total));
      }),
      // Orders and executions have their own memory (desk, execution book): only counted here.
      observe([self, options, cell, context](const messages::OrderMoved& moved) {
        const auto now = core::to_millis(context->clocks.wall());
        log_order(*context->log, moved.update, now);
        if (options.statistics)
          options.statistics->on_update(moved.update, now);
        cell->set_counter("order_events", ++self->state.order_events);
      }),
      observe([self, cell](const messages::ExecutionMoved&) {
        cell->set_counter("execution_events", ++self->state.execution_events);
      }),
      observe([self, cell](const messages::PlanMoved&) {
        cell->set_counter("plan_events", ++self->state.plan_events);
      }),
      observe([self](const messages::GetOpportunities& request) -> messages::OpportunityRecords {
        messages::OpportunityRecords result;
        result.total = self->state.opportunities_total;
        const auto& kept = self->state.opportunities;
        for (auto record = kept.rbegin();
             record != kept.rend() && result.records.size() < request.limit; ++record)
          if (request.pair.empty() || record->opened.pair == request.pair)
            result.records.push_back(*record);
        return result;
      }),
      observe([self](const messages::GetAlerts& request) -> messages::AlertRecords {
        messages::AlertRecords result;
        result.total = self->state.alerts_total;
        const auto& kept = self->state.alerts;
        for (auto alert = kept.rbegin();
             alert != kept.rend() && result.alerts.size() < request.limit; ++alert)
          result.alerts.push_back(*alert);
        return result;
      }),
  };
}

} // namespace tandem::actors
