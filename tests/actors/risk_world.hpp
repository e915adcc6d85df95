/// A desk with two venues (tests/core/orders/desk_world.hpp) beside one actor of the risk group in
/// virtual time.
#pragma once

#include "messages/orders.hpp"
#include "tests/actors/sim.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <algorithm>
#include <string>

namespace tandem::tests {

struct RiskWorld {
  RiskWorld() = default;

  ~RiskWorld() { sim.finish(); }

  RiskWorld(const RiskWorld&) = delete;
  RiskWorld& operator=(const RiskWorld&) = delete;

  /// Under its path, as a supervisor would list it.
  template <class Spawn>
  auto own(const std::string& path, const std::string& kind, Spawn spawn) {
    auto actor = spawn(sim.context()->cells->cell(path, kind));
    sim.owned.push_back(caf::actor_cast<caf::actor>(actor));
    sim.context()->directory->put(path, caf::actor_cast<caf::strong_actor_ptr>(actor));
    sim.settle();
    return actor;
  }

  /// The desk's own time is the actors' from now on.
  void follow() { world.now = {sim.now(), sim.context()->clocks.wall()}; }

  [[nodiscard]] std::size_t told(const std::string& event) const {
    return static_cast<std::size_t>(
        std::count(sim.log.events.begin(), sim.log.events.end(), event));
  }

  DeskWorld world;
  Sim sim;
};

} // namespace tandem::tests
