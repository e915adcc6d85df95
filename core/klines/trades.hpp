/// Base candles of one symbol from its trades, for venues (and channels) without candles. The open
/// candle is given anew with every trade, as a venue's stream does.
#pragma once

#include "core/klines/candle.hpp"
#include "core/klines/interval.hpp"
#include "core/market/kline.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace tandem::core::klines {

class TradeCandles {
public:
  /// @param scale at least that of every trade. @throws BrokenPromise outside 0..decimals_max.
  TradeCandles(const Interval& base, Scale scale);

  /// The candles that the trade changed, oldest first: the one before, now closed, when the trade
  /// is the first of a newer; then its own. A late trade gives its candle again, closed. Errors as
  /// market::KlineAggregator::add, and out_of_range for a trade older than the candles kept.
  [[nodiscard]] Result<std::vector<Candle>> on_trade(const market::Trade& trade);

private:
  /// Candles before the newest that a late trade still reaches.
  static constexpr UnixMillis kept_max = 5;

  [[nodiscard]] std::optional<Candle> find(UnixMillis open_time) const;

  Interval base_;
  market::KlineAggregator bars_;
  std::optional<UnixMillis> newest_;
};

} // namespace tandem::core::klines
