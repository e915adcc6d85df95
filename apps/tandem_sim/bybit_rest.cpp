// Bybit v5 REST: the market routes and their envelope.
#include "apps/tandem_sim/bybit.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::sim {
namespace {

constexpr core::UnixMillis requests_window = 5'000; // 600 requests per 5 s and IP

std::int64_t number(const HttpAsk& ask, std::string_view name, std::int64_t fallback) {
  const auto text = query_value(ask, name);
  if (!text || text->empty())
    return fallback;
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
  return failed != std::errc{} || end != text->data() + text->size() ? -1 : value;
}

std::string text_levels(const std::vector<TextLevel>& levels) {
  std::string out{"["};
  for (const auto& level : levels)
    out += fmt::format(R"({}["{}","{}"])", out.size() > 1 ? "," : "", level.price, level.quantity);
  return out + ']';
}

std::string fixed(std::int64_t units, int decimals) {
  std::string text;
  add_fixed(text, units, decimals, decimals);
  return text;
}

std::string trimmed(std::int64_t units, int decimals) {
  std::string text;
  add_trimmed(text, units, decimals);
  return text;
}

std::string linear_instrument(const Instrument& instrument, int number, std::string_view status) {
  const auto rules = Exchange::rules(instrument);
  const auto price = [&](std::int64_t units) { return fixed(units, instrument.price_decimals); };
  const auto quantity
      = [&](std::int64_t units) { return fixed(units, instrument.quantity_decimals); };
  return fmt::format(
      R"({{"symbol":"{0}","symbolId":{1},"contractType":"LinearPerpetual","status":"{11}","baseCoin":"{2}","quoteCoin":"{3}","launchTime":"1585526400000",)"
      R"("deliveryTime":"0","deliveryFeeRate":"","priceScale":"{4}","leverageFilter":{{"minLeverage":"1","maxLeverage":"100.00","leverageStep":"0.01"}},)"
      R"("priceFilter":{{"minPrice":"{5}","maxPrice":"{6}","tickSize":"{5}"}},"lotSizeFilter":{{"maxOrderQty":"{7}","minOrderQty":"{8}","qtyStep":"{8}",)"
      R"("postOnlyMaxOrderQty":"{7}","maxMktOrderQty":"{9}","minNotionalValue":"{10}"}},"unifiedMarginTrade":true,"fundingInterval":480,"settleCoin":"{3}",)"
      R"("copyTrading":"both","upperFundingRate":"0.00375","lowerFundingRate":"-0.00375","isPreListing":false,"preListingInfo":null,)"
      R"("riskParameters":{{"priceLimitRatioX":"0.05","priceLimitRatioY":"0.05"}},"symbolType":""}})",
      instrument.symbol, number, instrument.base, instrument.quote, instrument.price_decimals,
      price(instrument.tick), price(rules.price_max), quantity(rules.quantity_max),
      quantity(instrument.lot), quantity(rules.market_quantity_max),
      instrument.notional_min.to_string(), status);
}

std::string spot_instrument(const Instrument& instrument, std::string_view status) {
  const auto rules = Exchange::rules(instrument);
  const auto quantity
      = [&](std::int64_t units) { return trimmed(units, instrument.quantity_decimals); };
  return fmt::format(
      R"({{"symbol":"{0}","baseCoin":"{1}","quoteCoin":"{2}","innovation":"0","status":"{8}","marginTrading":"none","stTag":"0",)"
      R"("lotSizeFilter":{{"basePrecision":"{3}","quotePrecision":"0.0000001","minOrderQty":"{3}","maxOrderQty":"{4}","minOrderAmt":"{5}","maxOrderAmt":"9000000",)"
      R"("maxLimitOrderQty":"{4}","maxMarketOrderQty":"{6}","postOnlyMaxLimitOrderSize":"{4}"}},"priceFilter":{{"tickSize":"{7}"}},)"
      R"("riskParameters":{{"priceLimitRatioX":"0.01","priceLimitRatioY":"0.02"}},"symbolType":""}})",
      instrument.symbol, instrument.base, instrument.quote, quantity(instrument.lot),
      quantity(rules.quantity_max), instrument.notional_min.to_string(),
      quantity(rules.market_quantity_max), trimmed(instrument.tick, instrument.price_decimals),
      status);
}

} // namespace

bool Bybit::known(std::string_view symbol) const {
  return std::ranges::any_of(instruments_, [&](const auto& each) { return each.symbol == symbol; });
}

HttpAnswer Bybit::envelope(int code, std::string_view message, std::string_view result,
                           Time now) const {
  return {200,
          {},
          fmt::format(R"({{"retCode":{},"retMsg":{},"result":{},"retExtInfo":{{}},"time":{}}})",
                      code, json_quoted(message), result, core::to_millis(now))};
}

std::optional<HttpAnswer> Bybit::refused(const HttpAsk& ask, std::string_view symbol, Time now) {
  const auto too_frequent = [] {
    return HttpAnswer{403, {}, "403 Forbidden: access too frequent"};
  };
  if (faults_.hit(id_, FaultKind::too_many_requests, symbol, now))
    return envelope(10006, "Too many visits!", "{}", now);
  if (faults_.hit(id_, FaultKind::banned, symbol, now))
    return too_frequent();
  if (const auto fault = faults_.hit(id_, FaultKind::server_error, symbol, now))
    return HttpAnswer{
        static_cast<int>(fault->value.value_or(503)), {}, "<html>Service Unavailable</html>"};
  const auto host = host_of(ask);
  auto& ban = bans_[host];
  if (now < ban.until)
    return too_frequent();
  auto& window = requests_.try_emplace(host, requests_window).first->second;
  if (options_.weight_max == 0 || window.add(1, core::to_millis(now)) <= options_.weight_max)
    return std::nullopt;
  ban.until = now + options_.ban;
  return too_frequent();
}

void Bybit::on_http(const HttpAsk& ask, Reply reply, Time now) {
  ++counters_.requests;
  if (auto refusal = refused(ask, query_value(ask, "symbol").value_or(""), now)) {
    ++counters_.refused_requests;
    return reply(std::move(*refusal));
  }
  if (BybitPrivate::is_signed(ask.path))
    return account_side_->on_http(id_, ask, reply, now);
  auto found = answer(ask, now);
  if (found.status >= 400)
    ++counters_.refused_requests;
  reply(std::move(found));
}

void Bybit::answer_snapshot(const HttpAsk& ask, const Reply& reply, Time now) {
  reply(answer(ask,
               now)); // Bybit recordings carry their snapshot in the stream: nothing is ever held
}

HttpAnswer Bybit::answer(const HttpAsk& ask, Time now) {
  if (ask.method != "GET")
    return {404, {}, "404 page not found"};
  if (ask.path == "/v5/market/time") {
    const auto ns = now.time_since_epoch().count();
    constexpr std::int64_t billion = 1'000'000'000;
    return envelope(0, "OK",
                    fmt::format(R"({{"timeSecond":"{}","timeNano":"{}"}})", ns / billion, ns), now);
  }
  constexpr std::string_view market_prefix = "/v5/market/";
  constexpr std::array<std::string_view, 5> routes{"instruments-info", "orderbook", "kline",
                                                   "recent-trade", "tickers"};
  if (!ask.path.starts_with(market_prefix)
      || std::ranges::find(routes, std::string_view{ask.path}.substr(market_prefix.size()))
             == routes.end())
    return {404, {}, "404 page not found"};
  const auto route = std::string_view{ask.path}.substr(market_prefix.size());
  if (query_value(ask, "category").value_or("") != category())
    return envelope(10001, "params error: Category is invalid", "{}", now);
  const auto symbol = query_value(ask, "symbol");
  const bool optional = route == "instruments-info" || route == "tickers";
  if (!symbol && !optional)
    return envelope(10001, "params error: Symbol Invalid", "{}", now);
  if (symbol && !known(*symbol))
    return envelope(10001, "params error: symbol invalid", "{}", now);
  if (number(ask, "limit", 1) <= 0)
    return envelope(10001, "params error: limit invalid", "{}", now);
  if (route == "instruments-info")
    return instruments(ask, now);
  if (route == "orderbook")
    return orderbook(ask, now);
  if (route == "kline")
    return klines(ask, now);
  return route == "tickers" ? tickers(ask, now) : recent_trades(ask, now);
}

HttpAnswer Bybit::instruments(const HttpAsk& ask, Time now) const {
  const auto symbol = query_value(ask, "symbol");
  const auto limit = std::min<std::int64_t>(number(ask, "limit", 500), 1'000);
  const auto cursor = query_value(ask, "cursor").value_or("");
  // The cursor names the last symbol of the page before, percent-encoded; clients send it back as
  // it is or encoded once more.
  std::string after;
  for (const std::string_view mark : {"last%3D", "last="}) {
    if (const auto at = cursor.find(mark); at != std::string::npos)
      after = cursor.substr(at + mark.size());
  }
  std::string list;
  std::string first;
  std::string last;
  std::int64_t count = 0;
  bool started = after.empty();
  bool more = false;
  int position = 0;
  for (const auto& instrument : instruments_) {
    ++position;
    if (symbol && instrument.symbol != *symbol)
      continue;
    if (!started) {
      started = instrument.symbol == after;
      continue;
    }
    if (!spot() && count == limit) { // spot has no pages
      more = true;
      break;
    }
    const std::string_view status = halted(instrument.symbol, now) ? "Closed" : "Trading";
    list += fmt::format("{}{}", list.empty() ? "" : ",",
                        spot() ? spot_instrument(instrument, status)
                               : linear_instrument(instrument, position, status));
    if (first.empty())
      first = instrument.symbol;
    last = instrument.symbol;
    ++count;
  }
  if (spot())
    return envelope(0, "OK", fmt::format(R"({{"category":"spot","list":[{}]}})", list), now);
  const auto next = more ? fmt::format("first%3D{}%26last%3D{}", first, last) : std::string{};
  return envelope(
      0, "OK",
      fmt::format(R"({{"category":"linear","list":[{}],"nextPageCursor":"{}"}})", list, next), now);
}

HttpAnswer Bybit::orderbook(const HttpAsk& ask, Time now) {
  const auto symbol = query_value(ask, "symbol").value_or("");
  const auto limit = static_cast<std::size_t>(
      std::min<std::int64_t>(number(ask, "limit", spot() ? 1 : 25), 1'000));
  const auto render = [&](const std::string& bids, const std::string& asks, core::UnixMillis ts,
                          std::int64_t u, std::int64_t seq, core::UnixMillis cts) {
    return envelope(0, "OK",
                    fmt::format(R"({{"s":"{}","b":{},"a":{},"ts":{},"u":{},"seq":{},"cts":{}}})",
                                symbol, bids, asks, ts, u, seq, cts),
                    now);
  };
  if (const auto* market = flow_.find(id_, symbol)) {
    const auto topic = "orderbook.1000." + symbol;
    const auto id = update_ids_.find(topic);
    const auto kept = kept_.find(topic);
    const bool stale
        = kept != kept_.end() && faults_.hit(id_, FaultKind::stale_snapshot, symbol, now);
    auto bids = stale ? kept->second.bids : market->book().top(Side::bid, limit);
    auto asks = stale ? kept->second.asks : market->book().top(Side::ask, limit);
    bids.resize(std::min(bids.size(), limit));
    asks.resize(std::min(asks.size(), limit));
    return render(levels_text(market->instrument(), bids), levels_text(market->instrument(), asks),
                  core::to_millis(now),
                  stale                     ? kept->second.update_id
                  : id == update_ids_.end() ? 1
                                            : id->second,
                  stale ? kept->second.sequence : market->update_id(), market->changed_at());
  }
  // The deepest recorded topic of the symbol knows most.
  const ReplayBook* deepest = nullptr;
  for (const auto& [name, book] : replay_.on(id_)) {
    const bool of_symbol = name.ends_with('.' + symbol);
    if (of_symbol
        && (deepest == nullptr
            || book->bid_count() + book->ask_count() > deepest->bid_count() + deepest->ask_count()))
      deepest = book;
  }
  if (deepest == nullptr)
    return render("[]", "[]", core::to_millis(now), 0, 0, 0);
  return render(text_levels(deepest->bids(limit)), text_levels(deepest->asks(limit)),
                deepest->event_at, deepest->update_id, deepest->sequence, deepest->matched_at);
}

HttpAnswer Bybit::klines(const HttpAsk& ask, Time now) {
  const auto interval = bybit_interval(query_value(ask, "interval").value_or(""));
  if (!interval)
    return envelope(10001, "params error: Invalid period!", "{}", now);
  const auto symbol = query_value(ask, "symbol").value_or("");
  const auto limit = std::min<std::int64_t>(number(ask, "limit", 200), 1'000);
  const auto from = number(ask, "start", 0);
  const auto to = std::min(number(ask, "end", core::to_millis(now)), core::to_millis(now));
  if (from < 0 || to < 0)
    return envelope(10001, "params error: start or end invalid", "{}", now);
  std::string list;
  std::int64_t count = 0;
  const auto* market = flow_.find(id_, symbol);
  for (auto begin = interval->begin_of(to); market != nullptr && count < limit && begin >= from;
       begin = interval->begin_of(begin - 1)) {
    const auto bar = market->bars().bar(*interval, begin);
    if (!bar)
      break;
    const auto& instrument = market->instrument();
    list += fmt::format(R"({}["{}","{}","{}","{}","{}","{}","{}"])", list.empty() ? "" : ",",
                        bar->open_at, price_text(instrument, bar->open),
                        price_text(instrument, bar->high), price_text(instrument, bar->low),
                        price_text(instrument, bar->close), quantity_text(instrument, bar->volume),
                        quote_text(instrument, bar->quote));
    ++count;
  }
  return envelope(
      0, "OK",
      fmt::format(R"({{"symbol":"{}","category":"{}","list":[{}]}})", symbol, category(), list),
      now);
}

HttpAnswer Bybit::recent_trades(const HttpAsk& ask, Time now) {
  constexpr std::int64_t spot_max = 60;
  constexpr std::int64_t linear_max = 1'000;
  const auto limit
      = std::min(number(ask, "limit", spot() ? spot_max : 500), spot() ? spot_max : linear_max);
  const auto symbol = query_value(ask, "symbol").value_or("");
  std::string list;
  if (const auto* market = flow_.find(id_, symbol)) {
    const auto& all = market->trades();
    std::int64_t count = 0;
    for (auto trade = all.rbegin(); trade != all.rend() && count < limit; ++trade, ++count)
      list += fmt::format(
          R"({}{{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":false,"isRPITrade":false,"seq":"{}"}})",
          list.empty() ? "" : ",", trade_name(trade->id, market->instrument()), symbol,
          price_text(market->instrument(), trade->price),
          quantity_text(market->instrument(), trade->quantity),
          trade->buyer_is_maker ? "Sell" : "Buy", trade->at, trade->id);
  }
  return envelope(0, "OK", fmt::format(R"({{"category":"{}","list":[{}]}})", category(), list),
                  now);
}

HttpAnswer Bybit::tickers(const HttpAsk& ask, Time now) {
  const auto symbol = query_value(ask, "symbol");
  std::string list;
  for (const Market* market : flow_.on(id_)) {
    if (symbol && *symbol != market->instrument().symbol)
      continue;
    std::string entry;
    for (const auto& [key, value] : ticker_fields(*market, core::to_millis(now), true))
      entry += fmt::format(R"({}"{}":"{}")", entry.empty() ? "" : ",", key, value);
    list += fmt::format("{}{{{}}}", list.empty() ? "" : ",", entry);
  }
  return envelope(0, "OK", fmt::format(R"({{"category":"{}","list":[{}]}})", category(), list),
                  now);
}

} // namespace tandem::sim
