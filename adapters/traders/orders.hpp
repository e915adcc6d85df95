/// Orders and executions as the traders' surface shows them: the objects of the REST lists and the
/// events order_submitted, order_filled, order_failed and execution. Values in, text out.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/orders/desk.hpp"
#include "core/result.hpp"
#include "core/strategy/two_leg.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::traders {

/// One frame, with what a client's filter asks about.
struct OrderNews {
  std::string_view event; ///< "order_submitted", "order_filled" or "order_failed"
  core::InstrumentKey instrument;
  core::PairId pair;
  std::string text;
};

/// What clients are told of an update; often nothing. order_submitted: the venue is known to have
/// taken the order; order_filled: each fill; order_failed: it was refused, or ended without a fill.
/// @param ts wall time, Unix ms.
[[nodiscard]] std::vector<OrderNews> order_news(const core::orders::OrderUpdate& update,
                                                core::UnixMillis ts, std::string_view mode);

[[nodiscard]] std::string execution_frame(const core::strategy::ExecutionState& execution,
                                          std::string_view mode);

/// One order of GET /api/orders: exchange, type (leg type), symbol, orderId, clientOrderId, side,
/// orderType, timeInForce, price, qty, filled, avgPrice, state, purpose, pairId, planId, reason,
/// ts.
void write_order(JsonWriter& out, const core::orders::Order& order);

/// {"status":"filled|cancelled|expired|rejected"}: how an order ended, by a person. Errors:
/// validation_error with the field.
[[nodiscard]] core::Result<core::orders::VenueStatus> parse_decision(std::string_view body);

/// The answer of POST /api/arbitrage/execute/:pairId and each item of GET /api/executions: pairId,
/// leg1, leg2 {exchange, symbol, type, side, orderId, success, price, qty}, spread, spreadPercent,
/// spreadPct, pnl, ts, with number, phase, direction, residual, fees in other assets and reason.
void write_execution(JsonWriter& out, const core::strategy::ExecutionState& execution);

} // namespace tandem::adapters::traders
