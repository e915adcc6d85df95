/// The desk: the one way an order leaves and the one place that knows all orders. It joins the risk
/// gate, the journal and the order book of our own orders: approve, write the intent, then send;
/// every word of a venue moves an order, is written down, and is told to whoever listens. Thread
/// safe (one lock, held for microseconds); it calls its ports from inside the lock, listeners from
/// outside.
#pragma once

#include "core/log.hpp"
#include "core/orders/client_id.hpp"
#include "core/orders/order.hpp"
#include "core/orders/position.hpp"
#include "core/orders/records.hpp"
#include "core/risk/gate.hpp"
#include "core/twap/plan_book.hpp"
#include "core/types/instrument.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace tandem::core::orders {

/// The connection that carries one market's orders. Never calls back into the desk from inside
/// these calls: it answers later, from its own thread, through Desk::on_*.
class OrderPort {
public:
  virtual ~OrderPort() = default;
  /// Exactly one of Desk::on_accepted, on_refused, on_no_answer or on_report must follow.
  virtual void send(const risk::ApprovedOrder& order) = 0;
  /// @param venue_order_id may be empty: then by client id.
  virtual void cancel(const OrderIntent& intent, const std::string& venue_order_id) = 0;
  /// Ask for order, and its fills when they are behind.
  virtual void query(const OrderIntent& intent, const std::string& venue_order_id, bool fills_too)
      = 0;
  /// Everything that rests on this market.
  virtual void cancel_all() = 0;
};

/// An order as it stands after something happened to it; told to listeners in the order in which
/// things happened.
struct OrderUpdate {
  std::uint64_t number = 0; ///< counts updates of the desk, gapless
  std::shared_ptr<const Order> order;
  OrderState before = OrderState::intent; ///< its state before this
  OrderChange change;
  std::optional<Fill> fill; ///< the one that counted now
};

/// An order of this engine that the journal did not know, and what it filled (bought minus sold,
/// base units): whose it was, and what else went with it, nobody knows any more.
struct AdoptedFill {
  ClientOrderId id;
  InstrumentKey instrument;
  Money filled;

  friend bool operator==(const AdoptedFill&, const AdoptedFill&) = default;
};

struct DeskOptions {
  EngineId engine;
  std::uint64_t epoch = 1;
  NotFoundRule not_found;
  /// An order with no word from the venue for so long is asked for.
  std::chrono::milliseconds query_after{2'000};
  std::chrono::milliseconds query_again{5'000};
  std::size_t settled_kept = 10'000; ///< for GET /api/orders; older ones are in the journal only
  /// What the venue lists of an instrument; null: not known (yet). For orders that are adopted.
  std::function<std::shared_ptr<const Instrument>(const InstrumentKey&)> listed{};
};

/// An order that a venue shows and we may or may not know.
struct VenueOrder {
  InstrumentKey instrument;
  std::string client_id; ///< empty when the venue tells none
  Side side = Side::buy;
  OrderType type = OrderType::limit;
  TimeInForce tif = TimeInForce::gtc;
  Decimal price, quantity;
  std::string venue_order_id;
  VenueStatus status = VenueStatus::open;
  std::optional<Decimal> cumulative;
  std::string reason;
  UnixMillis venue_time = 0;
};

/// A fill as a venue shows it.
struct VenueFill {
  InstrumentKey instrument;
  std::string client_id; ///< empty when the venue tells none
  std::string venue_order_id;
  Side side = Side::buy;
  std::string trade_id;
  Decimal price, quantity;
  Money fee;
  std::string fee_asset;
  bool maker = false;
  UnixMillis venue_time = 0;
};

/// What a run before left behind, for those who go on with it. Positions, totals, kill switches and
/// pauses are in the gate already.
struct Restored {
  std::vector<std::shared_ptr<const Order>> unsettled;
  std::map<PairId, strategy::ExecutionState> executions; ///< the last one of each pair
  std::map<PairId, strategy::ExecutionTotals> totals;    ///< of each pair's executions but the last
  std::vector<strategy::ExecutionState> history;         ///< ended ones, oldest first
  std::map<std::string, risk::Breaker::Saved> breakers;
  std::vector<BaselineRecord> baselines; ///< in the order in which they were written
  std::map<twap::PlanId, twap::KnownPlan> plans;
  std::set<twap::PlanId> plans_deleted;
};

/// Ended executions that restore() hands over at most.
inline constexpr std::size_t history_max = 1'000;

class Desk {
public:
  using Listener = std::function<void(const OrderUpdate&)>;

  /// @param journal,log outlive it.
  Desk(DeskOptions options, risk::GateLimits limits, Journal& journal, Log& log);

  /// Before anything else: replays what the journal held. Orders that were not settled come back
  /// (sent ones as unknown; an intent without a SentRecord likewise: the crash may have come
  /// between the bytes and the record).
  Restored restore(std::span<const Record> records, const risk::Now& now);

  // ---- ports and facts
  /// A connection for this market is there (null: gone; its sent orders become unknown).
  void set_port(const MarketKey& market, OrderPort* port, const risk::Now& now);
  void add_listener(Listener listener);
  /// Gate facts, under the desk's lock.
  void with_gate(const std::function<void(risk::Gate&)>& change);
  [[nodiscard]] risk::ExposureView exposure(const risk::Now& now) const;

  // ---- orders
  /// All or none. Approved orders are in the journal before they are sent. A journal that fails
  /// between approval and sending ends them as rejected ("journal").
  [[nodiscard]] tl::expected<std::vector<ClientOrderId>, risk::Refusal>
  submit(std::span<const OrderDraft> drafts, std::span<const risk::MarketFacts> facts,
         const risk::Now& now);
  /// Error: not_found, conflict (already final).
  Status cancel(const ClientOrderId& id, const risk::Now& now);

  // ---- the venues' words; from any thread
  void on_accepted(const ClientOrderId& id, const std::string& venue_order_id,
                   UnixMillis venue_time, const risk::Now& now);
  void on_refused(const ClientOrderId& id, const Error& why, const risk::Now& now);
  void on_no_answer(const ClientOrderId& id, const Error& why, const risk::Now& now);
  /// By client id, or by venue order id when there is none. An order with our engine id that is not
  /// known is adopted; one of somebody else is ignored (`false`).
  bool on_order(const VenueOrder& order, const risk::Now& now);
  bool on_fill(const VenueFill& fill, const risk::Now& now);
  /// A query by client id found nothing anywhere.
  void on_not_found(const ClientOrderId& id, MonoTime asked_at, const risk::Now& now);
  /// Queries what is due (unknown, silent, lacking fills), through the ports.
  void on_tick(const risk::Now& now);

  // ---- a person's word
  /// Told once every word so far is as safe in the journal as its mode promises: before the call
  /// returns, or later on any thread, as long as a disk that fails does not take it. Under the
  /// desk's lock: it must not wait.
  using Noted = std::function<void()>;
  /// A person says how an order ended of which the venue does not: it is unknown, fills of it are
  /// missing, or the venue that had taken it does not know it any more. What the venue says later
  /// counts all the same. Errors: not_found, conflict (the venue tells, or it has ended),
  /// validation_error (`open` is no end).
  Status decide(const ClientOrderId& id, VenueStatus status, const std::string& person,
                const risk::Now& now, Noted noted = {});
  /// Blocks at once, whatever the journal says, then cancels what works within the scope.
  /// @returns the orders asked to cancel.
  std::vector<ClientOrderId> kill(const risk::KillOrder& order, const risk::Now& now,
                                  Noted noted = {});
  /// The switches that are thrown.
  [[nodiscard]] std::vector<risk::KillOrder> kills() const;
  bool release(risk::KillLevel level, const std::string& scope, const std::string& person,
               const risk::Now& now, Noted noted = {});

  // ---- writing down what others decided (journalled and, for pauses, told to the gate)
  void record(const Record& record, std::function<void(Status)> durable);
  void pause(const std::string& strategy, const std::string& by, const std::string& reason,
             const risk::Now& now);
  /// A person lets a strategy execute again after executions_max.
  void reset_executions(const std::string& strategy, const std::string& person,
                        const risk::Now& now);

  // ---- looking
  [[nodiscard]] std::shared_ptr<const Order> find(const ClientOrderId& id) const;
  /// Newest first. @param market empty venue = all.
  [[nodiscard]] std::vector<std::shared_ptr<const Order>> latest(std::size_t limit) const;
  [[nodiscard]] std::vector<std::shared_ptr<const Order>> unsettled() const;
  /// Of one market, for reconciliation.
  [[nodiscard]] std::vector<std::shared_ptr<const Order>> unsettled(const MarketKey& market) const;
  /// Those that a venue had taken and, asked since, does not know any more.
  [[nodiscard]] std::set<ClientOrderId> lost() const;
  // Those that are still in memory, oldest first.
  [[nodiscard]] std::vector<Order> of_pair(const PairId& pair) const;
  [[nodiscard]] std::vector<Order> of_execution(const PairId& pair, std::uint64_t execution) const;
  /// All orders of one TWAP plan that are still in memory.
  [[nodiscard]] std::vector<Order> of_plan(const twap::PlanId& plan) const;
  [[nodiscard]] Money position(const InstrumentKey& instrument) const;
  /// Adopted orders with fills that no person has accepted yet; of all markets when null.
  [[nodiscard]] std::vector<AdoptedFill> unaccepted(const MarketKey* market) const;
  /// A person knows of them, and takes their fills as they are now.
  void accept_adopted(const MarketKey& market, const std::string& person, const risk::Now& now);
  /// As Gate::held_positions.
  [[nodiscard]] std::vector<risk::HeldPosition> held_positions(risk::KillLevel level,
                                                               const std::string& scope) const;

  [[nodiscard]] std::uint64_t epoch() const noexcept { return options_.epoch; }

  [[nodiscard]] const EngineId& engine() const noexcept { return options_.engine; }

  /// How the journal takes what is written.
  struct JournalHealth {
    bool down = false;          ///< nothing new begins
    std::uint64_t failures = 0; ///< how often it went down
    std::string reason;         ///< the last time
  };

  [[nodiscard]] JournalHealth journal_health() const;

  /// How many updates there were.
  [[nodiscard]] std::uint64_t updates() const;
  /// Of this market's orders: unchanged = nothing happened to any of them.
  [[nodiscard]] std::uint64_t updates(const MarketKey& market) const;

private:
  /// One order with what the desk needs to look after it.
  struct Entry {
    Order order;
    std::shared_ptr<const Instrument> instrument; ///< null when adopted and not listed
    std::shared_ptr<const Order> snapshot;        ///< as last told
    MonoTime heard_at{};                          ///< of the last news
    std::optional<MonoTime> asked_at, cancelled_at;
    bool cancel_wanted = false;
    bool adopted = false;
    bool was_settled = false; ///< once at least: its records may be folded away
    Money accepted{};         ///< of an adopted one's fills, by a person
  };

  /// Orders that go out together when all their intents are durable.
  struct Batch {
    std::vector<risk::ApprovedOrder> orders;
    std::optional<Error> failure;
    risk::Now now;
  };

  /// What goes into the journal.
  struct Line {
    Record record;
    bool word = false; ///< a person's, who waits to hear that it is safe
  };

  /// What the journal refused, and what came behind it.
  struct Lane {
    std::map<std::uint64_t, Line> waiting; ///< by number: in the order in which they happened
    bool writing = false;                  ///< some are on their way

    [[nodiscard]] bool is_clear() const noexcept { return waiting.empty() && !writing; }
  };

  /// Holds the lock; the outermost one tells the listeners when it has let go.
  class Scope;

  [[nodiscard]] Entry* entry_of(const ClientOrderId& id);
  [[nodiscard]] Entry* entry_of(const InstrumentKey& instrument, const std::string& client_id,
                                const std::string& venue_order_id);
  Entry& enter(Order order, std::shared_ptr<const Instrument> instrument);
  [[nodiscard]] Entry* adopt(const VenueOrder& shown);
  void widen(Entry& entry, Quantity quantity, const risk::Now& now);
  [[nodiscard]] bool is_forgotten(const ClientIdParts& id) const;
  void after(Entry& entry, const OrderChange& change, const std::optional<Fill>& fill,
             const risk::Now& now);
  [[nodiscard]] std::vector<Order>
  with_origin(const std::function<bool(const OrderOrigin&)>& wanted) const;
  void note_venue_id(const Order& order);
  void forget_old();
  void write(const Record& record);
  void write_word(const Record& record);
  void write(Line line);
  void write_again(Lane& lane);
  void keep_or_tell(std::uint64_t number, const Line& line, const Status& status);
  [[nodiscard]] Lane& lane_of(const Record& record);
  void tell_noted();
  void on_written(const Status& status);
  void on_durable(Batch& batch, const Status& status);
  void send(Batch& batch);
  void ask_cancel(Entry& entry, const risk::Now& now);
  [[nodiscard]] bool is_due(const Entry& entry, MonoTime now) const;
  [[nodiscard]] OrderPort* port_of(const MarketKey& market) const;
  void deliver();

  void replay(const Record& record, Restored& restored, const risk::Now& now);
  void replay_fill(const FillRecord& record, const risk::Now& now);
  void replay_intent(const IntentRecord& record, bool adopted, const std::string& venue_order_id);
  void replay_baseline(const BaselineRecord& record, Restored& restored);

  DeskOptions options_;
  Journal& journal_;
  Log& log_;
  mutable std::recursive_mutex mutex_; ///< a journal in mode `os` calls back from inside append
  std::size_t depth_ = 0;              ///< scopes of the thread that holds it
  risk::Gate gate_;
  JournalHealth journal_health_;
  std::uint64_t lines_ = 0;
  Lane vital_, other_;
  std::size_t words_unsafe_ = 0; ///< of persons, and not in the journal yet
  std::vector<Noted> noted_;     ///< wait for these
  std::uint64_t sequence_ = 0, updates_ = 0;
  std::map<MarketKey, std::uint64_t> updates_of_;
  std::map<MarketKey, OrderPort*> ports_;
  std::unordered_map<ClientOrderId, Entry> entries_;
  std::set<ClientOrderId> adopted_;                            ///< of `entries_`
  std::unordered_map<std::string, ClientOrderId> by_venue_id_; ///< "market symbol id"
  std::deque<ClientOrderId> order_of_entry_;                   ///< oldest first
  std::set<ClientOrderId> unsettled_;
  std::set<ClientOrderId> lost_; ///< of these: the venue had taken it, and now does not know it
  std::optional<ClientIdParts>
      folded_through_; ///< earlier runs: settled, and no longer in entries_
  std::vector<Listener> listeners_;
  std::deque<OrderUpdate> outbox_;
  bool delivering_ = false;
};

} // namespace tandem::core::orders
