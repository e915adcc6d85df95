/// An order in Bybit's words, both ways: the body that places or names one, and the items of lists
/// and topics that describe orders, executions, coins and positions. It knows no envelope and no
/// signature. Source: bybit-exchange.github.io/docs/v5, "Place Order", "Order", "Execution",
/// "Wallet", "Position", "Enums Definitions".
#pragma once

#include "adapters/venues/json_object.hpp"
#include "adapters/venues/trading.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::venues::bybit {

/// "spot" or "linear".
[[nodiscard]] std::string_view category_of(core::MarketType type) noexcept;
[[nodiscard]] std::optional<core::MarketType> type_of_category(std::string_view word) noexcept;

/// The body of order/create, and of order.create on the trade socket. Errors: validation_error,
/// before anything is sent: no symbol, a client id outside [A-Za-z0-9_-]{1,36}, a quantity or limit
/// price that is not positive, reduce_only on spot, post_only on a market order.
[[nodiscard]] core::Result<std::string> place_body(core::MarketType type,
                                                   const core::orders::OrderIntent& order);

/// The body of order/cancel and order.cancel: the venue's id where it is known, else ours.
/// Errors: validation_error (no symbol, neither id).
[[nodiscard]] core::Result<std::string> cancel_body(core::MarketType type, const OrderRef& order);

/// The same names as query parameters: "category=spot&symbol=BTCUSDT&orderLinkId=...".
[[nodiscard]] core::Result<std::string> query_of(core::MarketType type, const OrderRef& order);

// Items of REST lists and of topics alike. Nullopt: not what it should be, or a word that no page
// lists: whoever does not understand an order's state must not guess one.

/// @param type of the list; of a topic's item its own category counts.
[[nodiscard]] std::optional<core::orders::VenueOrder> read_order(core::MarketType type,
                                                                 const Object& item);

/// What an execution is besides a fill of an order (funding, liquidation of another, settlement).
struct Execution {
  bool is_trade = false;
  core::orders::VenueFill fill; ///< when it is one
};

[[nodiscard]] std::optional<Execution> read_execution(core::MarketType type, const Object& item);
[[nodiscard]] std::optional<Balance> read_coin(const Object& item);
[[nodiscard]] std::optional<VenuePosition> read_position(const Object& item);

} // namespace tandem::adapters::venues::bybit
