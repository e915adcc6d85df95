/// A disk in memory, for the deterministic simulation and for tests. It knows what was synced and
/// what was not, so that its power can be cut.
#pragma once

#include "adapters/files/file_layer.hpp"

#include <map>
#include <mutex>
#include <optional>

namespace tandem::adapters::files {

/// The disk outlives those who write to it; each `files()` is one process's view of it. Thread
/// safe.
class MemoryDisk {
public:
  /// The views of a process that died are to be destroyed before the next one opens.
  [[nodiscard]] std::unique_ptr<FileLayer> files();

  /// Every byte that was not synced may be gone, every creation, renaming or removal before a
  /// sync_directory may be undone. How much of an unsynced tail stays, and which form of the
  /// directory, is drawn from `seed`. Locks are free again.
  void cut_power(std::uint64_t seed);

  /// Bytes of all files together; nullopt = endless.
  void set_capacity(std::optional<std::uint64_t> bytes);

  [[nodiscard]] std::map<std::string, std::string> contents() const;
  /// Whether these bytes stand in some file. @param synced in what would survive the power.
  [[nodiscard]] bool holds(std::string_view bytes, bool synced) const;
  /// Puts a file there, synced: damaged or made by hand.
  void put(const std::string& name, std::string bytes);
  /// Takes one away, synced.
  void drop(const std::string& name);

private:
  struct File {
    std::string bytes, synced;
  };

  using Directory = std::map<std::string, std::shared_ptr<File>>;

  class Append;
  class Lock;
  class View;

  [[nodiscard]] std::uint64_t used() const;

  mutable std::mutex mutex_;
  Directory now_, synced_;
  std::map<std::string, std::string> held_; ///< locks with their holders' words
  std::optional<std::uint64_t> capacity_;
};

} // namespace tandem::adapters::files
