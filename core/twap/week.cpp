#include "core/twap/week.hpp"

#include <algorithm>

namespace tandem::core::twap {

std::optional<std::uint8_t> parse_day(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(day_names, name);
  if (found == day_names.end())
    return std::nullopt;
  return static_cast<std::uint8_t>(1U << (found - day_names.begin()));
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) noexcept {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return std::nullopt;
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours * 60 + minutes > 24 * 60)
    return std::nullopt;
  return std::chrono::minutes{hours * 60 + minutes};
}

std::string time_of_day_text(std::chrono::minutes time) {
  const auto two
      = [](std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return two(time.count() / 60) + ":" + two(time.count() % 60);
}

} // namespace tandem::core::twap
