/// The tools for what a capture sink wrote: is it whole, what is in it. They only read, and work
/// beside a running engine.
#pragma once

#include <ostream>
#include <string>

namespace tandem::apps {

struct CaptureToolOptions {
  std::string directory;
  std::string series; ///< "events", "frames-binance_spot"; empty: events
};

/// One line per file, one per stream of records (count, numbers, missing, doubled) and `capture: in
/// order`. Returns the exit code: 0, also with a torn end of a file that is being written; 65
/// damaged or with missing numbers (the faults on `errors`); 69 not to be read.
int run_capture_verify(const CaptureToolOptions& options, std::ostream& output,
                       std::ostream& errors);

/// The lines of one series, in order. Exit codes as above.
int run_capture_show(const CaptureToolOptions& options, std::ostream& output, std::ostream& errors);

} // namespace tandem::apps
