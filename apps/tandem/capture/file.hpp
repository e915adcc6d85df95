/// A capture on disk: gzip, a header, then items. Written on a thread of its own, so that the
/// engine never waits for it; read back in the order it was written.
#pragma once

#include "apps/tandem/capture/item.hpp"
#include "core/result.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tandem::apps::capture {

class Writer {
public:
  /// Creates the file, for its owner alone (0600): it holds what the account did. Errors:
  /// configuration (it cannot be written, or is there already).
  [[nodiscard]] static core::Result<std::unique_ptr<Writer>> create(const std::string& path,
                                                                    const Header& header);
  /// Writes what is left.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Never waits. When the disk is too slow for what happens (`backlog_max` bytes wait) or full,
  /// the capture ends with the item `cut`. For one thread.
  void put(const Item& item);

  /// The capture has ended before the engine.
  [[nodiscard]] bool lost() const noexcept { return lost_; }

  [[nodiscard]] std::uint64_t items() const noexcept { return items_; }

  static constexpr std::size_t backlog_max = 64U * 1024 * 1024;

private:
  struct Output;
  explicit Writer(std::unique_ptr<Output> output);
  void run();

  std::unique_ptr<Output> output_;
  std::vector<char> scratch_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<char> waiting_;
  bool ending_ = false;
  std::atomic<bool> lost_{false};
  std::uint64_t items_ = 0;
  std::thread thread_;
};

class Reader {
public:
  /// Errors: configuration (no such file, no capture, written by a newer format).
  [[nodiscard]] static core::Result<std::unique_ptr<Reader>> open(const std::string& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] const Header& header() const noexcept { return header_; }

  /// Nullopt at the end. A capture whose engine was killed ends in the middle of an item; that is
  /// its end.
  [[nodiscard]] std::optional<Item> next();

private:
  struct Input;
  explicit Reader(std::unique_ptr<Input> input);
  [[nodiscard]] bool fill(std::vector<char>& bytes);

  std::unique_ptr<Input> input_;
  Header header_;
  std::vector<char> scratch_;
};

} // namespace tandem::apps::capture
