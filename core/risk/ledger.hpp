/// What the risk gate counts: positions, orders in flight, reservations, totals of the day, by
/// instrument, strategy, venue and account. Only sums; what is too much stands in rules.hpp.
///
/// An order in flight (approved, sent, working or unknown) counts as filled wherever that is the
/// worse case. Balances: available = last reported free, minus what was reserved or spent since.
///  - approving an order reserves; settling it gives back what it did not spend;
///  - a fill takes what it cost from the reported figure until the venue reports anew, and what it
///    brought counts only when the venue says so;
///  - a report replaces the figure. Orders of which the venue has spoken are in it and reserve
///    nothing more; those of which it has not (not sent, on the way, unknown) go on reserving.
/// A report that the venue made before the orders and fills that are known here would be too high:
/// the caller passes reports in the order in which the venue made them.
#pragma once

#include "core/orders/order.hpp"
#include "core/orders/position.hpp"
#include "core/risk/gate.hpp"
#include "core/risk/recent_mids.hpp"
#include "core/risk/sums.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/instrument.hpp"
#include "core/types/money.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tandem::core::risk {

inline constexpr std::chrono::seconds rate_window{1};

/// The pair or plan that an order belongs to; empty for manual orders.
[[nodiscard]] const std::string& strategy_of(const orders::OrderOrigin& origin) noexcept;

/// An execution nobody asked for by hand: what executions_max counts.
[[nodiscard]] bool is_automated(const orders::OrderOrigin& origin) noexcept;

/// One asset of one account.
struct Balance {
  bool known = false;
  Money free; ///< as reported, less what fills cost since
  Money held; ///< reserved by orders that the report does not know

  [[nodiscard]] Money available() const noexcept { return free - held; }
};

struct VenueState {
  Money exposure; ///< sum over its instruments
  std::size_t unpriced = 0;
  market::OrderBudget orders; ///< by the engine's own limit for one venue
};

struct MarketState {
  std::optional<MarketStatus> status; ///< absent: nobody ever spoke of this market
  market::OrderBudget orders;         ///< by the venue's own rates
  VenueState* venue = nullptr;
};

/// What may be bought and sold, on both sides of zero.
struct Span {
  Money quantity, open_buy, open_sell; ///< base units

  /// Furthest from zero that the fills to come can bring it.
  [[nodiscard]] Money worst() const noexcept;
  /// The same towards one side only, with `more` on top; negative when it stays on the other side.
  [[nodiscard]] Money worst(orders::Side side, Money more) const noexcept;
  /// It brings the position nearer to zero and not beyond, whatever else is in flight.
  [[nodiscard]] bool lessens(orders::Side side, Money amount) const noexcept;
};

struct OpenOrder;

/// An approval that the duplicate rule remembers. Count of 10^-18.
struct RecentOrder {
  MonoTime at;
  orders::Side side = orders::Side::buy;
  Int128 price = 0;
  Int128 quantity = 0;
};

struct InstrumentState {
  InstrumentKey key;
  MarketState* market = nullptr;
  std::optional<strategy::FeeRate> fee;
  RecentMids mids;
  orders::Position position;
  Money open_buy, open_sell;
  std::optional<Price> mark; ///< the mid, rounded up; before the first one the price of a fill
  Scale mark_scale;
  Money exposure; ///< worst position at the mark
  bool unpriced = false;
  std::vector<OpenOrder*> open;
  std::deque<RecentOrder> recent;
  std::shared_ptr<const Instrument> listed; ///< whose assets the two below are
  Balance* base = nullptr;
  Balance* quote = nullptr;

  [[nodiscard]] Span span() const noexcept { return {position.quantity(), open_buy, open_sell}; }

  /// Quote units at the mark; nullopt when there is something and no mark.
  [[nodiscard]] std::optional<Money> value(Money quantity) const noexcept;
};

struct StrategyState {
  /// Its own part of an instrument's position.
  struct Holding {
    const InstrumentState* instrument = nullptr;
    Span span;
    Money traded; ///< base units of all its fills, bought or sold, gross of fees
  };

  std::string name;
  StrategyLimits limits;
  std::vector<std::pair<std::string, std::string>> pauses; ///< by, reason
  std::size_t unknown = 0;
  std::deque<Holding> holdings;                    ///< addresses stay
  std::map<std::string, orders::Position> by_base; ///< over all venues, by base asset
  Money in_flight;                                 ///< notional of all its orders
  Money total, total_in_flight;                    ///< of orders that do not close
  Money day_notional, day_realised;
  std::uint32_t executions = 0;
  std::uint64_t last_execution = 0;

  [[nodiscard]] Holding& holding(const InstrumentState& instrument);
  /// Zeros when it never traded that.
  [[nodiscard]] Holding holding(const InstrumentState& instrument) const noexcept;

  [[nodiscard]] Span span(const InstrumentState& instrument) const noexcept {
    return holding(instrument).span;
  }
};

/// From which balance an order is paid.
enum class Reserve : std::uint8_t { nothing, quote_with_fee, base, margin };

/// A draft in the numbers that the sums are made of.
struct Reckoning {
  Money quantity; ///< base units
  /// What it may come to per unit: the limit of a buy, the better of limit and best bid of a sell
  /// (a marketable sell trades at the bid). At scale.price_decimals.
  Price price;
  Scale scale;
  Money notional; ///< quantity at that price
  Reserve reserve = Reserve::nothing;
  Money need; ///< of the balance that `reserve` names
};

struct OpenOrder {
  InstrumentState* instrument = nullptr;
  StrategyState* strategy = nullptr;
  StrategyState::Holding* holding = nullptr;
  orders::Side side = orders::Side::buy;
  orders::OrderType type = orders::OrderType::limit;
  bool closing = false;
  bool may_rest = false; ///< in the venue's book
  bool unknown = false;
  bool seen = false;     ///< the venue has spoken of it
  bool reported = false; ///< a balance report has it: it reserves nothing
  Price price;           ///< as in Reckoning
  Price limit;           ///< the draft's price
  Scale scale;           ///< of `price` and of its quantity
  Scale limit_scale;
  Money open;     ///< base units
  Money notional; ///< quote units
  Reserve reserve = Reserve::nothing;
  Balance* balance = nullptr;
  strategy::FeeRate fee;
  Money held;
};

class Ledger {
public:
  /// @throws BrokenPromise when the leverage is not above zero.
  explicit Ledger(const GateLimits& limits);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // ---- places; references and pointers stay valid
  [[nodiscard]] MarketState& market(const MarketKey& key);
  [[nodiscard]] const MarketState* find(const MarketKey& key) const noexcept;
  [[nodiscard]] InstrumentState& instrument(const InstrumentKey& key);
  [[nodiscard]] InstrumentState* find(const InstrumentKey& key) noexcept;
  [[nodiscard]] const InstrumentState* find(const InstrumentKey& key) const noexcept;
  [[nodiscard]] StrategyState& strategy(const std::string& name);
  [[nodiscard]] const StrategyState* find_strategy(const std::string& name) const noexcept;

  void set_market(const MarketKey& key, MarketStatus status);
  void set_balance(const std::string& account, const std::string& asset, Money free);
  /// Finds the balances that orders of this instrument are paid from.
  void attach(InstrumentState& state, const std::shared_ptr<const Instrument>& listed);
  void set_mark(InstrumentState& state, Price mark, Scale scale);

  // ---- orders
  [[nodiscard]] Reckoning reckon(const orders::OrderDraft& draft, const MarketFacts& facts,
                                 const InstrumentState* state) const noexcept;

  [[nodiscard]] bool has(const orders::ClientOrderId& id) const { return orders_.contains(id); }

  /// Counts an approved order. @returns what undo() needs.
  struct Counted {
    const orders::ClientOrderId* id = nullptr;
    OpenOrder* order = nullptr;
    std::uint32_t executions = 0;
    std::uint64_t last_execution = 0;
  };

  Counted count(const orders::OrderIntent& intent, const Reckoning& reckoning,
                InstrumentState& state, StrategyState& strategy, MonoTime now);
  /// Takes the last counted one back, as if it had never been judged.
  void undo(const Counted& counted);
  void on_order(const orders::Order& order);
  void on_fill(const orders::OrderIntent& intent, const orders::Fill& fill,
               const std::shared_ptr<const Instrument>& listed, WallTime now);
  void restate(const InstrumentKey& key, Money quantity);

  /// What a later run needs of the fills so far, without their orders. The day's totals are not in
  /// it: they come from the day's own fills.
  [[nodiscard]] Sums sums() const;
  /// Replaces what the fills so far came to; orders in flight go on counting.
  void set_sums(const Sums& sums);

  // ---- the day
  /// Days only go forward: a clock set back does not give a day twice.
  void roll(WallTime now);

  /// The totals of the day are of the day of `now`.
  [[nodiscard]] bool is_today(WallTime now) const noexcept { return day_of(now) <= day_; }

  // ---- sums
  [[nodiscard]] Money day_notional() const noexcept { return day_notional_; }

  [[nodiscard]] Money day_realised() const noexcept { return day_realised_; }

  [[nodiscard]] Money in_flight() const noexcept { return in_flight_; }

  [[nodiscard]] Money exposure() const noexcept { return exposure_; }

  [[nodiscard]] std::size_t unpriced() const noexcept { return unpriced_; }

  [[nodiscard]] std::size_t open_orders() const noexcept { return orders_.size(); }

  [[nodiscard]] std::size_t unknown_orders() const noexcept { return unknown_; }

  [[nodiscard]] const std::unordered_map<InstrumentKey, InstrumentState>&
  instruments() const noexcept {
    return instruments_;
  }

  [[nodiscard]] const std::unordered_map<std::string, StrategyState>& strategies() const noexcept {
    return strategies_;
  }

private:
  [[nodiscard]] std::int64_t day_of(WallTime time) const noexcept;
  [[nodiscard]] Money margin(Money notional) const noexcept;
  [[nodiscard]] Money need(Reserve reserve, Money quantity, Money notional,
                           strategy::FeeRate fee) const noexcept;
  OpenOrder& add(const orders::OrderIntent& intent, const Reckoning& reckoning,
                 InstrumentState& state, StrategyState& strategy);
  void remove(const orders::ClientOrderId& id, OpenOrder& order);
  void set_open(OpenOrder& order, Money open, Money notional);
  void set_unknown(OpenOrder& order, bool unknown) noexcept;
  void note_execution(StrategyState& strategy, const orders::OrderOrigin& origin, bool restored);
  void reprice(InstrumentState& state) noexcept;
  void charge(InstrumentState& state, const orders::OrderIntent& intent, const orders::Fill& fill,
              Money value, bool grew);

  std::chrono::minutes day_begins_;
  std::chrono::milliseconds duplicate_window_;
  market::OrderRate venue_rate_;
  Decimal leverage_;
  std::map<VenueId, VenueState> venues_;
  std::map<MarketKey, MarketState> markets_;
  std::unordered_map<InstrumentKey, InstrumentState> instruments_;
  std::unordered_map<std::string, StrategyState> strategies_;
  std::map<std::string, std::map<std::string, Balance>> accounts_;
  std::unordered_map<orders::ClientOrderId, OpenOrder> orders_;
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  Money day_notional_, day_realised_, in_flight_, exposure_;
  std::size_t unpriced_ = 0;
  std::size_t unknown_ = 0;
};

} // namespace tandem::core::risk
