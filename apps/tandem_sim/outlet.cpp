#include "apps/tandem_sim/outlet.hpp"

#include <algorithm>

namespace tandem::sim {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
      continue;
    }
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0
                        && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

} // namespace

std::optional<SurfaceId> surface_of(std::string_view name) noexcept {
  const auto found = std::find(surface_names.begin(), surface_names.end(), name);
  if (found == surface_names.end())
    return std::nullopt;
  return static_cast<SurfaceId>(found - surface_names.begin());
}

std::optional<std::string> query_value(const HttpAsk& ask, std::string_view name) {
  std::string_view rest = ask.query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) == name)
      return decode(part.substr(std::min(equals + 1, part.size())));
  }
  return std::nullopt;
}

std::string host_of(const HttpAsk& ask) {
  return ask.peer.substr(0, ask.peer.rfind(':'));
}

} // namespace tandem::sim
