// What the exchange's orders, fills and refusals are called in Binance's words. Sources: Spot "REST
// API", "Errors", "Filters"; USD-M "Error Code", "Trade".
#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/binance_reply.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr int spot_digits = 8;

HttpAnswer filter(std::string_view name) {
  return error(400, -1013, fmt::format("Filter failure: {}", name));
}

HttpAnswer rejected(std::string_view message) {
  return error(400, -2010, message);
}

} // namespace

std::string_view binance_side(Side side) noexcept {
  return side == Side::bid ? "BUY" : "SELL";
}

std::string_view binance_status(const Order& order) noexcept {
  switch (order.state) {
  case OrderState::open:
    return "NEW";
  case OrderState::partially_filled:
    return "PARTIALLY_FILLED";
  case OrderState::filled:
    return "FILLED";
  case OrderState::cancelled:
    return "CANCELED";
  case OrderState::rejected:
    return "REJECTED";
  case OrderState::expired:
    break;
  }
  return order.reason == Refusal::self_trade ? "EXPIRED_IN_MATCH" : "EXPIRED";
}

std::string_view binance_type(const Order& order) noexcept {
  if (order.type == OrderType::market)
    return "MARKET";
  return order.post_only && is_spot(order.surface) ? "LIMIT_MAKER" : "LIMIT";
}

std::string_view binance_lifetime(const Order& order) noexcept {
  if (order.post_only && !is_spot(order.surface))
    return "GTX";
  if (order.type == OrderType::market || order.lifetime == Lifetime::gtc)
    return "GTC";
  return order.lifetime == Lifetime::ioc ? "IOC" : "FOK";
}

std::string_view binance_self_trade(SelfTrade mode) noexcept {
  switch (mode) {
  case SelfTrade::expire_taker:
    return "EXPIRE_TAKER";
  case SelfTrade::expire_maker:
    return "EXPIRE_MAKER";
  case SelfTrade::expire_both:
    return "EXPIRE_BOTH";
  case SelfTrade::none:
    break;
  }
  return "NONE";
}

std::string_view binance_expiry(const Order& order) noexcept {
  if (order.state != OrderState::expired)
    return {};
  switch (order.reason) {
  case Refusal::ioc_rest:
    return "UNFILLED_IOC_QUANTITY_EXPIRED";
  case Refusal::fok_unfillable:
    return "UNFILLED_FOK_ORDER_EXPIRED";
  case Refusal::no_liquidity:
    return "INSUFFICIENT_LIQUIDITY";
  case Refusal::price_band:
    return "EXECUTION_RULE_PRICE_RANGE_EXCEEDED";
  default:
    return {};
  }
}

const Instrument& BinancePrivate::instrument(const std::string& symbol) const {
  return *std::ranges::find(instruments_, symbol, &Instrument::symbol);
}

std::string BinancePrivate::price_text(const Instrument& of, std::int64_t price) const {
  std::string out;
  add_fixed(out, price, of.price_decimals, spot() ? spot_digits : of.price_decimals);
  return out;
}

std::string BinancePrivate::quantity_text(const Instrument& of, std::int64_t quantity) const {
  std::string out;
  add_fixed(out, quantity, of.quantity_decimals, spot() ? spot_digits : of.quantity_decimals);
  return out;
}

std::string BinancePrivate::value_text(Amount value) {
  return amount_text(value, spot_digits);
}

std::string BinancePrivate::average_text(const Order& order) const {
  const auto& of = instrument(order.symbol);
  if (order.filled == 0)
    return "0.00";
  const auto exact = core::divide(order.filled_value * core::pow10(of.quantity_decimals),
                                  order.filled, core::Rounding::half_even);
  return value_text(exact);
}

// ---- refusals

HttpAnswer BinancePrivate::refusal(Refusal reason, const OrderAsk& ask) const {
  if (reason == Refusal::unknown_symbol)
    return bad_symbol();
  if (reason == Refusal::not_permitted)
    return error(401, -2015, "Invalid API-key, IP, or permissions for action.");
  if (reason == Refusal::bad_request)
    return missing("quantity");
  return spot() ? spot_refusal(reason, ask) : linear_refusal(reason, ask);
}

HttpAnswer BinancePrivate::spot_refusal(Refusal reason, const OrderAsk& ask) {
  switch (reason) {
  case Refusal::price_precision:
    return error(400, -1111, "Parameter 'price' has too much precision.");
  case Refusal::quantity_precision:
    return error(400, -1111, "Parameter 'quantity' has too much precision.");
  case Refusal::price_range:
  case Refusal::price_tick:
    return filter("PRICE_FILTER");
  case Refusal::quantity_range:
    return filter(ask.type == OrderType::market ? "MARKET_LOT_SIZE" : "LOT_SIZE");
  case Refusal::quantity_lot:
    return filter("LOT_SIZE");
  case Refusal::notional_min:
  case Refusal::notional_max:
    return filter("NOTIONAL");
  case Refusal::price_band:
    return filter("PERCENT_PRICE_BY_SIDE");
  case Refusal::open_orders_max:
    return filter("MAX_NUM_ORDERS");
  case Refusal::duplicate_id:
    return rejected("Duplicate order sent.");
  case Refusal::balance:
  case Refusal::margin:
    return rejected("Account has insufficient balance for requested action.");
  case Refusal::would_take:
    return rejected("Order would immediately match and take.");
  case Refusal::market_closed:
    return rejected("Market is closed.");
  case Refusal::injected:
    return rejected("This action is disabled on this account.");
  default:
    return rejected("New order rejected.");
  }
}

HttpAnswer BinancePrivate::linear_refusal(Refusal reason, const OrderAsk& ask) const {
  switch (reason) {
  case Refusal::price_precision:
  case Refusal::quantity_precision:
    return error(400, -1111, "Precision is over the maximum defined for this asset.");
  case Refusal::price_range:
    return error(400, -4002, "Price greater than max price.");
  case Refusal::price_tick:
    return error(400, -4014, "Price not increased by tick size.");
  case Refusal::quantity_range: {
    const auto least = core::Decimal{Exchange::rules(instrument(ask.symbol)).quantity_min,
                                     instrument(ask.symbol).quantity_decimals};
    return ask.quantity && *ask.quantity < least
               ? error(400, -4004, "Quantity less than min quantity.")
               : error(400, -4005, "Quantity greater than max quantity.");
  }
  case Refusal::quantity_lot:
    return error(400, -4023, "Qty not increased by step size.");
  case Refusal::notional_min:
    return error(400, -4164,
                 "Order's notional must be no smaller than 5 (unless you choose reduce only).");
  case Refusal::price_band:
    if (ask.type == OrderType::market)
      return error(400, -4131,
                   "The counterparty's best price does not meet the PERCENT_PRICE filter limit.");
    return ask.side == Side::bid
               ? error(400, -4016, "Limit price can't be higher than the multiplier cap.")
               : error(400, -4024, "Limit price can't be lower than the multiplier floor.");
  case Refusal::open_orders_max:
    return error(400, -2025, "Reach max open order limit.");
  case Refusal::duplicate_id:
    return error(400, -4116, "ClientOrderId is duplicated.");
  case Refusal::balance:
  case Refusal::margin:
    return error(400, -2019, "Margin is insufficient.");
  case Refusal::would_take:
    return error(400, -5022,
                 "Due to the order could not be executed as maker, the Post Only order will be "
                 "rejected. The order will not be recorded in the order history");
  case Refusal::fok_unfillable:
    return error(400, -5021,
                 "Due to the order could not be filled immediately, the FOK order has been "
                 "rejected. The order will not be recorded in the order history");
  case Refusal::reduce_only:
    return error(400, -2022, "ReduceOnly Order is rejected.");
  case Refusal::market_closed:
    return error(400, -4108,
                 "This symbol is in delivering or delivered or settling or closed or "
                 "pre-trading status.");
  default:
    return rejected("New order rejected.");
  }
}

// ---- orders

std::string BinancePrivate::order_text(const Order& order, bool with_times) const {
  const auto& of = instrument(order.symbol);
  if (!spot())
    return fmt::format(
        R"({{"orderId":{},"symbol":"{}","status":"{}","clientOrderId":{},"price":"{}","avgPrice":"{}","origQty":"{}","executedQty":"{}","cumQty":"{}","cumQuote":"{}",)"
        R"("timeInForce":"{}","type":"{}","reduceOnly":{},"closePosition":false,"side":"{}","positionSide":"BOTH","stopPrice":"0","workingType":"CONTRACT_PRICE",)"
        R"("priceProtect":false,"origType":"{}","priceMatch":"NONE","selfTradePreventionMode":"{}","goodTillDate":0{},"updateTime":{}}})",
        order.id, order.symbol, binance_status(order), json_quoted(order.client_id),
        price_text(of, order.price), average_text(order), quantity_text(of, order.quantity),
        quantity_text(of, order.filled), quantity_text(of, order.filled),
        value_text(order.filled_value), binance_lifetime(order), binance_type(order),
        order.reduce_only, binance_side(order.side), binance_type(order),
        binance_self_trade(order.self_trade),
        with_times ? fmt::format(R"(,"time":{})", order.created_at) : std::string{},
        order.updated_at);
  const auto expiry = binance_expiry(order);
  return fmt::format(
      R"({{"symbol":"{}","orderId":{},"orderListId":-1,"clientOrderId":{},"price":"{}","origQty":"{}","executedQty":"{}","origQuoteOrderQty":"{}","cummulativeQuoteQty":"{}",)"
      R"("status":"{}","timeInForce":"{}","type":"{}","side":"{}","stopPrice":"0.00000000","icebergQty":"0.00000000"{},"isWorking":true,"workingTime":{},"selfTradePreventionMode":"{}"{}}})",
      order.symbol, order.id, json_quoted(order.client_id), price_text(of, order.price),
      quantity_text(of, order.quantity), quantity_text(of, order.filled),
      value_text(order.quote_quantity), value_text(order.filled_value), binance_status(order),
      binance_lifetime(order), binance_type(order), binance_side(order.side),
      with_times ? fmt::format(R"(,"time":{},"updateTime":{})", order.created_at, order.updated_at)
                 : std::string{},
      order.created_at, binance_self_trade(order.self_trade),
      expiry.empty() ? std::string{} : fmt::format(R"(,"expiryReason":"{}")", expiry));
}

std::string BinancePrivate::spot_placed(const Order& order, std::string_view answer) const {
  const auto& of = instrument(order.symbol);
  auto out = fmt::format(
      R"({{"symbol":"{}","orderId":{},"orderListId":-1,"clientOrderId":{},"transactTime":{})",
      order.symbol, order.id, json_quoted(order.client_id), order.updated_at);
  if (answer == "ACK")
    return out + '}';
  const auto expiry = binance_expiry(order);
  out += fmt::format(
      R"(,"price":"{}","origQty":"{}","executedQty":"{}","origQuoteOrderQty":"{}","cummulativeQuoteQty":"{}","status":"{}","timeInForce":"{}","type":"{}","side":"{}",)"
      R"("workingTime":{},"selfTradePreventionMode":"{}"{})",
      price_text(of, order.price), quantity_text(of, order.quantity),
      quantity_text(of, order.filled), value_text(order.quote_quantity),
      value_text(order.filled_value), binance_status(order), binance_lifetime(order),
      binance_type(order), binance_side(order.side), order.created_at,
      binance_self_trade(order.self_trade),
      expiry.empty() ? std::string{} : fmt::format(R"(,"expiryReason":"{}")", expiry));
  if (answer != "FULL")
    return out + '}';
  std::string fills;
  for (const auto* fill : exchange_.fills_of(order))
    fills += fmt::format(
        R"({}{{"price":"{}","qty":"{}","commission":"{}","commissionAsset":"{}","tradeId":{}}})",
        fills.empty() ? "" : ",", price_text(of, fill->price), quantity_text(of, fill->quantity),
        value_text(fill->fee), fill->fee_asset, fill->trade_id);
  return out + R"(,"fills":[)" + fills + "]}";
}

std::string BinancePrivate::spot_cancelled(const Order& order,
                                           const std::string& request_id) const {
  const auto& of = instrument(order.symbol);
  return fmt::format(
      R"({{"symbol":"{}","origClientOrderId":{},"orderId":{},"orderListId":-1,"clientOrderId":{},"transactTime":{},"price":"{}","origQty":"{}","executedQty":"{}",)"
      R"("origQuoteOrderQty":"{}","cummulativeQuoteQty":"{}","status":"{}","timeInForce":"{}","type":"{}","side":"{}","selfTradePreventionMode":"{}"}})",
      order.symbol, json_quoted(order.client_id), order.id, json_quoted(request_id),
      order.updated_at, price_text(of, order.price), quantity_text(of, order.quantity),
      quantity_text(of, order.filled), value_text(order.quote_quantity),
      value_text(order.filled_value), binance_status(order), binance_lifetime(order),
      binance_type(order), binance_side(order.side), binance_self_trade(order.self_trade));
}

std::string BinancePrivate::fill_text(const Fill& fill) const {
  const auto& of = instrument(fill.symbol);
  const auto value = value_of(of, fill.price, fill.quantity);
  if (spot())
    return fmt::format(
        R"({{"symbol":"{}","id":{},"orderId":{},"orderListId":-1,"price":"{}","qty":"{}","quoteQty":"{}","commission":"{}","commissionAsset":"{}","time":{},"isBuyer":{},"isMaker":{},"isBestMatch":true}})",
        fill.symbol, fill.trade_id, fill.order, price_text(of, fill.price),
        quantity_text(of, fill.quantity), value_text(value), value_text(fill.fee), fill.fee_asset,
        fill.at, fill.side == Side::bid, fill.maker);
  return fmt::format(
      R"({{"symbol":"{}","id":{},"orderId":{},"side":"{}","price":"{}","qty":"{}","realizedPnl":"{}","quoteQty":"{}","commission":"{}","commissionAsset":"{}","time":{},"positionSide":"BOTH","maker":{},"buyer":{}}})",
      fill.symbol, fill.trade_id, fill.order, binance_side(fill.side), price_text(of, fill.price),
      quantity_text(of, fill.quantity), value_text(fill.realised), value_text(value),
      value_text(fill.fee), fill.fee_asset, fill.at, fill.maker, fill.side == Side::bid);
}

} // namespace tandem::sim
