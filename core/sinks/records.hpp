/// What happened, as records. The names of fields are those of the traders' surface where it shows
/// the same thing, and documented in docs/sinks.md: consumers rely on them.
#pragma once

#include "core/orders/desk.hpp"
#include "core/sinks/record.hpp"
#include "core/sinks/tape.hpp"
#include "core/strategy/pair_watch.hpp"
#include "core/strategy/two_leg.hpp"
#include "core/twap/view.hpp"

#include <string_view>
#include <vector>

namespace tandem::core::sinks {

/// A trade is called by its id, a candle "<interval>:<open time>"; tickers have no name.
[[nodiscard]] Record record_of(const MarketNews& news);

/// "<pair>:<number>"
[[nodiscard]] Record record_of(const PairId& pair, const InstrumentKey& leg1,
                               const InstrumentKey& leg2, const strategy::OpportunityEvent& event,
                               UnixMillis ts);

struct AlertFacts {
  std::string_view severity, code, message, source;
  PairId pair;
  UnixMillis ts = 0;
};

[[nodiscard]] Record record_of(const AlertFacts& alert);

/// The order as it now stands, called by its client id; and the fill that counted, called by its
/// trade id.
[[nodiscard]] std::vector<Record> records_of(const orders::OrderUpdate& update, UnixMillis ts);

/// "<pair>:<number>"
[[nodiscard]] Record record_of(const strategy::ExecutionState& execution);

/// Called by the plan's id.
[[nodiscard]] Record record_of(const twap::PlanView& view, UnixMillis ts);

} // namespace tandem::core::sinks
