/// Longer candles of one symbol, summed up from its base candles. A venue sends the open candle
/// again and again: only the last state of each base candle counts, so that sums are what was
/// traded. It asks nobody for what it missed (intake.hpp says what to ask for).
#pragma once

#include "core/klines/candle.hpp"
#include "core/klines/interval.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace tandem::core::klines {

struct AggregatorOptions {
  Interval base;
  std::vector<Interval> targets; ///< each made_of(base)
  /// Volume and trade count of every update are added, also of those that repeat a candle: too
  /// large, but what the earlier system stored.
  bool legacy_sum = false;
  /// Base candles kept apart, newest first: as far back a repeated or late one still counts.
  std::size_t recent_max = 240;
};

/// A longer candle. `candle.open_time` is its bucket.
struct Aggregate {
  Interval interval;
  Candle candle;          ///< closed: an update of a later bucket was seen
  std::int64_t parts = 0; ///< base candles (legacy_sum: updates) in it
  bool complete = false;  ///< as many parts as the interval has room for; never with legacy_sum

  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

struct AggregatorCounts {
  std::uint64_t applied = 0;  ///< base candles seen for the first time
  std::uint64_t replaced = 0; ///< newer states of those
  std::uint64_t late = 0;     ///< older than everything kept: changed nothing
  /// Changed no interval whose bucket was over already: one per interval and update.
  std::uint64_t late_for_interval = 0;
};

class Aggregator {
public:
  /// @throws BrokenPromise when a target is not made of the base or recent_max is 0.
  explicit Aggregator(AggregatorOptions options);

  /// Takes a base candle's newest state, in any order. Returns the buckets that end with it: an
  /// interval's bucket ends once, with the first update of a later one; buckets in which nothing
  /// was traded do not exist. In the order of the targets.
  [[nodiscard]] std::vector<Aggregate> on_candle(const Candle& candle);

  /// What was traded in a target's open bucket before its first base candle, in longer candles:
  /// those of the history, after a start. Each must lie in that bucket, before every base candle of
  /// it; they are taken in ascending order or not at all. False: the bucket is over meanwhile, has
  /// no candle yet, or they do not lie so. Never with legacy_sum.
  bool add_older(const Interval& target, const std::vector<Candle>& candles,
                 const Interval& length);

  /// The open bucket of an interval so far; nullopt before its first candle or when it is no
  /// target.
  [[nodiscard]] std::optional<Aggregate> current(const Interval& interval) const;

  [[nodiscard]] const AggregatorCounts& counts() const noexcept { return counts_; }

private:
  struct Bucket {
    Interval interval;
    std::optional<UnixMillis> begin;
    /// Candles of this bucket that are no longer kept apart.
    std::optional<Candle> settled{};
    std::int64_t settled_parts = 0;
    UnixMillis first = 0; ///< open time of the first candle given for it
  };

  [[nodiscard]] std::optional<Aggregate> sum(const Bucket& bucket) const;
  /// The bucket that ends when a candle of `open_time` comes; late candles are counted.
  [[nodiscard]] std::optional<Aggregate> turn(Bucket& bucket, UnixMillis open_time);
  void settle(Bucket& bucket, const Candle& candle) const;
  void settle_oldest();

  AggregatorOptions options_;
  std::vector<Bucket> buckets_; ///< one per target
  std::map<UnixMillis, Candle> recent_;
  std::optional<UnixMillis> settled_until_; ///< newest base candle that is no longer kept apart
  AggregatorCounts counts_;
};

} // namespace tandem::core::klines
