/// The trading journal on disk: numbered segment files that are only ever appended to. One engine
/// writes at a time (a lock), each run has an epoch of its own, and what a record's callback
/// promised is there after a crash. Format: segment.hpp; why it is no database: docs/adr/0009.
#pragma once

#include "adapters/files/file_layer.hpp"
#include "adapters/journal/segment.hpp"
#include "core/orders/records.hpp"
#include "core/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tandem::adapters::journal {

/// os: safe from the death of the process when append returns. fsync: safe from a power loss when
/// the callback runs; records that gather while the disk works are synced together, on a thread of
/// the journal's own. manual: as fsync, but synced by pump(): for the deterministic simulation.
enum class SyncMode : std::uint8_t { os, fsync, manual };

struct FileJournalOptions {
  SyncMode mode = SyncMode::os;
  std::size_t segment_bytes_max = 64U * 1024 * 1024; ///< then the next one is begun
  core::orders::EngineId engine;
  std::string run_mode; ///< "mock", "dev", "prod": for the RunRecord, as the two below
  std::string build;
  std::function<core::WallTime()> wall;
  /// Files all of whose records are older are folded into one (compact()); at least two days, for
  /// the totals of a day come from its own records.
  std::chrono::hours keep{7 * 24};
  std::size_t compact_bytes_min = 4U * 1024 * 1024; ///< files worth less together are left alone
  /// Kept free for what must be written when the disk is full: ends of orders, fills, kills.
  std::size_t reserve_bytes = 1U * 1024 * 1024;
};

/// What a compaction did; all zero when there was nothing worth it.
struct Compaction {
  std::size_t files = 0; ///< folded into one
  std::size_t records_before = 0, records_after = 0;
  std::size_t bytes_before = 0, bytes_after = 0;
};

class FileJournal final : public core::orders::Journal {
public:
  struct Opened;

  /// Reads all, cuts a torn end off, and begins the run's own segment. Errors: configuration (held
  /// by another engine, of another engine, damaged: file, offset, sequence), internal (the disk).
  [[nodiscard]] static core::Result<Opened> open(std::unique_ptr<files::FileLayer> files,
                                                 FileJournalOptions options);
  ~FileJournal() override;
  FileJournal(const FileJournal&) = delete;
  FileJournal& operator=(const FileJournal&) = delete;

  void append(const core::orders::Record& record,
              std::function<void(core::Status)> durable) override;
  void append_first(std::span<const core::orders::Record> records,
                    std::function<void(core::Status)> durable) override;

  [[nodiscard]] std::uint64_t epoch() const override;

  /// Folds old files together, see compact_journal(). Any thread; blocks while it reads and writes,
  /// while appending goes on.
  [[nodiscard]] core::Result<Compaction> compact();

  /// The same for a journal that no engine holds. Errors: as open().
  [[nodiscard]] static core::Result<Compaction> compact_unused(files::FileLayer& files,
                                                               const FileJournalOptions& options);

  /// Mode manual: syncs what was appended and runs the callbacks. True when there was something.
  bool pump();

  struct State {
    bool failed = false;        ///< the last write or sync did not work
    bool low_space = false;     ///< the reserve is in use: no new intents
    std::uint64_t sequence = 0; ///< of the last record
    std::string error;          ///< of the last failure
  };

  [[nodiscard]] State state() const;

private:
  struct Impl;
  void append(std::span<const core::orders::Record> records, bool first,
              std::function<void(core::Status)> durable);
  explicit FileJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct FileJournal::Opened {
  std::unique_ptr<FileJournal> journal;
  std::vector<core::orders::Record> records;        ///< of all runs before, oldest first
  core::Result<Compaction> compacted{Compaction{}}; ///< an error of it is no reason not to begin
  std::string cut; ///< what was cut off, in words; empty when every file was whole
};

/// One segment as it lies there. A file that is being written may end in a torn record.
struct JournalFile {
  std::string name;
  core::Result<SegmentContents> contents;
  std::size_t bytes = 0;
};

/// All segments of a directory that count, oldest first, without a lock. Those that a compaction
/// folded and did not live to remove do not count.
[[nodiscard]] core::Result<std::vector<JournalFile>> read_journal(files::FileLayer& files);

/// What is wrong with a segment where it stands, in words; empty = nothing. The first one begins
/// with record 1, or is a folded one.
/// @param last no other follows. @param next the sequence number that it must begin with, 0 = it is
/// the first.
[[nodiscard]] std::string fault_of(const JournalFile& file, bool last, std::uint64_t next);

/// Folds the oldest files into one, if all their records are older than `options.keep` and there is
/// something to gain. The newest file is never touched. The new file takes the place of the last
/// one folded by a rename before the others are removed, so that a crash at any moment leaves a
/// whole journal. The caller holds the lock.
/// @param found what read_journal() has just said.
[[nodiscard]] core::Result<Compaction> compact_journal(files::FileLayer& files,
                                                       const FileJournalOptions& options,
                                                       std::span<const JournalFile> found);

} // namespace tandem::adapters::journal
