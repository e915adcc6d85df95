// Binance's accounts: balances, margin, positions, fees, limits, the dead-man's switch. Sources:
// Spot "Account endpoints"; USD-M "Account", "Trade", "Auto-Cancel All Open Orders"; Wallet "API
// Key Permission".
#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/binance_reply.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr int rate_decimals = 8;
constexpr Amount maintenance_divisor = 200; // 0.5 % of the position's value
constexpr std::int64_t uid_base = 354'937'868;

std::string rate(std::int64_t e8) {
  return core::format_fixed(e8, rate_decimals);
}

} // namespace

std::set<std::string> BinancePrivate::settle_coins() const {
  std::set<std::string> coins;
  for (const auto& each : instruments_)
    coins.insert(each.quote);
  return coins;
}

HttpAnswer BinancePrivate::spot_account(const BinanceCall& call) const {
  const bool omit = call.text_or("omitZeroBalances", "false") == "true";
  const auto fees = exchange_.fees(call.account, id_);
  std::string rows;
  for (const auto& [asset, balance] : exchange_.balances(call.account, id_)) {
    if (omit && balance.free == 0 && balance.locked == 0)
      continue;
    rows += fmt::format(R"({}{{"asset":"{}","free":"{}","locked":"{}"}})", rows.empty() ? "" : ",",
                        asset, value_text(balance.free), value_text(balance.locked));
  }
  constexpr std::int64_t e8_per_basis_point = 10'000;
  return ok(fmt::format(
      R"({{"makerCommission":{},"takerCommission":{},"buyerCommission":0,"sellerCommission":0,"commissionRates":{{"maker":"{}","taker":"{}","buyer":"0.00000000","seller":"0.00000000"}},)"
      R"("canTrade":{},"canWithdraw":false,"canDeposit":false,"brokered":false,"requireSelfTradePrevention":false,"preventSor":false,"updateTime":{},"accountType":"SPOT",)"
      R"("balances":[{}],"permissions":["SPOT"],"uid":{}}})",
      fees.maker_e8 / e8_per_basis_point, fees.taker_e8 / e8_per_basis_point, rate(fees.maker_e8),
      rate(fees.taker_e8), call.key->may_trade, core::to_millis(call.now), rows,
      uid_base + static_cast<std::int64_t>(call.account)));
}

std::string BinancePrivate::position_text(AccountId account, const std::string& symbol) const {
  const auto& of = instrument(symbol);
  const auto held = exchange_.position(account, symbol);
  const auto mark = exchange_.market_price(id_, symbol).value_or(0);
  const auto value = value_of(of, mark, std::abs(held.quantity));
  const auto entry = held.quantity == 0
                         ? Amount{0}
                         : core::divide(held.cost * core::pow10(of.quantity_decimals),
                                        std::abs(held.quantity), core::Rounding::half_even);
  const auto margin = held.leverage > 0 ? value / held.leverage : Amount{0};
  return fmt::format(
      R"({{"symbol":"{0}","positionSide":"BOTH","positionAmt":"{1}","entryPrice":"{2}","breakEvenPrice":"{2}","markPrice":"{3}","unRealizedProfit":"{4}","unrealizedProfit":"{4}",)"
      R"("liquidationPrice":"0","isolatedMargin":"0","isolatedWallet":"0","notional":"{5}","marginAsset":"{6}","initialMargin":"{7}","positionInitialMargin":"{7}",)"
      R"("openOrderInitialMargin":"0","maintMargin":"{8}","adl":0,"bidNotional":"0","askNotional":"0","leverage":"{9}","marginType":"cross","updateTime":{10}}})",
      symbol, quantity_text(of, held.quantity), value_text(entry), price_text(of, mark),
      value_text(exchange_.unrealised(account, id_, symbol)),
      value_text(held.quantity < 0 ? -value : value), of.quote, value_text(margin),
      value_text(value / maintenance_divisor), held.leverage, held.updated_at);
}

/// Rows only of what is held or ordered.
std::string BinancePrivate::position_rows(const BinanceCall& call, const std::string& only) const {
  std::string rows;
  for (const auto& each : instruments_) {
    if (!only.empty() && each.symbol != only)
      continue;
    const bool there = exchange_.position(call.account, each.symbol).quantity != 0
                       || !exchange_.orders(call.account, id_, each.symbol, true).empty();
    if (there || !only.empty())
      rows += (rows.empty() ? "" : ",") + position_text(call.account, each.symbol);
  }
  return rows;
}

HttpAnswer BinancePrivate::positions(const BinanceCall& call) const {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, false))
    return *wrong;
  return ok('[' + position_rows(call, symbol) + ']');
}

HttpAnswer BinancePrivate::balance(const BinanceCall& call) const {
  std::string rows;
  for (const auto& asset : settle_coins()) {
    const auto margin = exchange_.margin(call.account, id_, asset);
    const auto free = value_text(std::max<Amount>(margin.available(), 0));
    rows += fmt::format(
        R"({}{{"accountAlias":"SgsR","asset":"{}","balance":"{}","crossWalletBalance":"{}","crossUnPnl":"{}","availableBalance":"{}","maxWithdrawAmount":"{}","marginAvailable":true,"updateTime":{}}})",
        rows.empty() ? "" : ",", asset, value_text(margin.wallet), value_text(margin.wallet),
        value_text(margin.unrealised), free, free,
        exchange_.balance(call.account, id_, asset).changed_at);
  }
  return ok('[' + rows + ']');
}

HttpAnswer BinancePrivate::account(const BinanceCall& call) const {
  if (spot())
    return spot_account(call);
  std::string assets;
  MarginState sum;
  for (const auto& asset : settle_coins()) {
    const auto margin = exchange_.margin(call.account, id_, asset);
    sum.wallet += margin.wallet;
    sum.unrealised += margin.unrealised;
    sum.position_margin += margin.position_margin;
    sum.order_margin += margin.order_margin;
    const auto free = value_text(std::max<Amount>(margin.available(), 0));
    assets += fmt::format(
        R"({}{{"asset":"{}","walletBalance":"{}","unrealizedProfit":"{}","marginBalance":"{}","maintMargin":"0","initialMargin":"{}","positionInitialMargin":"{}",)"
        R"("openOrderInitialMargin":"{}","crossWalletBalance":"{}","crossUnPnl":"{}","availableBalance":"{}","maxWithdrawAmount":"{}","marginAvailable":true,"updateTime":{}}})",
        assets.empty() ? "" : ",", asset, value_text(margin.wallet), value_text(margin.unrealised),
        value_text(margin.equity()), value_text(margin.position_margin + margin.order_margin),
        value_text(margin.position_margin), value_text(margin.order_margin),
        value_text(margin.wallet), value_text(margin.unrealised), free, free,
        exchange_.balance(call.account, id_, asset).changed_at);
  }
  return ok(fmt::format(
      R"({{"canTrade":{},"canDeposit":true,"canWithdraw":true,"feeTier":0,"multiAssetsMargin":false,"totalInitialMargin":"{}","totalMaintMargin":"0","totalWalletBalance":"{}",)"
      R"("totalUnrealizedProfit":"{}","totalMarginBalance":"{}","totalPositionInitialMargin":"{}","totalOpenOrderInitialMargin":"{}","totalCrossWalletBalance":"{}",)"
      R"("totalCrossUnPnl":"{}","availableBalance":"{}","maxWithdrawAmount":"{}","assets":[{}],"positions":[{}]}})",
      call.key->may_trade, value_text(sum.position_margin + sum.order_margin),
      value_text(sum.wallet), value_text(sum.unrealised), value_text(sum.equity()),
      value_text(sum.position_margin), value_text(sum.order_margin), value_text(sum.wallet),
      value_text(sum.unrealised), value_text(std::max<Amount>(sum.available(), 0)),
      value_text(std::max<Amount>(sum.available(), 0)), assets, position_rows(call, {})));
}

HttpAnswer BinancePrivate::commission(const BinanceCall& call) const {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  const auto fees = exchange_.fees(call.account, id_);
  if (!spot())
    return ok(fmt::format(
        R"({{"symbol":"{}","makerCommissionRate":"{}","takerCommissionRate":"{}","rpiCommissionRate":"0.00000000"}})",
        symbol, rate(fees.maker_e8), rate(fees.taker_e8)));
  constexpr std::string_view none
      = R"({"maker":"0.00000000","taker":"0.00000000","buyer":"0.00000000","seller":"0.00000000"})";
  return ok(fmt::format(
      R"({{"symbol":"{}","standardCommission":{{"maker":"{}","taker":"{}","buyer":"0.00000000","seller":"0.00000000"}},"specialCommission":{},"taxCommission":{},)"
      R"("discount":{{"enabledForAccount":false,"enabledForSymbol":false,"discountAsset":"BNB","discount":"0.75000000"}}}})",
      symbol, rate(fees.maker_e8), rate(fees.taker_e8), none, none));
}

HttpAnswer BinancePrivate::key_rights(const BinanceCall& call) const {
  const bool trade = call.key->may_trade;
  if (!spot())
    return ok(fmt::format(
        R"({{"feeTier":0,"canTrade":{},"canDeposit":true,"canWithdraw":true,"dualSidePosition":false,"updateTime":0,"multiAssetsMargin":false,"tradeGroupId":-1}})",
        trade));
  return ok(fmt::format(
      R"({{"ipRestrict":true,"createTime":1700000000000,"enableReading":true,"enableWithdrawals":{},"enableInternalTransfer":false,"enableMargin":false,"enableFutures":{},)"
      R"("permitsUniversalTransfer":false,"enableVanillaOptions":false,"enableFixApiTrade":false,"enableFixReadOnly":false,"enableSpotAndMarginTrading":{},"enablePortfolioMarginTrading":false}})",
      call.key->may_withdraw, trade, trade));
}

std::string BinancePrivate::order_count_rows(AccountId account, Time now) {
  auto& counts = counts_of(account);
  const auto at = core::to_millis(now);
  const auto row = [](std::string_view interval, int length, std::int64_t limit,
                      std::int64_t count) {
    return fmt::format(
        R"({{"rateLimitType":"ORDERS","interval":"{}","intervalNum":{},"limit":{},"count":{}}})",
        interval, length, limit, count);
  };
  return row("SECOND", 10, options_.orders_fast_max, counts.fast.add(0, at)) + ','
         + row(spot() ? "DAY" : "MINUTE", 1, options_.orders_slow_max, counts.slow.add(0, at));
}

HttpAnswer BinancePrivate::order_counts(const BinanceCall& call) {
  return ok('[' + order_count_rows(call.account, call.now) + ']');
}

HttpAnswer BinancePrivate::countdown(const BinanceCall& call) {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  const auto text = call.text("countdownTime");
  if (!text)
    return missing("countdownTime");
  const auto wait = whole_number(*text);
  if (!wait)
    return illegal("countdownTime");
  exchange_.set_countdown(call.account, id_, symbol,
                          *wait == 0 ? std::nullopt
                                     : std::optional{call.now + std::chrono::milliseconds{*wait}});
  return ok(fmt::format(R"({{"symbol":"{}","countdownTime":"{}"}})", symbol, *wait));
}

HttpAnswer BinancePrivate::set_position_mode(const BinanceCall& call) {
  const auto dual = call.text_or("dualSidePosition", "");
  if (dual == "false")
    return error(400, -4059, "No need to change position side.");
  if (dual == "true") // this exchange has no hedge mode
    return error(400, -4068, "Position side cannot be changed if there exists position.");
  return missing("dualSidePosition");
}

HttpAnswer BinancePrivate::set_leverage(const BinanceCall& call) {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  const auto wanted = core::Decimal::parse(call.text_or("leverage", ""));
  const auto whole = wanted ? wanted->at_scale(0) : core::Result<std::int64_t>{0};
  if (!whole || !exchange_.set_leverage(call.account, symbol, *whole))
    return error(400, -4028, fmt::format("Leverage {} is not valid", call.text_or("leverage", "")));
  return ok(fmt::format(R"({{"leverage":{},"maxNotionalValue":"1000000","symbol":"{}"}})", *whole,
                        symbol));
}

/// One tier, of the rate that positions are kept with; a list, or with a symbol its one entry.
HttpAnswer BinancePrivate::leverage_tiers(const BinanceCall& call) const {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, false))
    return *wrong;
  std::string rows;
  for (const auto& each : instruments_) {
    if (!symbol.empty() && each.symbol != symbol)
      continue;
    rows += fmt::format(
        R"({}{{"symbol":"{}","notionalCoef":1.0,"brackets":[{{"bracket":1,"initialLeverage":{},"notionalCap":1000000000,"notionalFloor":0,"maintMarginRatio":{},"cum":0.0}}]}})",
        rows.empty() ? "" : ",", each.symbol, Exchange::leverage_max,
        1.0 / static_cast<double>(maintenance_divisor));
  }
  return ok(symbol.empty() ? '[' + rows + ']' : rows);
}

HttpAnswer BinancePrivate::set_margin_type(const BinanceCall& call) const {
  std::string symbol;
  if (auto wrong = read_symbol(call, symbol, true))
    return *wrong;
  const auto type = call.text_or("marginType", "");
  if (type == "CROSSED")
    return error(400, -4046, "No need to change margin type.");
  if (type == "ISOLATED") // this exchange has none
    return error(400, -4048, "Margin type cannot be changed if there exists position.");
  return error(400, -4047, "Invalid marginType.");
}

} // namespace tandem::sim
