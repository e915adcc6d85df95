/// Text without the blanks around it.
#pragma once

#include <string_view>

namespace tandem::core {

inline constexpr std::string_view blanks = " \t\r\n";

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  const auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

} // namespace tandem::core
