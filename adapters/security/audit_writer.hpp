/// Writes the audit log on a thread of its own, many records with one sync: no command waits for a
/// disk before it is done, only its answer does.
#pragma once

#include "adapters/security/audit_log.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tandem::adapters::security {

struct AuditCounters {
  std::uint64_t written = 0;  ///< records on the disk
  std::uint64_t waiting = 0;  ///< not yet
  std::uint64_t lost = 0;     ///< that found no place while the disk failed
  std::uint64_t failures = 0; ///< writes that failed
};

class AuditWriter {
public:
  static constexpr std::size_t waiting_max = 10'000;
  static constexpr std::chrono::seconds retry_pause{1};

  /// @param on_trouble on the writer's thread: the disk's error when it begins to fail, nothing
  /// when it works again.
  AuditWriter(std::unique_ptr<AuditLog> log,
              std::function<void(const std::optional<core::Error>&)> on_trouble);
  /// Tries once more to write what waits.
  ~AuditWriter();
  AuditWriter(const AuditWriter&) = delete;
  AuditWriter& operator=(const AuditWriter&) = delete;

  /// Thread safe, never blocks. @param done on the writer's thread (or here, when there is no
  /// place): the record is on the disk, or the disk failed: nobody is kept waiting by a broken one.
  void write(core::security::AuditRecord record, std::function<void()> done = {});

  [[nodiscard]] AuditCounters counters() const;

  /// Of what is on the disk. Thread safe.
  [[nodiscard]] core::security::ChainHead head() const;

private:
  struct Item {
    core::security::AuditRecord record;
    std::function<void()> done;
  };

  void run();
  void write_batch(std::vector<Item> batch);
  [[nodiscard]] bool write_unwritten();

  std::unique_ptr<AuditLog> log_;
  std::function<void(const std::optional<core::Error>&)> on_trouble_;
  std::vector<core::security::AuditRecord> unwritten_; ///< by a disk that failed; oldest first
  bool failing_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> queue_;
  std::size_t taken_ = 0; ///< records out of the queue and not on the disk
  core::security::ChainHead head_;
  bool stopping_ = false;

  std::atomic<std::uint64_t> written_{0}, lost_{0}, failures_{0};
  std::uint64_t lost_noted_ = 0;
  core::WallTime last_at_{};
  std::thread thread_;
};

} // namespace tandem::adapters::security
