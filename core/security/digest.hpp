/// A SHA-256 value, how it is written, and the one comparison that tells nothing by its time. Who
/// computes it is handed in: core has no cryptography of its own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::core::security {

using Digest = std::array<std::uint8_t, 32>;

/// FIPS 180-4 SHA-256 of the bytes. Thread safe.
using Sha256 = std::function<Digest(std::string_view bytes)>;

/// Takes the same time whatever the values are.
[[nodiscard]] bool same(const Digest& left, const Digest& right) noexcept;

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(const Digest& digest);

/// Exactly what to_hex writes.
[[nodiscard]] std::optional<Digest> parse_digest(std::string_view text) noexcept;

} // namespace tandem::core::security
