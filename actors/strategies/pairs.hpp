/// The list of pairs: from the configuration, from the journal, and as changed while running. Keeps
/// the list and asks the supervisor to run a monitor for each; it never judges a price.
#pragma once

#include "core/strategy/pair.hpp"
#include "messages/context.hpp"
#include "messages/strategy.hpp"

#include <caf/actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace tandem::actors {

struct PairsOptions {
  /// Of the configuration file. Replaced when the file is read again, and kept over restarts of the
  /// actor.
  std::shared_ptr<std::vector<core::strategy::PairConfig>> configured
      = std::make_shared<std::vector<core::strategy::PairConfig>>();
  std::map<core::MarketKey, core::strategy::FeeRate>
      taker_fees; ///< of the configured markets: a leg elsewhere is refused
  /// Starts (or replaces) and stops a monitor under the strategies' supervisor; given by
  /// actors/supervisor, which alone spawns.
  std::function<void(const core::strategy::PairConfig&, const core::strategy::SpreadFees&)>
      start_monitor;
  std::function<void(const core::PairId&)> stop_monitor;
};

struct PairsState {
  explicit PairsState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  PairsOptions options;
  std::vector<core::strategy::PairConfig> pairs;
  std::set<core::PairId> being_stored; ///< new ones on their way through the journal
  bool loaded = false;
};

messages::PairsHandle::behavior_type pairs(messages::PairsHandle::stateful_pointer<PairsState> self,
                                           messages::ContextPtr context, messages::CellPtr cell,
                                           PairsOptions options);

} // namespace tandem::actors
