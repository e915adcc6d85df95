// Which proxy the environment wants for a URL. Declared beside the WebSocket options it fills.
#include "adapters/transport/url.hpp"
#include "adapters/transport/websocket.hpp"

#include <algorithm>
#include <array>

namespace tandem::adapters::transport {

namespace {

using Environment = std::function<std::string(const std::string&)>;

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// The lower-case name wins, as with curl.
std::string look_up(const Environment& environment, const std::string& upper_name) {
  if (auto value = environment(lower(upper_name)); !value.empty())
    return value;
  return environment(upper_name);
}

bool is_loopback(std::string_view host) {
  const auto is_number_or_dot = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  const bool v4
      = host.starts_with("127.") && std::all_of(host.begin(), host.end(), is_number_or_dot);
  return v4 || host == "::1" || host == "localhost" || host.ends_with(".localhost");
}

/// "example.com", ".example.com" and "*.example.com" all mean the name and everything below it;
/// ":port" narrows to one port.
bool entry_covers(std::string entry, const Url& url) {
  if (entry == "*")
    return true;
  const auto colon = entry.rfind(':');
  if (colon != std::string::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(url.port))
      return false;
    entry.resize(colon);
  }
  if (entry.starts_with('[') && entry.ends_with(']'))
    entry = entry.substr(1, entry.size() - 2);
  if (entry.starts_with("*."))
    entry.erase(0, 2);
  else if (entry.starts_with('.'))
    entry.erase(0, 1);
  if (entry.empty())
    return false;
  return url.host == entry || url.host.ends_with("." + entry);
}

bool is_exempt(std::string_view list, const Url& url) {
  constexpr std::string_view separators = ", \t";
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(separators), list.size());
    if (end > 0 && entry_covers(lower(list.substr(0, end)), url))
      return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

} // namespace

std::string proxy_for(std::string_view url, const Environment& getenv_like) {
  const auto parsed = parse_url(url);
  if (!parsed || is_loopback(parsed->host) || is_exempt(look_up(getenv_like, "NO_PROXY"), *parsed))
    return {};
  auto proxy = look_up(getenv_like, parsed->secure ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy.empty())
    proxy = look_up(getenv_like, "ALL_PROXY");
  if (!proxy.empty() && proxy.find("://") == std::string::npos)
    proxy.insert(0, "http://");
  return proxy;
}

} // namespace tandem::adapters::transport
