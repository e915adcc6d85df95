/// The conversation of a sink: what it carries comes from the tape (core/sinks/tape.hpp), not in
/// messages.
#pragma once

#include "messages/local.hpp"
#include "messages/market.hpp"
#include "messages/orders.hpp"

#include <caf/typed_actor.hpp>

namespace tandem::messages {

/// The tape has something for this sink.
struct SinkNews {};

/// Carries records to one destination.
using SinkHandle
    = caf::typed_actor<caf::reacts_to<SinkNews>, caf::reacts_to<Continue>, caf::reacts_to<Tick>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::SinkNews)
