// Bybit v5 orders: placing, cancelling, amending. The answer says only that a request was taken;
// what became of it is told on the streams.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::sim {
namespace {

constexpr std::size_t link_id_max = 36;
constexpr std::int64_t band_ppm = 50'000; // the price band that a market order is turned into
constexpr std::size_t batch_max_spot = 10;
constexpr std::size_t batch_max_linear = 20;
constexpr std::int64_t million = 1'000'000;

BybitAnswer refusal(BybitCode code) {
  return {code.code, std::move(code.message), "{}", "{}"};
}

BybitAnswer wrong(std::string_view what) {
  return {10001, fmt::format("params error: {}", what), "{}", "{}"};
}

/// 10001 on linear, a number of its own on spot.
BybitCode invalid(SurfaceId surface, std::string_view linear, int spot_code,
                  std::string_view spot) {
  if (is_spot(surface))
    return {spot_code, std::string{spot}};
  return {10001, fmt::format("params error: {}", linear)};
}

std::string acknowledged(SurfaceId surface, const Order& order) {
  return fmt::format(R"({{"orderId":"{}","orderLinkId":{}}})", bybit_order_id(surface, order.id),
                     json_quoted(bybit_link_id(order)));
}

bool fits_link_id(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
           || c == '_';
  });
}

/// Whether a field stands there with a value that asks for something.
bool asks_for(const BybitCall& call, std::string_view name) {
  const auto text = call.text(name);
  return !text.empty() && text != "0";
}

bool is_true(const BybitCall& call, std::string_view name) {
  const auto* field = call.fields.if_contains({name.data(), name.size()});
  return field != nullptr && field->is_bool() && field->get_bool();
}

std::optional<core::Decimal> positive(const std::string& text) {
  const auto value = core::Decimal::parse(text);
  if (!value || value->is_negative() || value->is_zero())
    return std::nullopt;
  return *value;
}

SelfTrade self_trade_of(std::string_view type) {
  if (type == "CancelMaker")
    return SelfTrade::expire_maker;
  if (type == "CancelTaker")
    return SelfTrade::expire_taker;
  return type == "CancelBoth" ? SelfTrade::expire_both : SelfTrade::none;
}

struct Slippage {
  enum class Kind : std::uint8_t { none, ticks, percent };
  Kind kind = Kind::none;
  std::int64_t units = 0; ///< ticks, or hundredths of a percent
  bool fits = false;
};

Slippage slippage_of(const BybitCall& call) {
  constexpr std::int64_t ticks_max = 10'000;
  constexpr std::int64_t percent_max = 1'000; // 10 %
  const auto type = call.text("slippageToleranceType");
  if (type != "TickSize" && type != "Percent")
    return {};
  const bool ticks = type == "TickSize";
  Slippage out;
  out.kind = ticks ? Slippage::Kind::ticks : Slippage::Kind::percent;
  if (const auto value = core::Decimal::parse(call.text("slippageTolerance")))
    out.units = value->at_scale(ticks ? 0 : 2).value_or(0);
  out.fits = out.units >= 1 && out.units <= (ticks ? ticks_max : percent_max);
  return out;
}

std::optional<BybitCode> unsupported(const BybitCall& call) {
  const auto filter = call.text("orderFilter");
  constexpr std::array<std::string_view, 4> filters{"", "Order", "tpslOrder", "StopOrder"};
  if (std::ranges::find(filters, filter) == filters.end())
    return invalid(call.surface, "OrderFilter invalid", 170201, "Invalid orderFilter parameter");
  const bool conditional = (!filter.empty() && filter != "Order") || asks_for(call, "triggerPrice")
                           || asks_for(call, "takeProfit") || asks_for(call, "stopLoss");
  if (conditional) // the simulated venue has no conditional orders
    return invalid(call.surface, "conditional orders are not supported", 170227,
                   "This feature is not supported.");
  if (asks_for(call, "positionIdx"))
    return BybitCode{10001, "position idx not match position mode"};
  if (asks_for(call, "isLeverage"))
    return BybitCode{170036, "You haven't enabled Cross Margin Trading yet."};
  return std::nullopt;
}

} // namespace

std::optional<BybitCode> BybitPrivate::read_order(const BybitCall& call, OrderAsk& ask) const {
  const auto side = call.text("side");
  const auto type = call.text("orderType");
  const auto lifetime = call.text("timeInForce");
  const auto link = call.text("orderLinkId");
  if (side != "Buy" && side != "Sell")
    return invalid(call.surface, "Side invalid", 170117, "Invalid side.");
  if (type != "Market" && type != "Limit")
    return invalid(call.surface, "OrderType invalid", 170116, "Invalid orderType.");
  constexpr std::array<std::string_view, 5> lifetimes{"", "GTC", "IOC", "FOK", "PostOnly"};
  if (std::ranges::find(lifetimes, lifetime) == lifetimes.end())
    return invalid(call.surface, "TimeInForce invalid", 170115, "Invalid timeInForce.");
  if (link.size() > link_id_max)
    return BybitCode{10001, "params error: OrderLinkId length cannot exceed 45 characters"};
  if (!fits_link_id(link))
    return BybitCode{10001, "params error: OrderLinkId invalid"};
  if (auto missing = unsupported(call))
    return missing;
  ask.account = call.account;
  ask.surface = call.surface;
  ask.symbol = call.text("symbol");
  ask.side = side == "Buy" ? Side::bid : Side::ask;
  ask.type = type == "Market" ? OrderType::market : OrderType::limit;
  ask.lifetime = lifetime == "FOK"   ? Lifetime::fok
                 : lifetime == "IOC" ? Lifetime::ioc
                                     : Lifetime::gtc;
  ask.post_only = lifetime == "PostOnly" && ask.type == OrderType::limit;
  ask.reduce_only = is_true(call, "reduceOnly") || is_true(call, "closeOnTrigger");
  ask.self_trade = self_trade_of(call.text("smpType"));
  ask.client_id = link;
  return read_size(call, ask);
}

std::optional<BybitCode> BybitPrivate::read_size(const BybitCall& call, OrderAsk& ask) const {
  const bool spot = is_spot(call.surface);
  const auto quantity = positive(call.text("qty"));
  if (!quantity)
    return invalid(call.surface, "Qty invalid", 170130,
                   "Data sent for paramter 'qty' is not valid.");
  const bool market = ask.type == OrderType::market;
  const auto unit = call.text("marketUnit");
  if (spot && market && !unit.empty() && unit != "baseCoin" && unit != "quoteCoin")
    return BybitCode{170130, "Data sent for paramter 'marketUnit' is not valid."};
  const bool by_quote
      = spot && market && (unit == "quoteCoin" || (unit.empty() && ask.side == Side::bid));
  (by_quote ? ask.quote_quantity : ask.quantity) = *quantity;
  if (market)
    return std::nullopt;
  const auto price = call.text("price");
  if (price.empty())
    return invalid(call.surface, "Price invalid", 170105, "Parameter 'price' was empty.");
  ask.price = positive(price);
  if (!ask.price)
    return invalid(call.surface, "Price invalid", 170130,
                   "Data sent for paramter 'price' is not valid.");
  return std::nullopt;
}

/// A market order is an IOC order with a band; slippageTolerance makes the band a real limit.
void BybitPrivate::price_market(const BybitCall& call, OrderAsk& ask) const {
  const auto* listed = instrument(call.surface, ask.symbol);
  const auto last = exchange_.market_price(call.surface, ask.symbol);
  if (listed == nullptr || !last)
    return;
  const auto slippage = slippage_of(call);
  const auto part = [&](std::int64_t ppm) {
    return static_cast<std::int64_t>(static_cast<core::Int128>(*last) * ppm / million);
  };
  constexpr std::int64_t ppm_per_unit = 100; // 0.01 %
  const auto distance = slippage.kind == Slippage::Kind::none ? part(band_ppm)
                        : slippage.kind == Slippage::Kind::ticks
                            ? slippage.units * listed->tick
                            : part(slippage.units * ppm_per_unit);
  auto price = ask.side == Side::bid ? *last + distance : *last - distance;
  price = std::max(price - price % listed->tick, listed->tick);
  ask.tag = std::string{market_mark} + bybit_price(*listed, price);
  if (slippage.kind == Slippage::Kind::none || !ask.quantity)
    return;
  ask.type = OrderType::limit;
  ask.lifetime = Lifetime::ioc;
  ask.price = core::Decimal{price, listed->price_decimals};
}

BybitAnswer BybitPrivate::create(const BybitCall& call) {
  if (!call.category_known)
    return wrong("Category is invalid");
  OrderAsk ask;
  if (auto code = read_order(call, ask))
    return refusal(std::move(*code));
  const auto* listed = instrument(call.surface, ask.symbol);
  if (listed == nullptr)
    return refusal(bybit_code(Refusal::unknown_symbol, call.surface, ask, nullptr));
  const auto slippage = slippage_of(call);
  if (slippage.kind == Slippage::Kind::ticks && !slippage.fits)
    return refusal({110108, "Allowable range: 1 to 10000 tick size"});
  if (slippage.kind == Slippage::Kind::percent && !slippage.fits)
    return refusal({110109, "Allowable range: 0.01% to 10%"});
  if (ask.type == OrderType::market)
    price_market(call, ask);
  if (ask.client_id.empty())
    ask.client_id = unnamed_mark + std::to_string(++made_up_);
  PlaceOptions options;
  options.refuse_unfillable_fok = false;
  options.refuse_taking_post_only = false;
  options.unique_ids_for_ever = true;
  options.fill_ppm_max = call.fate.fill_ppm_max;
  options.fill_late_by = call.fate.fill_late_by;
  if (call.fate.reject) {
    // Taken by the gateway, refused by the engine: the answer is fine, the stream says Rejected. An
    // order that may neither trade nor rest comes to the same.
    ask.tag = std::string{rejected_mark}.append(call.text("timeInForce"));
    ask.lifetime = Lifetime::ioc;
    ask.post_only = false;
    options.fill_ppm_max = 0;
  }
  if (call.fate.halted)
    return refusal(bybit_code(Refusal::market_closed, call.surface, ask, listed));
  const auto placed = exchange_.place(ask, options, call.now);
  if (placed.refusal != Refusal::none || !placed.order)
    return refusal(bybit_code(placed.refusal, call.surface, ask, listed));
  return {0, "OK", acknowledged(call.surface, *placed.order), "{}"};
}

std::optional<OrderName> BybitPrivate::name_in(const BybitCall& call) const {
  const auto id = call.text("orderId");
  if (!id.empty()) // wins when both are given; what is no id of ours names no order
    return OrderName{bybit_order_number(call.surface, id).value_or(-1), {}};
  const auto link = call.text("orderLinkId");
  return link.empty() ? std::nullopt : std::optional{OrderName{0, link}};
}

/// A cancel that loses to a fill which its owner has not been told of: both are true for the venue.
/// It answers as if all was well and says Filled twice.
bool BybitPrivate::lost_race(const Order* order, Time now) {
  if (order == nullptr || order->state != OrderState::filled)
    return false;
  const auto untold = std::ranges::find_if(told_, [&](const Told& each) {
    return each.event.order.id == order->id && each.event.order.state == OrderState::filled;
  });
  if (untold == told_.end())
    return false;
  add_lost_race(*untold, now);
  return true;
}

BybitAnswer BybitPrivate::cancel(const BybitCall& call) {
  if (!call.category_known)
    return wrong("Category is invalid");
  const auto symbol = call.text("symbol");
  if (instrument(call.surface, symbol) == nullptr)
    return refusal(bybit_code(Refusal::unknown_symbol, call.surface, {}, nullptr));
  const auto name = name_in(call);
  if (!name)
    return wrong("OrderId or OrderLinkId is required");
  CancelOptions options;
  options.fill_late_by = call.fill_late_by;
  const auto done = exchange_.cancel(call.account, call.surface, symbol, *name, options, call.now);
  const auto* order = done.order ? &*done.order : nullptr;
  if (order == nullptr || (done.refusal != Refusal::none && !lost_race(order, call.now)))
    return refusal(bybit_closed(call.surface, order));
  return {0, "OK", acknowledged(call.surface, *order), "{}"};
}

BybitAnswer BybitPrivate::amend(const BybitCall& call) {
  if (!call.category_known)
    return wrong("Category is invalid");
  const auto symbol = call.text("symbol");
  const auto* listed = instrument(call.surface, symbol);
  if (listed == nullptr)
    return refusal(bybit_code(Refusal::unknown_symbol, call.surface, {}, nullptr));
  const auto name = name_in(call);
  if (!name)
    return wrong("OrderId or OrderLinkId is required");
  OrderAsk asked;
  for (auto [field, into] : {std::pair{"price", &asked.price}, std::pair{"qty", &asked.quantity}}) {
    const auto text = call.text(field);
    *into = positive(text);
    if (!text.empty() && !*into)
      return wrong(fmt::format("{} invalid", field));
  }
  if (!asked.price && !asked.quantity)
    return wrong("nothing to amend");
  const auto* before = exchange_.find(call.account, call.surface, symbol, *name);
  if (before == nullptr || !is_open(before->state))
    return refusal(bybit_closed(call.surface, before));
  asked.side = before->side;
  const auto price = asked.price ? asked.price->at_scale(listed->price_decimals)
                                 : core::Result<std::int64_t>{before->price};
  const auto quantity = asked.quantity ? asked.quantity->at_scale(listed->quantity_decimals)
                                       : core::Result<std::int64_t>{before->quantity};
  if (price && quantity && *price == before->price && *quantity == before->quantity)
    return {10001, "The order remains unchanged as the parameters entered match the existing ones.",
            "{}", "{}"};
  if (quantity && *quantity <= before->filled)
    return is_spot(call.surface)
               ? refusal({170313,
                          "The modified contract quantity cannot be less than to the filled "
                          "quantity"})
               : refusal({110064, "The modified contract quantity cannot be less than or equal to "
                                  "the filled quantity."});
  const auto done = exchange_.amend(call.account, call.surface, symbol, *name, asked.price,
                                    asked.quantity, call.now);
  if (done.refusal != Refusal::none || !done.order)
    return refusal(done.refusal == Refusal::unknown_order
                       ? bybit_closed(call.surface, nullptr)
                       : bybit_code(done.refusal, call.surface, asked, listed));
  return {0, "OK", acknowledged(call.surface, *done.order), "{}"};
}

BybitAnswer BybitPrivate::cancel_all(const BybitCall& call) {
  if (!call.category_known)
    return wrong("Category is invalid");
  const auto symbol = call.text("symbol");
  const bool spot = is_spot(call.surface);
  if (!spot && symbol.empty() && call.text("baseCoin").empty() && call.text("settleCoin").empty())
    return wrong("symbol, baseCoin or settleCoin is required");
  if (!symbol.empty() && instrument(call.surface, symbol) == nullptr)
    return refusal(bybit_code(Refusal::unknown_symbol, call.surface, {}, nullptr));
  constexpr std::size_t cancelled_max = 500; // linear; spot knows no bound
  std::string list;
  std::size_t count = 0;
  for (const auto& listed : instruments_) {
    if (listed.surface != call.surface || !selects(call, listed.symbol)
        || (!spot && count >= cancelled_max))
      continue;
    for (const auto& order : exchange_.cancel_all(call.account, call.surface, listed.symbol,
                                                  Refusal::by_request, call.now)) {
      list += (list.empty() ? "" : ",") + acknowledged(call.surface, order);
      ++count;
    }
  }
  return {0, "OK", fmt::format(R"({{"list":[{}],"success":"1"}})", list), "{}"};
}

BybitAnswer BybitPrivate::batch(BybitOperation each, const BybitCall& call) {
  const auto* list = call.fields.if_contains("request");
  if (!call.category_known)
    return wrong("Category is invalid");
  if (list == nullptr || !list->is_array() || list->get_array().empty())
    return wrong("request is empty");
  const auto& items = list->get_array();
  if (items.size() > (is_spot(call.surface) ? batch_max_spot : batch_max_linear))
    return wrong("the number of orders exceeds the limit of a batch");
  std::string results;
  std::string codes;
  for (const auto& item : items) {
    auto one = call;
    one.fields = item.is_object() ? item.get_object() : boost::json::object{};
    const auto answer = act(each, one);
    const auto* separator = codes.empty() ? "" : ",";
    codes += fmt::format(R"({}{{"code":{},"msg":{}}})", separator, answer.code,
                         json_quoted(answer.message));
    auto names = answer.code == 0 ? answer.result.substr(1, answer.result.size() - 2)
                                  : fmt::format(R"("orderId":"","orderLinkId":{})",
                                                json_quoted(one.text("orderLinkId")));
    if (each == BybitOperation::create)
      names += answer.code == 0 ? fmt::format(R"(,"createAt":"{}")", core::to_millis(call.now))
                                : std::string{R"(,"createAt":"")"};
    results += fmt::format(R"({}{{"category":"{}","symbol":{},{}}})", separator,
                           bybit_category(call.surface), json_quoted(one.text("symbol")), names);
  }
  return {0, "OK", fmt::format(R"({{"list":[{}]}})", results),
          fmt::format(R"({{"list":[{}]}})", codes)};
}

} // namespace tandem::sim
