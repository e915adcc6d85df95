/// One market's order entry in mode dev: in the place of the order gateway, with a port that fills
/// on paper. The gate is open while there are keys (to sign with), instruments and a clock; there
/// is no account to compare with.
#pragma once

#include "adapters/venues/paper_link.hpp"
#include "core/orders/paper.hpp"
#include "core/strategy/fees.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <string>

namespace tandem::actors {

struct PaperGatewayOptions {
  core::MarketKey market;
  adapters::venues::PaperTools tools;
  core::orders::Desk* desk = nullptr;
  std::shared_ptr<core::orders::PaperMarket> paper; ///< outlives the actor
  core::strategy::FeeRate taker_fee;
  std::set<core::Symbol> allowed; ///< empty = all
  std::chrono::milliseconds clock_offset_max{500};
};

struct PaperGatewayState {
  explicit PaperGatewayState(caf::scheduled_actor*) {}

  ~PaperGatewayState();
  PaperGatewayState(const PaperGatewayState&) = delete;
  PaperGatewayState& operator=(const PaperGatewayState&) = delete;

  messages::ContextPtr context;
  messages::CellPtr cell;
  PaperGatewayOptions options;
  std::shared_ptr<adapters::venues::PaperLink> link; ///< null without keys
  std::string said = "?"; ///< the last reason of a closed gate, so that each is told once
};

messages::OrderGatewayHandle::behavior_type
paper_gateway(messages::OrderGatewayHandle::stateful_pointer<PaperGatewayState> self,
              messages::ContextPtr context, messages::CellPtr cell, PaperGatewayOptions options);

} // namespace tandem::actors
