#include "adapters/venues/bybit/order_wire.hpp"

#include "adapters/venues/bybit/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tandem::adapters::venues::bybit {
namespace {

using core::Decimal;
using core::Errc;
using core::MarketType;
using core::Money;
using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;
using core::orders::VenueFill;
using core::orders::VenueOrder;
using core::orders::VenueStatus;

constexpr std::size_t client_id_max = 36;
constexpr std::size_t symbol_bytes_max = 64;
/// Fees of a linear fill that names no currency are in the settlement coin.
constexpr std::string_view settlement_coin = "USDT";

tl::unexpected<core::Error> invalid(std::string detail) {
  return core::fail(Errc::validation_error, std::move(detail), std::string{wire::source});
}

/// Letters, digits, '-' and '_' need no escape in JSON nor in a query.
bool is_plain(std::string_view text, std::size_t size_max) noexcept {
  if (text.empty() || text.size() > size_max)
    return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-';
  });
}

std::string_view word_of(TimeInForce tif) noexcept {
  switch (tif) {
  case TimeInForce::gtc:
    return "GTC";
  case TimeInForce::ioc:
    return "IOC";
  case TimeInForce::fok:
    return "FOK";
  case TimeInForce::post_only:
    return "PostOnly";
  }
  return "GTC";
}

TimeInForce tif_of(std::string_view word) noexcept {
  if (word == "IOC")
    return TimeInForce::ioc;
  if (word == "FOK")
    return TimeInForce::fok;
  return word == "PostOnly" ? TimeInForce::post_only : TimeInForce::gtc;
}

std::optional<Side> side_of(std::string_view word) noexcept {
  if (word == "Buy")
    return Side::buy;
  if (word == "Sell")
    return Side::sell;
  return std::nullopt;
}

/// @param ends_by_itself IOC, FOK or market: what the venue calls cancelled is then its own end.
std::optional<VenueStatus> status_of(std::string_view word, bool ends_by_itself) noexcept {
  if (word == "New" || word == "PartiallyFilled" || word == "Untriggered" || word == "Triggered"
      || word == "Created")
    return VenueStatus::open;
  if (word == "Filled")
    return VenueStatus::filled;
  if (word == "Cancelled" || word == "PartiallyFilledCanceled")
    return ends_by_itself ? VenueStatus::expired : VenueStatus::cancelled;
  if (word == "Deactivated")
    return VenueStatus::cancelled;
  if (word == "Rejected")
    return VenueStatus::rejected;
  return std::nullopt;
}

/// A text that may be empty where there is nothing to say.
std::optional<Decimal> amount_or_none(const Object& item, std::string_view key) {
  const auto raw = item.text(key);
  if (!raw || raw->empty())
    return Decimal{};
  return item.amount(key);
}

std::optional<Money> money_or_none(const Object& item, std::string_view key) {
  const auto raw = item.text(key);
  if (!raw || raw->empty())
    return Money{};
  return item.money(key);
}

/// Times are texts in REST and integers on sockets.
core::UnixMillis time_of(const Object& item, std::string_view key) {
  if (const auto number = item.integer(key))
    return *number;
  const auto raw = item.text(key).value_or("");
  core::UnixMillis value = 0;
  std::from_chars(raw.data(), raw.data() + raw.size(), value);
  return value;
}

std::optional<core::InstrumentKey> instrument_of(MarketType type, const Object& item) {
  const auto symbol = item.text("symbol");
  if (!symbol || symbol->empty() || symbol->size() > symbol_bytes_max)
    return std::nullopt;
  if (const auto category = item.text("category")) {
    const auto told = type_of_category(*category);
    if (!told)
      return std::nullopt;
    type = *told;
  }
  return core::InstrumentKey{core::VenueId{"bybit"}, type, core::Symbol{std::string{*symbol}}};
}

/// "EC_NoError" and "UNKNOWN" say nothing.
std::string reason_of(const Object& item) {
  for (const auto* key : {"rejectReason", "cancelType"}) {
    const auto word = item.text(key).value_or("");
    if (!word.empty() && word != "EC_NoError" && word != "UNKNOWN")
      return std::string{word};
  }
  return {};
}

core::Status check_ref(const OrderRef& order) {
  if (!is_plain(order.symbol.text(), symbol_bytes_max))
    return invalid("an order without a symbol");
  const auto& id = order.venue_order_id.empty() ? order.client_id.text() : order.venue_order_id;
  if (!is_plain(id, symbol_bytes_max))
    return invalid("an order without an id of ours or the venue's");
  return {};
}

core::Status check_draft(MarketType type, const core::orders::OrderIntent& order) {
  const auto& draft = order.draft;
  if (!is_plain(draft.instrument.symbol.text(), symbol_bytes_max))
    return invalid("an order without a symbol");
  if (!is_plain(order.id.text(), client_id_max))
    return invalid("client order id '" + order.id.text().substr(0, client_id_max + 1)
                   + "' is not 1 to 36 of [A-Za-z0-9_-]");
  return check_terms(type, draft, std::string{wire::source});
}

} // namespace

std::string_view category_of(MarketType type) noexcept {
  return core::to_string(type); // the same words
}

std::optional<MarketType> type_of_category(std::string_view word) noexcept {
  if (word == "spot")
    return MarketType::spot;
  return word == "linear" ? std::optional{MarketType::linear} : std::nullopt;
}

core::Result<std::string> place_body(MarketType type, const core::orders::OrderIntent& order) {
  if (const auto status = check_draft(type, order); !status)
    return tl::unexpected{status.error()};
  const auto& draft = order.draft;
  const bool market = draft.type == OrderType::market;
  auto body
      = fmt::format(R"({{"category":"{}","symbol":"{}","side":"{}","orderType":"{}","qty":"{}")",
                    category_of(type), draft.instrument.symbol.text(),
                    draft.side == Side::buy ? "Buy" : "Sell", market ? "Market" : "Limit",
                    core::format_scaled(draft.quantity.units, draft.scale.quantity_decimals));
  if (!market)
    body += fmt::format(R"(,"price":"{}","timeInForce":"{}")",
                        core::format_scaled(draft.price.units, draft.scale.price_decimals),
                        word_of(draft.tif));
  else if (type == MarketType::spot)
    body += R"(,"marketUnit":"baseCoin")"; // else a buy's quantity is quote coin
  if (type == MarketType::spot)
    body += R"(,"isLeverage":0)";
  else
    body += fmt::format(R"(,"positionIdx":0,"reduceOnly":{})", draft.reduce_only);
  // What would meet an order of our own is taken back instead.
  body += fmt::format(R"(,"smpType":"CancelTaker","orderLinkId":"{}"}})", order.id.text());
  return body;
}

core::Result<std::string> cancel_body(MarketType type, const OrderRef& order) {
  if (const auto status = check_ref(order); !status)
    return tl::unexpected{status.error()};
  const bool by_venue = !order.venue_order_id.empty();
  return fmt::format(R"({{"category":"{}","symbol":"{}","{}":"{}"}})", category_of(type),
                     order.symbol.text(), by_venue ? "orderId" : "orderLinkId",
                     by_venue ? order.venue_order_id : order.client_id.text());
}

core::Result<std::string> query_of(MarketType type, const OrderRef& order) {
  if (const auto status = check_ref(order); !status)
    return tl::unexpected{status.error()};
  const bool by_venue = !order.venue_order_id.empty();
  return fmt::format("category={}&symbol={}&{}={}", category_of(type), order.symbol.text(),
                     by_venue ? "orderId" : "orderLinkId",
                     by_venue ? order.venue_order_id : order.client_id.text());
}

std::optional<VenueOrder> read_order(MarketType type, const Object& item) {
  const auto instrument = instrument_of(type, item);
  const auto id = item.text("orderId");
  const auto side = side_of(item.text("side").value_or(""));
  const bool market = item.text("orderType").value_or("") == "Market";
  const auto tif = market ? TimeInForce::ioc : tif_of(item.text("timeInForce").value_or(""));
  const bool ends_by_itself = tif == TimeInForce::ioc || tif == TimeInForce::fok;
  const auto status = status_of(item.text("orderStatus").value_or(""), ends_by_itself);
  const auto price = amount_or_none(item, "price");
  const auto quantity = amount_or_none(item, "qty");
  const auto filled = amount_or_none(item, "cumExecQty");
  if (!instrument || !id || id->empty() || !side || !status || !price || !quantity || !filled)
    return std::nullopt;
  VenueOrder order;
  order.instrument = *instrument;
  order.client_id = item.text("orderLinkId").value_or("");
  order.side = *side;
  order.type = market ? OrderType::market : OrderType::limit;
  order.tif = tif;
  order.price = *price;
  order.quantity = *quantity;
  order.venue_order_id = *id;
  order.status = *status;
  order.cumulative = *filled;
  order.reason = reason_of(item);
  order.venue_time = time_of(item, "updatedTime");
  // A rejection after part of it traded is an end, not a proof that nothing did.
  if (order.status == VenueStatus::rejected && !filled->is_zero())
    order.status = VenueStatus::cancelled;
  return order;
}

std::optional<Execution> read_execution(MarketType type, const Object& item) {
  const auto kind = item.text("execType");
  if (kind && *kind != "Trade")
    return Execution{};
  const auto instrument = instrument_of(type, item);
  const auto id = item.text("orderId");
  const auto trade = item.text("execId");
  const auto side = side_of(item.text("side").value_or(""));
  const auto price = item.amount("execPrice");
  const auto quantity = item.amount("execQty");
  const auto fee = money_or_none(item, "execFee");
  if (!instrument || !id || !trade || trade->empty() || !side || !price || !quantity
      || quantity->is_zero() || !fee)
    return std::nullopt;
  const auto currency = item.text("feeCurrency").value_or("");
  VenueFill fill;
  fill.instrument = *instrument;
  fill.client_id = item.text("orderLinkId").value_or("");
  fill.venue_order_id = *id;
  fill.side = *side;
  fill.trade_id = *trade;
  fill.price = *price;
  fill.quantity = *quantity;
  fill.fee = *fee;
  fill.fee_asset = currency.empty() ? settlement_coin : currency;
  fill.maker = item.flag("isMaker").value_or(false);
  fill.venue_time = time_of(item, "execTime");
  return Execution{true, std::move(fill)};
}

std::optional<Balance> read_coin(const Object& item) {
  const auto coin = item.text("coin");
  const auto total = item.money("walletBalance");
  const auto locked = money_or_none(item, "locked");
  if (!coin || coin->empty() || !total || !locked)
    return std::nullopt;
  return Balance{std::string{*coin}, *total - *locked, *locked};
}

std::optional<VenuePosition> read_position(const Object& item) {
  const auto instrument = instrument_of(MarketType::linear, item);
  const auto side = item.text("side");
  const auto size = money_or_none(item, "size");
  // REST says avgPrice, the topic entryPrice.
  const auto entry = money_or_none(item, item.has("avgPrice") ? "avgPrice" : "entryPrice");
  const auto profit = money_or_none(item, "unrealisedPnl");
  if (!instrument || !side || !size || !entry || !profit)
    return std::nullopt;
  return VenuePosition{*instrument, *side == "Sell" ? -*size : *size, *entry, *profit};
}

} // namespace tandem::adapters::venues::bybit
