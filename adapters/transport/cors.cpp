#include "adapters/transport/cors.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::transport {
namespace {

bool listed(Origins allowed, std::string_view origin) {
  return std::ranges::find(allowed, origin) != allowed.end();
}

} // namespace

void add_cors(Origins allowed, std::string_view origin, ServerResponse& response) {
  const bool all = listed(allowed, "*");
  if (origin.empty() || (!all && !listed(allowed, origin)))
    return;
  response.headers.emplace_back("Access-Control-Allow-Origin", all ? "*" : origin);
  response.headers.emplace_back("Vary", "Origin");
}

bool may_connect(Origins allowed, std::string_view origin, std::string_view host) {
  if (origin.empty() || listed(allowed, "*") || listed(allowed, origin))
    return true;
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && origin.substr(scheme + 3) == host;
}

ServerResponse preflight(std::string methods, std::string headers) {
  ServerResponse response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Methods", std::move(methods)},
                      {"Access-Control-Allow-Headers", std::move(headers)},
                      {"Access-Control-Max-Age", "600"}};
  return response;
}

} // namespace tandem::adapters::transport
