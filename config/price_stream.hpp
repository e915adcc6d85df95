/// The price-stream server's settings, from a `.env` file and the environment: the names that its
/// users have. Every mistake at once, each naming its variable and never a secret.
#pragma once

#include "config/dotenv.hpp"
#include "config/load.hpp"
#include "core/klines/interval.hpp"
#include "core/types/ids.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

enum class DatabaseType : std::uint8_t { sqlite, postgresql };

[[nodiscard]] constexpr std::string_view to_string(DatabaseType type) noexcept {
  return type == DatabaseType::sqlite ? "sqlite" : "postgresql";
}

/// How points are written.
struct InfluxTuning {
  std::size_t batch_size = 200;                      ///< INFLUXDB_BATCH_SIZE
  std::chrono::milliseconds flush_interval{5'000};   ///< INFLUXDB_FLUSH_INTERVAL
  std::chrono::milliseconds jitter_interval{2'000};  ///< INFLUXDB_JITTER_INTERVAL
  std::chrono::milliseconds retry_interval{5'000};   ///< INFLUXDB_RETRY_INTERVAL; then doubled
  std::chrono::milliseconds max_retry_delay{30'000}; ///< INFLUXDB_MAX_RETRY_DELAY
  /// INFLUXDB_MAX_RETRIES: failures in a row after which the database counts as out of order and an
  /// alert says so. Nothing is thrown away then: it is asked on.
  std::uint32_t max_retries = 3;
};

struct PriceStreamConfig {
  std::string influxdb_host = "http://localhost:8086"; ///< INFLUXDB_HOST, http(s)://host[:port]
  std::string influxdb_token{};                        ///< INFLUXDB_TOKEN, must be given
  std::string influxdb_database = "crypto_data";       ///< INFLUXDB_DATABASE
  /// INFLUXDB_API: v3 (SQL; written to as to version 2), or v1 (InfluxQL).
  InfluxApi influxdb_api = InfluxApi::v3;
  /// BINANCE_BASE_INTERVAL, or BINANCE_INTERVAL: 1m. One of those that Binance streams.
  core::klines::Interval base_interval;
  /// BINANCE_AGGREGATION_INTERVALS: multiples of the base. The default leaves out what is none.
  std::vector<core::klines::Interval> aggregation_intervals{};
  /// BINANCE_SYMBOL, a comma list: subscribed at the start beside what the store holds. Default:
  /// none.
  std::vector<core::Symbol> symbols{};
  /// BINANCE_STREAM_URL and BINANCE_REST_URL: where the candles come from.
  std::string stream_url = "wss://fstream.binance.com";
  std::string rest_url = "https://fapi.binance.com";
  std::string api_host = "127.0.0.1"; ///< API_HOST: an address of this machine alone, as there is
                                      ///< neither TLS nor a key
  /// API_CORS_ORIGINS: exact origins, or "*" for all; empty = none.
  std::vector<std::string> cors_origins{"*"};
  std::uint16_t api_port = 8'000;                           ///< API_PORT; 0 = any free one
  bool kafka_enabled = false;                               ///< KAFKA_ENABLED: "true" in any case
  std::vector<std::string> kafka_servers{"localhost:9092"}; ///< KAFKA_BOOTSTRAP_SERVERS
  std::string kafka_topic = "crypto-prices";                ///< KAFKA_TOPIC
  std::string kafka_group = "crypto-streamer-group";        ///< KAFKA_GROUP
  /// librdkafka's own names: KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_* and KAFKA_SSL_*. With secrets.
  std::map<std::string, std::string> kafka_properties{};
  DatabaseType db_type = DatabaseType::sqlite; ///< DB_TYPE
  std::string spool_dir = "./spool";   ///< SPOOL_DIR: points that InfluxDB has not taken yet
  std::string db_path = "./sqlite.db"; ///< DB_PATH
  std::string db_url{};                ///< DB_URL, for postgresql; a secret
  std::string log_level = "info";      ///< LOG_LEVEL: debug, info, warning, error in any case
  InfluxTuning influx{};
};

inline constexpr std::string_view default_aggregation_intervals
    = "5m,15m,30m,1h,4h,12h,1d,1w,1M,1y";

/// What the data are labelled with: prod when all of them come from Binance itself, else mock, so
/// that simulated prices never pass for real ones.
[[nodiscard]] Mode mode_of(const PriceStreamConfig& config);

/// What Binance streams candles of. Source: Binance USD-M Futures, "Kline/Candlestick Streams".
inline constexpr std::array<std::string_view, 15> streamed_intervals{
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"};

/// The variables without which nothing can be stored: the runs that need a database look for them
/// first.
inline constexpr std::array<std::string_view, 3> influx_variables{"INFLUXDB_HOST", "INFLUXDB_TOKEN",
                                                                  "INFLUXDB_DATABASE"};

struct PriceStreamLoad {
  PriceStreamConfig config; ///< only to be used when mistakes is empty
  std::vector<Mistake> mistakes;
};

/// @param dotenv text of the file, "" when there is none. @param name stands in the mistakes. What
/// the environment says wins, also when it says nothing (NAME=).
[[nodiscard]] PriceStreamLoad load_price_stream(std::string_view dotenv, const std::string& name,
                                                const Environment& environment);

/// Those of influx_variables that neither the file nor the environment gives a value.
[[nodiscard]] std::vector<std::string_view> absent_influx_variables(std::string_view dotenv,
                                                                    const Environment& environment);

} // namespace tandem::config
