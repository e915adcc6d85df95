/// One circuit breaker: feeds what it hears to the judge (core/risk/breaker) and pauses or resumes
/// its scope at the gate. Its state is in the journal.
#pragma once

#include "core/orders/desk.hpp"
#include "core/risk/breaker.hpp"
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
  /// As a run before, or a predecessor in this one, left it. Outlives the actor.
  std::shared_ptr<core::risk::Breaker::Saved> saved;
};

struct BreakerActorState {
  explicit BreakerActorState(caf::scheduled_actor*) : breaker{core::risk::BreakerLimits{}} {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  BreakerOptions options;
  core::risk::Breaker breaker;
  std::int64_t day = 0; ///< UTC days since the epoch
};

messages::BreakerHandle::behavior_type
breaker_actor(messages::BreakerHandle::stateful_pointer<BreakerActorState> self,
              messages::ContextPtr context, messages::CellPtr cell, BreakerOptions options);

} // namespace tandem::actors
