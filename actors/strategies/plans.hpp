/// The list of TWAP plans: from the configuration, from the journal, and as made while running.
/// Keeps the list and asks the supervisor to run an actor for each that is not final; it never
/// looks at a price.
#pragma once

#include "core/twap/plan.hpp"
#include "core/twap/runner.hpp"
#include "messages/context.hpp"
#include "messages/twap.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace tandem::actors {

struct PlansOptions {
  /// Of the configuration file. Replaced when the file is read again, and kept over restarts of the
  /// actor.
  std::shared_ptr<std::vector<core::twap::PlanConfig>> configured
      = std::make_shared<std::vector<core::twap::PlanConfig>>();
  std::set<core::MarketKey> markets; ///< the configured ones: a leg elsewhere is refused
  std::shared_ptr<const core::twap::PlanTrading> trading;
  /// Starts (an already running one goes on) and stops a plan's actor under the strategies'
  /// supervisor; given by actors/supervisor, which alone spawns.
  std::function<void(const core::twap::PlanId&)> start_plan, stop_plan;
};

struct PlansState {
  explicit PlansState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  PlansOptions options;
  /// New ones on their way through the journal, with those who wait for an answer.
  std::map<core::twap::PlanId, caf::typed_response_promise<messages::PlanOutcome>> being_stored;
};

messages::PlansHandle::behavior_type plans(messages::PlansHandle::stateful_pointer<PlansState> self,
                                           messages::ContextPtr context, messages::CellPtr cell,
                                           PlansOptions options);

} // namespace tandem::actors
