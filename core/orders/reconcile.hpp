/// Compares what a venue shows of an account with what our own books say it must show, and decides
/// when a difference is real. Pure; asking the venue and acting are others' business.
#pragma once

#include "core/types/ids.hpp"
#include "core/types/money.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::orders {

/// One account at one moment. Assets are whole balances (free plus locked) in units of the asset;
/// positions are signed base units.
struct AccountBooks {
  std::map<std::string, Money> assets;
  std::map<InstrumentKey, Money> positions;

  friend bool operator==(const AccountBooks&, const AccountBooks&) = default;
};

struct Difference {
  std::string what; ///< an asset, or an instrument ("binance.linear.BTCUSDT")
  Money ours, theirs;
  std::optional<InstrumentKey> instrument{}; ///< set when it is one, and not an asset

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// Rows in which the two differ by more than `tolerance`; what only one of them names counts as 0
/// in the other. Assets that `ours` does not name are not ours to judge and are left out.
[[nodiscard]] std::vector<Difference> compare(const AccountBooks& ours, const AccountBooks& theirs,
                                              Money tolerance);

/// The venue's number becomes ours. @param baseline what an account held beyond our own fills.
/// @returns what it holds of this row from now on.
Money accept(AccountBooks& baseline, const Difference& row);

enum class ReconcileState {
  never,    ///< not yet compared in quiet
  clean,    ///< last quiet comparison agreed
  suspect,  ///< differed once: a message may still be on its way
  differs,  ///< differed the same way twice in a row: named, trading stops
  accepted, ///< a person accepted the difference; the next comparison begins anew
};

class Reconciliation {
public:
  explicit Reconciliation(Money tolerance) : tolerance_{tolerance} {}

  /// @param quiet no order of this account was open or unknown from before the reading began until
  /// after it was compared: otherwise the two cannot be expected to agree, and nothing is learned.
  /// @returns whether the state changed.
  bool on_reading(const AccountBooks& ours, const AccountBooks& theirs, bool quiet);

  /// A person takes the venue's numbers.
  void accept();
  /// The connection was lost: what was clean must be compared again before trading goes on.
  void restart();

  [[nodiscard]] ReconcileState state() const noexcept { return state_; }

  /// Of the last quiet comparison.
  [[nodiscard]] const std::vector<Difference>& differences() const noexcept { return differences_; }

  /// Trading may go on: clean, or a first suspicion after having been clean.
  [[nodiscard]] bool may_trade() const noexcept;

private:
  Money tolerance_;
  ReconcileState state_ = ReconcileState::never;
  bool was_clean_ = false;
  std::vector<Difference> differences_;
};

} // namespace tandem::core::orders
