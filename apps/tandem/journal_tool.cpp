#include "apps/tandem/journal_tool.hpp"

#include "adapters/journal/file_journal.hpp"
#include "adapters/journal/posix_files.hpp"
#include "adapters/journal/record_json.hpp"
#include "apps/tandem/engine.hpp"

#include <fmt/format.h>

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

/// What is wrong with this file where it stands; empty = nothing.
std::string fault_of(const JournalFile& file, bool last, const Walked& so_far) {
  if (!file.contents) {
    // A run that ended while it made its first file left nothing in it.
    const bool unborn = last && file.bytes <= adapters::journal::segment_header_bytes;
    return unborn ? std::string{} : core::describe(file.contents.error());
  }
  const auto& contents = *file.contents;
  if (so_far.last != 0 && contents.header.first_sequence != so_far.last + 1)
    return fmt::format("begins with record {}, the file before it ends with {}",
                       contents.header.first_sequence, so_far.last);
  if (contents.tail == TailState::torn && !last)
    return fmt::format("is torn behind byte {}, and a later file follows", contents.good_bytes);
  return {};
}

Walked walk(const JournalToolOptions& options, std::ostream& errors, const OnSegment& on_segment,
            const OnRecord& on_record) {
  Walked result;
  const auto directory = journal_directory(options.directory);
  const auto files = adapters::journal::posix_files(directory);
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
    if (const auto fault = fault_of(file, last, result); !fault.empty()) {
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

} // namespace tandem::apps
