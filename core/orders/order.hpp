/// One order from intent to settlement: a state machine that moves only on evidence from the venue
/// and gives the same end whatever order the evidence arrives in. It sends nothing and asks no
/// clock.
///
///   intent --sent--> sent --accepted--> working --> filled | cancelled | expired
///                     |  \--refused (evidence)--> rejected
///                     \--no answer--> unknown --venue evidence or a person--> any of the above
///
/// Unknown is a state of its own (promises of the order path): a time-out, a 5xx or a lost
/// connection proves nothing, so it never becomes `rejected` by itself, and nothing is sent again.
#pragma once

#include "core/error.hpp"
#include "core/orders/client_id.hpp"
#include "core/types/ids.hpp"
#include "core/types/money.hpp"
#include "core/types/price.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::orders {

enum class Side : std::uint8_t { buy, sell };
enum class OrderType : std::uint8_t { market, limit };
enum class TimeInForce : std::uint8_t { gtc, ioc, fok, post_only };

/// What an order is for. complete, unwind and flatten only ever lessen a risk that is already
/// there, so the gate judges them by fewer rules (core/risk/gate.hpp).
enum class OrderPurpose : std::uint8_t { open, complete, unwind, slice, manual, flatten };

/// Purposes that lessen a risk which is already there.
[[nodiscard]] constexpr bool is_closing(OrderPurpose purpose) noexcept {
  return purpose == OrderPurpose::complete || purpose == OrderPurpose::unwind
         || purpose == OrderPurpose::flatten;
}

[[nodiscard]] std::string_view to_string(Side side) noexcept; ///< "buy", "sell"
[[nodiscard]] std::string_view to_string(OrderType type) noexcept;
[[nodiscard]] std::string_view to_string(TimeInForce tif) noexcept; ///< "gtc" ... "post_only"
[[nodiscard]] std::string_view to_string(OrderPurpose purpose) noexcept;

[[nodiscard]] constexpr Side opposite(Side side) noexcept {
  return side == Side::buy ? Side::sell : Side::buy;
}

/// Which algorithm and which person stand behind an order.
struct OrderOrigin {
  PairId pair;                 ///< empty when it belongs to no pair
  std::string plan;            ///< TWAP plan; empty when none
  std::uint64_t execution = 0; ///< of that pair or plan, counted from 1; 0 = none
  std::uint8_t leg = 0;        ///< 1 or 2; 0 = none
  OrderPurpose purpose = OrderPurpose::manual;
  std::string person; ///< who asked for it; empty = the engine by itself

  friend bool operator==(const OrderOrigin&, const OrderOrigin&) = default;
};

/// What somebody would like to send; not yet judged.
struct OrderDraft {
  InstrumentKey instrument;
  Side side = Side::buy;
  OrderType type = OrderType::limit;
  TimeInForce tif = TimeInForce::ioc;
  Scale scale; ///< the instrument's; of every price and quantity of this order
  /// Limit price. For a market order the worst price that was reckoned with: the gate judges
  /// notional and collar by it; it is not sent.
  Price price;
  Quantity quantity;
  bool reduce_only = false; ///< linear only
  /// The price the decision was made at (volume-weighted, rounded to the passive side); the
  /// slippage rule measures `price` against it. 0 = no decision behind it.
  Price decided;
  OrderOrigin origin;

  friend bool operator==(const OrderDraft&, const OrderDraft&) = default;
};

/// A draft with its identity: what the journal holds before the first byte leaves.
struct OrderIntent {
  ClientOrderId id;
  OrderDraft draft;
  UnixMillis created_at = 0;

  friend bool operator==(const OrderIntent&, const OrderIntent&) = default;
};

enum class OrderState : std::uint8_t {
  intent,    ///< in the journal, not sent
  sent,      ///< bytes handed to the connection
  working,   ///< the venue says it has it
  unknown,   ///< the venue may or may not have it
  filled,    ///< whole
  cancelled, ///< by us or by the venue, possibly after part was filled
  expired,   ///< IOC or FOK remainder, possibly after part was filled
  rejected,  ///< evidence that it never traded
};

[[nodiscard]] std::string_view to_string(OrderState state) noexcept;

[[nodiscard]] constexpr bool is_final(OrderState state) noexcept {
  return state == OrderState::filled || state == OrderState::cancelled
         || state == OrderState::expired || state == OrderState::rejected;
}

/// One execution of an order. Identified by the venue's trade id within an instrument.
struct Fill {
  std::string trade_id;
  Price price;       ///< at the order's scale
  Quantity quantity; ///< at the order's scale, above 0
  Money fee;         ///< of fee_asset; negative = rebate
  std::string fee_asset;
  bool maker = false;
  UnixMillis venue_time = 0;

  friend bool operator==(const Fill&, const Fill&) = default;
};

/// The venue's word on an order, by stream or by query.
enum class VenueStatus : std::uint8_t { open, filled, cancelled, expired, rejected };

[[nodiscard]] std::string_view to_string(VenueStatus status) noexcept;

struct VenueReport {
  std::string venue_order_id; ///< empty when not said
  VenueStatus status = VenueStatus::open;
  /// Cumulative quantity at the order's scale, where the venue says it.
  std::optional<Quantity> cumulative;
  std::string reason; ///< the venue's word for a rejection or expiry
  UnixMillis venue_time = 0;

  friend bool operator==(const VenueReport&, const VenueReport&) = default;
};

/// What an event did.
struct OrderChange {
  bool state_changed = false;
  bool filled_more = false; ///< the event's fill counted
  bool news = false; ///< anything at all changed (venue id learned, cumulative grew, poll counted)
  bool late = false; ///< that fill came after the order had been settled

  friend bool operator==(const OrderChange&, const OrderChange&) = default;
};

/// How long "not found" must last to be evidence: the request may still be on its way.
struct NotFoundRule {
  std::chrono::milliseconds after{12'000};  ///< recvWindow + 10 s from the send
  std::chrono::milliseconds between{5'000}; ///< the two polls are at least this far apart
};

class Order {
public:
  explicit Order(OrderIntent intent);

  // Evidence. Each may come at any time and more than once; the state is reckoned from all of it,
  // so the order of arrival changes nothing. A fill the venue proves after the order was settled
  // still counts (and is `late`); a refusal, a "not found" or a person is overruled by whatever
  // shows that the order exists.

  OrderChange on_sent(MonoTime now);
  /// The venue took it (an acknowledgement; it may fill or be refused later).
  OrderChange on_accepted(const std::string& venue_order_id, UnixMillis venue_time);
  /// Evidence that the venue did not take it. Ignored when it is known to have taken it.
  OrderChange on_refused(const Error& why);
  /// Time-out, 5xx, dropped connection: nothing is proven. Only `sent` becomes `unknown`.
  OrderChange on_no_answer(const Error& why);
  OrderChange on_report(const VenueReport& report);
  /// Counted once by trade id. A fill beyond the ordered quantity counts too (the venue's word is
  /// the truth) and sets `overfilled`.
  OrderChange on_fill(const Fill& fill);
  /// Looked for by client id in open orders, history and fills, and not there.
  OrderChange on_not_found(MonoTime asked_at, const NotFoundRule& rule);
  /// A person says how it ended. Ignored when settled, and `open` always. Fills that were still
  /// missing are no longer waited for; the venue's own word, now or later, goes before it.
  OrderChange on_decided(VenueStatus status, const std::string& person);
  /// Of an adopted order, whose size is first known from a fill alone: it is at least this large.
  OrderChange widen(Quantity quantity);

  [[nodiscard]] const OrderIntent& intent() const noexcept { return intent_; }

  [[nodiscard]] const ClientOrderId& id() const noexcept { return intent_.id; }

  [[nodiscard]] OrderState state() const noexcept { return state_; }

  [[nodiscard]] const std::string& venue_order_id() const noexcept { return venue_order_id_; }

  /// In order of arrival.
  [[nodiscard]] const std::vector<Fill>& fills() const noexcept { return fills_; }

  /// Sum of the fills.
  [[nodiscard]] Quantity filled() const noexcept { return filled_; }

  [[nodiscard]] Notional notional() const noexcept { return notional_; }

  /// The venue's cumulative quantity is ahead of the fills that arrived: ask for fills.
  [[nodiscard]] bool lacks_fills() const noexcept;

  /// Final and no fill is missing: nothing more is expected.
  [[nodiscard]] bool settled() const noexcept;

  /// What may yet fill, reckoned on the worse side: 0 when settled.
  [[nodiscard]] Quantity open_quantity() const noexcept;

  [[nodiscard]] bool overfilled() const noexcept;
  /// It was counted already: a trade counts once.
  [[nodiscard]] bool knows(const Fill& fill) const noexcept;

  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

  /// When its bytes were handed over; after a restart, when it was restored.
  [[nodiscard]] MonoTime sent_at() const noexcept { return sent_at_; }

  [[nodiscard]] UnixMillis venue_time() const noexcept { return venue_time_; }

  /// Average fill price rounded half to even to 8 decimals beyond the price scale (18 at most, and
  /// no more than fit 64 bits); nullopt without fills.
  [[nodiscard]] std::optional<Decimal> average_price() const;

private:
  /// When it was looked for in vain, by the time of asking.
  struct Polls {
    MonoTime first{}, last{};
  };

  bool learn_venue_id(const std::string& venue_order_id);
  /// The venue has or had it.
  [[nodiscard]] bool exists() const noexcept;
  [[nodiscard]] OrderState state_by_evidence() const noexcept;
  /// Reckons state, reason and error anew. @param news something changed already.
  OrderChange derive(bool news);

  OrderIntent intent_;

  // Evidence: only ever added to, a decision excepted.
  bool sent_ = false;
  bool accepted_ = false; ///< acknowledged or reported
  bool missing_ = false;  ///< not found by the rule
  std::optional<Error> refused_, no_answer_;
  std::optional<VenueStatus> ended_; ///< of several ends told, the one that stands first
  std::string ended_reason_;
  std::optional<VenueStatus> decided_;
  std::string decided_by_;
  std::optional<Polls> not_found_;
  std::string venue_order_id_;
  std::vector<Fill> fills_;
  Quantity reported_; ///< highest cumulative quantity that the venue ever said
  MonoTime sent_at_{};
  UnixMillis venue_time_ = 0;

  // What follows from it.
  OrderState state_ = OrderState::intent;
  Quantity filled_;
  Notional notional_;
  std::string reason_;
  std::optional<Error> error_;
};

} // namespace tandem::core::orders
