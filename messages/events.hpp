/// What the engine tells the world: opportunities and alerts. Published through the market bus,
/// heard by broadcast, event log and, later, sinks.
#pragma once

#include "core/strategy/pair_watch.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"
#include "messages/local.hpp"
#include "messages/market.hpp"
#include "messages/orders.hpp"
#include "messages/twap.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::messages {

/// An opportunity opened, changed materially or ended.
struct Opportunity {
  core::PairId pair;
  core::InstrumentKey leg1, leg2;
  core::strategy::OpportunityEvent event;
  core::UnixMillis ts = 0; ///< local wall time of the decision
};

enum class Severity : std::uint8_t { info, warning, critical };

[[nodiscard]] constexpr std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
  case Severity::info:
    return "info";
  case Severity::warning:
    return "warning";
  case Severity::critical:
    return "critical";
  }
  return "critical";
}

/// Something a person should see.
struct EngineAlert {
  Severity severity = Severity::info;
  std::string code;    ///< stable word: "FEED_DOWN", "PAIR_PAUSED", "ACTOR_RESTARTED", ...
  std::string message; ///< one sentence
  core::PairId pair;   ///< empty when it concerns no single pair
  std::string source;  ///< actor path or market it is about
  core::UnixMillis ts = 0;
};

/// Hears every event. Implemented by broadcast and event log (their own handles extend it).
using EventListenerHandle
    = caf::typed_actor<caf::reacts_to<Opportunity>, caf::reacts_to<EngineAlert>,
                       caf::reacts_to<OrderMoved>, caf::reacts_to<ExecutionMoved>,
                       caf::reacts_to<PlanMoved>>;

struct AddListener {
  EventListenerHandle listener;
};

/// One opportunity from its opening to its end, as the event log remembers it.
struct OpportunityRecord {
  Opportunity opened;        ///< as first published
  Opportunity latest;        ///< last change, or the end
  std::uint32_t changes = 0; ///< published in between

  [[nodiscard]] bool ended() const noexcept {
    return latest.event.phase == core::strategy::OpportunityPhase::ended;
  }
};

/// Newest first. @param pair empty = all.
struct GetOpportunities {
  std::size_t limit = 100;
  core::PairId pair;
};

struct OpportunityRecords {
  std::vector<OpportunityRecord> records;
  std::uint64_t total = 0; ///< seen since the log started, kept or not
};

/// Newest first.
struct GetAlerts {
  std::size_t limit = 100;
};

struct AlertRecords {
  std::vector<EngineAlert> alerts;
  std::uint64_t total = 0;
};

/// Remembers the latest events for those who come later (REST, the closing report).
using EventLogHandle
    = EventListenerHandle::extend<caf::replies_to<GetOpportunities>::with<OpportunityRecords>,
                                  caf::replies_to<GetAlerts>::with<AlertRecords>>;

/// Keeps who wants which book, tells feeds, and passes events on.
using MarketBusHandle = caf::typed_actor<
    caf::reacts_to<SubscribeBook>, caf::reacts_to<UnsubscribeBook>, caf::reacts_to<FeedStarted>,
    caf::reacts_to<InstrumentsLoaded>, caf::reacts_to<ClockMeasured>, caf::reacts_to<AddListener>,
    caf::reacts_to<Opportunity>, caf::reacts_to<EngineAlert>, caf::reacts_to<OrderMoved>,
    caf::reacts_to<ExecutionMoved>, caf::reacts_to<PlanMoved>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::Opportunity)
TANDEM_LOCAL_MESSAGE(tandem::messages::EngineAlert)
TANDEM_LOCAL_MESSAGE(tandem::messages::AddListener)
TANDEM_LOCAL_MESSAGE(tandem::messages::GetOpportunities)
TANDEM_LOCAL_MESSAGE(tandem::messages::OpportunityRecords)
TANDEM_LOCAL_MESSAGE(tandem::messages::GetAlerts)
TANDEM_LOCAL_MESSAGE(tandem::messages::AlertRecords)
