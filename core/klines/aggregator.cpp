#include "core/klines/aggregator.hpp"

#include "core/ensure.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::klines {

Aggregator::Aggregator(AggregatorOptions options) : options_{std::move(options)} {
  TANDEM_ENSURE(options_.recent_max > 0);
  for (const auto& target : options_.targets) {
    TANDEM_ENSURE(target.made_of(options_.base));
    buckets_.push_back({target, std::nullopt});
  }
}

std::vector<Aggregate> Aggregator::on_candle(const Candle& candle) {
  std::vector<Aggregate> ended;
  if (settled_until_ && candle.open_time <= *settled_until_) {
    ++counts_.late;
    return ended;
  }
  for (auto& bucket : buckets_)
    if (auto aggregate = turn(bucket, candle.open_time))
      ended.push_back(std::move(*aggregate));
  const auto [place, first] = recent_.insert_or_assign(candle.open_time, candle);
  ++(first ? counts_.applied : counts_.replaced);
  if (options_.legacy_sum) {
    for (auto& bucket : buckets_)
      settle(bucket, place->second);
    if (recent_.size() > options_.recent_max)
      recent_.erase(recent_.begin());
    return ended;
  }
  if (recent_.size() > options_.recent_max)
    settle_oldest();
  return ended;
}

bool Aggregator::add_older(const Interval& target, const std::vector<Candle>& candles,
                           const Interval& length) {
  const auto bucket = std::ranges::find(buckets_, target, &Bucket::interval);
  if (options_.legacy_sum || bucket == buckets_.end() || !bucket->begin || candles.empty()
      || !length.made_of(options_.base))
    return false;
  std::optional<Candle> sum;
  UnixMillis free_from = *bucket->begin;
  for (const auto& candle : candles) {
    if (candle.open_time < free_from)
      return false;
    free_from = candle.open_time + length.millis();
    sum = sum ? followed_by(*sum, candle) : candle;
  }
  if (free_from > bucket->first)
    return false;
  bucket->settled = bucket->settled ? followed_by(*sum, *bucket->settled) : sum;
  bucket->settled_parts
      += static_cast<std::int64_t>(candles.size()) * (length.seconds() / options_.base.seconds());
  bucket->first = candles.front().open_time;
  return true;
}

std::optional<Aggregate> Aggregator::current(const Interval& interval) const {
  const auto bucket = std::ranges::find(buckets_, interval, &Bucket::interval);
  return bucket == buckets_.end() ? std::nullopt : sum(*bucket);
}

std::optional<Aggregate> Aggregator::turn(Bucket& bucket, UnixMillis open_time) {
  const auto begin = bucket.interval.bucket(open_time);
  if (bucket.begin && begin < *bucket.begin)
    ++counts_.late_for_interval;
  if (bucket.begin && begin == *bucket.begin)
    bucket.first = std::min(bucket.first, open_time);
  if (bucket.begin && begin <= *bucket.begin)
    return std::nullopt;
  auto ended = sum(bucket);
  if (ended)
    ended->candle.closed = true;
  bucket.begin = begin;
  bucket.first = open_time;
  bucket.settled.reset();
  bucket.settled_parts = 0;
  return ended;
}

std::optional<Aggregate> Aggregator::sum(const Bucket& bucket) const {
  if (!bucket.begin)
    return std::nullopt;
  auto total = bucket.settled;
  auto parts = bucket.settled_parts;
  if (!options_.legacy_sum) {
    const auto end = recent_.lower_bound(*bucket.begin + bucket.interval.millis());
    for (auto at = recent_.lower_bound(*bucket.begin); at != end; ++at, ++parts)
      total = total ? followed_by(*total, at->second) : at->second;
  }
  if (!total)
    return std::nullopt;
  total->open_time = *bucket.begin;
  total->closed = false;
  const auto room = bucket.interval.seconds() / options_.base.seconds();
  return Aggregate{bucket.interval, *total, parts, !options_.legacy_sum && parts == room};
}

void Aggregator::settle(Bucket& bucket, const Candle& candle) const {
  if (bucket.interval.bucket(candle.open_time) != bucket.begin)
    return;
  bucket.settled = bucket.settled ? followed_by(*bucket.settled, candle) : candle;
  ++bucket.settled_parts;
}

void Aggregator::settle_oldest() {
  const auto oldest = recent_.begin();
  for (auto& bucket : buckets_)
    settle(bucket, oldest->second);
  settled_until_ = oldest->first;
  recent_.erase(oldest);
}

} // namespace tandem::core::klines
