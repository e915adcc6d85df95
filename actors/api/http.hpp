/// The traders' REST and WebSocket surface, health, metrics and the page: owns the listeners,
/// routes requests, asks the other actors. Shapes are adapters/traders' business.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/venues/rest_client.hpp"
#include "adapters/venues/venue.hpp"
#include "config/schema.hpp"
#include "messages/context.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::actors {

/// A market as the interface shows it.
struct HttpMarket {
  const adapters::venues::Market* market = nullptr; ///< outlives the actor
  std::shared_ptr<adapters::venues::RestClient> rest;
  bool public_only = true;
};

struct HttpOptions {
  adapters::transport::Io* io = nullptr; ///< the interface's own thread; outlives the actor
  std::vector<config::ListenerConfig> listeners;
  std::vector<HttpMarket> markets;
  std::string engine_name;
  std::string version;
  bool kill_allowed = false; ///< POST /api/engine/actors/kill, for fault drills in mode mock
  /// Addresses as bound, kept over restarts of the actor. Made by the supervisor.
  std::shared_ptr<std::vector<std::string>> bound;
  /// Called once per listener after it is bound, with the address as bound. A restarted actor binds
  /// the same addresses.
  std::function<void(config::Surface, const std::string& address)> on_listening;
};

/// One request that needs other actors; answered through its Respond.
struct HttpCall {
  adapters::transport::ServerRequest request;
  adapters::transport::Respond respond;
};

using HttpHandle = caf::typed_actor<caf::reacts_to<HttpCall>, caf::reacts_to<messages::Tick>>;

struct HttpState {
  explicit HttpState(caf::scheduled_actor*);
  ~HttpState();
  HttpState(const HttpState&) = delete;
  HttpState& operator=(const HttpState&) = delete;

  struct Impl;
  std::shared_ptr<Impl> impl; ///< shared with callbacks on the I/O thread
};

HttpHandle::behavior_type http(HttpHandle::stateful_pointer<HttpState> self,
                               messages::ContextPtr context, messages::CellPtr cell,
                               HttpOptions options);

} // namespace tandem::actors

TANDEM_LOCAL_MESSAGE(tandem::actors::HttpCall)
