/// Bybit's private sockets: order, execution, wallet and position topics, the replies of both
/// sockets. Bytes in, values out; what an order becomes by them is core/orders' business.
#pragma once

#include "adapters/venues/trading.hpp"

#include <memory>

namespace tandem::adapters::venues::bybit {

/// Sources: bybit-exchange.github.io/docs/v5, "WebSocket Stream: Private" and "Websocket Trade".
[[nodiscard]] std::unique_ptr<PrivateCodec> make_private_codec(core::MarketType type);

} // namespace tandem::adapters::venues::bybit
