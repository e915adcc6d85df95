#include "actors/api/http_surface.hpp"

#include "actors/api/http_views.hpp"
#include "messages/clients.hpp"

#include <caf/send.hpp>

#include <charconv>

namespace tandem::actors {

/// The page, embedded at build time (web/index.html).
extern const char* const watch_page;

namespace {

using adapters::traders::JsonWriter;
using adapters::transport::ServerSocketPtr;
using adapters::venues::QuotedPrice;
using core::Errc;
using core::Error;

constexpr std::size_t levels_default = 20;
/// Texts of WebSocket clients that wait to be read: of one client, and of all at one listener.
constexpr std::size_t client_texts_max = 256;
constexpr std::size_t texts_max = 1'024;

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

void HttpSurface::on_request(const config::ListenerConfig& listener, const ToActor& to_actor,
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
    to_actor(std::move(request), std::move(timed));
}

/// Routes that need no other actor are answered here, on the I/O thread. False: it is none of them.
bool HttpSurface::direct(const config::ListenerConfig& listener, const ServerRequest& request,
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

void HttpSurface::health(const ServerRequest& request, const Respond& respond) {
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

ServerResponse HttpSurface::metrics() {
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

void HttpSurface::price(const ServerRequest& request, const std::vector<std::string>& parts,
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

void HttpSurface::batch(const ServerRequest& request, const Respond& respond) {
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

void HttpSurface::market(const std::vector<std::string>& parts, const ServerRequest& request,
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

bool is_urgent(const ServerRequest& request) {
  return request.method != "GET" && request.path.starts_with("/api/risk/");
}

std::optional<ServerResponse> HttpSurface::upgrade(const config::ListenerConfig& listener,
                                                   const ServerRequest& request) const {
  if (listener.surface != config::Surface::traders || request.path != "/ws")
    return refusal({Errc::not_found, "no WebSocket at " + request.path, {}});
  if (!origin_allowed(listener, adapters::transport::header(request, "origin"),
                      adapters::transport::header(request, "host")))
    return refusal({Errc::forbidden, "this origin is not on the list", "origin"});
  return std::nullopt;
}

adapters::transport::ServerEvents HttpSurface::events(const config::ListenerConfig& listener,
                                                      ToActor to_actor) {
  const auto weak = weak_from_this();
  const auto broadcast_now = [directory = context->directory] {
    return directory->get<messages::BroadcastHandle>(messages::paths::broadcast);
  };
  // Held weakly: the server that holds these is held by us.
  adapters::transport::ServerEvents events;
  events.on_request
      = [weak, listener, to_actor = std::move(to_actor)](ServerRequest request, Respond respond) {
          if (const auto self = weak.lock())
            self->on_request(listener, to_actor, std::move(request), std::move(respond));
        };
  events.on_upgrade
      = [weak, listener](const ServerRequest& request) -> std::optional<ServerResponse> {
    const auto self = weak.lock();
    return self ? self->upgrade(listener, request)
                : ServerResponse{.status = 503, .headers = {}, .body = {}};
  };
  // Clients write as fast as they like: what of theirs waits is bounded, and who goes on is cut.
  using core::supervision::Places;
  const auto texts = std::make_shared<std::map<std::uint64_t, std::shared_ptr<Places>>>();
  events.on_socket_open
      = [broadcast_now, listener, texts, all = std::make_shared<Places>(texts_max)](
            const ServerSocketPtr& socket, const ServerRequest&) {
          texts->emplace(socket->id(), std::make_shared<Places>(client_texts_max, all));
          if (const auto to = broadcast_now())
            caf::anon_send(to, messages::ClientOpened{std::make_shared<SocketClient>(socket),
                                                      listener.price_updates_per_second});
          else
            socket->close(1013, "not running at the moment");
        };
  events.on_socket_text = [broadcast_now, texts](const ServerSocketPtr& socket,
                                                 std::string_view text) {
    const auto own = texts->find(socket->id());
    auto place = own == texts->end() ? nullptr : own->second->take();
    if (!place)
      socket->close(1008, "too many messages at once");
    else if (const auto to = broadcast_now())
      caf::anon_send(to, messages::ClientText{socket->id(), std::string{text}, std::move(place)});
  };
  events.on_socket_closed = [broadcast_now, texts](const ServerSocketPtr& socket) {
    texts->erase(socket->id());
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

} // namespace tandem::actors
