/// One topic of a Kafka broker, both ways: what one server publishes, the members of its group
/// hear. Frames are bytes here; what they say is its user's business. Not a sink: nothing is kept
/// for a broker that is away, as prices go to the clients without it then.
#pragma once

#include "core/result.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace tandem::adapters::fanout {

struct Options {
  std::string servers; ///< host:port, comma separated
  std::string topic;
  std::string group;
  std::string mode; ///< a header of every message; messages of another mode are passed over
  /// librdkafka's own settings (TLS, SASL); they go before ours.
  std::map<std::string, std::string> properties;
};

/// Written by the broker's thread, read by anyone; outlives the fan-out.
struct Counts {
  std::atomic<std::uint64_t> sent{0};        ///< acknowledged by the broker
  std::atomic<std::uint64_t> undelivered{0}; ///< given back
  std::atomic<std::uint64_t> heard{0};
  std::atomic<std::uint64_t> foreign{0}; ///< of another mode
};

/// All on the broker's thread; none comes after the destruction.
struct Events {
  /// A message of the topic, of this server or another.
  std::function<void(std::string frame)> on_frame;
  /// The broker did not take it in time. It may have it all the same.
  std::function<void(std::string frame)> on_undelivered;
  /// Ready: what is published now will be heard by this server. @param why it is not, for people.
  std::function<void(bool ready, std::string why)> on_ready;
};

/// Thread safe. Destruction waits for a call under way, a few seconds at most.
class Fanout {
public:
  virtual ~Fanout() = default;
  /// False: there is no room for it. Else its end comes as a message or as on_undelivered.
  [[nodiscard]] virtual bool publish(const std::string& frame) = 0;
};

/// Whether the library takes the settings, without a connection. Errors: configuration, naming the
/// property and not its value.
[[nodiscard]] core::Status check_kafka(const Options& options);

/// Makes a connection, again and again where that is needed; begins not ready. Errors:
/// configuration (a property that librdkafka does not know, or with a bad value).
[[nodiscard]] core::Result<std::unique_ptr<Fanout>>
open_kafka(Options options, std::shared_ptr<Counts> counts, Events events);

} // namespace tandem::adapters::fanout
