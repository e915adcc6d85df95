/// The laboratory's order side on JSON lines: what becomes of an order that a venue speaks of, what
/// its refusals mean, what is signed. The venue's real adapter and the engine's own order; no
/// connection. Input as of `lab book` (apps/tandem/line_input.hpp).
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace tandem::apps {

struct LabLinesOptions {
  std::string venue;
  std::string type;               ///< spot | linear
  std::vector<std::string> files; ///< empty = `input`
};

// Exit codes of all three: 0 all lines handled, whatever they said; 64 unknown venue or type, or a
// file that cannot be opened; 65 input that is not JSON lines, or a line without what is asked for
// (file and line on `errors`).

/// Private-stream messages and REST replies of one order, in the order in which they came. A reply
/// is the venue's body, or {"reply": "place"|"cancel"|"query"|"fills", "http": N, "body": ...};
/// "http": 0 is no answer. Of a query that found nothing each counts, as if they were asked as far
/// apart as the rule wants. Prints {"state","filled","average_price","fills","fee","needs_query"}:
/// fills are counted, fee is by asset. Words on other orders than the first are said on `errors`.
int run_lab_order(const LabLinesOptions& options, std::istream& input, std::ostream& output,
                  std::ostream& errors);

/// {"http": N, "body": ...} each, the body as text or as JSON: prints {"code","retryable",
/// "unknown_outcome"}, and the venue's words as "message".
int run_lab_error_lines(const LabLinesOptions& options, std::istream& input, std::ostream& output,
                        std::ostream& errors);

/// {"secret" or "private_key", "prehash" or "request": {"method","path","query","body","params",
/// "socket","api_key","recv_window","timestamp"}} each: prints {"prehash","signature"}.
int run_lab_sign_lines(const LabLinesOptions& options, std::istream& input, std::ostream& output,
                       std::ostream& errors);

} // namespace tandem::apps
