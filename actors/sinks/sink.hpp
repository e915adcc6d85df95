/// Carries records to one destination outside the engine: a thin shell around a courier
/// (adapters/sinks/courier.hpp). What it had not delivered when it ended waits on disk, and what
/// came meanwhile on the tape, for its next incarnation.
#pragma once

#include "adapters/sinks/courier.hpp"
#include "core/sinks/tape.hpp"
#include "messages/context.hpp"
#include "messages/sinks.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>

namespace tandem::actors {

struct SinkOptions {
  adapters::sinks::CourierOptions courier;
  std::shared_ptr<core::sinks::TapeReader> reader;
  std::function<std::unique_ptr<adapters::files::FileLayer>()> files;
  std::function<core::Result<std::unique_ptr<adapters::sinks::Writer>>()> writer;
};

struct SinkState {
  explicit SinkState(caf::scheduled_actor*) {}

  ~SinkState();
  SinkState(const SinkState&) = delete;
  SinkState& operator=(const SinkState&) = delete;

  SinkOptions options;
  messages::ContextPtr context;
  messages::CellPtr cell;
  std::vector<core::sinks::NewsPtr> news; ///< reused
  std::unique_ptr<adapters::sinks::Courier> courier;
};

messages::SinkHandle::behavior_type sink(messages::SinkHandle::stateful_pointer<SinkState> self,
                                         messages::ContextPtr context, messages::CellPtr cell,
                                         SinkOptions options);

} // namespace tandem::actors
