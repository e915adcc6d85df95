/// The few things that the journal and the spools ask of a disk, for one directory: a real one
/// (posix_files.hpp), one in memory that can lose its power (memory_files.hpp), and a wrapper that
/// counts the operations and breaks the n-th (faulty_files.hpp). Blocking.
#pragma once

#include "core/error.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::files {

enum class FileFault : std::uint8_t {
  not_found,
  disk_full, ///< no space or quota left
  held,      ///< the lock is another's; `detail` is what its holder wrote into it
  other,     ///< read-only, I/O error, permission...
};

struct FileError {
  FileFault fault = FileFault::other;
  std::string detail; ///< operation, file and the system's own words
};

template <class T>
using FileResult = tl::expected<T, FileError>;
using FileStatus = FileResult<void>;

/// What a failing disk is to everybody else. @param source whose files they are: "journal".
[[nodiscard]] inline core::Error disk_error(const FileError& error, std::string source) {
  return {core::Errc::internal, error.detail, std::move(source)};
}

/// A file open for writing at its end. Closing does not sync.
class AppendFile {
public:
  virtual ~AppendFile() = default;
  /// In as few writes as the system allows, one as a rule. After an error any part may be there.
  [[nodiscard]] virtual FileStatus append(std::string_view bytes) = 0;
  /// What was appended survives the power from here on. After an error nothing is known about what
  /// was appended since the last success, and asking again proves nothing.
  [[nodiscard]] virtual FileStatus sync() = 0;
  [[nodiscard]] virtual FileStatus truncate(std::uint64_t size) = 0;
};

/// Held until destruction, or until the process ends however it ends.
class FileLock {
public:
  virtual ~FileLock() = default;
  /// Says for people who holds it.
  [[nodiscard]] virtual FileStatus describe(std::string_view text) = 0;
};

/// Names are plain file names inside the directory.
class FileLayer {
public:
  virtual ~FileLayer() = default;
  /// With its parents; an existing one is right.
  [[nodiscard]] virtual FileStatus make_directory() = 0;
  /// All files, sorted by name.
  [[nodiscard]] virtual FileResult<std::vector<std::string>> list() = 0;
  [[nodiscard]] virtual FileResult<std::string> read(const std::string& name) = 0;

  /// In bytes. Here by reading it; a disk knows better.
  [[nodiscard]] virtual FileResult<std::uint64_t> size(const std::string& name) {
    return read(name).map([](const std::string& bytes) { return std::uint64_t{bytes.size()}; });
  }

  /// Empty, whether it was there or not.
  [[nodiscard]] virtual FileResult<std::unique_ptr<AppendFile>> create(const std::string& name) = 0;
  /// One that is there.
  [[nodiscard]] virtual FileResult<std::unique_ptr<AppendFile>> open(const std::string& name) = 0;
  /// Atomic; replaces `to`. An open file keeps its handle.
  [[nodiscard]] virtual FileStatus rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual FileStatus remove(const std::string& name) = 0;
  /// Creations, renames and removals survive the power from here on.
  [[nodiscard]] virtual FileStatus sync_directory() = 0;
  /// Never waits. Faults: held.
  [[nodiscard]] virtual FileResult<std::unique_ptr<FileLock>> lock(const std::string& name) = 0;
  /// For messages.
  [[nodiscard]] virtual std::string path_of(const std::string& name) const = 0;
};

} // namespace tandem::adapters::files
