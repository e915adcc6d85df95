/// Operations on TWAP plans.
#include "actors/api/http_handlers.hpp"
#include "adapters/traders/plans.hpp"
#include "messages/now.hpp"
#include "messages/twap.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;
using core::twap::PlanConfig;
using core::twap::PlanId;
using core::twap::PlanView;
using messages::now_of;

PlanView view(HttpSurface& impl, const core::twap::KnownPlan& known) {
  auto result = core::twap::view_of(known, now_of(impl));
  result.held_by = impl.options.trading->plans->held_by(known.plan.id);
  return result;
}

/// A plan that is not there is answered.
std::optional<core::twap::KnownPlan> find(HttpSurface& impl, const PlanId& id,
                                          const HttpCall& call) {
  auto known = impl.options.trading->plans->find(id);
  if (!known)
    impl.fail(call.respond,
              {Errc::not_found, "no plan '" + id.text().substr(0, 64) + "'", "planId"});
  return known;
}

void one(HttpSurface& impl, const HttpCall& call, void (*write)(JsonWriter&, const PlanView&)) {
  const auto known = find(impl, PlanId{call.value()}, call);
  if (!known)
    return;
  JsonWriter out;
  write(out, view(impl, *known));
  impl.ok(call.respond, out.text());
}

/// {planId} for what makes or changes a plan, nothing for the others.
auto answer(const HttpSelf& self, const HttpCall& call, bool with_id) {
  return [self, respond = call.respond, with_id](const messages::PlanOutcome& outcome) {
    if (outcome.error)
      return self.impl->fail(respond, *outcome.error);
    JsonWriter out;
    if (with_id)
      out.begin_object().field("planId", outcome.id.text()).end_object();
    self.impl->ok(respond, out.text());
  };
}

// ---- dry run
// ---------------------------------------------------------------------------------

/// The books of a plan's legs, asked for one by one from any thread.
struct DryRun {
  PlanConfig plan;
  std::mutex mutex;
  std::array<std::shared_ptr<const core::market::DepthView>, core::twap::legs_max> books;
  std::optional<core::Error> error;
  std::size_t missing = 0;
};

void answer_dry_run(HttpSurface& impl, const Respond& respond, const DryRun& run) {
  if (run.error)
    return impl.fail(respond, *run.error);
  core::Result<core::twap::Forecast> forecast{};
  impl.options.trading->desk->with_gate([&](core::risk::Gate& gate) {
    forecast = core::twap::forecast(run.plan, {run.books[0].get(), run.books[1].get()}, gate,
                                    now_of(impl));
  });
  if (!forecast)
    return impl.fail(respond, forecast.error());
  JsonWriter out;
  adapters::traders::write_forecast(out, run.plan, *forecast);
  impl.ok(respond, out.text());
}

void dry_run(HttpSurface& impl, PlanConfig plan, const HttpCall& call) {
  auto run = std::make_shared<DryRun>();
  run->plan = std::move(plan);
  run->missing = run->plan.legs.size();
  const auto put
      = [self = impl.shared_from_this(), run, respond = call.respond](std::size_t n, auto result) {
          {
            const std::lock_guard lock{run->mutex};
            if (result)
              run->books.at(n) = result->view;
            else
              run->error = result.error();
            if (--run->missing > 0)
              return;
          }
          answer_dry_run(*self, respond, *run);
        };
  const auto legs = run->plan.legs; // an answer may come at once
  for (std::size_t n = 0; n < legs.size(); ++n) {
    const auto& leg = legs[n].instrument;
    const auto instrument
        = impl.prices->resolve(leg.venue.text(), leg.symbol.text(), core::to_string(leg.type));
    if (instrument)
      impl.prices->get(
          *instrument,
          [put, n](const core::Result<adapters::venues::QuotedPrice>& price) { put(n, price); });
    else
      put(n, core::Result<adapters::venues::QuotedPrice>{tl::unexpected{instrument.error()}});
  }
}

// ---- changes
// ---------------------------------------------------------------------------------

/// @param base of a PUT.
void put(const HttpSelf& self, const std::optional<PlanConfig>& base, const HttpCall& call) {
  auto& impl = *self.impl;
  const auto body = adapters::traders::parse_json(call.request.body);
  if (!body)
    return impl.fail(call.respond, body.error());
  auto plan = adapters::traders::parse_plan(*body, base, impl.context->random());
  if (!plan)
    return impl.fail(call.respond, plan.error());
  const auto dry = adapters::transport::query_value(call.request, "dryRun").value_or("false");
  if (dry != "true" && dry != "false")
    return impl.fail(call.respond, {Errc::validation_error, "must be true or false", "dryRun"});
  if (dry == "true" && !base)
    return dry_run(impl, *std::move(plan), call);
  ask<messages::PlansHandle>(
      self, messages::paths::plans,
      messages::PutPlan{*std::move(plan), base.has_value(), call.caller.name}, call.respond,
      answer(self, call, true));
}

} // namespace

namespace handlers {

void list_plans(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  JsonWriter out;
  out.begin_array();
  for (const auto& known : impl.options.trading->plans->all())
    adapters::traders::write_plan(out, view(impl, known));
  out.end_array();
  impl.ok(call.respond, out.text());
}

void create_plan(const HttpSelf& self, const HttpCall& call) {
  put(self, std::nullopt, call);
}

void get_plan(const HttpSelf& self, const HttpCall& call) {
  one(*self.impl, call, adapters::traders::write_plan);
}

void update_plan(const HttpSelf& self, const HttpCall& call) {
  if (const auto known = find(*self.impl, PlanId{call.value()}, call))
    put(self, known->plan, call);
}

void delete_plan(const HttpSelf& self, const HttpCall& call) {
  ask<messages::PlansHandle>(self, messages::paths::plans,
                             messages::DeletePlan{PlanId{call.value()}, call.caller.name},
                             call.respond, answer(self, call, false));
}

void get_plan_status(const HttpSelf& self, const HttpCall& call) {
  one(*self.impl, call, adapters::traders::write_plan_status);
}

void control_plan(const HttpSelf& self, const HttpCall& call) {
  const auto action = adapters::traders::parse_plan_action(call.request.body);
  if (!action)
    return self.impl->fail(call.respond, action.error());
  const auto wanted = *action == "pause"    ? messages::PlanAction::pause
                      : *action == "resume" ? messages::PlanAction::resume
                                            : messages::PlanAction::cancel;
  ask<messages::PlansHandle>(self, messages::paths::plans,
                             messages::ControlPlan{PlanId{call.value()}, wanted, call.caller.name},
                             call.respond, answer(self, call, false));
}

} // namespace handlers

} // namespace tandem::actors
