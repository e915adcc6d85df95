#include "adapters/files/frame.hpp"
#include "tests/adapters/journal/journal_world.hpp"

#include <atomic>
#include <optional>
#include <random>
#include <thread>

using namespace tandem;
using namespace tandem::adapters::journal;
using namespace tandem::tests;
using core::orders::Record;

namespace {

/// Appends `count` intents and fills; what each callback said.
std::vector<bool> write(FileJournal& journal, std::uint64_t count) {
  std::vector<bool> said;
  for (std::uint64_t n = 1; n <= count; ++n)
    for (const auto& record : {intent_record(n), fill_record(n)})
      journal.append(record, [&](const core::Status& status) { said.push_back(bool{status}); });
  return said;
}

std::vector<Record> written(std::uint64_t count) {
  std::vector<Record> records;
  for (std::uint64_t n = 1; n <= count; ++n) {
    records.push_back(intent_record(n));
    records.push_back(fill_record(n));
  }
  return records;
}

bool is_prefix(const std::vector<Record>& shorter, const std::vector<Record>& longer) {
  return shorter.size() <= longer.size()
         && std::equal(shorter.begin(), shorter.end(), longer.begin());
}

const std::string first_segment = "trading-000001.log";

} // namespace

TEST_CASE("what was appended is there in the next run, in order, with an epoch of its own") {
  adapters::files::MemoryDisk disk;
  {
    auto opened = open_journal(disk.files());
    CHECK(opened.records.empty());
    CHECK(opened.journal->epoch() == 1);
    write(*opened.journal, 3);
  }
  auto again = open_journal(disk.files());
  CHECK(again.journal->epoch() == 2);
  CHECK(without_runs(again.records) == written(3));
  CHECK(again.cut.empty());
}

TEST_CASE("in mode os the callback runs before append returns, in mode fsync after the sync") {
  adapters::files::MemoryDisk disk;
  SUBCASE("os") {
    auto opened = open_journal(disk.files());
    CHECK(write(*opened.journal, 1) == std::vector{true, true});
  }
  SUBCASE("manual") {
    auto opened = open_journal(disk.files(), journal_options(SyncMode::manual));
    std::vector<int> said;
    opened.journal->append(intent_record(1), [&](const core::Status&) { said.push_back(1); });
    opened.journal->append(intent_record(2), [&](const core::Status&) { said.push_back(2); });
    CHECK(said.empty());
    CHECK(opened.journal->pump());
    CHECK(said == std::vector{1, 2});
    CHECK_FALSE(opened.journal->pump());
  }
  SUBCASE("fsync, from two threads") {
    constexpr std::uint64_t each = 500;
    std::atomic<std::uint64_t> durable{0};
    {
      auto opened = open_journal(disk.files(), journal_options(SyncMode::fsync));
      const auto append = [&] {
        for (std::uint64_t n = 1; n <= each; ++n)
          opened.journal->append(fill_record(n),
                                 [&](const core::Status& status) { durable += status ? 1U : 0U; });
      };
      std::thread other{append};
      append();
      other.join();
    }
    CHECK(durable == 2 * each);
    CHECK(without_runs(open_journal(disk.files()).records).size() == 2 * each);
  }
}

TEST_CASE("a second engine is refused while the first holds the journal") {
  adapters::files::MemoryDisk disk;
  const auto first = open_journal(disk.files());
  const auto second = FileJournal::open(disk.files(), journal_options());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == core::Errc::configuration);
  CHECK(second.error().detail.find("epoch 1") != std::string::npos);
}

TEST_CASE("a journal of another engine is not taken over") {
  adapters::files::MemoryDisk disk;
  { const auto first = open_journal(disk.files()); }
  auto options = journal_options();
  options.engine = core::orders::EngineId{"othr"};
  const auto second = FileJournal::open(disk.files(), options);
  REQUIRE_FALSE(second);
  CHECK(second.error().detail.find("'test'") != std::string::npos);
}

TEST_CASE("a full segment is followed by the next one without a gap") {
  adapters::files::MemoryDisk disk;
  auto options = journal_options();
  options.segment_bytes_max = 2'000;
  {
    auto opened = open_journal(disk.files(), options);
    write(*opened.journal, 200);
  }
  CHECK(disk.contents().size() > 5);
  CHECK(without_runs(open_journal(disk.files(), options).records) == written(200));
}

// ---- damage

TEST_CASE("P16: cut at each byte, the journal opens with all whole records before the cut") {
  adapters::files::MemoryDisk disk;
  {
    auto opened = open_journal(disk.files());
    write(*opened.journal, 60);
  }
  const auto whole = disk.contents().at(first_segment);
  const auto all = written(60);
  std::size_t cuts = 0;
  for (std::size_t size = whole.size() - std::min<std::size_t>(4'096, whole.size());
       size < whole.size(); ++size) {
    adapters::files::MemoryDisk cut;
    cut.put(first_segment, whole.substr(0, size));
    const auto opened = open_journal(cut.files());
    CHECK(is_prefix(without_runs(opened.records), all));
    ++cuts;
  }
  MESSAGE("P16: ", cuts, " cuts, every one recovered to the last whole record");
}

TEST_CASE("P16: every flipped bit is found, or takes only the last record, and says so") {
  adapters::files::MemoryDisk disk;
  auto options = journal_options();
  options.segment_bytes_max = 64 * 1024; // a megabyte of them; only the damaged one is read again
  {
    auto opened = open_journal(disk.files(), options);
    write(*opened.journal, 7'000);
  }
  const auto seed = std::random_device{}();
  std::mt19937_64 random{seed};
  constexpr std::size_t flips_wanted = 10'000;
  std::size_t total = 0;
  for (const auto& [name, whole] : disk.contents())
    if (name.ends_with(".log"))
      total += whole.size();
  std::size_t flips = 0, refused = 0, cut = 0;
  for (const auto& [name, whole] : disk.contents()) {
    if (!name.ends_with(".log"))
      continue;
    const auto all = read_segment(whole).value().records;
    const auto share = flips_wanted * whole.size() / total + 1;
    for (std::size_t n = 0; n < share; ++n, ++flips) {
      // Every region: evenly spread, the bit by chance.
      const auto at = whole.size() * n / share;
      auto bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ (1U << (random() % 8)));
      const auto contents = read_segment(bytes);
      if (!contents) {
        ++refused;
        continue;
      }
      // Only what cannot be told from a torn end may open: the last record is gone and it says so.
      REQUIRE_MESSAGE(contents->tail == TailState::torn, "seed ", seed, " ", name, " byte ", at);
      REQUIRE(is_prefix(contents->records, all));
      ++cut;
    }
  }
  MESSAGE("P16: ", flips, " flips in ", total, " bytes: ", refused, " refused, ", cut,
          " cut off as a torn end, 0 unnoticed; seed ", seed);
  CHECK(flips >= flips_wanted);
  CHECK(total > 1'000'000);
  CHECK(refused + cut == flips);
  CHECK(cut <= flips / 50);
}

TEST_CASE("a damaged record with whole ones behind it names file, byte and record") {
  adapters::files::MemoryDisk disk;
  {
    auto opened = open_journal(disk.files());
    write(*opened.journal, 3);
  }
  auto bytes = disk.contents().at(first_segment);
  bytes[segment_header_bytes + adapters::files::frame_head_bytes + 2] ^= 1;
  adapters::files::MemoryDisk damaged;
  damaged.put(first_segment, bytes);
  const auto opened = FileJournal::open(damaged.files(), journal_options());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == core::Errc::configuration);
  CHECK(opened.error().source.find(first_segment) != std::string::npos);
  CHECK(opened.error().detail.find("record 1") != std::string::npos);
}

TEST_CASE("a missing file in the middle is a gap, not a shorter history") {
  adapters::files::MemoryDisk disk;
  for (int run = 0; run < 3; ++run) {
    auto opened = open_journal(disk.files());
    write(*opened.journal, 2);
  }
  adapters::files::MemoryDisk gap;
  for (const auto& [name, bytes] : disk.contents())
    if (name != "trading-000002.log")
      gap.put(name, bytes);
  CHECK_FALSE(FileJournal::open(gap.files(), journal_options()));
}

// ---- crashes

TEST_CASE("a crash before, within or after any file operation loses nothing that was promised") {
  std::size_t points = 0;
  for (const auto mode : {SyncMode::os, SyncMode::manual}) {
    for (const auto kind :
         {adapters::files::Fate::Kind::crash_before, adapters::files::Fate::Kind::crash_within,
          adapters::files::Fate::Kind::crash_after}) {
      for (std::uint64_t at = 1;; ++at) {
        adapters::files::MemoryDisk disk;
        std::size_t promised = 0;
        bool crashed = false;
        {
          auto files = adapters::files::faulty_files(
              disk.files(), [&](const adapters::files::NumberedOperation& operation) {
                adapters::files::Fate fate;
                if (operation.number == at) {
                  crashed = true;
                  fate.kind = kind;
                  fate.bytes = operation.bytes / 2;
                }
                return fate;
              });
          auto options = journal_options(mode);
          options.segment_bytes_max = 1'000;
          auto opened = FileJournal::open(std::move(files), options);
          if (opened)
            for (std::uint64_t n = 1; n <= 15; ++n) {
              for (const auto& record : {intent_record(n), fill_record(n)})
                opened->journal->append(
                    record, [&](const core::Status& status) { promised += status ? 1U : 0U; });
              opened->journal->pump();
            }
        }
        if (mode == SyncMode::manual)
          disk.cut_power(at); // what was synced is all that is promised
        auto options = journal_options(mode);
        const auto again = open_journal(disk.files(), options);
        const auto found = without_runs(again.records);
        CHECK_MESSAGE(is_prefix(found, written(15)), "invented at operation ", at);
        CHECK_MESSAGE(found.size() >= promised, "lost at operation ", at);
        ++points;
        if (!crashed)
          break; // past the last operation
      }
    }
  }
  MESSAGE(points, " crash points: 0 promised records lost, 0 invented");
  CHECK(points >= 200);
}

// ---- a disk in trouble

TEST_CASE("P15: a disk that fails refuses, tells nothing wrong, and is used again when it works") {
  adapters::files::MemoryDisk disk;
  bool broken = false;
  auto files = adapters::files::faulty_files(
      disk.files(), [&](const adapters::files::NumberedOperation& operation) {
        adapters::files::Fate fate;
        if (broken) {
          fate.kind = adapters::files::Fate::Kind::fail;
          fate.bytes = operation.bytes / 2; // a torn write
        }
        return fate;
      });
  std::size_t kept = 0;
  {
    auto opened = open_journal(std::move(files));
    kept += write(*opened.journal, 1).size();
    broken = true;
    CHECK(write(*opened.journal, 1) == std::vector{false, false});
    CHECK(opened.journal->state().failed);
    CHECK_FALSE(opened.journal->state().error.empty());
    broken = false;
    CHECK(write(*opened.journal, 1) == std::vector{true, true});
    CHECK_FALSE(opened.journal->state().failed);
    kept += 2;
  }
  CHECK(without_runs(open_journal(disk.files()).records).size() == kept);
}

TEST_CASE("P15: on a full disk no intent is written, fills still are, until space returns") {
  adapters::files::MemoryDisk disk;
  auto opened = open_journal(disk.files());
  std::optional<bool> last;
  const auto say = [&](const core::Status& status) { last = bool{status}; };
  std::size_t used = 0;
  for (const auto& [name, bytes] : disk.contents())
    used += bytes.size();
  disk.set_capacity(used);
  opened.journal->append(intent_record(1), say);
  CHECK(last == false);
  opened.journal->append(fill_record(1), say);
  CHECK(last == true);
  CHECK(opened.journal->state().low_space);
  opened.journal->append(intent_record(2), say);
  CHECK(last == false);
  disk.set_capacity(std::nullopt);
  opened.journal->append(intent_record(3), say);
  CHECK(last == true);
  CHECK_FALSE(opened.journal->state().low_space);
}

TEST_CASE("a sync that fails takes back everything since the last one") {
  adapters::files::MemoryDisk disk;
  bool broken = false;
  auto files = adapters::files::faulty_files(
      disk.files(), [&](const adapters::files::NumberedOperation& operation) {
        adapters::files::Fate fate;
        if (broken && operation.operation == adapters::files::FileOperation::sync)
          fate.kind = adapters::files::Fate::Kind::fail;
        return fate;
      });
  std::vector<bool> said;
  const auto say = [&](const core::Status& status) { said.push_back(bool{status}); };
  {
    auto opened = open_journal(std::move(files), journal_options(SyncMode::manual));
    opened.journal->append(intent_record(1), say);
    opened.journal->pump();
    broken = true;
    opened.journal->append(intent_record(2), say);
    opened.journal->pump();
    broken = false;
    opened.journal->append(intent_record(3), say);
    opened.journal->pump();
  }
  CHECK(said == std::vector{true, false, true});
  const auto found = without_runs(open_journal(disk.files()).records);
  REQUIRE(found.size() == 2);
  CHECK(found[1] == intent_record(3));
}

// Found by the simulated worlds, seed 324.
TEST_CASE("an append that fails takes nothing back that waits for its sync") {
  adapters::files::MemoryDisk disk;
  bool broken = false;
  auto files = adapters::files::faulty_files(
      disk.files(), [&](const adapters::files::NumberedOperation& operation) {
        adapters::files::Fate fate;
        if (broken && operation.operation == adapters::files::FileOperation::append) {
          fate.kind = adapters::files::Fate::Kind::fail;
          fate.bytes = operation.bytes / 2;
        }
        return fate;
      });
  std::vector<std::pair<int, bool>> said;
  const auto say = [&](int which) {
    return [&said, which](const core::Status& status) { said.emplace_back(which, bool{status}); };
  };
  {
    auto opened = open_journal(std::move(files), journal_options(SyncMode::manual));
    opened.journal->append(intent_record(1), say(1));
    broken = true;
    opened.journal->append(intent_record(2), say(2));
    broken = false;
    opened.journal->append(intent_record(3), say(3));
    opened.journal->pump();
    disk.cut_power(1);
  }
  CHECK(said == std::vector<std::pair<int, bool>>{{2, false}, {1, true}, {3, true}});
  const auto found = without_runs(open_journal(disk.files()).records);
  CHECK(found == std::vector{intent_record(1), intent_record(3)});
}

// Found by the simulated worlds, seed 41.
TEST_CASE("what a killed run left unsynced is on the disk before the next run builds on it") {
  adapters::files::MemoryDisk disk;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    {
      bool dead = false;
      auto files = adapters::files::faulty_files(
          disk.files(), [&](const adapters::files::NumberedOperation&) {
            return adapters::files::Fate{.kind = dead ? adapters::files::Fate::Kind::crash_before
                                                      : adapters::files::Fate::Kind::proceed};
          });
      auto killed = open_journal(std::move(files), journal_options(SyncMode::manual));
      killed.journal->append(intent_record(seed), {});
      dead = true; // not even its end syncs
    }
    auto next = open_journal(disk.files(), journal_options(SyncMode::manual));
    const auto known = without_runs(next.records);
    CHECK(known.back() == intent_record(seed));
    next.journal.reset();
    disk.cut_power(seed);
    REQUIRE(without_runs(open_journal(disk.files()).records) == known);
  }
}
