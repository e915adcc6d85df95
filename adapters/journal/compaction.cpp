// Old files of the journal folded into one.
#include "adapters/files/frame.hpp"
#include "adapters/journal/file_journal.hpp"
#include "adapters/journal/record_codec.hpp"
#include "core/orders/fold.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

namespace tandem::adapters::journal {
namespace {

using core::orders::Record;

const std::string draft_file = "trading.compacting";
constexpr std::chrono::hours least_kept{48};

core::UnixMillis newest(const std::vector<Record>& records) {
  core::UnixMillis time = 0;
  for (const auto& record : records)
    time = std::max(time, core::orders::time_of(record));
  return time;
}

/// How many of the oldest files are whole, this engine's, and older than `before`. Never the last.
std::size_t old_files(std::span<const JournalFile> files, const FileJournalOptions& options,
                      core::UnixMillis before) {
  std::size_t count = 0;
  std::uint64_t next = 0;
  while (count + 1 < files.size()) {
    const auto& file = files[count];
    if (!file.contents || !fault_of(file, false, next).empty()
        || file.contents->header.engine != options.engine
        || newest(file.contents->records) >= before)
      break;
    next = file.contents->next_sequence();
    ++count;
  }
  return count;
}

core::Result<std::string> encoded(const SegmentHeader& header, const std::vector<Record>& records) {
  auto bytes = encode_header(header);
  auto sequence = header.first_sequence;
  for (const auto& record : records) {
    const auto payload = encode(record);
    if (!payload)
      return tl::unexpected{payload.error()};
    files::append_frame(bytes, sequence++, *payload);
  }
  return bytes;
}

files::FileStatus write_draft(files::FileLayer& files, std::string_view bytes) {
  const auto draft = files.create(draft_file);
  if (!draft)
    return tl::unexpected{draft.error()};
  if (const auto done = (*draft)->append(bytes); !done)
    return done;
  return (*draft)->sync();
}

/// In the place of the last of `old`, then without the others.
files::FileStatus replace(files::FileLayer& files, std::span<const JournalFile> old,
                          std::string_view bytes) {
  if (const auto done = write_draft(files, bytes); !done) {
    (void)files.remove(draft_file); // the space is needed
    return done;
  }
  if (const auto done = files.rename(draft_file, old.back().name); !done)
    return done;
  if (const auto done = files.sync_directory(); !done)
    return done;
  for (const auto& file : old.first(old.size() - 1))
    if (const auto gone = files.remove(file.name); !gone)
      return gone;
  return files.sync_directory();
}

} // namespace

core::Result<Compaction> compact_journal(files::FileLayer& files, const FileJournalOptions& options,
                                         std::span<const JournalFile> found) {
  if (!options.wall)
    return Compaction{};
  const auto before = core::to_millis(options.wall() - std::max(options.keep, least_kept));
  const auto old = found.first(old_files(found, options, before));
  Compaction done;
  for (const auto& file : old)
    done.bytes_before += file.bytes;
  if (old.empty() || done.bytes_before < options.compact_bytes_min)
    return Compaction{};
  std::vector<Record> records;
  SegmentHeader header{options.engine, 0, 0};
  for (const auto& file : old) {
    header.epoch = std::max(header.epoch, file.contents->header.epoch);
    records.insert(records.end(), file.contents->records.begin(), file.contents->records.end());
  }
  const auto through = old.back().contents->next_sequence() - 1;
  const auto folded = core::orders::fold(records, options.engine, through);
  if (folded.size() >= records.size())
    return Compaction{};
  header.first_sequence = through - folded.size() + 1;
  const auto bytes = encoded(header, folded);
  if (!bytes)
    return tl::unexpected{bytes.error()};
  if (const auto status = replace(files, old, *bytes); !status)
    return tl::unexpected{files::disk_error(status.error(), "journal")};
  done.files = old.size();
  done.records_before = records.size();
  done.records_after = folded.size();
  done.bytes_after = bytes->size();
  return done;
}

} // namespace tandem::adapters::journal
