#include "core/orders/reconcile.hpp"

#include <utility>

namespace tandem::core::orders {
namespace {

Money distance(Money a, Money b) noexcept {
  return a < b ? b - a : a - b;
}

template <class Key>
Money amount_of(const std::map<Key, Money>& amounts, const Key& key) noexcept {
  const auto found = amounts.find(key);
  return found == amounts.end() ? Money{} : found->second;
}

} // namespace

std::vector<Difference> compare(const AccountBooks& ours, const AccountBooks& theirs,
                                Money tolerance) {
  std::vector<Difference> rows;
  for (const auto& [asset, amount] : ours.assets) {
    const auto shown = amount_of(theirs.assets, asset);
    if (distance(amount, shown) > tolerance)
      rows.push_back({asset, amount, shown});
  }
  auto positions = ours.positions;
  for (const auto& [instrument, amount] : theirs.positions)
    positions.emplace(instrument, Money{});
  for (const auto& [instrument, amount] : positions) {
    const auto shown = amount_of(theirs.positions, instrument);
    if (distance(amount, shown) > tolerance)
      rows.push_back({core::to_string(instrument), amount, shown, instrument});
  }
  return rows;
}

Money accept(AccountBooks& baseline, const Difference& row) {
  auto& rest = row.instrument ? baseline.positions[*row.instrument] : baseline.assets[row.what];
  rest += row.theirs - row.ours;
  return rest;
}

bool Reconciliation::on_reading(const AccountBooks& ours, const AccountBooks& theirs, bool quiet) {
  if (!quiet)
    return false;
  const auto before = state_;
  auto rows = compare(ours, theirs, tolerance_);
  if (rows.empty()) {
    state_ = ReconcileState::clean;
    was_clean_ = true;
  } else if (state_ == ReconcileState::differs
             || (state_ == ReconcileState::suspect && rows == differences_)) {
    state_ = ReconcileState::differs;
    was_clean_ = false;
  } else {
    state_ = ReconcileState::suspect;
  }
  const bool changed = state_ != before || rows != differences_;
  differences_ = std::move(rows);
  return changed;
}

void Reconciliation::accept() {
  state_ = ReconcileState::accepted;
  was_clean_ = false;
  differences_.clear();
}

void Reconciliation::restart() {
  // A confirmed difference stays one until a comparison or a person says otherwise.
  if (state_ != ReconcileState::differs)
    state_ = ReconcileState::never;
  was_clean_ = false;
}

bool Reconciliation::may_trade() const noexcept {
  return state_ == ReconcileState::clean || (state_ == ReconcileState::suspect && was_clean_);
}

} // namespace tandem::core::orders
