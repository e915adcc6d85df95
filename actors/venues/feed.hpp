/// One market's feed: decides how many connections there are, when they are opened again and when
/// they are replaced before the venue cuts them. Frames, books and watchdogs are its links'
/// business (adapters/venues/feed_link, on the I/O thread); the feed owns them and takes them with
/// it when it dies.
#pragma once

#include "adapters/venues/feed_link.hpp"
#include "core/supervision/backoff.hpp"
#include "messages/context.hpp"
#include "messages/market.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tandem::core::risk {
class BreakerPanel;
}

namespace tandem::actors {

struct FeedOptions {
  const adapters::venues::Market* market = nullptr; ///< these four outlive the actor
  adapters::transport::Strand* strand = nullptr;
  adapters::transport::WebSocketConnector* connector = nullptr;
  std::shared_ptr<adapters::venues::RestClient> rest;
  adapters::transport::WebSocketOptions socket; ///< url = the market's base; routes are appended
  adapters::venues::SessionLimits limits;
  adapters::venues::BeforePublish before_publish; ///< lossless replays only
  std::shared_ptr<const core::sinks::Tape> tape;  ///< of the sinks; null: there are none
  core::risk::BreakerPanel* breakers = nullptr;   ///< outlives the actor; null: there are none
  std::chrono::milliseconds reconnect_after{82'800'000};
  core::supervision::BackoffLimits backoff;
  std::set<core::Symbol> symbols;                ///< books kept whether or not somebody subscribed
  std::vector<adapters::venues::Stream> streams; ///< further streams
};

/// Streams that share a route and fit one connection, and that connection's story.
struct FeedLane {
  std::string route;
  std::set<adapters::venues::Stream> streams;
  std::shared_ptr<adapters::venues::FeedLink> link; ///< null between connections
  std::shared_ptr<adapters::venues::FeedLink>
      successor; ///< built in the shade before a planned change
  std::uint64_t link_id = 0, successor_id = 0;
  core::supervision::Backoff backoff;
  core::MonoTime opened_at{}, retry_at{}, reconnect_at{}, successor_deadline{};
  bool open = false, live = false, alerted = false, successor_open = false;
};

struct FeedState {
  explicit FeedState(caf::scheduled_actor*) {}

  ~FeedState();
  FeedState(const FeedState&) = delete;
  FeedState& operator=(const FeedState&) = delete;

  messages::ContextPtr context;
  messages::CellPtr cell;
  FeedOptions options;
  std::shared_ptr<adapters::venues::MarketSinks> sinks; ///< used on the strand only
  std::shared_ptr<adapters::venues::SessionCounters> counters;
  std::shared_ptr<const core::InstrumentTable> table;
  std::map<core::Symbol, std::vector<std::shared_ptr<core::market::DepthSlot>>> consumers;
  std::vector<std::unique_ptr<FeedLane>> lanes;
  std::uint64_t next_link = 1;
  std::uint64_t reconnects = 0;
  core::MonoTime counted_at{};
  std::uint64_t stale_told = 0; ///< of the counter, to the breakers
  bool clock_bad = false;
};

messages::FeedHandle::behavior_type feed(messages::FeedHandle::stateful_pointer<FeedState> self,
                                         messages::ContextPtr context, messages::CellPtr cell,
                                         FeedOptions options);

} // namespace tandem::actors
