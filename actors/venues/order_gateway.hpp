/// One market's order entry and its trading gate: gives the desk a port, compares the account with
/// our own books at start, after each reconnect and again and again, and opens the gate only while
/// the two agree. Orders do not pass its mailbox (messages/orders.hpp says why).
#pragma once

#include "adapters/venues/account_reader.hpp"
#include "adapters/venues/order_link.hpp"
#include "adapters/venues/private_market.hpp"
#include "core/orders/desk.hpp"
#include "core/orders/reconcile.hpp"
#include "core/risk/breaker_panel.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tandem::actors {

/// What the account held that none of our orders brought: from the first comparison ever, and what
/// a person accepted since. Outlives the actor; kept in the journal.
struct AccountBaseline {
  bool taken = false;
  core::orders::AccountBooks held;
};

struct OrderGatewayOptions {
  adapters::venues::PrivateMarket parts;
  adapters::venues::OrderLinkOptions link;
  std::shared_ptr<AccountBaseline> baseline;
  core::risk::BreakerPanel* breakers = nullptr; ///< outlives it; null: nobody judges
  std::set<core::Symbol> symbols;               ///< whose fees are asked for from the start
  std::set<core::Symbol> allowed;               ///< prod: only these may be traded; empty = all
  std::chrono::milliseconds reconcile_interval{20'000};
  std::chrono::milliseconds fee_interval{86'400'000};
  std::chrono::milliseconds clock_offset_max{500};
  core::Money tolerance; ///< per asset and position
  bool refuse_withdraw_keys = true;
};

struct OrderGatewayState {
  explicit OrderGatewayState(caf::scheduled_actor*) : reconciliation{core::Money{}} {}

  ~OrderGatewayState();
  OrderGatewayState(const OrderGatewayState&) = delete;
  OrderGatewayState& operator=(const OrderGatewayState&) = delete;

  messages::ContextPtr context;
  messages::CellPtr cell;
  OrderGatewayOptions options;
  std::shared_ptr<adapters::venues::SignedClient> client;
  std::shared_ptr<adapters::venues::OrderLink> link; ///< null without keys
  core::orders::Reconciliation reconciliation;
  core::supervision::Backoff backoff;
  messages::AccountSnapshot account;
  std::vector<core::orders::AdoptedFill> adopted; ///< as last told
  std::string said;                 ///< the last reason of a closed gate, so that each is told once
  std::uint64_t updates_before = 0; ///< the desk's count when the reading began
  bool quiet_before = false;
  core::MonoTime due_at{}, fees_at{};
  std::set<core::Symbol> symbols; ///< of the pairs so far: whose fees and fills are asked for
  std::set<core::Symbol> fees_known;
  std::vector<core::market::OrderRate> order_rates; ///< as the venue tells them
  std::set<core::Symbol> claimed;  ///< of their fills since the last run it is known whose they are
  std::set<core::Symbol> claiming; ///< by the reading under way
  /// Orders of fills that our journal does not know: how often the venue was asked whose they are.
  std::map<std::string, int> looked_up;
  std::uint64_t standstills = 0;   ///< of the engine; what was compared is newer than the last
  std::uint64_t epoch_of_keys = 0; ///< readings asked with older keys are not heard
  std::uint64_t links = 0;         ///< opened so far; what an older one heard is of other keys
  bool private_ready = false, reading = false, orphans_seen = false, key_refused = false,
       rights_known = false, ///< of the present key
      open = false;
};

messages::OrderGatewayHandle::behavior_type
order_gateway(messages::OrderGatewayHandle::stateful_pointer<OrderGatewayState> self,
              messages::ContextPtr context, messages::CellPtr cell, OrderGatewayOptions options);

} // namespace tandem::actors
