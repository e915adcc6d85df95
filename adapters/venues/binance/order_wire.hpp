/// An order in Binance's words, both ways: the parameters that place or name one, and the members
/// of an answer that describe one. It knows no envelope, no signature and no status code.
#pragma once

#include "adapters/venues/binance/signer.hpp"
#include "adapters/venues/json_object.hpp"
#include "adapters/venues/trading.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::venues::binance {

// ---- the venue's words
[[nodiscard]] std::optional<core::orders::Side> side_of(std::string_view word) noexcept;
/// "EXPIRED_IN_MATCH" is expired: self-trade prevention took it. Nullopt for a word that no page
/// lists: whoever does not understand an order's state must not guess one.
[[nodiscard]] std::optional<core::orders::VenueStatus> status_of(std::string_view word) noexcept;
/// By whether it has a price: conditional kinds are what they become.
[[nodiscard]] core::orders::OrderType type_of(std::string_view word) noexcept;
/// @param type LIMIT_MAKER says post-only by itself (spot).
[[nodiscard]] core::orders::TimeInForce tif_of(std::string_view word,
                                               std::string_view type) noexcept;

/// The parameters of a new order, without time and signature. Errors: validation_error, before
/// anything is sent: no symbol or client id, an id outside [.A-Z:/a-z0-9_-]{1,36}, a quantity or
/// limit price that is not positive, reduce_only on spot, post_only on a market order.
/// Source: Spot "New order (TRADE)"; USD-M Futures "New Order (TRADE)".
[[nodiscard]] core::Result<Params> place_params(core::MarketType type,
                                                const core::orders::OrderIntent& order);

/// Symbol and the venue's id where it is known (the faster way), else the client id.
/// Errors: validation_error (no symbol, neither id, a venue id that is no number).
[[nodiscard]] core::Result<Params> ref_params(const OrderRef& order);

/// An order as REST and the WebSocket API describe it. An acknowledgement without status counts as
/// open. In the answer to a cancel on spot "clientOrderId" is the cancel's own id, so
/// "origClientOrderId" goes first. Nullopt: not an order.
[[nodiscard]] std::optional<core::orders::VenueOrder> read_order(core::MarketType type,
                                                                 const Object& object);

/// A row of "fills" in a FULL answer to `order`. It filled at once, so as a taker.
[[nodiscard]] std::optional<core::orders::VenueFill>
read_fill(const core::orders::VenueOrder& order, const Object& row);

/// A row of myTrades or userTrades.
[[nodiscard]] std::optional<core::orders::VenueFill> read_trade(core::MarketType type,
                                                                const Object& row);

/// "binance.linear.BTCUSDT"; nullopt for a text that cannot be a symbol.
[[nodiscard]] std::optional<core::InstrumentKey> instrument_of(core::MarketType type,
                                                               std::string_view symbol);

} // namespace tandem::adapters::venues::binance
