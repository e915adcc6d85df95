/// The conversation about orders and risk. Orders themselves do not travel in messages: a strategy
/// calls the desk (core/orders/desk.hpp) and the desk calls the market's order port, so that one
/// mailbox lies between a price and the bytes of an order. What travels is what happened.
#pragma once

#include "core/error.hpp"
#include "core/orders/desk.hpp"
#include "core/risk/breaker.hpp"
#include "core/risk/gate.hpp"
#include "core/risk/kill.hpp"
#include "core/strategy/two_leg.hpp"
#include "core/supervision/places.hpp"
#include "core/types/ids.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tandem::messages {

/// An order moved. From the desk (any thread) to the pair or plan that owns it, and through the
/// market bus to listeners.
struct OrderMoved {
  core::orders::OrderUpdate update;
  /// Counts it as on its way until the last of its readers has read it, or died with it.
  core::supervision::Place place{};
};

/// A two-leg execution moved. From its pair monitor through the market bus.
struct ExecutionMoved {
  core::strategy::ExecutionState execution;
};

/// A person asks a pair to trade now, at the present books (REST, gRPC, console).
struct ExecutePair {
  std::string person;
};

/// The end of an execution, or why there was none.
struct ExecuteOutcome {
  std::optional<core::strategy::ExecutionState> execution;
  std::optional<core::risk::Refusal> refusal; ///< the gate's, with rule and numbers
  std::optional<core::Error> error;           ///< not_found, conflict, timed_out, ...
};

// ---- one market's private side
// ---------------------------------------------------------------------------------------

/// The private stream is authenticated and subscribed: close the gap by asking.
struct PrivateReady {};

/// The private stream is gone: what it would have told is missing until the next reconciliation.
struct PrivateDown {
  core::Error why;
};

/// The keys of this venue changed (settings route) or were taken away.
struct KeysChanged {};

/// One market's private stream.
using PrivateFeedHandle = caf::typed_actor<caf::reacts_to<LinkNotice>, caf::reacts_to<KeysChanged>,
                                           caf::reacts_to<Tick>>;

/// From the I/O thread: what follows an answer, to be run as a turn of the actor that asked.
struct Continue {
  std::function<void()> run;
};

struct GetAccount {};

/// What the venue last said of the account, with the differences found against our own books.
struct AccountSnapshot {
  struct Balance {
    std::string asset;
    core::Money free, locked;
  };

  struct Position {
    core::InstrumentKey instrument;
    core::Money quantity, entry_price, unrealised;
  };

  struct Difference {
    std::string what; ///< "BTC", "BTCUSDT", or a client order id
    core::Money ours, theirs;
    std::string detail;
  };

  core::MarketKey market;
  bool public_only = true; ///< no keys
  bool connected = false;  ///< the private side works and is reconciled
  std::string reason;      ///< why not
  core::UnixMillis read_at = 0;
  std::vector<Balance> balances;
  std::vector<Position> positions;
  std::vector<Difference> differences;
};

/// A person accepts the differences as they stand: the venue's numbers become ours.
struct AcceptDifferences {
  std::string person;
};

struct Done {
  std::optional<core::Error> error;
};

/// One market's order entry, reconciliation and trading gate.
using OrderGatewayHandle
    = caf::typed_actor<caf::reacts_to<PrivateReady>, caf::reacts_to<PrivateDown>,
                       caf::reacts_to<KeysChanged>, caf::reacts_to<Continue>, caf::reacts_to<Tick>,
                       caf::replies_to<GetAccount>::with<AccountSnapshot>,
                       caf::replies_to<AcceptDifferences>::with<Done>>;

// ---- risk
// -------------------------------------------------------------------------------------------------------------

/// A breaker has a verdict to act on (core/risk/breaker_panel.hpp): at most one is on its way. What
/// led to it is not sent: its sources call the panel.
struct BreakerTold {};

struct TripBreaker {
  std::string person;
};

struct ResetBreaker {
  std::string person;
};

struct GetBreaker {};

struct BreakerView {
  std::string name; ///< "global", "venue.binance", "pair.<id>"
  core::risk::Breaker::Saved saved;
  core::risk::BreakerLimits limits;
};

using BreakerHandle
    = caf::typed_actor<caf::reacts_to<BreakerTold>, caf::replies_to<TripBreaker>::with<BreakerView>,
                       caf::replies_to<ResetBreaker>::with<BreakerView>,
                       caf::replies_to<GetBreaker>::with<BreakerView>, caf::reacts_to<Tick>>;

struct ThrowKill {
  core::risk::KillOrder order;
};

struct ReleaseKill {
  core::risk::KillLevel level = core::risk::KillLevel::all;
  std::string scope;
  std::string person;
};

/// What a kill did: the orders it asked to cancel, at once.
struct KillOutcome {
  std::vector<core::orders::ClientOrderId> cancelling;
  bool changed = false; ///< false: it was thrown (or released) already
  /// It is in the journal, so that a crash does not undo it. False: it is in force all the same,
  /// but the disk has not said so in time.
  bool journalled = false;
};

/// A person says how an order ended of which its venue does not (core/orders/desk.hpp).
struct DecideOrder {
  core::orders::ClientOrderId id;
  core::orders::VenueStatus status = core::orders::VenueStatus::cancelled; ///< not `open`
  std::string person;
};

struct DecideOutcome {
  std::optional<core::Error> error;
  std::shared_ptr<const core::orders::Order> order; ///< as it stands then; null with an error
  bool journalled = false;                          ///< as KillOutcome::journalled
};

/// The desk's clockwork (queries, cancels, days), kill switches by message, file and signal, and
/// alerts about the desk and its journal. A person's word acts at once; its answer waits for the
/// journal, at most for most of a second.
using RiskHandle = caf::typed_actor<caf::reacts_to<Tick>, caf::reacts_to<Continue>,
                                    caf::replies_to<ThrowKill>::with<KillOutcome>,
                                    caf::replies_to<ReleaseKill>::with<KillOutcome>,
                                    caf::replies_to<DecideOrder>::with<DecideOutcome>>;

/// Brings positions to zero under the kill switches that ask for it.
using FlattenerHandle = caf::typed_actor<caf::reacts_to<Tick>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::OrderMoved)
TANDEM_LOCAL_MESSAGE(tandem::messages::ExecutionMoved)
TANDEM_LOCAL_MESSAGE(tandem::messages::ExecutePair)
TANDEM_LOCAL_MESSAGE(tandem::messages::ExecuteOutcome)
TANDEM_LOCAL_MESSAGE(tandem::messages::PrivateReady)
TANDEM_LOCAL_MESSAGE(tandem::messages::PrivateDown)
TANDEM_LOCAL_MESSAGE(tandem::messages::KeysChanged)
TANDEM_LOCAL_MESSAGE(tandem::messages::Continue)
TANDEM_LOCAL_MESSAGE(tandem::messages::GetAccount)
TANDEM_LOCAL_MESSAGE(tandem::messages::AccountSnapshot)
TANDEM_LOCAL_MESSAGE(tandem::messages::AcceptDifferences)
TANDEM_LOCAL_MESSAGE(tandem::messages::Done)
TANDEM_LOCAL_MESSAGE(tandem::messages::BreakerTold)
TANDEM_LOCAL_MESSAGE(tandem::messages::TripBreaker)
TANDEM_LOCAL_MESSAGE(tandem::messages::ResetBreaker)
TANDEM_LOCAL_MESSAGE(tandem::messages::GetBreaker)
TANDEM_LOCAL_MESSAGE(tandem::messages::BreakerView)
TANDEM_LOCAL_MESSAGE(tandem::messages::ThrowKill)
TANDEM_LOCAL_MESSAGE(tandem::messages::ReleaseKill)
TANDEM_LOCAL_MESSAGE(tandem::messages::DecideOrder)
TANDEM_LOCAL_MESSAGE(tandem::messages::DecideOutcome)
TANDEM_LOCAL_MESSAGE(tandem::messages::KillOutcome)
