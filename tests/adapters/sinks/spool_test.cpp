#include "adapters/sinks/spool.hpp"

#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace tandem;
using adapters::files::Fate;
using adapters::files::MemoryDisk;
using adapters::files::NumberedOperation;
using adapters::sinks::SequenceRange;
using adapters::sinks::Spool;
using adapters::sinks::SpoolOptions;

namespace {

constexpr SpoolOptions small{.segment_bytes = 200, .bytes_max = 1'000'000};
constexpr std::size_t all = 1'000'000;

std::unique_ptr<Spool> open(MemoryDisk& disk, SpoolOptions options = small) {
  auto spool = Spool::open(disk.files(), options, "stream-a");
  REQUIRE_MESSAGE(spool.has_value(), (spool ? std::string{} : core::describe(spool.error())));
  return *std::move(spool);
}

std::string payload(std::uint64_t number) {
  return "record " + std::to_string(number);
}

void append(Spool& spool, std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> payloads;
  for (auto number = first; number <= last; ++number)
    payloads.push_back(payload(number));
  REQUIRE(spool.append(payloads).has_value());
}

/// Reads and acknowledges to the end; every payload must be the one of its number.
std::vector<std::uint64_t> drain(Spool& spool, std::size_t batch = 7) {
  std::vector<std::uint64_t> seen;
  while (spool.waiting() > 0) {
    const auto read = spool.read(batch, all);
    REQUIRE(read.has_value());
    if (read->empty())
      break;
    for (const auto& item : *read) {
      CHECK(item.payload == payload(item.sequence));
      seen.push_back(item.sequence);
    }
    REQUIRE(spool.acknowledge(read->back().sequence).has_value());
  }
  return seen;
}

std::vector<std::uint64_t> run(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (auto number = first; number <= last; ++number)
    numbers.push_back(number);
  return numbers;
}

} // namespace

TEST_CASE("a spool numbers records gaplessly from 1 and gives them back in order") {
  MemoryDisk disk;
  auto spool = open(disk);
  append(*spool, 1, 3);
  append(*spool, 4, 100);
  CHECK(spool->waiting() == 100);
  CHECK(drain(*spool) == run(1, 100));
  CHECK(spool->waiting() == 0);
  CHECK(spool->waiting_bytes() == 0);
  CHECK(spool->take_lost().empty());
}

TEST_CASE("what was read and not acknowledged is read again") {
  MemoryDisk disk;
  auto spool = open(disk);
  append(*spool, 1, 5);
  const auto first = spool->read(3, all);
  REQUIRE(first.has_value());
  REQUIRE(first->size() == 3);
  const auto again = spool->read(2, all);
  REQUIRE(again.has_value());
  REQUIRE(again->size() == 2);
  CHECK(again->front().sequence == 1);
  CHECK(again->front().payload == payload(1));
}

TEST_CASE("a batch has at most the bytes asked for, and one record whatever its size") {
  MemoryDisk disk;
  auto spool = open(disk, {.segment_bytes = 100'000});
  append(*spool, 1, 9);
  CHECK(spool->read(9, 3 * payload(1).size())->size() == 3);
  CHECK(spool->read(9, 1)->size() == 1);
}

TEST_CASE("delivered segments leave the disk") {
  MemoryDisk disk;
  auto spool = open(disk);
  append(*spool, 1, 1);
  for (std::uint64_t number = 2; number <= 1'000; ++number) {
    append(*spool, number, number);
    CHECK(drain(*spool).back() == number);
    CHECK(spool->bytes() < 1'000);
  }
  CHECK(disk.contents().size() <= 4); // segment, cursor, lock
}

TEST_CASE("a spool that is opened again goes on where the last run stood") {
  MemoryDisk disk;
  {
    auto spool = open(disk);
    append(*spool, 1, 50);
    REQUIRE(spool->acknowledge(20).has_value());
  }
  for (int restart = 0; restart < 3; ++restart) {
    auto spool = Spool::open(disk.files(), small, "stream-b");
    REQUIRE(spool.has_value());
    CHECK((*spool)->id() == "stream-a");
    CHECK((*spool)->waiting() == 30);
    CHECK((*spool)->read(1, all)->front().sequence == 21);
  }
  auto spool = open(disk);
  append(*spool, 51, 60);
  CHECK(drain(*spool) == run(21, 60));
}

TEST_CASE("numbers are not given twice, even when everything was delivered and removed") {
  MemoryDisk disk;
  {
    auto spool = open(disk);
    append(*spool, 1, 50);
    CHECK(drain(*spool) == run(1, 50));
  }
  auto spool = open(disk);
  append(*spool, 51, 51);
  CHECK(spool->last() == 51);
  CHECK(drain(*spool) == run(51, 51));
}

TEST_CASE("a destination that has more than our disk knows moves the numbering on") {
  MemoryDisk disk;
  {
    auto spool = open(disk);
    append(*spool, 1, 5);
    REQUIRE(spool->acknowledge(12).has_value());
    CHECK(spool->waiting() == 0);
    append(*spool, 13, 14);
  }
  auto spool = open(disk);
  CHECK(drain(*spool) == run(13, 14));
}

TEST_CASE("two engines cannot have one spool") {
  MemoryDisk disk;
  const auto spool = open(disk);
  const auto second = Spool::open(disk.files(), small, "x");
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == core::Errc::conflict);
}

TEST_CASE("beyond the cap the oldest records go and are told by their numbers") {
  MemoryDisk disk;
  auto spool = open(disk, {.segment_bytes = 200, .bytes_max = 2'000});
  for (std::uint64_t number = 1; number <= 500; ++number)
    append(*spool, number, number);
  CHECK(spool->bytes() <= 2'300);
  const auto lost = spool->take_lost();
  REQUIRE_FALSE(lost.empty());
  CHECK(lost.front().first == 1);
  for (std::size_t n = 1; n < lost.size(); ++n)
    CHECK(lost[n].first == lost[n - 1].last + 1);
  CHECK(drain(*spool) == run(lost.back().last + 1, 500));
}

TEST_CASE("a write that is cut at any byte loses nothing that was said to be kept") {
  for (std::size_t cut = 0; cut < 120; ++cut) {
    MemoryDisk disk;
    std::uint64_t appends = 0;
    auto files
        = adapters::files::faulty_files(disk.files(), [&](const NumberedOperation& operation) {
            Fate fate;
            if (operation.operation == adapters::files::FileOperation::append
                && operation.bytes > 60 && ++appends == 3) {
              fate.kind = Fate::Kind::crash_within;
              fate.bytes = std::min(cut, operation.bytes);
            }
            return fate;
          });
    {
      auto spool = Spool::open(std::move(files), {.segment_bytes = 100'000}, "stream-a");
      REQUIRE(spool.has_value());
      append(**spool, 1, 3);
      append(**spool, 4, 6);
      CHECK_FALSE((*spool)
                      ->append(std::vector<std::string>{payload(7), payload(8), payload(9)})
                      .has_value());
    }
    auto spool = open(disk, {.segment_bytes = 100'000});
    const auto kept = spool->last();
    CHECK(kept >= 6);
    append(*spool, kept + 1, kept + 2);
    CHECK(drain(*spool) == run(1, kept + 2));
  }
}

TEST_CASE("a write that failed may be tried again and doubles nothing") {
  MemoryDisk disk;
  bool full = false;
  auto files = adapters::files::faulty_files(disk.files(), [&](const NumberedOperation& operation) {
    Fate fate;
    if (full && operation.operation == adapters::files::FileOperation::append) {
      fate.kind = Fate::Kind::fail;
      fate.fault = adapters::files::FileFault::disk_full;
      fate.bytes = operation.bytes / 2;
    }
    return fate;
  });
  auto spool = *Spool::open(std::move(files), small, "stream-a");
  append(*spool, 1, 4);
  full = true;
  const std::vector<std::string> more{payload(5), payload(6)};
  CHECK_FALSE(spool->append(more).has_value());
  CHECK_FALSE(spool->append(more).has_value());
  CHECK(spool->last() == 4);
  full = false;
  REQUIRE(spool->append(more).has_value());
  CHECK(drain(*spool) == run(1, 6));
}

TEST_CASE("a segment that never had its whole head takes no numbers with it") {
  MemoryDisk disk;
  std::uint64_t last = 0;
  {
    auto spool = open(disk);
    while (disk.contents().size() < 3) { // the second segment, besides the lock
      ++last;
      append(*spool, last, last);
    }
  }
  const auto contents = disk.contents();
  const auto newest = std::prev(std::find_if(contents.begin(), contents.end(), [](const auto& one) {
                        return one.first.find(".lock") != std::string::npos;
                      }))->first;
  const auto whole = contents.at(newest);
  const auto first = std::stoull(newest);
  const auto head = whole.find("stream-a") + std::string_view{"stream-a"}.size();
  for (std::size_t cut = 0; cut < head; ++cut) {
    disk.put(newest, whole.substr(0, cut));
    auto spool = open(disk);
    CHECK(spool->last() == first - 1);
    CHECK(spool->take_lost().empty());
  }
}

TEST_CASE("damage costs the damaged record alone, and its number is told") {
  MemoryDisk disk;
  {
    auto spool = open(disk, {.segment_bytes = 100'000});
    append(*spool, 1, 20);
  }
  for (const auto& [name, bytes] : disk.contents())
    if (const auto at = bytes.find(payload(12)); at != std::string::npos) {
      auto damaged = bytes;
      damaged[at] ^= 1;
      disk.put(name, damaged);
    }
  auto spool = open(disk, {.segment_bytes = 100'000});
  auto expected = run(1, 11);
  for (const auto number : run(13, 20))
    expected.push_back(number);
  CHECK(drain(*spool) == expected);
  CHECK(spool->take_lost() == std::vector<SequenceRange>{{12, 12}});
}

TEST_CASE(
    "a segment without its head is kept aside, and its numbers are told and not given again") {
  MemoryDisk disk;
  {
    auto spool = open(disk);
    append(*spool, 1, 1);
  }
  const std::string name = "00000000000000000002.spool";
  disk.put(name, std::string(100, 'x'));
  auto spool = open(disk);
  CHECK(disk.contents().contains(name + ".damaged"));
  CHECK_FALSE(disk.contents().contains(name));
  const auto next = spool->last() + 1;
  REQUIRE(spool->append(std::vector<std::string>{payload(next)}).has_value());
  CHECK(drain(*spool) == std::vector<std::uint64_t>{1, next});
  CHECK(spool->take_lost() == std::vector<SequenceRange>{{2, next - 1}});
  spool.reset();
  CHECK(open(disk)->last() == next);
}

TEST_CASE("a damaged segment in the middle costs its own records alone") {
  MemoryDisk disk;
  {
    auto spool = open(disk);
    for (std::uint64_t number = 1; number <= 30; ++number)
      append(*spool, number, number);
  }
  std::vector<std::string> segments;
  for (const auto& [name, bytes] : disk.contents())
    if (name.ends_with(".spool"))
      segments.push_back(name);
  REQUIRE(segments.size() >= 3);
  disk.put(segments[1], "torn");
  auto spool = open(disk);
  const auto found = drain(*spool);
  const auto lost = spool->take_lost();
  REQUIRE(lost.size() == 1);
  CHECK(found.front() == 1);
  CHECK(found.back() == 30);
  CHECK(found.size() + lost.front().count() == 30);
}

TEST_CASE("when the place of delivery is damaged, what is left goes out once more") {
  MemoryDisk disk;
  {
    auto spool = open(disk);
    append(*spool, 1, 3);
    REQUIRE(spool->acknowledge(2).has_value());
  }
  disk.put("cursor", "");
  auto spool = open(disk);
  CHECK(drain(*spool) == run(1, 3));
  CHECK(spool->take_lost().empty());
}
