/// Binance's error codes in the engine's vocabulary: one table per market.
#pragma once

#include "core/error.hpp"
#include "core/types/ids.hpp"

#include <optional>
#include <string_view>

namespace tandem::adapters::venues::binance {

/// @param code,message of the body {"code":-1121,"msg":"Invalid symbol."}. Codes of no row follow
/// the HTTP status. Source: Binance Spot "Errors"; USD-M Futures "Error Code".
[[nodiscard]] core::Errc error_code(core::MarketType type, int http_status, long long code,
                                    std::string_view message) noexcept;

/// The same for a reply without such a body.
[[nodiscard]] core::Errc error_code(int http_status) noexcept;

/// The client order id is in use: an earlier send of the same order arrived.
/// Source: Spot "Errors", -2010 "Duplicate order sent."; USD-M "Error Code", -4116.
[[nodiscard]] bool is_duplicate(long long code, std::string_view message) noexcept;

/// Whether an answer other than 2xx is evidence that a trade request was not carried out. Only a
/// 4xx is, and only by a code of the tables or without any: a 5xx, the codes that say "unknown" and
/// codes that nobody here knows prove nothing; a duplicate proves the opposite.
/// Source: Spot "REST API", HTTP Return Codes; USD-M "General Info".
[[nodiscard]] bool proves_refusal(core::MarketType type, int http_status,
                                  std::optional<long long> code, std::string_view message) noexcept;

} // namespace tandem::adapters::venues::binance
