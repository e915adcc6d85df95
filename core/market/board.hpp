/// What those that display read: per instrument the latest immutable view and the latest trade,
/// ticker and bar, at the writer's own pace. Readers never meet the live book. Thread safe.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/market/events.hpp"
#include "core/types/ids.hpp"
#include "core/types/instrument.hpp"
#include "core/types/money.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace tandem::core::market {

class Board;

/// One instrument's display data. Written by its feed, read by anyone.
class BoardEntry : public std::enable_shared_from_this<BoardEntry> {
public:
  BoardEntry(Board& board, InstrumentKey key) : board_{board}, key_{std::move(key)} {}

  [[nodiscard]] const InstrumentKey& key() const noexcept { return key_; }

  /// Null before the first publication.
  [[nodiscard]] std::shared_ptr<const DepthView> view() const {
    const std::lock_guard lock{view_mutex_};
    return view_;
  }

  void publish(std::shared_ptr<const DepthView> view);

  struct Extras {
    std::optional<Trade> trade;
    Money traded; ///< base units of all trades seen so far, by anybody
    std::optional<Ticker> ticker;
    std::optional<Kline> kline;
  };

  [[nodiscard]] Extras extras() const {
    const std::lock_guard lock{mutex_};
    return extras_;
  }

  template <class Change>
  void change_extras(Change change) {
    const std::lock_guard lock{mutex_};
    change(extras_);
  }

private:
  friend class Board;

  Board& board_;
  InstrumentKey key_;
  /// Held for the copy of one pointer. libstdc++ 12's atomic<shared_ptr> is such a lock too, but
  /// one that the thread sanitizer cannot follow.
  mutable std::mutex view_mutex_;
  std::shared_ptr<const DepthView> view_;
  std::atomic<bool> dirty_{false};
  mutable std::mutex mutex_;
  Extras extras_;
};

/// All entries, and the instrument tables beside them. Entries live as long as the board.
class Board {
public:
  /// Finds or makes. The board outlives everything that holds entries.
  [[nodiscard]] std::shared_ptr<BoardEntry> entry(const InstrumentKey& key);

  /// Null when nobody ever subscribed to it.
  [[nodiscard]] std::shared_ptr<BoardEntry> find(const InstrumentKey& key) const;

  /// By instrument.
  [[nodiscard]] std::vector<std::shared_ptr<BoardEntry>> all() const;

  /// Called (from the writer's thread) when the first entry after a collect() became dirty. One
  /// listener.
  void on_dirty(std::function<void()> wake);

  /// The entries published since the last call.
  [[nodiscard]] std::vector<std::shared_ptr<BoardEntry>> collect();

  void set_instruments(const MarketKey& market, std::shared_ptr<const InstrumentTable> table);

  /// Null before the first table arrived.
  [[nodiscard]] std::shared_ptr<const InstrumentTable> instruments(const MarketKey& market) const;

  /// Venue clock minus ours, as last measured, and both of our clocks at that time.
  void set_clock_offset(const MarketKey& market, std::chrono::milliseconds offset, MonoTime mono,
                        WallTime wall);
  /// Venue clock minus our wall clock at this moment: when somebody has set ours since, it shows at
  /// once, for the venue's is followed on the monotonic one. Nullopt before the first measurement.
  [[nodiscard]] std::optional<std::chrono::milliseconds>
  clock_offset(const MarketKey& market, MonoTime mono, WallTime wall) const;

private:
  friend class BoardEntry;

  void mark_dirty(std::shared_ptr<BoardEntry> entry);

  mutable std::shared_mutex mutex_;
  std::unordered_map<InstrumentKey, std::shared_ptr<BoardEntry>> entries_;
  std::map<MarketKey, std::shared_ptr<const InstrumentTable>> tables_;

  struct VenueClock {
    std::chrono::milliseconds offset{0};
    MonoTime mono;
    WallTime wall;
  };

  std::map<MarketKey, VenueClock> clocks_;
  std::mutex dirty_mutex_;
  std::vector<std::shared_ptr<BoardEntry>> dirty_;
  std::function<void()> wake_;
};

} // namespace tandem::core::market
