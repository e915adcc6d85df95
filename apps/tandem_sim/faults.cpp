#include "apps/tandem_sim/faults.hpp"

#include <algorithm>

namespace tandem::sim {

std::string_view name_of(FaultKind kind) noexcept {
  for (const auto& [name, value] : fault_names) {
    if (value == kind)
      return name;
  }
  return "unknown";
}

namespace {

/// These hit one order unless more is asked for; a stream, a limit or a venue stays as it is put.
bool hits_one_order(FaultKind kind) noexcept {
  return kind >= FaultKind::ack_lost && kind <= FaultKind::late_fill_after_cancel;
}

} // namespace

bool Faults::over(const ArmedFault& fault, Time now) noexcept {
  return (fault.order.count && fault.hits >= *fault.order.count)
         || (fault.order.lasts && now >= fault.since + *fault.order.lasts);
}

std::int64_t Faults::arm(const FaultOrder& order, Time now) {
  ArmedFault fault{++last_id_, order, now, 0};
  // A gap or a reordered pair is one event unless more is asked for; the others last until taken
  // away.
  const bool once = order.kind == FaultKind::gap || order.kind == FaultKind::reorder
                    || order.kind == FaultKind::corrupt || hits_one_order(order.kind);
  if (once && !order.count && !order.lasts)
    fault.order.count = 1;
  armed_.push_back(std::move(fault));
  return last_id_;
}

std::optional<FaultOrder> Faults::hit(SurfaceId surface, FaultKind kind, std::string_view symbol,
                                      Time now) {
  for (ArmedFault& fault : armed_) {
    const auto& order = fault.order;
    const bool meant = order.surface == surface && order.kind == kind
                       && (order.symbol.empty() || order.symbol == symbol);
    if (!meant || over(fault, now) || !random_.chance(order.probability_ppm))
      continue;
    ++fault.hits;
    return order;
  }
  return std::nullopt;
}

bool Faults::armed(SurfaceId surface, FaultKind kind, std::string_view symbol,
                   Time now) const noexcept {
  return std::ranges::any_of(armed_, [&](const ArmedFault& fault) {
    return fault.order.surface == surface && fault.order.kind == kind
           && (fault.order.symbol.empty() || fault.order.symbol == symbol) && !over(fault, now);
  });
}

void Faults::expire(Time now) {
  std::erase_if(armed_, [now](const ArmedFault& fault) { return over(fault, now); });
}

} // namespace tandem::sim
