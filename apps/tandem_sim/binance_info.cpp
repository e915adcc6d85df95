// Binance REST answers about rules: time, exchangeInfo.
#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/binance_reply.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

namespace json = boost::json;

void add_filters(std::string& out, const Instrument& instrument, bool spot) {
  const auto fixed = [&](std::int64_t units, int decimals) {
    std::string text;
    add_fixed(text, units, decimals, spot ? 8 : decimals);
    return text;
  };
  const auto price = [&](std::int64_t units) { return fixed(units, instrument.price_decimals); };
  const auto quantity
      = [&](std::int64_t units) { return fixed(units, instrument.quantity_decimals); };
  constexpr std::int64_t lots_max = 9'000'000;
  constexpr std::int64_t ticks_max = 100'000'000;
  const auto price_max = instrument.tick * ticks_max;
  const auto quantity_max = instrument.lot * lots_max;
  out += fmt::format(
      R"("filters":[{{"filterType":"PRICE_FILTER","minPrice":"{0}","maxPrice":"{1}","tickSize":"{0}"}},)"
      R"({{"filterType":"LOT_SIZE","minQty":"{2}","maxQty":"{3}","stepSize":"{2}"}},)",
      price(instrument.tick), price(price_max), quantity(instrument.lot), quantity(quantity_max));
  if (spot) {
    out += fmt::format(
        R"({{"filterType":"ICEBERG_PARTS","limit":100}},)"
        R"({{"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"{}","stepSize":"0.00000000"}},)"
        R"({{"filterType":"TRAILING_DELTA","minTrailingAboveDelta":10,"maxTrailingAboveDelta":2000,"minTrailingBelowDelta":10,"maxTrailingBelowDelta":2000}},)"
        R"({{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"5","askMultiplierDown":"0.2","avgPriceMins":5}},)"
        R"({{"filterType":"NOTIONAL","minNotional":"{}","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5}},)"
        R"({{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}},{{"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":5}}])",
        quantity(quantity_max / 10),
        fixed(instrument.notional_min.mantissa(), instrument.notional_min.decimals()));
    return;
  }
  out += fmt::format(
      R"({{"filterType":"MARKET_LOT_SIZE","minQty":"{0}","maxQty":"{1}","stepSize":"{0}"}},)"
      R"({{"filterType":"MAX_NUM_ORDERS","limit":200}},{{"filterType":"MAX_NUM_ALGO_ORDERS","limit":10}},)"
      R"({{"filterType":"MIN_NOTIONAL","notional":"{2}"}},)"
      R"({{"filterType":"PERCENT_PRICE","multiplierUp":"1.0500","multiplierDown":"0.9500","multiplierDecimal":"4"}}])",
      quantity(instrument.lot), quantity(quantity_max / 10), instrument.notional_min.to_string());
}

std::string spot_symbol(const Instrument& instrument, std::string_view status) {
  auto out = fmt::format(
      R"({{"symbol":"{0}","status":"{3}","baseAsset":"{1}","baseAssetPrecision":8,"quoteAsset":"{2}","quotePrecision":8,"quoteAssetPrecision":8,)"
      R"("baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT","TAKE_PROFIT_LIMIT"],)"
      R"("icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,"opoAllowed":true,"quoteOrderQtyMarketAllowed":true,"allowTrailingStop":true,"cancelReplaceAllowed":true,)"
      R"("amendAllowed":true,"pegInstructionsAllowed":true,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,)",
      instrument.symbol, instrument.base, instrument.quote, status);
  add_filters(out, instrument, true);
  out += R"(,"permissions":[],"permissionSets":[["SPOT"]],"defaultSelfTradePreventionMode":"EXPIRE_MAKER","allowedSelfTradePreventionModes":["EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH"]})";
  return out;
}

std::string linear_symbol(const Instrument& instrument, std::string_view status) {
  auto out = fmt::format(
      R"({{"symbol":"{0}","pair":"{0}","contractType":"PERPETUAL","deliveryDate":4133404800000,"onboardDate":1569398400000,"status":"{5}",)"
      R"("maintMarginPercent":"2.5000","requiredMarginPercent":"5.0000","baseAsset":"{1}","quoteAsset":"{2}","marginAsset":"{2}",)"
      R"("pricePrecision":{3},"quantityPrecision":{4},"baseAssetPrecision":8,"quotePrecision":8,"underlyingType":"COIN","underlyingSubType":[],"settlePlan":0,)"
      R"("triggerProtect":"0.0500","liquidationFee":"0.012500","marketTakeBound":"0.05",)",
      instrument.symbol, instrument.base, instrument.quote, instrument.price_decimals,
      instrument.quantity_decimals, status);
  add_filters(out, instrument, false);
  out += R"(,"orderTypes":["LIMIT","MARKET","STOP","STOP_MARKET","TAKE_PROFIT","TAKE_PROFIT_MARKET","TRAILING_STOP_MARKET"],"timeInForce":["GTC","IOC","FOK","GTX","GTD"]})";
  return out;
}

} // namespace

HttpAnswer Binance::exchange_info(const HttpAsk& ask, Time now) const {
  std::vector<std::string> wanted;
  if (const auto symbol = query_value(ask, "symbol"))
    wanted.push_back(*symbol);
  if (const auto symbols = query_value(ask, "symbols")) {
    boost::system::error_code failed;
    const auto list = json::parse(*symbols, failed);
    if (failed || !list.is_array())
      return error(400, -1101, "Too many parameters; expected a list of symbols.");
    for (const auto& each : list.get_array())
      wanted.emplace_back(each.is_string() ? std::string{each.get_string()} : std::string{});
  }
  for (const auto& symbol : wanted) {
    if (!known(symbol))
      return bad_symbol();
  }
  auto out = fmt::format(
      R"({{"timezone":"UTC","serverTime":{},{}"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":{}}},)",
      core::to_millis(now), spot() ? "" : R"("futuresType":"U_MARGINED",)", options_.weight_max);
  out += spot()
             ? R"({"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000},{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}],"exchangeFilters":[],"symbols":[)"
             : R"({"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":1200},{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300}],"exchangeFilters":[],"assets":[{"asset":"USDT","marginAvailable":true,"autoAssetExchange":"-10000"}],"symbols":[)";
  bool first = true;
  for (const auto& instrument : instruments_) {
    if (!wanted.empty() && std::ranges::find(wanted, instrument.symbol) == wanted.end())
      continue;
    if (!first)
      out += ',';
    first = false;
    const std::string_view status
        = halted(instrument.symbol, now) ? (spot() ? "HALT" : "SETTLING") : "TRADING";
    out += spot() ? spot_symbol(instrument, status) : linear_symbol(instrument, status);
  }
  out += "]}";
  return ok(std::move(out));
}

} // namespace tandem::sim
