#include "adapters/traders/replies.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace tandem::adapters::traders {
namespace {

using core::Errc;
using core::market::Level;

constexpr std::size_t batch_items_max = 100;

void write_error(JsonWriter& out, const core::Error& error) {
  const auto code = core::public_code(error.code);
  out.begin_object().field("code", core::to_string(code)).field("message", error.detail);
  if (!error.source.empty()) {
    out.key("details").begin_object();
    out.field(code == Errc::validation_error || code == Errc::not_found ? "field" : "source",
              error.source);
    out.end_object();
  }
  out.end_object();
}

void write_side(JsonWriter& out, std::string_view name, std::span<const Level> levels,
                const core::Scale& scale, std::size_t count) {
  out.key(name).begin_array();
  for (const auto& level : levels.first(std::min(count, levels.size()))) {
    out.begin_array().string(core::format_scaled(level.price.units, scale.price_decimals));
    out.string(core::format_scaled(level.quantity.units, scale.quantity_decimals)).end_array();
  }
  out.end_array();
}

void write_optional(JsonWriter& out, std::string_view name,
                    const std::optional<core::Decimal>& value) {
  if (value)
    out.field(name, *value);
}

} // namespace

std::string success(std::string_view data, std::string_view mode) {
  JsonWriter out;
  out.begin_object().field("success", true).field("mode", mode);
  if (!data.empty())
    out.key("data").raw(data);
  out.end_object();
  return out.take();
}

std::string failure(const core::Error& error, std::string_view mode) {
  JsonWriter out;
  out.begin_object().field("success", false).field("mode", mode).key("error");
  write_error(out, error);
  out.end_object();
  return out.take();
}

void write_price(JsonWriter& out, const core::InstrumentKey& key,
                 const core::market::DepthView& view, std::size_t levels, core::UnixMillis ts) {
  out.begin_object()
      .field("exchange", key.venue.text())
      .field("symbol", key.symbol.text())
      .field("type", core::to_string(key.type));
  write_side(out, "bids", view.bids(), view.scale, levels);
  write_side(out, "asks", view.asks(), view.scale, levels);
  out.field("ts", ts).end_object();
}

void write_book(JsonWriter& out, const core::InstrumentKey& key,
                core::market::BookCondition condition, const core::Scale& scale,
                std::uint64_t last_id, std::span<const Level> bids, std::span<const Level> asks) {
  out.begin_object().field("exchange", key.venue.text()).field("symbol", key.symbol.text());
  out.field("type", core::to_string(key.type))
      .field("condition", core::market::to_string(condition));
  out.field("lastUpdateId", last_id);
  write_side(out, "bids", bids, scale, bids.size());
  write_side(out, "asks", asks, scale, asks.size());
  out.end_object();
}

void write_failed_price(JsonWriter& out, std::string_view exchange, std::string_view symbol,
                        const core::Error& error) {
  out.begin_object().field("exchange", exchange).field("symbol", symbol).key("error");
  write_error(out, error);
  out.end_object();
}

core::Result<std::vector<PriceItem>> parse_batch(std::string_view body) {
  const auto json = parse_json(body);
  if (!json)
    return tl::unexpected{json.error()};
  const auto* items = json->find("items");
  if (items == nullptr || items->array() == nullptr)
    return core::fail(Errc::validation_error, "must be a list", "items");
  if (items->array()->empty() || items->array()->size() > batch_items_max)
    return core::fail(Errc::validation_error, "must hold 1 to 100 items", "items");
  std::vector<PriceItem> result;
  for (const auto& item : *items->array()) {
    const auto field = "items[" + std::to_string(result.size()) + "].";
    const auto text = [&](std::string_view key) -> const std::string* {
      const auto* value = item.find(key);
      return value == nullptr ? nullptr : value->string();
    };
    const auto* exchange = text("exchange");
    const auto* symbol = text("symbol");
    if (exchange == nullptr || exchange->empty() || exchange->size() > 64)
      return core::fail(Errc::validation_error, "must be a string of 1 to 64 characters",
                        field + "exchange");
    if (symbol == nullptr || symbol->empty() || symbol->size() > 64)
      return core::fail(Errc::validation_error, "must be a string of 1 to 64 characters",
                        field + "symbol");
    const auto* type = text("type");
    if (item.find("type") != nullptr && (type == nullptr || (*type != "spot" && *type != "linear")))
      return core::fail(Errc::validation_error, "must be spot or linear", field + "type");
    result.push_back({*exchange, *symbol, type != nullptr ? *type : std::string{}});
  }
  return result;
}

void write_market(JsonWriter& out, const core::Instrument& instrument,
                  const core::market::BoardEntry* entry) {
  const auto& scale = instrument.scale;
  out.begin_object()
      .field("exchange", instrument.key.venue.text())
      .field("symbol", instrument.key.symbol.text());
  out.field("type", core::to_string(instrument.key.type))
      .field("base", instrument.base)
      .field("quote", instrument.quote);
  out.field("status", core::to_string(instrument.status));
  out.field("tick", core::format_scaled(instrument.tick.units, scale.price_decimals));
  out.field("lot", core::format_scaled(instrument.lot.units, scale.quantity_decimals));
  out.field("minQty", core::format_scaled(instrument.quantity_min.units, scale.quantity_decimals));
  if (instrument.quantity_max)
    out.field("maxQty",
              core::format_scaled(instrument.quantity_max->units, scale.quantity_decimals));
  if (instrument.notional_min)
    out.field("minNotional", instrument.notional_min->to_string());
  if (entry != nullptr) {
    const auto extras = entry->extras();
    const auto view = entry->view();
    out.field("book", view ? core::market::to_string(view->condition) : std::string_view{"down"});
    if (extras.trade) {
      out.key("trade")
          .begin_object()
          .field("id", extras.trade->trade_id)
          .field("price", extras.trade->price);
      out.field("qty", extras.trade->quantity)
          .field("side", extras.trade->taker == core::market::TakerSide::buy ? "buy" : "sell");
      out.field("ts", extras.trade->venue_time).end_object();
    }
    if (extras.ticker) {
      const auto& ticker = *extras.ticker;
      out.key("ticker").begin_object();
      write_optional(out, "last", ticker.last);
      write_optional(out, "high", ticker.high);
      write_optional(out, "low", ticker.low);
      write_optional(out, "volume", ticker.volume);
      write_optional(out, "quoteVolume", ticker.quote_volume);
      write_optional(out, "changePercent", ticker.change_percent);
      write_optional(out, "markPrice", ticker.mark_price);
      write_optional(out, "indexPrice", ticker.index_price);
      write_optional(out, "fundingRate", ticker.funding_rate);
      out.field("ts", ticker.venue_time).end_object();
    }
    if (extras.kline) {
      const auto& bar = *extras.kline;
      out.key("kline")
          .begin_object()
          .field("interval", bar.interval)
          .field("openTime", bar.open_time)
          .field("open", bar.open);
      out.field("high", bar.high)
          .field("low", bar.low)
          .field("close", bar.close)
          .field("volume", bar.volume)
          .field("closed", bar.closed);
      out.end_object();
    }
  }
  out.end_object();
}

} // namespace tandem::adapters::traders
