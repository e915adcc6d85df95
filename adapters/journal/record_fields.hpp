/// The fields of every record, once: the encoder, the decoder and the printer of `tandem journal
/// dump` walk the same list. The order is the order on disk. A field that a later version adds
/// stands at the end of its record behind `if (io.version() >= N)`, and its default must be what
/// older files meant.
#pragma once

#include "core/orders/records.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace tandem::adapters::journal {

template <class R, class T>
concept Like = std::same_as<std::remove_const_t<R>, T>;

/// What a record is called on disk. Codes are never given twice.
struct RecordKind {
  std::uint8_t code = 0;
  std::uint8_t version = 1; ///< that this program writes; it reads all from 1
  std::string_view name;
};

/// In the order of the variant's alternatives.
inline constexpr RecordKind record_kinds[] = {
    {1, 1, "run"},         {2, 1, "intent"},      {3, 1, "sent"},
    {4, 1, "accepted"},    {5, 1, "refused"},     {6, 1, "unknown"},
    {7, 1, "report"},      {8, 2, "fill"},        {9, 1, "resolved"},
    {10, 1, "adopted"},    {11, 3, "execution"},  {12, 1, "breaker"},
    {13, 1, "kill"},       {14, 1, "restated"},   {15, 1, "paused"},
    {16, 2, "checkpoint"}, {17, 1, "baseline"},   {18, 1, "executions_reset"},
    {19, 1, "plan"},       {20, 1, "plan_moved"},
};
static_assert(std::size(record_kinds) == std::variant_size_v<core::orders::Record>);

template <class Io, Like<core::InstrumentKey> R>
void fields(Io& io, R& r) {
  io("venue", r.venue);
  io("market", r.type);
  io("symbol", r.symbol);
}

template <class Io, Like<core::MarketKey> R>
void fields(Io& io, R& r) {
  io("venue", r.venue);
  io("market", r.type);
}

template <class Io, Like<core::Scale> R>
void fields(Io& io, R& r) {
  io("priceDecimals", r.price_decimals);
  io("quantityDecimals", r.quantity_decimals);
}

template <class Io, Like<core::orders::OrderOrigin> R>
void fields(Io& io, R& r) {
  io("pair", r.pair);
  io("plan", r.plan);
  io("execution", r.execution);
  io("leg", r.leg);
  io("purpose", r.purpose);
  io("person", r.person);
}

template <class Io, Like<core::orders::OrderDraft> R>
void fields(Io& io, R& r) {
  io("instrument", r.instrument);
  io("side", r.side);
  io("type", r.type);
  io("timeInForce", r.tif);
  io("scale", r.scale);
  io("priceUnits", r.price);
  io("quantityUnits", r.quantity);
  io("reduceOnly", r.reduce_only);
  io("decidedUnits", r.decided);
  io("origin", r.origin);
}

template <class Io, Like<core::orders::OrderIntent> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("draft", r.draft);
  io("createdAt", r.created_at);
}

template <class Io, Like<core::orders::Fill> R>
void fields(Io& io, R& r) {
  io("tradeId", r.trade_id);
  io("priceUnits", r.price);
  io("quantityUnits", r.quantity);
  io("fee", r.fee);
  io("feeAsset", r.fee_asset);
  io("maker", r.maker);
  io("venueTime", r.venue_time);
}

template <class Io, Like<core::orders::VenueReport> R>
void fields(Io& io, R& r) {
  io("venueOrderId", r.venue_order_id);
  io("status", r.status);
  io("cumulativeUnits", r.cumulative);
  io("reason", r.reason);
  io("venueTime", r.venue_time);
}

template <class Io, Like<core::strategy::LegResult> R>
void fields(Io& io, R& r) {
  io("instrument", r.instrument);
  io("side", r.side);
  io("scale", r.scale);
  io("orderedUnits", r.ordered);
  io("filledUnits", r.filled);
  io("ids", r.ids);
  io("venueOrderId", r.venue_order_id);
  io("price", r.price);
  io("error", r.error);
  io("code", r.code);
}

template <class Io, Like<core::strategy::ExecutionState> R>
void fields(Io& io, R& r) {
  io("pair", r.pair);
  io("number", r.number);
  io("phase", r.phase);
  io("direction", r.direction);
  io("person", r.person);
  io("quantity", r.quantity);
  io("decidedBuyPrice", r.decided_buy_price);
  io("decidedSellPrice", r.decided_sell_price);
  io("leg1", r.legs[0]);
  io("leg2", r.legs[1]);
  io("residual", r.residual);
  io("profit", r.profit);
  io("otherFees", r.other_fees);
  io("notional", r.notional);
  io("startedAt", r.started_at);
  io("endedAt", r.ended_at);
  io("reason", r.reason);
  if (io.version() >= 2)
    io("carried", r.carried);
  if (io.version() >= 3)
    io("opportunity", r.opportunity);
}

template <class Io, Like<core::risk::Breaker::Saved> R>
void fields(Io& io, R& r) {
  io("state", r.state);
  io("cause", r.cause);
  io("sinceNs", r.since);
  io("trips", r.trips);
  io("detail", r.detail);
}

template <class Io, Like<core::risk::KillOrder> R>
void fields(Io& io, R& r) {
  io("level", r.level);
  io("scope", r.scope);
  io("flatten", r.flatten);
  io("person", r.person);
  io("reason", r.reason);
  io("ts", r.ts);
}

template <class Io, Like<core::risk::PositionSum> R>
void fields(Io& io, R& r) {
  io("quantity", r.quantity);
  io("cost", r.cost);
  io("realised", r.realised);
  io("fees", r.fees);
}

template <class Io, Like<core::risk::InstrumentSum> R>
void fields(Io& io, R& r) {
  io("instrument", r.instrument);
  io("position", r.position);
}

template <class Io, Like<core::risk::StrategySum::Holding> R>
void fields(Io& io, R& r) {
  io("instrument", r.instrument);
  io("quantity", r.quantity);
  if (io.version() >= 2)
    io("traded", r.traded);
}

template <class Io, Like<core::risk::StrategySum::Base> R>
void fields(Io& io, R& r) {
  io("base", r.base);
  io("position", r.position);
}

template <class Io, Like<core::risk::StrategySum> R>
void fields(Io& io, R& r) {
  io("strategy", r.strategy);
  io("opened", r.opened);
  io("executions", r.executions);
  io("lastExecution", r.last_execution);
  io("holdings", r.holdings);
  io("bases", r.bases);
}

template <class Io, Like<core::risk::Sums> R>
void fields(Io& io, R& r) {
  io("instruments", r.instruments);
  io("strategies", r.strategies);
}

template <class Io, Like<core::orders::CheckpointRecord::ExecutionRow> R>
void fields(Io& io, R& r) {
  io("pair", r.pair);
  io("notional", r.notional);
  io("profit", r.profit);
}

template <class Io, Like<core::orders::RunRecord> R>
void fields(Io& io, R& r) {
  io("epoch", r.epoch);
  io("engine", r.engine);
  io("mode", r.mode);
  io("build", r.build);
  io("ts", r.ts);
}

template <class Io, Like<core::orders::IntentRecord> R>
void fields(Io& io, R& r) {
  io("intent", r.intent);
  io("base", r.base);
  io("quote", r.quote);
}

template <class Io, Like<core::orders::SentRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("ts", r.ts);
}

template <class Io, Like<core::orders::AcceptedRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("venueOrderId", r.venue_order_id);
  io("venueTime", r.venue_time);
}

template <class Io, Like<core::orders::RefusedRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("code", r.code);
  io("detail", r.detail);
}

template <class Io, Like<core::orders::UnknownRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("detail", r.detail);
}

template <class Io, Like<core::orders::ReportRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("report", r.report);
}

template <class Io, Like<core::orders::FillRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("fill", r.fill);
  if (io.version() >= 2)
    io("order", r.order);
}

template <class Io, Like<core::orders::ResolvedRecord> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("status", r.status);
  io("by", r.by);
}

template <class Io, Like<core::orders::AdoptedRecord> R>
void fields(Io& io, R& r) {
  io("adopted", r.intent);
  io("venueOrderId", r.venue_order_id);
}

template <class Io, Like<core::orders::ExecutionRecord> R>
void fields(Io& io, R& r) {
  io("execution", r.execution);
}

template <class Io, Like<core::orders::BreakerRecord> R>
void fields(Io& io, R& r) {
  io("breaker", r.breaker);
  io("saved", r.saved);
}

template <class Io, Like<core::orders::KillRecord> R>
void fields(Io& io, R& r) {
  io("order", r.order);
  io("released", r.released);
}

template <class Io, Like<core::orders::RestatedRecord> R>
void fields(Io& io, R& r) {
  io("instrument", r.instrument);
  io("quantity", r.quantity);
  io("person", r.person);
  io("ts", r.ts);
}

template <class Io, Like<core::orders::PausedRecord> R>
void fields(Io& io, R& r) {
  io("strategy", r.strategy);
  io("by", r.by);
  io("reason", r.reason);
  io("ts", r.ts);
}

template <class Io, Like<core::orders::CheckpointRecord> R>
void fields(Io& io, R& r) {
  io("through", r.through);
  io("foldedThrough", r.folded_through);
  io("ordersFolded", r.orders_folded);
  io("sums", r.sums);
  io("executions", r.executions);
}

template <class Io, Like<core::orders::BaselineRecord> R>
void fields(Io& io, R& r) {
  io("market", r.market);
  io("what", r.what);
  io("amount", r.amount);
  io("person", r.person);
  io("ts", r.ts);
}

template <class Io, Like<core::orders::ExecutionsResetRecord> R>
void fields(Io& io, R& r) {
  io("strategy", r.strategy);
  io("through", r.through);
  io("person", r.person);
  io("ts", r.ts);
}

template <class Io, Like<core::twap::Session> R>
void fields(Io& io, R& r) {
  io("from", r.from);
  io("until", r.until);
  io("days", r.days);
}

template <class Io, Like<core::twap::Calendar> R>
void fields(Io& io, R& r) {
  io("sessions", r.sessions);
  io("utcOffset", r.utc_offset);
}

template <class Io, Like<core::twap::PlanLeg> R>
void fields(Io& io, R& r) {
  io("instrument", r.instrument);
  io("side", r.side);
  io("type", r.type);
  io("limitPrice", r.limit_price);
  io("offsetPercent", r.offset_percent);
}

template <class Io, Like<core::twap::PlanOptions> R>
void fields(Io& io, R& r) {
  io("startAt", r.start_at);
  io("endAt", r.end_at);
  io("calendar", r.calendar);
  io("sizeJitterPercent", r.size_jitter_percent);
  io("timeJitterMs", r.time_jitter);
  io("seed", r.seed);
  io("guardPercent", r.guard_percent);
  io("slippagePercent", r.slippage_percent);
  io("participationPercent", r.participation_percent);
  io("catchUp", r.catch_up);
  io("catchUpSlices", r.catch_up_slices);
  io("remainder", r.remainder);
  io("legDown", r.leg_down);
  io("imbalanceMax", r.imbalance_max);
  io("repriceMs", r.reprice);
  io("sweep", r.sweep);
  io("failuresMax", r.failures_max);
}

template <class Io, Like<core::twap::PlanConfig> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("name", r.name);
  io("totalQty", r.total_quantity);
  io("sliceQty", r.slice_quantity);
  io("intervalMs", r.interval);
  io("legs", r.legs);
  io("options", r.options);
}

template <class Io, Like<core::orders::PlanRecord> R>
void fields(Io& io, R& r) {
  io("plan", r.plan);
  io("deleted", r.deleted);
  io("person", r.person);
  io("ts", r.ts);
}

template <class Io, Like<core::twap::Grid> R>
void fields(Io& io, R& r) {
  io("lot", r.lot);
  io("minimum", r.minimum);
  io("maximum", r.maximum);
}

template <class Io, Like<core::twap::LegProgress> R>
void fields(Io& io, R& r) {
  io("filled", r.filled);
  io("notional", r.notional);
  io("fees", r.fees);
  io("orders", r.orders);
  io("refusedInRow", r.refused_in_row);
  io("arrival", r.arrival);
  io("benchmarkSum", r.benchmark_sum);
  io("benchmarkMs", r.benchmark_ms);
  io("lastOrder", r.last_order);
  io("lastFilled", r.last_filled);
  io("slotFilled", r.slot_filled);
}

template <class Io, Like<core::twap::PlanState> R>
void fields(Io& io, R& r) {
  io("id", r.id);
  io("phase", r.phase);
  io("pausedBy", r.paused_by);
  io("risk", r.risk);
  io("cancelledBy", r.cancelled_by);
  io("startedAt", r.started_at);
  io("endedAt", r.ended_at);
  io("lastExecutionAt", r.last_execution_at);
  io("grid", r.grid);
  io("scheduledFrom", r.scheduled_from);
  io("lastSlot", r.last_slot);
  io("nextSlice", r.next_slice);
  io("slicesBefore", r.slices_before);
  io("releasedBefore", r.released_before);
  io("skipped", r.skipped);
  io("leg1", r.legs[0]);
  io("leg2", r.legs[1]);
  io("reason", r.reason);
}

template <class Io, Like<core::orders::PlanMovedRecord> R>
void fields(Io& io, R& r) {
  io("state", r.state);
}

} // namespace tandem::adapters::journal
