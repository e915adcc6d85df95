/// The protocol laboratory: a venue's real codec and book rules on recorded or hand-made input,
/// JSON out. For whoever adds a venue, reports a problem or verifies a recording.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace tandem::apps {

struct LabBookOptions {
  std::string venue;
  std::string type;               ///< spot | linear
  bool each = false;              ///< one line per input message besides the summary
  std::string symbol;             ///< only this one; empty = all
  std::vector<std::string> files; ///< empty = `input`
};

/// Replays public frames and REST snapshots and prints the state at the end as one JSON object.
/// Several files are read as one recording in the order of their receive times. Returns the exit
/// code: 0 all lines handled, whatever they said; 64 unknown venue or type, or a file that cannot
/// be opened; 65 input that is not JSON lines (file and line on `errors`).
int run_lab_book(const LabBookOptions& options, std::istream& input, std::ostream& output,
                 std::ostream& errors);

} // namespace tandem::apps
