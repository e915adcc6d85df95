/// Binance as a market: its traits and routes, and the factory of its codec, book rules and REST
/// calls.
#pragma once

#include "adapters/venues/venue.hpp"

#include <memory>

namespace tandem::adapters::venues::binance {

/// @param options depth_stream: spot "100ms" | "1000ms"; linear "0ms" (undocumented) | "100ms" |
/// "250ms" | "500ms"; empty = "100ms". Null for any other word: the venue would acknowledge it and
/// send nothing for ever.
[[nodiscard]] std::unique_ptr<Market> make_binance_market(core::MarketType type,
                                                          const MarketOptions& options);

} // namespace tandem::adapters::venues::binance
