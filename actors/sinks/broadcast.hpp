/// Sends events and prices to streaming clients: each hears what it subscribed to, prices conflated
/// per client and symbol, events never. A slow client is cut, not waited for.
#pragma once

#include "messages/clients.hpp"
#include "messages/context.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace tandem::actors {

struct BroadcastState {
  explicit BroadcastState(caf::scheduled_actor*);
  ~BroadcastState();
  BroadcastState(const BroadcastState&) = delete;
  BroadcastState& operator=(const BroadcastState&) = delete;

  struct Impl;
  std::unique_ptr<Impl> impl;
};

messages::BroadcastHandle::behavior_type
broadcast(messages::BroadcastHandle::stateful_pointer<BroadcastState> self,
          messages::ContextPtr context, messages::CellPtr cell);

} // namespace tandem::actors
