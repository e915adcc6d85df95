#include "core/supervision/backoff.hpp"

#include <algorithm>
#include <limits>

namespace tandem::core::supervision {

std::chrono::milliseconds Backoff::next(std::uint64_t random,
                                        std::chrono::nanoseconds ran_for) noexcept {
  if (std::chrono::floor<std::chrono::milliseconds>(ran_for) >= limits_.healthy_after)
    failures_ = 0;
  const auto cap = std::max<std::int64_t>(1, limits_.cap.count());
  auto ceiling = std::clamp<std::int64_t>(limits_.first.count(), 1, cap);
  // Ends at the cap after 63 doublings at most, however many failures there were.
  for (std::uint32_t n = 0; n < failures_ && ceiling < cap; ++n)
    ceiling = ceiling > cap / 2 ? cap : ceiling * 2;
  if (failures_ < std::numeric_limits<std::uint32_t>::max())
    ++failures_;
  const auto half = ceiling / 2;
  const auto spread = static_cast<std::uint64_t>(ceiling - half) + 1;
  return std::chrono::milliseconds{half + static_cast<std::int64_t>(random % spread)};
}

} // namespace tandem::core::supervision
