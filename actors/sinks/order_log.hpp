/// The log lines of an order's life, under the names that log readers know (exchange, pairId,
/// symbol, latency_ms, success, error_code), joined by the decision that the order belongs to.
#pragma once

#include "core/log.hpp"
#include "core/orders/desk.hpp"
#include "core/types/time.hpp"

namespace tandem::actors {

/// A fill and an end without one (info), a refusal and an unknown outcome (warning); all else at
/// level debug. @param now Unix ms: latency is reckoned from the intent.
void log_order(core::Log& log, const core::orders::OrderUpdate& update, core::UnixMillis now);

} // namespace tandem::actors
