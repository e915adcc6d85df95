/// The tree of the price-stream server: a provider and a listener, with a sink and a fan-out where
/// there are a database and a broker, each restarted for itself.
#pragma once

#include "actors/price_stream/fanout.hpp"
#include "actors/price_stream/listener.hpp"
#include "actors/price_stream/provider.hpp"
#include "actors/sinks/sink.hpp"
#include "messages/context.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <optional>

namespace tandem::actors::supervisor {

/// Outlives the tree.
struct PriceStreamParts {
  messages::ContextPtr context;
  price_stream::ProviderOptions provider;
  price_stream::ListenerOptions listener;
  std::optional<SinkOptions> influx;                 ///< absent: nothing is stored
  std::optional<price_stream::FanoutOptions> fanout; ///< absent: prices go directly
  /// Who blocks on a disk has a thread of its own. False: all on the scheduler's (tests).
  bool own_threads = true;
};

/// Ends when it is sent an exit message, or by itself with an error when it gave up.
[[nodiscard]] caf::actor start_price_stream(caf::actor_system& system,
                                            const PriceStreamParts& parts);

} // namespace tandem::actors::supervisor
