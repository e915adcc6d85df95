/// What the venues' market connections said, as they said it, into files: one message a line,
/// "<nanoseconds> <text>", the form in which `tandem-sim` and `tandem-world backtest` play
/// recorded markets; an answer that a book began with as "<url> -> <nanoseconds>: <body>".
#pragma once

#include "adapters/files/file_layer.hpp"
#include "adapters/sinks/capture/rolling_files.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace tandem::adapters::sinks::capture {

/// Read by anyone at any time.
struct FrameCounters {
  std::atomic<std::uint64_t> taken{0}, written{0};
  std::atomic<std::uint64_t> lost{0}; ///< for want of room in memory or on disk
  std::atomic<std::uint64_t> waiting_bytes{0};
};

struct RecorderOptions {
  RollingLimits limits; ///< of each market
  /// Beyond it what comes is lost, and counted.
  std::size_t memory_bytes_max = 64U * 1024 * 1024;
  std::chrono::milliseconds flush_interval{1'000}; ///< what a kill may cost
  std::function<std::unique_ptr<files::FileLayer>()> files;
  std::function<core::MonoTime()> clock;
};

/// Frames of a market go into "frames-<market>-...". Thread safe.
class FrameRecorder {
public:
  explicit FrameRecorder(RecorderOptions options);
  /// Writes and closes what is left.
  ~FrameRecorder();
  FrameRecorder(const FrameRecorder&) = delete;
  FrameRecorder& operator=(const FrameRecorder&) = delete;

  /// Never waits for a disk. @param market "binance_spot". @param received nanoseconds, Unix.
  void take(const std::string& market, std::int64_t received, std::string_view text);
  /// An answer to a request. @param url without secrets.
  void take_answer(const std::string& market, std::string_view url, std::int64_t received,
                   std::string_view body);

  [[nodiscard]] const FrameCounters& counters() const noexcept { return counters_; }

  /// The last trouble with the disk; empty: none since it last worked.
  [[nodiscard]] std::string trouble() const;

private:
  struct Lines {
    std::string text;
    std::uint64_t frames = 0;
  };

  void put(const std::string& market, std::string_view before, std::string_view text);
  void run();
  void write(std::map<std::string, Lines>& waiting);
  [[nodiscard]] core::Status keep(const std::string& market, const Lines& lines);
  void close();

  RecorderOptions options_;
  FrameCounters counters_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Lines> waiting_; ///< by market
  std::size_t waiting_bytes_ = 0;
  std::string trouble_;
  bool ending_ = false;
  std::unique_ptr<files::FileLayer> files_; ///< the thread's, as are those below
  std::map<std::string, RollingFiles> rolling_;
  std::thread thread_;
};

} // namespace tandem::adapters::sinks::capture
