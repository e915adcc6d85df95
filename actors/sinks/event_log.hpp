/// Remembers the latest opportunities and alerts in bounded memory, for REST and for the closing
/// report of a replay. Nothing durable.
#pragma once

#include "core/orders/statistics.hpp"
#include "messages/context.hpp"
#include "messages/events.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace tandem::actors {

struct EventLogOptions {
  std::size_t opportunities_max = 50'000;
  std::size_t alerts_max = 2'000;
  std::shared_ptr<core::orders::Statistics> statistics{}; ///< null: nobody wants to know
};

struct EventLogState {
  explicit EventLogState(caf::scheduled_actor*) {}

  std::deque<messages::OpportunityRecord> opportunities; ///< oldest first
  std::deque<messages::EngineAlert> alerts;              ///< oldest first
  std::uint64_t opportunities_total = 0, alerts_total = 0;
  std::int64_t order_events = 0, execution_events = 0, plan_events = 0;
};

messages::EventLogHandle::behavior_type
event_log(messages::EventLogHandle::stateful_pointer<EventLogState> self,
          messages::ContextPtr context, messages::CellPtr cell, EventLogOptions options);

} // namespace tandem::actors
