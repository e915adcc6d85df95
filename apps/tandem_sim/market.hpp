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
#include <optional>
#include <utility>
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

/// A trade that an account's order had a part in.
struct Execution {
  std::int64_t order = 0; ///< the resting order that was met; 0: a generated one
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t trade_id = 0;
};

/// What one step of the market's clock brought.
struct Step {
  std::vector<Change> changes;
  std::vector<Trade> trades;
  std::vector<Aggregate> aggregates;
  std::vector<Execution> executions; ///< resting orders of accounts that generated ones met
  bool best_changed = false; ///< price or size of the best bid or ask differs from before the step

  void clear();
};

class Market {
public:
  /// @param fair where the price begins, @param now the bars of the past end here.
  Market(Instrument instrument, const FlowOptions& flow, std::uint64_t seed, std::int64_t fair,
         Time now);

  /// A recorded market: empty until it is told what was recorded, and without a flow of its own.
  explicit Market(Instrument instrument);

  // Recorded markets (market_recorded.cpp). `out` is added to; resting orders that were met are in
  // out.executions.
  /// The recorded size at a price, from now on. If it is another than before, what accounts took of
  /// it is there again; who rests at it has at most this much before him; who rests across it
  /// trades with it.
  void mirror(Side side, std::int64_t price, std::int64_t quantity, core::UnixMillis now,
              Step& out);
  /// A whole book instead of what is there.
  void mirror_all(const std::vector<Level>& bids, const std::vector<Level>& asks,
                  core::UnixMillis now, Step& out);
  /// A recorded trade. Whoever offers better trades first; then it takes what stands before the
  /// orders of accounts at its price, and them, as far as its quantity goes.
  void pass(Side maker, std::int64_t price, std::int64_t quantity, core::UnixMillis now, Step& out);

  [[nodiscard]] bool recorded() const noexcept { return recorded_; }

  /// What a market order is reckoned by: the last trade; of a recorded market the mid price.
  [[nodiscard]] std::int64_t price() const noexcept;

  /// One step of the clock. @param fair the wanted mid price. `out` is cleared first.
  void step(std::int64_t fair, core::UnixMillis now, Step& out);

  // Orders of accounts. They stand in the book beside the generated ones and trade with them; `out`
  // is added to, so that the surfaces can tell it like any other step.
  /// Takes from `maker`'s side, best price first, up to `quantity` and not beyond `limit`. What it
  /// met is told by the result, in order, not by out.executions.
  std::vector<Execution> take(Side maker, std::int64_t quantity, std::optional<std::int64_t> limit,
                              core::UnixMillis now, Step& out);
  /// Joins the level behind what is there. @param order of nobody else here.
  void rest(Side side, std::int64_t price, std::int64_t quantity, std::int64_t order,
            core::UnixMillis now, Step& out);
  /// Takes the rest of it out of the book. Unknown orders are ignored.
  void withdraw(std::int64_t order, core::UnixMillis now, Step& out);
  /// Makes a resting order smaller; it keeps its place. @param quantity below what is left of it.
  void shrink(std::int64_t order, std::int64_t quantity, core::UnixMillis now, Step& out);
  /// A trade with a resting order at its price, whatever stands before it.
  std::optional<Execution> hit(std::int64_t order, std::int64_t quantity, core::UnixMillis now,
                               Step& out);
  /// What take() would find at these prices. @param limit nullopt: any
  [[nodiscard]] std::int64_t available(Side maker,
                                       std::optional<std::int64_t> limit) const noexcept;
  /// What that quantity costs, at price and quantity decimals together; less when the book runs
  /// out.
  [[nodiscard]] core::Int128 cost(Side maker, std::int64_t quantity) const noexcept;
  /// How much take() gets for a value at price and quantity decimals together, on the lot.
  [[nodiscard]] std::int64_t quantity_for(Side maker, core::Int128 value) const noexcept;

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
  /// A resting order of an account.
  struct Queued {
    std::int64_t order = 0;
    Side side = Side::bid;
    std::int64_t price = 0;
    std::int64_t left = 0;
    std::int64_t ahead = 0; ///< generated quantity of its level that stands before it
  };

  void fill_history(Time now);
  void fill_book(std::int64_t bid, std::int64_t ask);
  void set(Side side, std::int64_t price, std::int64_t quantity, Step& out);
  /// What accounts have at this price.
  [[nodiscard]] std::int64_t own(Side side, std::int64_t price) const noexcept;
  /// Sets the generated part of a level. What goes, goes from the back of the queue.
  void set_generated(Side side, std::int64_t price, std::int64_t quantity, Step& out);
  /// Who at the front of this level gives so much, in turn; takes them out of the queue.
  [[nodiscard]] std::vector<Execution> consume(Side maker, const Level& level,
                                               std::int64_t quantity);
  std::int64_t print(const Aggregate& sum, std::int64_t quantity, core::UnixMillis now, Step& out);
  void keep_recent();
  [[nodiscard]] std::pair<Level, Level> best_levels() const noexcept;
  void finish(const std::pair<Level, Level>& before, core::UnixMillis now, Step& out);
  void follow(std::int64_t bid, std::int64_t ask, core::UnixMillis now, Step& out);
  /// Clears one side up to a price: most of it is cancelled, some of it traded.
  void sweep(Side side, std::int64_t limit, core::UnixMillis now, Step& out);
  void act(core::UnixMillis now, Step& out);
  void trade(Side maker, std::int64_t quantity, core::UnixMillis now, Step& out);
  void keep_size(Side side, Step& out);
  [[nodiscard]] std::int64_t random_size();
  [[nodiscard]] std::int64_t random_distance();
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> quotes(std::int64_t fair) const noexcept;

  /// Orders on `side` that trade with somebody on the other side at `price`, best price first, then
  /// in the order of arrival.
  [[nodiscard]] std::vector<Queued*> meeting(Side side, std::int64_t price);
  /// A trade of a resting order with somebody of the recording. @return how much
  std::int64_t meet(Queued& order, std::int64_t quantity, core::UnixMillis now, Step& out);
  /// Writes down what a resting order traded; it has been taken out of the queue.
  void met(Side side, const Execution& execution, core::UnixMillis now, Step& out);

  Instrument instrument_;
  bool recorded_ = false;
  FlowOptions flow_;
  Random random_;
  Bars bars_;
  Book book_;
  Book told_; ///< of a recording: its sizes, with nothing taken and nobody queued
  std::int64_t distance_mean_ = 1; ///< of a new order from the best price, in ticks
  std::int64_t size_mean_ = 1;     ///< in lots
  std::int64_t update_id_;
  std::int64_t trade_id_;
  std::int64_t aggregate_id_;
  core::UnixMillis changed_at_ = 0;
  std::deque<Trade> trades_;
  std::deque<Aggregate> aggregates_;
  std::vector<Queued> queue_; ///< in the order of arrival
};

} // namespace tandem::sim
