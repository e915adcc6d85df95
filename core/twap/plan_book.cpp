#include "core/twap/plan_book.hpp"

#include <string>
#include <utility>

namespace tandem::core::twap {

void PlanBook::restore(std::vector<KnownPlan> plans, std::set<PlanId> deleted) {
  const std::lock_guard lock{mutex_};
  plans_.clear();
  for (auto& known : plans) {
    auto id = known.plan.id;
    plans_.insert_or_assign(std::move(id), std::move(known));
  }
  deleted_ = std::move(deleted);
}

void PlanBook::put(const PlanConfig& plan) {
  const std::lock_guard lock{mutex_};
  plans_[plan.id].plan = plan;
}

void PlanBook::put(const PlanState& state) {
  const std::lock_guard lock{mutex_};
  if (const auto found = plans_.find(state.id); found != plans_.end())
    found->second.state = state;
}

void PlanBook::remove(const PlanId& id) {
  const std::lock_guard lock{mutex_};
  plans_.erase(id);
  held_.erase(id);
  deleted_.insert(id);
}

void PlanBook::hold(const PlanId& id, const std::string& why) {
  const std::lock_guard lock{mutex_};
  if (why.empty())
    held_.erase(id);
  else if (plans_.contains(id))
    held_[id] = why;
}

std::string PlanBook::held_by(const PlanId& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = held_.find(id);
  return found == held_.end() ? std::string{} : found->second;
}

std::optional<KnownPlan> PlanBook::find(const PlanId& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = plans_.find(id);
  return found == plans_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<KnownPlan> PlanBook::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<KnownPlan> result;
  for (const auto& [id, known] : plans_)
    result.push_back(known);
  return result;
}

bool PlanBook::knows(const PlanId& id) const {
  return plans_.contains(id) || deleted_.contains(id);
}

bool PlanBook::is_taken(const PlanId& id) const {
  const std::lock_guard lock{mutex_};
  return knows(id);
}

PlanId PlanBook::unused_id() const {
  const std::lock_guard lock{mutex_};
  for (std::size_t n = 1;; ++n) {
    auto digits = std::to_string(n);
    if (digits.size() < 3)
      digits.insert(0, 3 - digits.size(), '0');
    if (PlanId id{"twap_" + digits}; !knows(id))
      return id;
  }
}

} // namespace tandem::core::twap
