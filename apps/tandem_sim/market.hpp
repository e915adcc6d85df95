/// One generated market: book, update ids, trades and bars of one symbol on one surface. It is told
/// where the price should be and acts like many traders: orders, cancels, trades. Integers only;
/// all chance comes from the Random it was given.
#pragma once

#include "apps/tandem_sim/bars.hpp"
#include "apps/tandem_sim/book.hpp"
#include "apps/tandem_sim/instrument.hpp"
#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_sim/scenario.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace tandem::sim {

/// Fair values are counts of 10^-fair_decimals of the quote coin, fine enough for the cheapest
/// coin.
inline constexpr int fair_decimals = 12;

struct Change {
  Side side = Side::bid;
  std::int64_t price = 0;
  std::int64_t id = 0; ///< the venue's update id of this change
};

/// Trades of one taker order at one price.
struct Aggregate {
  std::int64_t id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t first_trade = 0, last_trade = 0;
  core::UnixMillis at = 0;
  bool buyer_is_maker = false;
};

/// What one step of the market's clock brought.
struct Step {
  std::vector<Change> changes;
  std::vector<Trade> trades;
  std::vector<Aggregate> aggregates;
  bool best_changed = false; ///< price or size of the best bid or ask differs from before the step

  void clear();
};

class Market {
public:
  /// @param fair where the price begins, @param now the bars of the past end here.
  Market(Instrument instrument, const FlowOptions& flow, std::uint64_t seed, std::int64_t fair,
         Time now);

  /// One step of the clock. @param fair the wanted mid price. `out` is cleared first.
  void step(std::int64_t fair, core::UnixMillis now, Step& out);

  [[nodiscard]] const Instrument& instrument() const noexcept { return instrument_; }

  [[nodiscard]] const Book& book() const noexcept { return book_; }

  [[nodiscard]] const Bars& bars() const noexcept { return bars_; }

  [[nodiscard]] std::int64_t update_id() const noexcept { return update_id_; }

  /// When the book last changed.
  [[nodiscard]] core::UnixMillis changed_at() const noexcept { return changed_at_; }

  /// The last ones, oldest first.
  [[nodiscard]] const std::deque<Trade>& trades() const noexcept { return trades_; }

  [[nodiscard]] const std::deque<Aggregate>& aggregates() const noexcept { return aggregates_; }

private:
  void fill_history(Time now);
  void fill_book(std::int64_t bid, std::int64_t ask);
  void set(Side side, std::int64_t price, std::int64_t quantity, Step& out);
  void follow(std::int64_t bid, std::int64_t ask, core::UnixMillis now, Step& out);
  /// Clears one side up to a price: most of it is cancelled, some of it traded.
  void sweep(Side side, std::int64_t limit, core::UnixMillis now, Step& out);
  void act(core::UnixMillis now, Step& out);
  void trade(Side maker, std::int64_t quantity, core::UnixMillis now, Step& out);
  void keep_size(Side side, Step& out);
  [[nodiscard]] std::int64_t random_size();
  [[nodiscard]] std::int64_t random_distance();
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> quotes(std::int64_t fair) const noexcept;

  Instrument instrument_;
  FlowOptions flow_;
  Random random_;
  Bars bars_;
  Book book_;
  std::int64_t distance_mean_ = 1; ///< of a new order from the best price, in ticks
  std::int64_t size_mean_ = 1;     ///< in lots
  std::int64_t update_id_;
  std::int64_t trade_id_;
  std::int64_t aggregate_id_;
  core::UnixMillis changed_at_ = 0;
  std::deque<Trade> trades_;
  std::deque<Aggregate> aggregates_;
};

} // namespace tandem::sim
