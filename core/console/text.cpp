#include "core/console/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::core::console {
namespace {

struct Letter {
  std::string_view bytes; ///< empty: not UTF-8, one byte long
  std::size_t columns = 1;
};

/// East Asian letters take two columns.
std::size_t columns_of(std::uint32_t code) {
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 8> wide{{
      {0x1100, 0x115f},
      {0x2e80, 0x303e},
      {0x3041, 0xa4cf},
      {0xac00, 0xd7a3},
      {0xf900, 0xfaff},
      {0xfe30, 0xfe6f},
      {0xff00, 0xff60},
      {0x20000, 0x3fffd},
  }};
  return std::any_of(wide.begin(), wide.end(),
                     [&](const auto& range) { return code >= range.first && code <= range.second; })
             ? 2
             : 1;
}

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f)
         || (code >= 0x2028 && code <= 0x202e) || (code >= 0xd800 && code < 0xe000)
         || code > 0x10ffff;
}

Letter first_letter(std::string_view text) {
  const auto head = static_cast<unsigned char>(text.front());
  const std::size_t size = head < 0x80   ? 1
                           : head < 0xc2 ? 0
                           : head < 0xe0 ? 2
                           : head < 0xf0 ? 3
                           : head < 0xf5 ? 4
                                         : 0;
  if (size == 0 || text.size() < size)
    return {};
  std::uint32_t code = size == 1 ? head : head & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80)
      return {};
    code = code << 6 | (byte & 0x3fU);
  }
  if (is_control(code))
    return {};
  return {text.substr(0, size), columns_of(code)};
}

} // namespace

std::string clean(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto letter = first_letter(text);
    if (letter.bytes.empty())
      result += text.front() == '\n' || text.front() == '\t' ? ' ' : '?';
    else
      result += letter.bytes;
    text.remove_prefix(std::max<std::size_t>(letter.bytes.size(), 1));
  }
  return result;
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto letter = first_letter(text);
    columns += letter.columns;
    text.remove_prefix(std::max<std::size_t>(letter.bytes.size(), 1));
  }
  return columns;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (width(text) <= columns)
    return std::string{text};
  if (columns == 0)
    return {};
  std::string result;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto letter = first_letter(text);
    const auto size = std::max<std::size_t>(letter.bytes.size(), 1);
    if (used + letter.columns > columns - 1)
      break;
    result += text.substr(0, size);
    used += letter.columns;
    text.remove_prefix(size);
  }
  return result + '~';
}

std::string fit(std::string_view text, std::size_t columns, bool right) {
  auto result = cut(text, columns);
  const auto missing = columns - std::min(columns, width(result));
  return right ? std::string(missing, ' ') + result : result + std::string(missing, ' ');
}

std::string duration_text(std::int64_t ns) {
  struct Unit {
    std::int64_t ns;
    std::string_view name;
  };

  constexpr std::array<Unit, 6> units{{{3'600'000'000'000, "h"},
                                       {60'000'000'000, "m"},
                                       {1'000'000'000, "s"},
                                       {1'000'000, "ms"},
                                       {1'000, "us"},
                                       {1, "ns"}}};
  if (ns <= 0)
    return "0";
  for (const auto& unit : units) {
    if (ns < unit.ns)
      continue;
    const auto whole = ns / unit.ns;
    const auto tenth = ns % unit.ns * 10 / unit.ns;
    return std::to_string(whole)
           + (whole < 10 && tenth != 0 ? "." + std::to_string(tenth) : std::string{})
           + std::string{unit.name};
  }
  return "0";
}

std::string count_text(std::int64_t count) {
  struct Unit {
    std::int64_t size;
    char name;
  };

  for (const auto& unit : {Unit{1'000'000'000, 'G'}, Unit{1'000'000, 'M'}, Unit{1'000, 'k'}})
    if (count >= unit.size * 10)
      return std::to_string(count / unit.size) + "."
             + std::to_string(count % unit.size * 10 / unit.size) + unit.name;
  return std::to_string(count);
}

std::string tenths_text(std::int64_t tenths) {
  const auto whole = count_text(tenths / 10);
  return tenths < 100 && tenths % 10 != 0 ? whole + "." + std::to_string(tenths % 10) : whole;
}

} // namespace tandem::core::console
