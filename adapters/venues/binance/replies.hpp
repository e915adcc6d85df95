/// What Binance's answers to private requests mean: by REST with a status and a body, by the
/// WebSocket API with both in one frame. It asks nothing.
#pragma once

#include "adapters/venues/trading.hpp"

#include <string_view>

namespace tandem::adapters::venues::binance {

/// A page that is full has another behind it (myTrades, userTrades).
inline constexpr int fills_per_page = 1'000;

// All as the calls of the same names in Trading.
[[nodiscard]] Trading::Failure classify(core::MarketType type, int status, std::string_view body);
[[nodiscard]] PlaceReply parse_place(core::MarketType type, int status, std::string_view body);
[[nodiscard]] CancelReply parse_cancel(core::MarketType type, int status, std::string_view body);
[[nodiscard]] PlaceReply parse_socket_place(core::MarketType type, std::string_view body);
[[nodiscard]] CancelReply parse_socket_cancel(core::MarketType type, std::string_view body);

[[nodiscard]] core::Result<std::optional<core::orders::VenueOrder>>
parse_query(core::MarketType type, int status, std::string_view body);
[[nodiscard]] core::Result<OrderPage> parse_open_orders(core::MarketType type, int status,
                                                        std::string_view body);
[[nodiscard]] core::Result<FillPage> parse_fills(core::MarketType type, int status,
                                                 std::string_view body);
[[nodiscard]] core::Result<std::vector<Balance>> parse_balances(core::MarketType type, int status,
                                                                std::string_view body);
[[nodiscard]] core::Result<PositionPage> parse_positions(core::MarketType type, int status,
                                                         std::string_view body);
[[nodiscard]] core::Result<AccountFees> parse_fees(core::MarketType type, int status,
                                                   std::string_view body);
[[nodiscard]] core::Result<KeyRights> parse_key_rights(core::MarketType type, int status,
                                                       std::string_view body);
[[nodiscard]] core::Result<std::string> parse_stream_key(core::MarketType type, int status,
                                                         std::string_view body);

/// The error of an answer that failed, for a person: "HTTP 400: -1121 Invalid symbol.".
/// @param code,message of its body, where it has one.
[[nodiscard]] core::Error error_of(core::MarketType type, int status, std::optional<long long> code,
                                   std::string_view message);

} // namespace tandem::adapters::venues::binance
