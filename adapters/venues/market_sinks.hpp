/// Who gets the books of one market: the slots of deciding consumers and the display board. Lives
/// on the I/O thread (strand) of its market's connections and outlives them, so that a consumer
/// keeps its slot over reconnects.
#pragma once

#include "core/market/board.hpp"
#include "core/market/depth_slot.hpp"
#include "core/sinks/tape.hpp"
#include "core/types/ids.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::venues {

/// Before a slot is overwritten: returns when that is allowed. Unset = at once (live); a lossless
/// replay waits for the consumer.
using BeforePublish = std::function<void(const core::market::WakeFlag&)>;

/// Where every trade, candle and ticker goes besides the board; no tape: nowhere.
struct Keeping {
  std::shared_ptr<const core::sinks::Tape> tape;
  std::function<core::WallTime()> wall;
};

class MarketSinks {
public:
  /// Consumers of one book, with the numbers that must never be reused whichever connection writes.
  struct Book {
    std::vector<std::shared_ptr<core::market::DepthSlot>> slots;
    std::shared_ptr<core::market::BoardEntry> board;
    std::uint64_t version = 0;
    std::uint32_t generation = 0;
    core::MonoTime board_published_at{};
    bool board_behind = false; ///< the board has not seen the latest state yet
    std::shared_ptr<const core::Instrument> instrument;
  };

  MarketSinks(core::market::Board& board, core::MarketKey market, BeforePublish before_publish = {},
              Keeping keeping = {})
      : board_{board}, market_{std::move(market)}, before_publish_{std::move(before_publish)},
        keeping_{std::move(keeping)} {}

  /// Finds or makes.
  [[nodiscard]] Book& book(const core::Symbol& symbol);

  void add_slot(const core::Symbol& symbol, std::shared_ptr<core::market::DepthSlot> slot);
  /// Returns the number of slots left on that book.
  std::size_t remove_slot(const core::Symbol& symbol,
                          const std::shared_ptr<core::market::DepthSlot>& slot);

  /// Writes the levels of `book` into every slot, and to the board unless it had one a moment ago
  /// (then `board_behind` is set and publish_board() is owed). @param head condition, times and
  /// sequence; version and generation are filled in here.
  void publish(Book& sinks, const core::market::OrderBook& book, core::market::DepthView& head,
               core::MonoTime now);

  /// Publishes a condition without levels to everyone, at once.
  void publish_condition(Book& sinks, core::market::BookCondition condition,
                         const std::shared_ptr<const core::Instrument>& instrument,
                         core::MonoTime now);

  /// What a public stream of the market said besides its books, for whoever keeps it.
  /// @param what a core::market::Trade, Kline or Ticker.
  template <class What>
  void keep(const core::Symbol& symbol, const What& what) {
    if (!keeping_.tape)
      return;
    core::sinks::MarketNews news{{market_.venue, market_.type, symbol}, what, 0};
    if (!keeping_.tape->wants(core::sinks::kind_of(news), news.instrument))
      return;
    news.received = core::to_millis(keeping_.wall());
    keeping_.tape->write(std::move(news));
  }

  /// Every book of the market loses its trust (the feed ended).
  void all_down(core::MonoTime now);

  /// The display's copy alone.
  void publish_board(Book& sinks, const core::market::OrderBook& book,
                     const core::market::DepthView& head, core::MonoTime now);

private:
  void wait_for(const core::market::WakeFlag& flag) const {
    if (before_publish_)
      before_publish_(flag);
  }

  static void stamp(const core::market::DepthView& head, core::market::DepthView& view);

  core::market::Board& board_;
  core::MarketKey market_;
  BeforePublish before_publish_;
  Keeping keeping_;
  std::map<core::Symbol, std::unique_ptr<Book>> books_;
};

} // namespace tandem::adapters::venues
