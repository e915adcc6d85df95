#include "core/supervision/recent_work.hpp"

namespace tandem::core::supervision {

std::vector<WorkDone> RecentWork::latest() const {
  std::vector<WorkDone> result;
  const auto newest = begun_.load(std::memory_order_acquire);
  for (auto number = newest; number > 0 && newest - number < kept; --number) {
    const auto& slot = slots_[number % kept];
    if (slot.number.load(std::memory_order_acquire) != number)
      continue;
    WorkDone piece;
    piece.number = number;
    piece.what = slot.what.load(std::memory_order_acquire);
    piece.began = MonoTime{std::chrono::nanoseconds{slot.began_ns.load(std::memory_order_acquire)}};
    const auto took = slot.took_ns.load(std::memory_order_acquire);
    if (took != unfinished)
      piece.took = std::chrono::nanoseconds{took};
    piece.waiting = slot.waiting.load(std::memory_order_acquire);
    if (slot.number.load(std::memory_order_relaxed) == number)
      result.push_back(piece);
  }
  return result;
}

WaitingAge oldest_waiting(const std::vector<WorkDone>& latest, MonoTime now) {
  if (latest.empty() || latest.front().waiting == 0)
    return {};
  // Arrived in all by the time that piece `n` was taken: n and what waited behind it. The oldest
  // that waits is the one after the newest taken: it came after the last moment with fewer.
  const auto oldest = latest.front().number + 1;
  auto since = latest.front().began;
  for (const auto& piece : latest) {
    if (piece.number + piece.waiting < oldest)
      return {now - piece.began, false};
    since = piece.began;
  }
  return {now - since, latest.back().number > 1};
}

} // namespace tandem::core::supervision
