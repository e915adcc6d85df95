#include "tests/adapters/journal/journal_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace tandem::tests {
namespace {

using namespace adapters::journal;
using namespace std::chrono_literals;
using core::orders::CheckpointRecord;
using core::orders::Record;

constexpr auto written_at = std::chrono::milliseconds{1'700'000'000'000}; // as in journal_world.hpp

/// Small files, and a clock `after` the records were written.
FileJournalOptions options(std::chrono::hours after) {
  auto made = journal_options();
  made.segment_bytes_max = 2'000;
  made.compact_bytes_min = 1'000;
  made.keep = 72h;
  made.wall = [after] { return core::WallTime{written_at + after}; };
  return made;
}

Record end_record(std::uint64_t n) {
  return core::orders::ResolvedRecord{
      core::orders::make_client_id({core::orders::EngineId{"test"}, 1, n}),
      core::orders::VenueStatus::cancelled, "ann"};
}

/// A run of orders that are over after a fill of one unit each, but for the very first one, which
/// waits.
void run(adapters::files::MemoryDisk& disk, std::uint64_t orders, std::uint64_t first = 1) {
  auto opened = open_journal(disk.files(), options(0h));
  for (std::uint64_t n = first; n < first + orders; ++n) {
    opened.journal->append(intent_record(n), {});
    if (n == 1)
      continue;
    opened.journal->append(fill_record(n), {});
    opened.journal->append(end_record(n), {});
  }
}

std::size_t segments(const adapters::files::MemoryDisk& disk) {
  return static_cast<std::size_t>(std::ranges::count_if(
      disk.contents(), [](const auto& file) { return file.first.ends_with(".log"); }));
}

/// Ids of the orders that the records tell of, and the sums that a checkpoint among them gives.
struct Told {
  explicit Told(const std::vector<Record>& records) {
    for (const auto& record : records) {
      if (const auto* intent = std::get_if<core::orders::IntentRecord>(&record))
        orders.insert(intent->intent.id.text());
      if (const auto* found = std::get_if<CheckpointRecord>(&record))
        checkpoint = *found;
    }
  }

  std::set<std::string> orders;
  std::optional<CheckpointRecord> checkpoint;
};

/// Nothing is lost: what is still told of by name and what was folded are all there ever was.
void check_whole(const std::vector<Record>& records, std::uint64_t orders) {
  const Told told{records};
  CHECK(told.orders.contains(
      core::orders::make_client_id({core::orders::EngineId{"test"}, 1, 1}).text()));
  const auto folded = told.checkpoint ? told.checkpoint->orders_folded : 0;
  CHECK(told.orders.size() + folded == orders);
  if (!told.checkpoint)
    return;
  REQUIRE(told.checkpoint->sums.instruments.size() == 1);
  CHECK(told.checkpoint->sums.instruments[0].position.quantity
        == core::to_money(core::Quantity{static_cast<std::int64_t>(folded)}, {2, 5}));
}

} // namespace

TEST_CASE("old files are folded into one when the next run begins, young ones are left alone") {
  adapters::files::MemoryDisk disk;
  run(disk, 100);
  const auto before = segments(disk);
  REQUIRE(before > 5);
  {
    const auto young = open_journal(disk.files(), options(71h));
    CHECK(young.compacted->files == 0);
    CHECK(without_runs(young.records).size() == 298);
  }
  CHECK(segments(disk) == before + 1);
  const auto old = open_journal(disk.files(), options(73h));
  CHECK(old.compacted->files >= before - 1);
  CHECK(old.compacted->records_after < 30);
  CHECK(segments(disk) <= 4);
  check_whole(old.records, 100);
  CHECK(old.journal->epoch() == 3);
  // The next run finds it so, with a sequence that goes on without a gap.
  old.journal->append(intent_record(101), {});
  CHECK_FALSE(FileJournal::open(disk.files(), options(73h))); // still held
}

TEST_CASE("a folded journal is opened, verified and folded again like any other") {
  adapters::files::MemoryDisk disk;
  std::uint64_t sequence = 0;
  for (std::uint64_t n = 0; n < 3; ++n) {
    run(disk, 50, 50 * n + 1);
    auto opened = open_journal(disk.files(), options(73h));
    check_whole(opened.records, 50 * (n + 1));
    CHECK(opened.journal->state().sequence > sequence);
    sequence = opened.journal->state().sequence;
  }
  const auto files = disk.files();
  const auto found = read_journal(*files);
  REQUIRE(found);
  std::uint64_t next = 0;
  for (std::size_t n = 0; n < found->size(); ++n) {
    CHECK(fault_of((*found)[n], n + 1 == found->size(), next).empty());
    next = (*found)[n].contents->header.first_sequence + (*found)[n].contents->records.size();
  }
}

TEST_CASE("a running journal is compacted while it is written to") {
  adapters::files::MemoryDisk disk;
  run(disk, 100);
  auto opened = open_journal(disk.files(), options(0h));
  const auto nothing = opened.journal->compact();
  REQUIRE(nothing);
  CHECK(nothing->files == 0);
  opened.journal.reset();
  bool old = false;
  auto moving = options(0h);
  moving.wall = [&old] { return core::WallTime{written_at + (old ? 73h : 0h)}; };
  auto again = open_journal(disk.files(), moving);
  old = true;
  const auto done = again.journal->compact();
  REQUIRE(done);
  CHECK(done->files > 5);
  again.journal->append(intent_record(101), {});
  again.journal->append(end_record(101), {});
  again.journal.reset();
  check_whole(open_journal(disk.files(), options(0h)).records, 101);
}

TEST_CASE("another engine's files and files of an unknown beginning are never folded or taken") {
  adapters::files::MemoryDisk disk;
  run(disk, 100);
  auto other = options(73h);
  other.engine = core::orders::EngineId{"othr"};
  CHECK_FALSE(FileJournal::open(disk.files(), other));
  // The first file taken away by hand is a gap, not a folding.
  auto contents = disk.contents();
  adapters::files::MemoryDisk without;
  for (const auto& [name, bytes] : contents)
    if (name != "trading-000001.log" && name.ends_with(".log"))
      without.put(name, bytes);
  const auto refused = FileJournal::open(without.files(), options(0h));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find("nothing is before it") != std::string::npos);
}

TEST_CASE("an empty file with nothing before it is a gap, the first one is a beginning") {
  for (const auto& [name, begins] :
       {std::pair{"trading-000001.log", true}, std::pair{"trading-000002.log", false}}) {
    adapters::files::MemoryDisk disk;
    disk.put(name, "");
    const auto opened = FileJournal::open(disk.files(), options(72h));
    REQUIRE(opened.has_value() == begins);
    if (!begins)
      CHECK(opened.error().detail == "is empty, and nothing is before it");
  }
}

TEST_CASE("a crash at any moment of a compaction leaves a whole journal") {
  std::size_t points = 0;
  for (const auto kind :
       {adapters::files::Fate::Kind::crash_before, adapters::files::Fate::Kind::crash_within,
        adapters::files::Fate::Kind::crash_after})
    for (const bool power : {false, true})
      for (std::uint64_t at = 1;; ++at) {
        adapters::files::MemoryDisk disk;
        run(disk, 40);
        bool died = false;
        auto files = adapters::files::faulty_files(
            disk.files(),
            [&](const adapters::files::NumberedOperation& operation) {
              adapters::files::Fate fate;
              if (operation.number == at) {
                fate.kind = kind;
                fate.bytes = operation.bytes / 2;
              }
              return fate;
            },
            [&] { died = true; });
        { const auto cut_off = FileJournal::open(std::move(files), options(73h)); }
        if (!died)
          break;
        ++points;
        if (power)
          disk.cut_power(at);
        auto again = open_journal(disk.files(), options(0h));
        check_whole(again.records, 40);
        again.journal.reset();
        check_whole(open_journal(disk.files(), options(73h)).records, 40);
      }
  MESSAGE(
      points
      << " crash points of a compaction and the start after it: every order there or in the sums");
  CHECK(points > 60);
}

TEST_CASE("a full disk leaves the files as they were, and no half one beside them") {
  adapters::files::MemoryDisk disk;
  run(disk, 100);
  std::size_t used = 0;
  for (const auto& [name, bytes] : disk.contents())
    used += bytes.size();
  disk.set_capacity(used + 300);
  const auto opened = open_journal(disk.files(), options(73h));
  CHECK_FALSE(opened.compacted);
  CHECK_FALSE(disk.contents().contains("trading.compacting"));
  check_whole(opened.records, 100);
}

} // namespace tandem::tests
