/// The JSON of the price stream's REST routes. Where earlier versions disagreed an answer has the
/// members of both; what they are is a contract: members may be added, never renamed or left out.
#pragma once

#include "core/klines/candle.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::price_stream {

/// basic: Chinese status words and fewer routes; enhanced: everything.
enum class Edition : std::uint8_t { basic, enhanced };

struct ConnectionStats {
  std::size_t active = 0;
  std::uint64_t total = 0;
  std::uint64_t sent = 0;
  std::uint64_t failed_sends = 0;
};

struct InfluxStats {
  std::uint64_t writes = 0; ///< points handed over
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
  std::uint64_t retries = 0;
  std::optional<core::WallTime> last_write;
  std::size_t queued = 0;
  std::uint64_t batches_written = 0;
  std::uint64_t batches_failed = 0;
};

/// received = processed + failed + ignored.
struct ProviderStats {
  bool running = false;
  std::string interval = "1m"; ///< of the streams
  std::uint64_t received = 0;
  std::uint64_t processed = 0;
  std::uint64_t failed = 0;
  std::uint64_t ignored = 0;
  std::uint64_t kafka_sent = 0;
  std::optional<core::WallTime> started; ///< absent before the first start
  std::vector<core::Symbol> subscribed;
  std::vector<core::Symbol> cached;
  InfluxStats influx;
};

struct ServerState {
  std::string mode{}; ///< of the data: mock, dev or prod
  core::WallTime now{};
  core::WallTime server_started{};
  ConnectionStats connections;
  ProviderStats provider;
};

/// What may be shown of the configuration: no token, no database URL, no password is in here.
struct ConfigView {
  std::vector<core::Symbol> symbols;
  std::string base_interval;
  std::vector<std::string> aggregation_intervals;
  std::string api_host;
  std::uint16_t api_port = 0;
  std::string influxdb_host;
  std::string influxdb_database;
  bool kafka_enabled = false;
  std::string kafka_topic;
  std::string db_type;
  std::string mode{}; ///< as in ServerState
};

[[nodiscard]] std::string root_json(std::string_view version);
[[nodiscard]] std::string health_json(const ServerState& state);
[[nodiscard]] std::string config_json(const ConfigView& config);
[[nodiscard]] std::string stats_json(const ServerState& state);
[[nodiscard]] std::string status_json(const ServerState& state);
[[nodiscard]] std::string
prices_json(const std::map<core::Symbol, core::klines::PriceRecord>& prices);
[[nodiscard]] std::string symbols_json(const ServerState& state);

/// [{time, open, high, low, close, volume}]: Unix seconds, in the order given.
[[nodiscard]] std::string history_json(std::span<const core::klines::Candle> rows);

[[nodiscard]] std::string subscribed_json(Edition edition, const core::Symbol& symbol,
                                          core::WallTime now);
[[nodiscard]] std::string unsubscribed_json(Edition edition, const core::Symbol& symbol,
                                            core::WallTime now);

/// {"detail": text}: 404, 500, 503.
[[nodiscard]] std::string error_json(std::string_view detail);

/// The 503 text of routes that need the provider.
[[nodiscard]] std::string_view not_running(Edition edition) noexcept;

/// One thing that is wrong with a request, as web frameworks of the earlier system's kind say it.
struct Fault {
  std::string type;  ///< "missing", "int_parsing", "string_pattern_mismatch", "value_error"
  std::string place; ///< "query" or "path"
  std::string name;
  std::string message;
  std::optional<std::string> input; ///< absent: null
};

/// 422: {"detail": [{type, loc, msg, input}]}.
[[nodiscard]] std::string faults_json(std::span<const Fault> faults);

[[nodiscard]] Fault missing_parameter(std::string name);
/// @param place "path" or "query".
[[nodiscard]] Fault wrong_symbol(std::string place, std::string input);

} // namespace tandem::adapters::price_stream
