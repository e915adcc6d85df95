/// Every pair's executions: the last state of each, its number, and the ended ones for whoever
/// asks. It outlives the monitors that write it, so that a restarted one goes on where its
/// predecessor was. Thread safe.
#pragma once

#include "core/strategy/two_leg.hpp"
#include "core/types/ids.hpp"
#include "core/types/money.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace tandem::core::strategy {

class ExecutionBook {
public:
  /// @param kept ended executions remembered at most.
  explicit ExecutionBook(std::size_t kept = 10'000) : kept_{kept} {}

  /// What a run before left behind: the last execution of each pair, what those before it came to,
  /// and the ended ones that are still to be shown, oldest first.
  void restore(const std::map<PairId, ExecutionState>& last,
               const std::map<PairId, ExecutionTotals>& before_last,
               const std::vector<ExecutionState>& history);

  /// An execution moved; the same number replaces what was known of it, also of an earlier one.
  void put(const ExecutionState& execution);

  [[nodiscard]] std::optional<ExecutionState> last(const PairId& pair) const;

  /// One that is remembered.
  [[nodiscard]] std::optional<ExecutionState> find(const PairId& pair, std::uint64_t number) const;

  /// Of the pair's next execution.
  [[nodiscard]] std::uint64_t next_number(const PairId& pair) const;

  /// Quote notional of all executions of the pair so far: what total_amount caps.
  [[nodiscard]] Money notional(const PairId& pair) const;

  /// Profit net of fees; of one pair, or of all when empty.
  [[nodiscard]] Money profit(const PairId& pair) const;

  /// Newest first. @param pair empty = all.
  [[nodiscard]] std::vector<ExecutionState> latest(std::size_t limit, const PairId& pair) const;

private:
  [[nodiscard]] const ExecutionState* known(const PairId& pair, std::uint64_t number) const;
  void keep_ended(const ExecutionState& execution);

  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::map<PairId, ExecutionState> last_;
  std::map<PairId, ExecutionTotals> before_last_; ///< of all executions but the last
  std::deque<ExecutionState> ended_;              ///< oldest first; a late fill may change one
};

} // namespace tandem::core::strategy
