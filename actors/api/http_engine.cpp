/// Operations on the engine itself: health, exchanges, the tree of actors, alerts.
#include "actors/api/http_handlers.hpp"
#include "actors/api/http_views.hpp"
#include "actors/api/tree_view.hpp"
#include "adapters/traders/events.hpp"
#include "messages/events.hpp"

#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <string_view>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;

/// For the interface's last answer, which is recorded before it leaves.
constexpr std::chrono::milliseconds farewell{200};

/// Its death ends the connections that the answer goes through.
bool takes_interface_with_it(std::string_view path) {
  constexpr std::string_view services = "engine/services/";
  return !path.starts_with(services) || path.substr(services.size()).starts_with("api");
}

} // namespace

namespace handlers {

void health(HttpSurface& impl, const HttpCall& call) {
  impl.ok(call.respond, health_json(*impl.context, impl.options, impl.started_at).json);
}

void readiness(HttpSurface& impl, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto view = health_json(*impl.context, impl.options, impl.started_at);
  if (view.ready) {
    impl.ok(respond, view.json);
    return;
  }
  auto response = impl.refusal({Errc::exchange_unavailable, "not every market is connected", {}});
  JsonWriter out;
  out.begin_object()
      .field("success", false)
      .field("mode", impl.context->mode)
      .key("error")
      .begin_object();
  out.field("code", "EXCHANGE_UNAVAILABLE")
      .field("message", "not every market is connected")
      .key("details")
      .raw(view.json);
  out.end_object().end_object();
  response.body = out.take();
  impl.answer(respond, std::move(response));
}

void list_exchanges(HttpSurface& impl, const HttpCall& call) {
  impl.ok(call.respond, exchanges_json(*impl.context, impl.options.markets));
}

void get_exchange(HttpSurface& impl, const HttpCall& call) {
  const auto& name = call.value();
  const auto json = exchange_json(*impl.context, impl.options.markets, name);
  if (json.empty())
    impl.fail(call.respond,
              {Errc::not_found, "no exchange '" + name.substr(0, 64) + "' here", "exchange"});
  else
    impl.ok(call.respond, json);
}

void list_actors(HttpSurface& impl, const HttpCall& call) {
  impl.ok(call.respond, tree_json(*impl.context));
}

void list_alerts(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto limit = number_query(call.request, "limit", list_limit_default, list_limit_max);
  if (!limit) {
    self.impl->fail(respond, limit.error());
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
        self.impl->ok(respond, out.text());
      });
}

/// Ends an actor the hard way, so that a person can watch its supervisor work.
void kill_actor(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  auto& impl = *self.impl;
  if (!impl.options.kill_allowed) {
    impl.fail(respond, {Errc::forbidden, "only in mode mock", {}});
    return;
  }
  const auto body = adapters::traders::parse_json(call.request.body);
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
  impl.ok(respond, {});
  if (takes_interface_with_it(*path->string()))
    caf::delayed_anon_send(victim, farewell, caf::exit_msg{{}, caf::exit_reason::kill});
  else
    caf::anon_send_exit(victim, caf::exit_reason::kill);
}

} // namespace handlers

} // namespace tandem::actors
