#include "core/market/clock_offset.hpp"

#include <algorithm>
#include <vector>

namespace tandem::core::market {
namespace {

constexpr std::chrono::seconds round_trip_max{2};

} // namespace

bool ClockOffset::add(UnixMillis server_time, WallTime sent_wall, WallTime received_wall) {
  if (received_wall - sent_wall > round_trip_max || received_wall < sent_wall)
    return false;
  const auto middle = sent_wall + (received_wall - sent_wall) / 2;
  samples_.push_back(std::chrono::milliseconds{server_time - to_millis(middle)});
  if (samples_.size() > samples_max)
    samples_.pop_front();
  return true;
}

std::optional<std::chrono::milliseconds> ClockOffset::median() const {
  if (samples_.empty())
    return std::nullopt;
  std::vector<std::chrono::milliseconds> sorted{samples_.begin(), samples_.end()};
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

bool ClockOffset::beyond(std::chrono::milliseconds limit) const {
  const auto offset = median();
  return offset && (*offset > limit || *offset < -limit);
}

} // namespace tandem::core::market
