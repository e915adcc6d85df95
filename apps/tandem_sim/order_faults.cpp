#include "apps/tandem_sim/order_faults.hpp"

namespace tandem::sim {
namespace {

std::optional<Millis> lateness(Faults& faults, SurfaceId surface, FaultKind kind,
                               std::string_view symbol, Time now) {
  constexpr std::int64_t default_late_ms = 50;
  const auto fault = faults.hit(surface, kind, symbol, now);
  if (!fault)
    return std::nullopt;
  return Millis{fault->value.value_or(default_late_ms)};
}

} // namespace

OrderFate fate_of_order(Faults& faults, SurfaceId surface, std::string_view symbol, Time now) {
  constexpr std::int64_t default_retry_s = 5;
  constexpr std::int64_t default_delay_ms = 30'000;
  constexpr std::int64_t default_answer_ms = 50;
  constexpr std::int64_t half = 500'000;
  OrderFate fate;
  const auto hit = [&](FaultKind kind) { return faults.hit(surface, kind, symbol, now); };
  fate.maintenance = hit(FaultKind::maintenance).has_value();
  if (fate.maintenance)
    return fate;
  fate.halted = faults.armed(surface, FaultKind::halt, symbol, now);
  if (fate.halted)
    return fate;
  if (const auto fault = hit(FaultKind::order_rate_limit)) {
    fate.retry_after = fault->value.value_or(default_retry_s);
    return fate;
  }
  if (hit(FaultKind::order_reject)) {
    fate.reject = true;
    return fate;
  }
  if (hit(FaultKind::order_unknown_refused)) {
    fate.unknown = true;
    return fate;
  }
  if (const auto fault = hit(FaultKind::order_delay))
    fate.delay = Millis{fault->value.value_or(default_delay_ms)};
  if (const auto fault = hit(FaultKind::partial_fill))
    fate.fill_ppm_max = fault->value.value_or(half);
  if (const auto fault = hit(FaultKind::fill_before_ack))
    fate.answer_after = Millis{fault->value.value_or(default_answer_ms)};
  fate.fill_late_by = lateness(faults, surface, FaultKind::late_fill_after_expiry, symbol, now);
  fate.unknown_taken = hit(FaultKind::order_unknown).has_value();
  fate.unknown = fate.unknown_taken;
  fate.answer_lost = !fate.unknown && hit(FaultKind::ack_lost).has_value();
  return fate;
}

std::optional<Millis> late_fill_of(Faults& faults, SurfaceId surface, std::string_view symbol,
                                   Time now) {
  return lateness(faults, surface, FaultKind::late_fill_after_cancel, symbol, now);
}

} // namespace tandem::sim
