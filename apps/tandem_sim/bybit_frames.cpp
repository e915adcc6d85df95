// What Bybit pushes: windows of the book, trades, bars and tickers as frames.
#include "apps/tandem_sim/bybit.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr core::UnixMillis keep_alive_every = 3'000; // a level-1 book without change is sent again
constexpr core::UnixMillis hour = 3'600'000;
constexpr core::UnixMillis funding_every = 8 * hour;

/// What turns the window `was` into `is`: new and changed levels, and those that left it with size
/// 0. Best first.
std::vector<Level> difference(const std::vector<Level>& was, const std::vector<Level>& is,
                              Side side) {
  const auto before
      = [side](std::int64_t a, std::int64_t b) { return side == Side::bid ? a > b : a < b; };
  std::vector<Level> changes;
  auto old_level = was.begin();
  auto new_level = is.begin();
  while (old_level != was.end() || new_level != is.end()) {
    if (new_level == is.end()
        || (old_level != was.end() && before(old_level->price, new_level->price))) {
      changes.push_back({old_level->price, 0});
      ++old_level;
    } else if (old_level == was.end() || before(new_level->price, old_level->price)) {
      changes.push_back(*new_level);
      ++new_level;
    } else {
      if (old_level->quantity != new_level->quantity)
        changes.push_back(*new_level);
      ++old_level;
      ++new_level;
    }
  }
  return changes;
}

} // namespace

std::string Bybit::price_text(const Instrument& instrument, std::int64_t price) const {
  std::string out;
  if (spot())
    add_trimmed(out, price, instrument.price_decimals);
  else
    add_fixed(out, price, instrument.price_decimals, instrument.price_decimals);
  return out;
}

std::string Bybit::quantity_text(const Instrument& instrument, std::int64_t quantity) const {
  std::string out;
  if (spot() || quantity == 0)
    add_trimmed(out, quantity, instrument.quantity_decimals);
  else
    add_fixed(out, quantity, instrument.quantity_decimals, instrument.quantity_decimals);
  return quantity == 0 ? "0" : out;
}

std::string Bybit::quote_text(const Instrument& instrument, core::Int128 quote) const {
  return core::format_scaled(quote, instrument.price_decimals + instrument.quantity_decimals);
}

std::string Bybit::levels_text(const Instrument& instrument,
                               const std::vector<Level>& levels) const {
  std::string out{"["};
  for (const auto& level : levels) {
    out += out.size() > 1 ? ",[\"" : "[\"";
    out += price_text(instrument, level.price);
    out += "\",\"";
    out += quantity_text(instrument, level.quantity);
    out += "\"]";
  }
  return out + ']';
}

std::string Bybit::book_frame(const BybitTopic& topic, bool snapshot, std::string_view bids,
                              std::string_view asks, core::UnixMillis now,
                              core::UnixMillis matched) const {
  // Spot and level 1 put "ts" before "type", the other linear depths the other way round.
  const auto type = fmt::format(R"("type":"{}")", snapshot ? "snapshot" : "delta");
  const auto ts = fmt::format(R"("ts":{})", now);
  const bool ts_first = spot() || topic.window.depth == 1;
  return fmt::format(
      R"({{"topic":"{}",{},{},"data":{{"s":"{}","b":{},"a":{},"u":{},"seq":{}}},"cts":{}}})",
      topic.name, ts_first ? ts : type, ts_first ? type : ts, topic.symbol, bids, asks,
      topic.window.update_id, topic.window.sequence, matched);
}

std::string Bybit::window_frame(const BybitTopic& topic, core::UnixMillis now) const {
  const auto& instrument = topic.market->instrument();
  return book_frame(topic, true, levels_text(instrument, topic.window.bids),
                    levels_text(instrument, topic.window.asks), now, topic.market->changed_at());
}

void Bybit::refresh(BybitTopic& topic, Time time) {
  const auto now = core::to_millis(time);
  auto& window = topic.window;
  const auto& market = *topic.market;
  const bool level_one = window.depth == 1;
  if (window.sequence != market.update_id()) {
    auto bids = market.book().top(Side::bid, window.depth);
    auto asks = market.book().top(Side::ask, window.depth);
    window.sequence = market.update_id();
    const auto bid_changes = difference(window.bids, bids, Side::bid);
    const auto ask_changes = difference(window.asks, asks, Side::ask);
    if (!bid_changes.empty() || !ask_changes.empty()) {
      ++window.update_id;
      update_ids_[topic.name] = window.update_id;
      window.bids = std::move(bids);
      window.asks = std::move(asks);
      window.said_at = now;
      const auto& instrument = market.instrument();
      publish(topic,
              level_one
                  ? window_frame(topic, now)
                  : book_frame(topic, false, levels_text(instrument, bid_changes),
                               levels_text(instrument, ask_changes), now, market.changed_at()),
              time);
      return;
    }
  }
  if (level_one && now >= window.said_at + keep_alive_every) {
    window.said_at = now;
    publish(topic, window_frame(topic, now), time);
  }
}

std::string Bybit::trade_name(std::int64_t id, const Instrument& instrument) const {
  if (spot())
    return fmt::format("22900000000{:08}", id);
  const auto high = mix_seed(static_cast<std::uint64_t>(id), instrument.symbol.c_str());
  const auto low = mix_seed(high, "trade");
  return fmt::format("{:08x}-{:04x}-5{:03x}-9{:03x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                     high & 0xfffU, low >> 52U, low & 0xffffffffffffU);
}

std::string Bybit::trade_frame(const BybitTopic& topic, const std::vector<Trade>& trades,
                               core::UnixMillis now) {
  const auto& instrument = topic.market->instrument();
  auto& last = last_prices_[topic.symbol];
  auto out = fmt::format(R"({{"topic":"{}",{}"data":[)", topic.name,
                         spot() ? fmt::format(R"("ts":{},"type":"snapshot",)", now)
                                : fmt::format(R"("type":"snapshot","ts":{},)", now));
  for (const auto& trade : trades) {
    const auto price = price_text(instrument, trade.price);
    const auto size = quantity_text(instrument, trade.quantity);
    const auto side = trade.buyer_is_maker ? "Sell" : "Buy";
    const auto name = trade_name(trade.id, instrument);
    if (out.back() != '[')
      out += ',';
    if (spot()) {
      out += fmt::format(
          R"({{"i":"{}","T":{},"p":"{}","v":"{}","S":"{}","s":"{}","BT":false,"RPI":false,"seq":{}}})",
          name, trade.at, price, size, side, topic.symbol, topic.market->update_id());
      continue;
    }
    const auto direction = trade.price > last     ? "PlusTick"
                           : trade.price < last   ? "MinusTick"
                           : trade.buyer_is_maker ? "ZeroMinusTick"
                                                  : "ZeroPlusTick";
    last = trade.price;
    out += fmt::format(
        R"({{"T":{},"s":"{}","S":"{}","v":"{}","p":"{}","L":"{}","i":"{}","BT":false,"RPI":false,"seq":{}}})",
        trade.at, topic.symbol, side, size, price, direction, name, topic.market->update_id());
  }
  return out + "]}";
}

Bybit::Fields Bybit::ticker_fields(const Market& market, core::UnixMillis now, bool rest) const {
  const auto& instrument = market.instrument();
  const auto day = market.bars().day(now);
  const auto price = [&](std::int64_t value) { return price_text(instrument, value); };
  std::string change;
  const auto moved
      = day.open == 0 ? 0 : static_cast<core::Int128>(day.close - day.open) * 1'000'000 / day.open;
  add_wide(change, moved, 6, spot() ? 4 : 6);
  const auto best
      = [&](Side side) { return market.book().empty(side) ? Level{} : market.book().best(side); };
  Fields fields{{"symbol", instrument.symbol},
                {"lastPrice", price(day.close)},
                {"highPrice24h", price(day.high)},
                {"lowPrice24h", price(day.low)},
                {"prevPrice24h", price(day.open)},
                {"volume24h", quantity_text(instrument, day.volume)},
                {"turnover24h", quote_text(instrument, day.quote)},
                {"price24hPcnt", change}};
  const auto add = [&](std::string_view key, std::string value) {
    fields.emplace_back(key, std::move(value));
  };
  if (spot())
    add("usdIndexPrice", price(day.close));
  if (!spot() || rest) {
    add("bid1Price", price(best(Side::bid).price));
    add("bid1Size", quantity_text(instrument, best(Side::bid).quantity));
    add("ask1Price", price(best(Side::ask).price));
    add("ask1Size", quantity_text(instrument, best(Side::ask).quantity));
  }
  if (spot())
    return fields;
  const auto an_hour_ago = market.bars().bar(Interval{}, now - hour);
  const auto mark = (best(Side::bid).price + best(Side::ask).price) / 2;
  constexpr std::int64_t open_interest_lots = 50'000'000;
  add("tickDirection", market.trades().empty() || market.trades().back().buyer_is_maker
                           ? "ZeroMinusTick"
                           : "ZeroPlusTick");
  add("prevPrice1h", price(an_hour_ago ? an_hour_ago->close : day.open));
  add("markPrice", price(mark));
  add("indexPrice", price(mark));
  add("openInterest", quantity_text(instrument, open_interest_lots * instrument.lot));
  add("openInterestValue", quote_text(instrument, static_cast<core::Int128>(mark)
                                                      * open_interest_lots * instrument.lot));
  add("fundingRate", "0.0001");
  add("nextFundingTime", std::to_string(now - now % funding_every + funding_every));
  add("fundingIntervalHour", "8");
  add("fundingCap", "0.005");
  return fields;
}

std::string Bybit::ticker_frame(const BybitTopic& topic, const Fields& fields, bool snapshot,
                                core::UnixMillis now) const {
  std::string data;
  for (const auto& [key, value] : fields)
    data += fmt::format(R"({}"{}":"{}")", data.empty() ? "" : ",", key, value);
  const auto type = fmt::format(R"("type":"{}")", snapshot ? "snapshot" : "delta");
  if (spot())
    return fmt::format(R"({{"topic":"{}","ts":{},{},"cs":{},"data":{{{}}}}})", topic.name, now,
                       type, topic.market->update_id(), data);
  return fmt::format(R"({{"topic":"{}",{},"data":{{{}}},"cs":{},"ts":{}}})", topic.name, type, data,
                     topic.market->update_id(), now);
}

void Bybit::refresh_ticker(BybitTopic& topic, Time time) {
  const auto now = core::to_millis(time);
  auto fields = ticker_fields(*topic.market, now, false);
  if (fields == topic.told)
    return;
  if (spot()) {
    publish(topic, ticker_frame(topic, fields, true, now), time);
    topic.told = std::move(fields);
    return;
  }
  Fields changes{{"symbol", topic.symbol}};
  for (const auto& field : fields) {
    if (std::ranges::find(topic.told, field) == topic.told.end())
      changes.push_back(field);
  }
  publish(topic, ticker_frame(topic, changes, false, now), time);
  topic.told = std::move(fields);
}

std::string Bybit::kline_frame(const BybitTopic& topic, const Bar& bar, bool closed,
                               core::UnixMillis now) const {
  const auto& instrument = topic.market->instrument();
  return fmt::format(
      R"({{"topic":"{}","data":[{{"start":{},"end":{},"interval":"{}","open":"{}","close":"{}","high":"{}","low":"{}","volume":"{}","turnover":"{}","confirm":{},"timestamp":{}}}],"ts":{},"type":"snapshot"}})",
      topic.name, bar.open_at, topic.interval.end_of(bar.open_at) - 1, topic.interval_name,
      price_text(instrument, bar.open), price_text(instrument, bar.close),
      price_text(instrument, bar.high), price_text(instrument, bar.low),
      quantity_text(instrument, bar.volume), quote_text(instrument, bar.quote), closed, now, now);
}

void Bybit::refresh_kline(BybitTopic& topic, Time time) {
  const auto now = core::to_millis(time);
  const auto begin = topic.interval.begin_of(now);
  if (begin != topic.bar_begin) {
    if (const auto finished = topic.market->bars().bar(topic.interval, topic.bar_begin))
      publish(topic, kline_frame(topic, *finished, true, now), time);
    topic.bar_begin = begin;
  }
  if (const auto bar = topic.market->bars().bar(topic.interval, now))
    publish(topic, kline_frame(topic, *bar, false, now), time);
}

void Bybit::on_step(Market& market, const Step& step, Time time) {
  if (step.trades.empty())
    return;
  for (Stream* each : streams_of(market.instrument().symbol)) {
    auto& topic = static_cast<BybitTopic&>(*each);
    if (topic.type == BybitTopic::Kind::trade && topic.market == &market)
      publish(topic, trade_frame(topic, step.trades, core::to_millis(time)), time);
  }
}

void Bybit::on_tick(Time time) {
  constexpr core::UnixMillis ticker_every_spot = 50;
  constexpr core::UnixMillis ticker_every_linear = 100;
  constexpr core::UnixMillis kline_every = 1'000;
  const auto now = core::to_millis(time);
  for (const auto id : account_side_->sockets_of(id_)) {
    if (find(id) == nullptr)
      account_side_->closed(id, time);
  }
  account_side_->tick(time);
  for (const auto& [name, each] : streams_) {
    auto& topic = static_cast<BybitTopic&>(*each);
    if (topic.market == nullptr || now < topic.due)
      continue;
    switch (topic.type) {
    case BybitTopic::Kind::book:
      topic.due = now - now % topic.window.every + topic.window.every;
      refresh(topic, time);
      break;
    case BybitTopic::Kind::ticker:
      topic.due = now + (spot() ? ticker_every_spot : ticker_every_linear);
      refresh_ticker(topic, time);
      break;
    case BybitTopic::Kind::kline:
      topic.due = now - now % kline_every + kline_every;
      refresh_kline(topic, time);
      break;
    case BybitTopic::Kind::trade:
      break;
    }
  }
}

} // namespace tandem::sim
