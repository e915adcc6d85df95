/// The trading journal on disk: numbered segment files that are only ever appended to. One engine
/// writes at a time (a lock), each run has an epoch of its own, and what a record's callback
/// promised is there after a crash. Format: segment.hpp; why it is no database: docs/adr/0009.
#pragma once

#include "adapters/journal/file_layer.hpp"
#include "adapters/journal/segment.hpp"
#include "core/orders/records.hpp"
#include "core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
  /// Kept free for what must be written when the disk is full: ends of orders, fills, kills.
  std::size_t reserve_bytes = 1U * 1024 * 1024;
};

class FileJournal final : public core::orders::Journal {
public:
  struct Opened;

  /// Reads all, cuts a torn end off, and begins the run's own segment. Errors: configuration (held
  /// by another engine, of another engine, damaged: file, offset, sequence), internal (the disk).
  [[nodiscard]] static core::Result<Opened> open(std::unique_ptr<FileLayer> files,
                                                 FileJournalOptions options);
  ~FileJournal() override;
  FileJournal(const FileJournal&) = delete;
  FileJournal& operator=(const FileJournal&) = delete;

  void append(const core::orders::Record& record,
              std::function<void(core::Status)> durable) override;

  [[nodiscard]] std::uint64_t epoch() const override;

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
  explicit FileJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct FileJournal::Opened {
  std::unique_ptr<FileJournal> journal;
  std::vector<core::orders::Record> records; ///< of all runs before, oldest first
  std::string cut; ///< what was cut off, in words; empty when every file was whole
};

/// All segments of a directory, oldest first, without a lock: for the tools. A file that is being
/// written may end in a torn record.
struct JournalFile {
  std::string name;
  core::Result<SegmentContents> contents;
  std::size_t bytes = 0;
};

[[nodiscard]] core::Result<std::vector<JournalFile>> read_journal(FileLayer& files);

} // namespace tandem::adapters::journal
