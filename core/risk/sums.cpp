// The ledger's sums, out and in.
#include "core/risk/sums.hpp"

#include "core/risk/ledger.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::risk {
namespace {

PositionSum sum_of(const orders::Position& position) {
  return {position.quantity(), position.cost(), position.realised(), position.fees()};
}

orders::Position position_of(const PositionSum& sum) {
  return {sum.quantity, sum.cost, sum.realised, sum.fees};
}

StrategySum sum_of(const StrategyState& state) {
  StrategySum sum{state.name, state.total, state.executions, state.last_execution, {}, {}};
  for (const auto& holding : state.holdings)
    if (holding.traded != Money{} || holding.span.quantity != Money{})
      sum.holdings.push_back({holding.instrument->key, holding.span.quantity, holding.traded});
  std::ranges::sort(sum.holdings, {}, &StrategySum::Holding::instrument);
  for (const auto& [base, position] : state.by_base)
    sum.bases.push_back({base, sum_of(position)});
  return sum;
}

} // namespace

Sums Ledger::sums() const {
  Sums sums;
  // any order: sorted below
  for (const auto& [key, state] : instruments_)
    if (state.position != orders::Position{})
      sums.instruments.push_back({key, sum_of(state.position)});
  std::ranges::sort(sums.instruments, {}, &InstrumentSum::instrument);
  // any order: sorted below
  for (const auto& [name, state] : strategies_)
    if (auto sum = sum_of(state);
        sum.executions != 0 || sum.last_execution != 0 || !sum.bases.empty())
      sums.strategies.push_back(std::move(sum));
  std::ranges::sort(sums.strategies, {}, &StrategySum::strategy);
  return sums;
}

void Ledger::set_sums(const Sums& sums) {
  // any order: each by itself
  for (auto& [key, state] : instruments_)
    state.position = {};
  // any order: each by itself
  for (auto& [name, state] : strategies_) {
    state.total = {};
    state.executions = 0;
    state.last_execution = 0;
    state.by_base.clear();
    for (auto& holding : state.holdings) {
      holding.span.quantity = {};
      holding.traded = {};
    }
  }
  for (const auto& sum : sums.instruments)
    instrument(sum.instrument).position = position_of(sum.position);
  for (const auto& sum : sums.strategies) {
    auto& state = strategy(sum.strategy);
    state.total = sum.opened;
    state.executions = static_cast<std::uint32_t>(sum.executions);
    state.last_execution = sum.last_execution;
    for (const auto& row : sum.holdings) {
      auto& holding = state.holding(instrument(row.instrument));
      holding.span.quantity = row.quantity;
      holding.traded = row.traded;
    }
    for (const auto& base : sum.bases)
      state.by_base[base.base] = position_of(base.position);
  }
  // any order: each by itself
  for (auto& [key, state] : instruments_)
    reprice(state);
}

} // namespace tandem::core::risk
