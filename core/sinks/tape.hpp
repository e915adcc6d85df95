/// Where everything that happens passes by those who keep it: public trades, candles and tickers
/// from the connections' threads, the engine's own events from the market bus. Each reader has a
/// bounded queue of its own, which outlives the actor that reads it: a sink that is restarted
/// misses nothing.
#pragma once

#include "core/market/events.hpp"
#include "core/sinks/filter.hpp"
#include "core/sinks/record.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

namespace tandem::core::sinks {

/// What a venue's public stream said, as it said it: made into a record by the reader, off the
/// connection's thread.
struct MarketNews {
  InstrumentKey instrument;
  std::variant<market::Trade, market::Kline, market::Ticker> what;
  UnixMillis received = 0; ///< local wall time
};

[[nodiscard]] Kind kind_of(const MarketNews& news) noexcept;

using News = std::variant<MarketNews, Record>;
using NewsPtr = std::shared_ptr<const News>;

/// Thread safe.
class TapeReader {
public:
  TapeReader(Filter filter, std::size_t queued_max)
      : filter_{std::move(filter)}, queued_max_{queued_max} {}

  [[nodiscard]] const Filter& filter() const noexcept { return filter_; }

  /// Everything that came since the last call, in order; into a vector that is reused.
  void take(std::vector<NewsPtr>& into);

  /// What did not fit and is lost, ever.
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return dropped_.load(std::memory_order_relaxed);
  }

  /// Called from the writer's thread when the empty queue got something; replaces an earlier one.
  /// At once when something waits already.
  void on_news(std::function<void()> wake);

private:
  friend class Tape;
  void push(const NewsPtr& news);

  const Filter filter_;
  const std::size_t queued_max_;
  std::mutex mutex_;
  std::deque<NewsPtr> queue_;
  std::function<void()> wake_;
  std::atomic<std::uint64_t> dropped_{0};
};

/// Readers are added before the first writer; then writing takes no lock but the readers' own.
class Tape {
public:
  [[nodiscard]] std::shared_ptr<TapeReader> add_reader(Filter filter, std::size_t queued_max);

  [[nodiscard]] bool wants(Kind kind, const InstrumentKey& instrument) const {
    for (const auto& reader : readers_)
      if (reader->filter().wants(kind, instrument))
        return true;
    return false;
  }

  /// For those that want it. Thread safe; one writer's news stay in order.
  void write(MarketNews news) const;
  void write(Record record) const;

private:
  void write(Kind kind, const InstrumentKey& instrument, News news) const;

  std::vector<std::shared_ptr<TapeReader>> readers_;
};

} // namespace tandem::core::sinks
