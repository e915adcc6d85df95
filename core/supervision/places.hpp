/// How many of something may wait at once. Whoever adds one takes a place for it; the place comes
/// back by itself when the thing is gone, handled or not. Thread safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace tandem::core::supervision {

/// Held by the thing that waits; null = there was no room.
using Place = std::shared_ptr<void>;

class Places : public std::enable_shared_from_this<Places> {
public:
  /// @param shared a further bound that several of these have in common; null: none.
  explicit Places(std::size_t max, std::shared_ptr<Places> shared = nullptr)
      : max_{max}, shared_{std::move(shared)} {}

  [[nodiscard]] Place take() {
    auto common = shared_ ? shared_->take() : Place{};
    if (shared_ && !common)
      return nullptr;
    if (taken_.fetch_add(1, std::memory_order_relaxed) >= max_) {
      taken_.fetch_sub(1, std::memory_order_relaxed);
      refused_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    return Place{this, [self = shared_from_this(), common = std::move(common)](void*) {
                   self->taken_.fetch_sub(1, std::memory_order_relaxed);
                 }};
  }

  [[nodiscard]] std::size_t taken() const noexcept {
    return taken_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t refused() const noexcept {
    return refused_.load(std::memory_order_relaxed);
  }

private:
  const std::size_t max_;
  const std::shared_ptr<Places> shared_;
  std::atomic<std::size_t> taken_{0};
  std::atomic<std::uint64_t> refused_{0};
};

} // namespace tandem::core::supervision
