#include "apps/tandem/lab_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace tandem::apps {

namespace {

namespace json = boost::json;
using adapters::venues::ReplicaStep;
using core::market::Side;

constexpr std::size_t top_levels = 5;

json::value pair_value(const TextPair& pair) {
  return json::array{pair.first, pair.second};
}

/// [price, size] or null when the side is empty.
json::value best(const SymbolBook& book, Side side) {
  const auto levels = book.top(side, 1);
  return levels.empty() ? json::value{} : pair_value(levels.front());
}

json::array top(const SymbolBook& book, Side side) {
  json::array levels;
  for (const auto& pair : book.top(side, top_levels))
    levels.push_back(pair_value(pair));
  return levels;
}

std::size_t depth(const SymbolBook& book, Side side) {
  return book.replica() == nullptr ? 0 : book.replica()->book().depth(side);
}

json::value optional_id(const std::optional<std::uint64_t>& id) {
  return id ? json::value(*id) : json::value{};
}

json::value final_id(const SymbolBook& book) {
  return book.replica() == nullptr ? json::value{} : json::value(book.replica()->last_id());
}

json::value first_applied(const BookCounts& counts) {
  if (!counts.first_applied)
    return nullptr;
  return json::array{counts.first_applied->first, counts.first_applied->second};
}

/// Seconds between the first and the last receive time, to the millisecond.
json::value duration(const LabRecording& recording) {
  if (!recording.first_ns)
    return nullptr;
  const auto ns = recording.last_ns - *recording.first_ns;
  const auto ms = (ns + 500'000) / 1'000'000;
  return static_cast<double>(ms) / 1'000; // a length of time for people, not money
}

json::array rows(const MinuteBars& bars) {
  json::array list;
  for (const auto& row : bars.full_minutes()) {
    const auto& texts = row.texts;
    list.push_back(json::array{row.open_time, texts.open, texts.high, texts.low, texts.close,
                               texts.volume, texts.quote_volume, texts.trade_count,
                               texts.taker_buy_volume});
  }
  return list;
}

void add_faults(json::object& report, const LabRecording& recording) {
  json::object faults;
  for (const auto& [line, why] : recording.faults)
    faults[line] = why;
  report["fault_lines"] = std::move(faults);
  if (recording.fault_count > recording.faults.size())
    report["fault_count"] = recording.fault_count;
}

json::array file_names(const LabRecording& recording) {
  json::array files;
  for (const auto& file : recording.files)
    files.emplace_back(file);
  return files;
}

json::object counts_by_stream(const LabRecording& recording) {
  json::object messages;
  for (const auto& [stream, count] : recording.messages)
    messages[stream] = count;
  return messages;
}

void add_binance_book(json::object& report, const SymbolBook& book) {
  const auto& counts = book.counts();
  report["snapshot_lastUpdateId"] = optional_id(counts.snapshot_id);
  report["depth_dropped_before_snapshot"] = counts.dropped_before_first;
  report["first_applied_U_u"] = first_applied(counts);
  report["depth_applied"] = counts.applied;
  report["sequence_gaps"] = counts.gaps;
  report["crossed_after_apply"] = counts.crossed;
  report["bookticker_equal_at_same_u"] = counts.best_equal;
  report["bookticker_different_at_same_u"] = counts.best_different;
  report["trade_id_jumps"] = counts.trade_id_jumps;
}

void add_binance_final(json::object& report, const SymbolBook& book) {
  report["final_update_id"] = final_id(book);
  report["final_bid_levels"] = depth(book, Side::bid);
  report["final_ask_levels"] = depth(book, Side::ask);
  report["final_best_bid"] = best(book, Side::bid);
  report["final_best_ask"] = best(book, Side::ask);
  report["final_top5_bids"] = top(book, Side::bid);
  report["final_top5_asks"] = top(book, Side::ask);
  report["final_book_sha256"] = book.sha256();
  report["full_minute_klines_from_trades"] = rows(book.bars());
}

json::object binance_symbol(const SymbolBook& book) {
  const auto& counts = book.counts();
  json::object report;
  report["lastUpdateId"] = optional_id(counts.snapshot_id);
  report["first_applied_U_u"] = first_applied(counts);
  report["applied"] = counts.applied;
  report["gaps"] = counts.gaps;
  report["crossed"] = counts.crossed;
  report["final_update_id"] = final_id(book);
  report["final_best_bid"] = best(book, Side::bid);
  report["final_best_ask"] = best(book, Side::ask);
  report["final_book_sha256"] = book.sha256();
  return report;
}

void add_bybit_book(json::object& report, const SymbolBook& book) {
  const auto& counts = book.counts();
  report["snapshot_u"] = optional_id(counts.snapshot_id);
  report["final_u"] = final_id(book);
  report["final_seq"] = counts.cross_sequence;
  report["u_gaps"] = counts.gaps;
  report["crossed"] = counts.crossed;
  report["final_best_bid"] = best(book, Side::bid);
  report["final_best_ask"] = best(book, Side::ask);
  report["bid_levels"] = depth(book, Side::bid);
  report["ask_levels"] = depth(book, Side::ask);
  report["final_window_bid_levels"] = depth(book, Side::bid);
  report["final_window_ask_levels"] = depth(book, Side::ask);
  report["final_top5_bids"] = top(book, Side::bid);
  report["final_top5_asks"] = top(book, Side::ask);
  report["final_book_sha256"] = book.sha256();
}

} // namespace

json::object each_report(std::uint64_t n, const SymbolBook* book, const ReplicaStep& step,
                         const std::optional<core::Error>& error) {
  json::object report;
  report["n"] = n;
  if (error)
    report["action"] = "error";
  else
    report["action"] = std::string{adapters::venues::to_string(step.action)};
  const bool known = book != nullptr && book->replica() != nullptr;
  report["live"] = known && book->replica()->live();
  report["seq"] = known ? final_id(*book) : json::value{};
  report["bids"] = known ? depth(*book, Side::bid) : 0;
  report["asks"] = known ? depth(*book, Side::ask) : 0;
  report["best_bid"] = known ? best(*book, Side::bid) : json::value{};
  report["best_ask"] = known ? best(*book, Side::ask) : json::value{};
  report["crc25"] = known ? json::value(book->crc25()) : json::value{};
  if (error)
    report["error"] = core::describe(*error);
  else if (step.error)
    report["error"] = core::describe(*step.error);
  return report;
}

json::object binance_report(const LabRecording& recording) {
  json::object report;
  report["files"] = file_names(recording);
  auto messages = counts_by_stream(recording);
  if (recording.books.size() > 1) {
    report["messages"] = std::move(messages);
    report["duration_s"] = duration(recording);
    json::object symbols;
    for (const auto& [symbol, book] : recording.books)
      symbols[symbol] = binance_symbol(book);
    report["symbols"] = std::move(symbols);
  } else {
    // Of one symbol the diffs go by their event's name, and the snapshot counts as a message.
    const MinuteBars no_bars;
    if (auto* depths = messages.if_contains("depth")) {
      const auto count = *depths;
      messages.erase("depth");
      messages["depthUpdate"] = count;
    }
    if (!recording.books.empty()) {
      const auto& [symbol, book] = *recording.books.begin();
      messages["snapshot"] = book.counts().snapshots;
      messages["del_missing"] = book.counts().deleted_unknown;
      report["symbol"] = symbol;
      report["messages"] = std::move(messages);
      add_binance_book(report, book);
      report["duration_s"] = duration(recording);
      add_binance_final(report, book);
    } else {
      report["messages"] = std::move(messages);
      report["duration_s"] = duration(recording);
    }
  }
  if (recording.fault_count > 0)
    add_faults(report, recording);
  return report;
}

json::object bybit_report(const LabRecording& recording) {
  json::object report;
  if (recording.files.size() == 1)
    report["file"] = recording.files.front();
  else
    report["files"] = file_names(recording);
  report["messages"] = recording.lines;
  report["lines"] = recording.lines;
  report["counts"] = counts_by_stream(recording);
  report["duration_s"] = duration(recording);
  if (recording.books.size() == 1) {
    report["symbol"] = recording.books.begin()->first;
    add_bybit_book(report, recording.books.begin()->second);
  } else {
    json::object symbols;
    for (const auto& [symbol, book] : recording.books)
      add_bybit_book(symbols[symbol].emplace_object(), book);
    report["symbols"] = std::move(symbols);
  }
  add_faults(report, recording);
  return report;
}

} // namespace tandem::apps
