/// What changed between two updates of a symbol, and the newest of each: what /prices answers.
#pragma once

#include "core/klines/candle.hpp"

#include <cstddef>
#include <map>
#include <optional>

namespace tandem::core::klines {

/// (price - before) / before in percent; nullopt when `before` is zero, or the result is beyond 64
/// bits. As many decimals as fit, at most 15, the last one rounded half to even.
[[nodiscard]] std::optional<Decimal> change_percent(const Decimal& before, const Decimal& price);

class LatestPrices {
public:
  /// The update as a record, which is then the symbol's newest. Every update counts as one, also a
  /// new state of the same candle.
  PriceRecord on_update(const Symbol& symbol, const Candle& candle);

  /// Null when nothing was heard of it.
  [[nodiscard]] const PriceRecord* find(const Symbol& symbol) const;

  /// By symbol, in its order.
  [[nodiscard]] const std::map<Symbol, PriceRecord>& all() const noexcept { return latest_; }

  void forget(const Symbol& symbol) { latest_.erase(symbol); }

private:
  std::map<Symbol, PriceRecord> latest_; ///< bounded by the symbols subscribed
};

} // namespace tandem::core::klines
