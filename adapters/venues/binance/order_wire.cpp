#include "adapters/venues/binance/order_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

namespace dom = simdjson::dom;
using core::Errc;
using core::Result;
using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;
using core::orders::VenueFill;
using core::orders::VenueOrder;
using core::orders::VenueStatus;

constexpr std::size_t client_id_max = 36;
constexpr std::size_t symbol_bytes_max = 64;

tl::unexpected<core::Error> invalid(std::string detail) {
  return core::fail(Errc::validation_error, std::move(detail), "binance");
}

bool is_client_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > client_id_max)
    return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
           || c == ':' || c == '/' || c == '_' || c == '-';
  });
}

std::string_view word_of(Side side) noexcept {
  return side == Side::buy ? "BUY" : "SELL";
}

/// Post-only has a word on USD-M; on spot it is an order type of its own.
std::string_view word_of(TimeInForce tif) noexcept {
  switch (tif) {
  case TimeInForce::gtc:
    return "GTC";
  case TimeInForce::ioc:
    return "IOC";
  case TimeInForce::fok:
    return "FOK";
  case TimeInForce::post_only:
    return "GTX";
  }
  return "GTC";
}

core::Status check_draft(core::MarketType type, const core::orders::OrderIntent& order) {
  const auto& draft = order.draft;
  if (draft.instrument.symbol.empty())
    return invalid("an order without a symbol");
  if (!is_client_id(order.id.text()))
    return invalid("client order id '" + order.id.text().substr(0, client_id_max + 1)
                   + "' is not 1 to 36 of [.A-Z:/a-z0-9_-]");
  return check_terms(type, draft, "binance");
}

bool is_fractionless(std::string_view digits) noexcept {
  constexpr std::size_t digits_max = 19; // of an int64
  return !digits.empty() && digits.size() <= digits_max
         && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

/// The words that a venue adds to an end, where it has any.
std::string reason_of(const Object& object, std::string_view status) {
  if (const auto reason = object.text("expiryReason"))
    return std::string{*reason};
  return status == "EXPIRED_IN_MATCH" ? std::string{status} : std::string{};
}

} // namespace

std::optional<Side> side_of(std::string_view word) noexcept {
  if (word == "BUY")
    return Side::buy;
  if (word == "SELL")
    return Side::sell;
  return std::nullopt;
}

std::optional<VenueStatus> status_of(std::string_view word) noexcept {
  // NEW_INSURANCE and NEW_ADL: a liquidation in the hands of the fund or of other traders (USD-M).
  for (const auto* open :
       {"NEW", "PARTIALLY_FILLED", "PENDING_NEW", "PENDING_CANCEL", "NEW_INSURANCE", "NEW_ADL"})
    if (word == open)
      return VenueStatus::open;
  if (word == "FILLED")
    return VenueStatus::filled;
  if (word == "CANCELED")
    return VenueStatus::cancelled;
  if (word == "EXPIRED" || word == "EXPIRED_IN_MATCH")
    return VenueStatus::expired;
  if (word == "REJECTED")
    return VenueStatus::rejected;
  return std::nullopt;
}

OrderType type_of(std::string_view word) noexcept {
  const bool market = word == "MARKET" || word.ends_with("_MARKET") || word == "STOP_LOSS";
  return market ? OrderType::market : OrderType::limit;
}

TimeInForce tif_of(std::string_view word, std::string_view type) noexcept {
  if (word == "GTX" || type == "LIMIT_MAKER")
    return TimeInForce::post_only;
  if (word == "IOC")
    return TimeInForce::ioc;
  return word == "FOK" ? TimeInForce::fok : TimeInForce::gtc;
}

Result<Params> place_params(core::MarketType type, const core::orders::OrderIntent& order) {
  if (const auto good = check_draft(type, order); !good)
    return tl::unexpected{good.error()};
  const auto& draft = order.draft;
  const bool spot = type == core::MarketType::spot;
  const bool maker = spot && draft.tif == TimeInForce::post_only;
  Params params;
  params.text("symbol", draft.instrument.symbol.text());
  params.text("side", std::string{word_of(draft.side)});
  if (draft.type == OrderType::market) {
    params.text("type", "MARKET");
  } else {
    params.text("type", maker ? "LIMIT_MAKER" : "LIMIT");
    if (!maker)
      params.text("timeInForce", std::string{word_of(draft.tif)});
  }
  params.text("quantity", core::format_scaled(draft.quantity.units, draft.scale.quantity_decimals));
  if (draft.type == OrderType::limit)
    params.text("price", core::format_scaled(draft.price.units, draft.scale.price_decimals));
  if (draft.reduce_only)
    params.text("reduceOnly", "true");
  params.text("newClientOrderId", order.id.text());
  // USD-M has no FULL: its fills come by stream only.
  params.text("newOrderRespType", spot ? "FULL" : "RESULT");
  // Of two orders of ours that would meet, the new one ends and the resting one stays.
  params.text("selfTradePreventionMode", "EXPIRE_TAKER");
  return params;
}

Result<Params> ref_params(const OrderRef& order) {
  if (order.symbol.empty())
    return invalid("an order is named with its symbol");
  Params params;
  params.text("symbol", order.symbol.text());
  if (order.venue_order_id.empty()) {
    if (!is_client_id(order.client_id.text()))
      return invalid("an order is named by the venue's id or by a client order id");
    params.text("origClientOrderId", order.client_id.text());
    return params;
  }
  if (!is_fractionless(order.venue_order_id))
    return invalid("the venue's order ids are numbers");
  params.digits("orderId", order.venue_order_id);
  return params;
}

std::optional<core::InstrumentKey> instrument_of(core::MarketType type, std::string_view symbol) {
  const bool good
      = !symbol.empty() && symbol.size() <= symbol_bytes_max
        && std::ranges::none_of(symbol, [](char c) {
             return static_cast<unsigned char>(c) <= ' ' || c == '"' || (c >= 'a' && c <= 'z');
           });
  if (!good)
    return std::nullopt;
  return core::InstrumentKey{core::VenueId{"binance"}, type, core::Symbol{std::string{symbol}}};
}

std::optional<VenueOrder> read_order(core::MarketType type, const Object& object) {
  const auto symbol = object.text("symbol");
  const auto id = object.integer("orderId");
  if (!symbol || !id || *id <= 0)
    return std::nullopt;
  const auto instrument = instrument_of(type, *symbol);
  if (!instrument)
    return std::nullopt;
  VenueOrder order;
  order.instrument = *instrument;
  order.venue_order_id = std::to_string(*id);
  const auto own = object.has("origClientOrderId") ? object.text("origClientOrderId")
                                                   : object.text("clientOrderId");
  if (!own)
    return std::nullopt;
  order.client_id = *own;
  for (const auto* time : {"updateTime", "transactTime", "time"})
    if (object.has(time) && order.venue_time == 0) {
      const auto at = object.integer(time);
      if (!at || *at < 0)
        return std::nullopt;
      order.venue_time = *at;
    }
  if (!object.has("status") && !object.has("executedQty"))
    return order; // ACK: the venue has it, and says no more
  const auto status_word = object.text("status");
  const auto side_word = object.text("side");
  const auto kind = object.text("type");
  const auto tif = object.text("timeInForce");
  const auto price = object.amount("price");
  const auto quantity = object.amount("origQty");
  const auto filled = object.amount("executedQty");
  if (!status_word || !side_word || !kind || !tif || !price || !quantity || !filled)
    return std::nullopt;
  const auto status = status_of(*status_word);
  const auto side = side_of(*side_word);
  if (!status || !side)
    return std::nullopt;
  order.status = *status;
  order.side = *side;
  order.type = type_of(*kind);
  order.tif = tif_of(*tif, *kind);
  order.price = *price;
  order.quantity = *quantity;
  order.cumulative = *filled;
  order.reason = reason_of(object, *status_word);
  return order;
}

std::optional<VenueFill> read_fill(const VenueOrder& order, const Object& row) {
  const auto id = row.integer("tradeId");
  const auto price = row.amount("price");
  const auto quantity = row.amount("qty");
  const auto fee = row.money("commission");
  const auto asset = row.text("commissionAsset");
  if (!id || *id < 0 || !price || !quantity || quantity->is_zero() || !fee || !asset)
    return std::nullopt;
  VenueFill fill;
  fill.instrument = order.instrument;
  fill.client_id = order.client_id;
  fill.venue_order_id = order.venue_order_id;
  fill.side = order.side;
  fill.trade_id = std::to_string(*id);
  fill.price = *price;
  fill.quantity = *quantity;
  fill.fee = *fee;
  fill.fee_asset = *asset;
  fill.venue_time = order.venue_time;
  return fill;
}

std::optional<VenueFill> read_trade(core::MarketType type, const Object& row) {
  const bool spot = type == core::MarketType::spot;
  const auto symbol = row.text("symbol");
  const auto id = row.integer("id");
  const auto order_id = row.integer("orderId");
  const auto price = row.amount("price");
  const auto quantity = row.amount("qty");
  const auto fee = row.money("commission");
  const auto asset = row.text("commissionAsset");
  const auto time = row.integer("time");
  const auto buyer = row.flag(spot ? "isBuyer" : "buyer");
  const auto maker = row.flag(spot ? "isMaker" : "maker");
  if (!symbol || !id || *id < 0 || !order_id || *order_id <= 0 || !price || !quantity
      || quantity->is_zero() || !fee || !asset || !time || *time < 0 || !buyer || !maker)
    return std::nullopt;
  const auto instrument = instrument_of(type, *symbol);
  if (!instrument)
    return std::nullopt;
  VenueFill fill;
  fill.instrument = *instrument;
  fill.venue_order_id = std::to_string(*order_id);
  fill.side = *buyer ? Side::buy : Side::sell;
  fill.trade_id = std::to_string(*id);
  fill.price = *price;
  fill.quantity = *quantity;
  fill.fee = *fee;
  fill.fee_asset = *asset;
  fill.maker = *maker;
  fill.venue_time = *time;
  return fill;
}

} // namespace tandem::adapters::venues::binance
