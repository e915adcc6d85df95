/// A record as one JSON object: its envelope (stream, sequence, kind, exchange, type, symbol, ts),
/// then its own fields. Numbers are JSON numbers with every digit.
#pragma once

#include "core/sinks/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::adapters::sinks {

/// {"stream":"..","seq":1,"kind":"trade","mode":"prod","exchange":"binance","type":"spot",
/// "symbol":"BTCUSDT","id":"..","ts":..., <fields>}; exchange, type and symbol are null in a record
/// about no instrument, id where it has none. @param mode the engine's, a label on all it says.
[[nodiscard]] std::string to_json(std::string_view stream, const core::sinks::Numbered& item,
                                  std::string_view mode);

} // namespace tandem::adapters::sinks
