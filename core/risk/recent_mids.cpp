#include "core/risk/recent_mids.hpp"

#include <algorithm>

namespace tandem::core::risk {

void RecentMids::add(Int128 doubled, MonoTime now) {
  if (!by_time_.empty() && now - by_time_.back().at < mids_spacing)
    return;
  forget_old(now);
  by_time_.push_back({now, doubled});
  sorted_.insert(std::ranges::upper_bound(sorted_, doubled), doubled);
}

std::optional<Int128> RecentMids::median(MonoTime now) {
  forget_old(now);
  if (sorted_.size() < mids_min)
    return std::nullopt;
  return sorted_[sorted_.size() / 2];
}

void RecentMids::forget_old(MonoTime now) {
  while (!by_time_.empty() && now - by_time_.front().at >= mids_window) {
    sorted_.erase(std::ranges::lower_bound(sorted_, by_time_.front().doubled));
    by_time_.pop_front();
  }
}

} // namespace tandem::core::risk
