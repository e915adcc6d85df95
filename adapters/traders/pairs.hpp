/// A pair as the traders' surface writes it: JSON to PairConfig with the offending field named, and
/// back. Shapes: "Pairs" of the traders' interface (README.md of this folder).
#pragma once

#include "adapters/traders/json.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/pair_watch.hpp"

#include <optional>
#include <string>

namespace tandem::adapters::traders {

/// Reads a pair. @param base what absent fields keep (PUT may be partial); nullopt: the required
/// ones must be there. Errors: validation_error, `source` = the field ("leg2.symbol"). Unknown
/// fields are refused.
[[nodiscard]] core::Result<core::strategy::PairConfig>
parse_pair(const Json& body, const std::optional<core::strategy::PairConfig>& base);

void write_pair(JsonWriter& out, const core::strategy::PairConfig& pair);

/// One way of a spread, for the state route: quantity, prices, gross and net.
void write_spread(JsonWriter& out, const core::strategy::Spread& spread);

} // namespace tandem::adapters::traders
