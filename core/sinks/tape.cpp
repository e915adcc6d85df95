#include "core/sinks/tape.hpp"

#include <iterator>
#include <utility>

namespace tandem::core::sinks {

Kind kind_of(const MarketNews& news) noexcept {
  constexpr Kind kinds[] = {Kind::trade, Kind::kline, Kind::ticker};
  static_assert(std::variant_size_v<decltype(MarketNews::what)> == std::size(kinds));
  return kinds[news.what.index()];
}

void TapeReader::take(std::vector<NewsPtr>& into) {
  into.clear();
  const std::lock_guard lock{mutex_};
  into.insert(into.end(), std::make_move_iterator(queue_.begin()),
              std::make_move_iterator(queue_.end()));
  queue_.clear();
}

void TapeReader::on_news(std::function<void()> wake) {
  std::function<void()> now;
  {
    const std::lock_guard lock{mutex_};
    wake_ = std::move(wake);
    if (!queue_.empty())
      now = wake_;
  }
  if (now)
    now();
}

void TapeReader::push(const NewsPtr& news) {
  std::function<void()> wake;
  {
    const std::lock_guard lock{mutex_};
    if (queue_.size() >= queued_max_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    queue_.push_back(news);
    if (queue_.size() == 1)
      wake = wake_;
  }
  if (wake)
    wake();
}

std::shared_ptr<TapeReader> Tape::add_reader(Filter filter, std::size_t queued_max) {
  readers_.push_back(std::make_shared<TapeReader>(std::move(filter), queued_max));
  return readers_.back();
}

void Tape::write(Kind kind, const InstrumentKey& instrument, News news) const {
  NewsPtr shared;
  for (const auto& reader : readers_) {
    if (!reader->filter().wants(kind, instrument))
      continue;
    if (!shared)
      shared = std::make_shared<const News>(std::move(news));
    reader->push(shared);
  }
}

void Tape::write(MarketNews news) const {
  const auto kind = kind_of(news);
  const auto instrument = news.instrument;
  write(kind, instrument, News{std::move(news)});
}

void Tape::write(Record record) const {
  const auto kind = record.kind;
  const auto instrument = record.instrument;
  write(kind, instrument, News{std::move(record)});
}

} // namespace tandem::core::sinks
