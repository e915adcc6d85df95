#include "apps/tandem_console/source.hpp"

#include "adapters/console/tables.hpp"
#include "adapters/transport/url.hpp"

#include <charconv>
#include <utility>

namespace tandem::apps {
namespace {

using adapters::transport::Json;
using adapters::transport::JsonWriter;
using core::console::View;
using core::console::Wish;
using Kind = Wish::Kind;

constexpr std::size_t orders_shown = 200;

std::string path_body(const std::string& path) {
  JsonWriter out;
  out.begin_object().field("path", path).end_object();
  return out.take();
}

std::string kill_body(const std::string& reason) {
  JsonWriter out;
  out.begin_object().field("level", "all").field("reason", reason).end_object();
  return out.take();
}

} // namespace

std::string full_path(const std::string& path) {
  return path == "engine" || path.starts_with("engine/") ? path : "engine/services/" + path;
}

std::string pair_path(const std::string& path) {
  return path.find('/') == std::string::npos && path != "engine"
             ? "engine/services/strategies/pair." + path
             : full_path(path);
}

Request actor_request(const std::string& path) {
  return {"GET", "/api/engine/actor?path=" + adapters::transport::percent_encoded(path)};
}

Request request_of(const Wish& wish, const std::string& reason) {
  const auto breaker = [&](const char* verb) {
    return Request{"POST", "/api/risk/breakers/" + adapters::transport::percent_encoded(wish.target)
                               + verb};
  };
  const auto actor = [&](const char* verb) {
    return Request{"POST", std::string{"/api/engine/actors/"} + verb, path_body(wish.target)};
  };
  switch (wish.kind) {
  case Kind::quit:
  case Kind::redraw:
    break;
  case Kind::restart:
    return actor("restart");
  case Kind::kill:
    return actor("kill");
  case Kind::pause:
    return actor("pause");
  case Kind::resume:
    return actor("resume");
  case Kind::trip:
    return breaker("/trip");
  case Kind::reset:
    return breaker("/reset");
  case Kind::kill_switch:
    return {"POST", "/api/risk/kill", kill_body(reason)};
  case Kind::release:
    return {"DELETE", "/api/risk/kill", kill_body(reason)};
  }
  return {};
}

Source::Source(adapters::console::Client& client, std::string address,
               std::function<core::MonoTime()> clock)
    : client_{client}, clock_{std::move(clock)} {
  model_.address = std::move(address);
  model_.trouble = "connecting";
}

void Source::refresh(View view, const std::optional<std::string>& detail) {
  if (!fetch("/health", [&](const Json& data) { adapters::console::read_health(model_, data); }))
    return;
  (void)fetch("/api/risk/kill",
              [&](const Json& data) { model_.kills = adapters::console::kill_texts(data); });
  // For the rates of all views, and for the two that are made from it.
  (void)fetch("/api/engine/actors", [&](const Json& data) {
    rates_ = meter_.look(adapters::console::message_counts(data), clock_());
    model_.table(View::tree) = adapters::console::tree_table(data, rates_);
    model_.table(View::venues) = adapters::console::venue_table(data, rates_);
  });
  fetch_view(view);
  if (!detail)
    model_.detail.reset();
  else
    (void)fetch(actor_request(*detail).target,
                [&](const Json& data) { model_.detail = adapters::console::actor_detail(data); });
}

void Source::fetch_view(View view) {
  using Make = core::console::Table (*)(const Json&);
  const auto table = [&](const std::string& target, Make make) {
    (void)fetch(target, [&](const Json& data) { model_.table(view) = make(data); });
  };
  switch (view) {
  case View::tree:
  case View::venues:
    return;
  case View::pairs:
    return table("/api/engine/pairs", adapters::console::pair_table);
  case View::plans:
    return table("/api/twap/plans", adapters::console::plan_table);
  case View::orders:
    return table("/api/orders?limit=" + std::to_string(orders_shown),
                 adapters::console::order_table);
  case View::breakers:
    return table("/api/risk/breakers", adapters::console::breaker_table);
  case View::sinks:
    return table("/api/engine/sinks", adapters::console::sink_table);
  case View::log:
    return fetch_log();
  }
}

void Source::fetch_log() {
  auto& table = model_.table(View::log);
  (void)fetch("/api/engine/log?limit=1000&after=" + std::to_string(last_line_),
              [&](const Json& data) {
                adapters::console::add_log(table, data);
                if (table.rows.empty())
                  return;
                const auto& id = table.rows.back().id;
                std::from_chars(id.data(), id.data() + id.size(), last_line_);
              });
}

bool Source::fetch(const std::string& target, const Read& read) {
  const auto reply = client_.call("GET", target, {}, call_timeout);
  if (!reply) {
    // Whoever answers next may be a new engine, whose log counts anew.
    if (std::exchange(model_.connected, false)) {
      last_line_ = 0;
      model_.table(View::log).rows.clear();
    }
    model_.trouble = core::describe(reply.error());
    return false;
  }
  model_.connected = true;
  model_.trouble.clear();
  if (const auto data = adapters::console::read_reply(reply->body))
    read(*data);
  return true;
}

std::string perform(adapters::console::Client& client, const Wish& wish,
                    const std::string& reason) {
  const auto request = request_of(wish, reason);
  const auto reply = client.call(request.method, request.target, request.body, call_timeout);
  const auto what = core::console::describe(wish) + ": ";
  if (!reply)
    return what + core::describe(reply.error());
  const auto data = adapters::console::read_reply(reply->body);
  return what + (data ? "done" : data.error().detail);
}

} // namespace tandem::apps
