/// What accounts own and order at a simulated venue, as plain values. No venue's texts or codes
/// stand here: a surface turns them into its own words.
#pragma once

#include "apps/tandem_sim/book.hpp"
#include "apps/tandem_sim/outlet.hpp"
#include "core/types/decimal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tandem::sim {

/// Money of any asset as a whole count of 10^-16. A price and a quantity have at most eight
/// decimals each, so that every notional is exact.
using Amount = core::Int128;
inline constexpr int amount_decimals = 16;

enum class VenueName : std::uint8_t { binance, bybit };

[[nodiscard]] constexpr VenueName venue_of(SurfaceId surface) noexcept {
  return surface == SurfaceId::binance_spot || surface == SurfaceId::binance_linear
             ? VenueName::binance
             : VenueName::bybit;
}

[[nodiscard]] constexpr bool is_spot(SurfaceId surface) noexcept {
  return surface == SurfaceId::binance_spot || surface == SurfaceId::bybit_spot;
}

using AccountId = std::size_t; ///< never used twice
using OrderId = std::int64_t;  ///< over all surfaces and accounts, rising

/// One credential. A key has a secret (HMAC) or a public key (Ed25519).
struct ApiKey {
  std::string key;
  std::string secret;
  std::string public_key; ///< Ed25519, base64 of the DER SubjectPublicKeyInfo, as in a PEM's body
  bool may_trade = true, may_withdraw = false;
};

/// Parts of the traded value in 10^-8: 0.1 % is 100'000. Below zero is a rebate.
struct FeeRates {
  std::int64_t maker_e8 = 0;
  std::int64_t taker_e8 = 0;
};

/// What a spot fee is taken from. Binance and Bybit take it from what was received.
enum class FeeAsset : std::uint8_t { received, quote };

/// An account as a scenario or POST /accounts describes it.
struct AccountOrder {
  std::string name;
  VenueName venue = VenueName::binance;
  std::vector<ApiKey> keys;
  std::map<std::string, Amount> spot;   ///< deposits; Bybit's one wallet gets both
  std::map<std::string, Amount> linear; ///< deposits
  std::optional<FeeRates> spot_fees;    ///< absent: what the venue takes from a newcomer
  std::optional<FeeRates> linear_fees;
  FeeAsset fee_asset = FeeAsset::received;
  std::int64_t leverage = 20; ///< of every contract until it is set
};

struct Balance {
  Amount free = 0;
  Amount locked = 0;               ///< held by open spot orders
  core::UnixMillis changed_at = 0; ///< by a deposit or a fill; 0: never
};

/// One-way position in one contract.
struct Position {
  std::int64_t quantity = 0; ///< contract coins at the quantity's decimals; below zero is short
  Amount cost = 0;           ///< of what is held, at entry prices; never below zero
  Amount realised = 0;       ///< profit since the account exists, before fees
  std::int64_t leverage = 20;
  core::UnixMillis updated_at = 0;
};

enum class OrderType : std::uint8_t { market, limit };
enum class Lifetime : std::uint8_t { gtc, ioc, fok };
/// What happens when an order would meet one of the same account.
enum class SelfTrade : std::uint8_t { none, expire_taker, expire_maker, expire_both };

enum class OrderState : std::uint8_t {
  open,
  partially_filled,
  filled,
  cancelled,
  expired,
  rejected
};

[[nodiscard]] constexpr bool is_open(OrderState state) noexcept {
  return state == OrderState::open || state == OrderState::partially_filled;
}

/// Why an order was refused, or why it ended before it was filled.
enum class Refusal : std::uint8_t {
  none,
  unknown_symbol,
  market_closed,      ///< halted, or a recorded market whose book is not there yet
  bad_request,        ///< neither price nor quantity where one is needed
  price_precision,    ///< more decimals than the instrument's prices have
  quantity_precision, ///< more decimals than the instrument's quantities have
  price_range,        ///< outside of the instrument's lowest and highest price
  price_tick,         ///< off the tick
  quantity_range,     ///< outside of the instrument's smallest and largest quantity
  quantity_lot,       ///< off the lot
  notional_min,       ///< value too small
  notional_max,       ///< value too large
  price_band,         ///< too far from the market's price
  open_orders_max,    ///< too many open orders in this symbol
  duplicate_id,       ///< the client order id is taken
  balance,            ///< not enough free balance (spot)
  margin,             ///< not enough margin (linear)
  would_take,         ///< a post-only order that would have traded
  reduce_only,        ///< there is nothing to reduce
  fok_unfillable,     ///< a fill-or-kill order that could not be filled whole
  no_liquidity,       ///< the book ran out
  ioc_rest,           ///< the rest of an immediate-or-cancel order
  self_trade,         ///< stopped by self-trade prevention
  not_permitted,      ///< the key may not trade
  unknown_order,      ///< no open order of this id
  by_request,         ///< cancelled by its owner
  countdown,          ///< cancelled by the dead-man's switch
  injected            ///< an armed fault asked for it
};

/// An order as it arrives. Price and quantities are decimals as written by the client.
struct OrderAsk {
  AccountId account = 0;
  SurfaceId surface = SurfaceId::binance_spot;
  std::string symbol;
  Side side = Side::bid; ///< bid buys
  OrderType type = OrderType::limit;
  Lifetime lifetime = Lifetime::gtc;
  bool post_only = false;
  bool reduce_only = false;
  SelfTrade self_trade = SelfTrade::none;
  std::optional<core::Decimal> price;
  std::optional<core::Decimal> quantity;
  std::optional<core::Decimal> quote_quantity; ///< market: spend or receive so much quote
  std::string client_id;                       ///< the surface has made one up if none was given
  std::string tag;     ///< the surface's own word for type or lifetime, kept with the order
  bool manual = false; ///< by POST /orders/manual, behind the engine's back
};

struct Order {
  OrderId id = 0;
  AccountId account = 0;
  SurfaceId surface = SurfaceId::binance_spot;
  std::string symbol;
  std::string client_id;
  Side side = Side::bid;
  OrderType type = OrderType::limit;
  Lifetime lifetime = Lifetime::gtc;
  bool post_only = false;
  bool reduce_only = false;
  SelfTrade self_trade = SelfTrade::none;
  std::string tag;
  bool manual = false;
  std::int64_t price = 0;    ///< 0: market order
  std::int64_t quantity = 0; ///< 0: by quote amount and nothing filled yet
  std::int64_t filled = 0;
  Amount quote_quantity = 0; ///< asked for; 0: by quantity
  Amount filled_value = 0;   ///< sum of price times quantity of its fills
  Amount locked = 0;         ///< spot: what it still holds of the account's balance
  OrderState state = OrderState::open;
  Refusal reason = Refusal::none; ///< why it ended unfilled
  core::UnixMillis created_at = 0;
  core::UnixMillis updated_at = 0;

  [[nodiscard]] std::int64_t left() const noexcept { return quantity - filled; }
};

struct Fill {
  std::int64_t trade_id = 0;     ///< the market's public trade
  std::int64_t execution_id = 0; ///< over all, rising
  OrderId order = 0;
  SurfaceId surface = SurfaceId::binance_spot;
  std::string symbol;
  Side side = Side::bid;
  bool maker = false;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  Amount fee = 0; ///< below zero: a rebate
  std::string fee_asset;
  Amount realised = 0; ///< linear: profit taken by this fill, before its fee
  core::UnixMillis at = 0;
};

enum class OrderEventKind : std::uint8_t {
  accepted,
  filled,
  cancelled,
  expired,
  rejected,
  amended
};

/// One thing that happened to an order, with the order as it stood right then.
struct OrderEvent {
  OrderEventKind kind = OrderEventKind::accepted;
  Order order;
  std::optional<Fill> fill;        ///< of kind filled
  std::int64_t execution_id = 0;   ///< rising over all events
  std::string request_id;          ///< cancelled: client id of the cancel request, may be empty
  std::vector<std::string> assets; ///< whose balance changed with it
  bool position_changed = false;   ///< linear fills
  Time at{};
};

enum class BalanceReason : std::uint8_t { deposit, withdraw, trade, fee, realised };

/// A balance that changed for another reason than an order.
struct TransferEvent {
  AccountId account = 0;
  SurfaceId surface = SurfaceId::binance_spot;
  std::string asset;
  Amount delta = 0;
  Time at{};
};

/// Hears everything that happens at the exchange, of all venues; a surface picks what is its own.
/// Called inside place(), cancel(), tick() and on_step(), in the order of the events.
class ExchangeListener {
public:
  virtual ~ExchangeListener() = default;
  virtual void on_order(const OrderEvent& event) = 0;
  virtual void on_transfer(const TransferEvent& event) = 0;
};

/// What the filters of an instrument allow. Prices and quantities at its decimals.
struct TradingRules {
  std::int64_t price_min = 0, price_max = 0;
  std::int64_t quantity_min = 0, quantity_max = 0, market_quantity_max = 0;
  Amount notional_min = 0;
  Amount notional_max = 0; ///< limit orders; 0: none
  std::int64_t band_up_ppm = 0,
               band_down_ppm = 0; ///< highest and lowest price in parts of the market's
  std::size_t open_orders_max = 0;
};

} // namespace tandem::sim
