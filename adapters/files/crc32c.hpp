/// The checksum of what we write: CRC-32C (Castagnoli). Finds every flip of up to three bits
/// and every burst of up to 32 bits in a frame. Source: RFC 3720, appendix B.4 (polynomial and
/// examples).
#pragma once

#include <cstdint>
#include <string_view>

namespace tandem::adapters::files {

/// @param crc of the bytes before, to go on; 0 to begin.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

/// The same without the processor's own instruction, for machines that lack it and for the test
/// that both agree.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t crc = 0) noexcept;

} // namespace tandem::adapters::files
