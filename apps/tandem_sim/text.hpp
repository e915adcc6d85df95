/// Appends numbers to JSON being built. No allocation but the string's own; prices are integers
/// with their decimals beside them.
#pragma once

#include "core/types/decimal.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::sim {

inline void add_integer(std::string& out, std::int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

inline void add_quoted(std::string& out, std::string_view text) {
  out += '"';
  out += text;
  out += '"';
}

/// units * 10^-decimals with exactly `shown` digits behind the point; digits beyond are cut. @param
/// decimals, shown 0..18
inline void add_fixed(std::string& out, std::int64_t units, int decimals, int shown) {
  if (units < 0) {
    out += '-';
    units = -units;
  }
  if (decimals > shown) {
    units /= core::pow10(decimals - shown);
    decimals = shown;
  }
  const auto scale = core::pow10(decimals);
  add_integer(out, units / scale);
  if (shown == 0)
    return;
  out += '.';
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, units % scale).ptr;
  const auto digits = static_cast<int>(end - buffer);
  if (decimals > 0) {
    out.append(static_cast<std::size_t>(decimals - digits), '0');
    out.append(buffer, end);
  }
  out.append(static_cast<std::size_t>(shown - decimals), '0');
}

/// Same without trailing zeros: "78579.2", "43728".
inline void add_trimmed(std::string& out, std::int64_t units, int decimals) {
  while (decimals > 0 && units % 10 == 0) {
    units /= 10;
    --decimals;
  }
  add_fixed(out, units, decimals, decimals);
}

/// A 128-bit amount cut (or padded) to `shown` digits behind the point.
inline void add_wide(std::string& out, core::Int128 units, int decimals, int shown) {
  for (; decimals > shown; --decimals)
    units /= 10;
  for (; decimals < shown; ++decimals)
    units *= 10;
  out += core::format_fixed(units, shown);
}

/// Text as a JSON string, escaped.
[[nodiscard]] std::string json_quoted(std::string_view text);

} // namespace tandem::sim
