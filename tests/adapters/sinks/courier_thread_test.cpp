#include "adapters/sinks/courier_thread.hpp"

#include "adapters/files/memory_files.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::adapters::sinks;
using adapters::files::MemoryDisk;

namespace {

/// Notes the numbers that came, or is not there.
struct Destination {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::uint64_t> numbers;
  bool reachable = true;

  void wait_for(std::size_t count) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 60s, [&] { return numbers.size() >= count; }));
  }
};

class NotingWriter final : public Writer {
public:
  explicit NotingWriter(Destination& destination) : destination_{destination} {}

  void open(const std::string& /*stream*/, Opened done) override {
    if (destination_.reachable)
      done(std::nullopt);
    else
      done(core::fail(core::Errc::connection_lost, "refused"));
  }

  void write(BatchPtr batch, Written done) override {
    {
      const std::lock_guard lock{destination_.mutex};
      for (const auto& item : batch->items)
        destination_.numbers.push_back(item.sequence);
    }
    destination_.changed.notify_one();
    done({});
  }

private:
  Destination& destination_;
};

CourierPorts ports(MemoryDisk& disk, Destination& destination) {
  return {{[] { return core::MonoTime{std::chrono::steady_clock::now()}; },
           [] { return core::WallTime{}; }},
          [] { return std::uint64_t{7}; },
          [&disk] { return disk.files(); },
          [&destination] { return std::make_unique<NotingWriter>(destination); },
          {}};
}

CourierOptions options() {
  CourierOptions options{.id = "test", .mode = "mock", .delivery = {}, .spool = {}};
  options.delivery.flush_interval = 1ms;
  return options;
}

core::sinks::Record record() {
  core::sinks::Record record;
  record.text("text", "x");
  return record;
}

} // namespace

TEST_CASE("a courier on its own thread delivers what comes on the tape, in order") {
  MemoryDisk disk;
  Destination destination;
  core::sinks::Tape tape;
  const CourierThread courier{options(), ports(disk, destination), tape.add_reader({}, 100), {}};
  tape.write(record());
  destination.wait_for(1);
  tape.write(record());
  tape.write(record());
  destination.wait_for(3);
  CHECK(destination.numbers == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("what a courier's thread has not delivered at its end waits on disk for the next") {
  MemoryDisk disk;
  Destination destination;
  destination.reachable = false;
  core::sinks::Tape tape;
  const auto reader = tape.add_reader({}, 100);
  {
    const CourierThread courier{options(), ports(disk, destination), reader, {}};
    tape.write(record());
    tape.write(record());
  }
  CHECK(destination.numbers.empty());
  destination.reachable = true;
  const CourierThread courier{options(), ports(disk, destination), reader, {}};
  destination.wait_for(2);
  CHECK(destination.numbers == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("the threads of a writer's library wait for those who trade, as the courier's own does") {
  MemoryDisk disk;
  Destination destination;
  core::sinks::Tape tape;
  std::promise<int> nice;
  auto outside = ports(disk, destination);
  outside.writer = [&destination, &nice] {
    std::thread{[&nice] { nice.set_value(::getpriority(PRIO_PROCESS, 0)); }}.join();
    return std::make_unique<NotingWriter>(destination);
  };
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  const CourierThread courier{
      options(), std::move(outside), tape.add_reader({}, 100), {}, {.cpus = {}, .yields = true}};
  tape.write(record());
  destination.wait_for(1);
  CHECK(nice.get_future().get() >= 5);
  CHECK(::getpriority(PRIO_PROCESS, 0) == ours);
}
