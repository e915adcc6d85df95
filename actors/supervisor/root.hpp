/// The tree: which actors there are, under whom, restarted how often. The only place that knows
/// them all.
#pragma once

#include "actors/api/http.hpp"
#include "actors/sinks/sink.hpp"
#include "actors/supervisor/trading_parts.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/transport/websocket.hpp"
#include "adapters/venues/rest_client.hpp"
#include "adapters/venues/trading.hpp"
#include "adapters/venues/venue.hpp"
#include "config/schema.hpp"
#include "messages/context.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::adapters::security {
class Guard;
}

namespace tandem::actors::supervisor {

/// One configured market with what it needs; lives as long as the engine.
struct MarketParts {
  std::unique_ptr<adapters::venues::Market> market;
  std::unique_ptr<adapters::venues::Trading> trading; ///< null: this market has no private side
  std::shared_ptr<adapters::venues::RestClient> rest;
  config::MarketConfig config;
};

/// What apps/ (or a test) makes before the first actor: sockets or their stand-ins, clocks,
/// configuration. Outlives the tree.
struct EngineParts {
  messages::ContextPtr context;
  config::Config config;
  adapters::transport::Strand* venue_strand = nullptr;
  adapters::transport::WebSocketConnector* connector = nullptr;
  adapters::transport::HttpClient* http = nullptr;
  /// What the private side uses instead of the three above; null: the same.
  adapters::transport::Strand* private_strand = nullptr;
  adapters::transport::WebSocketConnector* private_connector = nullptr;
  adapters::transport::HttpClient* private_http = nullptr;
  adapters::transport::Serve serve;      ///< empty: no interfaces (simulation)
  adapters::transport::Serve serve_grpc; ///< empty: no gRPC
  /// Who blocks (journal) or must run whatever the others do (risk desk, interface) has a thread of
  /// its own. False: all on the scheduler's threads (simulation).
  bool own_threads = true;
  adapters::transport::ThreadPlace serving;         ///< of who serves clients and sinks
  std::shared_ptr<adapters::security::Guard> guard; ///< null: interfaces without keys and audit
  std::vector<MarketParts> markets;
  std::shared_ptr<TradingParts> trading;         ///< null: watches only
  std::shared_ptr<const core::sinks::Tape> tape; ///< with `sinks`; null: there are none
  std::vector<SinkOptions> sinks;
  std::string version;
  std::string simulator; ///< address of its admin surface, for drills; empty: not known
  std::shared_ptr<ConfigControl> config_control;                ///< null: there is no file
  std::function<std::string(const std::string& url)> proxy_for; ///< empty text = direct
  std::function<void(config::Surface, const std::string& address)> on_listening;
};

/// Fills `parts.markets` from the configuration. Error: configuration (a market that is not built
/// in).
[[nodiscard]] core::Status make_markets(EngineParts& parts);

/// The configured plans by the ids that they have in this run.
[[nodiscard]] std::vector<core::twap::PlanConfig> plans_of_run(const config::Config& config,
                                                               std::uint64_t epoch);

/// Starts the root supervisor. Ends when it is sent an exit message, or by itself with an error
/// when it gave up.
[[nodiscard]] caf::actor start_engine(caf::actor_system& system, EngineParts& parts);

} // namespace tandem::actors::supervisor
