#include "adapters/transport/http_exchange.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace tandem::adapters::transport {

namespace {

namespace beast = boost::beast;
using core::Errc;

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || marks.find(c) != std::string_view::npos;
  });
}

bool has_header(const HeaderList& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return beast::iequals(header.first, name); });
}

/// What the client decides itself.
bool is_reserved(std::string_view name) {
  return beast::iequals(name, "Host") || beast::iequals(name, "Content-Length")
         || beast::iequals(name, "Transfer-Encoding") || beast::iequals(name, "Connection");
}

} // namespace

core::Result<std::string> request_bytes(const HttpRequest& request, const Url& url, bool absolute) {
  if (!is_token(request.method))
    return core::fail(Errc::configuration, "the method is not a token");
  std::string target = url.target.starts_with('/') ? url.target : "/" + url.target;
  if (absolute)
    target.insert(0, "http://" + url.host_header());
  std::string bytes
      = request.method + " " + target + " HTTP/1.1\r\nHost: " + url.host_header() + "\r\n";
  if (!has_header(request.headers, "User-Agent"))
    bytes += "User-Agent: tandem\r\n";
  if (!has_header(request.headers, "Accept"))
    bytes += "Accept: */*\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || is_reserved(name)
        || value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
      return core::fail(Errc::configuration, "the header " + name + " cannot be sent");
    bytes += name + ": " + value + "\r\n";
  }
  const bool bodiless
      = request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
  if (!request.body.empty() || !bodiless)
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return bytes + "\r\n" + request.body;
}

} // namespace tandem::adapters::transport
