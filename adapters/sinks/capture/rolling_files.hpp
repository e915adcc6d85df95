/// A series of gzip files in one directory, each of whole blocks: a block is a gzip member of its
/// own with its own checksum, so that any program reads the file as one, and a file that was torn
/// is whole up to the block that was being written. Blocking; for one thread.
///
///   <prefix>-<number>.part.gz   being written; what a killed process left of it is shortened to
///                               its whole blocks and closed by the next
///   <prefix>-<number>.gz        closed: renamed in one step, never touched again but to be removed
#pragma once

#include "adapters/files/file_layer.hpp"
#include "core/result.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::sinks::capture {

struct RollingLimits {
  std::uint64_t file_bytes = std::uint64_t{64} * 1024 * 1024; ///< packed; at least one block
  std::chrono::milliseconds file_age{3'600'000};
  /// Beyond either the oldest closed files are removed.
  std::uint64_t kept_bytes = std::uint64_t{16} * 1024 * 1024 * 1024;
  std::size_t kept_files = 1'000; ///< with the one that is written; at least 1
};

struct RollingCounters {
  std::uint64_t blocks = 0, files_closed = 0, files_removed = 0;
  std::uint64_t torn_bytes = 0; ///< of what a killed process left
};

class RollingFiles {
public:
  /// Closes what a former process left. Errors: internal (the disk, or another writes this series
  /// there).
  [[nodiscard]] static core::Result<RollingFiles> open(files::FileLayer& files, std::string prefix,
                                                       RollingLimits limits);

  /// All of it, or, after an error, nothing. Errors: internal (the disk).
  [[nodiscard]] core::Status append(std::string_view text, core::MonoTime now);
  /// Closes the file that has become too old, though nothing comes. Errors: internal (the disk).
  [[nodiscard]] core::Status on_tick(core::MonoTime now);
  /// So that what was written stands under its last name. Errors: internal (the disk).
  [[nodiscard]] core::Status close();

  /// The last line that is there, of this or a former process; empty: none. Errors: internal (the
  /// disk).
  [[nodiscard]] core::Result<std::string> last_line() const;

  [[nodiscard]] const RollingCounters& counters() const noexcept { return counters_; }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return kept_bytes_ + active_bytes_; }

private:
  struct Kept {
    std::string name;
    std::uint64_t bytes = 0;
  };

  RollingFiles(files::FileLayer& files, std::string prefix, RollingLimits limits)
      : files_{&files}, prefix_{std::move(prefix)}, limits_{limits} {}

  [[nodiscard]] core::Status begin(core::MonoTime now);
  [[nodiscard]] core::Status recover(const std::string& part);
  void prune();
  [[nodiscard]] std::string name(std::uint64_t number, bool closed) const;
  [[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view name, bool closed) const;

  files::FileLayer* files_;
  std::unique_ptr<files::FileLock> lock_;
  std::string prefix_;
  RollingLimits limits_;
  std::deque<Kept> kept_; ///< closed ones, oldest first
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t number_ = 0; ///< the highest that was given
  std::unique_ptr<files::AppendFile> file_;
  std::uint64_t active_bytes_ = 0;
  core::MonoTime opened_{};
  RollingCounters counters_;
};

/// The text of a file as far as its blocks are whole.
struct Unpacked {
  std::string text;
  std::uint64_t whole_bytes = 0; ///< of the packed file
  std::uint64_t blocks = 0;
};

[[nodiscard]] Unpacked unpack(std::string_view file);

} // namespace tandem::adapters::sinks::capture
