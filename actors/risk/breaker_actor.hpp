/// One circuit breaker: takes the verdicts of its judge, whom the sources call themselves
/// (core/risk/breaker_panel), and pauses or resumes its scope at the gate. Its state is in the
/// journal.
#pragma once

#include "core/orders/desk.hpp"
#include "core/risk/breaker_panel.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>

namespace tandem::actors {

/// What a breaker watches and pauses.
struct BreakerScope {
  std::string name; ///< "global", "venue.binance", "pair.<id>"
  core::risk::KillLevel level = core::risk::KillLevel::all;
  std::string scope; ///< venue or pair id
};

struct BreakerOptions {
  BreakerScope scope;
  core::risk::BreakerLimits limits;
  core::orders::Desk* desk = nullptr; ///< outlives the actor
  /// What its sources call; as a run before, or a predecessor in this one, left it.
  std::shared_ptr<core::risk::BreakerSeat> seat;
};

struct BreakerActorState {
  explicit BreakerActorState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  BreakerOptions options;
  core::risk::Breaker::Saved saved; ///< as last taken from the seat
  std::int64_t day = 0;             ///< UTC days since the epoch
};

messages::BreakerHandle::behavior_type
breaker_actor(messages::BreakerHandle::stateful_pointer<BreakerActorState> self,
              messages::ContextPtr context, messages::CellPtr cell, BreakerOptions options);

} // namespace tandem::actors
