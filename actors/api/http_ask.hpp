/// How the interface's actor asks its peers for an answer. Private to actors/api.
#pragma once

#include "actors/api/http_state.hpp"
#include "actors/api/http_surface.hpp"
#include "messages/observe.hpp"

#include <caf/actor_system.hpp>
#include <caf/duration.hpp>
#include <caf/message_priority.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace tandem::actors {

/// The interface's actor as its parts see it. A copy is as good as the original.
struct HttpSelf {
  HttpHandle::pointer actor = nullptr;
  std::shared_ptr<HttpSurface> impl;
};

inline constexpr std::chrono::seconds actor_timeout{6};

/// Asks a peer by name; a missing or silent one is an answer too. @tparam Priority high: before
/// whatever waits in the peer's mailbox.
template <class Handle, caf::message_priority Priority = caf::message_priority::normal,
          class Request, class Reply>
void ask(const HttpSelf& self, const std::string& path, Request request, const Respond& respond,
         Reply reply, std::chrono::milliseconds timeout = actor_timeout) {
  const auto peer = self.impl->context->directory->template get<Handle>(path);
  if (!peer) {
    self.impl->fail(respond, {core::Errc::exchange_unavailable, "not running at the moment", path});
    return;
  }
  // The answer is work of this actor's like any other.
  const messages::Observe observe{self.actor, self.impl->context, self.impl->cell};
  // CAF 0.17.6 loses the priority when it is given a timeout of the standard library.
  self.actor->request<Priority>(peer, caf::duration{timeout}, std::move(request))
      .then(observe(std::move(reply)), [self, respond, path](const caf::error& why) {
        self.impl->fail(respond, {core::Errc::internal, self.actor->system().render(why), path});
      });
}

} // namespace tandem::actors
