#include "core/market/clock_offset.hpp"

#include <algorithm>
#include <numeric>

namespace tandem::core::market {
namespace {

constexpr std::chrono::seconds round_trip_max{2};

} // namespace

bool ClockOffset::add(UnixMillis server_time, WallTime sent_wall, WallTime received_wall) {
  const auto round_trip = received_wall - sent_wall;
  if (round_trip > round_trip_max || round_trip < round_trip.zero())
    return false;
  std::int64_t offset = 0;
  if (__builtin_sub_overflow(server_time, to_millis(sent_wall + round_trip / 2), &offset))
    return false;
  samples_.push_back(std::chrono::milliseconds{offset});
  if (samples_.size() > samples_max)
    samples_.pop_front();
  return true;
}

std::optional<std::chrono::milliseconds> ClockOffset::median() const {
  if (samples_.empty())
    return std::nullopt;
  auto sorted = samples_;
  std::ranges::sort(sorted);
  const auto low = sorted[(sorted.size() - 1) / 2].count();
  const auto high = sorted[sorted.size() / 2].count();
  return std::chrono::milliseconds{std::midpoint(low, high)};
}

} // namespace tandem::core::market
