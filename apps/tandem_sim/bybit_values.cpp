#include "apps/tandem_sim/bybit_values.hpp"

#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace tandem::sim {
namespace {

constexpr std::int64_t spot_order_base = 1'900'000'000'000'000'000; // as long as the venue's own
constexpr std::int64_t spot_execution_base = 2'100'000'000'000'000'000;

/// A version-4-looking UUID with the number in its last field, so that it can be read back.
std::string uuid_of(std::int64_t number, std::uint64_t salt) {
  auto mixed = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15ULL ^ salt;
  mixed ^= mixed >> 29U;
  return fmt::format("{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}", mixed >> 32U,
                     (mixed >> 16U) & 0xffffU, (mixed >> 4U) & 0xfffU, mixed & 0xfffU,
                     static_cast<std::uint64_t>(number) & 0xffffffffffffULL);
}

constexpr std::uint64_t order_salt = 0x6f72646572ULL;
constexpr std::uint64_t execution_salt = 0x65786563ULL;

std::string fee_details(const BybitTally& tally) {
  std::string out;
  for (const auto& [coin, fee] : tally.fees)
    out += fmt::format(R"({}{}:"{}")", out.empty() ? "" : ",", json_quoted(coin),
                       amount_trimmed(fee));
  return '{' + out + '}';
}

/// The price shown for an order: for a market order the band it was turned into.
std::string shown_price(const Order& order, const Instrument& instrument) {
  if (order.tag.starts_with(market_mark))
    return order.tag.substr(market_mark.size());
  return bybit_price(instrument, order.price);
}

bool by_quote(const Order& order) noexcept {
  return order.quote_quantity != 0;
}

std::string shown_quantity(const Order& order, const Instrument& instrument) {
  return by_quote(order) ? amount_trimmed(order.quote_quantity)
                         : bybit_quantity(instrument, order.quantity);
}

bool is_refused(const Order& order) noexcept {
  return order.tag.starts_with(rejected_mark) && !is_open(order.state);
}

std::int64_t rest_of(const Order& order) noexcept {
  return is_open(order.state) ? std::max<std::int64_t>(order.left(), 0) : 0;
}

} // namespace

std::optional<SurfaceId> bybit_surface(std::string_view category) noexcept {
  if (category == "spot")
    return SurfaceId::bybit_spot;
  return category == "linear" ? std::optional{SurfaceId::bybit_linear} : std::nullopt;
}

std::string bybit_order_id(SurfaceId surface, OrderId id) {
  return is_spot(surface) ? std::to_string(spot_order_base + id) : uuid_of(id, order_salt);
}

std::optional<OrderId> bybit_order_number(SurfaceId surface, std::string_view text) {
  constexpr std::size_t last_field = 12;
  const bool spot = is_spot(surface);
  const auto digits
      = spot || text.size() < last_field ? text : text.substr(text.size() - last_field);
  std::int64_t number = 0;
  const auto [end, failed]
      = std::from_chars(digits.data(), digits.data() + digits.size(), number, spot ? 10 : 16);
  if (failed != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  number -= spot ? spot_order_base : 0;
  return number > 0 && bybit_order_id(surface, number) == text ? std::optional{number}
                                                               : std::nullopt;
}

std::string bybit_execution_id(SurfaceId surface, std::int64_t execution) {
  return is_spot(surface) ? std::to_string(spot_execution_base + execution)
                          : uuid_of(execution, execution_salt);
}

std::string_view bybit_link_id(const Order& order) noexcept {
  return order.client_id.starts_with(unnamed_mark) ? std::string_view{} : order.client_id;
}

std::string_view bybit_status(const Order& order) noexcept {
  if (is_refused(order))
    return "Rejected";
  switch (order.state) {
  case OrderState::open:
    return "New";
  case OrderState::partially_filled:
    return "PartiallyFilled";
  case OrderState::filled:
    return "Filled";
  case OrderState::rejected:
    return "Rejected";
  case OrderState::cancelled:
  case OrderState::expired:
    break;
  }
  const bool spot = is_spot(order.surface);
  if (spot && order.filled > 0)
    return "PartiallyFilledCanceled"; // linear says Cancelled and leaves cumExecQty to tell
  // The documentation shows a linear post-only order as Cancelled; both words are in its list.
  return spot && order.reason == Refusal::would_take ? "Rejected" : "Cancelled";
}

std::string_view bybit_reject_reason(const Order& order) noexcept {
  if (is_refused(order))
    return "EC_Others";
  if (is_open(order.state) || order.state == OrderState::filled)
    return "EC_NoError";
  switch (order.reason) {
  case Refusal::would_take:
    return "EC_PostOnlyWillTakeLiquidity";
  case Refusal::fok_unfillable:
    return "EC_CancelForNoFullFill";
  case Refusal::ioc_rest:
  case Refusal::no_liquidity:
    return order.filled == 0 ? "EC_NoImmediateQtyToFill" : "EC_NoEnoughQtyToFill";
  case Refusal::by_request:
  case Refusal::countdown:
    return "EC_PerCancelRequest";
  case Refusal::self_trade:
    return "EC_BySelfMatch";
  case Refusal::price_band:
    return "EC_ReachRiskPriceLimit";
  case Refusal::none:
    return "EC_NoError";
  case Refusal::unknown_symbol:
  case Refusal::market_closed:
  case Refusal::bad_request:
  case Refusal::price_precision:
  case Refusal::quantity_precision:
  case Refusal::price_range:
  case Refusal::price_tick:
  case Refusal::quantity_range:
  case Refusal::quantity_lot:
  case Refusal::notional_min:
  case Refusal::notional_max:
  case Refusal::open_orders_max:
  case Refusal::duplicate_id:
  case Refusal::balance:
  case Refusal::margin:
  case Refusal::reduce_only:
  case Refusal::not_permitted:
  case Refusal::unknown_order:
  case Refusal::injected:
    break;
  }
  return "EC_Others";
}

std::string_view bybit_cancel_type(const Order& order) noexcept {
  if (order.reason == Refusal::by_request)
    return "CancelByUser";
  if (order.reason == Refusal::countdown)
    return "CancelByDCP";
  if (order.reason == Refusal::self_trade)
    return "CancelBySmp";
  return order.reason == Refusal::reduce_only ? "CancelByReduceOnly" : "UNKNOWN";
}

std::string_view bybit_lifetime(const Order& order) noexcept {
  if (order.tag.starts_with(rejected_mark) && order.tag.size() > rejected_mark.size())
    return std::string_view{order.tag}.substr(rejected_mark.size());
  if (order.tag.starts_with(rejected_mark) && order.type == OrderType::limit)
    return "GTC";
  if (order.post_only)
    return "PostOnly";
  if (order.type == OrderType::market || order.lifetime == Lifetime::ioc)
    return "IOC";
  return order.lifetime == Lifetime::fok ? "FOK" : "GTC";
}

std::string_view bybit_order_type(const Order& order) noexcept {
  const bool market = order.type == OrderType::market || order.tag.starts_with(market_mark);
  return market ? "Market" : "Limit";
}

std::string bybit_price(const Instrument& instrument, std::int64_t price) {
  std::string out;
  if (is_spot(instrument.surface))
    add_trimmed(out, price, instrument.price_decimals);
  else
    add_fixed(out, price, instrument.price_decimals, instrument.price_decimals);
  return out;
}

std::string bybit_quantity(const Instrument& instrument, std::int64_t quantity) {
  std::string out;
  if (is_spot(instrument.surface))
    add_trimmed(out, quantity, instrument.quantity_decimals);
  else
    add_fixed(out, quantity, instrument.quantity_decimals, instrument.quantity_decimals);
  return out;
}

std::string bybit_average(const Instrument& instrument, Amount value, std::int64_t quantity) {
  constexpr int decimals_shown = 12;
  if (quantity == 0)
    return {};
  const auto exact = core::divide(value * core::pow10(instrument.quantity_decimals),
                                  std::abs(quantity), core::Rounding::half_even);
  const auto shown = core::divide(exact, core::pow10(amount_decimals - decimals_shown),
                                  core::Rounding::half_even);
  return core::format_scaled(shown, decimals_shown);
}

std::string bybit_order(const BybitOrderView& view) {
  const auto& [order, instrument, tally, cancel_type, reject_reason, stream] = view;
  const bool spot = is_spot(order.surface);
  const auto rest = rest_of(order);
  const auto rest_value = by_quote(order) ? Amount{0} : value_of(instrument, order.price, rest);
  Amount fees = 0;
  for (const auto& [coin, fee] : tally.fees)
    fees += fee;
  auto out = stream ? fmt::format(R"({{"category":"{}",)", bybit_category(order.surface))
                    : std::string{"{"};
  out += fmt::format(
      R"("symbol":"{}","orderId":"{}","orderLinkId":{},"blockTradeId":"","side":"{}","positionIdx":0,"orderStatus":"{}","cancelType":"{}","rejectReason":"{}",)"
      R"("timeInForce":"{}","isLeverage":"{}","price":"{}","qty":"{}","avgPrice":"{}","leavesQty":"{}","leavesValue":"{}","cumExecQty":"{}","cumExecValue":"{}","cumExecFee":"{}",)",
      order.symbol, bybit_order_id(order.surface, order.id), json_quoted(bybit_link_id(order)),
      bybit_side(order.side), bybit_status(order), cancel_type, reject_reason,
      bybit_lifetime(order), spot ? "0" : "", shown_price(order, instrument),
      shown_quantity(order, instrument),
      bybit_average(instrument, order.filled_value, order.filled), bybit_quantity(instrument, rest),
      amount_trimmed(rest_value), bybit_quantity(instrument, order.filled),
      amount_trimmed(order.filled_value), amount_trimmed(fees));
  if (stream)
    out += fmt::format(R"("closedPnl":"{}","feeCurrency":"{}",)", amount_trimmed(tally.realised),
                       spot && !tally.fees.empty() ? tally.fees.begin()->first : std::string{});
  if (!spot)
    out += R"("createType":"CreateByUser","tpslMode":"",)";
  if (spot && order.type == OrderType::market)
    out += fmt::format(R"("marketUnit":"{}",)", by_quote(order) ? "quoteCoin" : "baseCoin");
  return out
         + fmt::format(
             R"("orderType":"{}","stopOrderType":"","orderIv":"","triggerPrice":"","takeProfit":"","stopLoss":"","triggerBy":"","tpTriggerBy":"","slTriggerBy":"","triggerDirection":0,)"
             R"("placeType":"","lastPriceOnCreated":"","closeOnTrigger":false,"reduceOnly":{},"smpGroup":0,"smpType":"None","smpOrderId":"","slLimitPrice":"","tpLimitPrice":"",)"
             R"("createdTime":"{}","updatedTime":"{}","cumFeeDetail":{},"rpiTakerAccess":false,"rpiMatchedQty":"0"}})",
             bybit_order_type(order), order.reduce_only, order.created_at, order.updated_at,
             fee_details(tally));
}

std::string bybit_execution(const BybitExecutionView& view) {
  const auto& [order, fill, instrument, left, closed, fee_rate_e8, mark, stream] = view;
  constexpr int rate_decimals = 8;
  const bool spot = is_spot(order.surface);
  auto out = stream ? fmt::format(R"({{"category":"{}",)", bybit_category(order.surface))
                    : std::string{"{"};
  out += fmt::format(
      R"("symbol":"{}","closedSize":"{}","execFee":"{}","execId":"{}","execPrice":"{}","execQty":"{}","execType":"Trade","execValue":"{}","feeRate":"{}","feeCurrency":"{}",)"
      R"("tradeIv":"","markIv":"","blockTradeId":"","markPrice":"{}","indexPrice":"","underlyingPrice":"","leavesQty":"{}","orderId":"{}","orderLinkId":{},)",
      order.symbol, spot ? std::string{} : bybit_quantity(instrument, closed),
      amount_trimmed(fill.fee), bybit_execution_id(order.surface, fill.execution_id),
      bybit_price(instrument, fill.price), bybit_quantity(instrument, fill.quantity),
      amount_trimmed(value_of(instrument, fill.price, fill.quantity)),
      core::format_scaled(fee_rate_e8, rate_decimals), fill.fee_asset,
      spot ? std::string{} : bybit_price(instrument, mark), bybit_quantity(instrument, left),
      bybit_order_id(order.surface, order.id), json_quoted(bybit_link_id(order)));
  if (stream)
    out += fmt::format(R"("execPnl":"{}",)", amount_trimmed(fill.realised));
  if (!spot)
    out += R"("createType":"CreateByUser",)";
  return out
         + fmt::format(
             R"("orderPrice":"{}","orderQty":"{}","orderType":"{}","stopOrderType":"UNKNOWN","side":"{}","execTime":"{}","isLeverage":"0","isMaker":{},"marketUnit":"","extraFees":"","seq":{}}})",
             shown_price(order, instrument), shown_quantity(order, instrument),
             bybit_order_type(order), bybit_side(order.side), fill.at, fill.maker, fill.trade_id);
}

std::string bybit_fast_execution(const BybitExecutionView& view) {
  const auto& order = view.order;
  const auto& fill = view.fill;
  return fmt::format(
      R"({{"category":"{}","symbol":"{}","execId":"{}","execPrice":"{}","execQty":"{}","orderId":"{}","isMaker":{},"orderLinkId":{},"side":"{}","execTime":"{}","seq":{}}})",
      bybit_category(order.surface), order.symbol,
      bybit_execution_id(order.surface, fill.execution_id),
      bybit_price(view.instrument, fill.price), bybit_quantity(view.instrument, fill.quantity),
      bybit_order_id(order.surface, order.id), fill.maker,
      json_quoted(fill.maker ? std::string_view{} : bybit_link_id(order)), bybit_side(order.side),
      fill.at, fill.trade_id);
}

} // namespace tandem::sim
