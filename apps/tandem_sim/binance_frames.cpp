// What Binance pushes: depth, best, trades, bars and tickers as frames, from a market or a
// recording.
#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr int spot_digits = 8; // Spot pads every price and amount to eight digits

void add_key(std::string& out, std::string_view key) {
  out += out.empty() || out.back() == '{' ? "\"" : ",\"";
  out += key;
  out += "\":";
}

void add_number(std::string& out, std::string_view key, std::int64_t value) {
  add_key(out, key);
  add_integer(out, value);
}

void add_text(std::string& out, std::string_view key, std::string_view value) {
  add_key(out, key);
  add_quoted(out, value);
}

/// Takes each price once and looks its size up in the book of now; gone levels have size 0.
std::vector<Level> changed(std::vector<std::int64_t> prices, const Book& book, Side side) {
  std::ranges::sort(prices);
  prices.erase(std::unique(prices.begin(), prices.end()), prices.end());
  if (side == Side::bid)
    std::ranges::reverse(prices);
  std::vector<Level> levels;
  levels.reserve(prices.size());
  for (const auto price : prices)
    levels.push_back({price, book.at(side, price)});
  return levels;
}

} // namespace

void Binance::add_price(std::string& out, const Instrument& instrument, std::int64_t price) const {
  out += '"';
  add_fixed(out, price, instrument.price_decimals,
            spot() ? spot_digits : instrument.price_decimals);
  out += '"';
}

void Binance::add_quantity(std::string& out, const Instrument& instrument,
                           std::int64_t quantity) const {
  out += '"';
  add_fixed(out, quantity, instrument.quantity_decimals,
            spot() ? spot_digits : instrument.quantity_decimals);
  out += '"';
}

void Binance::add_quote(std::string& out, const Instrument& instrument, core::Int128 quote) const {
  const auto decimals = instrument.price_decimals + instrument.quantity_decimals;
  out += '"';
  add_wide(out, quote, decimals, spot() ? spot_digits : std::min(decimals, spot_digits));
  out += '"';
}

void Binance::add_level(std::string& out, const Instrument& instrument, const Level& level) const {
  out += '[';
  add_price(out, instrument, level.price);
  out += ',';
  add_quantity(out, instrument, level.quantity);
  out += ']';
}

void Binance::add_levels(std::string& out, const Instrument& instrument,
                         const std::vector<Level>& levels) const {
  out += '[';
  for (const auto& level : levels) {
    if (out.back() != '[')
      out += ',';
    add_level(out, instrument, level);
  }
  out += ']';
}

std::string Binance::depth_frame(const BinanceStream& stream, core::UnixMillis now) const {
  const auto& market = *stream.market;
  std::string out{"{"};
  add_text(out, "e", "depthUpdate");
  add_number(out, "E", now);
  if (!spot())
    add_number(out, "T", market.changed_at());
  add_text(out, "s", stream.symbol);
  add_number(out, "U", stream.first_id);
  add_number(out, "u", market.update_id());
  if (!spot())
    add_number(out, "pu", stream.previous_id);
  add_key(out, "b");
  add_levels(out, market.instrument(), changed(stream.bids, market.book(), Side::bid));
  add_key(out, "a");
  add_levels(out, market.instrument(), changed(stream.asks, market.book(), Side::ask));
  if (!spot()) {
    add_text(out, "ps", stream.symbol);
    add_number(out, "st", 1);
  }
  out += '}';
  return out;
}

std::string Binance::partial_frame(const BinanceStream& stream, core::UnixMillis now) const {
  const auto& market = *stream.market;
  const auto bids = market.book().top(Side::bid, stream.levels);
  const auto asks = market.book().top(Side::ask, stream.levels);
  std::string out{"{"};
  if (spot()) {
    add_number(out, "lastUpdateId", market.update_id());
    add_key(out, "bids");
    add_levels(out, market.instrument(), bids);
    add_key(out, "asks");
    add_levels(out, market.instrument(), asks);
    out += '}';
    return out;
  }
  add_text(out, "e", "depthUpdate");
  add_number(out, "E", now);
  add_number(out, "T", market.changed_at());
  add_text(out, "s", stream.symbol);
  add_number(out, "U", stream.first_id);
  add_number(out, "u", market.update_id());
  add_number(out, "pu", stream.previous_id);
  add_key(out, "b");
  add_levels(out, market.instrument(), bids);
  add_key(out, "a");
  add_levels(out, market.instrument(), asks);
  add_text(out, "ps", stream.symbol);
  add_number(out, "st", 1);
  out += '}';
  return out;
}

std::string Binance::book_ticker_frame(const Market& market, core::UnixMillis now) const {
  const auto& instrument = market.instrument();
  std::string out{"{"};
  if (!spot())
    add_text(out, "e", "bookTicker");
  add_number(out, "u", market.update_id());
  add_text(out, "s", instrument.symbol);
  if (!spot())
    add_text(out, "ps", instrument.symbol);
  const auto side = [&](Side which, std::string_view price, std::string_view quantity) {
    const auto level = market.book().empty(which) ? Level{} : market.book().best(which);
    add_key(out, price);
    add_price(out, instrument, level.price);
    add_key(out, quantity);
    add_quantity(out, instrument, level.quantity);
  };
  side(Side::bid, "b", "B");
  side(Side::ask, "a", "A");
  if (!spot()) {
    add_number(out, "T", market.changed_at());
    add_number(out, "E", now);
    add_number(out, "st", 1);
  }
  out += '}';
  return out;
}

std::string Binance::trade_frame(const Market& market, const Trade& trade,
                                 core::UnixMillis now) const {
  const auto& instrument = market.instrument();
  std::string out{"{"};
  add_text(out, "e", "trade");
  add_number(out, "E", now);
  if (!spot())
    add_number(out, "T", trade.at);
  add_text(out, "s", instrument.symbol);
  add_number(out, "t", trade.id);
  add_key(out, "p");
  add_price(out, instrument, trade.price);
  add_key(out, "q");
  add_quantity(out, instrument, trade.quantity);
  if (spot())
    add_number(out, "T", trade.at);
  else
    add_text(out, "X", "MARKET");
  out += trade.buyer_is_maker ? ",\"m\":true" : ",\"m\":false";
  if (spot())
    out += ",\"M\":true";
  out += '}';
  return out;
}

std::string Binance::aggregate_frame(const Market& market, const Aggregate& sum,
                                     core::UnixMillis now) const {
  const auto& instrument = market.instrument();
  std::string out{"{"};
  add_text(out, "e", "aggTrade");
  add_number(out, "E", now);
  add_text(out, "s", instrument.symbol);
  add_number(out, "a", sum.id);
  add_key(out, "p");
  add_price(out, instrument, sum.price);
  add_key(out, "q");
  add_quantity(out, instrument, sum.quantity);
  if (!spot()) {
    add_key(out, "nq");
    add_quantity(out, instrument, sum.quantity);
  }
  add_number(out, "f", sum.first_trade);
  add_number(out, "l", sum.last_trade);
  add_number(out, "T", sum.at);
  out += sum.buyer_is_maker ? ",\"m\":true" : ",\"m\":false";
  out += spot() ? ",\"M\":true}" : ",\"st\":1}";
  return out;
}

std::string Binance::kline_frame(const BinanceStream& stream, const Bar& bar, bool closed,
                                 core::UnixMillis now) const {
  const auto& instrument = stream.market->instrument();
  std::string out{"{"};
  add_text(out, "e", "kline");
  add_number(out, "E", now);
  add_text(out, "s", stream.symbol);
  out += ",\"k\":{";
  add_number(out, "t", bar.open_at);
  add_number(out, "T", stream.interval.end_of(bar.open_at) - 1);
  add_text(out, "s", stream.symbol);
  add_text(out, "i", stream.interval_name);
  add_number(out, "f", bar.first_id);
  add_number(out, "L", bar.last_id);
  const std::pair<std::string_view, std::int64_t> prices[]
      = {{"o", bar.open}, {"c", bar.close}, {"h", bar.high}, {"l", bar.low}};
  for (const auto& [key, price] : prices) {
    add_key(out, key);
    add_price(out, instrument, price);
  }
  add_key(out, "v");
  add_quantity(out, instrument, bar.volume);
  add_number(out, "n", bar.trades);
  out += closed ? ",\"x\":true" : ",\"x\":false";
  add_key(out, "q");
  add_quote(out, instrument, bar.quote);
  add_key(out, "V");
  add_quantity(out, instrument, bar.taker_buy_volume);
  add_key(out, "Q");
  add_quote(out, instrument, bar.taker_buy_quote);
  out += ",\"B\":\"0\"}}";
  return out;
}

/// The 24-hour figures with the short names of frames or the long ones of REST. Source: "24hr
/// ticker price change statistics".
void Binance::add_day(std::string& out, const Market& market, core::UnixMillis now,
                      bool frame) const {
  const auto& instrument = market.instrument();
  const auto day = market.bars().day(now);
  const auto key = [&](std::string_view shorter, std::string_view longer) {
    add_key(out, frame ? shorter : longer);
  };
  const auto price = [&](std::string_view shorter, std::string_view longer, std::int64_t value) {
    key(shorter, longer);
    add_price(out, instrument, value);
  };
  const auto best
      = [&](Side side) { return market.book().empty(side) ? Level{} : market.book().best(side); };
  price("p", "priceChange", day.close - day.open);
  key("P", "priceChangePercent");
  out += '"';
  add_wide(out,
           day.open == 0 ? 0 : static_cast<core::Int128>(day.close - day.open) * 100'000 / day.open,
           3, 3);
  out += '"';
  const auto mean = day.volume == 0 ? day.close : static_cast<std::int64_t>(day.quote / day.volume);
  price("w", "weightedAvgPrice", mean);
  if (spot())
    price("x", "prevClosePrice", day.open);
  price("c", "lastPrice", day.close);
  key("Q", "lastQty");
  add_quantity(out, instrument, market.trades().empty() ? 0 : market.trades().back().quantity);
  if (spot()) {
    price("b", "bidPrice", best(Side::bid).price);
    key("B", "bidQty");
    add_quantity(out, instrument, best(Side::bid).quantity);
    price("a", "askPrice", best(Side::ask).price);
    key("A", "askQty");
    add_quantity(out, instrument, best(Side::ask).quantity);
  }
  price("o", "openPrice", day.open);
  price("h", "highPrice", day.high);
  price("l", "lowPrice", day.low);
  key("v", "volume");
  add_quantity(out, instrument, day.volume);
  key("q", "quoteVolume");
  add_quote(out, instrument, day.quote);
  const std::tuple<std::string_view, std::string_view, std::int64_t> counts[]
      = {{"O", "openTime", day.open_at},
         {"C", "closeTime", now},
         {"F", "firstId", day.first_id},
         {"L", "lastId", day.last_id},
         {"n", "count", day.trades}};
  for (const auto& [shorter, longer, value] : counts) {
    key(shorter, longer);
    add_integer(out, value);
  }
}

std::string Binance::ticker_frame(const Market& market, core::UnixMillis now, bool mini) const {
  const auto& instrument = market.instrument();
  std::string out{"{"};
  add_text(out, "e", mini ? "24hrMiniTicker" : "24hrTicker");
  add_number(out, "E", now);
  add_text(out, "s", instrument.symbol);
  if (mini) {
    const auto day = market.bars().day(now);
    const std::pair<std::string_view, std::int64_t> prices[]
        = {{"c", day.close}, {"o", day.open}, {"h", day.high}, {"l", day.low}};
    for (const auto& [key, price] : prices) {
      add_key(out, key);
      add_price(out, instrument, price);
    }
    add_key(out, "v");
    add_quantity(out, instrument, day.volume);
    add_key(out, "q");
    add_quote(out, instrument, day.quote);
  } else {
    add_day(out, market, now, true);
  }
  if (!spot()) {
    add_text(out, "ps", instrument.symbol);
    add_number(out, "st", 1);
  }
  out += '}';
  return out;
}

void Binance::flush(BinanceStream& stream, Time time) {
  const auto now = core::to_millis(time);
  auto& market = *stream.market;
  using Kind = BinanceStream::Kind;
  switch (stream.type) {
  case Kind::depth:
  case Kind::partial:
    if (stream.first_id == 0)
      return;
    publish(stream,
            stream.type == Kind::depth ? depth_frame(stream, now) : partial_frame(stream, now),
            time);
    stream.previous_id = market.update_id();
    stream.first_id = 0;
    stream.bids.clear();
    stream.asks.clear();
    return;
  case Kind::kline: {
    const auto begin = stream.interval.begin_of(now);
    if (stream.bar_begin != 0 && begin != stream.bar_begin) {
      if (const auto finished = market.bars().bar(stream.interval, stream.bar_begin))
        publish(stream, kline_frame(stream, *finished, true, now), time);
    }
    stream.bar_begin = begin;
    if (const auto bar = market.bars().bar(stream.interval, now))
      publish(stream, kline_frame(stream, *bar, false, now), time);
    return;
  }
  case Kind::ticker:
  case Kind::mini_ticker:
    publish(stream, ticker_frame(market, now, stream.type == Kind::mini_ticker), time);
    return;
  case Kind::book_ticker:
  case Kind::trade:
  case Kind::aggregate:
    return; // as they happen, in on_step
  }
}

void Binance::on_step(Market& market, const Step& step, Time time) {
  const auto now = core::to_millis(time);
  using Kind = BinanceStream::Kind;
  for (Stream* each : streams_of(market.instrument().symbol)) {
    auto& stream = static_cast<BinanceStream&>(*each);
    if (stream.market != &market)
      continue;
    if (stream.type == Kind::depth || stream.type == Kind::partial) {
      if (stream.first_id == 0)
        stream.first_id = step.changes.front().id;
      for (const Change& change : step.changes)
        (change.side == Side::bid ? stream.bids : stream.asks).push_back(change.price);
      if (stream.every == 0)
        flush(stream, time);
    } else if (stream.type == Kind::book_ticker && step.best_changed) {
      publish(stream, book_ticker_frame(market, now), time);
    } else if (stream.type == Kind::trade) {
      for (const Trade& trade : step.trades)
        publish(stream, trade_frame(market, trade, now), time);
    } else if (stream.type == Kind::aggregate) {
      for (const Aggregate& sum : step.aggregates)
        publish(stream, aggregate_frame(market, sum, now), time);
    }
  }
}

void Binance::on_tick(Time time) {
  private_.on_tick(time);
  const auto now = core::to_millis(time);
  for (const auto& [name, each] : streams_) {
    auto& stream = static_cast<BinanceStream&>(*each);
    if (stream.market == nullptr || stream.every == 0)
      continue;
    const bool bar_over = stream.type == BinanceStream::Kind::kline && stream.bar_begin != 0
                          && stream.interval.begin_of(now) != stream.bar_begin;
    if (bar_over)
      flush(stream, time); // a finished bar is shown at once
    if (now < stream.due)
      continue;
    // The next multiple of the period, moved by the stream's own phase: the frames of many symbols
    // do not come all at once.
    const auto phase = stream.due % stream.every;
    stream.due = now - (now - phase) % stream.every + stream.every;
    flush(stream, time);
  }
}

} // namespace tandem::sim
