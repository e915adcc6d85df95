/// TWAP plans as the traders' surface speaks of them: the bodies of POST and PUT, the objects of
/// the lists, the status, the event twap_progress and the answer of a dry run. Values in, text out.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/result.hpp"
#include "core/twap/view.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::traders {

/// name, totalQty, sliceQty, intervalMs (or options.durationMs, which wins: the time that all
/// slices take together), legs [{exchange, symbol, side, type: market | limit | pegged, marketType:
/// spot | linear (default spot), limitPrice, offsetPercent}], options {startAt, endAt, sessions
/// [{from, until, days}], utcOffsetMinutes, sizeJitterPercent, timeJitterMs, seed, guardPercent,
/// slippagePercent, participationPercent, catchUp, catchUpSlices, remainder, legDown,
/// imbalanceMax, repriceMs, sweep, failuresMax}. A `limit` leg is what S3 calls type limit.
/// @param base of a PUT: what the body does not name stays. @param seed of a plan that names none.
/// Error: validation_error, `source` = the field.
[[nodiscard]] core::Result<core::twap::PlanConfig>
parse_plan(const Json& body, const std::optional<core::twap::PlanConfig>& base, std::uint64_t seed);

/// {"action": "pause" | "resume" | "cancel"}. Error: validation_error.
[[nodiscard]] core::Result<std::string> parse_plan_action(std::string_view body);

/// An item of GET /api/twap/plans and the whole of GET /api/twap/plans/:planId.
void write_plan(JsonWriter& out, const core::twap::PlanView& view);

/// GET /api/twap/:planId/status: planId, progress {executed, remaining, slicesDone, slicesTotal},
/// state, lastExecutionTs (null before the first), and what explains it.
void write_plan_status(JsonWriter& out, const core::twap::PlanView& view);

/// The event twap_progress.
[[nodiscard]] std::string plan_frame(const core::twap::PlanView& view, core::UnixMillis ts,
                                     std::string_view mode);

/// The answer of POST /api/twap/plans?dryRun=true.
void write_forecast(JsonWriter& out, const core::twap::PlanConfig& plan,
                    const core::twap::Forecast& forecast);

} // namespace tandem::adapters::traders
