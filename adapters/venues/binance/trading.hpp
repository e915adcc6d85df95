/// Binance's private side as a whole: its traits and the requests for orders, account and streams.
/// Answers are read in replies.hpp, events in private_codec.hpp.
#pragma once

#include "adapters/venues/trading.hpp"

#include <memory>

namespace tandem::adapters::venues::binance {

/// Sources: Spot "REST API", "WebSocket API", "User Data Streams"; USD-M Futures "Trade",
/// "Account", "User Data Streams", "Websocket API General Info".
[[nodiscard]] std::unique_ptr<Trading> make_binance_trading(core::MarketType type);

} // namespace tandem::adapters::venues::binance
