#include "actors/api/http.hpp"

#include "actors/api/http_ask.hpp"
#include "actors/api/http_plans.hpp"
#include "actors/api/http_settings.hpp"
#include "actors/api/http_surface.hpp"
#include "actors/api/http_trading.hpp"
#include "adapters/traders/events.hpp"
#include "adapters/traders/orders.hpp"
#include "adapters/traders/pairs.hpp"
#include "messages/events.hpp"
#include "messages/observe.hpp"
#include "messages/strategy.hpp"

#include <caf/send.hpp>

#include <stdexcept>
#include <utility>

namespace tandem::actors {

namespace {

using Self = HttpHandle::stateful_pointer<HttpState>;
using adapters::traders::JsonWriter;
using adapters::venues::PriceSource;
using core::Errc;

constexpr std::chrono::milliseconds tick_interval{500};
constexpr std::size_t list_limit_default = 100;
constexpr std::size_t list_limit_max = 1'000;

HttpSelf parts_of(Self self) {
  return {self, self->state.impl};
}

/// The outcome of a change to a pair, as an answer.
void answer_outcome(HttpSurface& impl, const Respond& respond, const messages::PairOutcome& outcome,
                    bool with_data) {
  if (outcome.error) {
    impl.fail(respond, *outcome.error);
    return;
  }
  JsonWriter out;
  out.begin_object().field("id", outcome.id.text()).end_object();
  impl.ok(respond, with_data ? std::string_view{out.text()} : std::string_view{});
}

void list_pairs(Self self, const Respond& respond) {
  ask<messages::PairsHandle>(parts_of(self), messages::paths::pairs, messages::ListPairs{}, respond,
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
  ask<messages::PairsHandle>(parts_of(self), messages::paths::pairs, std::move(request), respond,
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
      parts_of(self), messages::paths::pairs, messages::GetPair{id}, respond,
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
  ask<messages::PairsHandle>(parts_of(self), messages::paths::pairs, messages::GetPair{id}, respond,
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
  ask<messages::PairsHandle>(parts_of(self), messages::paths::pairs, messages::DeletePair{id},
                             respond, [self, respond](const messages::PairOutcome& outcome) {
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
  out.field("pauses", pair.counters.pauses).field("tooThin", pair.counters.too_thin).end_object();
  out.field("trades", pair.trades).field("heldBy", pair.held_by).key("execution");
  if (pair.execution)
    adapters::traders::write_execution(out, *pair.execution);
  else
    out.null();
  out.end_object();
}

void pair_state(Self self, const core::PairId& id, const Respond& respond) {
  // Known but not running (restarting) is another answer than unknown.
  ask<messages::PairsHandle>(parts_of(self), messages::paths::pairs, messages::GetPair{id}, respond,
                             [self, id, respond](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self->state.impl->fail(respond, *known.error);
                                 return;
                               }
                               ask<messages::PairHandle>(
                                   parts_of(self), messages::paths::pair_monitor(id.text()),
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
      parts_of(self), messages::paths::event_log, messages::GetOpportunities{*limit, pair}, respond,
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
      parts_of(self), messages::paths::event_log, messages::GetAlerts{*limit}, respond,
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
  if (route_trading(parts_of(self), parts, call) || route_plans(parts_of(self), parts, call)
      || route_settings(parts_of(self), parts, call))
    return;
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
  // The actor is reached, not kept alive, by its own listeners.
  const auto me = caf::actor_cast<caf::weak_actor_ptr>(HttpHandle{self});
  const ToActor hand_over = [me](ServerRequest request, Respond respond) {
    const auto strong = caf::actor_cast<caf::strong_actor_ptr>(me);
    if (!strong)
      return;
    const auto actor = caf::actor_cast<HttpHandle>(strong);
    const bool urgent = is_urgent(request);
    HttpCall call{std::move(request), std::move(respond)};
    if (urgent)
      caf::anon_send<caf::message_priority::high>(actor, std::move(call));
    else
      caf::anon_send(actor, std::move(call));
  };
  bound.resize(impl.options.listeners.size());
  for (std::size_t i = 0; i < impl.options.listeners.size(); ++i) {
    const auto& listener = impl.options.listeners[i];
    auto server = impl.options.serve(bound[i].empty() ? listener.address : bound[i],
                                     limits_of(listener), impl.events(listener, hand_over));
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
