/// One writer's latest view for one reader: a triple buffer. The writer never waits, the reader
/// never copies while the writer writes, and nothing queues: a newer view replaces an unread one.
#pragma once

#include "core/market/depth_view.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace tandem::core::market {

/// Wakes one consumer once, however many slots change before it looks. Shared by all slots of that
/// consumer. Any thread may arm; only the consumer begins and ends, once per wake-up. A restarted
/// consumer takes a new flag: a wake-up that its predecessor did not live to see would never come
/// again.
///
/// No wake-up is lost: arm() and begin() both exchange the same variable, so one of them comes
/// first. An arm() that finds `armed` comes before the begin() of the wake-up already under way,
/// which therefore sees what was published before that arm(); an arm() after it finds `working` or
/// `idle` and wakes again.
class WakeFlag {
public:
  /// @param wake posts one message to the consumer; called by the writer that finds it idle.
  explicit WakeFlag(std::function<void()> wake) : wake_{std::move(wake)} {}

  void arm() {
    if (state_.exchange(State::armed, std::memory_order_acq_rel) != State::armed)
      wake_();
  }

  /// Consumer, before it reads its slots. An exchange, not a store: a store would neither see what
  /// the arming writers published nor keep the reads of the slots behind it.
  void begin() noexcept { state_.exchange(State::working, std::memory_order_acq_rel); }

  /// Consumer, after it acted on what it read.
  void end() noexcept {
    State expected = State::working;
    state_.compare_exchange_strong(expected, State::idle, std::memory_order_acq_rel);
  }

  /// Consumer, when it ends: nobody waits for it any more.
  void retire() noexcept { retired_.store(true, std::memory_order_release); }

  /// Nothing is pending and nothing is being worked on. A lossless replay waits for this before it
  /// overwrites.
  [[nodiscard]] bool idle() const noexcept {
    return retired_.load(std::memory_order_acquire)
           || state_.load(std::memory_order_acquire) == State::idle;
  }

private:
  enum class State : std::uint8_t { idle, armed, working };

  std::function<void()> wake_;
  std::atomic<State> state_{State::idle};
  std::atomic<bool> retired_{false};
};

class DepthSlot {
public:
  /// @param levels at most depth_view_levels_max; @param cover see copy_levels.
  DepthSlot(std::size_t levels, Quantity cover, std::shared_ptr<WakeFlag> wake)
      : levels_{levels}, cover_{cover}, wake_{std::move(wake)} {}

  [[nodiscard]] std::size_t levels() const noexcept { return levels_; }

  /// At the instrument's scale; 0 = not bounded.
  [[nodiscard]] Quantity cover() const noexcept { return cover_; }

  [[nodiscard]] WakeFlag& wake() const noexcept { return *wake_; }

  /// Writer: the buffer to fill. It holds an older view; set every field.
  [[nodiscard]] DepthView& write() noexcept { return views_[writing_]; }

  /// Writer: makes what was written the latest and wakes the reader.
  void publish() {
    writing_ = index(
        latest_.exchange(static_cast<std::uint8_t>(writing_ | fresh), std::memory_order_acq_rel));
    wake_->arm();
  }

  /// Reader: the latest view; valid until the next call. @param changed says whether it is new.
  const DepthView& read(bool& changed) noexcept {
    changed = (latest_.load(std::memory_order_acquire) & fresh) != 0;
    if (changed)
      reading_ = index(latest_.exchange(reading_, std::memory_order_acq_rel));
    return views_[reading_];
  }

private:
  static constexpr std::uint8_t fresh = 4;

  static constexpr std::uint8_t index(std::uint8_t tagged) noexcept {
    return static_cast<std::uint8_t>(tagged & 3U);
  }

  std::size_t levels_;
  Quantity cover_;
  std::shared_ptr<WakeFlag> wake_;
  std::array<DepthView, 3> views_;
  std::uint8_t writing_ = 0;
  std::atomic<std::uint8_t> latest_{1};
  std::uint8_t reading_ = 2;
};

} // namespace tandem::core::market
