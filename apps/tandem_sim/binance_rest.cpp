#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr core::UnixMillis minute = 60'000;
constexpr core::UnixMillis second = 1'000;
constexpr std::int64_t no_limit_given = -1;
constexpr std::int64_t bad_number = -2;

HttpAnswer error(int status, int code, std::string_view message) {
  return {status, {}, fmt::format(R"({{"code":{},"msg":{}}})", code, json_quoted(message))};
}

HttpAnswer ok(std::string body) {
  return {200, {}, std::move(body)};
}

/// A whole number from the query, no_limit_given or bad_number.
std::int64_t number(const HttpAsk& ask, std::string_view name) {
  const auto text = query_value(ask, name);
  if (!text)
    return no_limit_given;
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
  return failed != std::errc{} || end != text->data() + text->size() || value < 0 ? bad_number
                                                                                  : value;
}

HttpAnswer illegal(std::string_view name) {
  return error(
      400, -1100,
      fmt::format("Illegal characters found in parameter '{}'; legal range is '^[0-9]{{1,20}}$'.",
                  name));
}

HttpAnswer missing(std::string_view name) {
  return error(
      400, -1102,
      fmt::format("Mandatory parameter '{}' was not sent, was empty/null, or malformed.", name));
}

const HttpAnswer& bad_symbol() {
  static const HttpAnswer answer = error(400, -1121, "Invalid symbol.");
  return answer;
}

/// Routes that need a signature; with a key header nobody here knows the key, without one its
/// format is wrong.
constexpr std::array<std::string_view, 25> signed_routes{"order",
                                                         "order/test",
                                                         "openOrders",
                                                         "allOrders",
                                                         "account",
                                                         "myTrades",
                                                         "orderList",
                                                         "order/cancelReplace",
                                                         "account/commission",
                                                         "rateLimit/order",
                                                         "sor/order",
                                                         "allOpenOrders",
                                                         "openOrder",
                                                         "userTrades",
                                                         "balance",
                                                         "positionRisk",
                                                         "leverage",
                                                         "marginType",
                                                         "positionSide/dual",
                                                         "commissionRate",
                                                         "countdownCancelAll",
                                                         "batchOrders",
                                                         "algoOrder",
                                                         "listenKey",
                                                         "multiAssetsMargin"};

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

std::string spot_symbol(const Instrument& instrument) {
  auto out = fmt::format(
      R"({{"symbol":"{0}","status":"TRADING","baseAsset":"{1}","baseAssetPrecision":8,"quoteAsset":"{2}","quotePrecision":8,"quoteAssetPrecision":8,)"
      R"("baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT","TAKE_PROFIT_LIMIT"],)"
      R"("icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,"opoAllowed":true,"quoteOrderQtyMarketAllowed":true,"allowTrailingStop":true,"cancelReplaceAllowed":true,)"
      R"("amendAllowed":true,"pegInstructionsAllowed":true,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,)",
      instrument.symbol, instrument.base, instrument.quote);
  add_filters(out, instrument, true);
  out += R"(,"permissions":[],"permissionSets":[["SPOT"]],"defaultSelfTradePreventionMode":"EXPIRE_MAKER","allowedSelfTradePreventionModes":["EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH"]})";
  return out;
}

std::string linear_symbol(const Instrument& instrument) {
  auto out = fmt::format(
      R"({{"symbol":"{0}","pair":"{0}","contractType":"PERPETUAL","deliveryDate":4133404800000,"onboardDate":1569398400000,"status":"TRADING",)"
      R"("maintMarginPercent":"2.5000","requiredMarginPercent":"5.0000","baseAsset":"{1}","quoteAsset":"{2}","marginAsset":"{2}",)"
      R"("pricePrecision":{3},"quantityPrecision":{4},"baseAssetPrecision":8,"quotePrecision":8,"underlyingType":"COIN","underlyingSubType":[],"settlePlan":0,)"
      R"("triggerProtect":"0.0500","liquidationFee":"0.012500","marketTakeBound":"0.05",)",
      instrument.symbol, instrument.base, instrument.quote, instrument.price_decimals,
      instrument.quantity_decimals);
  add_filters(out, instrument, false);
  out += R"(,"orderTypes":["LIMIT","MARKET","STOP","STOP_MARKET","TAKE_PROFIT","TAKE_PROFIT_MARKET","TRAILING_STOP_MARKET"],"timeInForce":["GTC","IOC","FOK","GTX","GTD"]})";
  return out;
}

std::string text_levels(const std::vector<TextLevel>& levels) {
  std::string out{"["};
  for (const auto& level : levels)
    out += fmt::format(R"({}["{}","{}"])", out.size() > 1 ? "," : "", level.price, level.quantity);
  return out + ']';
}

} // namespace

bool Binance::known(const std::string& symbol) const {
  return std::ranges::any_of(instruments_, [&](const auto& each) { return each.symbol == symbol; });
}

std::int64_t Binance::weight_of(const HttpAsk& ask, std::string_view route) const {
  const bool one = query_value(ask, "symbol").has_value();
  const auto limit = number(ask, "limit");
  if (route == "depth" && spot()) {
    const auto levels = limit < 0 ? 100 : limit;
    return levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1'000 ? 50 : 250;
  }
  if (route == "depth") {
    const auto levels = limit < 0 ? 500 : limit;
    return levels <= 50 ? 2 : levels <= 100 ? 5 : levels <= 500 ? 10 : 20;
  }
  if (route == "klines" && !spot()) {
    const auto rows = limit < 0 ? 500 : limit;
    return rows < 100 ? 1 : rows < 500 ? 2 : rows <= 1'000 ? 5 : 10;
  }
  if (route == "klines")
    return 2;
  if (route == "exchangeInfo")
    return spot() ? 20 : 1;
  if (route == "trades")
    return spot() ? 25 : 5;
  if (route == "aggTrades")
    return spot() ? 4 : 20;
  if (route == "ticker/24hr")
    return spot() ? (one ? 2 : 80) : (one ? 1 : 40);
  if (route == "ticker/bookTicker")
    return spot() ? (one ? 2 : 4) : (one ? 2 : 5);
  return 1;
}

std::optional<HttpAnswer> Binance::throttle(const HttpAsk& ask, std::int64_t weight, Time now,
                                            std::int64_t& used) {
  const auto ms = core::to_millis(now);
  const auto host = host_of(ask);
  auto& ban = bans_[host];
  if (now < ban.until) {
    const auto left = (core::to_millis(ban.until) - ms + second - 1) / second;
    auto refusal = error(
        418, -1003,
        fmt::format("Way too much request weight used; IP banned until {}. Please use WebSocket "
                    "Streams for live updates to avoid bans.",
                    core::to_millis(ban.until)));
    refusal.headers.emplace_back("Retry-After", std::to_string(left));
    return refusal;
  }
  auto& window = weights_.try_emplace(host, minute).first->second;
  used = window.add(weight, ms);
  if (used <= options_.weight_max)
    return std::nullopt;
  if (ban.window != ms / minute) {
    ban.window = ms / minute;
    ban.overruns = 0;
  }
  if (++ban.overruns > options_.overruns_max) {
    ban.until = now + options_.ban;
    return throttle(ask, 0, now, used);
  }
  auto refusal = error(
      429, -1003,
      fmt::format("Too much request weight used; current limit is {} request weight per 1 MINUTE. "
                  "Please use WebSocket Streams for live updates to avoid polling the API.",
                  options_.weight_max));
  refusal.headers.emplace_back("Retry-After",
                               std::to_string((window.left(ms) + second - 1) / second));
  return refusal;
}

std::optional<HttpAnswer> Binance::faulty(std::string_view symbol, Time now) {
  constexpr std::int64_t default_wait_s = 5;
  constexpr std::int64_t default_ban_s = 120;
  if (const auto fault = faults_.hit(id_, FaultKind::too_many_requests, symbol, now)) {
    auto refusal = error(429, -1003, "Too much request weight used.");
    refusal.headers.emplace_back("Retry-After",
                                 std::to_string(fault->value.value_or(default_wait_s)));
    return refusal;
  }
  if (const auto fault = faults_.hit(id_, FaultKind::banned, symbol, now)) {
    const auto seconds = fault->value.value_or(default_ban_s);
    auto refusal = error(418, -1003,
                         fmt::format("Way too much request weight used; IP banned until {}.",
                                     core::to_millis(now) + seconds * second));
    refusal.headers.emplace_back("Retry-After", std::to_string(seconds));
    return refusal;
  }
  if (const auto fault = faults_.hit(id_, FaultKind::server_error, symbol, now))
    return error(static_cast<int>(fault->value.value_or(503)), -1001,
                 "Internal error; unable to process your request. Please try again.");
  return std::nullopt;
}

void Binance::on_http(const HttpAsk& ask, Reply reply, Time now) {
  ++counters_.requests;
  const std::string_view prefix = spot() ? "/api/v3/" : "/fapi/v1/";
  std::string_view route = ask.path;
  const bool versioned
      = route.starts_with(prefix)
        || (!spot() && (route.starts_with("/fapi/v2/") || route.starts_with("/fapi/v3/")));
  if (!versioned) {
    ++counters_.refused_requests;
    return reply({404, {}, R"({"code":-5000,"msg":"Path not found"})"});
  }
  route.remove_prefix(prefix.size());
  const auto symbol = query_value(ask, "symbol").value_or("");
  std::int64_t used = 0;
  auto refusal = faulty(symbol, now);
  if (!refusal)
    refusal = throttle(ask, weight_of(ask, route), now, used);
  if (refusal) {
    ++counters_.refused_requests;
    refusal->headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
    return reply(std::move(*refusal));
  }
  if (route == "depth" && replay_.declared(id_, symbol) && replay_.snapshot_ahead(id_, symbol))
    return hold(symbol, ask, std::move(reply), now);
  auto found = answer(ask, route, now);
  if (found.status >= 400)
    ++counters_.refused_requests;
  if (spot())
    found.headers.emplace_back("X-MBX-USED-WEIGHT", std::to_string(used));
  found.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
  reply(std::move(found));
}

void Binance::answer_snapshot(const HttpAsk& ask, const Reply& reply, Time now) {
  auto found = depth(ask, now);
  std::int64_t used = 0;
  std::ignore = throttle(ask, 0, now, used);
  found.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(used));
  reply(std::move(found));
}

HttpAnswer Binance::answer(const HttpAsk& ask, std::string_view route, Time now) {
  if (spot() && route == "userDataStream")
    return {410, {}, "<html><body><h1>410 Gone</h1></body></html>"}; // removed 2026-02-20
  if (std::ranges::find(signed_routes, route) != signed_routes.end()) {
    const bool has_key = std::ranges::any_of(
        ask.headers, [](const auto& each) { return each.first == "x-mbx-apikey"; });
    return has_key ? error(401, -2015, "Invalid API-key, IP, or permissions for action.")
                   : error(401, -2014, "API-key format invalid.");
  }
  if (ask.method != "GET")
    return error(405, -1020, "This operation is not supported.");
  if (route == "ping")
    return ok("{}");
  if (route == "time")
    return ok(fmt::format(R"({{"serverTime":{}}})", core::to_millis(now)));
  if (route == "exchangeInfo")
    return exchange_info(ask, now);
  if (route == "ticker/24hr")
    return day_tickers(ask, now);
  if (route == "ticker/bookTicker")
    return book_tickers(ask, now);
  const bool per_symbol
      = route == "depth" || route == "klines" || route == "trades" || route == "aggTrades";
  if (!per_symbol)
    return {404, {}, R"({"code":-5000,"msg":"Path not found"})"};
  const auto symbol = query_value(ask, "symbol");
  if (!symbol || symbol->empty())
    return missing("symbol");
  if (!known(*symbol))
    return bad_symbol();
  if (number(ask, "limit") == bad_number)
    return illegal("limit");
  if (route == "depth")
    return depth(ask, now);
  if (route == "klines")
    return klines(ask, now);
  return route == "trades" ? trades(ask) : aggregates(ask);
}

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
    out += spot() ? spot_symbol(instrument) : linear_symbol(instrument);
  }
  out += "]}";
  return ok(std::move(out));
}

HttpAnswer Binance::depth(const HttpAsk& ask, Time now) {
  const auto symbol = query_value(ask, "symbol").value_or("");
  auto limit = number(ask, "limit");
  if (limit < 0)
    limit = spot() ? 100 : 500;
  constexpr std::array<std::int64_t, 7> linear_limits{5, 10, 20, 50, 100, 500, 1'000};
  if (!spot() && std::ranges::find(linear_limits, limit) == linear_limits.end())
    return error(400, -4021, "depth limit is not in allowed list");
  if (limit == 0 || limit > 5'000)
    return error(400, -1130, "Data sent for parameter 'limit' is not valid.");
  const auto count = static_cast<std::size_t>(limit);
  const auto* market = flow_.find(id_, symbol);
  if (market == nullptr) {
    const auto* book = replay_.find(id_, symbol);
    if (book == nullptr)
      return error(503, -1001, "Internal error; unable to process your request. Please try again.");
    if (!book->verbatim.empty() && book->verbatim_levels <= count)
      return ok(book->verbatim);
    const auto times = spot() ? std::string{}
                              : fmt::format(R"("E":{},"T":{},)", book->event_at, book->matched_at);
    return ok(fmt::format(R"({{"lastUpdateId":{},{}"bids":{},"asks":{}}})", book->update_id, times,
                          text_levels(book->bids(count)), text_levels(book->asks(count))));
  }
  auto bids = market->book().top(Side::bid, count);
  auto asks = market->book().top(Side::ask, count);
  auto update_id = market->update_id();
  auto at = market->changed_at();
  if (const auto kept = kept_.find(symbol);
      kept != kept_.end() && faults_.hit(id_, FaultKind::stale_snapshot, symbol, now)) {
    bids = kept->second.bids;
    asks = kept->second.asks;
    bids.resize(std::min(bids.size(), count));
    asks.resize(std::min(asks.size(), count));
    update_id = kept->second.update_id;
    at = kept->second.at;
  }
  auto out = fmt::format(R"({{"lastUpdateId":{},)", update_id);
  if (!spot())
    out += fmt::format(R"("E":{},"T":{},)", core::to_millis(now), at);
  out += R"("bids":)";
  add_levels(out, market->instrument(), bids);
  out += R"(,"asks":)";
  add_levels(out, market->instrument(), asks);
  out += '}';
  return ok(std::move(out));
}

void Binance::keep_snapshots(std::string_view symbol) {
  constexpr std::size_t levels_max = 5'000;
  for (const Market* market : flow_.on(id_)) {
    const auto& name = market->instrument().symbol;
    if (symbol.empty() || symbol == name)
      kept_[name]
          = {market->book().top(Side::bid, levels_max), market->book().top(Side::ask, levels_max),
             market->update_id(), market->changed_at()};
  }
}

HttpAnswer Binance::klines(const HttpAsk& ask, Time now) {
  const auto name = query_value(ask, "interval");
  if (!name)
    return missing("interval");
  const auto interval = binance_interval(*name, spot());
  if (!interval)
    return error(400, -1120, "Invalid interval.");
  const auto from = number(ask, "startTime");
  const auto to = number(ask, "endTime");
  if (from == bad_number || to == bad_number)
    return illegal(from == bad_number ? "startTime" : "endTime");
  const auto most = spot() ? 1'000 : 1'500;
  auto limit = number(ask, "limit");
  limit = limit < 0 ? 500 : std::min<std::int64_t>(limit, most);
  const auto* market = flow_.find(id_, query_value(ask, "symbol").value_or(""));
  if (market == nullptr)
    return ok("[]"); // nothing is known of the past of a replayed symbol
  const auto& instrument = market->instrument();
  const auto last = std::min(core::to_millis(now), to < 0 ? core::to_millis(now) : to);
  std::vector<Bar> bars;
  if (from >= 0) {
    for (auto begin = interval->begin_of(from); begin <= last && std::ssize(bars) < limit;
         begin = interval->end_of(begin)) {
      const auto bar = market->bars().bar(*interval, begin);
      if (bar && begin >= from)
        bars.push_back(*bar);
    }
  } else {
    for (auto begin = interval->begin_of(last); std::ssize(bars) < limit;
         begin = interval->begin_of(begin - 1)) {
      const auto bar = market->bars().bar(*interval, begin);
      if (!bar)
        break;
      bars.push_back(*bar);
    }
    std::ranges::reverse(bars);
  }
  std::string out{"["};
  for (const auto& bar : bars) {
    out += out.size() > 1 ? ",[" : "[";
    add_integer(out, bar.open_at);
    for (const auto price : {bar.open, bar.high, bar.low, bar.close}) {
      out += ',';
      add_price(out, instrument, price);
    }
    out += ',';
    add_quantity(out, instrument, bar.volume);
    out += fmt::format(",{},", interval->end_of(bar.open_at) - 1);
    add_quote(out, instrument, bar.quote);
    out += fmt::format(",{},", bar.trades);
    add_quantity(out, instrument, bar.taker_buy_volume);
    out += ',';
    add_quote(out, instrument, bar.taker_buy_quote);
    out += ",\"0\"]";
  }
  out += ']';
  return ok(std::move(out));
}

HttpAnswer Binance::trades(const HttpAsk& ask) {
  auto limit = number(ask, "limit");
  limit = limit < 0 ? 500 : std::min<std::int64_t>(limit, 1'000);
  std::string out{"["};
  if (const auto* market = flow_.find(id_, query_value(ask, "symbol").value_or(""))) {
    const auto& all = market->trades();
    const auto skip = std::max<std::ptrdiff_t>(std::ssize(all) - limit, 0);
    for (auto trade = all.begin() + skip; trade != all.end(); ++trade) {
      out += fmt::format(R"({}{{"id":{},"price":)", out.size() > 1 ? "," : "", trade->id);
      add_price(out, market->instrument(), trade->price);
      out += R"(,"qty":)";
      add_quantity(out, market->instrument(), trade->quantity);
      out += R"(,"quoteQty":)";
      add_quote(out, market->instrument(),
                static_cast<core::Int128>(trade->price) * trade->quantity);
      out += fmt::format(R"(,"time":{},"isBuyerMaker":{},{}}})", trade->at, trade->buyer_is_maker,
                         spot() ? R"("isBestMatch":true)" : R"("isRPITrade":false)");
    }
  }
  out += ']';
  return ok(std::move(out));
}

HttpAnswer Binance::aggregates(const HttpAsk& ask) {
  auto limit = number(ask, "limit");
  limit = limit < 0 ? 500 : std::min<std::int64_t>(limit, 1'000);
  const auto from_id = number(ask, "fromId");
  const auto from = number(ask, "startTime");
  const auto to = number(ask, "endTime");
  std::string out{"["};
  if (const auto* market = flow_.find(id_, query_value(ask, "symbol").value_or(""))) {
    std::vector<const Aggregate*> chosen;
    for (const auto& sum : market->aggregates()) {
      if ((from_id < 0 || sum.id >= from_id) && (from < 0 || sum.at >= from)
          && (to < 0 || sum.at <= to))
        chosen.push_back(&sum);
    }
    const bool oldest_first = from_id >= 0 || from >= 0;
    const auto extra = std::max<std::ptrdiff_t>(std::ssize(chosen) - limit, 0);
    if (oldest_first)
      chosen.resize(static_cast<std::size_t>(std::ssize(chosen) - extra));
    else
      chosen.erase(chosen.begin(), chosen.begin() + extra);
    for (const auto* sum : chosen) {
      out += fmt::format(R"({}{{"a":{},"p":)", out.size() > 1 ? "," : "", sum->id);
      add_price(out, market->instrument(), sum->price);
      out += R"(,"q":)";
      add_quantity(out, market->instrument(), sum->quantity);
      out += fmt::format(R"(,"f":{},"l":{},"T":{},"m":{}{}}})", sum->first_trade, sum->last_trade,
                         sum->at, sum->buyer_is_maker, spot() ? R"(,"M":true)" : "");
    }
  }
  out += ']';
  return ok(std::move(out));
}

HttpAnswer Binance::day_tickers(const HttpAsk& ask, Time now) {
  const auto symbol = query_value(ask, "symbol");
  if (symbol && !known(*symbol))
    return bad_symbol();
  std::string out;
  for (const Market* market : flow_.on(id_)) {
    if (symbol && *symbol != market->instrument().symbol)
      continue;
    if (!out.empty())
      out += ',';
    std::string entry = fmt::format(R"({{"symbol":"{}")", market->instrument().symbol);
    add_day(entry, *market, core::to_millis(now), false);
    out += entry + '}';
  }
  return ok(symbol && !out.empty() ? out : '[' + out + ']');
}

HttpAnswer Binance::book_tickers(const HttpAsk& ask, Time) {
  const auto symbol = query_value(ask, "symbol");
  if (symbol && !known(*symbol))
    return bad_symbol();
  std::string out;
  const auto add
      = [&](std::string_view name, const std::array<std::string, 4>& values, core::UnixMillis at) {
          out += fmt::format(
              R"({}{{"symbol":"{}","bidPrice":{},"bidQty":{},"askPrice":{},"askQty":{}{}}})",
              out.empty() ? "" : ",", name, values[0], values[1], values[2], values[3],
              spot() ? "" : fmt::format(R"(,"time":{})", at));
        };
  for (const Market* market : flow_.on(id_)) {
    const auto& instrument = market->instrument();
    if (symbol && *symbol != instrument.symbol)
      continue;
    std::array<std::string, 4> values;
    for (const auto side : {Side::bid, Side::ask}) {
      const auto level = market->book().empty(side) ? Level{} : market->book().best(side);
      const auto index = side == Side::bid ? 0U : 2U;
      add_price(values[index], instrument, level.price);
      add_quantity(values[index + 1], instrument, level.quantity);
    }
    add(instrument.symbol, values, market->changed_at());
  }
  for (const auto& [name, book] : replay_.on(id_)) {
    if ((symbol && *symbol != name) || book->bid_count() == 0 || book->ask_count() == 0)
      continue;
    const auto bid = book->bids(1).front();
    const auto ask_level = book->asks(1).front();
    add(name,
        {json_quoted(bid.price), json_quoted(bid.quantity), json_quoted(ask_level.price),
         json_quoted(ask_level.quantity)},
        book->matched_at);
  }
  return ok(symbol && !out.empty() ? out : '[' + out + ']');
}

} // namespace tandem::sim
