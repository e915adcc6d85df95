/// Bybit v5's private side as a whole: its traits, its signatures and the requests for orders,
/// account and streams. Answers are read in replies.hpp, events in private_codec.hpp.
#pragma once

#include "adapters/venues/trading.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::venues::bybit {

/// Sources: bybit-exchange.github.io/docs/v5, "Integration Guidance" (signature), "Trade",
/// "Account", "Position", "WebSocket Stream: Private", "Websocket Trade".
[[nodiscard]] std::unique_ptr<Trading> make_bybit_trading(core::MarketType type);

/// What REST wants signed: time, key, receive window, then the query or the body as it is sent.
[[nodiscard]] std::string rest_payload(const Credentials& keys, const Stamp& stamp,
                                       std::string_view query_or_body);

} // namespace tandem::adapters::venues::bybit
