#include "core/klines/history.hpp"

#include <algorithm>

namespace tandem::core::klines {

Result<HistorySource> history_source(const Interval& wanted, const Interval& base,
                                     std::span<const Interval> listed) {
  if (!offered(wanted, base))
    return fail(Errc::validation_error,
                "'" + wanted.text() + "' is not a multiple of the base interval " + base.text());
  if (wanted == base)
    return HistorySource{base, true};
  const Interval* best = &base;
  for (const auto& stored : listed) {
    if (wanted == stored)
      return HistorySource{stored, true};
    if (wanted.made_of(stored) && stored > *best)
      best = &stored;
  }
  return HistorySource{*best, false};
}

TimeRange whole_buckets(TimeRange range, const Interval& wanted) {
  const auto last = wanted.bucket(range.until);
  return {wanted.bucket(range.from), last < range.until ? last + wanted.millis() : last};
}

std::vector<Candle> summed_up(std::span<const Candle> candles, const Interval& wanted) {
  std::vector<Candle> result;
  for (const auto& candle : candles) {
    const auto begin = wanted.bucket(candle.open_time);
    if (result.empty() || result.back().open_time != begin) {
      result.push_back(candle);
      result.back().open_time = begin;
      continue;
    }
    result.back() = followed_by(result.back(), candle);
    result.back().closed = candle.closed;
  }
  return result;
}

std::span<const Candle> page(std::span<const Candle> rows, std::size_t offset,
                             std::size_t limit) noexcept {
  const auto from = std::min(offset, rows.size());
  return rows.subspan(from, std::min(limit, rows.size() - from));
}

} // namespace tandem::core::klines
