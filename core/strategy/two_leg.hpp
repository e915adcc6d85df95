/// One execution of a pair: two orders that must end balanced. The machine says what to send, to
/// cancel and to close, and when to give up; it sends nothing, asks no clock and knows no venue.
///
///   legs --both settled--> balanced? --yes--> done
///    |                        \--no--> closing --(complete | unwind, cheaper first)--> done
///    |                                     \--loss, time or tries spent--> stranded
///    \--a leg unknown--> waits (nothing may use its quantity) until the venue's word is there
///
/// What is left below a lot is carried: the pair's next execution closes it with its own, or is
/// stranded when the two together come to a lot and cannot be closed.
///
/// Every state is journalled by the caller before the actions of that state are performed.
#pragma once

#include "core/orders/order.hpp"
#include "core/risk/gate.hpp"
#include "core/strategy/execution_sums.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/spread.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem::core::strategy {

/// A cancel without effect is said again, `leg_timeout` apart, so many times in all; after that the
/// order counts as unknown until evidence comes.
inline constexpr std::uint32_t cancels_max = 5;
/// From a closing order that filled nothing, or that the gate refused, to the next one.
inline constexpr std::chrono::milliseconds close_retry_after{50};
/// A leg whose market is closed (being compared after a restart) is not asked for so long; that
/// costs no try.
inline constexpr std::chrono::milliseconds closed_market_pause{250};

/// How the legs go out.
enum class LegOrder : std::uint8_t {
  concurrent, ///< both at once, marketable IOC limits
  leg1_first, ///< the second for what the first filled
  leg2_first,
};

struct TwoLegLimits {
  LegOrder order = LegOrder::concurrent;
  /// Limit price = worst price of the decided depth plus (buy) or minus (sell) this many percent.
  Decimal slippage_percent{5, 2};
  std::chrono::milliseconds leg_timeout{2'000}; ///< a leg not final by then is cancelled
  std::chrono::milliseconds max_leg_time{500};  ///< one leg ahead of the other: then closing starts
  std::chrono::milliseconds close_time{10'000}; ///< from the start of closing to giving up
  std::uint32_t close_tries = 3;                ///< per way (completing, unwinding)
  Decimal close_guard_percent{5, 1};            ///< how far from the touch a closing order may go
  Money max_leg_loss;                           ///< quote units per execution; default 50
  TwoLegLimits();
};

enum class ExecutionPhase : std::uint8_t {
  legs,       ///< orders out, not both settled
  completing, ///< the lagging leg is being completed
  unwinding,  ///< the filled leg is being reversed
  waiting,    ///< an order's outcome is unknown
  done,       ///< balanced to below one lot
  stranded,   ///< a residual remains; the pair must be paused and a person called
  refused,    ///< nothing was sent
};

[[nodiscard]] std::string_view to_string(ExecutionPhase phase) noexcept;

[[nodiscard]] constexpr bool is_over(ExecutionPhase phase) noexcept {
  return phase == ExecutionPhase::done || phase == ExecutionPhase::stranded
         || phase == ExecutionPhase::refused;
}

/// One leg summed over all its orders (first one, completing, unwinding).
struct LegResult {
  InstrumentKey instrument;
  orders::Side side = orders::Side::buy; ///< of the first order
  Scale scale;
  Quantity ordered;                       ///< by the first order
  Quantity filled;                        ///< net in the direction of `side`: unwinding lessens it
  std::vector<orders::ClientOrderId> ids; ///< in order of sending
  std::string venue_order_id;             ///< of the first order
  std::optional<Decimal> price;           ///< average of the first order's fills
  std::string error;                      ///< why it was refused or failed; empty when it was not
  Errc code = Errc::internal;             ///< with `error`

  friend bool operator==(const LegResult&, const LegResult&) = default;
};

/// The whole of an execution, as it is journalled, listed and answered.
struct ExecutionState {
  PairId pair;
  std::uint64_t number = 0; ///< of this pair, from 1
  ExecutionPhase phase = ExecutionPhase::legs;
  Direction direction = Direction::leg1_buy_leg2_sell;
  std::string person;                            ///< empty = automatic
  Decimal quantity;                              ///< decided, base units
  Decimal decided_buy_price, decided_sell_price; ///< volume-weighted, at the decision
  std::array<LegResult, 2> legs;
  Decimal carried; ///< base units, as `residual`: what the one before left open
  /// Base units: what is open after it, carried plus bought minus sold; below one coarser lot when
  /// done.
  Decimal residual;
  Money profit;                 ///< quote units, net of quote and base fees, from fills
  orders::FeeTotals other_fees; ///< fees in third assets, not in profit
  Money notional; ///< quote units bought + sold by first orders (counts against totalAmount)
  UnixMillis started_at = 0, ended_at = 0;
  std::string reason; ///< of refused or stranded
  /// The pair's opportunity that was taken; 0: of an engine that did not write it down.
  std::uint64_t opportunity = 0;

  friend bool operator==(const ExecutionState&, const ExecutionState&) = default;
};

/// What the next execution of the pair has to carry. What was stranded once is a person's, who let
/// the pair go on.
[[nodiscard]] Decimal to_carry(const ExecutionState& last) noexcept;

/// What executions of a pair came to together.
struct ExecutionTotals {
  Money notional, profit; ///< as in ExecutionState

  void add(const ExecutionState& execution) {
    notional += execution.notional;
    profit += execution.profit;
  }
};

/// To be put before the gate together (all or none) and sent.
struct PlaceOrders {
  std::vector<orders::OrderDraft> drafts;
};

struct CancelOrder {
  orders::ClientOrderId id;
};

/// The execution ended; `ExecutionState` says how. stranded: pause the pair, alert as critical.
struct Finish {};

using TwoLegAction = std::variant<PlaceOrders, CancelOrder, Finish>;

/// What the machine may look at when it acts.
struct LegBooks {
  const market::DepthView* leg1 = nullptr; ///< null or not live: no price can be made there
  const market::DepthView* leg2 = nullptr;
};

/// Not thread safe; a value. Two orders at most are ever out: no closing order is made before every
/// order is settled, so that none can use a quantity that may still fill elsewhere.
///
/// A fill may come after Finish. After `done` the execution opens again: closing starts with fresh
/// time and tries when the residual calls for it, and Finish is said again at the end. After
/// `stranded` the residual is in a person's hands, who may already have closed it, so nothing is
/// sent: Finish is said again with the new residual (or as done when it went below one lot). So
/// feed a finished execution the orders that belong to it, and perform what it says.
class TwoLeg {
public:
  /// A decided opportunity. @param spread from executable_spread() at the size to trade. Closing
  /// reckons with the pair's fees, else with the spread's, else (after a restart) with those paid.
  /// @param carried base units that the pair's last execution left open. @param opportunity its
  /// number; 0: unknown.
  TwoLeg(const PairConfig& pair, TwoLegLimits limits, const Spread& spread, std::uint64_t number,
         std::string person, const Decimal& carried = {}, std::uint64_t opportunity = 0);

  /// Goes on after a restart from what the journal holds: the last state, and its orders, known by
  /// id or recognised by origin (pair, execution, leg, purpose). First orders that are not there
  /// were never sent (the intent comes before the first byte) and are not sent any more: what they
  /// lack is closed, or the execution is over as refused when there is none at all. Times and tries
  /// begin again at `now`, but for the closing orders it finds. The next on_tick says what to do.
  [[nodiscard]] static TwoLeg restore(const PairConfig& pair, TwoLegLimits limits,
                                      ExecutionState state, std::vector<orders::Order> orders,
                                      MonoTime now);

  /// The first orders. Prices from the decided depth and slippage; quantities equal on both legs,
  /// multiples of both lots. Refused when a book is not live, or when no price of a leg's grid lies
  /// between the worst decided one and the slippage allowed (rounding is to the passive side, and a
  /// limit that cannot be marketable is not sent).
  [[nodiscard]] std::vector<TwoLegAction> start(const LegBooks& books, const risk::Now& now);

  /// The drafts of the last PlaceOrders were approved and got these ids (same order). Until this or
  /// on_refusal comes nothing else is said but cancels.
  void on_placed(const std::vector<orders::ClientOrderId>& ids, const risk::Now& now);
  /// The gate refused them: on the first ones the execution is over as refused, later it is one
  /// failed try.
  [[nodiscard]] std::vector<TwoLegAction> on_refusal(const risk::Refusal& refusal,
                                                     const LegBooks& books, const risk::Now& now);
  /// One of its orders changed; others are ignored.
  [[nodiscard]] std::vector<TwoLegAction> on_order(const orders::Order& order,
                                                   const LegBooks& books, const risk::Now& now);
  /// Time passed or a book changed.
  [[nodiscard]] std::vector<TwoLegAction> on_tick(const LegBooks& books, const risk::Now& now);

  [[nodiscard]] const ExecutionState& state() const noexcept { return state_; }

  /// An order that the state names and nobody showed; null: none.
  [[nodiscard]] const orders::ClientOrderId* missing() const noexcept;

private:
  /// What is known of one of its orders.
  struct Tracked {
    orders::Order order;
    std::size_t leg = 0; ///< 0 or 1
    MonoTime placed_at{};
    std::optional<MonoTime> settled_at;
    std::uint32_t cancels = 0;
    MonoTime cancelled_at{};
  };

  /// Ways to close a residual; index of `tries_`.
  enum Way : std::size_t { completing, unwinding };

  using Actions = std::vector<TwoLegAction>;

  // evidence
  void learn(const LegBooks& books);
  void take_over(std::vector<orders::Order> orders, MonoTime now);
  [[nodiscard]] bool is_ours(const orders::Order& order) const;
  void track(const orders::Order& order, MonoTime now);
  void note_first_order(const orders::Order& order, LegResult& leg) const;
  void recount();

  // decisions
  [[nodiscard]] Actions step(const LegBooks& books, const risk::Now& now);
  [[nodiscard]] Actions after_stranding(const risk::Now& now);
  void open_again();
  [[nodiscard]] Actions cancels_due(MonoTime now);
  [[nodiscard]] bool is_late(const Tracked& tracked, MonoTime now) const;
  [[nodiscard]] bool is_outcome_unknown(const Tracked& tracked, MonoTime now) const;
  void count_waiting(bool waits, MonoTime now);
  [[nodiscard]] std::optional<orders::OrderDraft> opening(std::size_t leg, Money quantity) const;
  [[nodiscard]] std::optional<orders::OrderDraft> second_opening() const;
  [[nodiscard]] Actions close(const LegBooks& books, const risk::Now& now);
  [[nodiscard]] Actions place_best(const LegBooks& books, const risk::Now& now);
  [[nodiscard]] Actions give_up(const std::string& why, const risk::Now& now);
  [[nodiscard]] Actions place(std::vector<orders::OrderDraft> drafts);
  [[nodiscard]] Actions finish(ExecutionPhase phase, std::string reason, const risk::Now& now);
  [[nodiscard]] orders::OrderOrigin origin(std::size_t leg, orders::OrderPurpose purpose) const;
  [[nodiscard]] FeeRate fee_of_leg(std::size_t leg) const;
  /// Base units, bought minus sold: what was carried, and this one's own.
  [[nodiscard]] Money open() const noexcept;
  [[nodiscard]] Money cash() const noexcept;
  [[nodiscard]] bool is_balanced() const;
  [[nodiscard]] bool all_settled() const noexcept;

  PairConfig pair_;
  TwoLegLimits limits_;
  ExecutionState state_;
  std::optional<Spread> spread_;                           ///< the decision; absent after a restart
  std::array<std::shared_ptr<const Instrument>, 2> rules_; ///< last seen in the books
  std::vector<Tracked> tracked_;
  std::vector<orders::OrderDraft> pending_; ///< said to be placed, no word yet
  ExecutionSums sums_;
  bool started_ = false;
  bool second_due_ = false; ///< the second leg waits for the first
  bool late_ = false;       ///< a fill came that nothing reckoned with any more
  std::array<std::uint32_t, 2> tries_{};
  std::array<MonoTime, 2> closed_until_{}; ///< of the legs: not asked before
  std::optional<MonoTime>
      closing_since_; ///< time spent waiting is added, so that it does not count
  std::optional<MonoTime> waiting_since_;
  MonoTime retry_at_{};
};

} // namespace tandem::core::strategy
