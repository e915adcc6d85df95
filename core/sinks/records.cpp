#include "core/sinks/records.hpp"

#include "core/market/events.hpp"
#include "core/orders/decision.hpp"
#include "core/types/money.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace tandem::core::sinks {
namespace {

Record& number(Record& record, const char* key, const Decimal& value) {
  return record.number(key, value.to_string());
}

Record& number(Record& record, const char* key, const std::optional<Decimal>& value) {
  return value ? number(record, key, *value) : record;
}

Record& number(Record& record, const char* key, Money value) {
  return record.number(key, to_string(value));
}

Record& name(Record& record, const char* key, const std::string& value) {
  return value.empty() ? record : record.text(key, value);
}

void fill(Record& record, const market::Trade& trade) {
  record.name = trade.trade_id;
  record.time = trade.venue_time;
  number(record, "price", trade.price);
  number(record, "qty", trade.quantity);
  record.text("taker", trade.taker == market::TakerSide::buy ? "buy" : "sell");
}

void fill(Record& record, const market::Kline& kline) {
  record.name = kline.interval + ":" + std::to_string(kline.open_time);
  record.time = kline.open_time;
  record.text("interval", kline.interval).integer("closeTime", kline.close_time);
  number(record, "open", kline.open);
  number(record, "high", kline.high);
  number(record, "low", kline.low);
  number(record, "close", kline.close);
  number(record, "volume", kline.volume);
  number(record, "quoteVolume", kline.quote_volume);
  record.integer("tradeCount", kline.trade_count).boolean("closed", kline.closed);
}

void fill(Record& record, const market::Ticker& ticker) {
  record.time = ticker.venue_time;
  number(record, "last", ticker.last);
  number(record, "bestBid", ticker.best_bid);
  number(record, "bestBidQty", ticker.best_bid_size);
  number(record, "bestAsk", ticker.best_ask);
  number(record, "bestAskQty", ticker.best_ask_size);
  number(record, "volume", ticker.volume);
  number(record, "quoteVolume", ticker.quote_volume);
  number(record, "high", ticker.high);
  number(record, "low", ticker.low);
  number(record, "changePercent", ticker.change_percent);
  number(record, "markPrice", ticker.mark_price);
  number(record, "indexPrice", ticker.index_price);
  number(record, "fundingRate", ticker.funding_rate);
}

std::string quantity_text(Quantity quantity, Scale scale) {
  return format_scaled(quantity.units, scale.quantity_decimals);
}

std::string price_text(Price price, Scale scale) {
  return format_scaled(price.units, scale.price_decimals);
}

void add_origin(Record& record, const orders::Order& order) {
  const auto& draft = order.intent().draft;
  record.text("clientOrderId", order.id().text());
  name(record, "orderId", order.venue_order_id());
  record.text("side", std::string{orders::to_string(draft.side)});
  name(record, "pairId", draft.origin.pair.text());
  name(record, "planId", draft.origin.plan);
  name(record, "decision", orders::decision_of(draft.origin));
}

Record order_record(const orders::Order& order, UnixMillis ts) {
  const auto& draft = order.intent().draft;
  Record record{.kind = Kind::order,
                .instrument = draft.instrument,
                .name = order.id().text(),
                .time = ts,
                .fields = {}};
  add_origin(record, order);
  record.text("orderType", std::string{orders::to_string(draft.type)})
      .text("timeInForce", std::string{orders::to_string(draft.tif)})
      .text("purpose", std::string{orders::to_string(draft.origin.purpose)})
      .text("state", std::string{orders::to_string(order.state())})
      .number("price", price_text(draft.price, draft.scale))
      .number("qty", quantity_text(draft.quantity, draft.scale))
      .number("filled", quantity_text(order.filled(), draft.scale));
  number(record, "avgPrice", order.average_price());
  name(record, "reason", order.reason());
  record.integer("createdAt", order.intent().created_at);
  return record;
}

Record fill_record(const orders::Order& order, const orders::Fill& fill) {
  const auto& draft = order.intent().draft;
  Record record{.kind = Kind::fill,
                .instrument = draft.instrument,
                .name = fill.trade_id,
                .time = fill.venue_time,
                .fields = {}};
  add_origin(record, order);
  record.number("price", price_text(fill.price, draft.scale))
      .number("qty", quantity_text(fill.quantity, draft.scale));
  number(record, "fee", fill.fee);
  record.text("feeAsset", fill.fee_asset).boolean("maker", fill.maker);
  return record;
}

void add_leg(Record& record, const std::string& prefix, const strategy::LegResult& leg) {
  record.text(prefix + "Exchange", leg.instrument.venue.text())
      .text(prefix + "Type", std::string{to_string(leg.instrument.type)})
      .text(prefix + "Symbol", leg.instrument.symbol.text())
      .text(prefix + "Side", std::string{orders::to_string(leg.side)})
      .number(prefix + "OrderedQty", quantity_text(leg.ordered, leg.scale))
      .number(prefix + "Qty", quantity_text(leg.filled, leg.scale));
  if (leg.price)
    record.number(prefix + "Price", leg.price->to_string());
  if (!leg.venue_order_id.empty())
    record.text(prefix + "OrderId", leg.venue_order_id);
  if (!leg.error.empty())
    record.text(prefix + "Error", leg.error);
}

} // namespace

Record record_of(const MarketNews& news) {
  Record record;
  record.kind = kind_of(news);
  record.instrument = news.instrument;
  std::visit([&](const auto& what) { fill(record, what); }, news.what);
  if (record.time == 0) // a venue that stamps nothing
    record.time = news.received;
  record.integer("receivedAt", news.received);
  return record;
}

Record record_of(const PairId& pair, const InstrumentKey& leg1, const InstrumentKey& leg2,
                 const strategy::OpportunityEvent& event, UnixMillis ts) {
  const auto& spread = event.spread;
  const bool first_buys = spread.direction == strategy::Direction::leg1_buy_leg2_sell;
  Record record{.kind = Kind::opportunity,
                .instrument = {},
                .name = pair.text() + ":" + std::to_string(event.number),
                .time = ts,
                .fields = {}};
  record.text("pairId", pair.text())
      .integer("number", static_cast<std::int64_t>(event.number))
      .text("phase", std::string{strategy::to_string(event.phase)})
      .text("leg1", to_string(leg1))
      .text("leg2", to_string(leg2))
      .text("direction", std::string{strategy::to_string(spread.direction)});
  number(record, "leg1Price", first_buys ? spread.buy_price() : spread.sell_price());
  number(record, "leg2Price", first_buys ? spread.sell_price() : spread.buy_price());
  number(record, "spread", spread.price_difference());
  number(record, "spreadPercent", spread.gross_percent());
  number(record, "netPercent", spread.net_percent());
  number(record, "bestNetPercent", event.net_percent_best);
  record.number("qty", quantity_text(spread.quantity, spread.scale))
      .integer("lifetimeMs",
               std::chrono::duration_cast<std::chrono::milliseconds>(event.lifetime).count());
  return record;
}

Record record_of(const AlertFacts& alert) {
  Record record;
  record.kind = Kind::alert;
  record.time = alert.ts;
  record.text("severity", std::string{alert.severity})
      .text("code", std::string{alert.code})
      .text("message", std::string{alert.message})
      .text("source", std::string{alert.source});
  name(record, "pairId", alert.pair.text());
  return record;
}

std::vector<Record> records_of(const orders::OrderUpdate& update, UnixMillis ts) {
  std::vector<Record> records;
  records.push_back(order_record(*update.order, ts));
  if (update.fill)
    records.push_back(fill_record(*update.order, *update.fill));
  return records;
}

Record record_of(const strategy::ExecutionState& execution) {
  Record record{.kind = Kind::execution,
                .instrument = {},
                .name = execution.pair.text() + ":" + std::to_string(execution.number),
                .time = execution.ended_at != 0 ? execution.ended_at : execution.started_at,
                .fields = {}};
  record.text("pairId", execution.pair.text())
      .integer("number", static_cast<std::int64_t>(execution.number))
      .text("phase", std::string{strategy::to_string(execution.phase)})
      .text("direction", std::string{strategy::to_string(execution.direction)});
  number(record, "qty", execution.quantity);
  number(record, "decidedBuyPrice", execution.decided_buy_price);
  number(record, "decidedSellPrice", execution.decided_sell_price);
  add_leg(record, "leg1", execution.legs[0]);
  add_leg(record, "leg2", execution.legs[1]);
  number(record, "residual", execution.residual);
  number(record, "pnl", execution.profit);
  number(record, "notional", execution.notional);
  record.integer("startedAt", execution.started_at).integer("endedAt", execution.ended_at);
  if (execution.opportunity != 0)
    name(record, "opportunity",
         execution.pair.text() + ":" + std::to_string(execution.opportunity));
  name(record, "person", execution.person);
  name(record, "reason", execution.reason);
  return record;
}

Record record_of(const twap::PlanView& view, UnixMillis ts) {
  Record record{
      .kind = Kind::plan, .instrument = {}, .name = view.plan.id.text(), .time = ts, .fields = {}};
  record.text("planId", view.plan.id.text());
  name(record, "name", view.plan.name);
  record.text("phase", std::string{twap::to_string(view.state.phase)});
  number(record, "totalQty", view.plan.total_quantity);
  number(record, "executed", view.executed);
  number(record, "remaining", view.remaining);
  record.integer("slicesDone", view.slices_done).integer("slicesTotal", view.slices_total);
  name(record, "reason", view.state.reason);
  return record;
}

} // namespace tandem::core::sinks
