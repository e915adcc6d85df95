/// Keeps who wants which book and which feeds there are, and passes events on. A feed that restarts
/// is told everything again, so consumers never notice more than a pause.
#pragma once

#include "core/log.hpp"
#include "core/sinks/tape.hpp"
#include "core/supervision/places.hpp"
#include "messages/context.hpp"
#include "messages/events.hpp"
#include "messages/market.hpp"

#include <caf/fwd.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace tandem::actors {

/// Moves of orders that wait for listeners at most. Beyond, they are not told to them: who shows
/// things must not hold up who trades, and the desk, its journal and the tape have them all.
inline constexpr std::size_t moves_waiting_max = 100'000;

struct MarketBusState {
  explicit MarketBusState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  std::vector<messages::SubscribeBook> subscriptions;
  std::map<core::MarketKey, messages::FeedHandle> feeds;
  std::map<core::MarketKey, messages::InstrumentsLoaded> instruments;
  std::map<core::MarketKey, messages::ClockMeasured> clocks;
  std::vector<messages::EventListenerHandle> listeners;
  std::shared_ptr<core::supervision::Places> moves
      = std::make_shared<core::supervision::Places>(moves_waiting_max);
  core::BurstGate told{std::chrono::seconds{10}};
  std::shared_ptr<const core::sinks::Tape> tape;
};

/// @param tape for sinks, which must miss no event while they restart; null: there are none.
messages::MarketBusHandle::behavior_type
market_bus(messages::MarketBusHandle::stateful_pointer<MarketBusState> self,
           messages::ContextPtr context, messages::CellPtr cell,
           std::shared_ptr<const core::sinks::Tape> tape);

} // namespace tandem::actors
