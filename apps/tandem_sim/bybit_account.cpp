// Bybit v5 account and positions: balances, margin, fees, leverage, disconnection protection.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {

constexpr std::int64_t leverage_max = 100;  // as instruments-info says
constexpr Amount maintenance_divisor = 200; // 0.5 % of the position's value
constexpr std::int64_t guard_seconds_min = 3;
constexpr std::int64_t guard_seconds_max = 300;

BybitAnswer wrong(std::string_view what) {
  return {10001, fmt::format("params error: {}", what), "{}", "{}"};
}

std::set<std::string> coins_in(std::string_view text) {
  std::set<std::string> coins;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    if (end > 0)
      coins.emplace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return coins;
}

std::optional<std::int64_t> whole(const std::string& text) {
  const auto value = core::Decimal::parse(text);
  if (!value)
    return std::nullopt;
  const auto units = value->at_scale(0);
  return units ? std::optional{*units} : std::nullopt;
}

std::string ratio(Amount part, Amount of) {
  constexpr int decimals = 4;
  if (of <= 0)
    return "0";
  return core::format_scaled(
      core::divide(part * core::pow10(decimals), of, core::Rounding::half_even), decimals);
}

} // namespace

/// Dollars; what has no price in USDT counts nothing.
Amount BybitPrivate::usd_value(const std::string& coin, Amount amount) const {
  if (coin == "USDT" || coin == "USDC" || coin == "USD")
    return amount;
  for (const auto surface : {SurfaceId::bybit_spot, SurfaceId::bybit_linear}) {
    const auto symbol = coin + "USDT";
    const auto* listed = instrument(surface, symbol);
    const auto price = exchange_.market_price(surface, symbol);
    if (listed != nullptr && price)
      return core::divide(amount * *price, core::pow10(listed->price_decimals),
                          core::Rounding::toward_zero);
  }
  return 0;
}

std::string BybitPrivate::wallet_item(AccountId account, const std::set<std::string>& coins) const {
  const auto& all = exchange_.balances(account, SurfaceId::bybit_spot);
  std::set<std::string> settle;
  for (const auto& listed : instruments_) {
    if (!is_spot(listed.surface))
      settle.insert(listed.quote);
  }
  std::string list;
  Amount wallet = 0;
  Amount profit = 0;
  Amount initial = 0;
  Amount maintenance = 0;
  Amount locked = 0;
  auto names = coins;
  for (const auto& [coin, balance] : all)
    names.insert(coin);
  for (const auto& coin : names) {
    const auto balance = exchange_.balance(account, SurfaceId::bybit_spot, coin);
    const auto margin = settle.contains(coin)
                            ? exchange_.margin(account, SurfaceId::bybit_linear, coin)
                            : MarginState{};
    Amount realised = 0;
    Amount needed = 0;
    for (const auto& listed : instruments_) {
      if (is_spot(listed.surface) || listed.quote != coin)
        continue;
      if (const auto held = holdings_.find({account, listed.symbol}); held != holdings_.end())
        realised += held->second.net;
      const auto position = exchange_.position(account, listed.symbol);
      const auto mark = exchange_.market_price(SurfaceId::bybit_linear, listed.symbol);
      needed
          += value_of(listed, mark.value_or(0), std::abs(position.quantity)) / maintenance_divisor;
    }
    const auto total = balance.free + balance.locked;
    wallet += usd_value(coin, total);
    profit += margin.unrealised;
    initial += margin.position_margin + margin.order_margin;
    maintenance += needed;
    locked += usd_value(coin, balance.locked);
    if (coins.empty() ? total == 0 && margin.unrealised == 0 : !coins.contains(coin))
      continue;
    list += fmt::format(
        R"({}{{"coin":{},"equity":"{}","usdValue":"{}","walletBalance":"{}","availableToWithdraw":"","availableToBorrow":"","borrowAmount":"0","accruedInterest":"0",)"
        R"("totalOrderIM":"{}","totalPositionIM":"{}","totalPositionMM":"{}","unrealisedPnl":"{}","cumRealisedPnl":"{}","bonus":"0","collateralSwitch":true,)"
        R"("marginCollateral":true,"locked":"{}","spotHedgingQty":"0","spotBorrow":"0"}})",
        list.empty() ? "" : ",", json_quoted(coin), amount_trimmed(total + margin.unrealised),
        amount_trimmed(usd_value(coin, total + margin.unrealised)), amount_trimmed(total),
        amount_trimmed(margin.order_margin), amount_trimmed(margin.position_margin),
        amount_trimmed(needed), amount_trimmed(margin.unrealised), amount_trimmed(realised),
        amount_trimmed(balance.locked));
  }
  const auto equity = wallet + profit;
  const auto initial_rate = ratio(initial, equity);
  const auto maintenance_rate = ratio(maintenance, equity);
  return fmt::format(
      R"({{"accountIMRate":"{0}","accountIMRateByMp":"{0}","accountMMRate":"{1}","accountMMRateByMp":"{1}","totalEquity":"{2}","totalWalletBalance":"{3}",)"
      R"("totalMarginBalance":"{2}","totalAvailableBalance":"{4}","totalPerpUPL":"{5}","totalInitialMargin":"{6}","totalInitialMarginByMp":"{6}",)"
      R"("totalMaintenanceMargin":"{7}","totalMaintenanceMarginByMp":"{7}","coin":[{8}],"accountLTV":"0","accountType":"UNIFIED"}})",
      initial_rate, maintenance_rate, amount_trimmed(equity), amount_trimmed(wallet),
      amount_trimmed(equity - initial - locked), amount_trimmed(profit), amount_trimmed(initial),
      amount_trimmed(maintenance), list);
}

BybitAnswer BybitPrivate::wallet(const BybitCall& call) const {
  if (call.text("accountType") != "UNIFIED")
    return wrong("accountType only support UNIFIED");
  return {0, "OK",
          fmt::format(R"({{"list":[{}]}})", wallet_item(call.account, coins_in(call.text("coin")))),
          "{}"};
}

BybitAnswer BybitPrivate::account_info(const BybitCall& call) {
  const auto& protection = guard(call.account, Product::derivatives);
  return {
      0, "OK",
      fmt::format(
          R"({{"marginMode":"REGULAR_MARGIN","updatedTime":"{}","unifiedMarginStatus":6,"dcpStatus":"ON","timeWindow":{},"smpGroup":0,"isMasterTrader":false,"spotHedgingStatus":"OFF"}})",
          core::to_millis(call.now),
          std::chrono::duration_cast<std::chrono::seconds>(protection.window).count()),
      "{}"};
}

std::string BybitPrivate::position_item(AccountId account, const Instrument& listed,
                                        bool stream) const {
  const auto position = exchange_.position(account, listed.symbol);
  const auto found = holdings_.find({account, listed.symbol});
  const auto held = found == holdings_.end() ? Holding{} : found->second;
  const auto size = std::abs(position.quantity);
  const auto mark = exchange_.market_price(SurfaceId::bybit_linear, listed.symbol).value_or(0);
  const auto value = value_of(listed, mark, size);
  const auto profit = exchange_.unrealised(account, SurfaceId::bybit_linear, listed.symbol);
  const auto margin = position.leverage > 0 ? value / position.leverage : Amount{0};
  const auto average = size == 0 ? std::string{"0"} : bybit_average(listed, position.cost, size);
  auto out = stream ? std::string{R"({"category":"linear",)"} : std::string{"{"};
  return out
         + fmt::format(
             R"("positionIdx":0,"riskId":1,"riskLimitValue":"2000000","symbol":"{0}","side":"{1}","size":"{2}","{3}":"{4}","sessionAvgPrice":"","positionValue":"{5}","tradeMode":0,)"
             R"("positionStatus":"Normal","autoAddMargin":0,"adlRankIndicator":0,"leverage":"{6}","breakEvenPrice":"{4}","positionBalance":"{7}","markPrice":"{8}","liqPrice":"",)"
             R"("bustPrice":"","positionIM":"{7}","positionIMByMp":"{7}","positionMM":"{9}","positionMMByMp":"{9}","tpslMode":"Full","takeProfit":"","stopLoss":"","trailingStop":"0",)"
             R"("unrealisedPnl":"{10}","curRealisedPnl":"{11}","cumRealisedPnl":"{11}","seq":{12},"isReduceOnly":false,"mmrSysUpdatedTime":"","leverageSysUpdatedTime":"",)"
             R"("createdTime":"{13}","updatedTime":"{14}"}})",
             listed.symbol,
             position.quantity == 0 ? std::string_view{}
                                    : bybit_side(position.quantity > 0 ? Side::bid : Side::ask),
             size == 0 ? std::string{"0"} : bybit_quantity(listed, size),
             stream ? "entryPrice" : "avgPrice", average, amount_trimmed(value), position.leverage,
             amount_trimmed(margin), bybit_price(listed, mark),
             amount_trimmed(value / maintenance_divisor), amount_trimmed(profit),
             amount_trimmed(held.net), held.sequence, held.created_at, held.updated_at);
}

BybitAnswer BybitPrivate::fee_rate(const BybitCall& call) const {
  constexpr int rate_decimals = 8;
  if (!call.category_known)
    return wrong("Category is invalid");
  const auto symbol = call.text("symbol");
  if (!symbol.empty() && instrument(call.surface, symbol) == nullptr)
    return wrong("symbol invalid " + symbol);
  const auto rates = exchange_.fees(call.account, call.surface);
  std::string list;
  for (const auto& listed : instruments_) {
    if (listed.surface != call.surface || (!symbol.empty() && symbol != listed.symbol))
      continue;
    list += fmt::format(R"({}{{"symbol":"{}","takerFeeRate":"{}","makerFeeRate":"{}"}})",
                        list.empty() ? "" : ",", listed.symbol,
                        core::format_scaled(rates.taker_e8, rate_decimals),
                        core::format_scaled(rates.maker_e8, rate_decimals));
  }
  return {0, "OK",
          is_spot(call.surface) ? fmt::format(R"({{"category":"spot","list":[{}]}})", list)
                                : fmt::format(R"({{"list":[{}]}})", list),
          "{}"};
}

/// The coins that are traded here. They come and go by the admin routes only: every chain is shut.
BybitAnswer BybitPrivate::coins(const BybitCall& call) const {
  std::set<std::string> names;
  for (const auto& listed : instruments_) {
    names.insert(listed.base);
    names.insert(listed.quote);
  }
  const auto wanted = call.text("coin");
  std::string rows;
  for (const auto& name : names) {
    if (!wanted.empty() && wanted != name)
      continue;
    rows += fmt::format(
        R"({0}{{"name":{1},"coin":{1},"remainAmount":"0","chains":[{{"chainType":{1},"confirmation":"1","withdrawFee":"","depositMin":"0","withdrawMin":"0","chain":{1},)"
        R"("chainDeposit":"0","chainWithdraw":"0","minAccuracy":"8","withdrawPercentageFee":"0","contractAddress":"","safeConfirmNumber":"1"}}]}})",
        rows.empty() ? "" : ",", json_quoted(name));
  }
  return {0, "success", fmt::format(R"({{"rows":[{}]}})", rows), "{}"};
}

BybitAnswer BybitPrivate::set_leverage(const BybitCall& call) {
  if (!call.category_known || is_spot(call.surface))
    return wrong("category only support linear or inverse");
  const auto symbol = call.text("symbol");
  if (instrument(call.surface, symbol) == nullptr)
    return wrong("symbol invalid " + symbol);
  // The simulated exchange counts leverage in whole steps; the venue knows hundredths.
  const auto buy = whole(call.text("buyLeverage"));
  const auto sell = whole(call.text("sellLeverage"));
  if (!buy || !sell || *buy < 1 || *buy > leverage_max)
    return wrong("leverage invalid");
  if (*buy != *sell)
    return wrong("buy leverage not equal sell leverage");
  if (exchange_.position(call.account, symbol).leverage == *buy)
    return {110043, "leverage not modified", "{}", "{}"};
  if (!exchange_.set_leverage(call.account, symbol, *buy))
    return wrong("leverage invalid");
  return {};
}

/// One-way positions only: that mode is there already, the other one is not to be had.
BybitAnswer BybitPrivate::switch_mode(const BybitCall& call) const {
  if (!call.category_known || is_spot(call.surface))
    return wrong("category only support linear");
  const auto symbol = call.text("symbol");
  if (symbol.empty() && call.text("coin").empty())
    return wrong("symbol or coin is required");
  if (!symbol.empty() && instrument(call.surface, symbol) == nullptr)
    return wrong("symbol invalid " + symbol);
  const auto mode = call.text("mode");
  if (mode == "0")
    return {110025, "Position mode is not modified", "{}", "{}"};
  if (mode == "3")
    return {110029, "Hedge mode is not supported for this symbol.", "{}", "{}"};
  return wrong("mode invalid");
}

BybitAnswer BybitPrivate::set_guard(const BybitCall& call) {
  const auto product = call.text("product");
  const auto seconds = whole(call.text("timeWindow"));
  if (!seconds || *seconds < guard_seconds_min || *seconds > guard_seconds_max)
    return wrong("timeWindow must be from 3 to 300");
  if (product == "SPOT")
    guard(call.account, Product::spot).window = std::chrono::seconds{*seconds};
  else if (product == "DERIVATIVES")
    guard(call.account, Product::derivatives).window = std::chrono::seconds{*seconds};
  else if (!product.empty() && product != "OPTIONS") // the default; there are none here
    return wrong("product invalid");
  return {0, "success", "{}", "{}"};
}

BybitAnswer BybitPrivate::guard_info(const BybitCall& call) {
  const auto entry = [&](std::string_view name, Product product) {
    return fmt::format(
        R"({{"product":"{}","dcpStatus":"ON","timeWindow":"{}"}})", name,
        std::chrono::duration_cast<std::chrono::seconds>(guard(call.account, product).window)
            .count());
  };
  return {0, "success",
          fmt::format(R"({{"dcpInfos":[{},{}]}})", entry("SPOT", Product::spot),
                      entry("DERIVATIVES", Product::derivatives)),
          "{}"};
}

BybitAnswer BybitPrivate::key_info(const BybitCall& call) const {
  const auto* trade = call.key->may_trade ? R"(["Order","Position"])" : "[]";
  return {
      0, "",
      fmt::format(
          R"({{"id":"{}","note":{},"apiKey":{},"readOnly":{},"secret":"","permissions":{{"ContractTrade":{},"Spot":{},"Wallet":{},"Options":[],"Derivatives":[]}},"ips":["*"],"type":1,"uta":1,"unified":0}})",
          call.account + 1, json_quoted(exchange_.account(call.account).name),
          json_quoted(call.key->key), call.key->may_trade ? 0 : 1, trade,
          call.key->may_trade ? R"(["SpotTrade"])" : "[]",
          call.key->may_withdraw ? R"(["Withdraw"])" : "[]"),
      "{}"};
}

} // namespace tandem::sim
