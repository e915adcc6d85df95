/// Where the rows of a history question come from, and how they are summed up and cut into pages.
/// The store is asked by whoever holds it.
#pragma once

#include "core/klines/candle.hpp"
#include "core/klines/intake.hpp"
#include "core/klines/interval.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace tandem::core::klines {

struct HistorySource {
  Interval stored;       ///< whose candles to read
  bool as_stored = true; ///< else they are summed up to the wanted interval

  friend bool operator==(const HistorySource&, const HistorySource&) = default;
};

/// The base and every listed interval are stored; any other multiple is summed up from the longest
/// stored one that divides it. Errors: validation_error (shorter than the base or no multiple).
[[nodiscard]] Result<HistorySource> history_source(const Interval& wanted, const Interval& base,
                                                   std::span<const Interval> listed);

/// The open times to read so that the first and the last sum are whole: out to the wanted
/// interval's buckets. @param range as asked.
[[nodiscard]] TimeRange whole_buckets(TimeRange range, const Interval& wanted);

/// @param candles in ascending order of time. @return one candle per bucket that has any, in
/// ascending order; closed when `candles` says so of its last.
[[nodiscard]] std::vector<Candle> summed_up(std::span<const Candle> candles,
                                            const Interval& wanted);

/// Rows offset .. offset + limit, as far as there are any.
[[nodiscard]] std::span<const Candle> page(std::span<const Candle> rows, std::size_t offset,
                                           std::size_t limit) noexcept;

} // namespace tandem::core::klines
