#include "config/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace tandem::config {
namespace {

using core::Errc;
using core::fail;

core::Result<std::uint16_t> parse_port(std::string_view text, unsigned min) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || port > 65'535
      || port < min)
    return fail(Errc::configuration, fmt::format("'{}' is not a port ({} to 65535)", text, min));
  return static_cast<std::uint16_t>(port);
}

bool is_host(std::string_view host) noexcept {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
}

bool is_v6_host(std::string_view host) noexcept {
  return std::count(host.begin(), host.end(), ':') >= 2
         && std::all_of(host.begin(), host.end(), [](char c) {
              return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
            });
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

core::Result<HostPort> split(std::string_view text) {
  HostPort result;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos || !is_v6_host(text.substr(1, close - 1)))
      return fail(Errc::configuration,
                  fmt::format("'{}' is not an IPv6 address in brackets", text));
    result.host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (text.empty())
      return result;
    if (text.front() != ':')
      return fail(Errc::configuration, "after ']' comes ':' and the port");
    result.port = text.substr(1);
    return result;
  }
  const auto colon = text.find(':');
  result.host = text.substr(0, colon);
  if (colon != std::string_view::npos)
    result.port = text.substr(colon + 1);
  if (result.port && result.port->find(':') != std::string_view::npos)
    return fail(Errc::configuration,
                fmt::format("'{}': write an IPv6 address in brackets, [::1]:7000", text));
  if (!is_host(result.host))
    return fail(Errc::configuration, result.host.empty()
                                         ? "the host is missing"
                                         : fmt::format("'{}' is not a host name", result.host));
  return result;
}

} // namespace

core::Result<Endpoint> parse_address(std::string_view text) {
  const auto parts = split(text);
  if (!parts)
    return tl::unexpected{parts.error()};
  if (!parts->port)
    return fail(Errc::configuration,
                fmt::format("'{}' has no port: write host:port, e.g. 127.0.0.1:7000", text));
  const auto port = parse_port(*parts->port, 0);
  if (!port)
    return tl::unexpected{port.error()};
  return Endpoint{lower(parts->host), *port, false};
}

core::Result<Endpoint> parse_endpoint(std::string_view text, std::string_view plain,
                                      std::string_view encrypted) {
  const auto wanted = fmt::format("{}://host[:port][/path] or {}://...", plain, encrypted);
  const auto scheme_end = text.find("://");
  const auto scheme = text.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos || (scheme != plain && scheme != encrypted))
    return fail(Errc::configuration, fmt::format("'{}' is not {}", text, wanted));
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }))
    return fail(Errc::configuration, fmt::format("'{}' holds a blank", text));
  if (text.find_first_of("?#") != std::string_view::npos)
    return fail(
        Errc::configuration,
        fmt::format("'{}': no query and no fragment; the venue's routes are appended", text));
  const auto rest = text.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos)
    return fail(Errc::configuration, "user names and passwords do not belong in a URL");
  const auto parts = split(authority);
  if (!parts)
    return tl::unexpected{parts.error()};
  Endpoint endpoint{lower(parts->host), 0, scheme == encrypted};
  if (!parts->port)
    return endpoint;
  const auto port = parse_port(*parts->port, 1);
  if (!port)
    return tl::unexpected{port.error()};
  endpoint.port = *port;
  return endpoint;
}

core::Status check_origin(std::string_view text) {
  const auto endpoint = parse_endpoint(text, "http", "https");
  if (!endpoint)
    return fail(Errc::configuration, fmt::format("an origin is \"*\" or scheme://host[:port]: {}",
                                                 endpoint.error().detail));
  if (text.find('/', text.find("://") + 3) != std::string_view::npos)
    return fail(Errc::configuration,
                fmt::format("'{}': an origin ends after host and port, without a '/'", text));
  return {};
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost" || host == "::1")
    return true;
  if (host.substr(0, 4) != "127.")
    return false;
  int octets = 1;
  host.remove_prefix(4);
  while (true) {
    const auto part = host.substr(0, host.find('.'));
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || error != std::errc{} || end != part.data() + part.size() || value > 255)
      return false;
    ++octets;
    if (part.size() == host.size())
      return octets == 4;
    host.remove_prefix(part.size() + 1);
  }
}

} // namespace tandem::config
