/// Binance's exchangeInfo as instruments: the field sets of spot and USD-M futures, old and new.
#pragma once

#include "adapters/venues/venue.hpp"

namespace tandem::adapters::venues::binance {

/// Errors: malformed (no JSON, a symbol without name or coins, a filter value that is no decimal),
/// out_of_range. Source: Binance Spot "Exchange information" and "Filters"; USD-M Futures "Exchange
/// Information".
[[nodiscard]] core::Result<InstrumentPage> parse_exchange_info(core::MarketType type,
                                                               std::string_view body);

} // namespace tandem::adapters::venues::binance
