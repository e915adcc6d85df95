/// Which symbols a client may name, and how streams are named.
#pragma once

#include "core/result.hpp"
#include "core/types/ids.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::price_stream {

/// The rule a symbol must meet, as answers quote it.
inline constexpr std::string_view symbol_pattern = "^[A-Za-z0-9_]{2,30}$";

/// Any case in, upper case out. Errors: validation_error.
[[nodiscard]] core::Result<core::Symbol> parse_symbol(std::string_view text);

/// "bnbusdt@kline_1m": the venue's name of a stream.
[[nodiscard]] std::string stream_name(const core::Symbol& symbol, std::string_view interval);

/// "BNBUSDT@kline_1m": how subscriptions are listed.
[[nodiscard]] std::string listed_name(const core::Symbol& symbol, std::string_view interval);

} // namespace tandem::adapters::price_stream
