/// The audit log on a disk that fails, loses its power or was touched by somebody.
#include "adapters/security/audit_log.hpp"

#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"
#include "adapters/security/audit_codec.hpp"
#include "adapters/security/audit_writer.hpp"
#include "adapters/security/sha256.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::adapters;
using core::security::AuditPhase;
using core::security::AuditRecord;
using security::AuditLog;

namespace {

using namespace std::chrono_literals;

AuditRecord record(int number) {
  return {.at = core::WallTime{std::chrono::milliseconds{1'700'000'000'000 + number}},
          .phase = AuditPhase::answered,
          .who = "ann",
          .key_id = "0123456789ab",
          .from = "127.0.0.1:1",
          .what = "pairs.create",
          .target = "POST /api/monitoring/pairs",
          .status = 200,
          .code = {},
          .request_id = std::to_string(number),
          .idempotency_key = {},
          .request = {}};
}

std::unique_ptr<AuditLog> open(files::MemoryDisk& disk, std::uint64_t file_bytes = 1'000) {
  auto log = AuditLog::open(disk.files(), {.file_bytes_max = file_bytes});
  REQUIRE_MESSAGE(log.has_value(), (log ? std::string{} : core::describe(log.error())));
  return *std::move(log);
}

void write(AuditLog& log, int first, int last) {
  for (int number = first; number <= last; ++number) {
    const std::vector<AuditRecord> one{record(number)};
    REQUIRE(log.append(one));
  }
}

struct Walk {
  security::AuditReport report;
  std::vector<int> numbers;
};

Walk walk(files::MemoryDisk& disk) {
  Walk result;
  const auto files = disk.files();
  const auto report = security::walk_audit(*files, [&](std::uint64_t, std::string_view json) {
    const auto read = security::read_audit(json);
    REQUIRE(read);
    result.numbers.push_back(read->request_id.empty() ? -1 : std::stoi(read->request_id));
  });
  REQUIRE(report);
  result.report = *report;
  return result;
}

std::vector<std::string> names_of(const files::MemoryDisk& disk) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : disk.contents())
    if (name.ends_with(".log"))
      names.push_back(name);
  return names;
}

} // namespace

TEST_CASE("a record is read as it was written") {
  auto full = record(7);
  full.code = "FORBIDDEN";
  full.idempotency_key = "k-1";
  full.request = security::sha256("body");
  full.target = "POST /api/\xff\n\"quoted\"";
  const auto json = security::write_audit(full);
  CHECK(json.find('\n') == std::string::npos);
  const auto read = security::read_audit(json);
  REQUIRE(read);
  full.target = "POST /api/\xef\xbf\xbd\n\"quoted\"";
  CHECK(*read == full);
  for (const auto* text : {"", "{}", "[]", R"({"ts":1})", R"({"ts":"1","phase":"asked"})",
                           R"({"ts":1,"phase":"maybe"})", R"({"ts":1,"phase":"asked","status":-1})",
                           R"({"ts":1,"phase":"asked","request":"zz"})"}) {
    CAPTURE(text);
    CHECK_FALSE(security::read_audit(text));
  }
}

TEST_CASE("records survive restarts and files, in order, as one chain") {
  files::MemoryDisk disk;
  for (int run = 0; run < 3; ++run)
    write(*open(disk), 10 * run, 10 * run + 9);
  CHECK(names_of(disk).size() > 3);
  const auto found = walk(disk);
  CHECK_FALSE(found.report.fault);
  CHECK(found.report.records == 30);
  CHECK(found.report.first.sequence == 0);
  CHECK(found.report.head == open(disk)->head());
  CHECK(std::is_sorted(found.numbers.begin(), found.numbers.end()));
}

TEST_CASE("one writer at a time") {
  files::MemoryDisk disk;
  const auto log = open(disk);
  const auto second = AuditLog::open(disk.files());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == core::Errc::conflict);
}

TEST_CASE("what is written survives the power, a torn end is cut off and the chain goes on") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    files::MemoryDisk disk;
    int written = 0;
    {
      auto log = AuditLog::open(
          files::faulty_files(disk.files(),
                              [&](const files::NumberedOperation& operation) -> files::Fate {
                                if (operation.number < 6 + seed / 4)
                                  return {};
                                return {.kind = seed % 2 == 0 ? files::Fate::Kind::crash_within
                                                              : files::Fate::Kind::crash_after,
                                        .fault = files::FileFault::other,
                                        .bytes = seed};
                              }),
          {.file_bytes_max = 1'000});
      if (!log)
        continue;
      for (int number = 0; number < 40; ++number) {
        const std::vector<AuditRecord> one{record(number)};
        if (!(*log)->append(one))
          break;
        ++written;
      }
    }
    disk.cut_power(seed);
    {
      const auto log = open(disk);
      CHECK(log->opened().damaged.empty());
      write(*log, 100, 101);
    }
    const auto found = walk(disk);
    CHECK_FALSE(found.report.fault);
    CHECK(found.report.torn_bytes == 0);
    // All that was said to be written, perhaps the one that was under way, and the two after.
    REQUIRE(found.numbers.size() >= static_cast<std::size_t>(written) + 2);
    CHECK(found.numbers.size() <= static_cast<std::size_t>(written) + 3);
    for (int number = 0; number < written; ++number)
      CHECK(found.numbers[static_cast<std::size_t>(number)] == number);
  }
}

TEST_CASE("a disk that was full for a while leaves no gap and no torn line in the chain") {
  files::MemoryDisk disk;
  const auto log = open(disk, 100'000);
  write(*log, 0, 3);
  disk.set_capacity(1'250);
  int refused = 0;
  for (int number = 4; number < 10; ++number) {
    const std::vector<AuditRecord> one{record(number)};
    refused += log->append(one) ? 0 : 1;
  }
  CHECK(refused > 0);
  disk.set_capacity(std::nullopt);
  write(*log, 10, 12);
  const auto found = walk(disk);
  CHECK_FALSE(found.report.fault);
  CHECK(found.report.head == log->head());
  CHECK(found.numbers.size() == static_cast<std::size_t>(13 - refused));
}

TEST_CASE("altered, removed and inserted records are found with file and line") {
  files::MemoryDisk disk;
  write(*open(disk, 100'000), 1, 9);
  const auto name = names_of(disk).front();
  const auto whole = disk.contents().at(name);
  const auto line = [&](int number) { // of the file, 1 = its head
    std::size_t at = 0;
    for (int i = 1; i < number; ++i)
      at = whole.find('\n', at) + 1;
    return std::pair{at, whole.find('\n', at) + 1 - at};
  };
  auto touched = whole;
  std::string source = "memory:" + name;
  SUBCASE("altered") {
    touched.replace(touched.find("\"ann\"", line(4).first), 5, "\"bob\"");
    source += ":4";
  }
  SUBCASE("removed") {
    touched.erase(line(5).first, line(5).second);
    source += ":5";
  }
  SUBCASE("inserted") {
    touched.insert(line(5).first, whole.substr(line(3).first, line(3).second));
    source += ":5";
  }
  SUBCASE("the head of the file exchanged") {
    touched.replace(touched.find("0:0"), 3, "0:1");
    source += ":2";
  }
  disk.put(name, touched);
  const auto found = walk(disk);
  REQUIRE(found.report.fault);
  CHECK(found.report.fault->source == source);
  // And the engine goes on beside it: the file is kept, the chain tells that it is gone.
  const auto log = open(disk);
  CHECK(log->opened().damaged == name + ".damaged");
  CHECK(log->head().sequence == 9);
  write(*log, 10, 11);
  CHECK(disk.contents().at(name + ".damaged") == touched);
  CHECK(walk(disk).report.first.sequence == 9);
}

TEST_CASE("a cut tail is found by who knows the head") {
  files::MemoryDisk disk;
  write(*open(disk), 1, 20);
  const auto head = walk(disk).report.head;
  const auto name = names_of(disk).back();
  auto bytes = disk.contents().at(name);
  bytes.erase(bytes.rfind('\n', bytes.size() - 2) + 1);
  disk.put(name, bytes);
  const auto found = walk(disk);
  CHECK_FALSE(found.report.fault);
  CHECK(found.report.head != head);
  const auto files = disk.files();
  CHECK_FALSE(security::walk_audit(*files, {}, head)->passed);
  CHECK(security::walk_audit(*files, {}, found.report.head)->passed);
}

TEST_CASE("a file that is missing in the middle is found, old ones may be archived") {
  files::MemoryDisk disk;
  write(*open(disk), 1, 20);
  const auto names = names_of(disk);
  REQUIRE(names.size() > 3);
  const auto files = disk.files();
  SUBCASE("in the middle") {
    REQUIRE(files->remove(names[1]));
    const auto found = walk(disk);
    REQUIRE(found.report.fault);
    CHECK(found.report.fault->detail.ends_with("were removed"));
  }
  SUBCASE("at the beginning: told by where the chain begins") {
    REQUIRE(files->remove(names[0]));
    const auto found = walk(disk);
    CHECK_FALSE(found.report.fault);
    CHECK(found.report.first.sequence > 0);
  }
}

TEST_CASE("the youngest files are read again, youngest first, until it is enough") {
  files::MemoryDisk disk;
  write(*open(disk), 1, 20);
  const auto log = open(disk);
  std::vector<int> seen;
  log->recent(3, [&](const AuditRecord& read) {
    seen.push_back(std::stoi(read.request_id));
    return true;
  });
  CHECK(std::find(seen.begin(), seen.end(), 20) != seen.end());
  CHECK(std::find(seen.begin(), seen.end(), 1) == seen.end());
  const auto all = seen.size();
  seen.clear();
  log->recent(3, [&](const AuditRecord& read) {
    seen.push_back(std::stoi(read.request_id));
    return false;
  });
  CHECK(seen.size() < all);
}

TEST_CASE("the writer answers when a record is on the disk, and a failing disk keeps nobody") {
  files::MemoryDisk disk;
  std::atomic<int> troubles{0}, mended{0};
  std::atomic<bool> broken{false};
  {
    auto log = AuditLog::open(
        files::faulty_files(disk.files(), [&](const files::NumberedOperation&) -> files::Fate {
          if (!broken)
            return {};
          return {.kind = files::Fate::Kind::fail, .fault = files::FileFault::disk_full};
        }));
    REQUIRE(log);
    security::AuditWriter writer{*std::move(log), [&](const std::optional<core::Error>& trouble) {
                                   ++(trouble ? troubles : mended);
                                 }};
    const auto written = [&](int number) {
      std::promise<void> done;
      writer.write(record(number), [&] { done.set_value(); });
      return done.get_future().wait_for(20s) == std::future_status::ready;
    };
    CHECK(written(1));
    CHECK(walk(disk).numbers == std::vector{1});
    broken = true;
    CHECK(written(2));
    CHECK(written(3));
    CHECK(troubles == 1);
    CHECK(writer.counters().written == 1);
    broken = false;
    CHECK(written(4));
    CHECK(mended == 1);
    CHECK(writer.counters().written == 4);
    CHECK(writer.head() == walk(disk).report.head);
    writer.write(record(5));
  }
  // What came while it failed is written when it works again, and what waits at the end too.
  CHECK(walk(disk).numbers == std::vector{1, 2, 3, 4, 5});
}

TEST_CASE("more than can wait is lost, counted, and the log says so") {
  files::MemoryDisk disk;
  std::atomic<bool> broken{true};
  constexpr int more = 25;
  constexpr int waiting = static_cast<int>(security::AuditWriter::waiting_max);
  {
    auto log = AuditLog::open(
        files::faulty_files(disk.files(), [&](const files::NumberedOperation& op) -> files::Fate {
          if (!broken || op.operation == files::FileOperation::lock)
            return {};
          return {.kind = files::Fate::Kind::fail, .fault = files::FileFault::disk_full};
        }));
    REQUIRE(log);
    security::AuditWriter writer{*std::move(log), {}};
    for (int number = 0; number < waiting + more; ++number)
      writer.write(record(number));
    CHECK(writer.counters().lost == more);
    broken = false;
  }
  const auto found = walk(disk);
  const auto notes = std::count(found.numbers.begin(), found.numbers.end(), -1);
  CHECK(notes >= 1);
  CHECK(found.numbers.size() == static_cast<std::size_t>(waiting + notes));
}
