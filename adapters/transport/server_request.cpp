#include "adapters/transport/server_request.hpp"

#include "adapters/transport/http_server.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tandem::adapters::transport {

namespace {

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F')
    return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

/// A backslash separates too: it does on some systems a path may reach.
bool has_parent_segment(std::string_view path) {
  while (!path.empty()) {
    const auto end = std::min(path.find_first_of("/\\"), path.size());
    if (path.substr(0, end) == "..")
      return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

/// What follows scheme and host of an absolute target.
std::string_view without_origin(std::string_view target) {
  const auto authority = target.find("://") + 3;
  const auto path = target.find_first_of("/?", authority);
  return path == std::string_view::npos ? std::string_view{"/"} : target.substr(path);
}

struct Utf8Lead {
  unsigned mask;
  unsigned bits;
  unsigned following;
  std::uint32_t smallest; ///< a smaller value in this length is an overlong form
};

constexpr std::array<Utf8Lead, 4> utf8_leads{{{0x80U, 0x00U, 0, 0x0U},
                                              {0xe0U, 0xc0U, 1, 0x80U},
                                              {0xf0U, 0xe0U, 2, 0x800U},
                                              {0xf8U, 0xf0U, 3, 0x1'0000U}}};

} // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[at++]);
    const auto* kind
        = std::find_if(utf8_leads.begin(), utf8_leads.end(),
                       [&](const Utf8Lead& known) { return (lead & known.mask) == known.bits; });
    if (kind == utf8_leads.end() || text.size() - at < kind->following)
      return false;
    std::uint32_t value = lead & ~kind->mask;
    for (unsigned i = 0; i < kind->following; ++i) {
      const unsigned next = static_cast<unsigned char>(text[at++]);
      if ((next & 0xc0U) != 0x80U)
        return false;
      value = (value << 6U) | (next & 0x3fU);
    }
    const bool surrogate = value >= 0xd800U && value <= 0xdfffU;
    if (value < kind->smallest || value > 0x10'ffffU || surrogate)
      return false;
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3)
      return std::nullopt;
    const auto high = hex_value(text[i + 1]);
    const auto low = hex_value(text[i + 2]);
    if (!high || !low)
      return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://"))
    target = without_origin(target);
  const auto mark = std::min(target.find('?'), target.size());
  const auto query = target.substr(std::min(mark + 1, target.size()));
  if (target.find('#') != std::string_view::npos || !percent_decode(query, true))
    return std::nullopt;
  auto path = mark == 0 && !target.empty() ? std::optional<std::string>{"/"}
                                           : percent_decode(target.substr(0, mark), false);
  if (!path || !path->starts_with('/') || std::any_of(path->begin(), path->end(), is_control)
      || !is_utf8(*path) || has_parent_segment(*path))
    return std::nullopt;
  return Target{.path = std::move(*path), .query = std::string{query}};
}

std::string_view header(const ServerRequest& request, std::string_view name) noexcept {
  for (const auto& [key, value] : request.headers)
    if (key == name)
      return value;
  return {};
}

std::optional<std::string> query_value(const ServerRequest& request, std::string_view name) {
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (percent_decode(pair.substr(0, equals), true) == name)
      return percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
  }
  return std::nullopt;
}

} // namespace tandem::adapters::transport
