/// The desk's clockwork and its voice: turns its timers, carries persons' words to it (kill
/// switches, how an order ended), and passes order updates to the pairs that own them and to
/// everyone who listens. Decides nothing. A person's word acts at once; whoever said it is answered
/// when the journal has it, or when the disk takes too long, and then told so.
#pragma once

#include "core/orders/desk.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace tandem::actors {

struct DeskClockState {
  /// An answer that waits for the journal.
  struct Owed {
    std::shared_ptr<std::atomic<bool>> journalled;
    core::MonoTime until{};
    std::function<void(bool journalled)> answer;
  };

  explicit DeskClockState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  core::orders::Desk* desk = nullptr; ///< outlives the actor
  std::vector<Owed> owed;
  std::set<core::orders::ClientOrderId> lost; ///< told so
  std::uint64_t journal_failures = 0;         ///< seen
  std::optional<core::MonoTime> journal_ill;  ///< last seen so; nullopt: well, and told so
};

messages::RiskHandle::behavior_type
desk_clock(messages::RiskHandle::stateful_pointer<DeskClockState> self,
           messages::ContextPtr context, messages::CellPtr cell, core::orders::Desk* desk);

/// To be the desk's listener: sends an update to its pair and through the bus. Any thread.
/// @param place held until the last of them has read it
void pass_on(const messages::Context& context, const core::orders::OrderUpdate& update,
             const core::supervision::Place& place);

} // namespace tandem::actors
