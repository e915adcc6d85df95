/// How many new orders an account may send in any stretch of time of a given length, by the venue's
/// rules. Counts sliding windows, which are never more generous than the calendar's. Pure.
#pragma once

#include "core/types/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace tandem::core::market {

/// At most `count` within any `window`.
struct OrderRate {
  std::size_t count = 0;
  std::chrono::milliseconds window{};

  friend bool operator==(const OrderRate&, const OrderRate&) = default;
};

class OrderBudget {
public:
  /// The rate that one more order now would break; null when there is room.
  [[nodiscard]] const OrderRate* full(MonoTime now) const noexcept {
    for (const auto& rate : rates_)
      if (rate.count == 0
          || (sent_.size() >= rate.count && now - sent_[sent_.size() - rate.count] < rate.window))
        return &rate;
    return nullptr;
  }

  /// How many were sent within that time.
  [[nodiscard]] std::size_t within(MonoTime now, std::chrono::milliseconds window) const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(sent_, [&](MonoTime at) { return now - at < window; }));
  }

  /// One leaves. @param now never earlier than before.
  void count(MonoTime now) {
    while (!sent_.empty() && now - sent_.front() >= longest_)
      sent_.pop_front();
    sent_.push_back(now);
  }

  /// Takes the last one counted back.
  void undo() { sent_.pop_back(); }

  [[nodiscard]] const std::vector<OrderRate>& rates() const noexcept { return rates_; }

  /// What was sent goes on counting.
  void set_rates(std::vector<OrderRate> rates) {
    rates_ = std::move(rates);
    longest_ = {};
    for (const auto& rate : rates_)
      longest_ = std::max(longest_, rate.window);
  }

private:
  std::vector<OrderRate> rates_;
  std::chrono::milliseconds longest_{};
  std::deque<MonoTime> sent_;
};

} // namespace tandem::core::market
