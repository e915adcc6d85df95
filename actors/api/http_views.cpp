#include "actors/api/http_views.hpp"

#include "actors/api/trading_metrics.hpp"
#include "adapters/security/guard.hpp"
#include "adapters/traders/json.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using messages::ActorCell;
using messages::CellPtr;

CellPtr find(const std::vector<CellPtr>& cells, const std::string& path) {
  const auto found = std::find_if(cells.begin(), cells.end(),
                                  [&](const CellPtr& cell) { return cell->path() == path; });
  return found == cells.end() ? nullptr : *found;
}

std::string state_of(const std::vector<CellPtr>& cells, const std::string& path) {
  const auto cell = find(cells, path);
  return cell ? cell->state() : "missing";
}

bool connected(const std::string& feed_state) {
  return feed_state == "live" || feed_state == "syncing" || feed_state == "idle";
}

bool venue_connected(const std::vector<CellPtr>& cells, const std::vector<HttpMarket>& markets,
                     const core::VenueId& venue) {
  return std::all_of(markets.begin(), markets.end(), [&](const HttpMarket& market) {
    return market.market->key().venue != venue
           || connected(state_of(cells, messages::paths::feed(market.market->key())));
  });
}

void write_counters(JsonWriter& out, const ActorCell& cell) {
  out.begin_object();
  for (const auto& [name, value] : cell.counters())
    out.field(name, value);
  out.end_object();
}

void write_market(JsonWriter& out, const std::vector<CellPtr>& cells, const HttpMarket& market) {
  const auto& key = market.market->key();
  out.begin_object()
      .field("type", core::to_string(key.type))
      .field("state", state_of(cells, messages::paths::feed(key)));
  if (const auto list = find(cells, messages::paths::instruments(key))) {
    out.field("instrumentsState", list->state());
    const auto counters = list->counters();
    if (const auto known = counters.find("instruments"); known != counters.end())
      out.field("instruments", known->second);
    if (const auto offset = counters.find("clock_offset_ms"); offset != counters.end())
      out.field("clockOffsetMs", offset->second);
  }
  const auto& rest = market.rest->counters();
  out.key("rest")
      .begin_object()
      .field("requests", rest.requests.load())
      .field("failures", rest.failures.load());
  out.field("retries", rest.retries.load())
      .field("throttled", rest.throttled.load())
      .field("usedWeight", rest.used_weight.load());
  out.field("weightLimit", rest.weight_limit.load())
      .field("latencyUs", rest.last_latency_us.load())
      .field("banned", rest.banned.load());
  out.end_object();
  if (const auto feed = find(cells, messages::paths::feed(key))) {
    out.field("restarts", feed->restarts.load()).field("lastError", feed->last_error());
    out.key("feed");
    write_counters(out, *feed);
  }
  out.end_object();
}

// ---- metrics
// ------------------------------------------------------------------------------------------------------

void add_actor(Families& families, const ActorCell& cell) {
  const Labels labels{{"actor", cell.path()}, {"kind", cell.kind()}};
  families.counter("tandem_actor_messages_total", "Messages handled by an actor.", labels,
                   cell.messages);
  families.counter("tandem_actor_errors_total", "Errors of an actor, deaths included.", labels,
                   cell.errors);
  families.counter("tandem_actor_restarts_total", "Restarts of an actor.", labels, cell.restarts);
  families.gauge("tandem_actor_mailbox_depth", "Messages waiting when the last one was taken.",
                 labels, static_cast<double>(cell.mailbox_depth));
  families.gauge("tandem_actor_handling_p99_seconds",
                 "Upper bound of the 99th percentile of handling time.", labels,
                 static_cast<double>(cell.handling.quantile_ns(990)) / 1e9);
  const auto counters = cell.counters();
  for (const auto& [name, quantile] :
       {std::pair{"decision_p50_ns", "0.5"}, std::pair{"decision_p99_ns", "0.99"}})
    if (const auto found = counters.find(name); found != counters.end())
      families.gauge(
          "arbitrage_ms",
          "Upper bound of a quantile of the time from a frame at the socket to a pair's judgement.",
          {{"pair", cell.path().substr(cell.path().rfind('/') + 1)}, {"quantile", quantile}},
          static_cast<double>(found->second) / 1e6);
  for (const auto& [name, value] : counters) {
    auto with_name = labels;
    with_name.push_back({"counter", name});
    families.gauge("tandem_actor_counter", "An actor's own counter or gauge.", with_name,
                   static_cast<double>(value));
  }
}

void add_sink(Families& families, const ActorCell& cell) {
  const Labels labels{{"sink", cell.path().substr(cell.path().rfind('.') + 1)}};
  auto counters = cell.counters();
  const auto total = [&](const std::string& name, const std::string& help) {
    families.counter("tandem_sink_" + name + "_total", help, labels,
                     static_cast<std::uint64_t>(counters[name]));
  };
  total("records", "Records that a sink took into its stream.");
  total("delivered", "Records that a sink's destination has confirmed.");
  total("lost", "Records that will never reach a sink's destination.");
  total("refused", "Records that a sink's destination will not take, kept aside.");
  total("failures", "Batches and openings of a sink that failed.");
  families.gauge("tandem_sink_waiting", "Records of a sink that are not delivered yet.", labels,
                 static_cast<double>(counters["waiting"]));
  families.gauge("tandem_sink_spool_bytes", "Size of a sink's spool on disk.", labels,
                 static_cast<double>(counters["spool_bytes"]));
  families.gauge("tandem_sink_lag_seconds",
                 "How long the oldest record of a sink has been waiting.", labels,
                 static_cast<double>(counters["lag_ms"]) / 1e3);
}

void add_market(Families& families, const HttpMarket& market, const std::vector<CellPtr>& cells) {
  const auto& key = market.market->key();
  const Labels labels{{"exchange", key.venue.text()},
                      {"market", std::string{core::to_string(key.type)}}};
  const auto& rest = market.rest->counters();
  families.counter("tandem_rest_requests_total", "REST requests sent to a venue.", labels,
                   rest.requests);
  families.counter("tandem_rest_failures_total", "REST requests that ended in an error.", labels,
                   rest.failures);
  families.counter("tandem_rest_retries_total", "REST requests tried again.", labels, rest.retries);
  families.gauge("tandem_rest_used_weight", "Weight used in the venue's present window.", labels,
                 static_cast<double>(rest.used_weight));
  families.gauge("tandem_rest_weight_limit", "Weight the venue grants per window.", labels,
                 static_cast<double>(rest.weight_limit));
  families.gauge("tandem_exchange_connected", "1 while the market's feed is connected.", labels,
                 connected(state_of(cells, messages::paths::feed(key))) ? 1 : 0);
}

void add_grpc(Families& families, const adapters::transport::ServerCounters& grpc) {
  families.counter("tandem_grpc_requests_total", "gRPC calls begun, streams among them.", {},
                   grpc.requests);
  families.counter("tandem_grpc_malformed_total",
                   "gRPC calls whose bytes were not their method's message.", {}, grpc.malformed);
  families.counter("tandem_grpc_refused_total", "gRPC calls and streams refused at the cap.", {},
                   grpc.connections_refused);
  families.counter("tandem_grpc_timed_out_total", "gRPC calls that nothing answered in time.", {},
                   grpc.timed_out);
  families.gauge("tandem_grpc_streams", "gRPC streams that are open.", {},
                 static_cast<double>(grpc.websockets_open));
  families.counter("tandem_grpc_streams_total", "gRPC streams opened.", {}, grpc.websockets_total);
  families.counter("tandem_grpc_cut_slow_total", "gRPC streams cut for not reading.", {},
                   grpc.websockets_cut_slow);
  families.counter("tandem_grpc_messages_sent_total", "Messages written to gRPC streams.", {},
                   grpc.messages_sent);
}

} // namespace

std::string exchanges_json(const messages::Context& context,
                           const std::vector<HttpMarket>& markets) {
  const auto cells = context.cells->all();
  JsonWriter out;
  out.begin_array();
  std::set<core::VenueId> seen;
  for (const auto& market : markets) {
    const auto& venue = market.market->key().venue;
    if (!seen.insert(venue).second)
      continue;
    out.begin_object()
        .field("name", venue.text())
        .field("connected", venue_connected(cells, markets, venue));
    out.field("publicOnly", market.public_only()).end_object();
  }
  out.end_array();
  return out.take();
}

std::string exchange_json(const messages::Context& context, const std::vector<HttpMarket>& markets,
                          std::string_view venue) {
  const auto cells = context.cells->all();
  std::vector<const HttpMarket*> own;
  for (const auto& market : markets)
    if (market.market->key().venue.text() == venue)
      own.push_back(&market);
  if (own.empty())
    return {};
  JsonWriter out;
  out.begin_object()
      .field("name", venue)
      .field("connected", venue_connected(cells, markets, own.front()->market->key().venue));
  out.field("publicOnly", own.front()->public_only()).key("markets").begin_array();
  for (const auto* market : own)
    write_market(out, cells, *market);
  out.end_array().end_object();
  return out.take();
}

HealthView health_json(const messages::Context& context, const HttpOptions& options,
                       core::MonoTime started_at) {
  const auto cells = context.cells->all();
  HealthView view;
  view.ready = true;
  JsonWriter parts;
  parts.begin_array();
  for (const auto& market : options.markets) {
    const auto& key = market.market->key();
    const auto feed = state_of(cells, messages::paths::feed(key));
    const bool good = connected(feed) && context.board->instruments(key) != nullptr;
    view.ready = view.ready && good;
    parts.begin_object()
        .field("exchange", key.venue.text())
        .field("type", core::to_string(key.type));
    parts.field("state", feed).field("ready", good).end_object();
  }
  parts.end_array();
  const auto uptime
      = std::chrono::duration_cast<std::chrono::seconds>(context.clocks.mono() - started_at);
  JsonWriter out;
  out.begin_object()
      .field("status", view.ready ? "ok" : "degraded")
      .field("ready", view.ready)
      .field("mode", context.mode);
  out.field("name", options.engine_name).field("version", options.version);
  out.field("uptimeSeconds", static_cast<std::int64_t>(uptime.count()))
      .field("ts", core::to_millis(context.clocks.wall()));
  out.key("markets").raw(parts.text()).end_object();
  view.json = out.take();
  return view;
}

namespace {

void add_guard(Families& families, const adapters::security::Guard& guard) {
  const auto asked = guard.counters();
  for (const auto& [result, value] : {std::pair{"admitted", asked.admitted},
                                      {"keyless", asked.keyless},
                                      {"wrong", asked.wrong},
                                      {"locked_out", asked.locked_out},
                                      {"too_often", asked.too_often}})
    families.counter("tandem_keys_total",
                     "Requests at listeners that ask for keys, by what became of their key.",
                     {{"result", result}}, value);
  const auto audit = guard.audit_counters();
  families.counter("tandem_audit_records_total", "Records of the audit log that are on the disk.",
                   {}, audit.written);
  families.gauge("tandem_audit_waiting", "Records of the audit log that wait for the disk.", {},
                 static_cast<double>(audit.waiting));
  families.counter("tandem_audit_lost_total",
                   "Records of the audit log that found no place while the disk refused them.", {},
                   audit.lost);
  families.counter("tandem_audit_failures_total", "Writes of the audit log that failed.", {},
                   audit.failures);
}

} // namespace

std::string metrics_text(const messages::Context& context, const HttpOptions& options,
                         const adapters::venues::PriceCounters& prices,
                         const HttpFigures& figures) {
  Families families;
  const auto cells = context.cells->all();
  families.gauge(
      "tandem_info", "Always 1; the labels say what runs.",
      {{"version", options.version}, {"mode", context.mode}, {"name", options.engine_name}}, 1);
  for (const auto& cell : cells) {
    add_actor(families, *cell);
    if (cell->kind() == "sink")
      add_sink(families, *cell);
  }
  for (const auto& market : options.markets)
    add_market(families, market, cells);
  families.counter("tandem_price_requests_total", "Prices asked for, by where they came from.",
                   {{"source", "live"}}, prices.live);
  families.counter("tandem_price_requests_total", "Prices asked for, by where they came from.",
                   {{"source", "cache"}}, prices.cached);
  families.counter("tandem_price_requests_total", "Prices asked for, by where they came from.",
                   {{"source", "venue"}}, prices.fetched);
  families.gauge("cache_hit", "Share of price requests that cost no request to a venue.", {},
                 static_cast<double>(prices.hit_per_mille()) / 1000);
  families.counter("tandem_http_requests_total", "Requests answered.", {}, figures.requests);
  families.counter("tandem_http_errors_total", "Requests answered with 4xx or 5xx.", {},
                   figures.errors);
  families.gauge("error_rate", "Share of requests answered with 5xx or 4xx.", {},
                 figures.requests == 0
                     ? 0
                     : static_cast<double>(figures.errors) / static_cast<double>(figures.requests));
  if (figures.response_time != nullptr) {
    for (const auto& [quantile, per_mille] :
         std::map<std::string, std::uint64_t>{{"0.5", 500}, {"0.95", 950}, {"0.99", 990}})
      families.gauge("api_response_ms", "Upper bound of a quantile of the time to answer.",
                     {{"quantile", quantile}},
                     static_cast<double>(figures.response_time->quantile_ns(per_mille)) / 1e6);
  }
  families.gauge("tandem_websocket_clients", "WebSocket clients connected.", {},
                 static_cast<double>(figures.server.websockets_open));
  families.counter("tandem_websocket_cut_slow_total", "WebSocket clients cut for not reading.", {},
                   figures.server.websockets_cut_slow);
  families.counter("tandem_http_refused_total", "Connections refused at the cap.", {},
                   figures.server.connections_refused);
  families.counter("tandem_http_malformed_total", "Requests that were not HTTP.", {},
                   figures.server.malformed);
  if (options.guard)
    add_guard(families, *options.guard);
  add_grpc(families, figures.grpc);
  if (options.trading)
    add_trading(families, *options.trading, context);
  return families.text();
}

} // namespace tandem::actors
