/// One TWAP plan: holds the book slots of its legs and its runner (core/twap/runner), tells it of
/// time and orders, and publishes what moved. Woken by its own clock: a schedule is a matter of
/// time, not of prices.
#pragma once

#include "core/market/depth_slot.hpp"
#include "core/twap/runner.hpp"
#include "messages/context.hpp"
#include "messages/twap.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace tandem::actors {

struct TwapPlanState {
  explicit TwapPlanState(caf::scheduled_actor*) {}

  ~TwapPlanState();
  TwapPlanState(const TwapPlanState&) = delete;
  TwapPlanState& operator=(const TwapPlanState&) = delete;

  messages::ContextPtr context;
  messages::CellPtr cell;
  std::shared_ptr<const core::twap::PlanTrading> trading;
  std::optional<core::twap::PlanRunner> runner;
  std::array<std::shared_ptr<core::market::DepthSlot>, core::twap::legs_max> slots;
  std::string paused_because; ///< as last told
};

/// @param id of a plan that the book has.
messages::PlanHandle::behavior_type
twap_plan(messages::PlanHandle::stateful_pointer<TwapPlanState> self, messages::ContextPtr context,
          messages::CellPtr cell, std::shared_ptr<const core::twap::PlanTrading> trading,
          core::twap::PlanId id);

} // namespace tandem::actors
