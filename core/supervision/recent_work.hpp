/// The last pieces of work of one worker, and from them how long what waits has waited. Written by
/// the worker with a few relaxed stores per piece, read by anyone without asking it.
#pragma once

#include "core/types/time.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tandem::core::supervision {

/// One piece of work: a message, as its handler saw it.
struct WorkDone {
  std::uint64_t number = 0;                     ///< from 1, of this worker since the process began
  const char* what = "";                        ///< kind of message; lives for ever
  MonoTime began{};                             ///< when the handler took it
  std::optional<std::chrono::nanoseconds> took; ///< nullopt: it goes on, or ended in a throw
  std::uint64_t waiting = 0;                    ///< what waited behind it when it was taken
};

/// An estimate from what the worker saw at the beginning of each piece: pieces that overtake, and
/// those that arrived since, are not seen.
struct WaitingAge {
  std::chrono::nanoseconds age{0}; ///< of the oldest that waits; 0: nothing was seen to wait
  bool at_least = false;           ///< it waits for longer than the pieces kept go back
};

/// One writer at a time, any readers. A reader sees whole pieces only: one that is being
/// overwritten is left out.
class RecentWork {
public:
  static constexpr std::size_t kept = 32;

  /// The worker takes a piece. @param what lives for ever. @param waiting behind it.
  void begin(const char* what, MonoTime now, std::uint64_t waiting) noexcept {
    const auto number = begun_.load(std::memory_order_relaxed) + 1;
    auto& slot = slots_[number % kept];
    // Who reads one of the new values knows by it that the number is no longer the old one.
    slot.number.store(0, std::memory_order_relaxed);
    slot.what.store(what, std::memory_order_release);
    slot.began_ns.store(now.time_since_epoch().count(), std::memory_order_release);
    slot.took_ns.store(unfinished, std::memory_order_release);
    slot.waiting.store(waiting, std::memory_order_release);
    slot.number.store(number, std::memory_order_release);
    begun_.store(number, std::memory_order_release);
  }

  /// The piece begun last is done.
  void end(std::chrono::nanoseconds took) noexcept {
    slots_[begun_.load(std::memory_order_relaxed) % kept].took_ns.store(took.count(),
                                                                        std::memory_order_relaxed);
  }

  /// Newest first, at most `kept`.
  [[nodiscard]] std::vector<WorkDone> latest() const;

private:
  static constexpr std::int64_t unfinished = -1;

  struct Slot {
    std::atomic<std::uint64_t> number{0}; ///< 0: empty, or being written
    std::atomic<const char*> what{""};
    std::atomic<std::int64_t> began_ns{0};
    std::atomic<std::int64_t> took_ns{unfinished};
    std::atomic<std::uint64_t> waiting{0};
  };

  std::array<Slot, kept> slots_{};
  std::atomic<std::uint64_t> begun_{0};
};

/// @param latest as RecentWork gives it. @param now not earlier than any of them.
[[nodiscard]] WaitingAge oldest_waiting(const std::vector<WorkDone>& latest, MonoTime now);

} // namespace tandem::core::supervision
