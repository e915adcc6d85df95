/// One pair: holds its two book slots and its judge (core/strategy/pair_watch), publishes what the
/// judge says. Woken by book changes, never by polling; a slow timer only lets books grow old.
#pragma once

#include "core/market/depth_slot.hpp"
#include "core/risk/breaker_panel.hpp"
#include "core/strategy/executor.hpp"
#include "core/strategy/pair_watch.hpp"
#include "messages/context.hpp"
#include "messages/strategy.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <memory>
#include <optional>

namespace tandem::actors {

/// What a pair needs in order to trade; outlives the actors.
struct PairTrading {
  core::orders::Desk* desk = nullptr;
  core::strategy::ExecutionBook* book = nullptr;
  core::strategy::ExecutorLimits limits;
  core::risk::BreakerPanel* breakers = nullptr; ///< null: nobody judges
};

struct PairMonitorOptions {
  core::strategy::PairConfig pair;
  /// The pair's own or the markets' configured taker rates. Where the pair has none of its own, the
  /// account's real tier replaces it as soon as the venue has told it.
  core::strategy::SpreadFees fees;
  std::shared_ptr<const PairTrading> trading{}; ///< null: watches only
};

struct PairMonitorState {
  explicit PairMonitorState(caf::scheduled_actor*) {}

  ~PairMonitorState();
  PairMonitorState(const PairMonitorState&) = delete;
  PairMonitorState& operator=(const PairMonitorState&) = delete;

  messages::ContextPtr context;
  messages::CellPtr cell;
  std::optional<core::strategy::PairWatch> watch;
  std::shared_ptr<core::market::WakeFlag> wake;
  std::array<std::shared_ptr<core::market::DepthSlot>, 2> slots;
  std::array<core::InstrumentKey, 2> legs;
  std::shared_ptr<const PairTrading> trading;
  std::optional<core::strategy::Executor> executor;
  std::string held_by;
  /// Who asked for the execution that runs, and waits for its end.
  std::optional<caf::typed_response_promise<messages::ExecuteOutcome>> asked;
  core::MonoTime asked_until{};
  messages::HandlingHistogram decision_delay; ///< from the frame at the socket to the judgement
};

messages::PairHandle::behavior_type
pair_monitor(messages::PairHandle::stateful_pointer<PairMonitorState> self,
             messages::ContextPtr context, messages::CellPtr cell, PairMonitorOptions options);

} // namespace tandem::actors
