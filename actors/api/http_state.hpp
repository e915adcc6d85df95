/// What the interface's actor is made of, for its own parts. Private to actors/api.
#pragma once

#include "adapters/traders/operations.hpp"
#include "adapters/transport/http_server.hpp"
#include "core/security/caller.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace tandem::actors {

/// One request for an operation; answered through its Respond, exactly once.
struct HttpCall {
  adapters::transport::ServerRequest request;
  adapters::transport::Respond respond;
  adapters::traders::Route route;
  core::security::Caller caller;

  /// A parameter of the path, from left to right.
  [[nodiscard]] const std::string& value(std::size_t index = 0) const {
    return route.values.at(index);
  }
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

} // namespace tandem::actors

TANDEM_LOCAL_MESSAGE(tandem::actors::HttpCall)
