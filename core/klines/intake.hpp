/// What is missing before one symbol's candles may be summed up: the ranges to ask of the venue's
/// history after a subscription and after every outage, and the live candles held until the answer
/// is there, so that a bucket does not end without what an outage swallowed. Only sums wait here;
/// prices are published at once.
#pragma once

#include "core/klines/candle.hpp"
#include "core/klines/interval.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace tandem::core::klines {

/// Open times of candles: from <= t < until.
struct TimeRange {
  UnixMillis from = 0;
  UnixMillis until = 0;

  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// Ranges of base candles between from and until (rounded to whole candles: inwards) that are not
/// among `have`. @param have open times in ascending order.
[[nodiscard]] std::vector<TimeRange> missing(std::span<const UnixMillis> have, TimeRange wanted,
                                             const Interval& base);

/// A range in pieces that one history answer can hold. @param rows_max above 0.
[[nodiscard]] std::vector<TimeRange> in_pages(TimeRange range, const Interval& base,
                                              std::size_t rows_max);

struct IntakeOptions {
  Interval base;
  std::vector<Interval> targets;   ///< a new symbol is asked back to where their open buckets begin
  std::size_t history_max = 1'500; ///< candles asked for at once, at most: the newest of the range
  std::size_t held_max = 1'500;    ///< live candles held while an answer is awaited
};

struct IntakeCounts {
  std::uint64_t asked = 0;      ///< ranges
  std::uint64_t filled = 0;     ///< candles taken from answers
  std::uint64_t not_filled = 0; ///< ranges without an answer: sums may be too small
};

class Intake {
public:
  explicit Intake(IntakeOptions options);

  struct Step {
    std::vector<Candle> pass; ///< for the aggregator, in this order
    std::optional<TimeRange>
        ask; ///< ask the venue's history; answer by on_history or on_no_history
  };

  /// The stream begins, or is there again: the next candle shows what was missed meanwhile. Within
  /// a connection a candle that is not there is one in which nothing was traded. A question that is
  /// not answered yet stays valid; what was held meanwhile will be asked for with the new outage.
  void on_connected() noexcept;

  [[nodiscard]] Step on_live(const Candle& candle);

  /// The answer to the last question, in any order; candles outside of its range are passed over.
  /// Whatever was held follows. Nothing happens when nothing was asked.
  [[nodiscard]] Step on_history(std::span<const Candle> candles);

  /// There will be no answer: goes on with what is there.
  [[nodiscard]] Step on_no_history();

  [[nodiscard]] const std::optional<TimeRange>& awaited() const noexcept { return awaited_; }

  [[nodiscard]] const IntakeCounts& counts() const noexcept { return counts_; }

private:
  [[nodiscard]] std::optional<TimeRange> missed_before(const Candle& candle) const;
  void release(Step& step);
  void passed(const Candle& candle);

  IntakeOptions options_;
  bool connected_ = true;
  /// The newest base candle passed on; its `closed` says whether its end was seen.
  std::optional<Candle> newest_;
  std::optional<TimeRange> awaited_;
  std::map<UnixMillis, Candle> held_; ///< by open time, the last state of each
  IntakeCounts counts_;
};

} // namespace tandem::core::klines
