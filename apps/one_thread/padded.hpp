/// Texts as the transport hands them over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::one_thread {

/// A copy with the room behind it that a JSON parser reads (adapters/transport/websocket.hpp).
[[nodiscard]] inline std::string padded(std::string_view text) {
  constexpr std::size_t room = 64;
  std::string copy;
  copy.reserve(text.size() + room);
  copy.append(text);
  return copy;
}

} // namespace tandem::one_thread
