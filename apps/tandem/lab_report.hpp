/// What the protocol laboratory prints about a replayed book: the keys of the expected results that
/// lie beside the recordings. Reads nothing, computes nothing.
#pragma once

#include "apps/tandem/lab_book.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tandem::apps {

/// One recording as a whole.
struct LabRecording {
  std::vector<std::string> files; ///< names without folders
  std::uint64_t lines = 0;        ///< messages handled
  std::map<std::string, std::uint64_t>
      messages; ///< by stream: "depth", "bookTicker", "kline_1m"; Bybit: "delta50", "l1"
  std::map<std::string, std::string> faults; ///< "file:line" -> what was wrong; the first ones
  std::uint64_t fault_count = 0;
  std::optional<std::int64_t> first_ns; ///< receive times
  std::int64_t last_ns = 0;
  std::map<std::string, SymbolBook> books;
};

/// After one input message. @param book null when the message belongs to none.
/// @param error what was wrong with the message itself.
[[nodiscard]] boost::json::object each_report(std::uint64_t n, const SymbolBook* book,
                                              const adapters::venues::ReplicaStep& step,
                                              const std::optional<core::Error>& error);

/// One symbol: its keys at the top; several: below "symbols".
[[nodiscard]] boost::json::object binance_report(const LabRecording& recording);
[[nodiscard]] boost::json::object bybit_report(const LabRecording& recording);

} // namespace tandem::apps
