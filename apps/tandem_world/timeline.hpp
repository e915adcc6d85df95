/// What happens outside the engine's process, in its order: a queue of moments. The world's one
/// clock; the engine's own clocks follow it.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace tandem::world {

class Timeline {
public:
  explicit Timeline(core::MonoTime start) : now_{start}, start_{start} {}

  [[nodiscard]] core::MonoTime now() const noexcept { return now_; }

  [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept { return now_ - start_; }

  void at(core::MonoTime when, std::function<void()> what) {
    events_.emplace(std::max(when, now_), std::move(what));
  }

  void after(std::chrono::nanoseconds delay, std::function<void()> what) {
    at(now_ + delay, std::move(what));
  }

  [[nodiscard]] std::optional<core::MonoTime> next() const {
    return events_.empty() ? std::nullopt : std::optional{events_.begin()->first};
  }

  void move_to(core::MonoTime when) { now_ = std::max(now_, when); }

  /// The first thing that is due. False without one.
  bool run_one() {
    if (events_.empty() || events_.begin()->first > now_)
      return false;
    const auto what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
    return true;
  }

private:
  core::MonoTime now_;
  core::MonoTime start_;
  std::multimap<core::MonoTime, std::function<void()>> events_; ///< equal moments: as they were put
};

} // namespace tandem::world
