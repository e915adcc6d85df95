#include "actors/api/http.hpp"

#include "actors/api/http_guard.hpp"
#include "actors/api/http_handlers.hpp"
#include "actors/api/http_surface.hpp"
#include "adapters/security/guard.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <stdexcept>
#include <utility>

namespace tandem::actors {

namespace {

using Self = HttpHandle::stateful_pointer<HttpState>;
using adapters::venues::PriceSource;

constexpr std::chrono::milliseconds tick_interval{500};

void show_guard(const adapters::security::Guard& guard, messages::ActorCell& cell) {
  const auto show = [&](const char* name, std::uint64_t value) {
    cell.set_counter(name, static_cast<std::int64_t>(value));
  };
  const auto asked = guard.counters();
  show("keys admitted", asked.admitted);
  show("keys missing", asked.keyless);
  show("keys wrong", asked.wrong);
  show("keys locked out", asked.locked_out);
  show("keys too often", asked.too_often);
  const auto audit = guard.audit_counters();
  show("audit written", audit.written);
  show("audit waiting", audit.waiting);
  show("audit lost", audit.lost);
}

adapters::transport::ServerLimits limits_of(const config::ListenerConfig& listener) {
  adapters::transport::ServerLimits limits;
  limits.websockets_max = listener.websockets_max;
  limits.connections_max = listener.websockets_max + 500;
  if (listener.tls)
    limits.tls = adapters::transport::ServerTls{listener.tls->certificate, listener.tls->key,
                                                listener.tls->client_ca};
  return limits;
}

void listen(Self self) {
  auto& impl = *self->state.impl;
  auto& bound = *impl.options.bound;
  // The actor is reached, not kept alive, by its own listeners.
  const auto me = caf::actor_cast<caf::weak_actor_ptr>(HttpHandle{self});
  const ToActor hand_over = [me](HttpCall call) {
    const auto strong = caf::actor_cast<caf::strong_actor_ptr>(me);
    if (!strong)
      return;
    const auto actor = caf::actor_cast<HttpHandle>(strong);
    if (call.route.operation->urgent)
      caf::anon_send<caf::message_priority::high>(actor, std::move(call));
    else
      caf::anon_send(actor, std::move(call));
  };
  bound.resize(impl.options.listeners.size());
  for (std::size_t i = 0; i < impl.options.listeners.size(); ++i) {
    const auto& listener = impl.options.listeners[i];
    const bool grpc = config::speaks_grpc(listener.surface);
    const auto& serve = grpc ? impl.options.serve_grpc : impl.options.serve;
    if (!serve)
      continue;
    auto server = serve(bound[i].empty() ? listener.address : bound[i], limits_of(listener),
                        impl.events(listener, hand_over));
    if (!server)
      throw std::runtime_error{core::describe(server.error())};
    bound[i] = (*server)->address();
    impl.options.on_listening(listener.surface, bound[i]);
    const std::lock_guard lock{impl.servers_mutex};
    impl.servers.push_back(std::move(*server));
  }
}

} // namespace

HttpState::HttpState(caf::scheduled_actor*) : impl{std::make_shared<HttpSurface>()} {}

HttpState::~HttpState() {
  std::vector<std::unique_ptr<adapters::transport::HttpServer>> closing;
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
  impl.keyed_sockets = std::make_shared<KeyedSockets>();
  impl.run = std::to_string(core::to_millis(context->clocks.wall()));
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
      observe([self](const HttpCall& call) {
        const auto handler = handler_of(call.route.operation->id);
        std::get<ActorHandler>(handler)({self, self->state.impl}, call);
      }),
      observe([self](const messages::Tick&) {
        auto& state = *self->state.impl;
        state.cell->set_counter("requests", static_cast<std::int64_t>(state.requests.load()));
        state.cell->set_counter("errors", static_cast<std::int64_t>(state.errors.load()));
        if (const auto& guard = state.options.guard) {
          state.keyed_sockets->look(*guard);
          show_guard(*guard, *state.cell);
        }
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
  };
}

} // namespace tandem::actors
