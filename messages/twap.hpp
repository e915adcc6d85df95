/// The conversation about TWAP plans: make, change, steer, delete. Sent by the interfaces, answered
/// by the plans actor, which keeps the list, and the plans' own actors.
#pragma once

#include "core/error.hpp"
#include "core/twap/plan.hpp"
#include "core/twap/view.hpp"
#include "messages/local.hpp"
#include "messages/orders.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::messages {

/// A plan moved. From its actor through the market bus.
struct PlanMoved {
  core::twap::PlanView view;
  core::UnixMillis ts = 0;
};

/// A new plan (id empty: one is made), or another configuration for one that exists.
struct PutPlan {
  core::twap::PlanConfig plan;
  bool replaces = false;
  std::string person;
};

/// Of a plan that is final.
struct DeletePlan {
  core::twap::PlanId id;
  std::string person;
};

enum class PlanAction : std::uint8_t { pause, resume, cancel };

struct ControlPlan {
  core::twap::PlanId id;
  PlanAction action = PlanAction::pause;
  std::string person;
};

/// What came of it: validation_error with the field in `source`, not_found, conflict with the state
/// named, internal.
struct PlanOutcome {
  core::twap::PlanId id;
  std::optional<core::Error> error;
};

/// The configuration file's plans, read again: new ones begin.
struct ReloadPlans {
  std::vector<core::twap::PlanConfig> configured;
};

/// The journal has it, or not.
struct PlanStored {
  core::twap::PlanId id;
  std::optional<core::Error> error;
};

/// One plan.
using PlanHandle = caf::typed_actor<caf::reacts_to<Tick>, caf::reacts_to<OrderMoved>,
                                    caf::replies_to<ControlPlan>::with<PlanOutcome>,
                                    caf::replies_to<PutPlan>::with<PlanOutcome>>;

/// The list of plans; starts and stops their actors through the strategies' supervisor.
using PlansHandle = caf::typed_actor<caf::replies_to<PutPlan>::with<PlanOutcome>,
                                     caf::replies_to<DeletePlan>::with<PlanOutcome>,
                                     caf::replies_to<ControlPlan>::with<PlanOutcome>,
                                     caf::reacts_to<ReloadPlans>, caf::reacts_to<PlanStored>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::PlanMoved)
TANDEM_LOCAL_MESSAGE(tandem::messages::PutPlan)
TANDEM_LOCAL_MESSAGE(tandem::messages::DeletePlan)
TANDEM_LOCAL_MESSAGE(tandem::messages::ControlPlan)
TANDEM_LOCAL_MESSAGE(tandem::messages::PlanOutcome)
TANDEM_LOCAL_MESSAGE(tandem::messages::ReloadPlans)
TANDEM_LOCAL_MESSAGE(tandem::messages::PlanStored)
