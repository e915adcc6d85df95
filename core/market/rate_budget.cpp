#include "core/market/rate_budget.hpp"

#include <algorithm>
#include <limits>

namespace tandem::core::market {

RateBudget::RateBudget(RateLimits limits) noexcept : limits_{limits} {
  limits_.window = std::max(limits_.window, std::chrono::milliseconds{1});
  limits_.cancel_reserve_percent = std::clamp(limits_.cancel_reserve_percent, 0, 100);
  limits_.query_reserve_percent
      = std::clamp(limits_.query_reserve_percent, 0, 100 - limits_.cancel_reserve_percent);
}

std::int64_t RateBudget::window_of(WallTime now) const noexcept {
  const auto index = to_millis(now) / limits_.window.count();
  return index + 1 == window_index_ ? window_index_ : index;
}

RateVerdict RateBudget::take(int weight, RateUse use, WallTime now) noexcept {
  if (now < banned_until_)
    return RateVerdict::banned;
  if (now < refused_until_ && use != RateUse::cancel)
    return RateVerdict::wait;
  int kept = 0;
  if (use != RateUse::cancel)
    kept = limits_.cancel_reserve_percent
           + (use == RateUse::ordinary ? limits_.query_reserve_percent : 0);
  const std::int64_t limit = limits_.weight_per_window;
  const auto share = limit * (100 - kept) / 100;
  const auto spent = used(now);
  const auto together = std::int64_t{spent} + weight;
  if (spent > 0 && together > share)
    return RateVerdict::wait;
  window_index_ = window_of(now);
  used_ = static_cast<int>(std::min<std::int64_t>(together, std::numeric_limits<int>::max()));
  return RateVerdict::go;
}

WallTime RateBudget::retry_at(WallTime now) const noexcept {
  if (now < banned_until_)
    return banned_until_;
  if (now < refused_until_)
    return refused_until_;
  return WallTime{(window_of(now) + 1) * limits_.window};
}

void RateBudget::on_used(int used, WallTime sent, WallTime now) noexcept {
  const auto index = window_of(now);
  if (window_of(sent) != index)
    return;
  // Within a window the venue may know of requests that we do not (another process on this
  // address), and we of requests still under way that it does not.
  used_ = index == window_index_ ? std::max(used_, used) : used;
  window_index_ = index;
}

void RateBudget::on_limit(int weight_per_window) noexcept {
  if (weight_per_window > 0)
    limits_.weight_per_window = weight_per_window;
}

void RateBudget::on_refused(bool banned, WallTime until) noexcept {
  auto& limit = banned ? banned_until_ : refused_until_;
  limit = std::max(limit, until);
}

int RateBudget::used(WallTime now) const noexcept {
  return window_of(now) == window_index_ ? used_ : 0;
}

} // namespace tandem::core::market
