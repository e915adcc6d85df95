/// Exponential back-off with full jitter and a cap. Randomness comes in as an argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace tandem::core::supervision {

struct BackoffLimits {
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds cap{30'000};
  /// A run at least this long counts as healthy: the next failure starts from `first` again.
  std::chrono::milliseconds healthy_after{60'000};
};

class Backoff {
public:
  explicit Backoff(BackoffLimits limits = {}) noexcept : limits_{limits} {}

  /// The wait before the next try: uniform in [ceiling/2, ceiling], ceiling = min(cap, first *
  /// 2^failures), at least 1 ms.
  /// @param random any 64 uniformly random bits. @param ran_for how long the thing had been up
  /// before it failed.
  [[nodiscard]] std::chrono::milliseconds next(std::uint64_t random,
                                               std::chrono::nanoseconds ran_for) noexcept;

  [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }

  void reset() noexcept { failures_ = 0; }

private:
  BackoffLimits limits_;
  std::uint32_t failures_ = 0; ///< in a row
};

} // namespace tandem::core::supervision
