#include "core/market/board.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::market {

void BoardEntry::publish(std::shared_ptr<const DepthView> view) {
  {
    const std::lock_guard lock{view_mutex_};
    view_.swap(view); // the old view is freed outside the lock
  }
  if (!dirty_.exchange(true, std::memory_order_acq_rel))
    board_.mark_dirty(shared_from_this());
}

std::shared_ptr<BoardEntry> Board::entry(const InstrumentKey& key) {
  if (auto known = find(key))
    return known;
  const std::unique_lock lock{mutex_};
  auto& slot = entries_[key];
  if (!slot)
    slot = std::make_shared<BoardEntry>(*this, key);
  return slot;
}

std::shared_ptr<BoardEntry> Board::find(const InstrumentKey& key) const {
  const std::shared_lock lock{mutex_};
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<BoardEntry>> Board::all() const {
  const std::shared_lock lock{mutex_};
  std::vector<std::shared_ptr<BoardEntry>> result;
  result.reserve(entries_.size());
  // any order: sorted below
  for (const auto& [key, entry] : entries_)
    result.push_back(entry);
  std::ranges::sort(result, {}, [](const auto& entry) { return entry->key(); });
  return result;
}

void Board::on_dirty(std::function<void()> wake) {
  const std::lock_guard lock{dirty_mutex_};
  wake_ = std::move(wake);
}

void Board::mark_dirty(std::shared_ptr<BoardEntry> entry) {
  const std::lock_guard lock{dirty_mutex_};
  dirty_.push_back(std::move(entry));
  if (dirty_.size() == 1 && wake_)
    wake_();
}

std::vector<std::shared_ptr<BoardEntry>> Board::collect() {
  std::vector<std::shared_ptr<BoardEntry>> taken;
  {
    const std::lock_guard lock{dirty_mutex_};
    taken.swap(dirty_);
  }
  // Cleared before the reader looks: a publication from now on marks the entry again. An exchange,
  // because a plain store could be passed by the reader's load and lose a wake-up.
  for (const auto& entry : taken)
    entry->dirty_.exchange(false, std::memory_order_acq_rel);
  return taken;
}

void Board::set_instruments(const MarketKey& market, std::shared_ptr<const InstrumentTable> table) {
  const std::unique_lock lock{mutex_};
  tables_[market] = std::move(table);
}

std::shared_ptr<const InstrumentTable> Board::instruments(const MarketKey& market) const {
  const std::shared_lock lock{mutex_};
  const auto found = tables_.find(market);
  return found == tables_.end() ? nullptr : found->second;
}

void Board::set_clock_offset(const MarketKey& market, std::chrono::milliseconds offset,
                             MonoTime mono, WallTime wall) {
  const std::unique_lock lock{mutex_};
  clocks_[market] = {offset, mono, wall};
}

std::optional<std::chrono::milliseconds> Board::clock_offset(const MarketKey& market, MonoTime mono,
                                                             WallTime wall) const {
  const std::shared_lock lock{mutex_};
  const auto found = clocks_.find(market);
  if (found == clocks_.end())
    return std::nullopt;
  const auto& then = found->second;
  const auto set_since = (mono - then.mono) - (wall - then.wall);
  return then.offset + std::chrono::round<std::chrono::milliseconds>(set_since);
}

} // namespace tandem::core::market
