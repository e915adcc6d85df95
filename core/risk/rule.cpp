// The words of the rules, and whom they are not asked of.
#include "core/risk/gate.hpp"
#include "core/risk/ledger.hpp"

namespace tandem::core::risk {

std::string_view to_string(Rule rule) noexcept {
  switch (rule) {
  case Rule::kill_switch:
    return "kill_switch";
  case Rule::journal:
    return "journal";
  case Rule::market_closed:
    return "market_closed";
  case Rule::allow_list:
    return "allow_list";
  case Rule::strategy_paused:
    return "strategy_paused";
  case Rule::unknown_order:
    return "unknown_order";
  case Rule::instrument:
    return "instrument";
  case Rule::book:
    return "book";
  case Rule::book_age:
    return "book_age";
  case Rule::clock_offset:
    return "clock_offset";
  case Rule::price_outlier:
    return "price_outlier";
  case Rule::tick:
    return "tick";
  case Rule::lot:
    return "lot";
  case Rule::quantity_min:
    return "quantity_min";
  case Rule::quantity_max:
    return "quantity_max";
  case Rule::notional_min:
    return "notional_min";
  case Rule::order_quantity_max:
    return "order_quantity_max";
  case Rule::order_notional_max:
    return "order_notional_max";
  case Rule::price_band:
    return "price_band";
  case Rule::slippage:
    return "slippage";
  case Rule::fee_unknown:
    return "fee_unknown";
  case Rule::self_cross:
    return "self_cross";
  case Rule::duplicate:
    return "duplicate";
  case Rule::balance:
    return "balance";
  case Rule::position_max:
    return "position_max";
  case Rule::venue_exposure_max:
    return "venue_exposure_max";
  case Rule::gross_exposure_max:
    return "gross_exposure_max";
  case Rule::strategy_total:
    return "strategy_total";
  case Rule::parent_quantity:
    return "parent_quantity";
  case Rule::daily_notional_max:
    return "daily_notional_max";
  case Rule::daily_loss_max:
    return "daily_loss_max";
  case Rule::open_orders_max:
    return "open_orders_max";
  case Rule::order_rate:
    return "order_rate";
  case Rule::executions_max:
    return "executions_max";
  }
  return "market_closed"; // the one that lets nobody trade
}

bool spares(orders::OrderPurpose purpose, Rule rule) noexcept {
  if (!is_closing(purpose))
    return false;
  switch (rule) {
  case Rule::unknown_order: // a leg that waits for the venue's word must not be closed twice
    return purpose == orders::OrderPurpose::flatten;
  case Rule::strategy_paused:
  case Rule::fee_unknown:
  case Rule::duplicate:
  case Rule::balance:
  case Rule::position_max:
  case Rule::venue_exposure_max:
  case Rule::gross_exposure_max:
  case Rule::strategy_total:
  case Rule::parent_quantity:
  case Rule::daily_notional_max:
  case Rule::daily_loss_max:
  case Rule::open_orders_max:
  case Rule::order_rate:
  case Rule::executions_max:
    return true;
  case Rule::kill_switch:
  case Rule::journal:
  case Rule::market_closed:
  case Rule::allow_list:
  case Rule::instrument:
  case Rule::book:
  case Rule::book_age:
  case Rule::clock_offset:
  case Rule::price_outlier:
  case Rule::tick:
  case Rule::lot:
  case Rule::quantity_min:
  case Rule::quantity_max:
  case Rule::notional_min:
  case Rule::order_quantity_max:
  case Rule::order_notional_max:
  case Rule::price_band:
  case Rule::slippage:
  case Rule::self_cross:
    return false;
  }
  return false;
}

} // namespace tandem::core::risk
