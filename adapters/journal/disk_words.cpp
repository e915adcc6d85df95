#include "adapters/journal/disk_words.hpp"

namespace tandem::adapters::journal {

DiskWord disk_word(core::Errc value) noexcept {
  using enum core::Errc;
  switch (value) {
  case validation_error:
    return {1, "validation_error"};
  case unauthenticated:
    return {2, "unauthenticated"};
  case forbidden:
    return {3, "forbidden"};
  case not_found:
    return {4, "not_found"};
  case conflict:
    return {5, "conflict"};
  case risk_rejected:
    return {6, "risk_rejected"};
  case insufficient_funds:
    return {7, "insufficient_funds"};
  case rate_limited:
    return {8, "rate_limited"};
  case upstream_error:
    return {9, "upstream_error"};
  case exchange_unavailable:
    return {10, "exchange_unavailable"};
  case internal:
    return {11, "internal"};
  case malformed:
    return {12, "malformed"};
  case out_of_range:
    return {13, "out_of_range"};
  case scale_too_coarse:
    return {14, "scale_too_coarse"};
  case book_gap:
    return {15, "book_gap"};
  case book_crossed:
    return {16, "book_crossed"};
  case timed_out:
    return {17, "timed_out"};
  case connection_lost:
    return {18, "connection_lost"};
  case configuration:
    return {19, "configuration"};
  }
  return {};
}

DiskWord disk_word(core::MarketType value) noexcept {
  using enum core::MarketType;
  switch (value) {
  case spot:
    return {1, "spot"};
  case linear:
    return {2, "linear"};
  }
  return {};
}

DiskWord disk_word(core::orders::Side value) noexcept {
  using enum core::orders::Side;
  switch (value) {
  case buy:
    return {1, "buy"};
  case sell:
    return {2, "sell"};
  }
  return {};
}

DiskWord disk_word(core::orders::OrderType value) noexcept {
  using enum core::orders::OrderType;
  switch (value) {
  case market:
    return {1, "market"};
  case limit:
    return {2, "limit"};
  }
  return {};
}

DiskWord disk_word(core::orders::TimeInForce value) noexcept {
  using enum core::orders::TimeInForce;
  switch (value) {
  case gtc:
    return {1, "gtc"};
  case ioc:
    return {2, "ioc"};
  case fok:
    return {3, "fok"};
  case post_only:
    return {4, "post_only"};
  }
  return {};
}

DiskWord disk_word(core::orders::OrderPurpose value) noexcept {
  using enum core::orders::OrderPurpose;
  switch (value) {
  case open:
    return {1, "open"};
  case complete:
    return {2, "complete"};
  case unwind:
    return {3, "unwind"};
  case slice:
    return {4, "slice"};
  case manual:
    return {5, "manual"};
  case flatten:
    return {6, "flatten"};
  }
  return {};
}

DiskWord disk_word(core::orders::VenueStatus value) noexcept {
  using enum core::orders::VenueStatus;
  switch (value) {
  case open:
    return {1, "open"};
  case filled:
    return {2, "filled"};
  case cancelled:
    return {3, "cancelled"};
  case expired:
    return {4, "expired"};
  case rejected:
    return {5, "rejected"};
  }
  return {};
}

DiskWord disk_word(core::strategy::ExecutionPhase value) noexcept {
  using enum core::strategy::ExecutionPhase;
  switch (value) {
  case legs:
    return {1, "legs"};
  case completing:
    return {2, "completing"};
  case unwinding:
    return {3, "unwinding"};
  case waiting:
    return {4, "waiting"};
  case done:
    return {5, "done"};
  case stranded:
    return {6, "stranded"};
  case refused:
    return {7, "refused"};
  }
  return {};
}

DiskWord disk_word(core::strategy::Direction value) noexcept {
  using enum core::strategy::Direction;
  switch (value) {
  case leg1_buy_leg2_sell:
    return {1, "leg1_buy_leg2_sell"};
  case leg1_sell_leg2_buy:
    return {2, "leg1_sell_leg2_buy"};
  }
  return {};
}

DiskWord disk_word(core::risk::BreakerState value) noexcept {
  using enum core::risk::BreakerState;
  switch (value) {
  case closed:
    return {1, "closed"};
  case open:
    return {2, "open"};
  case trial:
    return {3, "trial"};
  }
  return {};
}

DiskWord disk_word(core::risk::BreakerCause value) noexcept {
  using enum core::risk::BreakerCause;
  switch (value) {
  case none:
    return {1, "none"};
  case failures:
    return {2, "failures"};
  case error_rate:
    return {3, "error_rate"};
  case loss:
    return {4, "loss"};
  case drawdown:
    return {5, "drawdown"};
  case latency:
    return {6, "latency"};
  case stale_data:
    return {7, "stale_data"};
  case order_rate:
    return {8, "order_rate"};
  case reconcile:
    return {9, "reconcile"};
  case person:
    return {10, "person"};
  }
  return {};
}

DiskWord disk_word(core::risk::KillLevel value) noexcept {
  using enum core::risk::KillLevel;
  switch (value) {
  case strategy:
    return {1, "strategy"};
  case venue:
    return {2, "venue"};
  case all:
    return {3, "all"};
  }
  return {};
}

DiskWord disk_word(core::twap::SliceType value) noexcept {
  using enum core::twap::SliceType;
  switch (value) {
  case market:
    return {1, "market"};
  case limit:
    return {2, "limit"};
  case pegged:
    return {3, "pegged"};
  }
  return {};
}

DiskWord disk_word(core::twap::CatchUp value) noexcept {
  using enum core::twap::CatchUp;
  switch (value) {
  case extend:
    return {1, "extend"};
  case catch_up:
    return {2, "catch_up"};
  case skip:
    return {3, "skip"};
  }
  return {};
}

DiskWord disk_word(core::twap::Remainder value) noexcept {
  using enum core::twap::Remainder;
  switch (value) {
  case merge:
    return {1, "merge"};
  case leave:
    return {2, "leave"};
  }
  return {};
}

DiskWord disk_word(core::twap::LegDown value) noexcept {
  using enum core::twap::LegDown;
  switch (value) {
  case pause_both:
    return {1, "pause_both"};
  case pause_leg:
    return {2, "pause_leg"};
  }
  return {};
}

DiskWord disk_word(core::twap::PlanPhase value) noexcept {
  using enum core::twap::PlanPhase;
  switch (value) {
  case scheduled:
    return {1, "scheduled"};
  case running:
    return {2, "running"};
  case paused:
    return {3, "paused"};
  case completed:
    return {4, "completed"};
  case cancelled:
    return {5, "cancelled"};
  case expired:
    return {6, "expired"};
  case failed:
    return {7, "failed"};
  }
  return {};
}

} // namespace tandem::adapters::journal
