/// Bybit spot and linear as markets of this engine: what the venue allows, and the makers of its
/// parts.
#pragma once

#include "adapters/venues/venue.hpp"

#include <memory>

namespace tandem::adapters::venues::bybit {

/// Null when `options.depth_stream` is not a depth the venue has ("50", "200", "500", "1000").
[[nodiscard]] std::unique_ptr<Market> make_bybit_market(core::MarketType type,
                                                        const MarketOptions& options);

} // namespace tandem::adapters::venues::bybit
