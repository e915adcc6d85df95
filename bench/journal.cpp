/// Measures the journal on a real disk: what an intent costs until its order may leave, alone and
/// with others beside it, against one fdatasync of the same disk.
///
/// usage: bench_journal [--records 200000] [--syncs 300] [--rounds 5] [--dir DIR]
///   --records  appended per round in mode os
///   --syncs    durable records per round and number of writers in mode fsync, and bare fdatasyncs
///   --dir      the disk that is measured; default: the folder for temporary files
#include "adapters/files/posix_files.hpp"
#include "adapters/journal/file_journal.hpp"
#include "bench/loopback.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>

namespace tandem::bench {
namespace {

using adapters::journal::FileJournal;
using adapters::journal::SyncMode;

core::orders::Record intent(std::uint64_t n) {
  core::orders::IntentRecord record;
  record.intent.id = core::orders::make_client_id({core::orders::EngineId{"bnch"}, 1, n});
  record.intent.draft.instrument
      = {core::VenueId{"binance"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  record.intent.draft.scale = {2, 3};
  record.intent.draft.price = {6'173'763};
  record.intent.draft.quantity = {10};
  record.intent.draft.origin.pair = core::PairId{"binance_bybit_btc"};
  record.intent.draft.origin.execution = n;
  record.intent.created_at = 1'700'000'000'000;
  record.base = "BTC";
  record.quote = "USDT";
  return record;
}

std::unique_ptr<FileJournal> open(const std::string& folder, SyncMode mode) {
  std::filesystem::remove_all(folder);
  adapters::journal::FileJournalOptions options;
  options.mode = mode;
  options.engine = core::orders::EngineId{"bnch"};
  auto opened = FileJournal::open(adapters::files::posix_files(folder), std::move(options));
  if (!opened)
    throw std::runtime_error{core::describe(opened.error())};
  return std::move(opened->journal);
}

/// @returns records/s
double run_os(const std::string& folder, std::int64_t records, std::vector<std::int64_t>& samples) {
  const auto journal = open(folder, SyncMode::os);
  const auto record = intent(1);
  const auto begin = now_ns();
  auto before = begin;
  for (std::int64_t n = 0; n < records; ++n) {
    journal->append(record, {});
    const auto now = now_ns();
    samples.push_back(now - before);
    before = now;
  }
  constexpr double ns_per_second = 1e9;
  return static_cast<double>(records) / (static_cast<double>(before - begin) / ns_per_second);
}

/// Each of `writers` threads appends the next record when its last one is durable. A sample ends
/// when the journal says so, on its own thread: from there the order leaves. That the writer of
/// this program is woken then, too, is no part of it.
/// @returns records/s
double run_fsync(const std::string& folder, std::int64_t records, int writers,
                 std::vector<std::int64_t>& samples) {
  const auto journal = open(folder, SyncMode::fsync);
  std::mutex mutex;
  std::vector<std::thread> threads;
  const auto begin = now_ns();
  for (int writer = 0; writer < writers; ++writer)
    threads.emplace_back([&, share = records / writers] {
      const auto record = intent(1);
      std::vector<std::int64_t> own;
      for (std::int64_t n = 0; n < share; ++n) {
        std::mutex waiting;
        std::condition_variable told;
        bool durable = false;
        const auto at = now_ns();
        journal->append_first({&record, 1}, [&](const core::Status& status) {
          const auto took = now_ns() - at;
          const std::lock_guard held{waiting};
          own.push_back(took);
          durable = status.has_value();
          told.notify_one();
        });
        std::unique_lock held{waiting};
        told.wait(held, [&] { return durable; });
      }
      const std::lock_guard held{mutex};
      samples.insert(samples.end(), own.begin(), own.end());
    });
  for (auto& thread : threads)
    thread.join();
  constexpr double ns_per_second = 1e9;
  return static_cast<double>(records) / (static_cast<double>(now_ns() - begin) / ns_per_second);
}

/// The disk alone: a record's bytes appended and made durable, again and again.
void run_bare(const std::string& folder, std::int64_t syncs, std::vector<std::int64_t>& samples) {
  const auto name = folder + "/bare";
  const int file = ::open(name.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0)
    throw std::runtime_error{name + ": cannot be made"};
  const std::string bytes(200, 'x');
  for (std::int64_t n = 0; n < syncs; ++n) {
    const auto at = now_ns();
    if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0)
      throw std::runtime_error{name + ": cannot be written"};
    samples.push_back(now_ns() - at);
  }
  ::close(file);
}

void print_rate(std::string_view what, std::vector<double>& rates) {
  Figure{"journal"}.add("what", what).add_rounds("records_per_second", rates).print();
}

int run(const Options& options) {
  const auto folder = scratch_folder(options, "tandem-journal");
  constexpr std::array<int, 3> writers{1, 8, 32};
  std::vector<std::int64_t> os;
  std::vector<std::int64_t> bare;
  std::vector<double> os_rates;
  std::map<int, std::vector<std::int64_t>> fsync;
  std::map<int, std::vector<double>> fsync_rates;
  for (std::int64_t round = 0; round < options.number("rounds"); ++round) {
    os_rates.push_back(run_os(folder + "/os", options.number("records"), os));
    run_bare(folder, options.number("syncs"), bare);
    for (const int count : writers)
      fsync_rates[count].push_back(
          run_fsync(folder + "/fsync", options.number("syncs"), count, fsync[count]));
  }
  Figure{"journal"}.add("what", "os: append until the order may leave").add_latency(os).print();
  print_rate("os", os_rates);
  Figure{"journal"}.add("what", "the disk alone: write and fdatasync").add_latency(bare).print();
  for (const int count : writers) {
    const auto what = fmt::format("fsync, {} at once", count);
    Figure{"journal"}.add("what", what).add_latency(fsync[count]).print();
    print_rate(what, fsync_rates[count]);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench(
      "journal", count, arguments,
      {{"records", "200000"}, {"syncs", "300"}, {"rounds", "5"}, {"dir", ""}}, tandem::bench::run);
}
