#include "adapters/venues/bybit/payload.hpp"

#include <charconv>

namespace tandem::adapters::venues::bybit {

namespace {

namespace ondemand = simdjson::ondemand;
using wire::for_each_field;
using wire::for_each_object;
using wire::plain_text;
using wire::Seen;

/// 0 for a depth this engine does not follow.
std::uint32_t book_levels(std::string_view text) noexcept {
  std::uint32_t levels = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, levels);
  if (parsed.ec != std::errc{} || parsed.ptr != end || text.starts_with('0'))
    return 0;
  for (const std::uint32_t known : {1U, 50U, 200U, 500U, 1000U}) {
    if (levels == known)
      return levels;
  }
  return 0;
}

bool parse_positive(std::string_view text, core::Decimal& number) {
  const auto parsed = core::Decimal::parse(text);
  if (!parsed || parsed->is_negative() || parsed->is_zero())
    return false;
  number = *parsed;
  return true;
}

bool read_positive(ondemand::value value, core::Decimal& number) {
  std::string_view text;
  return plain_text(value, text) && parse_positive(text, number);
}

bool read_statistic(ondemand::value value, core::Decimal& number) {
  std::string_view text;
  if (!plain_text(value, text))
    return false;
  const auto parsed = wire::parse_statistic(text);
  if (!parsed || parsed->is_negative())
    return false;
  number = *parsed;
  return true;
}

bool read_millis(ondemand::value value, core::UnixMillis& time) noexcept {
  std::uint64_t id = 0;
  if (!wire::read_id(value, id))
    return false;
  time = static_cast<core::UnixMillis>(id);
  return true;
}

bool read_trade(ondemand::object object, std::string_view symbol, core::market::Trade& trade) {
  Seen seen;
  const bool whole = for_each_field(object, [&](auto key, ondemand::value value) {
    std::string_view text;
    if (key == "T")
      return seen.once(0, read_millis(value, trade.venue_time));
    if (key == "S") {
      const bool known = plain_text(value, text) && (text == "Buy" || text == "Sell");
      trade.taker = text == "Buy" ? core::market::TakerSide::buy : core::market::TakerSide::sell;
      return seen.once(1, known);
    }
    if (key == "p")
      return seen.once(2, read_positive(value, trade.price));
    if (key == "v")
      return seen.once(3, read_positive(value, trade.quantity));
    if (key == "i") {
      const bool named = plain_text(value, text) && !text.empty();
      trade.trade_id = text;
      return seen.once(4, named);
    }
    if (key == "s")
      return plain_text(value, text) && text == symbol;
    return true;
  });
  return whole && seen.all(5);
}

bool read_kline(ondemand::object object, core::market::Kline& kline) {
  Seen seen;
  const bool whole = for_each_field(object, [&](auto key, ondemand::value value) {
    std::string_view text;
    if (key == "start")
      return seen.once(0, read_millis(value, kline.open_time));
    if (key == "end")
      return seen.once(1, read_millis(value, kline.close_time));
    if (key == "interval") {
      const bool named = plain_text(value, text) && !text.empty();
      kline.interval = text;
      return seen.once(2, named);
    }
    if (key == "open")
      return seen.once(3, read_positive(value, kline.open));
    if (key == "high")
      return seen.once(4, read_positive(value, kline.high));
    if (key == "low")
      return seen.once(5, read_positive(value, kline.low));
    if (key == "close")
      return seen.once(6, read_positive(value, kline.close));
    if (key == "volume")
      return seen.once(7, read_statistic(value, kline.volume));
    if (key == "turnover")
      return seen.once(8, read_statistic(value, kline.quote_volume));
    if (key == "confirm")
      return seen.once(9, value.get_bool().get(kline.closed) == simdjson::SUCCESS);
    return true;
  });
  return whole && seen.all(10) && kline.open_time <= kline.close_time;
}

bool read_book(ondemand::object object, std::string_view symbol, Payload& data) {
  Seen seen;
  const bool whole = for_each_field(object, [&](auto key, ondemand::value value) {
    std::string_view text;
    if (key == "s")
      return seen.once(0, plain_text(value, text) && text == symbol);
    if (key == "b")
      return seen.once(1, wire::read_levels(value, data.bids));
    if (key == "a")
      return seen.once(2, wire::read_levels(value, data.asks));
    if (key == "u")
      return seen.once(3, wire::read_id(value, data.update_id));
    if (key == "seq")
      return seen.once(4, wire::read_id(value, data.cross_sequence));
    return true;
  });
  return whole && seen.all(5);
}

bool read_ticker(ondemand::object object, std::string_view symbol, core::market::Ticker& ticker) {
  bool named = false;
  const bool whole = for_each_field(object, [&](auto key, ondemand::value value) {
    std::string_view text;
    if (key == "symbol") {
      named = plain_text(value, text) && text == symbol;
      return named;
    }
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS)
      return false;
    if (type != ondemand::json_type::string)
      return true;
    // Texts that are no numbers (tickDirection) may be of any length; the table knows its own keys.
    const char* const begin = key.raw();
    const char* end = begin;
    while (*end != '"')
      ++end;
    const std::string_view name{begin, end};
    if (!plain_text(value, text))
      return true;
    return wire::set_ticker_field(ticker, name, text).has_value();
  });
  return whole && named;
}

} // namespace

Topic parse_topic(std::string_view text) noexcept {
  Topic topic{Kind::other, text, {}, 0};
  const auto first = text.find('.');
  if (first == std::string_view::npos)
    return topic;
  const auto name = text.substr(0, first);
  const auto rest = text.substr(first + 1);
  if (name == "publicTrade" || name == "tickers") {
    topic.symbol = rest;
    topic.kind = name == "tickers" ? Kind::ticker : Kind::trades;
  } else if (name == "orderbook" || name == "kline") {
    const auto second = rest.find('.');
    if (second == std::string_view::npos)
      return topic;
    topic.symbol = rest.substr(second + 1);
    topic.levels = name == "orderbook" ? book_levels(rest.substr(0, second)) : 0;
    if (name == "kline")
      topic.kind = Kind::klines;
    else if (topic.levels != 0)
      topic.kind = topic.levels == 1 ? Kind::best : Kind::depth;
  }
  if (topic.symbol.empty())
    topic.kind = Kind::other;
  return topic;
}

bool read_payload(ondemand::value value, const Topic& topic, Payload& data) {
  ondemand::object object;
  switch (topic.kind) {
  case Kind::depth:
  case Kind::best:
    return value.get_object().get(object) == simdjson::SUCCESS
           && read_book(object, topic.symbol, data);
  case Kind::ticker:
    return value.get_object().get(object) == simdjson::SUCCESS
           && read_ticker(object, topic.symbol, data.ticker);
  case Kind::trades:
    return for_each_object(value, [&](ondemand::object item) {
      return read_trade(item, topic.symbol, data.trades.emplace_back());
    });
  case Kind::klines:
    return for_each_object(
        value, [&](ondemand::object item) { return read_kline(item, data.klines.emplace_back()); });
  case Kind::none:
  case Kind::other:
    return true;
  }
  return false;
}

/// The best row of a level-1 side: deltas of 2023 name a leaving level beside the new one.
LevelText best_row(const std::vector<LevelText>& rows) noexcept {
  for (const auto& row : rows) {
    if (row.size.find_first_not_of("0.") != std::string_view::npos)
      return row;
  }
  return rows.empty() ? LevelText{} : rows.front();
}

void Payload::clear() {
  bids.clear();
  asks.clear();
  update_id = 0;
  cross_sequence = 0;
  trades.clear();
  klines.clear();
  ticker = {};
}

} // namespace tandem::adapters::venues::bybit
