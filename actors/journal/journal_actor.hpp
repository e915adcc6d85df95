/// The durable memory as an actor: blocking store calls on a thread of its own.
#pragma once

#include "adapters/journal/pair_store.hpp"
#include "messages/context.hpp"
#include "messages/strategy.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>

namespace tandem::actors {

struct JournalState {
  explicit JournalState(caf::scheduled_actor*) {}

  std::unique_ptr<adapters::journal::PairStore> pairs;
};

/// Spawn detached. Throws when the store cannot be opened: the supervisor tries again.
messages::JournalHandle::behavior_type
journal_actor(messages::JournalHandle::stateful_pointer<JournalState> self,
              messages::ContextPtr context, messages::CellPtr cell, std::string directory);

} // namespace tandem::actors
