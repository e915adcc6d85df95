/// The traders' REST and WebSocket surface, health, metrics and the page: owns the listeners,
/// routes requests, asks the other actors. Shapes are adapters/traders' business.
#pragma once

#include "actors/api/http_options.hpp"
#include "actors/api/http_state.hpp"
#include "messages/context.hpp"

namespace tandem::actors {

HttpHandle::behavior_type http(HttpHandle::stateful_pointer<HttpState> self,
                               messages::ContextPtr context, messages::CellPtr cell,
                               HttpOptions options);

} // namespace tandem::actors
