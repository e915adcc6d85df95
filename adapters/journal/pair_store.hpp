/// The pairs made and changed while running, durable across restarts: one SQLite file in the state
/// directory. Blocking: for the journal's own thread.
#pragma once

#include "core/result.hpp"
#include "core/strategy/pair.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tandem::adapters::journal {

/// A pair as stored, or the mark that a pair of the configuration file was deleted by a person.
struct StoredPair {
  core::strategy::PairConfig pair;
  bool deleted = false;
};

/// Not thread safe. Every change is synced to disk before the call returns. One engine owns the
/// file while it is open.
class PairStore {
public:
  /// Opens or creates `directory`/pairs.db (directory created with mode 0700). Errors:
  /// configuration (not writable, not a database of ours, written by a newer version, locked by
  /// another engine).
  [[nodiscard]] static core::Result<std::unique_ptr<PairStore>> open(const std::string& directory);
  ~PairStore();

  /// The pairs in the order they were first put, then the marks (only `pair.id` is set). Errors:
  /// configuration (a row that no version of this program wrote), internal (the disk).
  [[nodiscard]] core::Result<std::vector<StoredPair>> load() const;
  /// New or changed; takes a mark of the same id away. Errors: internal (the disk).
  [[nodiscard]] core::Status put(const core::strategy::PairConfig& pair);
  /// Keeps a mark, so that a pair of the configuration file stays deleted. Errors: internal (the
  /// disk).
  [[nodiscard]] core::Status remove(const core::PairId& id);

private:
  struct Impl;
  explicit PairStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace tandem::adapters::journal
