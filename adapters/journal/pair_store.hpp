/// The pairs made and changed while running, durable across restarts: one SQLite file in the state directory. Blocking: for the journal's own thread.
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

/// Not thread safe. Every change is synced to disk before the call returns.
class PairStore {
public:
  /// Opens or creates `directory`/pairs.db (directory created with mode 0700). Errors: configuration (not writable, not a database of ours,
  /// written by a newer version, locked by another engine).
  [[nodiscard]] static core::Result<std::unique_ptr<PairStore>> open(const std::string& directory);
  ~PairStore();

  [[nodiscard]] core::Result<std::vector<StoredPair>> load() const;
  [[nodiscard]] core::Status put(const core::strategy::PairConfig& pair);
  /// Keeps a mark, so that a pair of the configuration file stays deleted.
  [[nodiscard]] core::Status remove(const core::PairId& id);

private:
  struct Impl;
  explicit PairStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace tandem::adapters::journal
