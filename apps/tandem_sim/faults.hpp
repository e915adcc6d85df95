/// The fault menu: which faults are armed and whether one of them hits this frame, request or
/// connection. Pure; who asks does the damage.
#pragma once

#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_sim/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

struct ArmedFault {
  std::int64_t id = 0;
  FaultOrder order;
  Time since{};
  std::int64_t hits = 0;
};

class Faults {
public:
  explicit Faults(std::uint64_t seed) : random_{seed} {}

  /// @returns its id.
  std::int64_t arm(const FaultOrder& order, Time now);

  void clear() { armed_.clear(); }

  /// The first armed fault of this kind that hits now; its count goes down. @param symbol empty: of
  /// no symbol in particular.
  [[nodiscard]] std::optional<FaultOrder> hit(SurfaceId surface, FaultKind kind,
                                              std::string_view symbol, Time now);

  /// Whether one of this kind is armed for this symbol; nothing is used up.
  [[nodiscard]] bool armed(SurfaceId surface, FaultKind kind, std::string_view symbol,
                           Time now) const noexcept;

  /// Drops what has run out.
  void expire(Time now);

  [[nodiscard]] const std::vector<ArmedFault>& all() const noexcept { return armed_; }

private:
  [[nodiscard]] static bool over(const ArmedFault& fault, Time now) noexcept;

  Random random_;
  std::int64_t last_id_ = 0;
  std::vector<ArmedFault> armed_;
};

} // namespace tandem::sim
