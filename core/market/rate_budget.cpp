#include "core/market/rate_budget.hpp"

#include <algorithm>

namespace tandem::core::market {

RateBudget::RateBudget(RateLimits limits) noexcept : limits_{limits} {}

namespace {

std::int64_t window_of(WallTime now, std::chrono::milliseconds window) noexcept {
  return to_millis(now) / std::max<std::int64_t>(1, window.count());
}

} // namespace

RateVerdict RateBudget::take(int weight, bool urgent, WallTime now) noexcept {
  if (now < banned_until_)
    return RateVerdict::banned;
  if (now < refused_until_ && !urgent)
    return RateVerdict::wait;
  const auto usable = urgent ? limits_.weight_per_window
                             : static_cast<int>(static_cast<std::int64_t>(limits_.weight_per_window)
                                                * (100 - limits_.reserve_percent) / 100);
  const auto spent = used(now);
  // A single request above the whole share may go alone at the start of a window; it could never go
  // otherwise.
  if (spent > 0 && spent + weight > usable)
    return RateVerdict::wait;
  window_index_ = window_of(now, limits_.window);
  used_ = spent + weight;
  return RateVerdict::go;
}

WallTime RateBudget::retry_at(WallTime now) const noexcept {
  const auto window_end = WallTime{(window_of(now, limits_.window) + 1) * limits_.window};
  if (now < banned_until_)
    return banned_until_;
  if (now < refused_until_)
    return refused_until_;
  return window_end;
}

void RateBudget::on_used(int used_now, WallTime now) noexcept {
  const auto index = window_of(now, limits_.window);
  // Within a window the venue may know of requests that we do not (another process on this
  // address), and we of requests still under way that it does not.
  used_ = index == window_index_ ? std::max(used_, used_now) : used_now;
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
  return window_of(now, limits_.window) == window_index_ ? used_ : 0;
}

} // namespace tandem::core::market
