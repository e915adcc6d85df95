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
  /// Where that does not reach back to the begin of the longest buckets, it begins where one of
  /// these does: shorter sums are whole then, and longer ones get what is older by candles of this
  /// length (older_parts). At most history_max base candles long.
  Interval coarse = Interval::day();
  std::size_t held_max = 1'500; ///< live candles held while an answer is awaited
};

struct IntakeCounts {
  std::uint64_t asked = 0;      ///< ranges
  std::uint64_t filled = 0;     ///< candles taken from answers
  std::uint64_t not_filled = 0; ///< ranges without an answer: sums may be too small
  std::uint64_t cut = 0;        ///< ranges that should have reached further back than history_max
};

/// What a target's open bucket lacks before the first base candle: Aggregator::add_older takes it.
struct OlderPart {
  Interval target;
  TimeRange range; ///< of candles of the coarse interval

  friend bool operator==(const OlderPart&, const OlderPart&) = default;
};

/// @param first open time of the first base candle asked for: the begin of a coarse candle.
/// Targets that are not made of the coarse interval are left out.
[[nodiscard]] std::vector<OlderPart> older_parts(std::span<const Interval> targets,
                                                 const Interval& coarse, UnixMillis first);

class Intake {
public:
  /// @throws BrokenPromise when a bound is 0 or the coarse interval is longer than history_max
  /// base candles.
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
  [[nodiscard]] std::optional<TimeRange> missed_before(const Candle& candle);
  [[nodiscard]] UnixMillis longest_question() const noexcept;
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
