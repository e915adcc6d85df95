// Binance REST answers about the past: trades and klines.
#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/binance_reply.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::sim {

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

HttpAnswer Binance::price_tickers(const HttpAsk& ask) {
  const auto symbol = query_value(ask, "symbol");
  if (symbol && !known(*symbol))
    return bad_symbol();
  std::string out;
  for (const Market* market : flow_.on(id_)) {
    const auto& instrument = market->instrument();
    if (symbol && *symbol != instrument.symbol)
      continue;
    out += fmt::format(R"({}{{"symbol":"{}","price":)", out.empty() ? "" : ",", instrument.symbol);
    add_price(out, instrument, market->bars().last_price());
    out += spot() ? "}" : fmt::format(R"(,"time":{}}})", market->changed_at());
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
