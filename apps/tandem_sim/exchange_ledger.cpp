// The ledger as the admin routes show it. Amounts are texts, exact and without trailing zeros:
//
// {"forgotten_orders": n,
//  "accounts": [{"id", "name", "venue",
//    "balances": {"spot"|"linear"|"unified": {ASSET: {"free", "locked", "entries"}}},
//    "positions": {SYMBOL: {"quantity", "cost", "realised", "leverage"}},
//    "orders": {CLIENT_ID: [{"id", "surface", "symbol", "side", "type", "lifetime", "post_only",
//       "reduce_only", "manual", "price", "quantity", "filled", "value", "state", "reason",
//       "created_at", "updated_at",
//       "fills": [{"trade_id", "execution_id", "price", "quantity", "maker", "fee", "fee_asset",
//                  "realised", "at"}]}]},
//    "entries": [{"wallet", "asset", "delta", "reason", "execution_id", "at"}]}],
//  "refused": [{"account", "surface", "symbol", "client_id", "reason", "at"}]}
//
// "entries" of a balance is the sum of all its entries, those no longer listed too; it equals free
// plus locked. An order's client id may be used again, hence a list under each.
#include "apps/tandem_sim/exchange.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view word(BalanceReason reason) noexcept {
  switch (reason) {
  case BalanceReason::deposit:
    return "deposit";
  case BalanceReason::withdraw:
    return "withdraw";
  case BalanceReason::trade:
    return "trade";
  case BalanceReason::fee:
    return "fee";
  case BalanceReason::realised:
    return "realised";
  }
  return {};
}

constexpr std::string_view word(Lifetime lifetime) noexcept {
  switch (lifetime) {
  case Lifetime::gtc:
    return "gtc";
  case Lifetime::ioc:
    return "ioc";
  case Lifetime::fok:
    return "fok";
  }
  return {};
}

std::string_view wallet_word(VenueName venue, std::size_t wallet) noexcept {
  if (venue == VenueName::bybit)
    return "unified";
  return wallet == 0 ? "spot" : "linear";
}

json::object fill_object(const Fill& fill, const Instrument& of) {
  return {{"trade_id", fill.trade_id},
          {"execution_id", fill.execution_id},
          {"price", core::format_scaled(fill.price, of.price_decimals)},
          {"quantity", core::format_scaled(fill.quantity, of.quantity_decimals)},
          {"maker", fill.maker},
          {"fee", amount_trimmed(fill.fee)},
          {"fee_asset", fill.fee_asset},
          {"realised", amount_trimmed(fill.realised)},
          {"at", fill.at}};
}

json::object order_object(const Order& order, const std::vector<Fill>& fills,
                          const Instrument& of) {
  json::array list;
  for (const Fill& fill : fills)
    list.emplace_back(fill_object(fill, of));
  return {{"id", order.id},
          {"surface", name_of(order.surface)},
          {"symbol", order.symbol},
          {"side", order.side == Side::bid ? "buy" : "sell"},
          {"type", order.type == OrderType::market ? "market" : "limit"},
          {"lifetime", word(order.lifetime)},
          {"post_only", order.post_only},
          {"reduce_only", order.reduce_only},
          {"manual", order.manual},
          {"price", core::format_scaled(order.price, of.price_decimals)},
          {"quantity", core::format_scaled(order.quantity, of.quantity_decimals)},
          {"filled", core::format_scaled(order.filled, of.quantity_decimals)},
          {"value", amount_trimmed(order.filled_value)},
          {"state", name_of(order.state)},
          {"reason", name_of(order.reason)},
          {"created_at", order.created_at},
          {"updated_at", order.updated_at},
          {"fills", std::move(list)}};
}

json::object balances_object(const Account& account) {
  json::object out;
  const std::size_t wallets = account.venue == VenueName::bybit ? 1 : 2;
  for (std::size_t i = 0; i < wallets; ++i) {
    auto sums = account.carried[i];
    for (const auto& entry : account.entries[i])
      sums[entry.asset] += entry.delta;
    json::object assets;
    for (const auto& [asset, balance] : account.wallets[i])
      assets[asset] = json::object{{"free", amount_trimmed(balance.free)},
                                   {"locked", amount_trimmed(balance.locked)},
                                   {"entries", amount_trimmed(sums[asset])}};
    out[wallet_word(account.venue, i)] = std::move(assets);
  }
  return out;
}

json::array entries_array(const Account& account) {
  json::array out;
  for (std::size_t i = 0; i < 2; ++i) {
    for (const auto& entry : account.entries[i])
      out.emplace_back(json::object{{"wallet", wallet_word(account.venue, i)},
                                    {"asset", entry.asset},
                                    {"delta", amount_trimmed(entry.delta)},
                                    {"reason", word(entry.reason)},
                                    {"execution_id", entry.execution_id},
                                    {"at", entry.at}});
  }
  return out;
}

} // namespace

json::object Exchange::ledger() const {
  json::array accounts;
  for (const Account& account : accounts_) {
    const auto linear
        = account.venue == VenueName::binance ? SurfaceId::binance_linear : SurfaceId::bybit_linear;
    json::object positions;
    for (const auto& [symbol, held] : account.positions) {
      const auto* of = instrument(linear, symbol);
      if (of != nullptr)
        positions[symbol]
            = json::object{{"quantity", core::format_scaled(held.quantity, of->quantity_decimals)},
                           {"cost", amount_trimmed(held.cost)},
                           {"realised", amount_trimmed(held.realised)},
                           {"leverage", held.leverage}};
    }
    json::object by_client;
    for (const auto& [id, entry] : orders_) {
      if (entry.order.account != account.id)
        continue;
      auto& list = by_client[entry.order.client_id];
      if (!list.is_array())
        list.emplace_array();
      list.get_array().emplace_back(order_object(
          entry.order, entry.fills, *instrument(entry.order.surface, entry.order.symbol)));
    }
    accounts.emplace_back(
        json::object{{"id", account.id},
                     {"name", account.name},
                     {"venue", account.venue == VenueName::binance ? "binance" : "bybit"},
                     {"balances", balances_object(account)},
                     {"positions", std::move(positions)},
                     {"orders", std::move(by_client)},
                     {"entries", entries_array(account)}});
  }
  json::array refused;
  for (const auto& each : refused_)
    refused.emplace_back(json::object{{"account", accounts_.at(each.ask.account).name},
                                      {"surface", name_of(each.ask.surface)},
                                      {"symbol", each.ask.symbol},
                                      {"client_id", each.ask.client_id},
                                      {"reason", name_of(each.refusal)},
                                      {"at", each.at}});
  return {{"forgotten_orders", forgotten_},
          {"accounts", std::move(accounts)},
          {"refused", std::move(refused)}};
}

} // namespace tandem::sim
