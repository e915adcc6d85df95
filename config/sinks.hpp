/// Where records go besides the interfaces: the `sinks` of the configuration. docs/sinks.md says
/// what each destination gets.
#pragma once

#include "core/sinks/delivery.hpp"
#include "core/sinks/filter.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::config {

enum class KafkaFormat : std::uint8_t { json, protobuf };

struct KafkaSinkConfig {
  std::string servers;                 ///< host:port, comma separated
  std::string topic = "tandem.{kind}"; ///< {kind} is replaced
  KafkaFormat format = KafkaFormat::json;
  /// librdkafka's own settings, each "name=value".
  std::vector<std::pair<std::string, std::string>> properties;
  /// The same for secrets: "name=VARIABLE" of the environment.
  std::vector<std::pair<std::string, std::string>> secret_properties;
};

enum class InfluxApi : std::uint8_t { v1, v2, v3 };

struct InfluxSinkConfig {
  std::string url; ///< http(s)://host[:port][/path]
  InfluxApi api = InfluxApi::v2;
  std::string org;      ///< v2; empty = not sent
  std::string database; ///< v2: the bucket
  std::string token_env;
  std::string user, password_env; ///< v1
  std::string measurement_prefix;
  bool gzip = true;
  std::string ca_file; ///< PEM; empty = the system's store
};

enum class MongoForm : std::uint8_t { record, infoway };
enum class MongoNumbers : std::uint8_t { decimal128, text, real };

struct MongoSinkConfig {
  std::string uri;     ///< mongodb://host[:port] without a password
  std::string uri_env; ///< or a variable that holds it, with one
  std::string database = "tandem";
  /// `infoway`: trades as the stock quote client wrote them, into `collection` and, the last of
  /// each code and day, into `close_collection`; `records` is then [trade].
  MongoForm form = MongoForm::record;
  std::string collection = "{kind}"; ///< {kind} is replaced; of the form infoway: "realtime"
  std::string close_collection = "close";
  MongoNumbers numbers = MongoNumbers::decimal128;
  std::string write_concern = "majority"; ///< "majority" or a number of servers from 1
};

/// Files on this machine, to be played again or read by other programs: of what the sink carries,
/// and of what the venues' public connections said, as they said it.
struct CaptureSinkConfig {
  std::string directory; ///< empty = <state_dir>/sinks/<id>/capture
  bool frames = true;    ///< beside the records; the filter does not narrow them
  std::uint64_t file_bytes = std::uint64_t{64} * 1024 * 1024; ///< 64 KiB..16 GiB packed, of one
                                                              ///< file; then the next begins
  std::chrono::milliseconds file_age{3'600'000};              ///< 1s..7 days, likewise
  /// 1 MiB..16 TiB and 2..100000, of events and of frames each; beyond it the oldest files go.
  std::uint64_t kept_bytes = std::uint64_t{16} * 1024 * 1024 * 1024;
  std::size_t kept_files = 1'000;
};

struct SinkConfig {
  std::string id; ///< a-z, 0-9 and '-', at most 32; names its directory and stream
  core::sinks::Filter filter;
  /// batch_records 1..100000, batch_bytes 1 KiB..64 MiB, flush_interval 10ms..10m, flush_jitter
  /// 0s..1m, retry_first 10ms..10m, retry_cap 100ms..1h, retries 1..1000
  core::sinks::DeliveryLimits delivery;
  std::uint64_t spool_bytes = std::uint64_t{1024} * 1024 * 1024; ///< 1 MiB..1 TiB on disk; beyond
                                                                 ///< it the oldest records go
  std::chrono::milliseconds timeout{10'000};                     ///< 100ms..10m, of one write
  std::variant<KafkaSinkConfig, InfluxSinkConfig, MongoSinkConfig, CaptureSinkConfig> to;
};

} // namespace tandem::config
