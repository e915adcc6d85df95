#include "adapters/price_stream/analysis.hpp"

#include "adapters/price_stream/numbers.hpp"
#include "core/klines/changes.hpp"
#include "core/types/money.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tandem::adapters::price_stream {
namespace {

using core::Decimal;

constexpr std::int64_t trend_percent = 2;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// With n - 1; 0 for fewer than two values.
double sample_deviation(const std::vector<double>& values) {
  if (values.size() < 2)
    return 0;
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values)
    squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

/// 0 where one of both does not vary.
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double centre_a = mean(a);
  const double centre_b = mean(b);
  double both = 0, square_a = 0, square_b = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    both += (a[n] - centre_a) * (b[n] - centre_b);
    square_a += (a[n] - centre_a) * (a[n] - centre_a);
    square_b += (b[n] - centre_b) * (b[n] - centre_b);
  }
  const double scale = std::sqrt(square_a) * std::sqrt(square_b);
  return scale > 0 ? both / scale : 0;
}

std::vector<double> closes(Rows rows) {
  std::vector<double> result;
  for (const auto& row : rows)
    result.push_back(to_double(row.close));
  return result;
}

std::vector<double> volumes(Rows rows) {
  std::vector<double> result;
  for (const auto& row : rows)
    result.push_back(to_double(row.volume));
  return result;
}

core::Money total_volume(Rows rows) {
  core::Money total;
  for (const auto& row : rows)
    total += row.volume;
  return total;
}

Trend trend_of(Rows rows) {
  const auto change = core::klines::change_percent(rows.front().close, rows.back().close);
  if (!change)
    return Trend::sideways;
  if (*change > Decimal{trend_percent, 0})
    return Trend::bullish;
  return *change < Decimal{-trend_percent, 0} ? Trend::bearish : Trend::sideways;
}

} // namespace

std::string_view to_string(Trend trend) noexcept {
  switch (trend) {
  case Trend::bullish:
    return "bullish";
  case Trend::bearish:
    return "bearish";
  case Trend::sideways:
    return "sideways";
  }
  return {};
}

std::optional<MarketSummary> market_summary(Rows rows) {
  if (rows.empty())
    return std::nullopt;
  const auto& first = rows.front();
  const auto& last = rows.back();
  const auto prices = closes(rows);
  std::vector<double> changes;
  for (std::size_t n = 1; n < prices.size(); ++n)
    if (prices[n - 1] != 0)
      changes.push_back((prices[n] / prices[n - 1] - 1) * 100);
  const auto percent = core::klines::change_percent(first.open, last.close);
  return MarketSummary{
      .current_price = prices.back(),
      .price_change = to_double(core::to_money(last.close) - core::to_money(first.open)),
      .price_change_percent = percent ? to_double(*percent) : 0,
      .high = to_double(std::ranges::max_element(rows, {}, &core::klines::Candle::high)->high),
      .low = to_double(std::ranges::min_element(rows, {}, &core::klines::Candle::low)->low),
      .volume = to_double(total_volume(rows)),
      .avg_price = mean(prices),
      .volatility = sample_deviation(changes)};
}

std::optional<TradingStats> trading_stats(Rows rows) {
  if (rows.empty())
    return std::nullopt;
  const auto by_close = [](const auto& a, const auto& b) { return a.close < b.close; };
  const auto [low, high] = std::ranges::minmax_element(rows, by_close);
  return TradingStats{
      .rows = rows.size(),
      .avg_volume = to_double(total_volume(rows)) / static_cast<double>(rows.size()),
      .max_price = to_double(high->close),
      .min_price = to_double(low->close),
      .price_range = to_double(core::to_money(high->close) - core::to_money(low->close)),
      .trend = trend_of(rows)};
}

std::optional<VolumeAnalysis> volume_analysis(Rows rows) {
  if (rows.empty())
    return std::nullopt;
  const auto values = volumes(rows);
  const double average = mean(values);
  const double deviation = sample_deviation(values);
  return VolumeAnalysis{.total = to_double(total_volume(rows)),
                        .avg = average,
                        .max = *std::ranges::max_element(values),
                        .min = *std::ranges::min_element(values),
                        .std = deviation,
                        .high_periods = static_cast<std::size_t>(std::ranges::count_if(
                            values, [&](double v) { return v > average + deviation; })),
                        .low_periods = static_cast<std::size_t>(std::ranges::count_if(
                            values, [&](double v) { return v < average - deviation; })),
                        .price_correlation = correlation(closes(rows), values)};
}

std::vector<Alert> price_alerts(Rows rows, const Decimal& threshold) {
  const auto border = core::to_money(threshold);
  std::vector<Alert> alerts;
  for (std::size_t n = 1; n < rows.size(); ++n) {
    const auto change = core::klines::change_percent(rows[n - 1].close, rows[n].close);
    if (!change)
      continue;
    const auto size = core::magnitude(core::to_money(*change));
    if (size <= border)
      continue;
    alerts.push_back({.time = rows[n].open_time,
                      .price = rows[n].close,
                      .change_percent = *change,
                      .spike = !change->is_negative(),
                      .high = size > border + border});
  }
  return alerts;
}

Report make_report(const core::Symbol& symbol, std::int64_t hours, Rows rows, core::WallTime now) {
  Report report{.symbol = symbol,
                .hours = hours,
                .generated_at = now,
                .rows = rows.size(),
                .first = std::nullopt,
                .last = std::nullopt,
                .summary = market_summary(rows),
                .trading = trading_stats(rows),
                .volume = volume_analysis(rows),
                .alerts = price_alerts(rows, Decimal{report_threshold_percent, 0})};
  if (!rows.empty()) {
    report.first = rows.front().open_time;
    report.last = rows.back().open_time;
  }
  return report;
}

} // namespace tandem::adapters::price_stream
