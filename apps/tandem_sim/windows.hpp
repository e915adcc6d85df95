/// Counters of requests and messages in windows of time, as venues keep them per IP or per
/// connection.
#pragma once

#include "core/types/time.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace tandem::sim {

/// Counts in windows that begin at multiples of their length.
class Window {
public:
  explicit Window(core::UnixMillis length) noexcept : length_{length} {}

  /// The count with this addition.
  std::int64_t add(std::int64_t amount, core::UnixMillis now) noexcept {
    const auto begin = now - now % length_;
    if (begin != begin_) {
      begin_ = begin;
      count_ = 0;
    }
    return count_ += amount;
  }

  /// Time until the next window.
  [[nodiscard]] core::UnixMillis left(core::UnixMillis now) const noexcept {
    return length_ - now % length_;
  }

private:
  core::UnixMillis length_;
  core::UnixMillis begin_ = -1;
  std::int64_t count_ = 0;
};

} // namespace tandem::sim
