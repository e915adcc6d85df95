/// The journal's tools: is it whole, what is in it, a copy for the auditor. They only read, take no
/// lock, and work beside a running engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>

namespace tandem::apps {

struct JournalToolOptions {
  std::string directory; ///< the journal's, or the state directory above it
  std::uint64_t from = 1;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max(); ///< sequence numbers, both included
  std::string file;                ///< of export; "-" = standard output
  std::chrono::hours keep{7 * 24}; ///< of compact
};

/// One line per segment, one of all, and `journal: in order`. Returns the exit code: 0; 65 damaged
/// (the first fault on `errors`); 69 not to be read.
int run_journal_verify(const JournalToolOptions& options, std::ostream& output,
                       std::ostream& errors);

/// One line per record for people: sequence, kind, fields.
int run_journal_dump(const JournalToolOptions& options, std::ostream& output, std::ostream& errors);

/// One JSON object per line and record, written beside and renamed when it is complete.
int run_journal_export(const JournalToolOptions& options, std::ostream& output,
                       std::ostream& errors);

/// Folds old files together; refused (69) while an engine holds the journal.
int run_journal_compact(const JournalToolOptions& options, std::ostream& output,
                        std::ostream& errors);

} // namespace tandem::apps
