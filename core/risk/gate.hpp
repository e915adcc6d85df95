/// The risk gate: the one place that makes an ApprovedOrder. It keeps what the rules need to know
/// (exposure, balances, rates, switches), counts an order the moment it is approved, and refuses by
/// name with the two numbers compared. Pure: no clock, no I/O. Not thread safe; the desk
/// (core/orders/desk.hpp) serialises.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/market/order_budget.hpp"
#include "core/orders/order.hpp"
#include "core/orders/position.hpp"
#include "core/risk/kill.hpp"
#include "core/risk/standstill.hpp"
#include "core/risk/sums.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/instrument.hpp"
#include "core/types/money.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tandem::core::risk {

/// Every rule, in the order in which they are asked. The words (to_string) are what clients see in
/// `error.details.rule`.
enum class Rule : std::uint8_t {
  kill_switch,
  journal,         ///< the journal cannot be written
  market_closed,   ///< trading gate of the market: not reconciled, no connection, no keys
  allow_list,      ///< prod: symbol not on the list
  strategy_paused, ///< pair or plan disabled, paused, read-only or its breaker open
  unknown_order,   ///< an order of this strategy has an unknown outcome
  instrument,      ///< not listed or not trading
  book,            ///< not live, one side empty
  book_age,
  clock_offset,
  price_outlier, ///< the mid is far from its own recent median (of 5 mids at least)
  tick,
  lot,
  quantity_min,
  quantity_max,
  notional_min,
  order_quantity_max, ///< ours, not the venue's
  order_notional_max,
  price_band, ///< limit against mid
  slippage,   ///< limit against the decided price
  fee_unknown,
  self_cross, ///< would meet a working order of our own
  duplicate,  ///< same instrument, side, price and quantity within a moment
  balance,
  position_max,
  venue_exposure_max,
  gross_exposure_max,
  strategy_total,  ///< the pair's totalAmount
  parent_quantity, ///< a plan's children would come to more than the plan
  daily_notional_max,
  daily_loss_max,
  open_orders_max,
  order_rate,
  executions_max, ///< repeated automated executions: a person must re-enable
};

[[nodiscard]] std::string_view to_string(Rule rule) noexcept; ///< "order_notional_max"

/// Limits of the whole engine. Amounts are quote units (USDT, USDC... are added up as one: a cap on
/// gross size, not a conversion). Absent = not limited.
struct GateLimits {
  std::chrono::milliseconds book_age_max{300};
  std::chrono::milliseconds clock_offset_max{500};
  /// No order when the desk's clock was silent for longer; then not before the market was compared.
  std::chrono::milliseconds standstill_max{3'000};
  /// From the approval of an order that takes a risk to its first byte (a slow disk, a full budget
  /// of requests, a busy thread lie between): beyond it the order is refused instead of sent late.
  std::chrono::milliseconds send_delay_max{300};
  Decimal outlier_percent{10, 0};            ///< mid against the median of the last minute; 0 = off
  Decimal price_band_percent{2, 0};          ///< limit price against mid
  Decimal slippage_percent{1, 1};            ///< limit price against the decided price
  Money order_notional_max;                  ///< default 50'000, set by the constructor
  std::optional<Decimal> order_quantity_max; ///< base units
  std::optional<Money> position_notional_max;     ///< one instrument, at the current mid
  std::optional<Money> venue_exposure_max;        ///< sum over one venue, absolute values
  std::optional<Money> gross_exposure_max;        ///< sum over all venues
  std::optional<Money> daily_notional_max;        ///< traded plus in flight since the day began
  std::optional<Money> daily_loss_max;            ///< realised, net of fees; positive number
  std::chrono::minutes day_begins{0};             ///< UTC time of day at which days change
  std::size_t open_orders_max = 50;               ///< working, sent or unknown, whole engine
  std::uint32_t orders_per_second_max = 20;       ///< new orders per venue
  std::chrono::milliseconds duplicate_window{50}; ///< 0 = off
  std::uint32_t executions_max = 0; ///< per strategy until a person re-enables; 0 = off
  Decimal margin_leverage{1, 0};    ///< linear: free margin must cover notional / this

  GateLimits();
};

/// What a strategy may do. Absent numbers fall back to GateLimits. A slippage given here replaces
/// the engine's; of two other limits the tighter one holds.
struct StrategyLimits {
  std::optional<Money> order_notional_max = std::nullopt;
  std::optional<Decimal> slippage_percent = std::nullopt;
  std::optional<Decimal> position_max = std::nullopt; ///< base units, absolute, per instrument
  std::optional<Money> total_notional_max
      = std::nullopt; ///< cumulative quote notional (a pair's totalAmount)
  std::optional<Money> daily_notional_max = std::nullopt;
  std::optional<Money> daily_loss_max = std::nullopt;
  /// Base units that all its orders of one instrument may fill together: a plan's own quantity,
  /// counted outside of the plan.
  std::optional<Decimal> parent_quantity = std::nullopt;
};

/// One market's trading gate.
struct MarketStatus {
  bool open = false;     ///< reconciled, connected, keys good
  std::string reason{};  ///< why not, in words: "no keys: public only", "reconciling"
  std::string account{}; ///< balances are shared by markets of one account ("bybit")
  std::chrono::milliseconds clock_offset{0};
  std::set<Symbol> allowed{};                   ///< prod: only these; empty = all
  std::vector<market::OrderRate> order_rates{}; ///< the venue's own, of new orders
};

/// The book a draft is judged by, as the decision saw it.
struct MarketFacts {
  market::BookCondition condition = market::BookCondition::down;
  MonoTime received_at{};
  Scale scale; ///< of bid and ask
  std::optional<Price> bid, ask;
  std::shared_ptr<const Instrument> instrument;
};

[[nodiscard]] MarketFacts facts_of(const market::DepthView& view);

struct Refusal {
  Rule rule = Rule::market_closed;
  std::size_t draft = 0; ///< which of those judged together
  std::string value;     ///< the number that was too big or too small, or the state found
  std::string limit;     ///< what it was compared with
  std::string detail;    ///< one sentence
};

/// Both instants of one moment.
struct Now {
  MonoTime mono{};
  WallTime wall{};
};

/// A pause of a whole venue, or of everything.
struct ScopePause {
  KillLevel level = KillLevel::all;
  std::string scope;
  std::string by;
  std::string reason;
};

class Gate;
class Ledger;
struct Question;

/// An order that passed every rule. Only the gate makes one; the order gateways accept nothing
/// else. It has no wire form on purpose.
class ApprovedOrder {
public:
  [[nodiscard]] const orders::OrderIntent& intent() const noexcept { return intent_; }

  [[nodiscard]] const std::shared_ptr<const Instrument>& instrument() const noexcept {
    return instrument_;
  }

  [[nodiscard]] MonoTime approved_at() const noexcept { return approved_at_; }

private:
  friend class Gate;

  ApprovedOrder(orders::OrderIntent intent, std::shared_ptr<const Instrument> instrument,
                MonoTime approved_at)
      : intent_{std::move(intent)}, instrument_{std::move(instrument)}, approved_at_{approved_at} {}

  orders::OrderIntent intent_;
  std::shared_ptr<const Instrument> instrument_;
  MonoTime approved_at_;
};

/// What the gate counts at the moment, for the interfaces.
struct ExposureView {
  struct PositionRow {
    InstrumentKey instrument;
    Money quantity, in_flight_buy, in_flight_sell; ///< base units
    Money realised, cost;                          ///< quote units
    orders::FeeTotals fees;
  };

  std::vector<PositionRow> positions;
  Money day_notional; ///< traded today and in flight
  Money day_realised;
  std::size_t open_orders = 0;
  std::size_t unknown_orders = 0;
};

/// A position and whose it is.
struct HeldPosition {
  InstrumentKey instrument;
  Money quantity;       ///< signed, base units
  std::string strategy; ///< empty = of nobody, or of several
};

class Gate {
public:
  /// @throws BrokenPromise when margin_leverage is not above zero.
  explicit Gate(GateLimits limits);
  ~Gate();

  // ---- facts, whenever they change
  void set_market(const MarketKey& market, MarketStatus status);
  [[nodiscard]] const MarketStatus* market(const MarketKey& market) const noexcept;
  /// Absolute, as the venue says; reservations of orders not yet seen there are kept on top
  /// (core/risk/ledger.hpp tells it exactly). A balance nobody reported refuses orders.
  void set_balance(const std::string& account, const std::string& asset, Money free);
  /// The account's real taker rate; an instrument without one is refused by fee_unknown.
  void set_fee(const MarketKey& market, const Symbol& symbol, strategy::FeeRate taker);
  [[nodiscard]] std::optional<strategy::FeeRate> fee(const MarketKey& market,
                                                     const Symbol& symbol) const noexcept;
  /// Somebody is going to trade this: its fee is wanted.
  void introduce(const InstrumentKey& instrument);
  /// Of this market, all that was introduced.
  [[nodiscard]] std::set<Symbol> introduced(const MarketKey& market) const;
  void set_strategy(const std::string& strategy, StrategyLimits limits);
  /// @param reason empty = may trade. Several reasons may hold at once, told apart by `by`
  /// ("breaker.global", "person", "monitor").
  void set_pause(const std::string& strategy, const std::string& by, const std::string& reason);
  /// The same for every strategy at one venue, or for all (a circuit breaker's scope).
  void set_scope_pause(KillLevel level, const std::string& scope, const std::string& by,
                       const std::string& reason);
  /// Why this strategy is paused by `by`; empty = it is not.
  [[nodiscard]] std::string pause_of(const std::string& strategy, const std::string& by) const;
  /// What a switch or a pause would answer to a new order of this strategy at this venue; empty =
  /// none is in the way. For those who would ask again and again.
  [[nodiscard]] std::string held(const std::string& strategy, const VenueId& venue) const;
  void set_journal_down(bool down);
  /// A mid seen at `now`, at most one a 100 ms counts: the outlier rule's memory.
  void observe_mid(const InstrumentKey& instrument, const MarketFacts& facts, MonoTime now);

  /// The desk's clock beats here; a gateway says here what it compared.
  [[nodiscard]] Standstill& standstill() noexcept { return standstill_; }

  [[nodiscard]] const Standstill& standstill() const noexcept { return standstill_; }

  [[nodiscard]] KillSwitches& kills() noexcept { return kills_; }

  [[nodiscard]] const KillSwitches& kills() const noexcept { return kills_; }

  /// A person lets a strategy execute again after executions_max. @returns the number of the last
  /// execution so far.
  std::uint64_t reset_executions(const std::string& strategy);
  /// The same, as the journal tells it of a run before: executions up to `through` do not count.
  void reset_executions(const std::string& strategy, std::uint64_t through);

  // ---- judging
  /// All or none: every intent is judged with those before it counted. Approved ones count at once.
  /// @param facts one per intent. @param strategy the pair or plan id, empty for manual orders.
  [[nodiscard]] tl::expected<std::vector<ApprovedOrder>, Refusal>
  approve(std::span<const orders::OrderIntent> intents, std::span<const MarketFacts> facts,
          const Now& now);

  /// Every rule that would refuse this one now, in their order; nothing is counted. For dry runs.
  [[nodiscard]] std::vector<Refusal> objections(const orders::OrderIntent& intent,
                                                const MarketFacts& facts, const Now& now);

  // ---- what became of approved orders
  /// After every change of an order (also on restoring from the journal): exposure, reservations,
  /// unknown and open counts follow. A settled order is forgotten.
  void on_order(const orders::Order& order);
  /// Once per new fill, before on_order. A fill stamped by the venue on an earlier day counts for
  /// positions and totals, not for the day. @param instrument may be null (adopted order of an
  /// unlisted symbol).
  void on_fill(const orders::OrderIntent& intent, const orders::Fill& fill,
               const std::shared_ptr<const Instrument>& instrument, const Now& now);
  /// What all fills so far came to (core/risk/sums.hpp), and taking it over instead of them.
  [[nodiscard]] Sums sums() const;
  void set_sums(const Sums& sums);
  /// A position as a person or the venue's statement sets it.
  void restate_position(const InstrumentKey& instrument, Money quantity);

  [[nodiscard]] ExposureView exposure(const Now& now) const;
  [[nodiscard]] Money position(const InstrumentKey& instrument) const noexcept;
  /// The positions other than zero within a kill switch's scope, by instrument. Of a strategy its
  /// own part, and no more of it than would bring the whole position to zero.
  [[nodiscard]] std::vector<HeldPosition> held_positions(KillLevel level,
                                                         const std::string& scope) const;
  /// Realised today, net of fees, of one strategy (empty = all). A strategy's buys and sells of one
  /// base asset are set off against each other at all venues, so that the two legs of a pair
  /// realise what the execution brought; fees in a third asset are not in it.
  [[nodiscard]] Money day_realised(const std::string& strategy, const Now& now) const;

  [[nodiscard]] const GateLimits& limits() const noexcept { return limits_; }

private:
  [[nodiscard]] Question question(const orders::OrderIntent& intent, const MarketFacts& facts,
                                  const Now& now);

  GateLimits limits_;
  KillSwitches kills_;
  Standstill standstill_;
  std::vector<ScopePause> scope_pauses_;
  std::set<InstrumentKey> introduced_;
  bool journal_down_ = false;
  std::unique_ptr<Ledger> ledger_;
};

/// The rules that are not asked of complete, unwind and flatten orders (they lessen a risk that is
/// already there): pauses, totals, daily limits, exposure, rates, duplicates, balances (what a fill
/// brought is only counted when the venue says so, and the venue refuses by itself), unknown fees;
/// of flatten orders neither unknown_order. A kill switch thrown with `flatten` lets such orders
/// pass when they only bring a position down.
[[nodiscard]] bool spares(orders::OrderPurpose purpose, Rule rule) noexcept;

} // namespace tandem::core::risk
