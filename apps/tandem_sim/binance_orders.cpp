// Binance's orders over REST and the WebSocket API alike: reading a request, placing, cancelling,
// asking. Sources: Spot "Trading endpoints", "Account endpoints"; USD-M "Trade".
#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/binance_reply.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::size_t client_id_max = 36;
constexpr std::size_t made_up_letters = 22;
constexpr std::int64_t rows_usual = 500, rows_max = 1'000;

bool fits_client_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= client_id_max && std::ranges::all_of(id, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
           || c == ':' || c == '/' || c == '_' || c == '-';
  });
}

HttpAnswer bad_client_id(std::string_view name) {
  return error(400, -1100,
               fmt::format("Illegal characters found in parameter '{}'; legal range is "
                           "'^[\\.A-Z\\:/a-z0-9_-]{{1,36}}$'.",
                           name));
}

HttpAnswer bad_amount(std::string_view name) {
  return error(400, -1100,
               fmt::format("Illegal characters found in parameter '{}'; legal range is "
                           "'^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'.",
                           name));
}

std::optional<SelfTrade> self_trade_of(const std::string& mode) {
  if (mode == "NONE")
    return SelfTrade::none;
  if (mode == "EXPIRE_TAKER")
    return SelfTrade::expire_taker;
  if (mode == "EXPIRE_MAKER")
    return SelfTrade::expire_maker;
  return mode == "EXPIRE_BOTH" ? std::optional{SelfTrade::expire_both} : std::nullopt;
}

/// Nullopt: absent, or no whole number.
std::optional<std::int64_t> whole(const BinanceCall& call, std::string_view name) {
  const auto text = call.text(name);
  return text ? whole_number(*text) : std::nullopt;
}

std::string joined(const std::vector<std::string>& rows) {
  std::string out{"["};
  for (const auto& row : rows)
    out += (out.size() > 1 ? "," : "") + row;
  return out + ']';
}

} // namespace

// ---- reading a request

std::optional<HttpAnswer> BinancePrivate::read_symbol(const BinanceCall& call, std::string& symbol,
                                                      bool must) const {
  symbol = call.text_or("symbol", "");
  if (symbol.empty())
    return must ? std::optional{missing("symbol")} : std::nullopt;
  const bool known = std::ranges::any_of(
      instruments_, [&](const Instrument& each) { return each.symbol == symbol; });
  return known ? std::nullopt : std::optional{bad_symbol()};
}

std::optional<HttpAnswer> BinancePrivate::read_name(const BinanceCall& call,
                                                    OrderName& name) const {
  if (const auto id = call.text("orderId")) {
    const auto number = whole(call, "orderId");
    if (!number)
      return illegal("orderId");
    name.id = *number == 0 ? -1 : *number; // zero names no order
    return std::nullopt;
  }
  name.client_id = call.text_or("origClientOrderId", "");
  if (name.client_id.empty())
    return error(400, -1102,
                 "Param 'origClientOrderId' or 'orderId' must be sent, but both were "
                 "empty/null!");
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::read_kind(const BinanceCall& call, OrderAsk& ask) const {
  const auto side = call.text("side");
  const auto type = call.text("type");
  if (!side)
    return missing("side");
  if (*side != "BUY" && *side != "SELL")
    return error(400, -1117, "Invalid side.");
  if (!type)
    return missing("type");
  const bool maker = spot() && *type == "LIMIT_MAKER";
  if (*type != "MARKET" && *type != "LIMIT" && !maker)
    return error(400, -1116, "Invalid orderType.");
  ask.side = *side == "BUY" ? Side::bid : Side::ask;
  ask.type = *type == "MARKET" ? OrderType::market : OrderType::limit;
  ask.post_only = maker;
  const auto lifetime = call.text("timeInForce");
  if (*type != "LIMIT") {
    if (lifetime && spot())
      return error(400, -1106, "Parameter 'timeInForce' sent when not required.");
    return std::nullopt;
  }
  if (!lifetime)
    return missing("timeInForce");
  const bool gtx = !spot() && *lifetime == "GTX";
  if (*lifetime != "GTC" && *lifetime != "IOC" && *lifetime != "FOK" && !gtx)
    return error(400, -1115, "Invalid timeInForce.");
  ask.lifetime = *lifetime == "IOC"   ? Lifetime::ioc
                 : *lifetime == "FOK" ? Lifetime::fok
                                      : Lifetime::gtc;
  ask.post_only = gtx;
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::read_amounts(const BinanceCall& call,
                                                       OrderAsk& ask) const {
  const auto read = [&](std::string_view name,
                        std::optional<core::Decimal>& into) -> std::optional<HttpAnswer> {
    const auto text = call.text(name);
    if (!text)
      return std::nullopt;
    const auto value = core::Decimal::parse(*text);
    if (!value || text->find_first_not_of("0123456789.") != std::string::npos)
      return bad_amount(name);
    if (value->is_zero() && !spot())
      return name == "price" ? error(400, -4001, "Price less than 0.")
                             : error(400, -4003, "Quantity less than or equal to zero.");
    if (value->is_zero())
      return error(400, -1013, fmt::format("Invalid {}.", name));
    into = *value;
    return std::nullopt;
  };
  if (auto wrong = read("quantity", ask.quantity))
    return wrong;
  if (auto wrong = read("quoteOrderQty", ask.quote_quantity))
    return wrong;
  if (auto wrong = read("price", ask.price))
    return wrong;
  const bool market = ask.type == OrderType::market;
  if (ask.quote_quantity && (!spot() || !market || ask.quantity))
    return error(400, -1106, "Parameter 'quoteOrderQty' sent when not required.");
  if (!ask.quantity && !ask.quote_quantity)
    return missing("quantity");
  if (market && ask.price)
    return error(400, -1106, "Parameter 'price' sent when not required.");
  if (!market && !ask.price)
    return missing("price");
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::read_contract_terms(const BinanceCall& call,
                                                              OrderAsk& ask) const {
  if (call.text_or("positionSide", "BOTH") != "BOTH")
    return error(400, -4061, "Order's position side does not match user's setting.");
  const auto reduce = call.text_or("reduceOnly", "false");
  if (reduce != "true" && reduce != "false")
    return error(400, -1102, "Mandatory parameter 'reduceOnly' was malformed.");
  if (spot() && call.text("reduceOnly"))
    return error(400, -1104,
                 "Not all sent parameters were read; read '8' parameter(s) but was "
                 "sent '9'.");
  ask.reduce_only = reduce == "true";
  return std::nullopt;
}

std::optional<HttpAnswer> BinancePrivate::read_order(const BinanceCall& call, OrderAsk& ask) {
  ask.account = call.account;
  ask.surface = id_;
  if (auto wrong = read_symbol(call, ask.symbol, true))
    return wrong;
  if (auto wrong = read_kind(call, ask))
    return wrong;
  if (auto wrong = read_amounts(call, ask))
    return wrong;
  if (auto wrong = read_contract_terms(call, ask))
    return wrong;
  const auto mode = self_trade_of(call.text_or("selfTradePreventionMode", "NONE"));
  if (!mode)
    return error(400, -1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.");
  ask.self_trade = *mode;
  const auto answer = call.text_or("newOrderRespType", "ACK");
  if (answer != "ACK" && answer != "RESULT" && (answer != "FULL" || !spot()))
    return error(400, -1130, "Data sent for parameter 'newOrderRespType' is not valid.");
  ask.client_id = call.text_or("newClientOrderId", "");
  if (ask.client_id.empty())
    ask.client_id = made_up_id(made_up_letters);
  else if (!fits_client_id(ask.client_id))
    return bad_client_id("newClientOrderId");
  return std::nullopt;
}

PlaceOptions BinancePrivate::place_options() const noexcept {
  PlaceOptions options;
  options.refuse_unfillable_fok = !spot();
  return options;
}

// ---- doing

HttpAnswer BinancePrivate::place(const BinanceCall& call, const OrderAsk& ask,
                                 const OrderFate& fate) {
  auto options = place_options();
  options.fill_ppm_max = fate.fill_ppm_max;
  options.fill_late_by = fate.fill_late_by;
  const auto placed = exchange_.place(ask, options, call.now);
  if (placed.refusal != Refusal::none || !placed.order)
    return refusal(placed.refusal, ask);
  if (spot())
    return ok(spot_placed(*placed.order, call.text_or("newOrderRespType", "FULL")));
  auto shown = *placed.order;
  if (call.text_or("newOrderRespType", "ACK") == "ACK") {
    // Taken, and no word of what became of it.
    shown.state = OrderState::open;
    shown.filled = 0;
    shown.filled_value = 0;
  }
  return ok(order_text(shown, false));
}

HttpAnswer BinancePrivate::test(const BinanceCall& call) {
  OrderAsk ask;
  if (auto wrong = read_order(call, ask))
    return *wrong;
  const auto reason = exchange_.check(ask, place_options());
  return reason == Refusal::none ? ok("{}") : refusal(reason, ask);
}

HttpAnswer BinancePrivate::cancel(const BinanceCall& call) {
  std::string symbol;
  OrderName name;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  if (auto wrong = read_name(call, name))
    return *wrong;
  CancelOptions options;
  options.request_id = call.text_or("newClientOrderId", made_up_id(made_up_letters));
  options.fill_late_by = late_fill_of(faults_, id_, symbol, call.now);
  const auto done = exchange_.cancel(call.account, id_, symbol, name, options, call.now);
  if (done.refusal != Refusal::none || !done.order)
    return error(400, -2011, "Unknown order sent.");
  return ok(spot() ? spot_cancelled(*done.order, options.request_id)
                   : order_text(*done.order, false));
}

HttpAnswer BinancePrivate::cancel_all(const BinanceCall& call) {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  const auto gone = exchange_.cancel_all(call.account, id_, symbol, Refusal::by_request, call.now);
  if (!spot())
    return ok(R"({"code":200,"msg":"The operation of cancel all open order is done."})");
  if (gone.empty())
    return error(400, -2011, "Unknown order sent.");
  std::vector<std::string> rows;
  for (const auto& order : gone)
    rows.push_back(spot_cancelled(order, made_up_id(made_up_letters)));
  return ok(joined(rows));
}

HttpAnswer BinancePrivate::modify(const BinanceCall& call) {
  std::string symbol;
  OrderName name;
  OrderAsk ask;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  if (auto wrong = read_name(call, name))
    return *wrong;
  if (auto wrong = read_amounts(call, ask))
    return *wrong;
  const auto* before = exchange_.find(call.account, id_, symbol, name);
  if (before == nullptr || !is_open(before->state))
    return error(400, -2013, "Order does not exist.");
  if (call.text_or("side", "") != binance_side(before->side))
    return error(400, -1117, "Invalid side.");
  ask.symbol = symbol;
  ask.side = before->side;
  const auto done
      = exchange_.amend(call.account, id_, symbol, name, ask.price, ask.quantity, call.now);
  return done.refusal == Refusal::none && done.order ? ok(order_text(*done.order, false))
                                                     : refusal(done.refusal, ask);
}

// ---- asking

HttpAnswer BinancePrivate::query(const BinanceCall& call, bool open_only) const {
  std::string symbol;
  OrderName name;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  if (auto wrong = read_name(call, name))
    return *wrong;
  const auto* order = exchange_.find(call.account, id_, symbol, name);
  if (order == nullptr || (open_only && !is_open(order->state)))
    return error(400, -2013, "Order does not exist.");
  return ok(order_text(*order, true));
}

HttpAnswer BinancePrivate::list_orders(const BinanceCall& call, bool open_only) const {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, !open_only))
    return *wrong;
  const auto first = whole(call, "orderId").value_or(0);
  const auto since = whole(call, "startTime").value_or(0);
  const auto until = whole(call, "endTime");
  const auto limit = std::min(whole(call, "limit").value_or(rows_usual), rows_max);
  std::vector<std::string> rows;
  for (const auto* order : exchange_.orders(call.account, id_, symbol, open_only)) {
    const bool wanted = open_only
                        || (order->id >= first && order->created_at >= since
                            && (!until || order->created_at <= *until));
    if (wanted)
      rows.push_back(order_text(*order, true));
  }
  // From an id on the oldest ones, else the latest.
  if (!open_only && rows.size() > static_cast<std::size_t>(limit)) {
    if (first > 0 || since > 0)
      rows.resize(static_cast<std::size_t>(limit));
    else
      rows.erase(rows.begin(), rows.end() - limit);
  }
  return ok(joined(rows));
}

HttpAnswer BinancePrivate::list_trades(const BinanceCall& call) const {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  const auto order = whole(call, "orderId");
  const auto first = whole(call, "fromId");
  const auto since = whole(call, "startTime").value_or(0);
  const auto until = whole(call, "endTime");
  if (first && (since > 0 || until))
    return error(400, -1128, "Combination of optional parameters invalid.");
  const auto limit = std::min(whole(call, "limit").value_or(rows_usual), rows_max);
  std::vector<std::string> rows;
  for (const auto* fill : exchange_.fills(call.account, id_, symbol)) {
    const bool wanted = (!order || fill->order == *order) && (!first || fill->trade_id >= *first)
                        && fill->at >= since && (!until || fill->at <= *until);
    if (wanted)
      rows.push_back(fill_text(*fill));
  }
  if (rows.size() > static_cast<std::size_t>(limit)) {
    if (first || since > 0)
      rows.resize(static_cast<std::size_t>(limit));
    else
      rows.erase(rows.begin(), rows.end() - limit);
  }
  return ok(joined(rows));
}

} // namespace tandem::sim
