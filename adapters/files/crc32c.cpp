#include "adapters/files/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tandem::adapters::files {
namespace {

constexpr std::uint32_t polynomial = 0x82F6'3B78; ///< 0x1EDC6F41 with its bits reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    auto value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1U) ^ ((value & 1U) != 0 ? polynomial : 0U);
    table.at(byte) = value;
  }
  return table;
}

constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse(std::string_view bytes,
                                                           std::uint32_t crc) noexcept {
  std::uint64_t value = ~crc;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    value = _mm_crc32_u64(value, word);
    bytes.remove_prefix(sizeof word);
  }
  auto rest = static_cast<std::uint32_t>(value);
  for (const char byte : bytes)
    rest = _mm_crc32_u8(rest, static_cast<std::uint8_t>(byte));
  return ~rest;
}
#endif

} // namespace

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t crc) noexcept {
  std::uint32_t value = ~crc;
  for (const char byte : bytes)
    value = (value >> 8U) ^ table[(value ^ static_cast<std::uint8_t>(byte)) & 0xFFU];
  return ~value;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") != 0)
    return crc32c_sse(bytes, crc);
#endif
  return crc32c_portable(bytes, crc);
}

} // namespace tandem::adapters::files
