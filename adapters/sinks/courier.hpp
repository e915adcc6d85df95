/// Carries the records of one sink from the tape through the spool to the destination. All calls
/// from one actor; it blocks on the disk, never on the destination.
#pragma once

#include "adapters/files/file_layer.hpp"
#include "adapters/sinks/spool.hpp"
#include "adapters/sinks/writer.hpp"
#include "core/sinks/delivery.hpp"
#include "core/sinks/tape.hpp"
#include "core/sinks/waiting_age.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::sinks {

struct CourierOptions {
  std::string id;   ///< of the sink; begins the name of its stream
  std::string mode; ///< the engine's
  core::sinks::DeliveryLimits delivery;
  SpoolOptions spool;
  /// Records that the disk does not take wait here; beyond it the newest are lost, and told.
  std::size_t memory_bytes_max = 8 * 1024 * 1024;
};

/// The world of a courier.
struct CourierPorts {
  core::Clocks clocks;
  std::function<std::uint64_t()> random;
  /// The sink's directory; asked for anew each time it is opened.
  std::function<std::unique_ptr<files::FileLayer>()> files;
  std::function<core::Result<std::unique_ptr<Writer>>()> writer;
  /// Runs a task as a turn of the actor, if it still lives. Any thread.
  std::function<void(std::function<void()>)> post;
};

/// Something that a person should hear.
struct CourierNotice {
  enum class Kind : std::uint8_t {
    down,         ///< the destination failed again and again
    back,         ///< it takes records again
    refused,      ///< it will never take a record: kept in refused.jsonl
    spool_failed, ///< the disk takes nothing; records wait in memory
    spool_back,
    lost, ///< records that will not reach the destination
  };

  Kind kind = Kind::down;
  std::string text;
};

struct CourierStats {
  std::uint64_t records = 0; ///< taken into the stream in this run
  std::uint64_t delivered = 0, refused = 0, lost = 0, batches = 0, failures = 0;
  std::uint64_t waiting = 0, spool_bytes = 0;
  std::int64_t lag_ms = 0; ///< how long the oldest record that waits has been waiting
  std::string last_error;
  /// "live", "spooling" (more waits than a batch holds), "down" (the destination is out of order),
  /// "blocked" (the disk takes nothing)
  std::string_view state;
};

class Courier {
public:
  Courier(CourierOptions options, CourierPorts ports);
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  /// @param dropped what the tape could not hold, ever.
  void on_news(const std::vector<core::sinks::NewsPtr>& news, std::uint64_t dropped);
  /// Every 20 to 100 ms.
  void on_tick();

  [[nodiscard]] CourierStats stats() const;
  [[nodiscard]] std::vector<CourierNotice> take_notices();

private:
  void store();
  bool open_spool();
  void pump();
  void open_writer();
  void send(core::sinks::Delivery::Size size);
  void on_opened(const core::Result<std::optional<std::uint64_t>>& last_known);
  void on_written(const core::sinks::Outcome& outcome);
  void failed(const core::sinks::Outcome& outcome);
  void set_aside(const std::string& why);
  void tell_lost();
  void inherit();
  core::Status acknowledge(std::uint64_t through);
  void on_disk_error(const core::Error& error);
  void notice(CourierNotice::Kind kind, std::string text);

  CourierOptions options_;
  CourierPorts ports_;
  core::sinks::Delivery delivery_;
  std::unique_ptr<Spool> spool_; ///< null: the disk refused it so far
  core::MonoTime spool_retry_at_{};
  bool blocked_ = false;
  std::vector<std::string> pending_; ///< encoded, not on disk yet
  std::size_t pending_bytes_ = 0;
  std::shared_ptr<const Batch> sent_; ///< the batch under way
  bool down_ = false;
  std::uint64_t tape_dropped_ = 0;
  core::sinks::WaitingAge lag_; ///< of what is on disk
  core::MonoTime pending_since_{};
  std::optional<std::uint64_t> refused_bytes_; ///< in refused.jsonl; unknown before the first
  CourierStats stats_;
  std::vector<CourierNotice> notices_;

  struct Said {
    core::MonoTime again_at{};
    std::uint64_t kept_back = 0;
  };

  std::map<CourierNotice::Kind, Said> said_; ///< one line per burst
  std::unique_ptr<Writer> writer_;
};

} // namespace tandem::adapters::sinks
