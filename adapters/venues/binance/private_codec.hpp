/// Binance's private streams: order and account events of spot (through the WebSocket API) and of
/// USD-M (by listenKey), and the WebSocket API's replies. Bytes in, values out; what an order
/// becomes by them is core/orders' business.
#pragma once

#include "adapters/venues/trading.hpp"

#include <memory>
#include <string_view>

namespace tandem::adapters::venues::binance {

/// Ids of the requests that open a socket; replies carry them back. A logon's reply is an
/// AuthReply, any other a SocketReply.
inline constexpr std::string_view logon_id = "logon";
inline constexpr std::string_view subscribe_id = "subscribe";

/// Sources: Spot "User Data Streams", "WebSocket API"; USD-M Futures "User Data Streams".
[[nodiscard]] std::unique_ptr<PrivateCodec> make_private_codec(core::MarketType type);

} // namespace tandem::adapters::venues::binance
