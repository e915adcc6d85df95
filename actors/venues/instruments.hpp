/// One market's instrument list and clock offset, read by REST at start and again and again.
/// Publishes both; keeps nothing that could not be read anew.
#pragma once

#include "adapters/venues/rest_client.hpp"
#include "adapters/venues/venue.hpp"
#include "core/market/clock_offset.hpp"
#include "core/supervision/backoff.hpp"
#include "messages/context.hpp"
#include "messages/market.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace tandem::actors {

struct InstrumentsOptions {
  const adapters::venues::Market* market = nullptr; ///< outlives the actor
  std::shared_ptr<adapters::venues::RestClient> rest;
  std::chrono::milliseconds refresh_interval{3'600'000};
  std::chrono::milliseconds clock_interval{60'000};
  std::chrono::milliseconds clock_offset_max{500};
  core::supervision::BackoffLimits retry;
};

struct InstrumentsState {
  explicit InstrumentsState(caf::scheduled_actor*) {}

  messages::ContextPtr context;
  messages::CellPtr cell;
  InstrumentsOptions options;
  core::supervision::Backoff retry;
  /// The wall clock as it stood when the actor began, carried on by the monotonic one: samples
  /// before and after somebody set the wall clock can be compared on it.
  std::function<core::WallTime()> steady;
  core::market::ClockOffset offset; ///< to `steady`
  core::MonoTime next_refresh{}, next_clock{};
  bool refreshing = false, asking_time = false, loaded = false, clock_bad = false;
};

messages::InstrumentsHandle::behavior_type
instruments(messages::InstrumentsHandle::stateful_pointer<InstrumentsState> self,
            messages::ContextPtr context, messages::CellPtr cell, InstrumentsOptions options);

} // namespace tandem::actors
