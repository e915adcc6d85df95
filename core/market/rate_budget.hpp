/// How much of a venue's REST allowance is left, by its own headers where it sends them. Pure; one
/// per address of ours and host of the venue. Keeps a share for what must always get through.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>

namespace tandem::core::market {

struct RateLimits {
  int weight_per_window = 1'200;
  /// Calendar-aligned at the venue; we align to the wall clock.
  std::chrono::milliseconds window{60'000};
  /// Percent of the window kept for cancels alone, and what queries about our own orders and
  /// account have before new orders and public reading. 0..100 together.
  int cancel_reserve_percent = 20;
  int query_reserve_percent = 10;
};

/// What a request is for: who may go further into the window.
enum class RateUse : std::uint8_t {
  ordinary, ///< new orders, public reading
  query,    ///< what an order of ours came to, our account; a snapshot that a book waits for
  cancel,
};

enum class RateVerdict : std::uint8_t { go, wait, banned };

class RateBudget {
public:
  explicit RateBudget(RateLimits limits = {}) noexcept;

  /// May a request of this weight leave now? `go` also counts it. One that is heavier than its
  /// whole share (it could never go) leaves alone, as the first of a window.
  [[nodiscard]] RateVerdict take(int weight, RateUse use, WallTime now) noexcept;

  /// When the next try makes sense after `wait` or `banned`.
  [[nodiscard]] WallTime retry_at(WallTime now) const noexcept;

  /// The venue's own count, of the window in which the request was sent: replaces ours when it is
  /// higher, or when a new window began. A reply that comes in another window than its request left
  /// in tells of either: it is not used.
  void on_used(int used, WallTime sent, WallTime now) noexcept;

  /// The venue's own limit; what is not above 0 is ignored.
  void on_limit(int weight_per_window) noexcept;

  /// 429: nothing but cancels before `until`; 418/403: nothing at all. Only ever lengthens.
  void on_refused(bool banned, WallTime until) noexcept;

  [[nodiscard]] int used(WallTime now) const noexcept;

  [[nodiscard]] int limit() const noexcept { return limits_.weight_per_window; }

private:
  /// Which window `now` is in; that of the last request while the clock is set back by less than
  /// one window, so that a correction of the clock does not give the allowance twice.
  [[nodiscard]] std::int64_t window_of(WallTime now) const noexcept;

  RateLimits limits_;
  std::int64_t window_index_ = 0;
  int used_ = 0;
  WallTime refused_until_{};
  WallTime banned_until_{};
};

} // namespace tandem::core::market
