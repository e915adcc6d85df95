/// One execution of a pair: two orders that must end balanced. The machine says what to send, to
/// cancel and to close, and when to give up; it sends nothing, asks no clock and knows no venue.
///
///   legs --both settled--> balanced? --yes--> done
///    |                        \--no--> closing --(complete | unwind, cheaper first)--> done
///    |                                     \--loss, time or tries spent--> stranded
///    \--a leg unknown--> waits (nothing may use its quantity) until the venue's word is there
///
/// Every state is journalled by the caller before the actions of that state are performed.
#pragma once

#include "core/orders/order.hpp"
#include "core/risk/gate.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/spread.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem::core::strategy {

/// How the legs go out.
enum class LegOrder : std::uint8_t {
  concurrent, ///< both at once, marketable IOC limits
  leg1_first, ///< the second for what the first filled
  leg2_first,
};

[[nodiscard]] std::string_view to_string(LegOrder order) noexcept;

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
  Decimal residual;             ///< base units: bought minus sold; below one coarser lot when done
  Money profit;                 ///< quote units, net of quote and base fees, from fills
  orders::FeeTotals other_fees; ///< fees in third assets, not in profit
  Money notional; ///< quote units bought + sold by first orders (counts against totalAmount)
  UnixMillis started_at = 0, ended_at = 0;
  std::string reason; ///< of refused or stranded

  friend bool operator==(const ExecutionState&, const ExecutionState&) = default;
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

class TwoLeg {
public:
  /// A decided opportunity. @param spread from executable_spread() at the size to trade.
  TwoLeg(const PairConfig& pair, TwoLegLimits limits, const Spread& spread, std::uint64_t number,
         std::string person);

  /// Goes on after a restart from what the journal holds: the last state, and its orders.
  [[nodiscard]] static TwoLeg restore(const PairConfig& pair, TwoLegLimits limits,
                                      ExecutionState state, std::vector<orders::Order> orders,
                                      MonoTime now);

  /// The first orders. Prices from the decided depth and slippage; quantities equal on both legs,
  /// multiples of both lots.
  [[nodiscard]] std::vector<TwoLegAction> start(const LegBooks& books, const risk::Now& now);

  /// The drafts of the last PlaceOrders were approved and got these ids (same order).
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

private:
  // Members are the implementer's; the interface above is the contract.
  PairConfig pair_;
  TwoLegLimits limits_;
  ExecutionState state_;
};

} // namespace tandem::core::strategy
