// How the statistics of analysis.hpp are written: JSON, a report for a terminal, CSV.
#include "adapters/price_stream/analysis.hpp"
#include "adapters/price_stream/numbers.hpp"
#include "adapters/price_stream/times.hpp"
#include "adapters/transport/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::adapters::price_stream {
namespace {

using transport::JsonWriter;

std::string_view type_of(const Alert& alert) noexcept {
  return alert.spike ? "price_spike" : "price_drop";
}

std::string_view severity_of(const Alert& alert) noexcept {
  return alert.high ? "high" : "medium";
}

void write_summary(JsonWriter& out, const core::Symbol& symbol,
                   const std::optional<MarketSummary>& summary) {
  out.begin_object();
  if (summary) {
    out.field("symbol", symbol.text());
    write_float(out, "current_price", summary->current_price);
    write_float(out, "price_change_24h", summary->price_change);
    write_float(out, "price_change_percent_24h", summary->price_change_percent);
    write_float(out, "high_24h", summary->high);
    write_float(out, "low_24h", summary->low);
    write_float(out, "volume_24h", summary->volume);
    write_float(out, "avg_price_24h", summary->avg_price);
    write_float(out, "volatility", summary->volatility);
  }
  out.end_object();
}

void write_trading(JsonWriter& out, const std::optional<TradingStats>& stats) {
  out.begin_object();
  if (stats) {
    out.field("total_trades", stats->rows);
    write_float(out, "avg_volume", stats->avg_volume);
    write_float(out, "max_price", stats->max_price);
    write_float(out, "min_price", stats->min_price);
    write_float(out, "price_range", stats->price_range);
    out.field("trend_direction", to_string(stats->trend));
  }
  out.end_object();
}

void write_volume(JsonWriter& out, const core::Symbol& symbol,
                  const std::optional<VolumeAnalysis>& volume) {
  out.begin_object();
  if (volume) {
    out.field("symbol", symbol.text());
    write_float(out, "total_volume", volume->total);
    write_float(out, "avg_volume", volume->avg);
    write_float(out, "max_volume", volume->max);
    write_float(out, "min_volume", volume->min);
    write_float(out, "volume_std", volume->std);
    out.field("high_volume_periods", volume->high_periods);
    out.field("low_volume_periods", volume->low_periods);
    write_float(out, "price_volume_correlation", volume->price_correlation);
  }
  out.end_object();
}

void write_alerts(JsonWriter& out, const core::Symbol& symbol, std::span<const Alert> alerts) {
  out.begin_array();
  for (const auto& alert : alerts) {
    out.begin_object().field("symbol", symbol.text()).field("timestamp", iso_time(alert.time));
    write_float(out, "price", alert.price);
    write_float(out, "change_percent", alert.change_percent);
    out.field("alert_type", type_of(alert)).field("severity", severity_of(alert)).end_object();
  }
  out.end_array();
}

void write_time(JsonWriter& out, std::string_view key,
                const std::optional<core::UnixMillis>& time) {
  out.key(key);
  if (time)
    out.string(iso_time(*time));
  else
    out.null();
}

void add_summary(std::string& out, const MarketSummary& summary) {
  out += fmt::format("price        {} ({:+.2f} %)\n", float_text(summary.current_price),
                     summary.price_change_percent);
  out += fmt::format("high / low   {} / {}\n", float_text(summary.high), float_text(summary.low));
  out += fmt::format("average      {:.8g}\n", summary.avg_price);
  out += fmt::format("volatility   {:.4f} %\n", summary.volatility);
}

void add_volume(std::string& out, const VolumeAnalysis& volume) {
  out += fmt::format("volume       {} in all, {:.8g} a row, deviation {:.8g}\n",
                     float_text(volume.total), volume.avg, volume.std);
  out += fmt::format("             {} high and {} low rows, correlation with the price {:.3f}\n",
                     volume.high_periods, volume.low_periods, volume.price_correlation);
}

} // namespace

std::string report_json(const Report& report) {
  JsonWriter out;
  out.begin_object().field("symbol", report.symbol.text());
  out.field("analysis_period_hours", report.hours);
  out.field("generated_at", iso_stamp(report.generated_at)).key("market_summary");
  write_summary(out, report.symbol, report.summary);
  out.key("data_availability").begin_object();
  out.field("has_data", report.rows > 0).field("total_records", report.rows);
  write_time(out, "first_timestamp", report.first);
  write_time(out, "last_timestamp", report.last);
  out.end_object().key("trading_stats");
  write_trading(out, report.trading);
  out.key("volume_analysis");
  write_volume(out, report.symbol, report.volume);
  out.key("price_alerts");
  write_alerts(out, report.symbol, report.alerts);
  out.end_object();
  return out.take();
}

std::string report_text(const Report& report) {
  auto out = fmt::format("{}, the last {} h, as of {}\n", report.symbol.text(), report.hours,
                         iso_stamp(report.generated_at));
  if (!report.summary || !report.trading || !report.volume)
    return out + "no data in this time\n";
  out += fmt::format("rows         {}, {} to {}\n", report.rows, iso_time(*report.first),
                     iso_time(*report.last));
  add_summary(out, *report.summary);
  out += fmt::format("trend        {}\n", to_string(report.trading->trend));
  add_volume(out, *report.volume);
  out += fmt::format("alerts       {} beyond {} %\n", report.alerts.size(),
                     report_threshold_percent);
  constexpr std::size_t alerts_shown_max = 20;
  for (std::size_t n = 0; n < std::min(alerts_shown_max, report.alerts.size()); ++n) {
    const auto& alert = report.alerts[n];
    out += fmt::format("             {} {} at {}: {} %, {}\n", iso_time(alert.time), type_of(alert),
                       alert.price.to_string(), alert.change_percent.to_string(),
                       severity_of(alert));
  }
  if (report.alerts.size() > alerts_shown_max)
    out += fmt::format("             and {} more\n", report.alerts.size() - alerts_shown_max);
  return out;
}

std::string alerts_json(const core::Symbol& symbol, std::span<const Alert> alerts) {
  JsonWriter out;
  write_alerts(out, symbol, alerts);
  return out.take();
}

std::string volume_json(const core::Symbol& symbol, const std::optional<VolumeAnalysis>& volume) {
  JsonWriter out;
  write_volume(out, symbol, volume);
  return out.take();
}

std::string csv(const core::Symbol& symbol, Rows rows) {
  std::string out = "time,symbol,price,open,high,low,close,volume,trade_count\n";
  for (const auto& row : rows)
    out += fmt::format("{},{},{},{},{},{},{},{},{}\n", iso_time(row.open_time), symbol.text(),
                       row.close.to_string(), row.open.to_string(), row.high.to_string(),
                       row.low.to_string(), row.close.to_string(), core::to_string(row.volume),
                       row.trade_count);
  return out;
}

std::string csv_name(const core::Symbol& symbol, core::WallTime now) {
  return fmt::format("{}_data_{}.csv", symbol.text(), file_stamp(now));
}

} // namespace tandem::adapters::price_stream
