/// The conversation about pairs: create, change, ask. Sent by the interfaces, answered by the pairs
/// actor, which keeps the list, and the pair monitors.
#pragma once

#include "core/result.hpp"
#include "core/strategy/pair.hpp"
#include "core/strategy/pair_watch.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"
#include "messages/orders.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tandem::messages {

struct ListPairs {};

struct PairList {
  std::vector<core::strategy::PairConfig> pairs; ///< in the order they were made
};

struct GetPair {
  core::PairId id;
};

/// Create (id empty: one is made) or replace. `replace_id` set: that pair must exist.
struct PutPair {
  core::strategy::PairConfig pair;
  std::optional<core::PairId> replace_id;
};

struct DeletePair {
  core::PairId id;
};

/// The outcome of a change: the pair's id, or why not (validation_error with the field in `source`,
/// not_found, conflict, internal).
struct PairOutcome {
  core::PairId id;
  std::optional<core::strategy::PairConfig> pair; ///< answered by GetPair
  std::optional<core::Error> error;
};

struct GetPairState {};

/// One leg as the monitor sees it.
struct LegSnapshot {
  core::InstrumentKey instrument;
  core::market::BookCondition condition = core::market::BookCondition::down;
  std::chrono::milliseconds age{0}; ///< since the last frame of its book
  std::optional<core::Decimal> bid, ask;
  bool known = false; ///< the venue lists this instrument
};

struct PairSnapshot {
  core::PairId id;
  core::strategy::PairState state = core::strategy::PairState::waiting;
  std::optional<core::strategy::PairPause> pause;
  std::array<LegSnapshot, 2> legs;
  std::array<std::optional<core::strategy::Spread>, 2> spreads; ///< [0] = leg1_buy_leg2_sell
  core::strategy::PairCounters counters;
  bool trades = false; ///< executes, as far as the gate lets it; false: watches only
  std::optional<core::strategy::ExecutionState> execution; ///< the last one
  std::string held_by; ///< why no execution begins at the moment; empty = nothing holds it
};

/// One pair's monitor. BookChanged comes from its slots' wake flag.
using PairHandle = caf::typed_actor<caf::reacts_to<BookChanged>, caf::reacts_to<Tick>,
                                    caf::reacts_to<OrderMoved>,
                                    caf::replies_to<ExecutePair>::with<ExecuteOutcome>,
                                    caf::replies_to<GetPairState>::with<PairSnapshot>>;

/// The configuration file's pairs, read again: what people changed since still comes before it.
struct ReloadPairs {
  std::vector<core::strategy::PairConfig> configured;
};

/// The list of pairs; starts and stops the monitors through the strategies' supervisor.
using PairsHandle
    = caf::typed_actor<caf::replies_to<ListPairs>::with<PairList>,
                       caf::replies_to<GetPair>::with<PairOutcome>,
                       caf::replies_to<PutPair>::with<PairOutcome>,
                       caf::replies_to<DeletePair>::with<PairOutcome>, caf::reacts_to<ReloadPairs>>;

// ---- the journal's part in it
// -------------------------------------------------------------------------------------

struct LoadPairs {};

/// What the journal holds: pairs to run, and ids of configured pairs that a person deleted.
struct StoredPairs {
  std::vector<core::strategy::PairConfig> pairs;
  std::vector<core::PairId> deleted;
};

struct StorePair {
  core::strategy::PairConfig pair;
};

struct ForgetPair {
  core::PairId id;
};

struct Stored {
  std::optional<core::Error> error;
};

/// The durable memory. Blocking work on its own thread.
using JournalHandle = caf::typed_actor<caf::replies_to<LoadPairs>::with<StoredPairs>,
                                       caf::replies_to<StorePair>::with<Stored>,
                                       caf::replies_to<ForgetPair>::with<Stored>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::ListPairs)
TANDEM_LOCAL_MESSAGE(tandem::messages::PairList)
TANDEM_LOCAL_MESSAGE(tandem::messages::GetPair)
TANDEM_LOCAL_MESSAGE(tandem::messages::PutPair)
TANDEM_LOCAL_MESSAGE(tandem::messages::DeletePair)
TANDEM_LOCAL_MESSAGE(tandem::messages::PairOutcome)
TANDEM_LOCAL_MESSAGE(tandem::messages::ReloadPairs)
TANDEM_LOCAL_MESSAGE(tandem::messages::GetPairState)
TANDEM_LOCAL_MESSAGE(tandem::messages::PairSnapshot)
TANDEM_LOCAL_MESSAGE(tandem::messages::LoadPairs)
TANDEM_LOCAL_MESSAGE(tandem::messages::StoredPairs)
TANDEM_LOCAL_MESSAGE(tandem::messages::StorePair)
TANDEM_LOCAL_MESSAGE(tandem::messages::ForgetPair)
TANDEM_LOCAL_MESSAGE(tandem::messages::Stored)
