#include "core/supervision/backoff.hpp"

#include <algorithm>

namespace tandem::core::supervision {

std::chrono::milliseconds Backoff::next(std::uint64_t random,
                                        std::chrono::nanoseconds ran_for) noexcept {
  if (ran_for >= limits_.healthy_after)
    failures_ = 0;
  auto ceiling = std::max<std::int64_t>(1, limits_.first.count());
  const auto cap = std::max<std::int64_t>(ceiling, limits_.cap.count());
  for (std::uint32_t i = 0; i < failures_ && ceiling < cap; ++i)
    ceiling *= 2;
  ceiling = std::min(ceiling, cap);
  if (failures_ < UINT32_MAX)
    ++failures_;
  const auto half = ceiling / 2;
  const auto spread = static_cast<std::uint64_t>(ceiling - half) + 1;
  return std::chrono::milliseconds{half + static_cast<std::int64_t>(random % spread)};
}

} // namespace tandem::core::supervision
