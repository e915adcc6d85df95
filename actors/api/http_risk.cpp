/// Operations on what holds trading back: exposure, circuit breakers, kill switches.
#include "actors/api/http_handlers.hpp"
#include "adapters/traders/risk.hpp"
#include "messages/now.hpp"
#include "messages/orders.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;
using messages::now_of;

/// Of what must not wait behind a flood: kill switches and breakers.
constexpr auto urgent = caf::message_priority::high;

void answer_breaker(const HttpSelf& self, const Respond& respond,
                    const messages::BreakerView& breaker) {
  JsonWriter out;
  adapters::traders::write_breaker(out, breaker.name, breaker.saved);
  self.impl->ok(respond, out.text());
}

template <class Request>
void steer_breaker(const HttpSelf& self, Request request, const HttpCall& call) {
  const auto& name = call.value();
  const auto path = messages::paths::breaker(name);
  if (!self.impl->context->directory->get<messages::BreakerHandle>(path))
    return self.impl->fail(call.respond,
                           {Errc::not_found, "no breaker '" + name.substr(0, 64) + "'", "name"});
  ask<messages::BreakerHandle, urgent>(
      self, path, std::move(request), call.respond,
      [self, respond = call.respond](const messages::BreakerView& view) {
        answer_breaker(self, respond, view);
      });
}

/// What a switch names and the engine has not; null: there is nothing to object to.
const char* missing_scope(const HttpSurface& impl, const core::risk::KillOrder& order) {
  using core::risk::KillLevel;
  if (order.level == KillLevel::venue)
    return venues_of(impl).contains(core::VenueId{order.scope}) ? nullptr : "exchange";
  if (order.level != KillLevel::strategy)
    return nullptr;
  const auto cells = impl.context->cells->all();
  const bool runs = std::ranges::any_of(cells, [&](const messages::CellPtr& cell) {
    return cell->path() == messages::paths::pair_monitor(order.scope)
           || cell->path() == messages::paths::twap_plan(order.scope);
  });
  // One that was deleted may have left a position, which the switch is to flatten.
  return runs || !impl.options.trading->desk->held_positions(order.level, order.scope).empty()
             ? nullptr
             : "pair or plan";
}

void answer_kill(const HttpSelf& self, const Respond& respond,
                 const messages::KillOutcome& outcome) {
  JsonWriter out;
  out.begin_object().field("changed", outcome.changed).key("cancelling").begin_array();
  for (const auto& id : outcome.cancelling)
    out.string(id.text());
  out.end_array().field("journalled", outcome.journalled).end_object();
  self.impl->ok(respond, out.text());
}

} // namespace

namespace handlers {

void get_exposure(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  JsonWriter out;
  adapters::traders::write_exposure(out, impl.options.trading->desk->exposure(now_of(impl)));
  impl.ok(call.respond, out.text());
}

/// Every breaker of the tree, by its cell; the actors are asked one after the other.
void list_breakers(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  auto found = std::make_shared<std::vector<messages::BreakerView>>();
  auto missing = std::make_shared<std::size_t>(0);
  std::vector<messages::BreakerHandle> handles;
  for (const auto& cell : impl.context->cells->all())
    if (cell->kind() == "breaker")
      if (const auto breaker = impl.context->directory->get<messages::BreakerHandle>(cell->path()))
        handles.push_back(breaker);
  *missing = handles.size();
  const auto finish = [self, found, missing, respond = call.respond] {
    if (--*missing != 0)
      return;
    std::sort(found->begin(), found->end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    JsonWriter out;
    out.begin_array();
    for (const auto& breaker : *found)
      adapters::traders::write_breaker(out, breaker.name, breaker.saved);
    out.end_array();
    self.impl->ok(respond, out.text());
  };
  if (handles.empty())
    return impl.ok(call.respond, "[]");
  for (const auto& breaker : handles)
    self.actor->request(breaker, actor_timeout, messages::GetBreaker{})
        .then(
            [found, finish](const messages::BreakerView& view) {
              found->push_back(view);
              finish();
            },
            [finish](const caf::error&) { finish(); });
}

void trip_breaker(const HttpSelf& self, const HttpCall& call) {
  steer_breaker(self, messages::TripBreaker{call.caller.name}, call);
}

void reset_breaker(const HttpSelf& self, const HttpCall& call) {
  steer_breaker(self, messages::ResetBreaker{call.caller.name}, call);
}

void list_kills(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  JsonWriter out;
  out.begin_array();
  for (const auto& order : impl.options.trading->desk->kills())
    adapters::traders::write_kill(out, order);
  out.end_array();
  impl.ok(call.respond, out.text());
}

void throw_kill(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  auto order = adapters::traders::parse_kill(call.request.body);
  if (!order)
    return impl.fail(call.respond, order.error());
  // A misspelt name must not be answered as if something had been stopped.
  if (const auto* what = missing_scope(impl, *order))
    return impl.fail(call.respond, {Errc::validation_error,
                                    std::string{"is no "} + what + " of this engine", "scope"});
  order->person = call.caller.name;
  order->ts = core::to_millis(impl.context->clocks.wall());
  ask<messages::RiskHandle, urgent>(
      self, messages::paths::risk, messages::ThrowKill{*order}, call.respond,
      [self, respond = call.respond](const messages::KillOutcome& outcome) {
        answer_kill(self, respond, outcome);
      });
}

void release_kill(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  const auto order = adapters::traders::parse_kill(call.request.body);
  if (!order)
    return impl.fail(call.respond, order.error());
  ask<messages::RiskHandle, urgent>(
      self, messages::paths::risk,
      messages::ReleaseKill{order->level, order->scope, call.caller.name}, call.respond,
      [self, respond = call.respond](const messages::KillOutcome& outcome) {
        if (outcome.changed)
          answer_kill(self, respond, outcome);
        else
          self.impl->fail(respond, {Errc::not_found, "no such kill switch was thrown", "scope"});
      });
}

} // namespace handlers

} // namespace tandem::actors
