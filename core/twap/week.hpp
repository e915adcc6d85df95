/// How people write a plan's sessions: days of the week and times of day. One vocabulary for the
/// configuration file and the traders' REST surface.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::twap {

/// In the order of the bits of Session::days.
inline constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu",
                                                           "fri", "sat", "sun"};

/// The bit of a day; nullopt for another word.
[[nodiscard]] std::optional<std::uint8_t> parse_day(std::string_view name) noexcept;

/// "09:00"; "24:00" is the end of a day.
[[nodiscard]] std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) noexcept;

/// As it is read. @param time 00:00..24:00.
[[nodiscard]] std::string time_of_day_text(std::chrono::minutes time);

} // namespace tandem::core::twap
