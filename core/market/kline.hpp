/// Bars of a fixed interval made from single trades, in exact integers. It keeps every interval
/// that had a trade until the caller takes it; intervals without trades have no bar. Bars a venue
/// computed itself are events.hpp's Kline.
#pragma once

#include "core/market/events.hpp"
#include "core/result.hpp"
#include "core/types/price.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tandem::core::market {

/// open and close are the first and last trade in order of arrival: venues number trades in that
/// order, and several share one millisecond.
struct Bar {
  UnixMillis open_time = 0; ///< a multiple of the interval
  Price open, high, low, close;
  Int128 volume = 0; ///< base units, count of 10^-quantity_decimals
  Notional quote_volume{};
  std::int64_t trade_count = 0;
  Int128 taker_buy_volume = 0; ///< as volume: the part where the taker bought

  friend bool operator==(const Bar&, const Bar&) = default;
};

class KlineAggregator {
public:
  /// @param interval of each bar, e.g. 1 min; bars begin at multiples of it since the Unix epoch.
  /// @param scale of prices and quantities in the bars: at least that of every trade.
  /// @throws BrokenPromise when the interval is not positive or a scale is outside 0..decimals_max.
  KlineAggregator(std::chrono::milliseconds interval, Scale scale);

  [[nodiscard]] Scale scale() const noexcept { return scale_; }

  /// Adds to the bar of floor(venue_time / interval), also when newer bars exist. Errors, with
  /// nothing changed: scale_too_coarse and out_of_range as parse_scaled; malformed when price or
  /// quantity is not positive.
  Status add(const Trade& trade);

  /// All bars not yet taken, oldest first.
  [[nodiscard]] std::vector<Bar> bars() const;

  /// Removes and returns the bars that open before `open_time`, oldest first: final once no earlier
  /// trade can come.
  [[nodiscard]] std::vector<Bar> take_before(UnixMillis open_time);

  [[nodiscard]] std::size_t size() const noexcept { return bars_.size(); }

private:
  std::chrono::milliseconds interval_;
  Scale scale_;
  std::map<UnixMillis, Bar> bars_;
};

/// The amounts of a bar as text, with exactly the decimals of `scale` (quote volume: the sum of
/// both).
struct BarTexts {
  std::string open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume;

  friend bool operator==(const BarTexts&, const BarTexts&) = default;
};

[[nodiscard]] BarTexts to_texts(const Bar& bar, Scale scale);

} // namespace tandem::core::market
