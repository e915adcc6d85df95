/// Binance's public stream messages, spot and USD-M futures: frames to values and subscriptions to
/// bytes.
#pragma once

#include "adapters/venues/venue.hpp"

#include <memory>
#include <string>

namespace tandem::adapters::venues::binance {

/// The stream's name in SUBSCRIBE requests, e.g. "btcusdt@depth@100ms".
/// @param depth_speed "100ms" and so on; "" is the plain `@depth` (spot 1000 ms, USD-M 250 ms).
/// Source: Binance Spot and USD-M Futures "WebSocket Streams". Symbols are lower case there.
[[nodiscard]] std::string stream_name(core::MarketType type, const std::string& depth_speed,
                                      const Stream& stream);

/// @param depth_speed as in stream_name.
[[nodiscard]] std::unique_ptr<Codec> make_codec(core::MarketType type, std::string depth_speed);

} // namespace tandem::adapters::venues::binance
