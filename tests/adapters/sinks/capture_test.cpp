#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"
#include "adapters/sinks/capture/frame_recorder.hpp"
#include "adapters/sinks/capture/rolling_files.hpp"
#include "adapters/sinks/capture/writer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace tandem;
using namespace std::chrono_literals;
using adapters::files::Fate;
using adapters::files::FileOperation;
using adapters::files::MemoryDisk;
using adapters::files::NumberedOperation;
using adapters::sinks::capture::FrameRecorder;
using adapters::sinks::capture::RecorderOptions;
using adapters::sinks::capture::RollingFiles;
using adapters::sinks::capture::RollingLimits;
using adapters::sinks::capture::unpack;

namespace {

const core::MonoTime start{};

std::string block(int number) {
  return "line " + std::to_string(number) + "\n";
}

RollingFiles open(adapters::files::FileLayer& files, RollingLimits limits = {}) {
  auto rolling = RollingFiles::open(files, "events", limits);
  REQUIRE_MESSAGE(rolling.has_value(), (rolling ? std::string{} : core::describe(rolling.error())));
  return *std::move(rolling);
}

void append(RollingFiles& rolling, int first, int last, core::MonoTime now = start) {
  for (int number = first; number <= last; ++number)
    REQUIRE(rolling.append(block(number), now).has_value());
}

std::vector<std::string> names(const MemoryDisk& disk) {
  std::vector<std::string> found;
  for (const auto& [name, bytes] : disk.contents())
    found.push_back(name);
  return found;
}

/// All that can be read, in the order of the files.
std::string text(const MemoryDisk& disk) {
  std::string all;
  for (const auto& [name, bytes] : disk.contents())
    all += unpack(bytes).text;
  return all;
}

std::string lines(int first, int last) {
  std::string all;
  for (int number = first; number <= last; ++number)
    all += block(number);
  return all;
}

core::sinks::Numbered trade(std::uint64_t sequence) {
  core::sinks::Record record;
  record.kind = core::sinks::Kind::trade;
  record.instrument = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  record.number("price", "61737.63");
  return {sequence, record};
}

adapters::sinks::BatchPtr batch(std::uint64_t first, std::uint64_t last) {
  auto made = std::make_shared<adapters::sinks::Batch>();
  made->stream = "archive-1";
  for (auto number = first; number <= last; ++number)
    made->items.push_back(trade(number));
  return made;
}

std::optional<std::uint64_t> opened(adapters::sinks::Writer& writer,
                                    const std::string& stream = "archive-1") {
  std::promise<core::Result<std::optional<std::uint64_t>>> answer;
  writer.open(stream, [&](auto known) { answer.set_value(std::move(known)); });
  auto known = answer.get_future().get();
  REQUIRE(known.has_value());
  return *known;
}

core::sinks::Outcome written(adapters::sinks::Writer& writer, adapters::sinks::BatchPtr what) {
  std::promise<core::sinks::Outcome> answer;
  writer.write(std::move(what), [&](auto outcome) { answer.set_value(std::move(outcome)); });
  return answer.get_future().get();
}

std::unique_ptr<adapters::sinks::Writer> writer_on(MemoryDisk& disk) {
  return adapters::sinks::capture::make_writer(
      {"mock", {}, [&disk] { return disk.files(); }, [] { return start; }});
}

RecorderOptions recorder_on(MemoryDisk& disk) {
  RecorderOptions options;
  options.files = [&disk] { return disk.files(); };
  options.clock = [] { return start; };
  return options;
}

} // namespace

TEST_CASE("a captured file gets its last name when it is closed") {
  MemoryDisk disk;
  const auto files = disk.files();
  auto rolling = open(*files);
  append(rolling, 1, 2);
  CHECK(names(disk) == std::vector<std::string>{"events-00000001.part.gz"});
  CHECK(text(disk) == lines(1, 2));
  REQUIRE(rolling.close().has_value());
  CHECK(names(disk) == std::vector<std::string>{"events-00000001.gz"});
  append(rolling, 3, 3);
  CHECK(names(disk) == std::vector<std::string>{"events-00000001.gz", "events-00000002.part.gz"});
  CHECK(text(disk) == lines(1, 3));
}

TEST_CASE("two do not capture into the same files") {
  MemoryDisk disk;
  const auto files = disk.files();
  auto rolling = open(*files);
  const auto other = disk.files();
  const auto refused = RollingFiles::open(*other, "events", {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().detail.find("another") != std::string::npos);
  CHECK(RollingFiles::open(*other, "frames-binance_spot", {}).has_value());
}

TEST_CASE("the next captured file begins by size and by age") {
  MemoryDisk disk;
  const auto files = disk.files();
  SUBCASE("by size") {
    auto rolling = open(*files, {.file_bytes = 60});
    append(rolling, 1, 10);
    CHECK(names(disk).size() > 4);
    for (const auto& [name, bytes] : disk.contents())
      CHECK_MESSAGE(bytes.size() <= 60, name);
  }
  SUBCASE("by age, with something to write") {
    auto rolling = open(*files, {.file_age = 1min});
    append(rolling, 1, 1, start);
    append(rolling, 2, 2, start + 59s);
    append(rolling, 3, 10, start + 60s);
    CHECK(names(disk).size() == 2);
  }
  SUBCASE("by age, with nothing to write") {
    auto rolling = open(*files, {.file_age = 1min});
    append(rolling, 1, 10, start);
    REQUIRE(rolling.on_tick(start + 59s).has_value());
    CHECK(names(disk) == std::vector<std::string>{"events-00000001.part.gz"});
    REQUIRE(rolling.on_tick(start + 60s).has_value());
    CHECK(names(disk) == std::vector<std::string>{"events-00000001.gz"});
  }
  CHECK(text(disk) == lines(1, 10));
}

TEST_CASE("the oldest captured files go when there are too many or they are too large") {
  MemoryDisk disk;
  const auto files = disk.files();
  SUBCASE("by number") {
    auto rolling = open(*files, {.file_bytes = 1, .kept_files = 3});
    append(rolling, 1, 10);
    CHECK(text(disk) == lines(8, 10));
    CHECK(rolling.counters().files_removed == 7);
  }
  SUBCASE("by size") {
    auto rolling = open(*files, {.file_bytes = 1, .kept_bytes = 100});
    append(rolling, 1, 10);
    std::uint64_t bytes = 0;
    for (const auto& [name, content] : disk.contents())
      bytes += content.size();
    CHECK(bytes <= 100);
    CHECK(rolling.bytes() == bytes);
    CHECK(text(disk).ends_with(block(10)));
  }
  SUBCASE("those of a former process, too, and no file of anybody else") {
    disk.put("notes.gz", "mine");
    {
      auto rolling = open(*files, {.file_bytes = 1});
      append(rolling, 1, 10);
    }
    const auto rolling = open(*files, {.file_bytes = 1, .kept_files = 2});
    CHECK(text(disk) == lines(9, 10));
    CHECK(disk.contents().contains("notes.gz"));
  }
}

TEST_CASE("a captured file that was torn is whole up to the tear") {
  MemoryDisk disk;
  {
    const auto files = disk.files();
    auto rolling = open(*files);
    append(rolling, 1, 5);
  }
  const auto whole = disk.contents().at("events-00000001.part.gz");
  const auto four = whole.size() / 5 * 4;
  for (auto size = four; size < whole.size(); ++size) {
    MemoryDisk torn;
    torn.put("events-00000001.part.gz", whole.substr(0, size));
    CHECK(text(torn) == lines(1, 4));
    const auto files = torn.files();
    auto rolling = open(*files);
    CHECK(rolling.counters().torn_bytes == size - four);
    CHECK(rolling.last_line().value() == "line 4");
    CHECK(names(torn) == std::vector<std::string>{"events-00000001.gz"});
    append(rolling, 5, 5);
    CHECK(text(torn) == lines(1, 5));
  }
  SUBCASE("to nothing: it goes") {
    MemoryDisk torn;
    torn.put("events-00000001.part.gz", whole.substr(0, 7));
    const auto files = torn.files();
    const auto rolling = open(*files);
    CHECK(names(torn).empty());
  }
}

TEST_CASE("a captured block whose writing fails is not there in part") {
  MemoryDisk disk;
  bool failing = false, truncates = true;
  const auto files = adapters::files::faulty_files(
      disk.files(), [&](const NumberedOperation& operation) -> Fate {
        if (failing && operation.operation == FileOperation::append)
          return {Fate::Kind::fail, adapters::files::FileFault::disk_full, operation.bytes / 2};
        if (failing && !truncates && operation.operation == FileOperation::truncate)
          return {Fate::Kind::fail};
        return {};
      });
  auto rolling = open(*files);
  append(rolling, 1, 2);
  failing = true;
  SUBCASE("and the file is gone on with") {
    CHECK_FALSE(rolling.append(block(3), start).has_value());
    failing = false;
    append(rolling, 3, 4);
    CHECK(names(disk).size() == 1);
  }
  SUBCASE("nor when it cannot be shortened: another file is begun") {
    truncates = false;
    CHECK_FALSE(rolling.append(block(3), start).has_value());
    failing = false;
    append(rolling, 3, 4);
    CHECK(names(disk).size() == 2);
  }
  CHECK(text(disk) == lines(1, 4));
}

TEST_CASE("captured records go on behind the last one that is there") {
  MemoryDisk disk;
  {
    const auto writer = writer_on(disk);
    CHECK(opened(*writer) == std::nullopt);
    CHECK(written(*writer, batch(1, 3)).kind == core::sinks::Outcome::Kind::delivered);
    CHECK(written(*writer, batch(4, 4)).kind == core::sinks::Outcome::Kind::delivered);
  }
  CHECK(names(disk) == std::vector<std::string>{"events-00000001.gz"});
  CHECK(text(disk).find(R"({"stream":"archive-1","seq":4,"kind":"trade","mode":"mock")")
        != std::string::npos);
  CHECK(opened(*writer_on(disk)) == 4);
  CHECK(opened(*writer_on(disk), "archive-2") == std::nullopt);
}

TEST_CASE("captured records wait while the disk is full") {
  MemoryDisk disk;
  const auto writer = writer_on(disk);
  CHECK(opened(*writer) == std::nullopt);
  disk.set_capacity(0);
  CHECK(written(*writer, batch(1, 3)).kind == core::sinks::Outcome::Kind::failed);
  disk.set_capacity(std::nullopt);
  CHECK(opened(*writer) == std::nullopt);
  CHECK(written(*writer, batch(1, 3)).kind == core::sinks::Outcome::Kind::delivered);
  CHECK(opened(*writer) == 3);
}

TEST_CASE("frames are kept by market, as received, one a line") {
  MemoryDisk disk;
  {
    FrameRecorder recorder{recorder_on(disk)};
    recorder.take("binance_spot", 17, R"({"a":1})");
    recorder.take("bybit_linear", 18, "{\n}");
    recorder.take_answer("binance_spot", "http://h/depth?symbol=X&limit=5", 19, R"({"b":2})");
  }
  CHECK(unpack(disk.contents().at("frames-binance_spot-00000001.gz")).text
        == "17 {\"a\":1}\nhttp://h/depth?symbol=X&limit=5 -> 19: {\"b\":2}\n");
  CHECK(unpack(disk.contents().at("frames-bybit_linear-00000001.gz")).text == "18 { }\n");
}

TEST_CASE("frames that memory or disk do not hold are counted") {
  MemoryDisk disk;
  auto options = recorder_on(disk);
  SUBCASE("memory") {
    options.memory_bytes_max = 10;
    options.flush_interval = 1h;
    FrameRecorder recorder{options};
    recorder.take("m", 1, "12345");
    recorder.take("m", 2, "12345");
    CHECK(recorder.counters().taken == 2);
    CHECK(recorder.counters().lost == 1);
  }
  SUBCASE("disk") {
    disk.set_capacity(0);
    options.flush_interval = 1ms;
    FrameRecorder recorder{options};
    recorder.take("m", 1, "12345");
    while (recorder.counters().lost == 0)
      std::this_thread::yield();
    CHECK(recorder.counters().written == 0);
    while (recorder.trouble().empty())
      std::this_thread::yield();
    disk.set_capacity(std::nullopt);
    recorder.take("m", 2, "12345");
    while (recorder.counters().written == 0)
      std::this_thread::yield();
  }
}
