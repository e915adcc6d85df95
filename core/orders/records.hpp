/// What the journal remembers of trading, as values. The bytes are adapters/journal's business; the
/// order of records is the order in which things happened. Everything that must survive a crash is
/// one of these.
#pragma once

#include "core/orders/order.hpp"
#include "core/orders/position.hpp"
#include "core/risk/breaker.hpp"
#include "core/risk/kill.hpp"
#include "core/risk/sums.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/two_leg.hpp"
#include "core/twap/state.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem::core::orders {

/// A run of the engine began. Epochs only grow; the holder of the highest one owns the journal.
struct RunRecord {
  std::uint64_t epoch = 0;
  EngineId engine;
  std::string mode;  ///< "mock", "dev", "prod"
  std::string build; ///< version and hash
  UnixMillis ts = 0;

  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

/// Written before the first byte of an order leaves.
struct IntentRecord {
  OrderIntent intent;
  std::string base, quote; ///< the instrument's assets, so that positions need no instrument list

  friend bool operator==(const IntentRecord&, const IntentRecord&) = default;
};

/// The order's bytes were handed to the connection right before this.
struct SentRecord {
  ClientOrderId id;
  UnixMillis ts = 0;

  friend bool operator==(const SentRecord&, const SentRecord&) = default;
};

struct AcceptedRecord {
  ClientOrderId id;
  std::string venue_order_id;
  UnixMillis venue_time = 0;

  friend bool operator==(const AcceptedRecord&, const AcceptedRecord&) = default;
};

struct RefusedRecord {
  ClientOrderId id;
  Errc code = Errc::internal;
  std::string detail;

  friend bool operator==(const RefusedRecord&, const RefusedRecord&) = default;
};

/// The outcome became unknown.
struct UnknownRecord {
  ClientOrderId id;
  std::string detail;

  friend bool operator==(const UnknownRecord&, const UnknownRecord&) = default;
};

struct ReportRecord {
  ClientOrderId id;
  VenueReport report;

  friend bool operator==(const ReportRecord&, const ReportRecord&) = default;
};

struct FillRecord {
  ClientOrderId id;
  Fill fill;
  /// Of an order that had been settled before: what it was. Its own records may be folded away when
  /// this one is read.
  std::optional<IntentRecord> order = {};

  friend bool operator==(const FillRecord&, const FillRecord&) = default;
};

/// By the rule (twice not found) or by a person: how an unknown order ended.
struct ResolvedRecord {
  ClientOrderId id;
  VenueStatus status = VenueStatus::rejected;
  std::string by; ///< "not_found" or a person

  friend bool operator==(const ResolvedRecord&, const ResolvedRecord&) = default;
};

/// An order with our engine id, or a fill of it, was found at the venue and not here.
struct AdoptedRecord {
  IntentRecord intent;
  std::string venue_order_id;

  friend bool operator==(const AdoptedRecord&, const AdoptedRecord&) = default;
};

/// A two-leg execution moved. The last one of an execution is its state.
struct ExecutionRecord {
  strategy::ExecutionState execution;

  friend bool operator==(const ExecutionRecord&, const ExecutionRecord&) = default;
};

struct BreakerRecord {
  std::string breaker; ///< "global", "venue.binance", "pair.<id>"
  risk::Breaker::Saved saved;

  friend bool operator==(const BreakerRecord&, const BreakerRecord&) = default;
};

struct KillRecord {
  risk::KillOrder order;
  bool released = false;

  friend bool operator==(const KillRecord&, const KillRecord&) = default;
};

/// A person or the venue's word set a position (difference accepted).
struct RestatedRecord {
  InstrumentKey instrument;
  Money quantity;
  std::string person;
  UnixMillis ts = 0;

  friend bool operator==(const RestatedRecord&, const RestatedRecord&) = default;
};

/// A strategy is paused until a person resumes it (residual, executions_max, loss), or resumed.
struct PausedRecord {
  std::string strategy;
  std::string by;
  std::string reason; ///< empty = resumed
  UnixMillis ts = 0;

  friend bool operator==(const PausedRecord&, const PausedRecord&) = default;
};

/// What everything before it came to, when older records were folded together. It *sets* positions
/// and totals: whatever the records before it in the reading made of them is replaced. Those
/// records (orders not settled or settled lately, executions, breakers, kills, pauses) are kept for
/// themselves; their fills are in these sums already. What follows it was never folded.
struct CheckpointRecord {
  /// Of a pair's executions that are over, but for the last one.
  struct ExecutionRow {
    PairId pair;
    Money notional, profit; ///< as in ExecutionState

    friend bool operator==(const ExecutionRow&, const ExecutionRow&) = default;
  };

  std::uint64_t through = 0; ///< the last sequence number that it stands for: its own
  /// An order of this engine with an id up to this one that is not among the records is settled and
  /// in the sums: it must not be adopted when the venue shows it again. Empty = none was dropped.
  ClientOrderId folded_through;
  std::uint64_t orders_folded = 0; ///< whose records were dropped
  risk::Sums sums;
  std::vector<ExecutionRow> executions; ///< by pair

  friend bool operator==(const CheckpointRecord&, const CheckpointRecord&) = default;
};

/// How `what` of a BaselineRecord begins that speaks of an order; its client id follows.
inline constexpr std::string_view accepted_order = "order ";

/// What an account held beyond our own fills: from the first comparison, or as a person accepted.
struct BaselineRecord {
  MarketKey market;
  /// Asset (spot) or instrument (linear); empty = "the baseline was taken"; "order <client id>" =
  /// the fills of an adopted order were accepted.
  std::string what;
  Money amount;
  std::string person; ///< empty = from the first comparison
  UnixMillis ts = 0;

  friend bool operator==(const BaselineRecord&, const BaselineRecord&) = default;
};

/// A person let a strategy execute again after executions_max: those up to `through` do not count.
struct ExecutionsResetRecord {
  std::string strategy;
  std::uint64_t through = 0;
  std::string person;
  UnixMillis ts = 0;

  friend bool operator==(const ExecutionsResetRecord&, const ExecutionsResetRecord&) = default;
};

/// A TWAP plan was made, changed or deleted. Of a deleted one only the id matters: it is never
/// given again.
struct PlanRecord {
  twap::PlanConfig plan;
  bool deleted = false;
  std::string person; ///< empty = from the configuration
  UnixMillis ts = 0;

  friend bool operator==(const PlanRecord&, const PlanRecord&) = default;
};

/// A plan moved. The last one of a plan is its state.
struct PlanMovedRecord {
  twap::PlanState state;

  friend bool operator==(const PlanMovedRecord&, const PlanMovedRecord&) = default;
};

using Record = std::variant<RunRecord, IntentRecord, SentRecord, AcceptedRecord, RefusedRecord,
                            UnknownRecord, ReportRecord, FillRecord, ResolvedRecord, AdoptedRecord,
                            ExecutionRecord, BreakerRecord, KillRecord, RestatedRecord,
                            PausedRecord, CheckpointRecord, BaselineRecord, ExecutionsResetRecord,
                            PlanRecord, PlanMovedRecord>;

/// Lessens a risk or tells how something ended: has its place on a full disk, where nothing new may
/// begin.
[[nodiscard]] inline bool is_vital(const Record& record) noexcept {
  return !std::holds_alternative<IntentRecord>(record)
         && !std::holds_alternative<ExecutionRecord>(record)
         && !std::holds_alternative<RunRecord>(record);
}

/// Where records go. Implemented by adapters/journal (a file) and by tests (memory).
class Journal {
public:
  virtual ~Journal() = default;

  /// Records get gapless sequence numbers in the order of the calls. `durable` runs once, with the
  /// outcome, when the record is as safe as the durability mode promises: in mode `os` before this
  /// returns, in mode `fsync` later and on the journal's own thread (then several at once); a
  /// refusal may come before this returns in either mode. Thread safe. After an error nothing more
  /// is accepted until the journal has recovered. A record that was answered with an error is
  /// normally gone; after a crash it may be found all the same. No lock of the journal is held
  /// while `durable` runs: it may wait for the desk's, and the desk may be in append().
  /// Nobody waits for this one: mode `fsync` syncs it with the next that somebody waits for, or
  /// within a few milliseconds.
  virtual void append(const Record& record, std::function<void(Status)> durable) = 0;

  /// The same for records that something waits for: all of them or none, synced at once, `durable`
  /// told once of them all. @param records at least one.
  virtual void append_first(std::span<const Record> records, std::function<void(Status)> durable)
      = 0;

  /// The run this journal is held for.
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;
};

} // namespace tandem::core::orders
