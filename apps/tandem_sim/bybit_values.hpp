/// What the exchange's orders, fills and refusals are called in Bybit's words: identifiers, states,
/// reasons, error codes and the JSON of their items. Pure text; who gets it is decided elsewhere.
/// Sources: bybit-exchange.github.io/docs/v5, "Enums Definitions", "Error Codes", "Order",
/// "WebSocket Stream: Private", read 2026-07-24.
#pragma once

#include "apps/tandem_sim/exchange.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::sim {

/// An error as Bybit numbers it.
struct BybitCode {
  int code = 0;
  std::string message;
};

/// The two categories number most refusals differently. @param instrument null: unknown symbol.
[[nodiscard]] BybitCode bybit_code(Refusal refusal, SurfaceId surface, const OrderAsk& ask,
                                   const Instrument* instrument);
/// For a cancel or an amendment of an order that is not open: filled, cancelled or (null) unknown.
[[nodiscard]] BybitCode bybit_closed(SurfaceId surface, const Order* order);

[[nodiscard]] constexpr std::string_view bybit_category(SurfaceId surface) noexcept {
  return is_spot(surface) ? "spot" : "linear";
}

[[nodiscard]] std::optional<SurfaceId> bybit_surface(std::string_view category) noexcept;

/// Digits on spot, a UUID on linear.
[[nodiscard]] std::string bybit_order_id(SurfaceId surface, OrderId id);
/// Nullopt for anything that bybit_order_id() never says.
[[nodiscard]] std::optional<OrderId> bybit_order_number(SurfaceId surface, std::string_view text);
[[nodiscard]] std::string bybit_execution_id(SurfaceId surface, std::int64_t execution);

/// The exchange wants a name for each order; made-up ones begin with a sign that no client may use,
/// and are shown as empty.
inline constexpr char unnamed_mark = '~';
[[nodiscard]] std::string_view bybit_link_id(const Order& order) noexcept;

// Kept in Order::tag.
/// A market order, with the price of the band it was turned into.
inline constexpr std::string_view market_mark = "Market@";
/// An order that a fault had refused by the engine, with the timeInForce it came with.
inline constexpr std::string_view rejected_mark = "Rejected@";

[[nodiscard]] std::string_view bybit_status(const Order& order) noexcept;
[[nodiscard]] std::string_view bybit_reject_reason(const Order& order) noexcept;
[[nodiscard]] std::string_view bybit_cancel_type(const Order& order) noexcept;
[[nodiscard]] std::string_view bybit_lifetime(const Order& order) noexcept;
[[nodiscard]] std::string_view bybit_order_type(const Order& order) noexcept;

[[nodiscard]] constexpr std::string_view bybit_side(Side side) noexcept {
  return side == Side::bid ? "Buy" : "Sell";
}

// Linear numbers have fixed decimals, spot ones have none to spare.
[[nodiscard]] std::string bybit_price(const Instrument& instrument, std::int64_t price);
[[nodiscard]] std::string bybit_quantity(const Instrument& instrument, std::int64_t quantity);

/// What the fills of an order came to.
struct BybitTally {
  std::map<std::string, Amount> fees; ///< by coin
  Amount realised = 0;                ///< profit, before fees
};

struct BybitOrderView {
  const Order& order;
  const Instrument& instrument;
  const BybitTally& tally;
  std::string_view cancel_type;   ///< bybit_cancel_type() but for the documented race
  std::string_view reject_reason; ///< bybit_reject_reason() but for the same
  bool stream = false;            ///< on the socket: with category, closedPnl and feeCurrency
};

[[nodiscard]] std::string bybit_order(const BybitOrderView& view);

struct BybitExecutionView {
  const Order& order;
  const Fill& fill;
  const Instrument& instrument;
  std::int64_t left = 0;   ///< of the order, after this fill
  std::int64_t closed = 0; ///< how much of the position it closed
  std::int64_t fee_rate_e8 = 0;
  std::int64_t mark = 0; ///< price of the contract then
  bool stream = false;   ///< on the socket: with category and execPnl
};

[[nodiscard]] std::string bybit_execution(const BybitExecutionView& view);
/// Fewer fields; a maker's orderLinkId is always empty.
[[nodiscard]] std::string bybit_fast_execution(const BybitExecutionView& view);

/// price * quantity of a fill or order that ended up there, divided by its quantity. "" for none.
[[nodiscard]] std::string bybit_average(const Instrument& instrument, Amount value,
                                        std::int64_t quantity);

} // namespace tandem::sim
