/// Writes batches to Kafka, each in one transaction together with its place in the stream, so that
/// a reader of committed messages sees every record once whatever dies in between: after a failure
/// the broker itself says how far the stream got. librdkafka; blocks on a thread of its own.
#pragma once

#include "adapters/sinks/writer.hpp"
#include "core/sinks/record.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::adapters::sinks::kafka {

enum class Format : std::uint8_t {
  json,     ///< adapters/sinks/json.hpp
  protobuf, ///< adapters/sinks/protobuf.hpp
};

struct Options {
  std::string servers; ///< host:port, comma separated
  /// {kind} is replaced; a character that no topic may have becomes '-'.
  std::string topic = "tandem.{kind}";
  std::string mode; ///< the engine's; in every message
  Format format = Format::json;
  /// librdkafka's own settings (TLS, SASL, compression, linger, ...); they go before ours, but for
  /// the ones that the promise rests on (enable.idempotence, acks, transactional.id).
  std::map<std::string, std::string> properties;
  /// Of one transaction, and of every question. Below the broker's transaction.max.timeout.ms.
  std::chrono::milliseconds timeout{15'000};
};

/// What a record's message is called and where it goes. Pure.
struct Envelope {
  std::string topic;
  std::string key;   ///< one instrument's records stay in order: "binance.spot.BTCUSDT"; of no
                     ///< instrument: the kind
  std::string value; ///< in the format of the options
  std::vector<std::pair<std::string, std::string>> headers; ///< kind, stream, seq, mode
};

[[nodiscard]] Envelope envelope_of(const Options& options, const std::string& stream,
                                   const core::sinks::Numbered& item);

/// Errors: configuration (a property that librdkafka does not know, or with a bad value).
[[nodiscard]] core::Result<std::unique_ptr<Writer>> make_writer(Options options);

} // namespace tandem::adapters::sinks::kafka
