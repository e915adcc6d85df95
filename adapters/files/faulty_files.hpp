/// Counts the operations that change a disk and asks before each what shall become of it: how a
/// harness crashes the engine before, within or after operation k, and how tests make disks fail.
#pragma once

#include "adapters/files/file_layer.hpp"

#include <functional>

namespace tandem::adapters::files {

enum class FileOperation : std::uint8_t {
  create,
  append,
  sync,
  truncate,
  rename,
  remove,
  sync_directory,
  lock,
};

/// What is about to happen.
struct NumberedOperation {
  std::uint64_t number = 0; ///< from 1
  FileOperation operation = FileOperation::append;
  std::string_view file;
  std::size_t bytes = 0; ///< of an append
};

/// What shall happen instead.
struct Fate {
  enum class Kind : std::uint8_t {
    proceed,
    fail,         ///< as `fault`; of an append `bytes` are written first
    crash_before, ///< nothing is done
    crash_within, ///< of an append `bytes` are written; else as crash_before
    crash_after,  ///< all is done
  };
  Kind kind = Kind::proceed;
  FileFault fault = FileFault::other;
  std::size_t bytes = 0;
};

/// Asked from whatever thread works on the disk; may block (a slow disk).
using FaultPlan = std::function<Fate(const NumberedOperation&)>;

/// @param on_crash runs at a crash: a harness raises SIGKILL in it. When it returns (or is empty)
/// the files are dead: every later operation fails and changes nothing.
[[nodiscard]] std::unique_ptr<FileLayer>
faulty_files(std::unique_ptr<FileLayer> files, FaultPlan plan, std::function<void()> on_crash = {});

} // namespace tandem::adapters::files
