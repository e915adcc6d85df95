#include "actors/sinks/order_log.hpp"

#include "core/orders/decision.hpp"

#include <string>

namespace tandem::actors {
namespace {

using core::LogLevel;
using core::orders::OrderState;
using core::orders::OrderUpdate;

struct Line {
  LogLevel level = LogLevel::debug;
  const char* event = "order_moved";
  bool success = true;
};

Line line_of(const OrderUpdate& update) {
  if (update.fill)
    return {LogLevel::info, "order_filled", true};
  if (update.before == update.order->state())
    return {};
  switch (update.order->state()) {
  case OrderState::rejected:
    return {LogLevel::warning, "order_failed", false};
  case OrderState::unknown:
    return {LogLevel::warning, "order_unknown", false};
  case OrderState::cancelled:
  case OrderState::expired:
    return update.order->filled().units > 0 ? Line{} : Line{LogLevel::info, "order_failed", false};
  case OrderState::intent:
  case OrderState::sent:
  case OrderState::working:
  case OrderState::filled:
    break;
  }
  return {};
}

} // namespace

void log_order(core::Log& log, const OrderUpdate& update, core::UnixMillis now) {
  const auto line = line_of(update);
  const auto& order = *update.order;
  const auto& draft = order.intent().draft;
  log.write(line.level, line.event,
            {{"decision", core::orders::decision_of(draft.origin)},
             {"clientOrderId", order.id().text()},
             {"exchange", draft.instrument.venue.text()},
             {"type", std::string{core::to_string(draft.instrument.type)}},
             {"symbol", draft.instrument.symbol.text()},
             {"pairId", draft.origin.pair.text()},
             {"planId", draft.origin.plan},
             {"side", std::string{core::orders::to_string(draft.side)}},
             {"state", std::string{core::orders::to_string(order.state())}},
             {"filled", core::format_scaled(order.filled().units, draft.scale.quantity_decimals)},
             {"latency_ms", std::to_string(now - order.intent().created_at)},
             {"success", line.success ? "true" : "false"},
             {"error_code", order.reason()}});
}

} // namespace tandem::actors
