#include "adapters/price_stream/points.hpp"

#include "adapters/price_stream/numbers.hpp"
#include "adapters/price_stream/times.hpp"

#include <fmt/format.h>

namespace tandem::adapters::price_stream {
namespace {

constexpr std::string_view base_measurement = "crypto_price";

template <class Number>
FieldValue float_field(const Number& value) {
  return FloatField{float_text(value)};
}

void add_candle(Point& point, const core::klines::Candle& candle) {
  point.fields.emplace_back("open", float_field(candle.open));
  point.fields.emplace_back("high", float_field(candle.high));
  point.fields.emplace_back("low", float_field(candle.low));
  point.fields.emplace_back("close", float_field(candle.close));
  point.fields.emplace_back("volume", float_field(candle.volume));
}

/// "2025-06-14T12:00:00Z": a time as both languages take it.
std::string bound(core::UnixMillis time) {
  auto text = iso_time(time);
  constexpr std::size_t zone_bytes = std::string_view{"+00:00"}.size();
  text.replace(text.size() - zone_bytes, zone_bytes, "Z");
  return text;
}

} // namespace

std::string_view to_string(Precision precision) noexcept {
  return precision == Precision::milliseconds ? "ms" : "s";
}

std::string measurement(const core::klines::Interval& interval,
                        const core::klines::Interval& base) {
  if (interval == base)
    return std::string{base_measurement};
  return fmt::format("{}_{}", base_measurement, interval.text());
}

Point price_point(const core::klines::PriceRecord& record) {
  Point point{.measurement = std::string{base_measurement},
              .tags = {{"symbol", record.symbol.text()}},
              .fields = {{"price", float_field(record.candle.close)}},
              .time = record.candle.open_time,
              .precision = Precision::milliseconds};
  add_candle(point, record.candle);
  if (record.change)
    point.fields.emplace_back("price_change", float_field(*record.change));
  if (record.change_percent)
    point.fields.emplace_back("price_change_percent", float_field(*record.change_percent));
  point.fields.emplace_back("trade_count", record.candle.trade_count);
  return point;
}

Point aggregate_point(const core::Symbol& symbol, const core::klines::Aggregate& aggregate) {
  Point point{.measurement = fmt::format("{}_{}", base_measurement, aggregate.interval.text()),
              .tags = {{"symbol", symbol.text()}},
              .fields = {},
              .time = aggregate.candle.open_time / 1'000,
              .precision = Precision::seconds};
  add_candle(point, aggregate.candle);
  point.fields.emplace_back("trade_count", aggregate.candle.trade_count);
  return point;
}

Point test_point(core::WallTime now) {
  return {.measurement = "test_measurement",
          .tags = {{"source", "tandem"}},
          .fields = {{"value", FloatField{"1.0"}}},
          .time = core::to_millis(now),
          .precision = Precision::milliseconds};
}

std::string history_sql(std::string_view measurement, const core::Symbol& symbol,
                        core::klines::TimeRange range, std::size_t limit, std::size_t offset) {
  // Symbols and measurements are checked names: letters, digits and underscores.
  return fmt::format("SELECT time, open, high, low, close, volume, trade_count FROM \"{}\" "
                     "WHERE symbol = '{}' AND time >= '{}' AND time < '{}' "
                     "ORDER BY time ASC LIMIT {} OFFSET {}",
                     measurement, symbol.text(), bound(range.from), bound(range.until), limit,
                     offset);
}

std::string newest_sql(std::string_view measurement) {
  return fmt::format("SELECT * FROM \"{}\" ORDER BY time DESC LIMIT 1", measurement);
}

std::string symbols_sql(core::UnixMillis from) {
  return fmt::format("SELECT DISTINCT symbol FROM \"{}\" WHERE time >= '{}' ORDER BY symbol",
                     base_measurement, bound(from));
}

std::string symbols_influxql(core::UnixMillis from) {
  return fmt::format("SELECT last(price) FROM \"{}\" WHERE time >= '{}' GROUP BY symbol",
                     base_measurement, bound(from));
}

} // namespace tandem::adapters::price_stream
