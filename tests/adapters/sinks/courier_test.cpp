#include "adapters/sinks/courier.hpp"

#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::adapters::sinks;
using adapters::files::Fate;
using adapters::files::FileOperation;
using adapters::files::MemoryDisk;
using adapters::files::NumberedOperation;
using core::sinks::News;
using core::sinks::NewsPtr;
using core::sinks::Outcome;

namespace {

/// A destination that outlives couriers: what arrived, how often, and what it says to a batch.
struct Destination {
  std::map<std::pair<std::string, std::uint64_t>, int> arrived; ///< by stream and number
  std::vector<std::string> texts;                               ///< in order of arrival
  std::map<std::string, std::uint64_t> last;                    ///< by stream, where it remembers
  bool remembers = false;
  bool reachable = true;
  std::string poison; ///< a record with this text is refused, and its whole batch with it
  /// Decides what becomes of a batch: how many records arrive, and whether the answer gets back.
  std::function<std::pair<std::size_t, bool>(std::size_t)> mishap;
  int opened = 0, batches = 0;
  std::size_t largest = 0;

  void take(const Batch& batch, std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) {
      const auto& item = batch.items[n];
      ++arrived[{batch.stream, item.sequence}];
      texts.push_back(std::get<std::string>(item.record.fields.front().value));
      last[batch.stream] = item.sequence;
    }
  }
};

class FakeWriter final : public Writer {
public:
  explicit FakeWriter(Destination& destination) : destination_{destination} {}

  void open(const std::string& stream, Opened done) override {
    ++destination_.opened;
    if (!destination_.reachable)
      return done(core::fail(core::Errc::connection_lost, "refused"));
    const auto known = destination_.last.find(stream);
    done(destination_.remembers && known != destination_.last.end() ? std::optional{known->second}
                                                                    : std::nullopt);
  }

  void write(BatchPtr batch, Written done) override {
    ++destination_.batches;
    destination_.largest = std::max(destination_.largest, batch->items.size());
    if (!destination_.reachable)
      return done({Outcome::Kind::failed, "refused"});
    const auto is_poison = [&](const auto& item) {
      return std::get<std::string>(item.record.fields.front().value) == destination_.poison;
    };
    if (!destination_.poison.empty()
        && std::any_of(batch->items.begin(), batch->items.end(), is_poison))
      return done({Outcome::Kind::rejected, "bad record"});
    if (destination_.mishap) {
      const auto [count, answered] = destination_.mishap(batch->items.size());
      destination_.take(*batch, count);
      return done(count == batch->items.size() && answered
                      ? Outcome{}
                      : Outcome{Outcome::Kind::failed, "cut off"});
    }
    destination_.take(*batch, batch->items.size());
    done({});
  }

private:
  Destination& destination_;
};

/// One engine's courier on a disk, with a clock in the test's hand.
struct Ground {
  MemoryDisk disk;
  Destination destination;
  std::chrono::nanoseconds now{1h};
  std::mt19937_64 random{7};
  std::deque<std::function<void()>> tasks;
  std::function<Fate(const NumberedOperation&)> fate;
  CourierOptions options{.id = "test", .mode = "mock", .delivery = {}, .spool = {}};
  std::unique_ptr<Courier> courier;
  std::vector<CourierNotice> notices;

  Ground() {
    options.delivery.batch_records = 10;
    options.delivery.flush_interval = 1s;
    options.delivery.retry = {100ms, 5s, 60s};
    options.spool.segment_bytes = 500;
  }

  void start() {
    courier = std::make_unique<Courier>(
        options, CourierPorts{{[this] { return core::MonoTime{now}; },
                               [this] { return core::WallTime{now}; }},
                              [this] { return random(); },
                              [this] {
                                return adapters::files::faulty_files(
                                    disk.files(), [this](const NumberedOperation& operation) {
                                      return fate ? fate(operation) : Fate{};
                                    });
                              },
                              [this]() -> core::Result<std::unique_ptr<Writer>> {
                                return std::make_unique<FakeWriter>(destination);
                              },
                              [this](auto task) { tasks.push_back(std::move(task)); }});
    settle();
  }

  void settle() {
    while (!tasks.empty()) {
      const auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
    for (auto& notice : courier->take_notices())
      notices.push_back(std::move(notice));
  }

  /// The process dies: what is under way is never answered.
  void kill() {
    tasks.clear();
    courier.reset();
  }

  void say(const std::string& text) {
    core::sinks::Record record;
    record.time = core::to_millis(core::WallTime{now});
    record.text("message", text);
    courier->on_news({std::make_shared<const News>(std::move(record))}, 0);
    settle();
  }

  void pass(std::chrono::milliseconds time) {
    for (const auto end = now + time; now < end; now += 50ms) {
      courier->on_tick();
      settle();
    }
  }

  [[nodiscard]] int told(CourierNotice::Kind kind) const {
    return static_cast<int>(std::count_if(notices.begin(), notices.end(),
                                          [&](const auto& notice) { return notice.kind == kind; }));
  }

  /// Every number of every stream once, from 1.
  [[nodiscard]] bool gapless_and_single() const {
    std::map<std::string, std::uint64_t> next;
    for (const auto& [name, count] : destination.arrived)
      if (count != 1 || name.second != ++next[name.first])
        return false;
    return true;
  }
};

std::vector<std::string> numbered(int count) {
  std::vector<std::string> texts;
  for (int n = 0; n < count; ++n)
    texts.push_back(std::to_string(n));
  return texts;
}

} // namespace

TEST_CASE("a courier delivers what it is given, in order and in batches") {
  Ground ground;
  ground.options.spool.segment_bytes = 100'000;
  ground.start();
  for (const auto& text : numbered(35))
    ground.say(text);
  ground.pass(2s);
  CHECK(ground.destination.texts == numbered(35));
  CHECK(ground.destination.largest == 10);
  CHECK(ground.gapless_and_single());
  const auto stats = ground.courier->stats();
  CHECK(stats.records == 35);
  CHECK(stats.delivered == 35);
  CHECK(stats.waiting == 0);
  CHECK(stats.state == "live");
  CHECK(ground.notices.empty());
}

TEST_CASE("a record that comes after a long silence is not called late") {
  Ground ground;
  ground.start();
  ground.say("before");
  ground.pass(1h);
  ground.say("after");
  ground.pass(100ms);
  CHECK(ground.courier->stats().waiting == 1);
  CHECK(ground.courier->stats().lag_ms == 100);
}

TEST_CASE("an outage loses nothing, is said once and its end too") {
  Ground ground;
  ground.start();
  ground.destination.reachable = false;
  for (const auto& text : numbered(500)) {
    ground.say(text);
    ground.pass(50ms);
  }
  CHECK(ground.told(CourierNotice::Kind::down) == 1);
  CHECK(ground.courier->stats().state == "down");
  CHECK(ground.courier->stats().waiting == 500);
  CHECK(ground.courier->stats().lag_ms == 500 * 50);
  ground.destination.reachable = true;
  ground.pass(10s);
  CHECK(ground.destination.texts == numbered(500));
  CHECK(ground.gapless_and_single());
  CHECK(ground.told(CourierNotice::Kind::back) == 1);
  CHECK(ground.courier->stats().state == "live");
}

TEST_CASE("a record that the destination will never take is kept aside, and the others arrive") {
  Ground ground;
  ground.destination.poison = "17";
  ground.start();
  for (const auto& text : numbered(40))
    ground.say(text);
  ground.pass(5s);
  auto expected = numbered(40);
  expected.erase(expected.begin() + 17);
  CHECK(ground.destination.texts == expected);
  CHECK(ground.told(CourierNotice::Kind::refused) == 1);
  CHECK(ground.courier->stats().refused == 1);
  const auto kept = ground.disk.contents().at("refused.jsonl");
  CHECK(kept.find("\"message\":\"17\"") != std::string::npos);
  CHECK(kept.find("\"refusedBecause\":\"bad record\"") != std::string::npos);
}

TEST_CASE("a disk that takes nothing is said, and records wait in memory up to its bound") {
  Ground ground;
  ground.options.memory_bytes_max = 2'000;
  ground.start();
  ground.fate = [](const NumberedOperation& operation) {
    Fate fate;
    if (operation.operation == FileOperation::append
        || operation.operation == FileOperation::create)
      fate.kind = Fate::Kind::fail;
    return fate;
  };
  for (const auto& text : numbered(100))
    ground.say(text);
  CHECK(ground.told(CourierNotice::Kind::spool_failed) == 1);
  CHECK(ground.told(CourierNotice::Kind::lost) == 1);
  const auto lost = ground.courier->stats().lost;
  CHECK(lost > 0);
  CHECK(ground.courier->stats().state == "blocked");
  ground.fate = {};
  ground.pass(5s);
  CHECK(ground.told(CourierNotice::Kind::spool_back) == 1);
  CHECK(ground.destination.texts == numbered(static_cast<int>(100 - lost)));
  CHECK(ground.gapless_and_single());
}

TEST_CASE("a courier whose disk is not there at the start begins when it is") {
  Ground ground;
  ground.fate = [](const NumberedOperation&) { return Fate{.kind = Fate::Kind::fail}; };
  ground.start();
  ground.say("0");
  CHECK(ground.courier->stats().state == "blocked");
  ground.fate = {};
  ground.pass(5s);
  CHECK(ground.destination.texts == numbered(1));
}

TEST_CASE("engine and destination may die at any moment: nothing is missing, nothing came twice") {
  // The destination remembers how far a stream got (Kafka), so that even a batch whose answer was
  // lost comes once.
  std::uint64_t kills = 0, lost_answers = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Ground ground;
    ground.destination.remembers = true;
    ground.random.seed(seed);
    std::mt19937_64 dice{seed};
    ground.destination.mishap = [&](std::size_t size) -> std::pair<std::size_t, bool> {
      switch (dice() % 4) {
      case 0:
        return {0, false};
      case 1:
        ++lost_answers;
        return {size, false}; // all or nothing arrives, its answer does not
      default:
        return {size, true};
      }
    };
    ground.start();
    std::vector<std::string> said;
    for (int n = 0; n < 120; ++n) {
      said.push_back(std::to_string(n));
      ground.say(said.back());
      ground.pass(std::chrono::milliseconds{dice() % 200});
      if (dice() % 20 == 0) {
        // Perhaps in the middle of a batch.
        ground.courier->on_tick();
        ground.kill();
        ++kills;
        ground.start();
      }
      ground.destination.reachable = dice() % 10 != 0;
    }
    ground.destination.reachable = true;
    ground.destination.mishap = {};
    ground.pass(30s);
    REQUIRE_MESSAGE(ground.destination.texts == said, seed);
    REQUIRE_MESSAGE(ground.gapless_and_single(), seed);
  }
  MESSAGE("300 runs: ", kills, " kills, ", lost_answers, " answers lost, 0 missing, 0 doubled");
  CHECK(kills > 500);
}
