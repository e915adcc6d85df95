#include "actors/journal/journal_actor.hpp"

#include "messages/observe.hpp"

#include <stdexcept>
#include <utility>

namespace tandem::actors {
namespace {

messages::Stored outcome(const core::Status& status) {
  return status ? messages::Stored{} : messages::Stored{status.error()};
}

} // namespace

messages::JournalHandle::behavior_type
journal_actor(messages::JournalHandle::stateful_pointer<JournalState> self,
              messages::ContextPtr context, messages::CellPtr cell, std::string directory) {
  auto store = adapters::journal::PairStore::open(directory);
  if (!store)
    throw std::runtime_error{core::describe(store.error())};
  self->state.pairs = std::move(*store);
  cell->set_state("open");
  const messages::Observe observe{self, std::move(context), cell};
  return {
      observe([self](const messages::LoadPairs&) -> messages::StoredPairs {
        auto stored = self->state.pairs->load();
        if (!stored)
          throw std::runtime_error{core::describe(stored.error())};
        messages::StoredPairs result;
        for (auto& entry : *stored) {
          if (entry.deleted)
            result.deleted.push_back(entry.pair.id);
          else
            result.pairs.push_back(std::move(entry.pair));
        }
        return result;
      }),
      observe([self, cell](const messages::StorePair& request) -> messages::Stored {
        auto result = outcome(self->state.pairs->put(request.pair));
        if (result.error)
          cell->set_last_error(core::describe(*result.error));
        return result;
      }),
      observe([self, cell](const messages::ForgetPair& request) -> messages::Stored {
        auto result = outcome(self->state.pairs->remove(request.id));
        if (result.error)
          cell->set_last_error(core::describe(*result.error));
        return result;
      }),
  };
}

} // namespace tandem::actors
