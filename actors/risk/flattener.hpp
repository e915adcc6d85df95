/// Carries out what core/risk/flatten.hpp decides: watches the kill switches that ask for
/// flattening, looks at the books of what is open, sends the orders through the desk, and says
/// what came of it. It keeps nothing that a restart would miss: the switches and the positions are
/// the desk's.
#pragma once

#include "core/market/depth_slot.hpp"
#include "core/orders/desk.hpp"
#include "core/risk/flatten.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <vector>

namespace tandem::actors {

struct FlattenerState {
  explicit FlattenerState(caf::scheduled_actor*) {}

  ~FlattenerState();
  FlattenerState(const FlattenerState&) = delete;
  FlattenerState& operator=(const FlattenerState&) = delete;

  struct Work {
    core::risk::Flattening flattening;
    bool reported = false;
  };

  messages::ContextPtr context;
  messages::CellPtr cell;
  core::orders::Desk* desk = nullptr; ///< outlives the actor
  std::vector<Work> work;             ///< one for each switch that asks for it
  std::map<core::InstrumentKey, std::shared_ptr<core::market::DepthSlot>> slots;
};

messages::FlattenerHandle::behavior_type
flattener(messages::FlattenerHandle::stateful_pointer<FlattenerState> self,
          messages::ContextPtr context, messages::CellPtr cell, core::orders::Desk* desk);

} // namespace tandem::actors
