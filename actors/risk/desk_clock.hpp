/// The desk's clockwork and its voice: turns its timers, throws and lifts kill switches, and passes
/// order updates to the pairs that own them and to everyone who listens. Decides nothing.
#pragma once

#include "core/orders/desk.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace tandem::actors {

struct DeskClockState {
  explicit DeskClockState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  core::orders::Desk* desk = nullptr; ///< outlives the actor
};

messages::RiskHandle::behavior_type
desk_clock(messages::RiskHandle::stateful_pointer<DeskClockState> self,
           messages::ContextPtr context, messages::CellPtr cell, core::orders::Desk* desk);

/// To be the desk's listener: sends an update to its pair and through the bus. Any thread.
void pass_on(const messages::Context& context, const core::orders::OrderUpdate& update);

} // namespace tandem::actors
