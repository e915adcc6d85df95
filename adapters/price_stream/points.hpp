/// What the price stream stores, as typed values of a time-series database: names, tags, fields and
/// the unit of the time. How they travel is the sink's business.
#pragma once

#include "core/klines/aggregator.hpp"
#include "core/klines/candle.hpp"
#include "core/klines/intake.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::adapters::price_stream {

enum class Precision : std::uint8_t { milliseconds, seconds };

/// The query parameter's word: "ms" or "s".
[[nodiscard]] std::string_view to_string(Precision precision) noexcept;

/// A float as exact decimal text with a point.
struct FloatField {
  std::string text;

  friend bool operator==(const FloatField&, const FloatField&) = default;
};

using FieldValue = std::variant<FloatField, std::int64_t>;

struct Point {
  std::string measurement;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::pair<std::string, FieldValue>> fields;
  std::int64_t time = 0; ///< in `precision` since the Unix epoch
  Precision precision = Precision::milliseconds;

  friend bool operator==(const Point&, const Point&) = default;
};

/// "crypto_price" for the base interval, "crypto_price_5m" for others.
[[nodiscard]] std::string measurement(const core::klines::Interval& interval,
                                      const core::klines::Interval& base);

/// crypto_price: price, open, high, low, close, volume, trade_count, and from a symbol's second
/// update price_change and price_change_percent. The time is the candle's open time in ms.
[[nodiscard]] Point price_point(const core::klines::PriceRecord& record);

/// crypto_price_{interval}: open, high, low, close, volume, trade_count; the time in s.
[[nodiscard]] Point aggregate_point(const core::Symbol& symbol,
                                    const core::klines::Aggregate& aggregate);

/// What --test-db writes and reads again.
[[nodiscard]] Point test_point(core::WallTime now);

/// SQL, and InfluxQL as well, for rows of `measurement` in ascending order of time. @param limit,
/// offset of the page.
[[nodiscard]] std::string history_sql(std::string_view measurement, const core::Symbol& symbol,
                                      core::klines::TimeRange range, std::size_t limit,
                                      std::size_t offset);

/// SQL, and InfluxQL as well, for the newest row of a measurement.
[[nodiscard]] std::string newest_sql(std::string_view measurement);

/// SQL for the symbols that have rows since `from`, in their order.
[[nodiscard]] std::string symbols_sql(core::UnixMillis from);
/// The same in InfluxQL, which groups by a tag where SQL tells its values apart.
[[nodiscard]] std::string symbols_influxql(core::UnixMillis from);

} // namespace tandem::adapters::price_stream
