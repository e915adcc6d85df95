#include "core/security/digest.hpp"

namespace tandem::core::security {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::optional<std::uint8_t> value_of(char digit) noexcept {
  const auto at = digits.find(digit);
  if (at == std::string_view::npos)
    return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

} // namespace

bool same(const Digest& left, const Digest& right) noexcept {
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i)
    difference |= static_cast<unsigned>(left[i] ^ right[i]);
  return difference == 0;
}

std::string to_hex(const Digest& digest) {
  std::string text;
  text.reserve(2 * digest.size());
  for (const auto byte : digest) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::optional<Digest> parse_digest(std::string_view text) noexcept {
  Digest digest{};
  if (text.size() != 2 * digest.size())
    return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto high = value_of(text[2 * i]);
    const auto low = value_of(text[2 * i + 1]);
    if (!high || !low)
      return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return digest;
}

} // namespace tandem::core::security
