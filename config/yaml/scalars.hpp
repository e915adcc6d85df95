/// The text of one scalar to one type, strictly: no octal, no hexadecimal, no yes/no, no unit left
/// out. The texts of the errors are for the operator and say what would be right.
#pragma once

#include "core/result.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/decimal.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::config::yaml {

// Errors of all: configuration, with the message in `detail`.

/// true or false in lower case.
[[nodiscard]] core::Result<bool> parse_boolean(std::string_view text);

/// @param min, max inclusive.
[[nodiscard]] core::Result<std::int64_t> parse_integer(std::string_view text, std::int64_t min,
                                                       std::int64_t max);

/// "250ms", "30s", "2m", "1h". @param min, max inclusive.
[[nodiscard]] core::Result<std::chrono::milliseconds>
parse_duration(std::string_view text, std::chrono::milliseconds min, std::chrono::milliseconds max);

/// Exact; any sign.
[[nodiscard]] core::Result<core::Decimal> parse_decimal(std::string_view text);

/// A share of the notional in [-0.01, 0.1].
[[nodiscard]] core::Result<core::strategy::FeeRate> parse_rate(std::string_view text);

/// In the largest unit that holds it exactly: 5000ms -> "5s".
[[nodiscard]] std::string to_text(std::chrono::milliseconds duration);

/// Plain text that a YAML reader would take for a number, a boolean or nothing: as a text it must
/// be quoted.
[[nodiscard]] bool needs_quotes(std::string_view text) noexcept;

} // namespace tandem::config::yaml
