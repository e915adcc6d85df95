#include "apps/tandem/journal_tool.hpp"

#include "adapters/files/posix_files.hpp"
#include "adapters/journal/file_journal.hpp"
#include "adapters/journal/record_json.hpp"
#include "apps/tandem/engine.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <system_error>
#include <vector>

namespace tandem::apps {
namespace {

using adapters::journal::JournalFile;
using adapters::journal::TailState;

std::string journal_directory(const std::string& given) {
  std::error_code ignored;
  const auto below = std::filesystem::path{given} / "journal";
  return std::filesystem::is_directory(below, ignored) ? below.string() : given;
}

struct Walked {
  int code = exit_ok;
  std::uint64_t records = 0, first = 0, last = 0, torn_bytes = 0;
};

using OnSegment = std::function<void(const JournalFile&)>;
using OnRecord = std::function<void(std::uint64_t sequence, const core::orders::Record&)>;

Walked walk(const JournalToolOptions& options, std::ostream& errors, const OnSegment& on_segment,
            const OnRecord& on_record) {
  Walked result;
  const auto directory = journal_directory(options.directory);
  const auto files = adapters::files::posix_files(directory);
  const auto found = adapters::journal::read_journal(*files);
  if (!found || found->empty()) {
    errors << (found ? directory + ": there is no journal here" : core::describe(found.error()))
           << '\n';
    result.code = exit_unavailable;
    return result;
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto& file = (*found)[i];
    const bool last = i + 1 == found->size();
    const auto next = result.last == 0 ? 0 : result.last + 1;
    if (const auto fault = adapters::journal::fault_of(file, last, next); !fault.empty()) {
      errors << files->path_of(file.name) << ": " << fault << '\n';
      result.code = exit_data;
      return result;
    }
    if (on_segment)
      on_segment(file);
    if (!file.contents) {
      result.torn_bytes += file.bytes;
      continue;
    }
    auto sequence = file.contents->header.first_sequence;
    if (result.first == 0)
      result.first = sequence;
    for (const auto& record : file.contents->records) {
      if (on_record && sequence >= options.from && sequence <= options.to)
        on_record(sequence, record);
      result.last = sequence++;
      ++result.records;
    }
    result.torn_bytes += file.bytes - file.contents->good_bytes;
  }
  return result;
}

} // namespace

int run_journal_verify(const JournalToolOptions& options, std::ostream& output,
                       std::ostream& errors) {
  const auto result = walk(
      options, errors,
      [&](const JournalFile& file) {
        if (!file.contents) {
          output << fmt::format("{}: {} bytes, of a run that ended at its start\n", file.name,
                                file.bytes);
          return;
        }
        const auto& contents = *file.contents;
        output << fmt::format("{}: engine {}, epoch {}, {} records from {}, {} bytes", file.name,
                              contents.header.engine.text(), contents.header.epoch,
                              contents.records.size(), contents.header.first_sequence, file.bytes);
        if (contents.tail == TailState::torn)
          output << fmt::format(", {} of them a torn end (not promised to anyone)",
                                file.bytes - contents.good_bytes);
        output << '\n';
      },
      {});
  if (result.code == exit_ok)
    output << fmt::format("{} records, {} to {}, {} bytes torn\njournal: in order\n",
                          result.records, result.first, result.last, result.torn_bytes);
  return result.code;
}

int run_journal_dump(const JournalToolOptions& options, std::ostream& output,
                     std::ostream& errors) {
  return walk(options, errors, {},
              [&](std::uint64_t sequence, const core::orders::Record& record) {
                output << adapters::journal::to_text(sequence, record) << '\n';
              })
      .code;
}

int run_journal_export(const JournalToolOptions& options, std::ostream& output,
                       std::ostream& errors) {
  const bool to_output = options.file == "-";
  const auto draft = options.file + ".part";
  std::ofstream file;
  if (!to_output) {
    file.open(draft, std::ios::trunc);
    if (!file) {
      errors << draft << ": cannot be written\n";
      return exit_unavailable;
    }
  }
  auto& out = to_output ? output : file;
  auto result
      = walk(options, errors, {}, [&](std::uint64_t sequence, const core::orders::Record& record) {
          out << adapters::journal::to_json(sequence, record) << '\n';
        });
  out.flush();
  if (!out && result.code == exit_ok) {
    errors << options.file << ": could not be written to its end\n";
    result.code = exit_unavailable;
  }
  if (to_output)
    return result.code;
  std::error_code problem;
  if (result.code == exit_ok)
    std::filesystem::rename(draft, options.file, problem);
  else
    std::filesystem::remove(draft, problem);
  if (problem) {
    errors << options.file << ": " << problem.message() << '\n';
    return exit_unavailable;
  }
  if (result.code == exit_ok)
    output << fmt::format("{} records of {} to {} in {}\n", result.records, result.first,
                          result.last, options.file);
  return result.code;
}

int run_journal_compact(const JournalToolOptions& options, std::ostream& output,
                        std::ostream& errors) {
  const auto directory = journal_directory(options.directory);
  const auto files = adapters::files::posix_files(directory);
  const auto found = adapters::journal::read_journal(*files);
  if (!found || found->empty() || !found->front().contents) {
    errors << (!found           ? core::describe(found.error())
               : found->empty() ? directory + ": there is no journal here"
                                : core::describe(found->front().contents.error()))
           << '\n';
    return exit_unavailable;
  }
  adapters::journal::FileJournalOptions journal;
  journal.engine = found->front().contents->header.engine;
  journal.keep = options.keep;
  journal.compact_bytes_min = 0;
  journal.wall = [] { return std::chrono::system_clock::now(); };
  const auto done = adapters::journal::FileJournal::compact_unused(*files, journal);
  if (!done) {
    errors << core::describe(done.error()) << '\n';
    return exit_unavailable;
  }
  if (done->files == 0)
    output << "nothing to fold: no whole file is old enough, or nothing would be gained\n";
  else
    output << fmt::format("{} files with {} records ({} bytes) are one with {} ({} bytes)\n",
                          done->files, done->records_before, done->bytes_before,
                          done->records_after, done->bytes_after);
  return exit_ok;
}

} // namespace tandem::apps
