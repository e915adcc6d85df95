#include "adapters/price_stream/routes.hpp"

#include "adapters/price_stream/symbols.hpp"
#include "adapters/transport/json.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::price_stream {
namespace {

using transport::JsonWriter;

constexpr std::string_view symbol_place = "{symbol}";

std::vector<Parameter> paged(std::vector<Parameter> parameters) {
  parameters.push_back({"limit", "integer", false, "rows, at most 10000; default 1000"});
  parameters.push_back({"offset", "integer", false, "rows left out; default 0"});
  return parameters;
}

/// "/symbol/{symbol}/subscribe" against "/symbol/ethusdt/subscribe": the symbol, which may be
/// empty.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const auto place = pattern.find(symbol_place);
  if (place == std::string_view::npos)
    return pattern == path ? std::optional{std::string_view{}} : std::nullopt;
  const auto before = pattern.substr(0, place);
  const auto after = pattern.substr(place + symbol_place.size());
  if (path.size() < before.size() + after.size() || !path.starts_with(before)
      || !path.ends_with(after))
    return std::nullopt;
  const auto symbol = path.substr(before.size(), path.size() - before.size() - after.size());
  // A decoded slash belongs to a symbol that is none, unless a longer pattern takes the path.
  return symbol;
}

void write_parameter(JsonWriter& out, std::string_view place, const Parameter& parameter) {
  out.begin_object().field("name", parameter.name).field("in", place);
  out.field("required", parameter.required).field("description", parameter.description);
  out.key("schema").begin_object().field("type", parameter.type);
  if (place == "path")
    out.field("pattern", symbol_pattern);
  out.end_object().end_object();
}

void write_operation(JsonWriter& out, const Route& route) {
  out.field("summary", route.summary).key("parameters").begin_array();
  const bool has_symbol = route.path.find(symbol_place) != std::string_view::npos;
  if (has_symbol)
    write_parameter(out, "path", {"symbol", "string", true, "in any case"});
  for (const auto& parameter : route.query)
    write_parameter(out, "query", parameter);
  out.end_array().key("responses").begin_object();
  out.key("200").begin_object().field("description", "Successful Response").end_object();
  if (has_symbol || !route.query.empty())
    out.key("422").begin_object().field("description", "Validation Error").end_object();
  if (route.id == RouteId::subscribe || route.id == RouteId::unsubscribe)
    out.key("503").begin_object().field("description", "Provider not running").end_object();
  out.end_object();
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

bool has(Edition edition, const Route& route) noexcept {
  return edition == Edition::enhanced || route.basic;
}

} // namespace

std::vector<Route> routes() {
  const Parameter hours{"hours", "integer", false, "back from now"};
  const Parameter interval{"interval", "string", false, "default: the base interval"};
  const std::vector<Parameter> history
      = paged({{"symbol", "string", true, "in any case"},
               {"interval", "string", true, "the base or a multiple of it"},
               {"start", "string", true, "Unix seconds"},
               {"end", "string", true, "Unix seconds, itself included"}});
  const std::vector<Parameter> historical = paged(
      {interval,
       {"start", "string", false, "Unix seconds or ISO 8601; default: 24 h before end"},
       {"end", "string", false, "Unix seconds or ISO 8601, itself included; default: now"}});
  const Parameter threshold{"threshold", "number", false, "percent; default 5"};
  return {
      {RouteId::root, "GET", "/", true, "What this is; the dashboard in the enhanced edition", {}},
      {RouteId::health, "GET", "/health", true, "Health and statistics", {}},
      {RouteId::config, "GET", "/config", true, "Configuration without secrets", {}},
      {RouteId::stats, "GET", "/stats", false, "Statistics of system and provider", {}},
      {RouteId::status, "GET", "/status", false, "Statistics of the provider", {}},
      {RouteId::prices, "GET", "/prices", false, "Newest record of every symbol", {}},
      {RouteId::symbols, "GET", "/symbols", false, "What is subscribed and what has a price", {}},
      {RouteId::subscribe, "POST", "/symbol/{symbol}/subscribe", true, "Subscribe", {interval}},
      {RouteId::unsubscribe, "POST", "/symbol/{symbol}/unsubscribe", true, "Unsubscribe", {}},
      {RouteId::history, "GET", "/history", false, "Candles", history},
      {RouteId::historical, "GET", "/historical/{symbol}", false, "Candles", historical},
      {RouteId::alerts,
       "GET",
       "/analysis/{symbol}/alerts",
       false,
       "Sudden changes",
       {threshold, hours}},
      {RouteId::volume, "GET", "/analysis/{symbol}/volume", false, "Volume analysis", {hours}},
      {RouteId::analysis, "GET", "/analysis/{symbol}", false, "Report", {hours}},
      {RouteId::docs, "GET", "/docs", true, "These routes to read", {}},
      {RouteId::openapi, "GET", "/openapi.json", true, "These routes as OpenAPI", {}},
  };
}

tl::expected<RouteMatch, NoRoute> find_route(Edition edition, std::string_view method,
                                             std::string_view path) {
  if (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  const auto wanted = method == "HEAD" ? std::string_view{"GET"} : method;
  auto why = NoRoute::not_found;
  for (const auto& route : routes()) {
    const auto symbol = has(edition, route) ? match(route.path, path) : std::nullopt;
    if (!symbol)
      continue;
    if (route.method == wanted)
      return RouteMatch{route.id, std::string{*symbol}};
    why = NoRoute::wrong_method;
  }
  return tl::unexpected{why};
}

std::string no_route_json(NoRoute why) {
  return error_json(why == NoRoute::not_found ? "Not Found" : "Method Not Allowed");
}

std::string openapi_json(Edition edition, std::string_view version) {
  JsonWriter out;
  out.begin_object().field("openapi", "3.1.0").key("info").begin_object();
  out.field("title", "Tandem price stream").field("version", version).end_object();
  out.key("paths").begin_object();
  for (const auto& route : routes()) {
    if (!has(edition, route))
      continue;
    out.key(route.path).begin_object().key(lower(route.method)).begin_object();
    write_operation(out, route);
    out.end_object().end_object();
  }
  out.end_object().end_object();
  return out.take();
}

std::string docs_html(Edition edition, std::string_view version) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<title>Tandem price stream</title></head>\n<body><h1>Tandem price stream ";
  out.append(version).append("</h1>\n<p>The same as <a href=\"/openapi.json\">OpenAPI</a>. "
                             "WebSocket: <code>/ws/price?symbol=&amp;interval=</code></p>\n<dl>\n");
  for (const auto& route : routes()) {
    if (!has(edition, route))
      continue;
    out.append("<dt><code>").append(route.method).append(" ").append(route.path);
    out.append("</code></dt><dd>").append(route.summary);
    for (const auto& parameter : route.query) {
      out.append("<br><code>").append(parameter.name).append("</code>");
      out.append(parameter.required ? " (required): " : ": ").append(parameter.description);
    }
    out.append("</dd>\n");
  }
  return out.append("</dl></body></html>\n");
}

} // namespace tandem::adapters::price_stream
