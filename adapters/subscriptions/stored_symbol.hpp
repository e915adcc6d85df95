/// What a row of the table may hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tandem::adapters::subscriptions {

/// Upper case, as it is stored: 2 to 30 letters, digits and underscores.
[[nodiscard]] inline bool is_stored_symbol(std::string_view text) noexcept {
  constexpr std::size_t bytes_min = 2;
  constexpr std::size_t bytes_max = 30;
  return text.size() >= bytes_min && text.size() <= bytes_max
         && std::ranges::all_of(text, [](char c) {
              return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
            });
}

inline constexpr const char* no_symbol
    = "holds a subscription that is no symbol in upper case: remove that row";

} // namespace tandem::adapters::subscriptions
