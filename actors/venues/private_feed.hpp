/// One market's private stream: opens it, opens it again, and tells the order gateway when it may
/// be relied on. What the stream says goes straight to the desk, on the I/O thread.
#pragma once

#include "adapters/venues/private_link.hpp"
#include "adapters/venues/private_market.hpp"
#include "core/supervision/backoff.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tandem::actors {

struct PrivateFeedOptions {
  adapters::venues::PrivateMarket parts;
  adapters::transport::WebSocketOptions socket; ///< url = the base of the private stream
};

struct PrivateFeedState {
  explicit PrivateFeedState(caf::scheduled_actor*) {}

  ~PrivateFeedState();
  PrivateFeedState(const PrivateFeedState&) = delete;
  PrivateFeedState& operator=(const PrivateFeedState&) = delete;

  messages::ContextPtr context;
  messages::CellPtr cell;
  PrivateFeedOptions options;
  std::shared_ptr<adapters::venues::PrivateLink> link; ///< null between connections
  std::uint64_t link_id = 0;
  core::supervision::Backoff backoff;
  core::MonoTime opened_at{}, retry_at{};
  bool ready = false, alerted = false;
  std::int64_t reconnects = 0;
};

messages::PrivateFeedHandle::behavior_type
private_feed(messages::PrivateFeedHandle::stateful_pointer<PrivateFeedState> self,
             messages::ContextPtr context, messages::CellPtr cell, PrivateFeedOptions options);

} // namespace tandem::actors
