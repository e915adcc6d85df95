/// Every plan there is and how far it has come. It outlives the actors that work them, so that a
/// restarted one goes on where its predecessor was. Thread safe.
#pragma once

#include "core/twap/plan.hpp"
#include "core/twap/state.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tandem::core::twap {

/// A plan as it was last written down. Without a state it never moved.
struct KnownPlan {
  PlanConfig plan;
  std::optional<PlanState> state;

  friend bool operator==(const KnownPlan&, const KnownPlan&) = default;
};

class PlanBook {
public:
  /// What the runs before left behind. @param deleted ids that are not given again.
  void restore(std::vector<KnownPlan> plans, std::set<PlanId> deleted);

  void put(const PlanConfig& plan);
  /// Ignored when the plan is not there (any more).
  void put(const PlanState& state);
  void remove(const PlanId& id);
  /// Why no order of it goes out at the moment; empty = nothing. Not kept over a restart.
  void hold(const PlanId& id, const std::string& why);
  [[nodiscard]] std::string held_by(const PlanId& id) const;

  [[nodiscard]] std::optional<KnownPlan> find(const PlanId& id) const;
  /// In the order of their ids.
  [[nodiscard]] std::vector<KnownPlan> all() const;
  /// There is, or was once, a plan of this id.
  [[nodiscard]] bool is_taken(const PlanId& id) const;
  /// "twap_001" and so on: one that was never given.
  [[nodiscard]] PlanId unused_id() const;

private:
  [[nodiscard]] bool knows(const PlanId& id) const;

  mutable std::mutex mutex_;
  std::map<PlanId, KnownPlan> plans_;
  std::map<PlanId, std::string> held_;
  std::set<PlanId> deleted_;
};

} // namespace tandem::core::twap
