/// The signatures of Bybit's keys (HMAC-SHA256). Source: bybit-exchange.github.io/docs/v5,
/// "Authentication".
#pragma once

#include <string>
#include <string_view>

namespace tandem::sim {

/// Lower-case hexadecimal, 64 digits.
[[nodiscard]] std::string bybit_signature(std::string_view secret, std::string_view payload);

} // namespace tandem::sim
