#include "adapters/price_stream/frame.hpp"

#include "adapters/price_stream/numbers.hpp"
#include "adapters/price_stream/symbols.hpp"
#include "adapters/price_stream/times.hpp"

#include <utility>

namespace tandem::adapters::price_stream {
namespace {

using core::Decimal;
using core::Errc;
using core::Result;
using core::klines::PriceRecord;
using transport::Json;

tl::unexpected<core::Error> malformed(std::string why) {
  return core::fail(Errc::malformed, std::move(why), "price frame");
}

/// The first fault is kept.
class Record {
public:
  explicit Record(const Json& object) : object_{object} {}

  std::string text(std::string_view key) {
    const auto* value = object_.find(key);
    if (value != nullptr && value->string() != nullptr)
      return *value->string();
    refuse(key, "text");
    return {};
  }

  Decimal decimal(std::string_view key) {
    const auto value = optional(key);
    if (!value)
      refuse(key, "number");
    return value.value_or(Decimal{});
  }

  core::Money money(std::string_view key) {
    const auto* value = object_.find(key);
    if (value != nullptr && value->number() != nullptr)
      if (const auto parsed = core::parse_money(value->number()->text))
        return *parsed;
    refuse(key, "number");
    return {};
  }

  /// Absent or null: nullopt.
  std::optional<Decimal> optional(std::string_view key) {
    const auto* value = object_.find(key);
    if (value == nullptr || value->null())
      return std::nullopt;
    if (value->number() != nullptr)
      if (const auto parsed = Decimal::parse(value->number()->text))
        return *parsed;
    refuse(key, "number");
    return std::nullopt;
  }

  std::int64_t count(std::string_view key) {
    const auto value = optional(key).value_or(Decimal{}).at_scale(0);
    if (!value || *value < 0)
      refuse(key, "count");
    return value.value_or(0);
  }

  void refuse(std::string_view key, std::string_view what) {
    if (fault_.empty())
      fault_ = "data." + std::string{key} + " is no " + std::string{what};
  }

  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

private:
  const Json& object_;
  std::string fault_;
};

} // namespace

void write_record(transport::JsonWriter& out, const PriceRecord& record) {
  const auto& candle = record.candle;
  out.begin_object().field("symbol", record.symbol.text());
  write_float(out, "price", candle.close);
  out.field("timestamp", iso_time(candle.open_time));
  write_float(out, "open_price", candle.open);
  write_float(out, "high_price", candle.high);
  write_float(out, "low_price", candle.low);
  write_float(out, "close_price", candle.close);
  write_float(out, "volume", candle.volume);
  write_float(out, "price_change", record.change);
  write_float(out, "price_change_percent", record.change_percent);
  out.field("trade_count", candle.trade_count).end_object();
}

std::string price_frame(const PriceRecord& record, core::WallTime now, std::string_view interval) {
  transport::JsonWriter out;
  out.begin_object().field("type", "price_update").key("data");
  write_record(out, record);
  out.field("timestamp", iso_stamp(now));
  if (!interval.empty())
    out.field("interval", interval);
  out.end_object();
  return out.take();
}

Result<ReceivedFrame> parse_frame(std::string_view text) {
  const auto json = transport::parse_json(text);
  if (!json)
    return malformed(json.error().detail);
  const auto* type = json->find("type");
  const auto* data = json->find("data");
  if (type == nullptr || type->string() == nullptr || *type->string() != "price_update"
      || data == nullptr || data->object() == nullptr)
    return malformed("no price_update with data");
  ReceivedFrame frame;
  if (const auto* interval = json->find("interval"); interval != nullptr && !interval->null()) {
    if (interval->string() == nullptr)
      return malformed("interval is no text");
    frame.interval = *interval->string();
  }
  if (const auto* stamp = json->find("timestamp"); stamp != nullptr && stamp->string() != nullptr)
    frame.stamp = parse_time(*stamp->string()).value_or(0);
  Record record{*data};
  auto& candle = frame.record.candle;
  const auto symbol = parse_symbol(record.text("symbol"));
  const auto time = parse_time(record.text("timestamp"));
  candle.open = record.decimal("open_price");
  candle.high = record.decimal("high_price");
  candle.low = record.decimal("low_price");
  candle.close = record.decimal("close_price");
  candle.volume = record.money("volume");
  candle.trade_count = record.count("trade_count");
  frame.record.change = record.optional("price_change");
  frame.record.change_percent = record.optional("price_change_percent");
  if (!symbol)
    record.refuse("symbol", "symbol");
  if (!time)
    record.refuse("timestamp", "time");
  if (!record.fault().empty())
    return malformed(record.fault());
  frame.record.symbol = *symbol;
  candle.open_time = *time;
  return frame;
}

} // namespace tandem::adapters::price_stream
