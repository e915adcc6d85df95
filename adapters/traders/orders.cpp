#include "adapters/traders/orders.hpp"

#include "adapters/traders/fields.hpp"
#include "adapters/traders/frame.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tandem::adapters::traders {
namespace {

using core::orders::Order;
using core::orders::OrderState;
using core::orders::VenueStatus;
using core::strategy::ExecutionState;
using core::strategy::LegResult;

/// The word for an order's end.
std::optional<VenueStatus> ended(std::string_view word) {
  for (const auto status :
       {VenueStatus::filled, VenueStatus::cancelled, VenueStatus::expired, VenueStatus::rejected})
    if (core::orders::to_string(status) == word)
      return status;
  return std::nullopt;
}

/// The venue's id, or ours until the venue has told its own.
const std::string& order_id(const Order& order) {
  return order.venue_order_id().empty() ? order.id().text() : order.venue_order_id();
}

void write_origin(JsonWriter& out, const core::orders::OrderOrigin& origin) {
  out.key("pairId");
  if (origin.pair.empty())
    out.null();
  else
    out.string(origin.pair.text());
  out.key("planId");
  if (origin.plan.empty())
    out.null();
  else
    out.string(origin.plan);
}

void write_quantity(JsonWriter& out, std::string_view key, core::Quantity quantity,
                    core::Scale scale) {
  out.key(key).raw(core::format_scaled(quantity.units, scale.quantity_decimals));
}

JsonWriter begin_order(std::string_view event, const Order& order, std::string_view mode) {
  const auto& instrument = order.intent().draft.instrument;
  auto out = begin_frame(event, mode);
  out.begin_object()
      .field("exchange", instrument.venue.text())
      .field("type", core::to_string(instrument.type))
      .field("symbol", instrument.symbol.text())
      .field("orderId", order_id(order))
      .field("clientOrderId", order.id().text())
      .field("side", core::orders::to_string(order.intent().draft.side));
  write_origin(out, order.intent().draft.origin);
  return out;
}

std::string end_order(JsonWriter& out, core::UnixMillis ts) {
  out.field("ts", ts).end_object();
  return end_frame(out);
}

std::string submitted(const Order& order, core::UnixMillis ts, std::string_view mode) {
  auto out = begin_order("order_submitted", order, mode);
  write_quantity(out, "qty", order.intent().draft.quantity, order.intent().draft.scale);
  return end_order(out, ts);
}

std::string filled(const Order& order, const core::orders::Fill& fill, core::UnixMillis ts,
                   std::string_view mode) {
  const auto scale = order.intent().draft.scale;
  auto out = begin_order("order_filled", order, mode);
  out.key("price").raw(core::format_scaled(fill.price.units, scale.price_decimals));
  write_quantity(out, "qty", fill.quantity, scale);
  write_quantity(out, "cumulative", order.filled(), scale);
  out.key("fee").raw(core::to_string(fill.fee));
  out.field("feeAsset", fill.fee_asset).field("tradeId", fill.trade_id);
  return end_order(out, ts);
}

std::string failed(const Order& order, core::UnixMillis ts, std::string_view mode) {
  auto out = begin_order("order_failed", order, mode);
  const auto code
      = order.error() ? core::public_code(order.error()->code) : core::Errc::upstream_error;
  out.field("code", core::to_string(code));
  out.field("message", order.error() && !order.error()->detail.empty()
                           ? order.error()->detail
                           : std::string{core::orders::to_string(order.state())}
                                 + (order.reason().empty() ? "" : ": " + order.reason()));
  return end_order(out, ts);
}

bool is_before_acceptance(OrderState state) {
  return state == OrderState::intent || state == OrderState::sent || state == OrderState::unknown;
}

void write_leg(JsonWriter& out, std::string_view key, const LegResult& leg) {
  out.key(key).begin_object();
  out.field("exchange", leg.instrument.venue.text())
      .field("symbol", leg.instrument.symbol.text())
      .field("type", core::to_string(leg.instrument.type))
      .field("side", core::orders::to_string(leg.side));
  out.field("orderId", leg.venue_order_id)
      .field("success", leg.filled.units > 0 && leg.error.empty());
  out.key("price");
  if (leg.price)
    out.decimal(*leg.price);
  else
    out.null();
  out.key("qty").raw(core::format_scaled(leg.filled.units, leg.scale.quantity_decimals));
  out.key("orderedQty").raw(core::format_scaled(leg.ordered.units, leg.scale.quantity_decimals));
  if (!leg.error.empty())
    out.field("code", core::to_string(core::public_code(leg.code))).field("error", leg.error);
  out.end_object();
}

/// Sell price minus buy price, and its share of the buy price: of the fills where both legs have
/// some, else as decided.
struct Prices {
  core::Decimal buy, sell;
};

Prices prices_of(const ExecutionState& execution) {
  const bool first_buys = execution.direction == core::strategy::Direction::leg1_buy_leg2_sell;
  const auto& buyer = execution.legs[first_buys ? 0 : 1];
  const auto& seller = execution.legs[first_buys ? 1 : 0];
  if (buyer.price && seller.price)
    return {*buyer.price, *seller.price};
  return {execution.decided_buy_price, execution.decided_sell_price};
}

} // namespace

std::vector<OrderNews> order_news(const core::orders::OrderUpdate& update, core::UnixMillis ts,
                                  std::string_view mode) {
  const auto& order = *update.order;
  const auto& draft = order.intent().draft;
  std::vector<OrderNews> news;
  const auto add = [&](std::string_view event, std::string text) {
    news.push_back({event, draft.instrument, draft.origin.pair, std::move(text)});
  };
  const bool taken = !is_before_acceptance(order.state()) && order.state() != OrderState::rejected;
  if (is_before_acceptance(update.before) && taken)
    add("order_submitted", submitted(order, ts, mode));
  if (update.fill)
    add("order_filled", filled(order, *update.fill, ts, mode));
  const bool over = core::orders::is_final(order.state()) && update.change.state_changed;
  if (over && order.state() != OrderState::filled && order.filled().units == 0
      && !order.lacks_fills())
    add("order_failed", failed(order, ts, mode));
  return news;
}

void write_order(JsonWriter& out, const Order& order) {
  const auto& draft = order.intent().draft;
  out.begin_object()
      .field("exchange", draft.instrument.venue.text())
      .field("type", core::to_string(draft.instrument.type))
      .field("symbol", draft.instrument.symbol.text())
      .field("orderId", order_id(order))
      .field("clientOrderId", order.id().text())
      .field("side", core::orders::to_string(draft.side))
      .field("orderType", core::orders::to_string(draft.type))
      .field("timeInForce", core::orders::to_string(draft.tif));
  out.key("price").raw(core::format_scaled(draft.price.units, draft.scale.price_decimals));
  write_quantity(out, "qty", draft.quantity, draft.scale);
  write_quantity(out, "filled", order.filled(), draft.scale);
  out.key("avgPrice");
  if (const auto average = order.average_price())
    out.decimal(*average);
  else
    out.null();
  out.field("state", core::orders::to_string(order.state()))
      .field("purpose", core::orders::to_string(draft.origin.purpose));
  write_origin(out, draft.origin);
  out.field("reason", order.reason()).field("ts", order.intent().created_at).end_object();
}

core::Result<VenueStatus> parse_decision(std::string_view body) {
  const auto json = parse_json(body);
  if (!json)
    return tl::unexpected{json.error()};
  auto status = VenueStatus::open;
  Fields fields{*json, ""};
  fields.require("status");
  fields.word("status", status, ended, "'filled', 'cancelled', 'expired' or 'rejected'");
  if (auto read = fields.finish(); !read)
    return tl::unexpected{std::move(read).error()};
  return status;
}

void write_execution(JsonWriter& out, const ExecutionState& execution) {
  const auto prices = prices_of(execution);
  const auto buy = core::to_money(prices.buy);
  const auto spread = core::to_money(prices.sell) - buy;
  // Percent of the buy price to 8 decimals, half to even.
  const auto percent = buy.units == 0
                           ? core::Decimal{}
                           : core::Decimal{static_cast<std::int64_t>(core::divide(
                                               spread.units * 100,
                                               std::max<core::Int128>(buy.units / 100'000'000, 1),
                                               core::Rounding::half_even)),
                                           8};
  out.begin_object().field("pairId", execution.pair.text());
  write_leg(out, "leg1", execution.legs[0]);
  write_leg(out, "leg2", execution.legs[1]);
  out.key("spread").raw(core::to_string(spread));
  out.field("spreadPercent", percent).field("spreadPct", percent);
  out.key("pnl").raw(core::to_string(execution.profit));
  out.field("ts", execution.ended_at != 0 ? execution.ended_at : execution.started_at);
  out.field("number", execution.number).key("opportunity");
  if (execution.opportunity == 0)
    out.null();
  else
    out.raw(std::to_string(execution.opportunity));
  out.field("phase", core::strategy::to_string(execution.phase))
      .field("direction", core::strategy::to_string(execution.direction));
  out.key("residual").decimal(execution.residual);
  out.key("notional").raw(core::to_string(execution.notional));
  out.key("otherFees").begin_object();
  for (const auto& [asset, amount] : execution.other_fees)
    out.key(asset).raw(core::to_string(amount));
  out.end_object();
  out.field("startedAt", execution.started_at).field("reason", execution.reason);
  out.key("person");
  if (execution.person.empty())
    out.null();
  else
    out.string(execution.person);
  out.end_object();
}

std::string execution_frame(const ExecutionState& execution, std::string_view mode) {
  auto out = begin_frame("execution", mode);
  write_execution(out, execution);
  return end_frame(out);
}

} // namespace tandem::adapters::traders
