// The admin routes of the accounts:
// GET /accounts         names, venues and balances
// POST /accounts        {"name", "venue", "keys": [{"key", "secret" | "public_key", "withdraw"?}],
// "deposits":
//                       {"spot" | "linear" | "unified": {ASSET: "amount"}}}: makes the account, or
//                       moves money of one that is there (below zero takes it away)
// POST /orders/manual   {"account", "surface", "symbol", "side": "buy" | "sell", "quantity",
//                       "price"?, "lifetime"? "gtc" | "ioc" | "fok", "reduce_only"?}: an order that
//                       no client sent; without a price a market order
#include "apps/tandem_sim/simulator.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace tandem::sim {
namespace {

namespace json = boost::json;

HttpAnswer wrong(std::string_view message) {
  return {400, {}, fmt::format(R"({{"success":false,"error":{}}})", json_quoted(message))};
}

std::optional<json::object> body_of(const std::string& body) {
  boost::system::error_code error;
  auto value = json::parse(body, error);
  if (error || !value.is_object())
    return std::nullopt;
  return value.get_object();
}

std::string text(const json::object& from, std::string_view key) {
  const auto* value = from.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

struct Transfer {
  SurfaceId surface = SurfaceId::binance_spot;
  std::string asset;
  Amount amount = 0;
};

/// Nullopt when something is no amount or no wallet of this venue.
std::optional<std::vector<Transfer>> read_deposits(const json::object& body, VenueName venue) {
  std::vector<Transfer> out;
  const auto* deposits = body.if_contains("deposits");
  if (deposits == nullptr)
    return out;
  if (!deposits->is_object())
    return std::nullopt;
  for (const auto& wallet : deposits->get_object()) {
    const std::string_view name{wallet.key()};
    const bool known
        = venue == VenueName::bybit ? name == "unified" : name == "spot" || name == "linear";
    if (!known || !wallet.value().is_object())
      return std::nullopt;
    const auto surface = venue == VenueName::bybit ? SurfaceId::bybit_spot
                         : name == "spot"          ? SurfaceId::binance_spot
                                                   : SurfaceId::binance_linear;
    for (const auto& asset : wallet.value().get_object()) {
      if (!asset.value().is_string())
        return std::nullopt;
      const auto& written = asset.value().get_string();
      const auto amount = parse_amount({written.data(), written.size()});
      if (!amount)
        return std::nullopt;
      out.push_back({surface, std::string{asset.key()}, *amount});
    }
  }
  return out;
}

std::optional<std::vector<ApiKey>> read_keys(const json::object& body) {
  std::vector<ApiKey> out;
  const auto* keys = body.if_contains("keys");
  if (keys == nullptr)
    return out;
  if (!keys->is_array())
    return std::nullopt;
  for (const auto& each : keys->get_array()) {
    if (!each.is_object())
      return std::nullopt;
    ApiKey key;
    key.key = text(each.get_object(), "key");
    key.secret = text(each.get_object(), "secret");
    key.public_key = text(each.get_object(), "public_key");
    if (const auto* withdraw = each.get_object().if_contains("withdraw"))
      key.may_withdraw = withdraw->is_bool() && withdraw->get_bool();
    if (key.key.empty() || key.secret.empty() == key.public_key.empty())
      return std::nullopt;
    out.push_back(std::move(key));
  }
  return out;
}

/// An empty text means that it is right.
std::string read_order(const json::object& body, OrderAsk& ask) {
  ask.symbol = text(body, "symbol");
  const auto surface = surface_of(text(body, "surface"));
  const auto side = text(body, "side");
  const auto lifetime = text(body, "lifetime");
  if (!surface)
    return "surface must be one of binance_spot, binance_linear, bybit_spot, bybit_linear";
  if (side != "buy" && side != "sell")
    return "side must be buy or sell";
  if (!lifetime.empty() && lifetime != "gtc" && lifetime != "ioc" && lifetime != "fok")
    return "lifetime must be gtc, ioc or fok";
  const auto quantity = core::Decimal::parse(text(body, "quantity"));
  if (!quantity)
    return "quantity must be a decimal as text";
  ask.surface = *surface;
  ask.side = side == "buy" ? Side::bid : Side::ask;
  ask.quantity = *quantity;
  ask.type = OrderType::market;
  ask.lifetime = Lifetime::gtc;
  if (body.contains("price")) {
    const auto price = core::Decimal::parse(text(body, "price"));
    if (!price)
      return "price must be a decimal as text";
    ask.price = *price;
    ask.type = OrderType::limit;
    ask.lifetime = lifetime == "ioc"   ? Lifetime::ioc
                   : lifetime == "fok" ? Lifetime::fok
                                       : Lifetime::gtc;
  }
  if (const auto* reduce = body.if_contains("reduce_only"))
    ask.reduce_only = reduce->is_bool() && reduce->get_bool();
  ask.manual = true;
  return {};
}

} // namespace

HttpAnswer Simulator::accounts_text() const {
  std::string list;
  for (const Account& account : exchange_.accounts()) {
    std::string wallets;
    const bool bybit = account.venue == VenueName::bybit;
    for (std::size_t i = 0; i < (bybit ? 1 : 2); ++i) {
      std::string assets;
      for (const auto& [asset, balance] : account.wallets[i])
        assets += fmt::format(R"({}{}:{{"free":"{}","locked":"{}"}})", assets.empty() ? "" : ",",
                              json_quoted(asset), amount_trimmed(balance.free),
                              amount_trimmed(balance.locked));
      wallets += fmt::format(R"({}"{}":{{{}}})", wallets.empty() ? "" : ",",
                             bybit    ? "unified"
                             : i == 0 ? "spot"
                                      : "linear",
                             assets);
    }
    list
        += fmt::format(R"({}{{"name":{},"venue":"{}","balances":{{{}}}}})", list.empty() ? "" : ",",
                       json_quoted(account.name), bybit ? "bybit" : "binance", wallets);
  }
  return {200, {}, fmt::format(R"({{"success":true,"data":[{}]}})", list)};
}

HttpAnswer Simulator::change_account(const std::string& body, Time now) {
  const auto asked = body_of(body);
  if (!asked)
    return wrong("the body must be one JSON object");
  const auto name = text(*asked, "name");
  if (name.empty())
    return wrong("name is missing");
  auto id = exchange_.named(name);
  const auto venue_name = text(*asked, "venue");
  if (!id && venue_name != "binance" && venue_name != "bybit")
    return wrong("venue must be binance or bybit");
  const auto venue = id                      ? exchange_.account(*id).venue
                     : venue_name == "bybit" ? VenueName::bybit
                                             : VenueName::binance;
  const auto deposits = read_deposits(*asked, venue);
  if (!deposits)
    return wrong("deposits must be {spot, linear (Bybit: unified): {ASSET: \"amount\"}}");
  const auto keys = read_keys(*asked);
  if (!keys || (id && !keys->empty()))
    return wrong("keys must be a list of {key, secret or public_key} of a new account");
  if (!id) {
    AccountOrder order;
    order.name = name;
    order.venue = venue;
    order.keys = *keys;
    id = exchange_.create(order, now);
    if (!id)
      return wrong("one of the keys belongs to another account");
  }
  for (const auto& each : *deposits) {
    if (!exchange_.transfer(*id, each.surface, each.asset, each.amount, now))
      return wrong("not so much of " + each.asset + " is free");
  }
  return {200, {}, R"({"success":true})"};
}

HttpAnswer Simulator::order_by_hand(const std::string& body, Time now) {
  const auto asked = body_of(body);
  if (!asked)
    return wrong("the body must be one JSON object");
  OrderAsk ask;
  if (const auto mistake = read_order(*asked, ask); !mistake.empty())
    return wrong(mistake);
  const auto account = exchange_.named(text(*asked, "account"));
  if (!account || exchange_.account(*account).venue != venue_of(ask.surface))
    return wrong("account must be one of this venue");
  ask.account = *account;
  ask.client_id = fmt::format("manual-{}", ++manual_orders_);
  const auto result = exchange_.place(ask, {}, now);
  if (result.refusal != Refusal::none)
    return wrong(fmt::format("refused: {}", name_of(result.refusal)));
  const auto& of = *exchange_.instrument(ask.surface, ask.symbol);
  return {200,
          {},
          fmt::format(R"({{"success":true,"data":{{"order":{},"client_id":"{}","state":"{}",)"
                      R"("filled":"{}"}}}})",
                      result.order->id, ask.client_id, name_of(result.order->state),
                      core::format_scaled(result.order->filled, of.quantity_decimals))};
}

} // namespace tandem::sim
