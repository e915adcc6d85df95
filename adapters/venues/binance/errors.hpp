/// Binance's error codes in the engine's vocabulary: one table per market.
#pragma once

#include "core/error.hpp"
#include "core/types/ids.hpp"

#include <string_view>

namespace tandem::adapters::venues::binance {

/// @param code,message of the body {"code":-1121,"msg":"Invalid symbol."}. Codes of no row follow
/// the HTTP status. Source: Binance Spot "Errors"; USD-M Futures "Error Code".
[[nodiscard]] core::Errc error_code(core::MarketType type, int http_status, long long code,
                                    std::string_view message) noexcept;

/// The same for a reply without such a body.
[[nodiscard]] core::Errc error_code(int http_status) noexcept;

} // namespace tandem::adapters::venues::binance
