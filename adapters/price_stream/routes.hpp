/// The price stream's routes as one table: which edition has which, what they take and which they
/// are described by. The server dispatches on it, so that the description cannot differ from it.
#pragma once

#include "adapters/price_stream/replies.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::price_stream {

enum class RouteId : std::uint8_t {
  root,
  health,
  config,
  stats,
  status,
  prices,
  symbols,
  subscribe,
  unsubscribe,
  history,
  historical,
  analysis,
  alerts,
  volume,
  docs,
  openapi,
};

struct Parameter {
  std::string_view name;
  std::string_view type; ///< "string", "integer", "number"
  bool required = false;
  std::string_view description;
};

struct Route {
  RouteId id;
  std::string_view method;
  std::string_view path; ///< with "{symbol}" where it has one
  bool basic = false;    ///< the basic edition has it too
  std::string_view summary;
  std::vector<Parameter> query; ///< beside the symbol in the path
};

/// Every route, in the order of the documentation.
[[nodiscard]] std::vector<Route> routes();

struct RouteMatch {
  RouteId id = RouteId::root;
  std::string symbol; ///< as it stands in the path; empty where the route has none
};

enum class NoRoute : std::uint8_t {
  not_found,   ///< 404
  wrong_method ///< 405: the path is there
};

/// @param path percent-decoded, without the query; a slash at its end does not count. HEAD is GET.
[[nodiscard]] tl::expected<RouteMatch, NoRoute> find_route(Edition edition, std::string_view method,
                                                           std::string_view path);

/// {"detail":"Not Found"} and {"detail":"Method Not Allowed"}.
[[nodiscard]] std::string no_route_json(NoRoute why);

/// OpenAPI 3.1.
[[nodiscard]] std::string openapi_json(Edition edition, std::string_view version);

/// A page without scripts and outside hosts that lists the same.
[[nodiscard]] std::string docs_html(Edition edition, std::string_view version);

} // namespace tandem::adapters::price_stream
