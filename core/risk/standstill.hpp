/// Notices that this engine did not run for a while (stopped by a signal, starved, its host
/// suspended). What it then believes of its venues is old, though every clock of its own looks
/// right: frames that waited in the sockets are read as if they had just come. So every market
/// stays closed until it was compared with its venue anew. Pure.
#pragma once

#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace tandem::core::risk {

class Standstill {
public:
  explicit Standstill(std::chrono::milliseconds limit) : limit_{limit} {}

  /// The engine runs. Without a first beat nothing is judged. @returns how long it stood still,
  /// when that was longer than the limit.
  std::optional<std::chrono::nanoseconds> beat(MonoTime mono, WallTime wall) {
    const auto gap = silence(mono, wall);
    last_ = Beat{mono, wall};
    if (gap <= limit_)
      return std::nullopt;
    ++count_;
    return gap;
  }

  /// Since the last beat. A suspended host stops one of the clocks: the longer one counts.
  [[nodiscard]] std::chrono::nanoseconds silence(MonoTime mono, WallTime wall) const {
    if (!last_)
      return std::chrono::nanoseconds{0};
    return std::max<std::chrono::nanoseconds>(mono - last_->mono, wall - last_->wall);
  }

  /// Standstills so far.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// What is known of this market was asked for after so many standstills.
  void compared(const MarketKey& market, std::uint64_t count) { compared_[market] = count; }

  [[nodiscard]] bool is_compared(const MarketKey& market) const {
    const auto found = compared_.find(market);
    return (found == compared_.end() ? 0 : found->second) == count_;
  }

  [[nodiscard]] std::chrono::milliseconds limit() const noexcept { return limit_; }

private:
  struct Beat {
    MonoTime mono;
    WallTime wall;
  };

  std::chrono::milliseconds limit_;
  std::optional<Beat> last_;
  std::uint64_t count_ = 0;
  std::map<MarketKey, std::uint64_t> compared_;
};

} // namespace tandem::core::risk
