// Bybit v5 lists in pages: orders and fills, newest first, and positions.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {

constexpr std::int64_t orders_page_max = 50;
constexpr std::int64_t orders_page = 20;
constexpr std::int64_t fills_page_max = 100;
constexpr std::int64_t fills_page = 50;
constexpr std::int64_t positions_page_max = 200;
constexpr std::int64_t positions_page = 20;
constexpr std::size_t closed_kept = 500; // order/realtime
constexpr core::UnixMillis day = 86'400'000;
constexpr core::UnixMillis span_max = 7 * day;

BybitAnswer wrong(std::string_view what) {
  return {10001, fmt::format("params error: {}", what), "{}", "{}"};
}

/// Nullopt when it is no number; `fallback` when absent.
std::optional<std::int64_t> number(const BybitCall& call, std::string_view name,
                                   std::int64_t fallback) {
  const auto text = call.text(name);
  if (text.empty())
    return fallback;
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// The cursor names the last item of the page before; clients send it back as it is or encoded once
/// more.
std::string cursor_of(std::string_view last) {
  return fmt::format("page_args%3D{}", last);
}

std::string after_cursor(const BybitCall& call) {
  const auto cursor = call.text("cursor");
  for (const std::string_view mark : {"page_args%3D", "page_args="}) {
    if (const auto at = cursor.find(mark); at != std::string::npos)
      return cursor.substr(at + mark.size());
  }
  return {};
}

struct Span {
  core::UnixMillis from = 0;
  core::UnixMillis to = 0;
};

std::optional<Span> span_of(const BybitCall& call) {
  const auto now = core::to_millis(call.now);
  const auto from = number(call, "startTime", -1);
  const auto to = number(call, "endTime", -1);
  if (!from || !to)
    return std::nullopt;
  if (*from < 0)
    return Span{(*to < 0 ? now : *to) - span_max, *to < 0 ? now : *to};
  const Span span{*from, *to < 0 ? *from + span_max : *to};
  return span.to < span.from || span.to - span.from > span_max ? std::nullopt : std::optional{span};
}

} // namespace

/// By symbol, else base coin, else settle coin, else all.
bool BybitPrivate::selects(const BybitCall& call, const std::string& symbol) const {
  if (const auto wanted = call.text("symbol"); !wanted.empty())
    return wanted == symbol;
  const auto* listed = instrument(call.surface, symbol);
  if (listed == nullptr)
    return false;
  if (const auto base = call.text("baseCoin"); !base.empty())
    return base == listed->base;
  const auto settle = call.text("settleCoin");
  return settle.empty() || settle == listed->quote;
}

/// Newest first. An id is stronger than a name, a name than a symbol.
std::vector<const Order*> BybitPrivate::orders_of(const BybitCall& call) const {
  if (const auto name = name_in(call)) {
    const auto* order = exchange_.find(call.account, call.surface, {}, *name);
    return order == nullptr ? std::vector<const Order*>{} : std::vector{order};
  }
  auto orders = exchange_.orders(call.account, call.surface, call.text("symbol"), false);
  std::erase_if(orders, [&](const Order* order) { return !selects(call, order->symbol); });
  std::ranges::reverse(orders);
  return orders;
}

BybitTally BybitPrivate::tally_of(const Order& order) const {
  BybitTally tally;
  for (const auto* fill : exchange_.fills_of(order)) {
    tally.fees[fill->fee_asset] += fill->fee;
    tally.realised += fill->realised;
  }
  return tally;
}

BybitAnswer BybitPrivate::order_page(const BybitCall& call,
                                     const std::vector<const Order*>& orders) const {
  const auto limit = number(call, "limit", orders_page);
  if (!limit || *limit < 1)
    return wrong("limit invalid");
  const auto after = bybit_order_number(call.surface, after_cursor(call));
  std::string list;
  std::string last;
  std::int64_t count = 0;
  bool more = false;
  for (const auto* order : orders) {
    if (after && order->id >= *after)
      continue;
    if (count == std::min(*limit, orders_page_max)) {
      more = true;
      break;
    }
    const auto tally = tally_of(*order);
    const auto* listed = instrument(order->surface, order->symbol);
    list += (list.empty() ? "" : ",")
            + bybit_order({*order, *listed, tally, bybit_cancel_type(*order),
                           bybit_reject_reason(*order), false});
    last = bybit_order_id(order->surface, order->id);
    ++count;
  }
  return {0, "OK",
          fmt::format(R"({{"list":[{}],"nextPageCursor":"{}","category":"{}"}})", list,
                      more ? cursor_of(last) : std::string{}, bybit_category(call.surface)),
          "{}"};
}

BybitAnswer BybitPrivate::realtime(const BybitCall& call) const {
  if (!call.category_known)
    return wrong("Category is invalid");
  const bool named = name_in(call).has_value();
  if (!is_spot(call.surface) && !named && call.text("symbol").empty()
      && call.text("baseCoin").empty() && call.text("settleCoin").empty())
    return wrong("symbol, baseCoin or settleCoin is required");
  const auto open_only = number(call, "openOnly", 0);
  if (!open_only || (*open_only != 0 && *open_only != 1))
    return wrong("openOnly invalid");
  auto orders = orders_of(call);
  std::size_t closed = 0;
  if (!named) // 0: open ones alone, 1: closed ones too
    std::erase_if(orders, [&](const Order* order) {
      return !is_open(order->state) && (*open_only == 0 || ++closed > closed_kept);
    });
  return order_page(call, orders);
}

BybitAnswer BybitPrivate::history(const BybitCall& call) const {
  if (!call.category_known)
    return wrong("Category is invalid");
  const auto span = span_of(call);
  if (!span)
    return wrong("The time range between startTime and endTime cannot exceed 7 days");
  const auto status = call.text("orderStatus");
  auto orders = orders_of(call);
  const auto now = core::to_millis(call.now);
  std::erase_if(orders, [&](const Order* order) {
    // What ended without a fill is forgotten after a day.
    const bool forgotten = order->filled == 0 && order->updated_at < now - day;
    return is_open(order->state) || forgotten || order->created_at < span->from
           || order->created_at > span->to || (!status.empty() && status != bybit_status(*order));
  });
  return order_page(call, orders);
}

BybitAnswer BybitPrivate::executions(const BybitCall& call) const {
  if (!call.category_known)
    return wrong("Category is invalid");
  const auto span = span_of(call);
  const auto limit = number(call, "limit", fills_page);
  const auto type = call.text("execType");
  if (!span || !limit || *limit < 1)
    return wrong(span ? "limit invalid"
                      : "The time range between startTime and endTime cannot "
                        "exceed 7 days");

  struct Row {
    const Order* order;
    const Fill* fill;
    std::int64_t left;
  };

  std::vector<Row> rows;
  for (const auto* order : orders_of(call)) {
    auto left = order->quantity;
    for (const auto* fill : exchange_.fills_of(*order)) {
      left -= fill->quantity;
      if (fill->at >= span->from && fill->at <= span->to && (type.empty() || type == "Trade"))
        rows.push_back({order, fill, std::max<std::int64_t>(left, 0)});
    }
  }
  std::ranges::sort(rows, std::greater<>{}, [](const Row& row) { return row.fill->execution_id; });
  const auto after = after_cursor(call);
  bool started = after.empty();
  std::string list;
  std::string last;
  std::int64_t count = 0;
  bool more = false;
  for (const auto& row : rows) {
    const auto id = bybit_execution_id(row.fill->surface, row.fill->execution_id);
    if (!started) {
      started = id == after;
      continue;
    }
    if (count == std::min(*limit, fills_page_max)) {
      more = true;
      break;
    }
    const auto closed = closed_sizes_.find(row.fill->execution_id);
    const auto rates = exchange_.fees(call.account, row.fill->surface);
    list += (list.empty() ? "" : ",")
            + bybit_execution(
                {*row.order, *row.fill, *instrument(row.fill->surface, row.fill->symbol), row.left,
                 closed == closed_sizes_.end() ? 0 : closed->second,
                 row.fill->maker ? rates.maker_e8 : rates.taker_e8, row.fill->price, false});
    last = id;
    ++count;
  }
  return {0, "OK",
          fmt::format(R"({{"nextPageCursor":"{}","category":"{}","list":[{}]}})",
                      more ? cursor_of(last) : std::string{}, bybit_category(call.surface), list),
          "{}"};
}

/// Asked by coin: only what is held.
BybitAnswer BybitPrivate::positions(const BybitCall& call) const {
  if (!call.category_known || is_spot(call.surface))
    return wrong("category only support linear or option");
  const auto symbol = call.text("symbol");
  const auto settle = call.text("settleCoin");
  if (symbol.empty() && settle.empty())
    return wrong("symbol or settleCoin is required");
  if (!symbol.empty() && instrument(call.surface, symbol) == nullptr)
    return wrong("symbol invalid " + symbol);
  const auto limit = number(call, "limit", positions_page);
  if (!limit || *limit < 1)
    return wrong("limit invalid");
  auto after = after_cursor(call);
  std::string list;
  std::string last;
  std::int64_t count = 0;
  bool more = false;
  for (const auto& listed : instruments_) {
    if (is_spot(listed.surface) || !selects(call, listed.symbol))
      continue;
    if (!after.empty()) { // of the pages before
      if (listed.symbol == after)
        after.clear();
      continue;
    }
    if (symbol.empty() && exchange_.position(call.account, listed.symbol).quantity == 0)
      continue;
    if (count == std::min(*limit, positions_page_max)) {
      more = true;
      break;
    }
    list += (list.empty() ? "" : ",") + position_item(call.account, listed, false);
    last = listed.symbol;
    ++count;
  }
  return {0, "OK",
          fmt::format(R"({{"list":[{}],"nextPageCursor":"{}","category":"linear"}})", list,
                      more ? cursor_of(last) : std::string{}),
          "{}"};
}

} // namespace tandem::sim
