/// A strand without a thread: its owner runs what was posted, in its order, when it says so.
#pragma once

#include "adapters/transport/io.hpp"
#include "core/types/time.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace tandem::one_thread {

class TaskStrand final : public adapters::transport::Strand {
public:
  explicit TaskStrand(std::function<core::MonoTime()> now) : now_{std::move(now)} {}

  void post(std::function<void()> task) override { ready_.push_back(std::move(task)); }

  void post_after(std::chrono::nanoseconds delay, std::function<void()> task) override {
    later_.emplace(now_() + std::max(delay, std::chrono::nanoseconds{0}), std::move(task));
  }

  [[nodiscard]] std::optional<core::MonoTime> next() const {
    return later_.empty() ? std::nullopt : std::optional{later_.begin()->first};
  }

  /// Timers that are due become tasks.
  void wake(core::MonoTime now) {
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
    }
  }

  [[nodiscard]] bool has_task() const noexcept { return !ready_.empty(); }

  void run_one() {
    const auto task = std::move(ready_.front());
    ready_.pop_front();
    task();
  }

  /// Forgets what has not run.
  void clear() {
    ready_.clear();
    later_.clear();
  }

private:
  std::function<core::MonoTime()> now_;
  std::deque<std::function<void()>> ready_;
  std::multimap<core::MonoTime, std::function<void()>> later_;
};

} // namespace tandem::one_thread
