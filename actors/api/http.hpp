/// The traders' REST and WebSocket surface, health, metrics and the page: owns the listeners,
/// routes requests, asks the other actors. Shapes are adapters/traders' business.
#pragma once

#include "actors/api/http_options.hpp"
#include "adapters/transport/http_server.hpp"
#include "messages/context.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace tandem::actors {

/// One request that needs other actors; answered through its Respond.
struct HttpCall {
  adapters::transport::ServerRequest request;
  adapters::transport::Respond respond;
};

using HttpHandle = caf::typed_actor<caf::reacts_to<HttpCall>, caf::reacts_to<messages::Tick>>;

struct HttpSurface;

struct HttpState {
  explicit HttpState(caf::scheduled_actor*);
  ~HttpState();
  HttpState(const HttpState&) = delete;
  HttpState& operator=(const HttpState&) = delete;

  std::shared_ptr<HttpSurface> impl; ///< shared with callbacks on the I/O thread
};

HttpHandle::behavior_type http(HttpHandle::stateful_pointer<HttpState> self,
                               messages::ContextPtr context, messages::CellPtr cell,
                               HttpOptions options);

} // namespace tandem::actors

TANDEM_LOCAL_MESSAGE(tandem::actors::HttpCall)
