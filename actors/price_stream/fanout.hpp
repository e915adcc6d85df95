/// The way of prices over the broker, as users of the earlier server have it: each is published to
/// a topic, and what the group hears goes to the clients. While the broker is away, prices go to
/// them directly. A thin shell around core::klines::Relay.
#pragma once

#include "actors/price_stream/messages.hpp"
#include "adapters/fanout/fanout.hpp"
#include "core/klines/relay.hpp"
#include "messages/context.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>

namespace tandem::actors::price_stream {

struct FanoutOptions {
  /// Asked again at every restart.
  std::function<core::Result<std::unique_ptr<adapters::fanout::Fanout>>(adapters::fanout::Events)>
      open;
  core::klines::Interval base; ///< of frames that name no interval
  std::shared_ptr<adapters::fanout::Counts> counts = std::make_shared<adapters::fanout::Counts>();
};

struct FanoutState {
  explicit FanoutState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  std::optional<FanoutOptions> options;
  core::klines::Relay relay;
  std::uint64_t malformed = 0, late = 0;
  std::shared_ptr<core::supervision::Places> places;
  std::unique_ptr<adapters::fanout::Fanout> broker; ///< last: its events use the others
};

/// @throws std::runtime_error when the broker's client cannot be made.
FanoutHandle::behavior_type fanout(FanoutHandle::stateful_pointer<FanoutState> self,
                                   messages::ContextPtr context, messages::CellPtr cell,
                                   FanoutOptions options);

} // namespace tandem::actors::price_stream
