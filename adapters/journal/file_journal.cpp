#include "adapters/journal/file_journal.hpp"

#include "adapters/files/frame.hpp"
#include "adapters/journal/record_codec.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

namespace tandem::adapters::journal {
namespace {

using core::Errc;
using core::fail;
using core::orders::Record;

constexpr std::string_view prefix = "trading-";
constexpr std::string_view suffix = ".log";
constexpr std::size_t number_digits = 6;
/// Mode fsync: how long records that nobody waits for may wait for company.
constexpr std::chrono::milliseconds gather_time{5};
const std::string lock_file = "trading.lock";
const std::string reserve_file = "trading.reserve";

std::string segment_name(std::uint64_t number) {
  auto digits = std::to_string(number);
  if (digits.size() < number_digits)
    digits.insert(0, number_digits - digits.size(), '0');
  return std::string{prefix} + digits + std::string{suffix};
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix))
    return std::nullopt;
  const auto digits = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  const auto number = core::parse_scaled(digits, 0);
  return number && *number > 0 ? std::optional{static_cast<std::uint64_t>(*number)} : std::nullopt;
}

core::Result<std::vector<std::pair<std::uint64_t, std::string>>>
segments_of(files::FileLayer& files) {
  const auto names = files.list();
  if (!names)
    return tl::unexpected{files::disk_error(names.error(), "journal")};
  std::vector<std::pair<std::uint64_t, std::string>> segments;
  for (const auto& name : *names)
    if (const auto number = segment_number(name))
      segments.emplace_back(*number, name);
  std::sort(segments.begin(), segments.end());
  return segments;
}

core::Result<std::unique_ptr<files::FileLock>> hold(files::FileLayer& files) {
  auto lock = files.lock(lock_file);
  if (lock)
    return *std::move(lock);
  const auto& why = lock.error();
  return fail(Errc::configuration,
              why.fault == files::FileFault::held
                  ? "another engine holds this journal: " + why.detail
                  : why.detail,
              files.path_of(lock_file));
}

/// Made by a compaction: its last record is the checkpoint that stands for it and all before it.
bool is_folded(const JournalFile& file) {
  if (!file.contents || file.contents->records.empty())
    return false;
  const auto* checkpoint
      = std::get_if<core::orders::CheckpointRecord>(&file.contents->records.back());
  return checkpoint != nullptr && checkpoint->through + 1 == file.contents->next_sequence();
}

} // namespace

// ---- reading
// --------------------------------------------------------------------------------------------------------

core::Result<std::vector<JournalFile>> read_journal(files::FileLayer& files) {
  const auto segments = segments_of(files);
  if (!segments)
    return tl::unexpected{segments.error()};
  std::vector<JournalFile> result;
  for (const auto& [number, name] : *segments) {
    const auto bytes = files.read(name);
    if (!bytes)
      return tl::unexpected{files::disk_error(bytes.error(), "journal")};
    JournalFile file{name, read_segment(*bytes), bytes->size()};
    if (is_folded(file))
      result.clear(); // it stands for all before it
    result.push_back(std::move(file));
  }
  return result;
}

std::string fault_of(const JournalFile& file, bool last, std::uint64_t next) {
  if (!file.contents) {
    // A run that ended while it made its first file left nothing in it.
    if (!last || file.bytes > segment_header_bytes)
      return file.contents.error().detail;
    // Its forerunners are never removed before it is whole.
    const bool orphan = next == 0 && segment_number(file.name) > 1;
    return orphan ? "is empty, and nothing is before it" : "";
  }
  const auto& contents = *file.contents;
  const auto first = contents.header.first_sequence;
  if (next == 0 && first != 1 && !is_folded(file))
    return "begins with record " + std::to_string(first) + ", and nothing is before it";
  if (next != 0 && first != next)
    return "begins with record " + std::to_string(first) + ", the file before it ends with "
           + std::to_string(next - 1);
  if (contents.tail == TailState::torn && !last)
    return "is torn behind byte " + std::to_string(contents.good_bytes)
           + ", and a later file follows";
  return {};
}

namespace {

core::Result<Compaction> read_and_compact(files::FileLayer& files,
                                          const FileJournalOptions& options) {
  const auto found = read_journal(files);
  if (!found)
    return tl::unexpected{found.error()};
  return compact_journal(files, options, *found);
}

} // namespace

// ---- the writer
// -----------------------------------------------------------------------------------------------------

struct FileJournal::Impl {
  using Callback = std::function<void(core::Status)>;

  std::unique_ptr<files::FileLayer> files;
  FileJournalOptions options;
  std::unique_ptr<files::FileLock> lock;
  std::uint64_t epoch = 1;
  std::uint64_t segment = 0; ///< number of the file that is written

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::unique_ptr<files::AppendFile> file;
  std::uint64_t good_bytes = 0, synced_bytes = 0; ///< of the file
  std::uint64_t sequence = 0, synced_sequence = 0;
  bool failed = false;
  bool telling = false;     ///< who waited is being told: nothing that came later is taken before
  bool sync_failed = false; ///< then nothing is known of what came behind synced_bytes
  bool reserve_used = false;
  std::string error;
  std::vector<Callback> waiting; ///< appended, not yet synced, in order
  bool hurry = false;            ///< something waits for one of them
  bool syncing = false, stopping = false;
  std::thread flusher;
  std::mutex compacting; ///< never together with `mutex`

  // ---- opening

  core::Status load(Opened& opened) {
    auto found = read_journal(*files);
    if (!found)
      return tl::unexpected{std::move(found).error()};
    opened.compacted = compact_journal(*files, options, *found);
    if (opened.compacted && opened.compacted->files != 0)
      found = read_journal(*files);
    if (!found)
      return tl::unexpected{std::move(found).error()};
    if (const auto status = remove_folded(*found); !status)
      return status;
    std::uint64_t next = 0;
    for (std::size_t i = 0; i < found->size(); ++i) {
      auto& one = (*found)[i];
      const bool last = i + 1 == found->size();
      if (!one.contents && fault_of(one, last, next).empty()) {
        // The crash came while it was made: nothing was ever in it.
        if (const auto gone = files->remove(one.name); !gone)
          return tl::unexpected{files::disk_error(gone.error(), "journal")};
        opened.cut = one.name + ": an empty file of a run that ended at its start";
        segment = *segment_number(one.name) - 1;
        break;
      }
      if (const auto status = take(one, last, next, opened); !status)
        return status;
      segment = *segment_number(one.name);
    }
    sequence = synced_sequence = next == 0 ? 0 : next - 1;
    return {};
  }

  /// What a compaction did not live to remove.
  core::Status remove_folded(const std::vector<JournalFile>& found) {
    const auto segments = segments_of(*files);
    if (!segments)
      return tl::unexpected{segments.error()};
    const auto first = found.empty() ? 0 : *segment_number(found.front().name);
    for (const auto& [number, name] : *segments)
      if (number < first)
        if (const auto gone = files->remove(name); !gone)
          return tl::unexpected{files::disk_error(gone.error(), "journal")};
    return {};
  }

  core::Status take(JournalFile& one, bool last, std::uint64_t& next, Opened& opened) {
    const auto refuse = [&](const std::string& why) {
      return fail(Errc::configuration, why, files->path_of(one.name));
    };
    if (const auto fault = fault_of(one, last, next); !fault.empty())
      return refuse(fault);
    auto& contents = *one.contents;
    if (contents.header.engine != options.engine)
      return refuse("written by engine '" + contents.header.engine.text() + "', not by '"
                    + options.engine.text() + "'");
    if (last)
      if (const auto status = close_last(one, opened); !status)
        return status;
    epoch = std::max(epoch, contents.header.epoch + 1);
    next = contents.next_sequence();
    std::move(contents.records.begin(), contents.records.end(), std::back_inserter(opened.records));
    return {};
  }

  /// The last file of the runs before: a torn end goes, and what is left is on the disk before
  /// anything is built on it. A run that was killed may have left records that only the system's
  /// memory holds; after a power loss they would be a gap with a later file behind it.
  core::Status close_last(const JournalFile& one, Opened& opened) {
    const auto& contents = *one.contents;
    const auto open_file = files->open(one.name);
    if (!open_file)
      return tl::unexpected{files::disk_error(open_file.error(), "journal")};
    if (contents.tail == TailState::torn) {
      if (const auto done = (*open_file)->truncate(contents.good_bytes); !done)
        return tl::unexpected{files::disk_error(done.error(), "journal")};
      opened.cut = one.name + ": " + std::to_string(one.bytes - contents.good_bytes)
                   + " bytes behind record " + std::to_string(contents.next_sequence() - 1)
                   + " were never a whole record";
    }
    if (const auto done = (*open_file)->sync(); !done)
      return tl::unexpected{files::disk_error(done.error(), "journal")};
    return {};
  }

  /// A new file; the one before is safe first, so that no gap can ever lie between them.
  files::FileStatus begin_segment() {
    if (file)
      if (const auto done = file->sync(); !done)
        return done;
    auto made = files->create(segment_name(segment + 1));
    if (!made)
      return tl::unexpected{made.error()};
    const auto header = encode_header({options.engine, epoch, sequence + 1});
    if (const auto done = (*made)->append(header); !done)
      return done;
    if (const auto done = (*made)->sync(); !done)
      return done;
    if (const auto done = files->sync_directory(); !done)
      return done;
    ++segment;
    file = *std::move(made);
    good_bytes = synced_bytes = header.size();
    synced_sequence = sequence;
    return {};
  }

  void make_reserve() {
    auto made = files->create(reserve_file);
    reserve_used = !made || !(*made)->append(std::string(options.reserve_bytes, '\0'));
    if (reserve_used)
      (void)files->remove(reserve_file); // half a reserve is none
  }

  // ---- appending; under the mutex

  /// After a failure: back to what is known to be good. False when the disk still refuses. What was
  /// appended before a failed append stays: it waits for its sync.
  bool recover() {
    const auto back_to = sync_failed ? synced_bytes : good_bytes;
    if (const auto done = file->truncate(back_to); !done)
      return false;
    if (sync_failed) {
      if (!file->sync())
        return false;
      good_bytes = back_to;
      sequence = synced_sequence;
    }
    failed = sync_failed = false;
    return true;
  }

  core::Status refuse(const files::FileError& why) {
    failed = true;
    error = why.detail;
    return tl::unexpected{files::disk_error(why, "journal")};
  }

  core::Status write(const std::string& frames, std::size_t count, bool vital) {
    auto done = file->append(frames);
    if (!done && done.error().fault == files::FileFault::disk_full && vital && !reserve_used) {
      (void)file->truncate(good_bytes);
      (void)files->remove(reserve_file);
      reserve_used = true;
      done = file->append(frames);
    }
    if (!done) {
      (void)file->truncate(good_bytes); // tried again in recover()
      return refuse(done.error());
    }
    good_bytes += frames.size();
    sequence += count;
    return {};
  }

  /// All or none, in one write.
  core::Status append_now(std::span<const Record> records) {
    const bool vital = std::ranges::all_of(records, core::orders::is_vital); // may use the reserve
    if (failed && (telling || !recover()))
      return fail(Errc::internal, error, "journal");
    if (reserve_used && !vital) {
      make_reserve();
      if (reserve_used)
        return fail(Errc::internal, "the disk is full", "journal");
    }
    std::string frames;
    auto next = sequence;
    for (const auto& record : records) {
      const auto payload = encode(record);
      if (!payload)
        return tl::unexpected{payload.error()};
      files::append_frame(frames, ++next, *payload);
    }
    if (good_bytes >= options.segment_bytes_max && waiting.empty() && !syncing)
      if (const auto begun = begin_segment(); !begun)
        return refuse(begun.error());
    return write(frames, records.size(), vital);
  }

  // ---- syncing

  /// Syncs what waits, and tells. @param lock is held on entry and on return, not in between.
  bool sync_waiting(std::unique_lock<std::mutex>& held) {
    if (waiting.empty())
      return false;
    auto told = std::exchange(waiting, {});
    const auto bytes = good_bytes;
    const auto upto = sequence;
    syncing = true;
    held.unlock();
    const auto done = file->sync();
    held.lock();
    syncing = false;
    core::Status status;
    if (done) {
      synced_bytes = bytes;
      synced_sequence = upto;
    } else {
      // Nothing is known of what came since the last sync, that which waits now included.
      status = refuse(done.error());
      sync_failed = true;
      auto later = std::exchange(waiting, {});
      std::move(later.begin(), later.end(), std::back_inserter(told));
    }
    telling = true;
    held.unlock();
    for (const auto& durable : told)
      if (durable)
        durable(status);
    held.lock();
    telling = false;
    return true;
  }

  void run_flusher() {
    std::unique_lock held{mutex};
    for (;;) {
      wake.wait(held, [this] { return stopping || !waiting.empty(); });
      wake.wait_for(held, gather_time, [this] { return stopping || hurry; });
      hurry = false;
      if (!sync_waiting(held) && stopping)
        return;
    }
  }
};

FileJournal::FileJournal(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

FileJournal::~FileJournal() {
  if (impl_->flusher.joinable()) {
    {
      const std::lock_guard held{impl_->mutex};
      impl_->stopping = true;
    }
    impl_->wake.notify_all();
    impl_->flusher.join();
  }
  if (impl_->file)
    (void)impl_->file->sync(); // the end of the run: what was promised is safe already
}

core::Result<FileJournal::Opened> FileJournal::open(std::unique_ptr<files::FileLayer> files,
                                                    FileJournalOptions options) {
  Opened opened;
  auto impl = std::make_unique<Impl>();
  impl->files = std::move(files);
  impl->options = std::move(options);
  if (const auto made = impl->files->make_directory(); !made)
    return fail(Errc::configuration, made.error().detail, "journal");
  auto lock = hold(*impl->files);
  if (!lock)
    return tl::unexpected{std::move(lock).error()};
  impl->lock = *std::move(lock);
  if (const auto loaded = impl->load(opened); !loaded)
    return tl::unexpected{loaded.error()};
  if (const auto begun = impl->begin_segment(); !begun)
    return tl::unexpected{files::disk_error(begun.error(), "journal")};
  (void)impl->lock->describe("engine " + impl->options.engine.text() + ", epoch "
                             + std::to_string(impl->epoch)); // for people only
  impl->make_reserve();
  const core::orders::RunRecord run{impl->epoch, impl->options.engine, impl->options.run_mode,
                                    impl->options.build,
                                    impl->options.wall ? core::to_millis(impl->options.wall()) : 0};
  if (const auto written = impl->append_now(std::array{Record{run}}); !written)
    return tl::unexpected{written.error()};
  if (const auto synced = impl->file->sync(); !synced)
    return tl::unexpected{files::disk_error(synced.error(), "journal")};
  impl->synced_bytes = impl->good_bytes;
  impl->synced_sequence = impl->sequence;
  opened.journal = std::unique_ptr<FileJournal>{new FileJournal{std::move(impl)}};
  if (opened.journal->impl_->options.mode == SyncMode::fsync)
    opened.journal->impl_->flusher
        = std::thread{[impl = opened.journal->impl_.get()] { impl->run_flusher(); }};
  return opened;
}

void FileJournal::append(const Record& record, std::function<void(core::Status)> durable) {
  append({&record, 1}, false, std::move(durable));
}

void FileJournal::append_first(std::span<const Record> records,
                               std::function<void(core::Status)> durable) {
  append(records, true, std::move(durable));
}

void FileJournal::append(std::span<const Record> records, bool first,
                         std::function<void(core::Status)> durable) {
  core::Status status;
  bool waits = false;
  {
    const std::lock_guard held{impl_->mutex};
    status = impl_->append_now(records);
    waits = status && impl_->options.mode != SyncMode::os;
    if (waits) {
      impl_->waiting.push_back(std::move(durable));
      impl_->hurry = impl_->hurry || first;
    }
  }
  // Let go first: the flusher would wake only to wait for the mutex.
  if (waits)
    impl_->wake.notify_one();
  else if (durable)
    durable(std::move(status));
}

core::Result<Compaction> FileJournal::compact() {
  const std::lock_guard one_at_a_time{impl_->compacting};
  return read_and_compact(*impl_->files, impl_->options);
}

core::Result<Compaction> FileJournal::compact_unused(files::FileLayer& files,
                                                     const FileJournalOptions& options) {
  const auto lock = hold(files);
  if (!lock)
    return tl::unexpected{lock.error()};
  return read_and_compact(files, options);
}

bool FileJournal::pump() {
  std::unique_lock held{impl_->mutex};
  return impl_->sync_waiting(held);
}

std::uint64_t FileJournal::epoch() const {
  return impl_->epoch;
}

FileJournal::State FileJournal::state() const {
  const std::lock_guard held{impl_->mutex};
  return {impl_->failed, impl_->reserve_used, impl_->sequence, impl_->error};
}

} // namespace tandem::adapters::journal
