/// What Bybit's answers to private requests mean: one envelope {retCode, retMsg, result} by REST
/// and on the trade socket. It asks nothing. Source: bybit-exchange.github.io/docs/v5/error and the
/// pages of the requests.
#pragma once

#include "adapters/venues/trading.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace tandem::adapters::venues::bybit {

// All as the calls of the same names in Trading.
[[nodiscard]] Trading::Failure classify(int status, std::string_view body);
[[nodiscard]] PlaceReply parse_place(core::MarketType type, int status, std::string_view body);
[[nodiscard]] CancelReply parse_cancel(int status, std::string_view body);
[[nodiscard]] core::Result<std::optional<core::orders::VenueOrder>>
parse_query(core::MarketType type, int status, std::string_view body);
[[nodiscard]] core::Result<OrderPage> parse_open_orders(core::MarketType type, int status,
                                                        std::string_view body);
[[nodiscard]] core::Result<FillPage> parse_fills(core::MarketType type, int status,
                                                 std::string_view body);
[[nodiscard]] core::Result<std::vector<Balance>> parse_balances(int status, std::string_view body);
[[nodiscard]] core::Result<PositionPage> parse_positions(int status, std::string_view body);
[[nodiscard]] core::Result<AccountFees> parse_fees(int status, std::string_view body);
[[nodiscard]] core::Result<KeyRights> parse_key_rights(int status, std::string_view body);

/// What "X-Bapi-Limit" says: so many new orders in a second. Nullopt for what no account may.
[[nodiscard]] std::optional<core::market::OrderRate> order_rate(std::string_view limit);
/// The same of a reply on the trade socket, which brings it as "header".
[[nodiscard]] std::optional<core::market::OrderRate> order_rate_of(std::string_view body);

/// The error of a code, for a person: "retCode 110007: ab not enough".
[[nodiscard]] core::Error error_of(std::int64_t ret_code, std::string_view message);

} // namespace tandem::adapters::venues::bybit
