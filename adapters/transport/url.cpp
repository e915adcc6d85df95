#include "adapters/transport/url.hpp"

#include <algorithm>
#include <charconv>

namespace tandem::adapters::transport {

namespace {

/// Longest host name of the DNS.
constexpr std::size_t host_bytes_max = 253;

struct Scheme {
  std::string_view name;
  bool secure;
};

constexpr Scheme schemes[] = {{"ws", false}, {"wss", true}, {"http", false}, {"https", true}};

constexpr std::uint16_t default_port(bool secure) {
  return secure ? 443 : 80;
}

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

bool is_host_char(char c, bool literal) {
  const auto l = to_lower(c);
  if ((l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '.')
    return true;
  return literal ? l == ':' || l == '%' : l == '-' || l == '_';
}

core::Status check_host(std::string_view host, bool literal) {
  if (host.empty())
    return core::fail(core::Errc::configuration, "the URL has no host");
  if (host.size() > host_bytes_max)
    return core::fail(core::Errc::configuration, "the URL's host is longer than 253 characters");
  for (const char c : host)
    if (!is_host_char(c, literal))
      return core::fail(core::Errc::configuration,
                        "the URL's host has a character that is not allowed");
  return {};
}

core::Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    return core::fail(core::Errc::configuration,
                      "the URL's port is not a number between 1 and 65535");
  return port;
}

/// "host", "host:port", "[::1]" or "[::1]:port".
core::Result<Url> parse_authority(std::string_view authority, bool secure) {
  Url url{.secure = secure, .host = {}, .port = default_port(secure), .target = {}};
  const bool literal = authority.starts_with('[');
  const auto host_begin = literal ? std::size_t{1} : std::size_t{0};
  const auto host_end
      = literal ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (host_end == std::string_view::npos)
    return core::fail(core::Errc::configuration, "the URL's IPv6 address has no closing bracket");
  const auto host = authority.substr(host_begin, host_end - host_begin);
  if (auto status = check_host(host, literal); !status)
    return tl::unexpected{status.error()};
  url.host = lower(host);
  const auto rest = authority.substr(host_end + host_begin);
  if (rest.empty())
    return url;
  if (!rest.starts_with(':'))
    return core::fail(core::Errc::configuration, "the URL has text between host and port");
  const auto port = parse_port(rest.substr(1));
  if (!port)
    return tl::unexpected{port.error()};
  url.port = *port;
  return url;
}

} // namespace

std::string Url::host_header() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(secure))
    text += ":" + std::to_string(port);
  return text;
}

core::Result<Url> parse_url(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      return core::fail(core::Errc::configuration,
                        "the URL has a space, control or non-ASCII character");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos)
    return core::fail(core::Errc::configuration,
                      "the URL has no scheme; it starts with ws://, wss://, http:// or https://");
  const auto name = lower(text.substr(0, colon));
  const auto* scheme = std::find_if(std::begin(schemes), std::end(schemes),
                                    [&](const Scheme& known) { return known.name == name; });
  if (scheme == std::end(schemes))
    return core::fail(core::Errc::configuration, "the URL's scheme is " + name.substr(0, 16)
                                                     + "; known are ws, wss, http and https");
  const auto rest = text.substr(colon + 3);
  const auto authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = rest.substr(0, authority_end);
  if (authority.find('@') != std::string_view::npos)
    return core::fail(core::Errc::configuration,
                      "the URL carries user information; secrets do not belong in URLs");
  const auto target = rest.substr(authority_end);
  if (target.find('#') != std::string_view::npos)
    return core::fail(core::Errc::configuration,
                      "the URL has a fragment (#...), which is never sent");
  auto url = parse_authority(authority, scheme->secure);
  if (url)
    url->target = target;
  return url;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                       || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4U];
    encoded += digits[byte & 15U];
  }
  return encoded;
}

} // namespace tandem::adapters::transport
