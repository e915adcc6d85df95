#include "actors/price_stream/listener.hpp"

#include "adapters/price_stream/commands.hpp"
#include "adapters/price_stream/frame.hpp"
#include "adapters/price_stream/routes.hpp"
#include "adapters/price_stream/symbols.hpp"
#include "adapters/transport/cors.hpp"
#include "messages/observe.hpp"

#include <caf/duration.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace tandem::actors {

/// The page, embedded at build time (web/price_stream.html).
extern const char* const price_stream_page;

namespace price_stream {
namespace {

namespace wire = adapters::price_stream;
using Self = ListenerHandle::stateful_pointer<ListenerState>;
using adapters::transport::Respond;
using adapters::transport::ServerRequest;
using adapters::transport::ServerResponse;
using adapters::transport::ServerSocketPtr;
using wire::Edition;
using wire::RouteId;

constexpr std::chrono::milliseconds tick_interval{500};
constexpr std::chrono::milliseconds provider_timeout{3'000};
/// Of one client that does not read; beyond it the client is dropped.
constexpr std::size_t client_bytes_max = 1U * 1024 * 1024;
constexpr std::uint16_t close_slow = 1013;
constexpr std::uint16_t close_policy = 1008;
/// Texts of clients that wait to be read: of one, and of all.
constexpr std::size_t client_texts_max = 64;
constexpr std::size_t texts_max = 1'024;
constexpr std::size_t websockets_max = 2'000;

// ---- answers ----

void answer(const Respond& respond, int status, std::string body,
            std::string content_type = "application/json") {
  ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = std::move(content_type);
  respond(std::move(response));
}

wire::Query query_of(const ServerRequest& request) {
  return
      [&request](std::string_view name) { return adapters::transport::query_value(request, name); };
}

// ---- the provider ----

/// @param reply gets what the provider says; @param absent runs where it is down or silent.
template <class Request, class Reply, class Absent>
void ask_provider(Self self, Request request, Reply reply, Absent absent) {
  const auto& state = self->state;
  const auto peer = state.context->directory->template get<ProviderHandle>(paths::provider);
  if (!peer) {
    absent();
    return;
  }
  const messages::Observe observe{static_cast<ListenerHandle::pointer>(self), state.context,
                                  state.cell};
  // CAF 0.17.6 loses the priority when it is given a timeout of the standard library.
  self->request(peer, caf::duration{provider_timeout}, std::move(request))
      .then(observe(std::move(reply)), [absent](const caf::error&) { absent(); });
}

wire::ServerState state_of(const ListenerState& state, wire::ProviderStats provider) {
  return {.mode = state.context->mode,
          .now = state.context->clocks.wall(),
          .server_started = state.started,
          .connections = state.connections,
          .provider = std::move(provider)};
}

wire::ProviderStats stopped(const ListenerState& state) {
  wire::ProviderStats stats;
  stats.interval = state.options->base.text();
  return stats;
}

void provider_route(Self self, RouteId id, const Respond& respond) {
  const auto fail = [self, id, respond] {
    const auto& state = self->state;
    if (id == RouteId::health)
      answer(respond, 200, wire::health_json(state_of(state, stopped(state))));
    else if (id == RouteId::stats)
      answer(respond, 200, wire::stats_json(state_of(state, stopped(state))));
    else
      answer(respond, 503, wire::error_json(wire::not_running(state.options->edition)));
  };
  ask_provider(
      self, GetProvider{},
      [self, id, respond](const ProviderView& view) {
        const auto whole = state_of(self->state, view.stats);
        if (id == RouteId::health)
          answer(respond, 200, wire::health_json(whole));
        else if (id == RouteId::stats)
          answer(respond, 200, wire::stats_json(whole));
        else if (id == RouteId::status)
          answer(respond, 200, wire::status_json(whole));
        else if (id == RouteId::symbols)
          answer(respond, 200, wire::symbols_json(whole));
        else
          answer(respond, 200, wire::prices_json(view.prices));
      },
      fail);
}

void change_route(Self self, const wire::RouteMatch& match, const Respond& respond) {
  const auto symbol = wire::parse_symbol(match.symbol);
  if (!symbol) {
    const auto fault = wire::wrong_symbol("path", match.symbol);
    answer(respond, 422, wire::faults_json(std::span{&fault, 1}));
    return;
  }
  const bool wanted = match.id == RouteId::subscribe;
  ask_provider(
      self, ChangeSubscription{*symbol, wanted},
      [self, respond, symbol = *symbol, wanted](const SubscriptionChanged& changed) {
        const auto edition = self->state.options->edition;
        const auto now = self->state.context->clocks.wall();
        if (changed.error)
          answer(respond, 500, wire::error_json(changed.error->detail));
        else
          answer(respond, 200,
                 wanted ? wire::subscribed_json(edition, symbol, now)
                        : wire::unsubscribed_json(edition, symbol, now));
      },
      [self, respond] {
        answer(respond, 503, wire::error_json(wire::not_running(self->state.options->edition)));
      });
}

void route(Self self, const Called& call) {
  constexpr const char* html = "text/html; charset=utf-8";
  const auto& options = *self->state.options;
  const auto& respond = call.respond;
  const auto match = wire::find_route(options.edition, call.request.method, call.request.path);
  if (!match) {
    answer(respond, match.error() == wire::NoRoute::not_found ? 404 : 405,
           wire::no_route_json(match.error()));
    return;
  }
  switch (match->id) {
  case RouteId::root:
    if (options.edition == Edition::basic)
      answer(respond, 200, wire::root_json(options.version));
    else
      answer(respond, 200, price_stream_page, html);
    return;
  case RouteId::config:
    answer(respond, 200, wire::config_json(options.view));
    return;
  case RouteId::health:
  case RouteId::stats:
  case RouteId::status:
  case RouteId::prices:
  case RouteId::symbols:
    provider_route(self, match->id, respond);
    return;
  case RouteId::subscribe:
  case RouteId::unsubscribe:
    change_route(self, *match, respond);
    return;
  case RouteId::history:
  case RouteId::historical:
  case RouteId::analysis:
  case RouteId::alerts:
  case RouteId::volume:
    answer_stored(
        {options.base, options.listed, options.read_rows, self->state.context->clocks.wall}, *match,
        query_of(call.request), respond);
    return;
  case RouteId::docs:
    answer(respond, 200, wire::docs_html(options.edition, options.version), html);
    return;
  case RouteId::openapi:
    answer(respond, 200, wire::openapi_json(options.edition, options.version));
    return;
  }
}

// ---- WebSocket clients ----

/// 1m where it is offered, else the base; in the basic edition the base.
core::klines::Interval standard_interval(const ListenerOptions& options) {
  const auto minute = core::klines::Interval::parse("1m").value();
  const bool has_minute
      = options.edition == Edition::enhanced && core::klines::offered(minute, options.base);
  return has_minute ? minute : options.base;
}

void send_to(ListenerState& state, std::uint64_t id,
             const std::shared_ptr<const std::string>& text) {
  const auto found = state.clients.find(id);
  if (found == state.clients.end())
    return;
  const auto& socket = found->second.socket;
  if (socket->buffered() <= client_bytes_max && socket->send(text)) {
    ++state.connections.sent;
    return;
  }
  ++state.connections.failed_sends;
  socket->close(close_slow, "too slow");
  state.clients.erase(found);
}

void on_client(ListenerState& state, const ClientCame& came) {
  const auto& options = *state.options;
  auto listening
      = wire::parse_listening(query_of(came.request), options.base, standard_interval(options));
  if (listening && listening->interval != options.base
      && std::ranges::find(options.listed, listening->interval) == options.listed.end())
    listening = core::fail(core::Errc::validation_error, "Invalid interval"); // nobody sums it up
  if (!listening) {
    came.socket->close(wire::close_invalid, listening.error().detail);
    return;
  }
  ++state.connections.total;
  state.clients.emplace(came.socket->id(),
                        ListenerState::Client{came.socket, *std::move(listening)});
}

void on_text(Self self, const ClientSaid& said) {
  const auto id = said.socket->id();
  const auto reply = [self, id](std::string text) {
    send_to(self->state, id, std::make_shared<const std::string>(std::move(text)));
  };
  const auto command = wire::parse_command(said.text);
  if (!command) {
    reply(wire::error_text(command.error().detail));
    return;
  }
  if (!*command)
    return;
  ask_provider(
      self, ChangeSubscription{(*command)->symbol, (*command)->verb == wire::Verb::subscribe},
      [reply, command = **command](const SubscriptionChanged& changed) {
        reply(changed.error ? wire::error_text(changed.error->detail) : wire::done_text(command));
      },
      [self, reply] { reply(wire::error_text(wire::not_running(self->state.options->edition))); });
}

void on_price(ListenerState& state, const Published& price) {
  std::shared_ptr<const std::string> frame;
  std::vector<std::uint64_t> wanted; // sending may drop one
  for (const auto& [id, client] : state.clients)
    if (client.listening.wants(price.record.symbol, price.interval))
      wanted.push_back(id);
  if (wanted.empty())
    return;
  frame = std::make_shared<const std::string>(
      wire::price_frame(price.record, state.context->clocks.wall()));
  for (const auto id : wanted)
    send_to(state, id, frame);
}

// ---- the server ----

adapters::transport::ServerEvents events_of(Self self) {
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(ListenerHandle{self});
  const auto say = [weak](auto message) {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send(caf::actor_cast<ListenerHandle>(strong), std::move(message));
  };
  const auto options = self->state.options;
  adapters::transport::ServerEvents events;
  events.on_request = [say, options](ServerRequest request, Respond respond) {
    const std::string origin{adapters::transport::header(request, "origin")};
    Respond with_cors = [options, origin, respond = std::move(respond)](ServerResponse response) {
      adapters::transport::add_cors(options->cors_origins, origin, response);
      respond(std::move(response));
    };
    if (request.method == "OPTIONS")
      with_cors(adapters::transport::preflight("GET, POST, OPTIONS", "Content-Type"));
    else
      say(Called{std::move(request), std::move(with_cors)});
  };
  events.on_upgrade = [options](const ServerRequest& request) -> std::optional<ServerResponse> {
    ServerResponse refusal;
    if (request.path != "/ws/price") {
      refusal.status = 404;
      refusal.body = wire::no_route_json(wire::NoRoute::not_found);
      return refusal;
    }
    if (adapters::transport::may_connect(options->cors_origins,
                                         adapters::transport::header(request, "origin"),
                                         adapters::transport::header(request, "host")))
      return std::nullopt;
    refusal.status = 403;
    refusal.body = wire::error_json("this origin is not on the list");
    return refusal;
  };
  // Clients write as fast as they like: what of theirs waits is bounded, and who goes on is cut.
  using core::supervision::Places;
  const auto texts = std::make_shared<std::map<std::uint64_t, std::shared_ptr<Places>>>();
  events.on_socket_open = [say, texts, all = std::make_shared<Places>(texts_max)](
                              const ServerSocketPtr& socket, const ServerRequest& request) {
    texts->emplace(socket->id(), std::make_shared<Places>(client_texts_max, all));
    say(ClientCame{socket, request});
  };
  events.on_socket_text = [say, texts](const ServerSocketPtr& socket, std::string_view text) {
    const auto own = texts->find(socket->id());
    auto place = own == texts->end() ? nullptr : own->second->take();
    if (place)
      say(ClientSaid{socket, std::string{text}, std::move(place)});
    else
      socket->close(close_policy, "too many messages at once");
  };
  events.on_socket_closed = [say, texts](const ServerSocketPtr& socket) {
    texts->erase(socket->id());
    say(ClientLeft{socket->id()});
  };
  events.on_refusal = [](int status, std::string_view reason) {
    ServerResponse response;
    response.status = status;
    response.body = wire::error_json(reason);
    return response;
  };
  return events;
}

void listen(Self self) {
  auto& state = self->state;
  adapters::transport::ServerLimits limits;
  limits.websockets_max = websockets_max;
  limits.connections_max = websockets_max + 500;
  auto& bound = *state.options->bound;
  auto server = state.options->serve(bound.empty() ? state.options->address : bound, limits,
                                     events_of(self));
  if (!server)
    throw std::runtime_error{core::describe(server.error())};
  const bool first = bound.empty();
  bound = (*server)->address();
  state.server = std::move(*server);
  if (first)
    state.options->on_listening(bound);
}

} // namespace

ListenerHandle::behavior_type listener(Self self, messages::ContextPtr context,
                                       messages::CellPtr cell, ListenerOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.started = context->clocks.wall();
  state.options = std::make_shared<const ListenerOptions>(std::move(options));
  listen(self);
  cell->set_state("listening");
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const Published& price) { on_price(self->state, price); }),
      observe([self](const Called& call) { route(self, call); }),
      observe([self](const ClientCame& came) {
        on_client(self->state, came);
        self->state.connections.active = self->state.clients.size();
      }),
      observe([self](const ClientSaid& said) { on_text(self, said); }),
      observe([self](const ClientLeft& left) {
        self->state.clients.erase(left.id);
        self->state.connections.active = self->state.clients.size();
      }),
      observe([self](const messages::Tick&) {
        auto& mine = self->state;
        mine.connections.active = mine.clients.size();
        mine.cell->set_counter("clients", static_cast<std::int64_t>(mine.clients.size()));
        mine.cell->set_counter("sent", static_cast<std::int64_t>(mine.connections.sent));
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace price_stream
} // namespace tandem::actors
