#include "core/strategy/execution_book.hpp"

#include <algorithm>

namespace tandem::core::strategy {

void ExecutionBook::restore(const std::map<PairId, ExecutionState>& last,
                            const std::map<PairId, ExecutionTotals>& before_last,
                            const std::vector<ExecutionState>& history) {
  const std::lock_guard lock{mutex_};
  last_ = last;
  before_last_ = before_last;
  for (const auto& execution : history)
    keep_ended(execution);
}

/// Newest first: who asks means one of the last.
const ExecutionState* ExecutionBook::known(const PairId& pair, std::uint64_t number) const {
  if (const auto last = last_.find(pair); last != last_.end() && last->second.number == number)
    return &last->second;
  const auto found = std::find_if(ended_.rbegin(), ended_.rend(), [&](const auto& other) {
    return other.pair == pair && other.number == number;
  });
  return found == ended_.rend() ? nullptr : &*found;
}

void ExecutionBook::keep_ended(const ExecutionState& execution) {
  // The same one again is near the end: a late fill came.
  const auto same = std::find_if(ended_.rbegin(), ended_.rend(), [&](const auto& other) {
    return other.pair == execution.pair && other.number == execution.number;
  });
  if (same != ended_.rend()) {
    *same = execution;
    return;
  }
  ended_.push_back(execution);
  if (ended_.size() > kept_)
    ended_.pop_front();
}

void ExecutionBook::put(const ExecutionState& execution) {
  const std::lock_guard lock{mutex_};
  const auto last = last_.find(execution.pair);
  if (last == last_.end()) {
    last_.emplace(execution.pair, execution);
  } else if (execution.number >= last->second.number) {
    if (execution.number > last->second.number)
      before_last_[execution.pair].add(last->second);
    last->second = execution;
  } // an earlier one, by a late fill: what those before the last came to stays as it was reckoned
  if (is_over(execution.phase))
    keep_ended(execution);
}

std::optional<ExecutionState> ExecutionBook::last(const PairId& pair) const {
  const std::lock_guard lock{mutex_};
  const auto found = last_.find(pair);
  return found == last_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<ExecutionState> ExecutionBook::find(const PairId& pair, std::uint64_t number) const {
  const std::lock_guard lock{mutex_};
  const auto* found = known(pair, number);
  return found == nullptr ? std::nullopt : std::optional{*found};
}

std::uint64_t ExecutionBook::next_number(const PairId& pair) const {
  const std::lock_guard lock{mutex_};
  const auto found = last_.find(pair);
  return found == last_.end() ? 1 : found->second.number + 1;
}

Money ExecutionBook::notional(const PairId& pair) const {
  const std::lock_guard lock{mutex_};
  ExecutionTotals totals;
  if (const auto before = before_last_.find(pair); before != before_last_.end())
    totals = before->second;
  if (const auto last = last_.find(pair); last != last_.end())
    totals.add(last->second);
  return totals.notional;
}

Money ExecutionBook::profit(const PairId& pair) const {
  const std::lock_guard lock{mutex_};
  ExecutionTotals totals;
  for (const auto& [id, before] : before_last_)
    if (pair.empty() || id == pair)
      totals.profit += before.profit;
  for (const auto& [id, last] : last_)
    if (pair.empty() || id == pair)
      totals.add(last);
  return totals.profit;
}

std::vector<ExecutionState> ExecutionBook::latest(std::size_t limit, const PairId& pair) const {
  const std::lock_guard lock{mutex_};
  std::vector<ExecutionState> result;
  for (const auto& [id, last] : last_)
    if (!is_over(last.phase) && (pair.empty() || id == pair) && result.size() < limit)
      result.push_back(last);
  for (auto next = ended_.rbegin(); next != ended_.rend() && result.size() < limit; ++next)
    if (pair.empty() || next->pair == pair)
      result.push_back(*next);
  return result;
}

} // namespace tandem::core::strategy
