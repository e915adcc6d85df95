/// How long the oldest record of a sink has been waiting, by when the engine took it: a candle is
/// as old as its beginning, and an order that rests for hours is told at once all the same. Pure.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace tandem::core::sinks {

class WaitingAge {
public:
  /// Records up to this number were taken at `now`. Those of a few moments count as one.
  void on_taken(std::uint64_t last, MonoTime now) {
    if (!marks_.empty() && now - marks_.back().taken < together_) {
      marks_.back().last = last;
      return;
    }
    if (marks_.size() == marks_max)
      thin_out();
    marks_.push_back({last, now});
  }

  /// Up to this number none waits any more.
  void on_done(std::uint64_t through) {
    while (!marks_.empty() && marks_.front().last <= through)
      marks_.pop_front();
    if (marks_.empty())
      together_ = together;
  }

  /// Zero when nothing waits.
  [[nodiscard]] std::chrono::nanoseconds age(MonoTime now) const {
    return marks_.empty() ? std::chrono::nanoseconds{0} : now - marks_.front().taken;
  }

private:
  struct Mark {
    std::uint64_t last = 0; ///< number of the last record of this moment
    MonoTime taken{};       ///< of the first
  };

  static constexpr std::chrono::milliseconds together{50};
  static constexpr std::size_t marks_max = 4'096;

  /// Every second moment joins the one before it, and those to come last twice as long: an outage
  /// of any length fits.
  void thin_out() {
    std::deque<Mark> kept;
    for (std::size_t n = 0; n + 1 < marks_.size(); n += 2)
      kept.push_back({marks_[n + 1].last, marks_[n].taken});
    marks_ = std::move(kept);
    together_ *= 2;
  }

  std::chrono::milliseconds together_ = together;
  std::deque<Mark> marks_;
};

} // namespace tandem::core::sinks
