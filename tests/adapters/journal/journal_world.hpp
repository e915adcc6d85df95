/// Records and a disk in memory for the tests of the trading journal.
#pragma once

#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"
#include "adapters/journal/file_journal.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem::tests {

inline adapters::journal::FileJournalOptions journal_options(adapters::journal::SyncMode mode
                                                             = adapters::journal::SyncMode::os) {
  adapters::journal::FileJournalOptions options;
  options.mode = mode;
  options.engine = core::orders::EngineId{"test"};
  options.run_mode = "mock";
  options.build = "0";
  options.reserve_bytes = 4'096;
  return options;
}

/// The n-th order of a run: an intent, later its end.
inline core::orders::Record intent_record(std::uint64_t n) {
  core::orders::IntentRecord record;
  record.intent.id = core::orders::make_client_id({core::orders::EngineId{"test"}, 1, n});
  record.intent.draft.instrument
      = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  record.intent.draft.scale = {2, 5};
  record.intent.draft.price = {6'173'763};
  record.intent.draft.quantity = {static_cast<std::int64_t>(n)};
  record.intent.created_at = 1'700'000'000'000;
  record.base = "BTC";
  record.quote = "USDT";
  return record;
}

inline core::orders::Record fill_record(std::uint64_t n) {
  core::orders::FillRecord record;
  record.id = core::orders::make_client_id({core::orders::EngineId{"test"}, 1, n});
  record.fill.trade_id = std::to_string(n);
  record.fill.price = {6'173'763};
  record.fill.quantity = {1};
  record.fill.fee = {123'456'789};
  record.fill.fee_asset = "USDT";
  return record;
}

/// Without the RunRecords.
inline std::vector<core::orders::Record>
without_runs(const std::vector<core::orders::Record>& records) {
  std::vector<core::orders::Record> rest;
  for (const auto& record : records)
    if (!std::holds_alternative<core::orders::RunRecord>(record))
      rest.push_back(record);
  return rest;
}

inline adapters::journal::FileJournal::Opened
open_journal(std::unique_ptr<adapters::files::FileLayer> files,
             adapters::journal::FileJournalOptions options = journal_options()) {
  auto opened = adapters::journal::FileJournal::open(std::move(files), std::move(options));
  if (!opened)
    FAIL(core::describe(opened.error()));
  return *std::move(opened);
}

} // namespace tandem::tests
