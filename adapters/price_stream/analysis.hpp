/// Statistics over stored candles: market summary, trading figures, alerts, volume, a report and
/// its export. Computed in double, as nobody trades on them; what decides (trend, alert, severity)
/// is compared exactly. (ADR 0002: statistics for display stay outside core/.)
#pragma once

#include "core/klines/candle.hpp"
#include "core/types/decimal.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::price_stream {

/// Candles of one symbol in ascending order of time, without repeats.
using Rows = std::span<const core::klines::Candle>;

struct MarketSummary {
  double current_price = 0;        ///< last close
  double price_change = 0;         ///< last close - first open
  double price_change_percent = 0; ///< of the first open; 0 when that is 0
  double high = 0;
  double low = 0;
  double volume = 0;
  double avg_price = 0;  ///< mean close
  double volatility = 0; ///< sample deviation of the change from close to close in percent; 0 with
                         ///< fewer than two changes
};

enum class Trend : std::uint8_t { bullish, bearish, sideways };

[[nodiscard]] std::string_view to_string(Trend trend) noexcept;

struct TradingStats {
  std::size_t rows = 0; ///< "total_trades"
  double avg_volume = 0;
  double max_price = 0; ///< of the closes, as all of these
  double min_price = 0;
  double price_range = 0;
  Trend trend = Trend::sideways; ///< above 2 % from first to last close, below -2 %, or neither
};

struct Alert {
  core::UnixMillis time = 0;
  core::Decimal price;          ///< close
  core::Decimal change_percent; ///< from the close before
  bool spike = false;           ///< else a drop
  bool high = false;            ///< severity: beyond twice the threshold; else medium
};

struct VolumeAnalysis {
  double total = 0;
  double avg = 0;
  double max = 0;
  double min = 0;
  double std = 0;               ///< sample deviation; 0 with fewer than two rows
  std::size_t high_periods = 0; ///< above avg + std
  std::size_t low_periods = 0;  ///< below avg - std
  double price_correlation = 0; ///< with the close; 0 where undefined
};

/// All nullopt when there are no rows.
[[nodiscard]] std::optional<MarketSummary> market_summary(Rows rows);
[[nodiscard]] std::optional<TradingStats> trading_stats(Rows rows);
[[nodiscard]] std::optional<VolumeAnalysis> volume_analysis(Rows rows);

/// Rows whose close is further than the threshold from the close before.
/// @param threshold percent, 0 or more.
[[nodiscard]] std::vector<Alert> price_alerts(Rows rows, const core::Decimal& threshold);

/// The threshold of the alerts inside a report.
inline constexpr std::int64_t report_threshold_percent = 3;

struct Report {
  core::Symbol symbol;
  std::int64_t hours = 24;
  core::WallTime generated_at{};
  std::size_t rows = 0;
  std::optional<core::UnixMillis> first, last; ///< open times of the rows
  std::optional<MarketSummary> summary;
  std::optional<TradingStats> trading;
  std::optional<VolumeAnalysis> volume;
  std::vector<Alert> alerts;
};

[[nodiscard]] Report make_report(const core::Symbol& symbol, std::int64_t hours, Rows rows,
                                 core::WallTime now);

[[nodiscard]] std::string report_json(const Report& report);
/// For a terminal: tandem price-stream --analyze.
[[nodiscard]] std::string report_text(const Report& report);

/// [{symbol, timestamp, price, change_percent, alert_type, severity}]
[[nodiscard]] std::string alerts_json(const core::Symbol& symbol, std::span<const Alert> alerts);
/// {} without rows.
[[nodiscard]] std::string volume_json(const core::Symbol& symbol,
                                      const std::optional<VolumeAnalysis>& volume);

/// A header line, then one line per row; exact numbers.
[[nodiscard]] std::string csv(const core::Symbol& symbol, Rows rows);
/// "BTCUSDT_data_20250614_120000.csv"
[[nodiscard]] std::string csv_name(const core::Symbol& symbol, core::WallTime now);

} // namespace tandem::adapters::price_stream
