#include "adapters/price_stream/replies.hpp"

#include "adapters/price_stream/frame.hpp"
#include "adapters/price_stream/numbers.hpp"
#include "adapters/price_stream/symbols.hpp"
#include "adapters/price_stream/times.hpp"
#include "adapters/transport/json.hpp"

#include <chrono>
#include <utility>

namespace tandem::adapters::price_stream {
namespace {

using core::Symbol;
using core::WallTime;
using transport::JsonWriter;

/// How /status differs from the statistics inside /health.
enum class Extent : std::uint8_t { plain, all };

void write_names(JsonWriter& out, std::string_view key, const std::vector<Symbol>& symbols) {
  out.key(key).begin_array();
  for (const auto& symbol : symbols)
    out.string(symbol.text());
  out.end_array();
}

void write_listed(JsonWriter& out, const ProviderStats& provider) {
  out.key("subscribed_symbols").begin_array();
  for (const auto& symbol : provider.subscribed)
    out.string(listed_name(symbol, provider.interval));
  out.end_array();
}

void write_streams(JsonWriter& out, std::string_view key, const ProviderStats& provider) {
  out.key(key).begin_array();
  for (const auto& symbol : provider.subscribed)
    out.string(stream_name(symbol, provider.interval));
  out.end_array();
}

void write_stamp(JsonWriter& out, std::string_view key, const std::optional<WallTime>& time) {
  out.key(key);
  if (time)
    out.string(iso_stamp(*time));
  else
    out.null();
}

double seconds_between(WallTime from, WallTime until) {
  const auto span = std::chrono::duration_cast<std::chrono::microseconds>(until - from);
  return static_cast<double>(span.count()) / 1e6;
}

void write_batches(JsonWriter& out, const InfluxStats& influx) {
  out.field("total_points_written", influx.successful);
  out.field("successful_batches", influx.batches_written);
  out.field("failed_batches", influx.batches_failed);
}

void write_influx(JsonWriter& out, const InfluxStats& influx, Extent extent) {
  out.key("influxdb_stats").begin_object();
  out.field("total_writes", influx.writes).field("successful_writes", influx.successful);
  out.field("failed_writes", influx.failed).field("retry_count", influx.retries);
  write_stamp(out, "last_write_time", influx.last_write);
  out.field("queue_size", influx.queued);
  if (extent == Extent::all)
    write_batches(out, influx);
  out.end_object();
}

std::string_view running_word(const ProviderStats& provider) noexcept {
  return provider.running ? "running" : "stopped";
}

/// The value only: the caller has written its key, or none.
void write_provider(JsonWriter& out, const ServerState& state, Extent extent) {
  const auto& provider = state.provider;
  out.begin_object();
  out.field("messages_received", provider.received);
  out.field("messages_processed", provider.processed);
  out.field("messages_failed", provider.failed);
  out.field("messages_ignored", provider.ignored);
  out.field("kafka_messages_sent", provider.kafka_sent);
  write_stamp(out, "start_time", provider.started);
  const bool up = provider.running && provider.started;
  write_float(out, "uptime_seconds", up ? seconds_between(*provider.started, state.now) : 0.0);
  write_streams(out, "subscribed_symbols", provider);
  write_names(out, "cached_symbols", provider.cached);
  if (extent == Extent::all) {
    out.field("crypto_provider_status", running_word(provider));
    write_streams(out, "subscribed_streams", provider);
    out.field("cached_symbols_count", provider.cached.size());
    write_batches(out, provider.influx);
  }
  write_influx(out, provider.influx, extent);
  out.end_object();
}

void write_connections(JsonWriter& out, const ConnectionStats& connections) {
  out.field("active_websocket_connections", connections.active);
  out.key("connection_stats").begin_object();
  out.field("total_connections", connections.total).field("messages_sent", connections.sent);
  out.field("failed_sends", connections.failed_sends).end_object();
}

std::string acknowledged(Edition edition, std::string message, WallTime now) {
  JsonWriter out;
  out.begin_object().field("status", edition == Edition::basic ? "成功" : "success");
  out.field("message", message).field("timestamp", iso_stamp(now)).end_object();
  return out.take();
}

} // namespace

std::string root_json(std::string_view version) {
  JsonWriter out;
  out.begin_object().field("message", "Tandem price stream").field("version", version);
  out.field("status", "running").field("websocket_endpoint", "/ws/price");
  out.key("endpoints").begin_object();
  out.field("websocket", "/ws/price").field("health", "/health").field("config", "/config");
  out.end_object().end_object();
  return out.take();
}

std::string health_json(const ServerState& state) {
  JsonWriter out;
  out.begin_object().field("status", "healthy").field("timestamp", iso_stamp(state.now));
  out.field("mode", state.mode);
  out.field("crypto_provider", running_word(state.provider));
  out.field("crypto_provider_status", running_word(state.provider));
  write_connections(out, state.connections);
  write_listed(out, state.provider);
  out.key("provider_stats");
  write_provider(out, state, Extent::plain);
  out.end_object();
  return out.take();
}

std::string config_json(const ConfigView& config) {
  JsonWriter out;
  out.begin_object();
  std::string names;
  for (const auto& symbol : config.symbols)
    names += (names.empty() ? "" : ",") + symbol.text();
  out.field("binance_symbol", names).field("binance_interval", config.base_interval);
  out.field("api_host", config.api_host).field("api_port", config.api_port);
  out.field("influxdb_host", config.influxdb_host);
  out.field("influxdb_database", config.influxdb_database);
  out.field("binance_base_interval", config.base_interval);
  out.key("binance_aggregation_intervals").begin_array();
  for (const auto& interval : config.aggregation_intervals)
    out.string(interval);
  out.end_array();
  out.field("kafka_enabled", config.kafka_enabled).field("kafka_topic", config.kafka_topic);
  out.field("db_type", config.db_type).field("mode", config.mode).end_object();
  return out.take();
}

std::string stats_json(const ServerState& state) {
  JsonWriter out;
  out.begin_object().key("system").begin_object();
  write_connections(out, state.connections);
  write_float(out, "uptime", seconds_between(state.server_started, state.now));
  out.end_object().key("crypto_provider");
  write_provider(out, state, Extent::plain);
  write_listed(out, state.provider);
  out.end_object();
  return out.take();
}

std::string status_json(const ServerState& state) {
  JsonWriter out;
  write_provider(out, state, Extent::all);
  return out.take();
}

std::string prices_json(const std::map<Symbol, core::klines::PriceRecord>& prices) {
  JsonWriter out;
  out.begin_object();
  for (const auto& [symbol, record] : prices) {
    out.key(symbol.text());
    write_record(out, record);
  }
  out.end_object();
  return out.take();
}

std::string symbols_json(const ServerState& state) {
  JsonWriter out;
  out.begin_object();
  write_listed(out, state.provider);
  write_streams(out, "subscribed_streams", state.provider);
  write_names(out, "cached_symbols", state.provider.cached);
  out.field("timestamp", iso_stamp(state.now)).end_object();
  return out.take();
}

std::string history_json(std::span<const core::klines::Candle> rows) {
  JsonWriter out;
  out.begin_array();
  for (const auto& row : rows) {
    out.begin_object().field("time", row.open_time / 1'000);
    write_float(out, "open", row.open);
    write_float(out, "high", row.high);
    write_float(out, "low", row.low);
    write_float(out, "close", row.close);
    write_float(out, "volume", row.volume);
    out.end_object();
  }
  out.end_array();
  return out.take();
}

std::string subscribed_json(Edition edition, const Symbol& symbol, WallTime now) {
  const auto* words = edition == Edition::basic ? "已訂閱 " : "Subscribed to ";
  return acknowledged(edition, words + symbol.text(), now);
}

std::string unsubscribed_json(Edition edition, const Symbol& symbol, WallTime now) {
  const auto* words = edition == Edition::basic ? "已取消訂閱 " : "Unsubscribed from ";
  return acknowledged(edition, words + symbol.text(), now);
}

std::string error_json(std::string_view detail) {
  JsonWriter out;
  out.begin_object().field("detail", detail).end_object();
  return out.take();
}

std::string_view not_running(Edition edition) noexcept {
  return edition == Edition::basic ? "加密貨幣數據提供者未運行" : "Crypto provider is not running";
}

std::string faults_json(std::span<const Fault> faults) {
  JsonWriter out;
  out.begin_object().key("detail").begin_array();
  for (const auto& fault : faults) {
    out.begin_object().field("type", fault.type).key("loc").begin_array();
    out.string(fault.place).string(fault.name).end_array();
    out.field("msg", fault.message).key("input");
    if (fault.input)
      out.string(transport::excerpt(*fault.input));
    else
      out.null();
    out.end_object();
  }
  out.end_array().end_object();
  return out.take();
}

Fault missing_parameter(std::string name) {
  return {"missing", "query", std::move(name), "Field required", std::nullopt};
}

Fault wrong_symbol(std::string place, std::string input) {
  return {"string_pattern_mismatch", std::move(place), "symbol",
          "String should match pattern '" + std::string{symbol_pattern} + "'", std::move(input)};
}

} // namespace tandem::adapters::price_stream
