/// One record of Bybit's instrument list as an engine instrument.
#pragma once

#include "core/result.hpp"
#include "core/types/instrument.hpp"

#include <simdjson.h>

namespace tandem::adapters::venues::bybit {

/// Errors: malformed, out_of_range, scale_too_coarse, naming symbol and field.
/// Source: bybit-exchange.github.io/docs/v5/market/instrument.
[[nodiscard]] core::Result<core::Instrument> read_instrument(simdjson::dom::element record,
                                                             core::MarketType type);

} // namespace tandem::adapters::venues::bybit
