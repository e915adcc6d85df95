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

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::actors {

/// What a capture sink takes beside the tape.
struct FrameNews {
  std::uint64_t taken = 0, written = 0, lost = 0;
  std::string trouble; ///< with the disk; empty: none
};

struct SinkOptions {
  adapters::sinks::CourierOptions courier;
  std::shared_ptr<core::sinks::TapeReader> reader;
  std::function<std::unique_ptr<adapters::files::FileLayer>()> files;
  std::function<core::Result<std::unique_ptr<adapters::sinks::Writer>>()> writer;
  std::function<FrameNews()> frames; ///< empty: none are captured
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
  std::uint64_t frames_lost_told = 0;
  core::MonoTime frames_tell_at{};
  std::unique_ptr<adapters::sinks::Courier> courier;
};

messages::SinkHandle::behavior_type sink(messages::SinkHandle::stateful_pointer<SinkState> self,
                                         messages::ContextPtr context, messages::CellPtr cell,
                                         SinkOptions options);

} // namespace tandem::actors
