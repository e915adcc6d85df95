/// Binance's public REST calls, spot and USD-M futures: targets with their weights, reply parsers,
/// error and limit headers. No signing, no sending.
#pragma once

#include "adapters/venues/venue.hpp"

#include <memory>

namespace tandem::adapters::venues::binance {

/// Thread safe. Sources: Binance Spot "REST API", "Errors", "Filters"; USD-M Futures "Market Data
/// Endpoints", "Error Code".
[[nodiscard]] std::unique_ptr<Rest> make_rest(core::MarketType type);

} // namespace tandem::adapters::venues::binance
