#include "actors/api/http.hpp"

#include "actors/api/http_views.hpp"
#include "adapters/traders/events.hpp"
#include "adapters/traders/pairs.hpp"
#include "adapters/traders/replies.hpp"
#include "adapters/venues/price_source.hpp"
#include "messages/clients.hpp"
#include "messages/observe.hpp"
#include "messages/strategy.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace tandem::actors {

/// The page, embedded at build time (web/index.html).
extern const char* const watch_page;

namespace {

using Self = HttpHandle::stateful_pointer<HttpState>;
using adapters::traders::JsonWriter;
using adapters::transport::HttpServer;
using adapters::transport::Respond;
using adapters::transport::ServerRequest;
using adapters::transport::ServerResponse;
using adapters::transport::ServerSocketPtr;
using adapters::venues::PriceSource;
using adapters::venues::QuotedPrice;
using core::Errc;
using core::Error;

constexpr std::chrono::seconds actor_timeout{6};
constexpr std::chrono::milliseconds tick_interval{500};
constexpr std::size_t levels_default = 20;
constexpr std::size_t list_limit_default = 100;
constexpr std::size_t list_limit_max = 1'000;

/// Requests of one client address per second, counted in whole seconds.
class RequestLimiter {
public:
  [[nodiscard]] bool pass(const std::string& address, std::size_t limit, core::MonoTime now) {
    const auto second
        = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::lock_guard lock{mutex_};
    if (second != second_) {
      second_ = second;
      counts_.clear();
    }
    return ++counts_[address] <= limit;
  }

private:
  std::mutex mutex_;
  std::int64_t second_ = 0;
  std::map<std::string, std::size_t> counts_;
};

/// The broadcast's view of a WebSocket client.
class SocketClient final : public messages::Client {
public:
  explicit SocketClient(ServerSocketPtr socket) : socket_{std::move(socket)} {}

  [[nodiscard]] std::uint64_t id() const override { return socket_->id(); }

  bool send(std::shared_ptr<const std::string> text) override {
    return socket_->send(std::move(text));
  }

  [[nodiscard]] std::size_t buffered() const override { return socket_->buffered(); }

  void close(std::uint16_t code, std::string reason) override {
    socket_->close(code, std::move(reason));
  }

private:
  ServerSocketPtr socket_;
};

std::string host_of(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

/// "/api/prices/binance/BTCUSDT" behind "/api/prices/" -> {"binance", "BTCUSDT"}.
std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    parts.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return parts;
}

core::Result<std::size_t> number_query(const ServerRequest& request, std::string_view name,
                                       std::size_t fallback, std::size_t max) {
  const auto text = adapters::transport::query_value(request, name);
  if (!text)
    return fallback;
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc{} || end != text->data() + text->size() || value < 1 || value > max)
    return core::fail(Errc::validation_error,
                      "must be a whole number from 1 to " + std::to_string(max), std::string{name});
  return value;
}

} // namespace

/// Shared with the I/O thread's callbacks, which may outlast the actor by a turn.
struct HttpState::Impl : std::enable_shared_from_this<HttpState::Impl> {
  messages::ContextPtr context;
  messages::CellPtr cell;
  HttpOptions options;
  std::shared_ptr<PriceSource> prices;
  RequestLimiter limiter;
  messages::HandlingHistogram response_time;
  std::atomic<std::uint64_t> requests{0}, errors{0};
  core::MonoTime started_at{};
  std::vector<std::unique_ptr<HttpServer>> servers;
  std::mutex servers_mutex; ///< counters are read from the I/O thread

  // ---- answers ----

  void answer(const Respond& respond, ServerResponse response) {
    if (response.status >= 400)
      errors.fetch_add(1, std::memory_order_relaxed);
    respond(std::move(response));
  }

  void ok(const Respond& respond, std::string_view data) {
    ServerResponse response;
    response.body = adapters::traders::success(data, context->mode);
    answer(respond, std::move(response));
  }

  [[nodiscard]] ServerResponse refusal(const Error& error) const {
    ServerResponse response;
    response.status = core::http_status(core::public_code(error.code));
    response.body = adapters::traders::failure(error, context->mode);
    if (response.status == 429)
      response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  void fail(const Respond& respond, const Error& error) { answer(respond, refusal(error)); }

  // ---- the I/O thread ----

  void on_request(const config::ListenerConfig& listener, const HttpHandle& me,
                  ServerRequest request, Respond respond);
  bool direct(const config::ListenerConfig& listener, const ServerRequest& request,
              const Respond& respond);
  void health(const ServerRequest& request, const Respond& respond);
  void price(const ServerRequest& request, const std::vector<std::string>& parts,
             const Respond& respond);
  void batch(const ServerRequest& request, const Respond& respond);
  void market(const std::vector<std::string>& parts, const ServerRequest& request,
              const Respond& respond);
  [[nodiscard]] ServerResponse metrics();
  [[nodiscard]] std::optional<ServerResponse> upgrade(const config::ListenerConfig& listener,
                                                      const ServerRequest& request) const;
  [[nodiscard]] adapters::transport::ServerEvents events(const config::ListenerConfig& listener,
                                                         const HttpHandle& me);
};

namespace {

using Impl = HttpState::Impl;

bool origin_allowed(const config::ListenerConfig& listener, std::string_view origin,
                    std::string_view host) {
  if (origin.empty())
    return true;
  for (const auto& allowed : listener.cors_origins)
    if (allowed == "*" || allowed == origin)
      return true;
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && origin.substr(scheme + 3) == host;
}

void add_cors(const config::ListenerConfig& listener, const std::string& origin,
              ServerResponse& response) {
  if (origin.empty() || listener.cors_origins.empty())
    return;
  for (const auto& allowed : listener.cors_origins) {
    if (allowed != "*" && allowed != origin)
      continue;
    response.headers.emplace_back("Access-Control-Allow-Origin", allowed == "*" ? "*" : origin);
    response.headers.emplace_back("Vary", "Origin");
    return;
  }
}

ServerResponse preflight() {
  ServerResponse response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"},
                      {"Access-Control-Allow-Headers", "Content-Type, Accept-Language"},
                      {"Access-Control-Max-Age", "600"}};
  return response;
}

/// Errors of the server itself keep the envelope.
Error server_error(int status, std::string_view reason) {
  Error error{Errc::validation_error, std::string{reason}, {}};
  if (status == 404)
    error.code = Errc::not_found;
  else if (status == 403)
    error.code = Errc::forbidden;
  else if (status == 503)
    error.code = Errc::exchange_unavailable;
  else if (status >= 500)
    error.code = Errc::internal;
  return error;
}

} // namespace

void Impl::on_request(const config::ListenerConfig& listener, const HttpHandle& me,
                      ServerRequest request, Respond respond) {
  requests.fetch_add(1, std::memory_order_relaxed);
  const auto began = context->clocks.mono();
  const std::string origin{adapters::transport::header(request, "origin")};
  // Every answer, whoever gives it, is timed and carries the CORS headers of its listener.
  Respond timed = [self = shared_from_this(), respond = std::move(respond), began, listener,
                   origin](ServerResponse response) {
    self->response_time.add(self->context->clocks.mono() - began);
    add_cors(listener, origin, response);
    respond(std::move(response));
  };
  if (!limiter.pass(host_of(request.peer), listener.requests_per_second, began)) {
    fail(timed,
         {Errc::rate_limited,
          "more than " + std::to_string(listener.requests_per_second) + " requests in a second",
          {}});
    return;
  }
  if (request.method == "OPTIONS") {
    answer(timed, preflight());
    return;
  }
  if (!direct(listener, request, timed))
    caf::anon_send(me, HttpCall{std::move(request), std::move(timed)});
}

/// Routes that need no other actor are answered here, on the I/O thread. False: it is none of them.
bool Impl::direct(const config::ListenerConfig& listener, const ServerRequest& request,
                  const Respond& respond) {
  const auto& path = request.path;
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (get && path == "/metrics") {
    answer(respond, metrics());
    return true;
  }
  if (get && (path == "/health" || path == "/health/live" || path == "/health/ready")) {
    health(request, respond);
    return true;
  }
  if (listener.surface == config::Surface::metrics) {
    fail(respond, {Errc::not_found, "no route " + request.method + " " + path, {}});
    return true;
  }
  if (get && path == "/") {
    ServerResponse page;
    page.content_type = "text/html; charset=utf-8";
    page.headers.emplace_back("Cache-Control", "no-cache");
    page.body = watch_page;
    answer(respond, std::move(page));
    return true;
  }
  const auto parts = segments(std::string_view{path}.substr(path.empty() ? 0 : 1));
  if (parts.size() < 2 || parts[0] != "api")
    return false;
  if (request.method == "POST" && path == "/api/prices/batch") {
    batch(request, respond);
    return true;
  }
  if (!get)
    return false;
  if (parts[1] == "prices" && parts.size() == 4) {
    price(request, parts, respond);
    return true;
  }
  if (parts[1] == "markets" && parts.size() == 4) {
    market(parts, request, respond);
    return true;
  }
  if (path == "/api/exchanges") {
    ok(respond, exchanges_json(*context, options.markets));
    return true;
  }
  if (parts[1] == "exchanges" && parts.size() == 3) {
    const auto json = exchange_json(*context, options.markets, parts[2]);
    if (json.empty())
      fail(respond,
           {Errc::not_found, "no exchange '" + parts[2].substr(0, 64) + "' here", "exchange"});
    else
      ok(respond, json);
    return true;
  }
  if (path == "/api/engine/actors") {
    ok(respond, tree_json(*context));
    return true;
  }
  return false;
}

void Impl::health(const ServerRequest& request, const Respond& respond) {
  const auto view = health_json(*context, options, started_at);
  if (request.path != "/health/ready" || view.ready) {
    ok(respond, view.json);
    return;
  }
  auto response = refusal({Errc::exchange_unavailable, "not every market is connected", {}});
  JsonWriter out;
  out.begin_object()
      .field("success", false)
      .field("mode", context->mode)
      .key("error")
      .begin_object();
  out.field("code", "EXCHANGE_UNAVAILABLE")
      .field("message", "not every market is connected")
      .key("details")
      .raw(view.json);
  out.end_object().end_object();
  response.body = out.take();
  answer(respond, std::move(response));
}

ServerResponse Impl::metrics() {
  HttpFigures figures;
  figures.requests = requests;
  figures.errors = errors;
  figures.response_time = &response_time;
  {
    const std::lock_guard lock{servers_mutex};
    for (const auto& server : servers) {
      const auto counters = server->counters();
      figures.server.websockets_open += counters.websockets_open;
      figures.server.websockets_cut_slow += counters.websockets_cut_slow;
      figures.server.connections_refused += counters.connections_refused;
      figures.server.malformed += counters.malformed;
    }
  }
  ServerResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_text(*context, options, prices->counters(), figures);
  return response;
}

void Impl::price(const ServerRequest& request, const std::vector<std::string>& parts,
                 const Respond& respond) {
  const auto levels
      = number_query(request, "depth", levels_default, core::market::depth_view_levels_max);
  if (!levels) {
    fail(respond, levels.error());
    return;
  }
  const auto instrument = prices->resolve(
      parts[2], parts[3], adapters::transport::query_value(request, "type").value_or(""));
  if (!instrument) {
    fail(respond, instrument.error());
    return;
  }
  prices->get(*instrument, [self = shared_from_this(), respond,
                            levels = *levels](const core::Result<QuotedPrice>& price) {
    if (!price) {
      self->fail(respond, price.error());
      return;
    }
    JsonWriter out;
    adapters::traders::write_price(out, price->key, *price->view, levels, price->ts);
    self->ok(respond, out.text());
  });
}

namespace {

/// Collects a batch's answers in the order asked; the last one in sends them.
struct Batch {
  std::mutex mutex;
  std::vector<std::string> rows;
  std::size_t missing = 0;
};

} // namespace

void Impl::batch(const ServerRequest& request, const Respond& respond) {
  const auto items = adapters::traders::parse_batch(request.body);
  if (!items) {
    fail(respond, items.error());
    return;
  }
  auto batch_now = std::make_shared<Batch>();
  batch_now->rows.resize(items->size());
  batch_now->missing = items->size();
  const auto put
      = [self = shared_from_this(), batch_now, respond](std::size_t index, std::string row) {
          std::string data;
          {
            const std::lock_guard lock{batch_now->mutex};
            batch_now->rows[index] = std::move(row);
            if (--batch_now->missing > 0)
              return;
            JsonWriter out;
            out.begin_array();
            for (const auto& done : batch_now->rows)
              out.raw(done);
            out.end_array();
            data = out.take();
          }
          self->ok(respond, data);
        };
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto& item = (*items)[i];
    const auto finish = [put, i, item](const core::Result<QuotedPrice>& price) {
      JsonWriter out;
      if (price)
        adapters::traders::write_price(out, price->key, *price->view, levels_default, price->ts);
      else
        adapters::traders::write_failed_price(out, item.exchange, item.symbol, price.error());
      put(i, out.take());
    };
    const auto instrument = prices->resolve(item.exchange, item.symbol, item.type);
    if (instrument)
      prices->get(*instrument, finish);
    else
      finish(tl::unexpected{instrument.error()});
  }
}

void Impl::market(const std::vector<std::string>& parts, const ServerRequest& request,
                  const Respond& respond) {
  const auto instrument = prices->resolve(
      parts[2], parts[3], adapters::transport::query_value(request, "type").value_or(""));
  if (!instrument) {
    fail(respond, instrument.error());
    return;
  }
  JsonWriter out;
  adapters::traders::write_market(out, **instrument,
                                  context->board->find((*instrument)->key).get());
  ok(respond, out.text());
}

std::optional<ServerResponse> Impl::upgrade(const config::ListenerConfig& listener,
                                            const ServerRequest& request) const {
  if (listener.surface != config::Surface::traders || request.path != "/ws")
    return refusal({Errc::not_found, "no WebSocket at " + request.path, {}});
  if (!origin_allowed(listener, adapters::transport::header(request, "origin"),
                      adapters::transport::header(request, "host")))
    return refusal({Errc::forbidden, "this origin is not on the list", "origin"});
  return std::nullopt;
}

adapters::transport::ServerEvents Impl::events(const config::ListenerConfig& listener,
                                               const HttpHandle& me) {
  const auto weak = weak_from_this();
  const auto broadcast_now = [directory = context->directory] {
    return directory->get<messages::BroadcastHandle>(messages::paths::broadcast);
  };
  // Held weakly: the server that holds these is held by us. The actor is looked up, not kept alive.
  const auto actor = caf::actor_cast<caf::weak_actor_ptr>(me);
  adapters::transport::ServerEvents events;
  events.on_request = [weak, listener, actor](ServerRequest request, Respond respond) {
    const auto self = weak.lock();
    const auto strong = caf::actor_cast<caf::strong_actor_ptr>(actor);
    if (self && strong)
      self->on_request(listener, caf::actor_cast<HttpHandle>(strong), std::move(request),
                       std::move(respond));
  };
  events.on_upgrade
      = [weak, listener](const ServerRequest& request) -> std::optional<ServerResponse> {
    const auto self = weak.lock();
    return self ? self->upgrade(listener, request)
                : ServerResponse{.status = 503, .headers = {}, .body = {}};
  };
  events.on_socket_open
      = [broadcast_now, listener](const ServerSocketPtr& socket, const ServerRequest&) {
          if (const auto to = broadcast_now())
            caf::anon_send(to, messages::ClientOpened{std::make_shared<SocketClient>(socket),
                                                      listener.price_updates_per_second});
          else
            socket->close(1013, "not running at the moment");
        };
  events.on_socket_text = [broadcast_now](const ServerSocketPtr& socket, std::string_view text) {
    if (const auto to = broadcast_now())
      caf::anon_send(to, messages::ClientText{socket->id(), std::string{text}});
  };
  events.on_socket_closed = [broadcast_now](const ServerSocketPtr& socket) {
    if (const auto to = broadcast_now())
      caf::anon_send(to, messages::ClientClosed{socket->id()});
  };
  events.on_refusal = [mode = context->mode](int status, std::string_view reason) {
    ServerResponse response;
    response.status = status;
    response.body = adapters::traders::failure(server_error(status, reason), mode);
    return response;
  };
  return events;
}

// ---- what needs other actors
// --------------------------------------------------------------------------------------

namespace {

/// The outcome of a change to a pair, as an answer.
void answer_outcome(Impl& impl, const Respond& respond, const messages::PairOutcome& outcome,
                    bool with_data) {
  if (outcome.error) {
    impl.fail(respond, *outcome.error);
    return;
  }
  JsonWriter out;
  out.begin_object().field("id", outcome.id.text()).end_object();
  impl.ok(respond, with_data ? std::string_view{out.text()} : std::string_view{});
}

/// Asks a peer by name; a missing or silent one is an answer too.
template <class Handle, class Request, class Reply>
void ask(Self self, const std::string& path, Request request, const Respond& respond, Reply reply) {
  auto impl = self->state.impl;
  const auto peer = impl->context->directory->template get<Handle>(path);
  if (!peer) {
    impl->fail(respond, {Errc::exchange_unavailable, "not running at the moment", path});
    return;
  }
  self->request(peer, actor_timeout, std::move(request))
      .then(std::move(reply), [self, respond, path](const caf::error& why) {
        self->state.impl->fail(respond, {Errc::internal, self->system().render(why), path});
      });
}

void list_pairs(Self self, const Respond& respond) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::ListPairs{}, respond,
                             [self, respond](const messages::PairList& list) {
                               JsonWriter out;
                               out.begin_array();
                               for (const auto& pair : list.pairs)
                                 adapters::traders::write_pair(out, pair);
                               out.end_array();
                               self->state.impl->ok(respond, out.text());
                             });
}

void put_pair(Self self, messages::PutPair request, const Respond& respond) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, std::move(request), respond,
                             [self, respond](const messages::PairOutcome& outcome) {
                               answer_outcome(*self->state.impl, respond, outcome, true);
                             });
}

void create_pair(Self self, const ServerRequest& request, const Respond& respond) {
  const auto body = adapters::traders::parse_json(request.body);
  const auto pair = body.and_then(
      [](const auto& json) { return adapters::traders::parse_pair(json, std::nullopt); });
  if (!pair)
    self->state.impl->fail(respond, pair.error());
  else
    put_pair(self, messages::PutPair{*pair, std::nullopt}, respond);
}

void change_pair(Self self, const core::PairId& id, const ServerRequest& request,
                 const Respond& respond) {
  auto body = adapters::traders::parse_json(request.body);
  if (!body) {
    self->state.impl->fail(respond, body.error());
    return;
  }
  // What the body leaves out stays as it is.
  ask<messages::PairsHandle>(
      self, messages::paths::pairs, messages::GetPair{id}, respond,
      [self, id, respond, body = std::move(*body)](const messages::PairOutcome& known) {
        if (known.error) {
          self->state.impl->fail(respond, *known.error);
          return;
        }
        const auto pair = adapters::traders::parse_pair(body, known.pair);
        if (!pair)
          self->state.impl->fail(respond, pair.error());
        else if (pair->id != id)
          self->state.impl->fail(
              respond, {Errc::validation_error, "the id of a pair does not change", "id"});
        else
          put_pair(self, messages::PutPair{*pair, id}, respond);
      });
}

void get_pair(Self self, const core::PairId& id, const Respond& respond) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, respond,
                             [self, respond](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self->state.impl->fail(respond, *known.error);
                                 return;
                               }
                               JsonWriter out;
                               adapters::traders::write_pair(out, *known.pair);
                               self->state.impl->ok(respond, out.text());
                             });
}

void delete_pair(Self self, const core::PairId& id, const Respond& respond) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::DeletePair{id}, respond,
                             [self, respond](const messages::PairOutcome& outcome) {
                               answer_outcome(*self->state.impl, respond, outcome, false);
                             });
}

void write_state(JsonWriter& out, const messages::PairSnapshot& pair) {
  out.begin_object()
      .field("id", pair.id.text())
      .field("state", core::strategy::to_string(pair.state))
      .key("pause");
  if (pair.pause)
    out.begin_object()
        .field("reason", core::market::to_string(pair.pause->reason))
        .field("leg", static_cast<std::int64_t>(pair.pause->leg))
        .end_object();
  else
    out.null();
  out.key("legs").begin_array();
  for (const auto& leg : pair.legs) {
    out.begin_object()
        .field("exchange", leg.instrument.venue.text())
        .field("symbol", leg.instrument.symbol.text());
    out.field("type", core::to_string(leg.instrument.type))
        .field("listed", leg.known)
        .field("book", core::market::to_string(leg.condition));
    out.field("ageMs", static_cast<std::int64_t>(leg.age.count()));
    if (leg.bid)
      out.field("bid", *leg.bid);
    if (leg.ask)
      out.field("ask", *leg.ask);
    out.end_object();
  }
  out.end_array().key("spreads").begin_array();
  for (const auto& spread : pair.spreads)
    if (spread)
      adapters::traders::write_spread(out, *spread);
  out.end_array().key("counters").begin_object();
  out.field("evaluations", pair.counters.evaluations)
      .field("opportunities", pair.counters.opportunities);
  out.field("pauses", pair.counters.pauses)
      .field("tooThin", pair.counters.too_thin)
      .end_object()
      .end_object();
}

void pair_state(Self self, const core::PairId& id, const Respond& respond) {
  // Known but not running (restarting) is another answer than unknown.
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, respond,
                             [self, id, respond](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self->state.impl->fail(respond, *known.error);
                                 return;
                               }
                               ask<messages::PairHandle>(
                                   self, messages::paths::pair_monitor(id.text()),
                                   messages::GetPairState{}, respond,
                                   [self, respond](const messages::PairSnapshot& pair) {
                                     JsonWriter out;
                                     write_state(out, pair);
                                     self->state.impl->ok(respond, out.text());
                                   });
                             });
}

void opportunities(Self self, const ServerRequest& request, const Respond& respond) {
  const auto limit = number_query(request, "limit", list_limit_default, list_limit_max);
  if (!limit) {
    self->state.impl->fail(respond, limit.error());
    return;
  }
  const core::PairId pair{adapters::transport::query_value(request, "pair").value_or("")};
  ask<messages::EventLogHandle>(
      self, messages::paths::event_log, messages::GetOpportunities{*limit, pair}, respond,
      [self, respond](const messages::OpportunityRecords& list) {
        JsonWriter out;
        out.begin_object().field("total", list.total).key("opportunities").begin_array();
        for (const auto& record : list.records) {
          const auto& latest = record.latest;
          adapters::traders::write_opportunity(
              out, {latest.pair, latest.leg1, latest.leg2, latest.event, record.opened.ts});
        }
        out.end_array().end_object();
        self->state.impl->ok(respond, out.text());
      });
}

void alerts(Self self, const ServerRequest& request, const Respond& respond) {
  const auto limit = number_query(request, "limit", list_limit_default, list_limit_max);
  if (!limit) {
    self->state.impl->fail(respond, limit.error());
    return;
  }
  ask<messages::EventLogHandle>(
      self, messages::paths::event_log, messages::GetAlerts{*limit}, respond,
      [self, respond](const messages::AlertRecords& list) {
        JsonWriter out;
        out.begin_object().field("total", list.total).key("alerts").begin_array();
        for (const auto& alert : list.alerts)
          adapters::traders::write_alert(out, {messages::to_string(alert.severity), alert.code,
                                               alert.message, alert.pair, alert.source, alert.ts});
        out.end_array().end_object();
        self->state.impl->ok(respond, out.text());
      });
}

/// The whole book of a feed, to be compared with the venue's or a recording's.
void whole_book(Self self, const std::vector<std::string>& parts, const HttpCall& call) {
  auto impl = self->state.impl;
  const auto& respond = call.respond;
  const auto type = adapters::transport::query_value(call.request, "type").value_or("");
  const auto instrument = impl->prices->resolve(parts[3], parts[4], type);
  if (!instrument) {
    impl->fail(respond, instrument.error());
    return;
  }
  const auto key = (*instrument)->key;
  const auto feed
      = impl->context->directory->get<messages::FeedHandle>(messages::paths::feed(key.market()));
  if (!feed) {
    impl->fail(respond, {Errc::exchange_unavailable, "not running at the moment",
                         messages::paths::feed(key.market())});
    return;
  }
  self->send(feed,
             messages::ReadBook{
                 key.symbol, [impl, respond, key](const std::optional<messages::WholeBook>& book) {
                   if (!book) {
                     impl->fail(respond, {Errc::not_found,
                                          "no book is kept of " + core::to_string(key), "symbol"});
                     return;
                   }
                   JsonWriter out;
                   adapters::traders::write_book(out, key, book->condition, book->scale,
                                                 book->last_id, book->bids, book->asks);
                   impl->ok(respond, out.text());
                 }});
}

/// Ends an actor the hard way, so that a person can watch its supervisor work.
void kill(Self self, const ServerRequest& request, const Respond& respond) {
  auto& impl = *self->state.impl;
  if (!impl.options.kill_allowed) {
    impl.fail(respond, {Errc::forbidden, "only in mode mock", {}});
    return;
  }
  const auto body = adapters::traders::parse_json(request.body);
  const auto* path = body ? body->find("path") : nullptr;
  if (path == nullptr || path->string() == nullptr) {
    impl.fail(respond, {Errc::validation_error, "must be the path of an actor", "path"});
    return;
  }
  const auto victim = impl.context->directory->get<caf::actor>(*path->string());
  if (!victim) {
    impl.fail(respond, {Errc::not_found, "no actor runs at '" + *path->string() + "'", "path"});
    return;
  }
  impl.context->log->write(core::LogLevel::warning, "actor_killed", {{"actor", *path->string()}});
  caf::anon_send_exit(victim, caf::exit_reason::kill);
  impl.ok(respond, {});
}

void route_pairs(Self self, const std::vector<std::string>& parts, const HttpCall& call) {
  const auto& method = call.request.method;
  auto& impl = *self->state.impl;
  const bool get = method == "GET" || method == "HEAD";
  if (parts.size() == 3 && get)
    return list_pairs(self, call.respond);
  if (parts.size() == 3 && method == "POST")
    return create_pair(self, call.request, call.respond);
  if (parts.size() == 4 || (parts.size() == 5 && parts[4] == "state")) {
    const core::PairId id{parts[3]};
    if (parts.size() == 5 && get)
      return pair_state(self, id, call.respond);
    if (parts.size() == 4 && get)
      return get_pair(self, id, call.respond);
    if (parts.size() == 4 && method == "PUT")
      return change_pair(self, id, call.request, call.respond);
    if (parts.size() == 4 && method == "DELETE")
      return delete_pair(self, id, call.respond);
  }
  impl.fail(call.respond, {Errc::not_found, "no route " + method + " " + call.request.path, {}});
}

void route(Self self, const HttpCall& call) {
  const auto& request = call.request;
  const bool get = request.method == "GET" || request.method == "HEAD";
  const auto parts = segments(std::string_view{request.path}.substr(request.path.empty() ? 0 : 1));
  if (parts.size() >= 3 && parts[0] == "api" && parts[1] == "monitoring" && parts[2] == "pairs")
    return route_pairs(self, parts, call);
  if (get && request.path == "/api/opportunities")
    return opportunities(self, request, call.respond);
  if (get && request.path == "/api/alerts")
    return alerts(self, request, call.respond);
  if (get && parts.size() == 5 && parts[0] == "api" && parts[1] == "engine" && parts[2] == "books")
    return whole_book(self, parts, call);
  if (request.method == "POST" && request.path == "/api/engine/actors/kill")
    return kill(self, request, call.respond);
  self->state.impl->fail(call.respond,
                         {Errc::not_found, "no route " + request.method + " " + request.path, {}});
}

adapters::transport::ServerLimits limits_of(const config::ListenerConfig& listener) {
  adapters::transport::ServerLimits limits;
  limits.websockets_max = listener.websockets_max;
  limits.connections_max = listener.websockets_max + 500;
  return limits;
}

void listen(Self self) {
  auto& impl = *self->state.impl;
  auto& bound = *impl.options.bound;
  bound.resize(impl.options.listeners.size());
  for (std::size_t i = 0; i < impl.options.listeners.size(); ++i) {
    const auto& listener = impl.options.listeners[i];
    auto server = adapters::transport::serve_http(
        *impl.options.io, bound[i].empty() ? listener.address : bound[i], limits_of(listener),
        impl.events(listener, HttpHandle{self}));
    if (!server)
      throw std::runtime_error{core::describe(server.error())};
    bound[i] = (*server)->address();
    impl.options.on_listening(listener.surface, bound[i]);
    const std::lock_guard lock{impl.servers_mutex};
    impl.servers.push_back(std::move(*server));
  }
}

} // namespace

HttpState::HttpState(caf::scheduled_actor*) : impl{std::make_shared<Impl>()} {}

HttpState::~HttpState() {
  std::vector<std::unique_ptr<HttpServer>> closing;
  {
    const std::lock_guard lock{impl->servers_mutex};
    closing.swap(impl->servers);
  }
  // Closed outside the lock: their last callbacks may want the counters.
}

HttpHandle::behavior_type http(Self self, messages::ContextPtr context, messages::CellPtr cell,
                               HttpOptions options) {
  auto& impl = *self->state.impl;
  impl.context = context;
  impl.cell = cell;
  impl.started_at = context->clocks.mono();
  std::vector<PriceSource::Source> sources;
  for (const auto& market : options.markets)
    sources.push_back({market.market, market.rest});
  impl.prices = std::make_shared<PriceSource>(context->board, std::move(sources), context->clocks);
  impl.options = std::move(options);
  listen(self);
  cell->set_state("listening");
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const HttpCall& call) { route(self, call); }),
      observe([self](const messages::Tick&) {
        auto& state = *self->state.impl;
        state.cell->set_counter("requests", static_cast<std::int64_t>(state.requests.load()));
        state.cell->set_counter("errors", static_cast<std::int64_t>(state.errors.load()));
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
