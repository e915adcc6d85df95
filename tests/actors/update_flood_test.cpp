/// Promise P19 on the way of an order: a venue that says more than the engine works off is not
/// read, so that what waits is bounded; nothing is dropped, it is told, and a kill does not wait.
#include "actors/market/market_bus.hpp"
#include "actors/risk/desk_clock.hpp"
#include "tests/actors/private_world.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <vector>

namespace tandem::tests {
namespace {

using adapters::venues::updates_waiting_max;

constexpr std::size_t flood = 1'000'000;

/// Resident, in MiB.
std::size_t memory_used() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

core::risk::GateLimits generous() {
  core::risk::GateLimits limits;
  limits.order_notional_max = money("1000000000");
  return limits;
}

struct Heard {
  std::uint64_t last = 0, count = 0, gaps = 0;

  void note(const core::orders::OrderUpdate& update) {
    gaps += update.number == last + 1 ? 0 : 1;
    last = update.number;
    ++count;
  }
};

/// The market's private side with those who listen: the pair that owns the order, the bus and a
/// listener behind it.
struct Flooded : PrivateWorld {
  Flooded() : PrivateWorld{generous()} {
    desk.add_listener([this](const core::orders::OrderUpdate& update) {
      actors::pass_on(*sim.context(), update, updates->take());
    });
    const auto cell = sim.context()->cells->cell(messages::paths::market_bus, "market_bus");
    const auto bus = sim.own(sim.system.spawn(actors::market_bus, sim.context(), cell, nullptr));
    put(messages::paths::market_bus, bus);
    const auto listener = sim.own(sim.system.spawn(listen, &listened));
    caf::anon_send(bus, messages::AddListener{listener});
    const auto pair = sim.own(sim.system.spawn(own, &owned));
    put(messages::paths::pair_monitor("pair"), pair);
    start();
    REQUIRE(opens(10s));
    id = submit(flood).value().front();
    sim.settle();
  }

  template <class Handle>
  void put(const std::string& path, const Handle& actor) {
    sim.context()->directory->put(path, caf::actor_cast<caf::strong_actor_ptr>(actor));
  }

  static caf::behavior own(caf::event_based_actor*, Heard* heard) {
    return {[heard](const messages::OrderMoved& moved) { heard->note(moved.update); }};
  }

  static messages::EventListenerHandle::behavior_type listen(messages::EventListenerHandle::pointer,
                                                             Heard* heard) {
    return {[](const messages::Opportunity&) {}, [](const messages::EngineAlert&) {},
            [heard](const messages::OrderMoved& moved) { heard->note(moved.update); },
            [](const messages::ExecutionMoved&) {}, [](const messages::PlanMoved&) {}};
  }

  /// The venue goes on until nobody reads it. No actor has its turn meanwhile.
  void speak() {
    for (; said < flood && !venue.paused(); ++said)
      venue.tell("order.spot",
                 PrivateVenue::order(id.text(), "PartiallyFilled",
                                     core::format_scaled(static_cast<std::int64_t>(said + 1), 3)));
  }

  [[nodiscard]] std::size_t waiting() const { return updates->taken(); }

  Heard owned, listened;
  core::orders::ClientOrderId id;
  std::size_t said = 0;
};

} // namespace

TEST_CASE("P19: a million order updates wait in bounded memory, none is lost, and a kill does not "
          "wait behind them") {
  Flooded world;
  const auto before = world.owned.count;
  const auto memory_before = memory_used();
  std::size_t peak = 0, memory_peak = 0, times = 0;
  std::vector<std::chrono::nanoseconds> kills;
  while (world.said < flood) {
    world.speak();
    peak = std::max(peak, world.waiting());
    memory_peak = std::max(memory_peak, memory_used());
    REQUIRE(world.waiting() <= updates_waiting_max);
    if (world.venue.paused()) {
      ++times;
      const auto asked = std::chrono::steady_clock::now();
      const auto cancelled = world.desk.kill({.level = core::risk::KillLevel::strategy,
                                              .scope = "nobody" + std::to_string(times),
                                              .person = "ann",
                                              .reason = "in the middle of it"},
                                             {world.sim.now(), world.sim.context()->clocks.wall()});
      kills.push_back(std::chrono::steady_clock::now() - asked);
      CHECK(cancelled.empty());
      CHECK(world.waiting() == updates_waiting_max); // it overtook them all
      CHECK(world.sim.cell(messages::paths::private_feed(world.key))->counters().at("reading_held")
            == 1);
    }
    world.journal.records.clear(); // as large as it was written, and not what is measured here
    world.sim.advance(5ms);
  }
  world.sim.settle();
  CHECK(world.waiting() == 0);
  CHECK(world.owned.count - before == flood);
  CHECK(world.owned.gaps == 0);
  CHECK(world.listened.last == world.owned.last);
  const auto& counters = world.sim.cell(messages::paths::private_feed(world.key))->counters();
  CHECK(counters.at("times_held") == static_cast<std::int64_t>(times));
  CHECK(counters.at("reading_held") == 0);
  CHECK(world.told("PRIVATE_FEED_HELD") >= 1);
  CHECK(world.told("PRIVATE_FEED_DOWN") == 0);
  std::sort(kills.begin(), kills.end());
  const auto us = [&](std::size_t per_mille) {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               kills.at((kills.size() - 1) * per_mille / 1000))
        .count();
  };
  MESSAGE("P19: " << flood << " updates, at most " << peak << " waited (bound "
                  << updates_waiting_max << "), memory grew by "
                  << (memory_peak > memory_before ? memory_peak - memory_before : 0)
                  << " MiB, reading was held " << times << " times; " << kills.size()
                  << " kills at the peak: p50 " << us(500) << " us, p99 " << us(990) << " us");
}

TEST_CASE("P19: a pair that never works off what waits does not fill the memory: the stream is "
          "given up, and the gate closes") {
  Flooded world;
  const auto path = messages::paths::private_feed(world.key);
  const auto hanging = world.updates->take(); // as a mailbox that nobody reads holds them
  std::vector<core::supervision::Place> held(updates_waiting_max, hanging);
  for (auto& place : held)
    place = world.updates->take();
  world.speak();
  CHECK(world.said == 1);
  CHECK(world.venue.paused());
  REQUIRE(world.sim.until([&] { return world.told("PRIVATE_FEED_DOWN") == 1; }, 60s));
  CHECK(world.gateway_state() == "closed");
  CHECK_FALSE(world.submit());
  held.clear();
  CHECK(world.sim.until([&] { return world.feed_state() == "live"; }, 60s));
}

} // namespace tandem::tests
