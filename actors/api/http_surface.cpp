#include "actors/api/http_surface.hpp"

#include "actors/api/http_guard.hpp"
#include "actors/api/http_handlers.hpp"
#include "actors/api/http_views.hpp"
#include "adapters/traders/openapi/openapi.hpp"
#include "adapters/transport/cors.hpp"
#include "messages/clients.hpp"

#include <caf/send.hpp>

#include <charconv>

namespace tandem::actors {

/// The page, embedded at build time (web/index.html).
extern const char* const watch_page;
/// The OpenAPI document as a page (web/docs.html).
extern const char* const docs_page;

namespace {

using adapters::transport::ServerSocketPtr;
using core::Errc;
using core::Error;

/// Texts of WebSocket clients that wait to be read: of one client, and of all at one listener.
constexpr std::size_t client_texts_max = 256;
constexpr std::size_t texts_max = 1'024;

/// The broadcast's view of a WebSocket client.
class SocketClient final : public messages::Client {
public:
  /// @param id of its own over all listeners; a socket's is its server's.
  SocketClient(std::uint64_t id, ServerSocketPtr socket) : id_{id}, socket_{std::move(socket)} {}

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override {
    return socket_->send(std::move(text));
  }

  [[nodiscard]] std::size_t buffered() const override { return socket_->buffered(); }

  void close(std::uint16_t code, std::string reason) override {
    socket_->close(code, std::move(reason));
  }

private:
  const std::uint64_t id_;
  ServerSocketPtr socket_;
};

/// What a listener knows of a socket that is open.
struct OpenSocket {
  std::uint64_t client = 0;
  std::shared_ptr<core::supervision::Places> texts;
};

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

void add_counters(const adapters::transport::ServerCounters& from,
                  adapters::transport::ServerCounters& to) {
  to.requests += from.requests;
  to.malformed += from.malformed;
  to.timed_out += from.timed_out;
  to.connections_refused += from.connections_refused;
  to.websockets_open += from.websockets_open;
  to.websockets_total += from.websockets_total;
  to.websockets_cut_slow += from.websockets_cut_slow;
  to.messages_sent += from.messages_sent;
}

/// Of requests that are refused: what succeeds is counted and not logged, so that a poll fills no
/// log.
constexpr std::size_t error_lines_per_second_max = 50;
constexpr std::size_t logged_path_bytes_max = 200;

/// "GET /api/alerts"; never the query or the body.
std::string called(const ServerRequest& request) {
  return request.method + " " + request.path.substr(0, logged_path_bytes_max);
}

/// The envelope's code; empty where an answer is no envelope.
std::string code_of(std::string_view body) {
  constexpr std::string_view key = "\"code\":\"";
  const auto at = body.find(key);
  if (at == std::string_view::npos)
    return {};
  const auto rest = body.substr(at + key.size());
  return std::string{rest.substr(0, rest.find('"'))};
}

void log_failure(HttpSurface& self, const std::string& what, const ServerResponse& response,
                 std::chrono::nanoseconds took) {
  if (!self.error_lines.pass({}, error_lines_per_second_max, self.context->clocks.mono())) {
    self.errors_quiet.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::string id;
  for (const auto& [name, value] : response.headers)
    if (name == "X-Request-Id")
      id = value;
  const auto quiet = self.errors_quiet.exchange(0, std::memory_order_relaxed);
  self.context->log->write(
      core::LogLevel::info, "request_failed",
      {{"request", what},
       {"status", std::to_string(response.status)},
       {"requestId", id},
       {"latency_ms",
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count())},
       {"success", "false"},
       {"error_code", code_of(response.body)},
       {"not_logged_before", std::to_string(quiet)}});
}

} // namespace

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
  Respond timed = [self = shared_from_this(), respond = std::move(respond), began, listener, origin,
                   what = called(request)](ServerResponse response) {
    const auto took = self->context->clocks.mono() - began;
    self->response_time.add(took);
    if (response.status >= 400)
      log_failure(*self, what, response, took);
    add_cors(listener, origin, response);
    add_security_headers(listener, response);
    respond(std::move(response));
  };
  // Programs that ask too much share their address with the person who throws the switch.
  auto found = adapters::traders::match(request.method, request.path);
  const bool urgent = found.route.operation != nullptr && found.route.operation->urgent;
  const auto address = host_of(request.peer);
  if (!limiter.pass(urgent ? core::security::urgent_name(address) : address,
                    listener.requests_per_second, began)) {
    fail(timed,
         {Errc::rate_limited,
          "more than " + std::to_string(listener.requests_per_second) + " requests in a second",
          {}});
    return;
  }
  if (request.method == "OPTIONS") {
    answer(timed, adapters::transport::preflight(
                      "GET, POST, PUT, DELETE, OPTIONS",
                      "Content-Type, Accept-Language, Authorization, X-Api-Key, "
                      "Idempotency-Key, X-Request-Id"));
    return;
  }
  auto caller = caller_of(*this, listener, request, urgent);
  if (!caller) {
    answer(timed, std::move(caller.error()));
    return;
  }
  caller->request_id = request_id_of(request, *this);
  timed = [timed = std::move(timed), id = caller->request_id](ServerResponse response) {
    response.headers.emplace_back("X-Request-Id", id);
    timed(std::move(response));
  };
  if (auto ready = page(listener, request)) {
    answer(timed, *std::move(ready));
    return;
  }
  const bool ours
      = found.route.operation != nullptr
        && (listener.surface != config::Surface::metrics || request.path.starts_with("/health"));
  if (!ours) {
    auto none = refusal({Errc::not_found, "no route " + request.method + " " + request.path, {}});
    if (!found.allow.empty()) {
      none.status = 405;
      none.headers.emplace_back("Allow", found.allow);
    }
    answer(timed, std::move(none));
    return;
  }
  dispatch(to_actor,
           {std::move(request), std::move(timed), std::move(found.route), *std::move(caller)});
}

/// What a browser or a scraper reads: no operation of the engine's.
std::optional<ServerResponse> HttpSurface::page(const config::ListenerConfig& listener,
                                                const ServerRequest& request) {
  if (request.method != "GET" && request.method != "HEAD")
    return std::nullopt;
  if (request.path == "/metrics")
    return metrics();
  if (listener.surface != config::Surface::traders)
    return std::nullopt;
  ServerResponse page;
  page.headers.emplace_back("Cache-Control", "no-cache");
  if (request.path == "/openapi.json") {
    std::call_once(openapi_made, [this] {
      openapi = adapters::traders::openapi::document(options.version, context->mode);
    });
    page.body = openapi;
    return page;
  }
  page.content_type = "text/html; charset=utf-8";
  if (request.path == "/")
    page.body = watch_page;
  else if (request.path == "/docs")
    page.body = docs_page;
  else
    return std::nullopt;
  return page;
}

void HttpSurface::dispatch(const ToActor& to_actor, HttpCall call) {
  const auto& operation = *call.route.operation;
  if (!core::security::may(call.caller.roles, operation.role)) {
    record_forbidden(*this, call);
    return fail(call.respond,
                {Errc::forbidden, "needs the role " + std::string{to_string(operation.role)}, {}});
  }
  if (operation.needs_trading && !options.trading)
    return fail(call.respond, {Errc::exchange_unavailable, "this engine only watches", {}});
  if (!admit_command(*this, call))
    return;
  const auto handler = handler_of(operation.id);
  if (const auto* direct = std::get_if<DirectHandler>(&handler))
    (*direct)(*this, call);
  else
    to_actor(std::move(call));
}

ServerResponse HttpSurface::metrics() {
  HttpFigures figures;
  figures.requests = requests;
  figures.errors = errors;
  figures.response_time = &response_time;
  {
    const std::lock_guard lock{servers_mutex};
    auto server = servers.begin();
    for (const auto& listener : options.listeners) {
      const bool grpc = config::speaks_grpc(listener.surface);
      if ((grpc && !options.serve_grpc) || server == servers.end())
        continue;
      add_counters((*server++)->counters(), grpc ? figures.grpc : figures.server);
    }
  }
  ServerResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_text(*context, options, prices->counters(), figures);
  return response;
}

std::optional<ServerResponse> HttpSurface::upgrade(const config::ListenerConfig& listener,
                                                   const ServerRequest& request) {
  if (listener.surface == config::Surface::metrics || request.path != "/ws")
    return refusal({Errc::not_found, "no WebSocket at " + request.path, {}});
  if (!adapters::transport::may_connect(listener.cors_origins,
                                        adapters::transport::header(request, "origin"),
                                        adapters::transport::header(request, "host")))
    return refusal({Errc::forbidden, "this origin is not on the list", "origin"});
  auto caller = caller_of(*this, listener, request, false);
  if (!caller)
    return std::move(caller.error());
  if (!core::security::may(caller->roles, core::security::Role::viewer))
    return refusal({Errc::forbidden, "needs the role viewer", {}});
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
    auto refused = self ? self->upgrade(listener, request)
                        : ServerResponse{.status = 503, .headers = {}, .body = {}};
    if (refused)
      add_security_headers(listener, *refused);
    return refused;
  };
  // Clients write as fast as they like: what of theirs waits is bounded, and who goes on is cut.
  using core::supervision::Places;
  const auto open = std::make_shared<std::map<std::uint64_t, OpenSocket>>();
  events.on_socket_open = [weak, broadcast_now, listener, open, keyed = keyed_sockets,
                           all = std::make_shared<Places>(texts_max)](
                              const ServerSocketPtr& socket, const ServerRequest& request) {
    if (listener.auth == config::Auth::keys)
      keyed->opened(socket, request);
    const auto self = weak.lock();
    const auto to = broadcast_now();
    if (!self || !to) {
      socket->close(1013, "not running at the moment");
      return;
    }
    const auto client = self->clients.fetch_add(1, std::memory_order_relaxed) + 1;
    open->emplace(socket->id(),
                  OpenSocket{client, std::make_shared<Places>(client_texts_max, all)});
    caf::anon_send(to, messages::ClientOpened{std::make_shared<SocketClient>(client, socket),
                                              listener.price_updates_per_second});
  };
  events.on_socket_text
      = [broadcast_now, open](const ServerSocketPtr& socket, std::string_view text) {
          const auto own = open->find(socket->id());
          auto place = own == open->end() ? nullptr : own->second.texts->take();
          if (!place)
            socket->close(1008, "too many messages at once");
          else if (const auto to = broadcast_now())
            caf::anon_send(
                to, messages::ClientText{own->second.client, std::string{text}, std::move(place)});
        };
  events.on_socket_closed
      = [broadcast_now, open, keyed = keyed_sockets](const ServerSocketPtr& socket) {
          keyed->closed(socket);
          const auto own = open->find(socket->id());
          if (own == open->end())
            return;
          if (const auto to = broadcast_now())
            caf::anon_send(to, messages::ClientClosed{own->second.client});
          open->erase(own);
        };
  events.on_refusal = [mode = context->mode, listener](int status, std::string_view reason) {
    ServerResponse response;
    response.status = status;
    response.body = adapters::traders::failure(server_error(status, reason), mode);
    add_security_headers(listener, response);
    return response;
  };
  return events;
}

} // namespace tandem::actors
