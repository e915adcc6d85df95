#include "apps/tandem_sim/replay_books.hpp"

#include "core/types/decimal.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr int key_decimals = 8;

bool is_zero(std::string_view text) noexcept {
  return text.find_first_not_of("0.") == std::string_view::npos;
}

std::int64_t integer(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr)
    return 0;
  if (const auto* number = value->if_int64())
    return *number;
  const auto* number = value->if_uint64();
  return number == nullptr ? 0 : static_cast<std::int64_t>(*number);
}

std::vector<TextLevel> levels(const json::object& object, std::string_view key) {
  std::vector<TextLevel> result;
  const auto* value = object.if_contains({key.data(), key.size()});
  const auto* rows = value == nullptr ? nullptr : value->if_array();
  if (rows == nullptr)
    return result;
  result.reserve(rows->size());
  for (const auto& row : *rows) {
    const auto* pair = row.if_array();
    if (pair == nullptr || pair->size() < 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string())
      continue;
    const auto& price = (*pair)[0].get_string();
    const auto& quantity = (*pair)[1].get_string();
    result.push_back({{price.data(), price.size()}, {quantity.data(), quantity.size()}});
  }
  return result;
}

std::string text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains({key.data(), key.size()});
  const auto* string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? std::string{} : std::string{string->data(), string->size()};
}

/// Of "orderbook.50".
int depth_of(const std::string& kind) {
  int depth = 0;
  const auto dot = kind.rfind('.') + 1;
  static_cast<void>(std::from_chars(kind.data() + dot, kind.data() + kind.size(), depth));
  return depth;
}

std::optional<json::object> parse(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(json::string_view{text.data(), text.size()}, error);
  if (error || !value.is_object())
    return std::nullopt;
  return std::move(value.get_object());
}

void put(std::map<std::int64_t, TextLevel>& side, const std::vector<TextLevel>& changes) {
  for (const auto& level : changes) {
    const auto price = core::parse_scaled(level.price, key_decimals);
    if (!price)
      continue;
    if (is_zero(level.quantity))
      side.erase(*price);
    else
      side[*price] = level;
  }
}

template <class Iterator>
std::vector<TextLevel> take(Iterator from, Iterator end, std::size_t count) {
  std::vector<TextLevel> result;
  for (; from != end && (count == 0 || result.size() < count); ++from)
    result.push_back(from->second);
  return result;
}

} // namespace

void ReplayBook::replace(const std::vector<TextLevel>& bids, const std::vector<TextLevel>& asks) {
  bids_.clear();
  asks_.clear();
  apply(bids, asks);
}

void ReplayBook::apply(const std::vector<TextLevel>& bids, const std::vector<TextLevel>& asks) {
  put(bids_, bids);
  put(asks_, asks);
}

std::vector<TextLevel> ReplayBook::bids(std::size_t count) const {
  return take(bids_.rbegin(), bids_.rend(), count);
}

std::vector<TextLevel> ReplayBook::asks(std::size_t count) const {
  return take(asks_.begin(), asks_.end(), count);
}

void ReplayBooks::declare(SurfaceId surface, const std::string& symbol, bool has_snapshot) {
  declared_[{surface, symbol}] = has_snapshot;
}

bool ReplayBooks::declared(SurfaceId surface, std::string_view symbol) const noexcept {
  return std::ranges::any_of(declared_, [&](const auto& entry) {
    return entry.first.first == surface && entry.first.second == symbol;
  });
}

bool ReplayBooks::snapshot_ahead(SurfaceId surface, const std::string& symbol) const noexcept {
  const auto found = declared_.find({surface, symbol});
  return found != declared_.end() && found->second;
}

void ReplayBooks::forget_snapshot(SurfaceId surface, const std::string& symbol) {
  declared_[{surface, symbol}] = false;
  books_[{surface, symbol}].verbatim.clear();
}

const ReplayBook* ReplayBooks::find(SurfaceId surface, const std::string& name) const noexcept {
  const auto found = books_.find({surface, name});
  return found == books_.end() || !found->second.synchronised ? nullptr : &found->second;
}

std::vector<std::pair<std::string, const ReplayBook*>> ReplayBooks::on(SurfaceId surface) const {
  std::vector<std::pair<std::string, const ReplayBook*>> result;
  for (const auto& [key, book] : books_) {
    if (key.first == surface && book.synchronised)
      result.emplace_back(key.second, &book);
  }
  return result;
}

void ReplayBooks::tell_all(const RecordedFrame& frame, int depth, const ReplayBook& book) const {
  if (!hear_)
    return;
  RecordedNews news{.surface = frame.surface, .symbol = frame.symbol, .depth = depth};
  news.whole = true;
  news.bids = book.bids(0);
  news.asks = book.asks(0);
  news.at = book.matched_at != 0 ? book.matched_at : book.event_at;
  hear_(news);
}

void ReplayBooks::tell(const RecordedFrame& frame, int depth, const ReplayBook& book,
                       std::vector<TextLevel> bids, std::vector<TextLevel> asks) const {
  if (!hear_)
    return;
  RecordedNews news{.surface = frame.surface, .symbol = frame.symbol, .depth = depth};
  news.bids = std::move(bids);
  news.asks = std::move(asks);
  news.at = book.matched_at != 0 ? book.matched_at : book.event_at;
  hear_(news);
}

/// Binance "trade" or "aggTrade", Bybit "publicTrade".
void ReplayBooks::take_trades(const RecordedFrame& frame) {
  const bool single = frame.kind == "trade" || frame.kind == "aggTrade";
  if (!hear_ || (!single && frame.kind != "publicTrade"))
    return;
  // Where both are recorded they tell the same trades: the first kind counts.
  if (trades_by_.try_emplace({frame.surface, frame.symbol}, frame.kind).first->second != frame.kind)
    return;
  const auto message = parse(frame.data);
  if (!message)
    return;
  RecordedNews news{.surface = frame.surface, .symbol = frame.symbol};
  const auto add = [&news](const json::object& one, bool buyer_is_maker, std::string_view price,
                           std::string_view quantity) {
    news.trades.push_back(
        {{text(one, price), text(one, quantity)}, buyer_is_maker, integer(one, "T")});
  };
  if (single) {
    const auto* maker = message->if_contains("m");
    add(*message, maker != nullptr && maker->is_bool() && maker->get_bool(), "p", "q");
  } else if (const auto* rows = message->if_contains("data"); rows != nullptr && rows->is_array()) {
    for (const auto& row : rows->get_array())
      if (row.is_object())
        add(row.get_object(), text(row.get_object(), "S") == "Sell", "p", "v");
  }
  hear_(news);
}

void ReplayBooks::take(const RecordedFrame& frame) {
  take_trades(frame);
  if (frame.surface == SurfaceId::bybit_spot || frame.surface == SurfaceId::bybit_linear)
    take_bybit(frame);
  else
    take_binance(frame);
}

void ReplayBooks::take_binance(const RecordedFrame& frame) {
  if (frame.kind != "depth" && frame.kind != "snapshot")
    return;
  const auto object = parse(frame.data);
  if (!object)
    return;
  const Key key{frame.surface, frame.symbol};
  auto& book = books_[key];
  if (frame.kind == "depth") {
    Pending event{levels(*object, "b"), levels(*object, "a"), integer(*object, "u"),
                  integer(*object, "E"), integer(*object, "T")};
    if (!book.synchronised) {
      buffered_[key].push_back(std::move(event));
      return;
    }
    book.apply(event.bids, event.asks);
    book.update_id = event.update_id;
    book.event_at = event.event_at;
    book.matched_at = event.matched_at;
    book.verbatim.clear();
    tell(frame, 0, book, std::move(event.bids), std::move(event.asks));
    return;
  }
  book.replace(levels(*object, "bids"), levels(*object, "asks"));
  book.update_id = integer(*object, "lastUpdateId");
  book.event_at = integer(*object, "E");
  book.matched_at = integer(*object, "T");
  book.synchronised = true;
  book.verbatim = frame.data;
  book.verbatim_levels = std::max(book.bid_count(), book.ask_count());
  for (auto& event : buffered_[key]) {
    if (event.update_id <= book.update_id)
      continue;
    book.apply(event.bids, event.asks);
    book.update_id = event.update_id;
    book.event_at = event.event_at;
    book.matched_at = event.matched_at;
  }
  buffered_.erase(key);
  tell_all(frame, 0, book);
}

void ReplayBooks::take_bybit(const RecordedFrame& frame) {
  if (!frame.kind.starts_with("orderbook."))
    return;
  const auto message = parse(frame.data);
  if (!message)
    return;
  const auto* inner = message->if_contains("data");
  const auto* type = message->if_contains("type");
  if (inner == nullptr || !inner->is_object() || type == nullptr || !type->is_string())
    return;
  const auto& data = inner->get_object();
  auto& book = books_[{frame.surface, frame.stream}];
  const bool snapshot = type->get_string() == "snapshot" || integer(data, "u") == 1;
  book.update_id = integer(data, "u");
  book.sequence = integer(data, "seq");
  book.event_at = integer(*message, "ts");
  book.matched_at = integer(*message, "cts");
  if (snapshot) {
    book.replace(levels(data, "b"), levels(data, "a"));
    book.synchronised = true;
    return tell_all(frame, depth_of(frame.kind), book);
  }
  auto bids = levels(data, "b"), asks = levels(data, "a");
  book.apply(bids, asks);
  tell(frame, depth_of(frame.kind), book, std::move(bids), std::move(asks));
}

} // namespace tandem::sim
