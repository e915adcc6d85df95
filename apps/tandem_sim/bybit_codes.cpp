// Refusals of the exchange as Bybit numbers them: 110xxx on linear, 170xxx on spot, 10001 for what
// the venue's gateway refuses itself. Source: "Error Codes", read 2026-07-24.
#include "apps/tandem_sim/bybit_values.hpp"

#include <array>

namespace tandem::sim {
namespace {

constexpr int parameter_error = 10001;

struct Named {
  int code = 0;
  std::string_view message;
};

struct Row {
  Refusal refusal = Refusal::none;
  Named linear;
  Named spot;
};

constexpr std::array table{
    Row{Refusal::unknown_symbol,
        {parameter_error, "params error: symbol invalid"},
        {170121, "Invalid symbol."}},
    Row{Refusal::market_closed,
        {110074, "This contract is not live"},
        {170151, "The trading pair is not open yet"}},
    Row{Refusal::bad_request,
        {parameter_error, "Request parameter error."},
        {170130, "Data sent for paramter 'qty' is not valid."}},
    Row{Refusal::price_precision,
        {parameter_error, "params error: Price invalid"},
        {170134, "Order price decimal too long."}},
    Row{Refusal::price_tick,
        {parameter_error, "params error: Price invalid"},
        {170134, "Order price decimal too long."}},
    Row{Refusal::quantity_precision,
        {parameter_error, "params error: Qty invalid"},
        {170137, "Order volume decimal too long"}},
    Row{Refusal::quantity_lot,
        {parameter_error, "params error: Qty invalid"},
        {170137, "Order volume decimal too long"}},
    Row{Refusal::quantity_range,
        {parameter_error, "The number of contracts is outside of the limits allowed"},
        {170136, "Order quantity lower than the minimum."}},
    Row{Refusal::price_range,
        {110003, "Order price exceeds the allowable range."},
        {170133, "Order price lower than the minimum."}},
    Row{Refusal::notional_min,
        {110094, "Order notional value below the lower limit"},
        {170140, "Order value exceeded lower limit"}},
    Row{Refusal::notional_max,
        {parameter_error, "The order value exceeds the maximum limit allowed"},
        {170124, "Order amount too large."}},
    Row{Refusal::price_band,
        {110003, "Order price exceeds the allowable range."},
        {170193, "Buy order price cannot be higher than the price limitation."}},
    Row{Refusal::open_orders_max,
        {110020, "Not allowed to have more than 500 active orders."},
        {170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders."}},
    Row{Refusal::duplicate_id,
        {110072, "OrderLinkedID is duplicate"},
        {170141, "Duplicate clientOrderId"}},
    Row{Refusal::balance,
        {110012, "Insufficient available balance."},
        {170131, "Insufficient balance."}},
    Row{Refusal::margin,
        {110007, "ab not enough for new order"},
        {170131, "Insufficient balance."}},
    Row{Refusal::would_take,
        {parameter_error, "The order would take liquidity"},
        {170218, "The LIMIT-MAKER order is rejected due to invalid price."}},
    Row{Refusal::reduce_only,
        {110017, "current position is zero, cannot fix reduce-only order qty"},
        {170210, "New order rejected."}},
    Row{Refusal::fok_unfillable,
        {parameter_error, "The order cannot be filled whole"},
        {170210, "New order rejected."}},
    Row{Refusal::no_liquidity,
        {110118, "Unable to retrieve a price of the market order due to low liquidity"},
        {170210, "New order rejected."}},
    Row{Refusal::not_permitted,
        {10005, "Permission denied, please check your API key permissions."},
        {10005, "Permission denied, please check your API key permissions."}},
    Row{Refusal::unknown_order,
        {110001, "order not exists or too late to cancel"},
        {170213, "Order does not exist."}},
    Row{Refusal::injected,
        {110066, "Trading is currently not allowed."},
        {170210, "New order rejected."}},
};

/// Which of several codes fits depends on the direction in which a bound was broken.
std::optional<Named> spot_bound(Refusal refusal, const OrderAsk& ask,
                                const Instrument* instrument) {
  if (instrument == nullptr)
    return std::nullopt;
  const auto rules = Exchange::rules(*instrument);
  if (refusal == Refusal::quantity_range && ask.quantity) {
    const auto quantity = ask.quantity->at_scale(instrument->quantity_decimals);
    if (quantity && *quantity >= rules.quantity_min)
      return ask.type == OrderType::market ? Named{170382, "Order quantity too large."}
                                           : Named{170381, "Order quantity too large."};
  }
  if (refusal == Refusal::price_range && ask.price) {
    const auto price = ask.price->at_scale(instrument->price_decimals);
    if (price && *price >= rules.price_min)
      return Named{170132, "Order price too high."};
  }
  if (refusal == Refusal::price_band && ask.side == Side::ask)
    return Named{170194, "Sell order price cannot be lower than the price limitation."};
  if (refusal == Refusal::quantity_precision && ask.type == OrderType::market)
    return Named{170148, "Market order amount decimal too long"};
  return std::nullopt;
}

} // namespace

BybitCode bybit_code(Refusal refusal, SurfaceId surface, const OrderAsk& ask,
                     const Instrument* instrument) {
  if (is_spot(surface)) {
    if (const auto bound = spot_bound(refusal, ask, instrument))
      return {bound->code, std::string{bound->message}};
  }
  for (const auto& row : table) {
    if (row.refusal == refusal) {
      const auto& named = is_spot(surface) ? row.spot : row.linear;
      return {named.code, std::string{named.message}};
    }
  }
  return {parameter_error, "Request parameter error."};
}

BybitCode bybit_closed(SurfaceId surface, const Order* order) {
  const bool spot = is_spot(surface);
  if (order == nullptr)
    return spot ? BybitCode{170213, "Order does not exist."}
                : BybitCode{110001, "order not exists or too late to cancel"};
  if (order->state == OrderState::filled)
    return spot ? BybitCode{170139, "Order has been filled."}
                : BybitCode{110008, "The order has been completed or cancelled."};
  return spot ? BybitCode{170142, "Order has been cancelled"}
              : BybitCode{110010, "The order has been cancelled"};
}

} // namespace tandem::sim
