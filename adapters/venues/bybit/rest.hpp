/// Bybit's public v5 REST routes: targets, reply parsers, error table and limits. No transport, no
/// retries.
#pragma once

#include "adapters/venues/venue.hpp"

#include <memory>

namespace tandem::adapters::venues::bybit {

/// Stateless and thread safe. Source: bybit-exchange.github.io/docs/v5/market, .../error,
/// .../rate-limit.
[[nodiscard]] std::unique_ptr<Rest> make_rest(core::MarketType type);

/// The engine's code for a `retCode`; upstream_error for one that is in no list, because its
/// outcome is unknown.
/// @param message tells two uses of 10003 apart.
[[nodiscard]] core::Errc error_code(std::int64_t ret_code, std::string_view message) noexcept;

} // namespace tandem::adapters::venues::bybit
