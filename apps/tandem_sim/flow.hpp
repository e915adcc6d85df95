/// Where prices go: one wandering fair value per base coin, a slow basis per market, and excursions
/// that part one market from the others for a moment. Drives all generated markets on one clock;
/// the outcome depends on the seed and the start only, never on who listens.
#pragma once

#include "apps/tandem_sim/market.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tandem::sim {

class Flow {
public:
  Flow(const Scenario& scenario, Time start);

  /// Called for each market after each step that changed something.
  using OnStep = std::function<void(Market&, const Step&, Time)>;

  /// Makes every step up to `now`.
  void advance(Time now, const OnStep& on_step);

  [[nodiscard]] Time next_step() const noexcept { return next_; }

  [[nodiscard]] bool empty() const noexcept { return followers_.empty(); }

  [[nodiscard]] Market* find(SurfaceId surface, std::string_view symbol) noexcept;
  /// In the order of the scenario.
  [[nodiscard]] std::vector<Market*> on(SurfaceId surface);

private:
  struct Excursion {
    core::UnixMillis next_at = 0;
    core::UnixMillis ends_at = 0;
    std::size_t follower = 0;
    std::int64_t offset_ppm = 0;
  };

  struct Base {
    std::string coin;
    Random random;
    std::int64_t start = 0;
    std::int64_t fair = 0;
    std::vector<std::size_t> followers;
    Excursion excursion;
  };

  struct Follower {
    std::unique_ptr<Market> market;
    Random random;
    std::size_t base = 0;
    std::int64_t basis_ppb = 0;
    std::int64_t offset_ppm = 0; ///< of an excursion that runs
  };

  void wander(Base& base);
  void excurse(Base& base, core::UnixMillis now);
  [[nodiscard]] std::int64_t wanted(Follower& follower);

  FlowOptions options_;
  std::int64_t fair_step_ppb_;
  std::int64_t basis_step_ppb_;
  Time next_;
  std::vector<Base> bases_;
  std::vector<Follower> followers_;
  Step step_;
};

} // namespace tandem::sim
