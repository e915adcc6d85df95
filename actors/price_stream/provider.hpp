/// Owns the connection to the venue's candle streams: which symbols are subscribed, the newest
/// price of each, the sums, and what is asked of the history after an outage. What it publishes
/// goes to the listener.
#pragma once

#include "actors/price_stream/messages.hpp"
#include "actors/price_stream/stored.hpp"
#include "adapters/fanout/fanout.hpp"
#include "adapters/subscriptions/store.hpp"
#include "adapters/transport/websocket.hpp"
#include "adapters/venues/rest_client.hpp"
#include "adapters/venues/venue.hpp"
#include "core/klines/changes.hpp"
#include "core/sinks/tape.hpp"
#include "core/supervision/backoff.hpp"
#include "messages/context.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tandem::actors::price_stream {

/// Numbers of the provider that outlive its restarts.
struct ProviderCounts {
  std::uint64_t received = 0, processed = 0, failed = 0, ignored = 0;
  std::optional<core::WallTime> started;
};

struct ProviderOptions {
  const adapters::venues::Market* market = nullptr; ///< these two outlive the actor
  adapters::transport::WebSocketConnector* connector = nullptr;
  std::shared_ptr<adapters::venues::RestClient> rest;
  adapters::transport::WebSocketOptions socket; ///< url = the market's base; its route is appended
  core::klines::Interval base;
  std::vector<core::klines::Interval> targets;
  std::vector<core::Symbol> symbols; ///< beside what the store holds
  std::function<core::Result<std::unique_ptr<adapters::subscriptions::Store>>()> open_store;
  core::supervision::BackoffLimits backoff;
  std::shared_ptr<const core::sinks::Tape> tape;   ///< what is to be stored; null: nothing
  std::shared_ptr<InfluxCounts> influx;            ///< of what is stored; null with `tape`
  std::shared_ptr<adapters::fanout::Counts> kafka; ///< null: no broker
  bool log_prices = false;                         ///< every one, as a DEBUG line
  std::shared_ptr<ProviderCounts> counts = std::make_shared<ProviderCounts>();
};

struct ProviderState {
  explicit ProviderState(caf::scheduled_actor*) {}

  /// A symbol that is subscribed.
  struct Line {
    std::uint64_t number = 0;
    core::klines::Sums sums;
  };

  messages::ContextPtr context;
  messages::CellPtr cell;
  std::optional<ProviderOptions> options;
  std::unique_ptr<adapters::subscriptions::Store> store;
  std::unique_ptr<adapters::venues::Codec> codec; ///< makes requests; the connection has its own
  std::map<core::Symbol, Line> lines;
  core::klines::LatestPrices latest;
  std::uint64_t next_line = 1;

  std::unique_ptr<adapters::transport::WebSocket> connection; ///< null between connections
  std::uint64_t connection_id = 0;
  bool open = false;
  core::supervision::Backoff backoff;
  core::MonoTime opened_at{}, retry_at{}, last_life{}, pinged_at{};
  std::deque<std::pair<bool, core::Symbol>> controls; ///< true: subscribe
  core::MonoTime next_control_at{};
  std::uint64_t next_request = 1;
};

ProviderHandle::behavior_type provider(ProviderHandle::stateful_pointer<ProviderState> self,
                                       messages::ContextPtr context, messages::CellPtr cell,
                                       ProviderOptions options);

} // namespace tandem::actors::price_stream
