#include "actors/strategies/plans.hpp"

#include "messages/alert.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::PlansHandle::stateful_pointer<PlansState>;
using core::Errc;
using core::Error;
using core::orders::PlanRecord;
using core::twap::PlanConfig;
using core::twap::PlanId;
using messages::PlanOutcome;

/// One engine's worth; final ones are deleted by hand.
constexpr std::size_t plans_max = 2'000;

PlanOutcome refuse(const PlanId& id, Errc code, std::string detail, std::string field = {}) {
  return {id, Error{code, std::move(detail), std::move(field)}};
}

core::twap::PlanBook& book_of(const PlansState& state) {
  return *state.options.trading->book;
}

std::string no_plan(const PlanId& id) {
  return "no plan '" + id.text().substr(0, 64) + "'";
}

void show(PlansState& state) {
  std::int64_t active = 0;
  const auto all = book_of(state).all();
  for (const auto& known : all)
    active += !known.state || !core::twap::is_final(known.state->phase) ? 1 : 0;
  state.cell->set_counter("plans", static_cast<std::int64_t>(all.size()));
  state.cell->set_counter("active", active);
}

/// Rules that need to know what this engine is connected to.
std::optional<Error> check_legs(const PlansState& state, const PlanConfig& plan) {
  for (std::size_t n = 0; n < plan.legs.size(); ++n) {
    const auto& leg = plan.legs[n].instrument;
    const auto name = "legs[" + std::to_string(n) + "].";
    const auto& markets = state.options.markets;
    if (!std::ranges::any_of(markets, [&](const auto& known) { return known.venue == leg.venue; }))
      return Error{Errc::validation_error, "unknown exchange '" + leg.venue.text() + "'",
                   name + "exchange"};
    if (!markets.contains(leg.market()))
      return Error{Errc::validation_error,
                   leg.venue.text() + " has no market '" + std::string{core::to_string(leg.type)}
                       + "' here",
                   name + "marketType"};
    const auto table = state.context->board->instruments(leg.market());
    if (table && !table->find(leg.symbol))
      return Error{Errc::validation_error,
                   leg.venue.text() + " does not list '" + leg.symbol.text() + "' in its market '"
                       + std::string{core::to_string(leg.type)} + "'",
                   name + "symbol"};
  }
  return std::nullopt;
}

std::optional<Error> check(const PlansState& state, const PlanConfig& plan) {
  if (const auto problems = core::twap::check_plan(plan); !problems.empty())
    return Error{Errc::validation_error, problems.front().message, problems.front().field};
  if (auto problem = check_legs(state, plan))
    return problem;
  if (const auto& end = plan.options.end_at;
      end && *end <= core::to_millis(state.context->clocks.wall()))
    return Error{Errc::validation_error, "is in the past", "options.endAt"};
  return std::nullopt;
}

/// In the journal, then in the book and at work, then answered (PlanStored).
void store(Self self, const PlanConfig& plan, const std::string& person,
           std::optional<caf::typed_response_promise<PlanOutcome>> promise) {
  auto& state = self->state;
  book_of(state).put(plan);
  if (promise)
    state.being_stored.emplace(plan.id, *std::move(promise));
  // The journal answers from a thread of its own, perhaps after this actor has gone.
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(messages::PlansHandle{self});
  state.options.trading->desk->record(
      PlanRecord{plan, false, person, core::to_millis(state.context->clocks.wall())},
      [weak, id = plan.id](const core::Status& status) {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
          caf::anon_send(
              caf::actor_cast<messages::PlansHandle>(strong),
              messages::PlanStored{id, status ? std::nullopt : std::optional{status.error()}});
      });
}

void on_stored(Self self, const messages::PlanStored& stored) {
  auto& state = self->state;
  if (stored.error)
    book_of(state).remove(stored.id); // nobody was told of it; its id is not given again
  else
    state.options.start_plan(stored.id);
  show(state);
  const auto waiting = state.being_stored.extract(stored.id);
  if (!waiting.empty())
    waiting.mapped().deliver(PlanOutcome{stored.id, stored.error});
  else if (stored.error)
    messages::publish_alert(*state.context, messages::Severity::critical, "PLAN_NOT_STORED",
                            stored.id.text(), core::describe(*stored.error));
}

/// To the plan's own actor. One that is final has none after a restart.
template <class Request>
caf::result<PlanOutcome> to_plan(Self self, const PlanId& id, const Request& request) {
  auto& state = self->state;
  const auto known = book_of(state).find(id);
  if (!known)
    return refuse(id, Errc::not_found, no_plan(id));
  if (const auto plan
      = state.context->directory->get<messages::PlanHandle>(messages::paths::twap_plan(id.text())))
    return self->delegate(plan, request);
  if (known->state && core::twap::is_final(known->state->phase))
    return refuse(id, Errc::conflict,
                  "the plan is " + std::string{core::twap::to_string(known->state->phase)});
  return refuse(id, Errc::exchange_unavailable, "the plan's actor is restarting");
}

caf::result<PlanOutcome> put(Self self, const messages::PutPlan& request) {
  auto& state = self->state;
  auto plan = request.plan;
  if (request.replaces && !book_of(state).find(plan.id))
    return refuse(plan.id, Errc::not_found, no_plan(plan.id));
  if (auto problem = check(state, plan))
    return PlanOutcome{plan.id, std::move(problem)};
  if (request.replaces)
    return to_plan(self, plan.id, request);
  if (plan.id.empty())
    plan.id = book_of(state).unused_id();
  else if (book_of(state).is_taken(plan.id))
    return refuse(plan.id, Errc::conflict, "plan '" + plan.id.text() + "' exists, or once did",
                  "id");
  if (book_of(state).all().size() >= plans_max)
    return refuse(plan.id, Errc::conflict, "already " + std::to_string(plans_max) + " plans");
  auto promise = self->make_response_promise<PlanOutcome>();
  store(self, plan, request.person, promise);
  return promise;
}

PlanOutcome remove(Self self, const messages::DeletePlan& request) {
  auto& state = self->state;
  const auto known = book_of(state).find(request.id);
  if (!known)
    return refuse(request.id, Errc::not_found, no_plan(request.id));
  if (!known->state || !core::twap::is_final(known->state->phase))
    return refuse(request.id, Errc::conflict,
                  "the plan is "
                      + std::string{core::twap::to_string(
                          known->state ? known->state->phase : core::twap::PlanPhase::scheduled)}
                      + ": cancel it first");
  PlanConfig only_id;
  only_id.id = request.id;
  book_of(state).remove(request.id);
  state.options.trading->desk->record(
      PlanRecord{only_id, true, request.person, core::to_millis(state.context->clocks.wall())}, {});
  state.options.stop_plan(request.id);
  show(state);
  return {request.id, std::nullopt};
}

/// What the file names and nobody ever saw begins; what is known goes on as the journal has it.
void add_configured(Self self) {
  auto& state = self->state;
  for (const auto& plan : *state.options.configured) {
    if (book_of(state).is_taken(plan.id)) {
      const auto known = book_of(state).find(plan.id);
      if (known && known->plan != plan
          && !(known->state && core::twap::is_final(known->state->phase)))
        state.context->log->write(
            core::LogLevel::warning, "plan_differs",
            {{"planId", plan.id.text()},
             {"message", "goes on as it was made; change it by the interface"}});
      continue;
    }
    if (const auto problem = check(state, plan))
      messages::publish_alert(*state.context, messages::Severity::critical, "PLAN_REFUSED",
                              plan.id.text(), core::describe(*problem));
    else
      store(self, plan, {}, std::nullopt);
  }
}

void take_up(PlansState& state) {
  for (const auto& known : book_of(state).all()) {
    if (known.state && core::twap::is_final(known.state->phase))
      continue;
    if (const auto problems = core::twap::check_plan(known.plan); !problems.empty())
      messages::publish_alert(*state.context, messages::Severity::critical, "PLAN_REFUSED",
                              known.plan.id.text(),
                              problems.front().field + " " + problems.front().message);
    else
      state.options.start_plan(known.plan.id);
  }
}

} // namespace

messages::PlansHandle::behavior_type plans(Self self, messages::ContextPtr context,
                                           messages::CellPtr cell, PlansOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  take_up(state);
  add_configured(self);
  show(state);
  cell->set_state("running");
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::PutPlan& request) -> caf::result<PlanOutcome> {
        return put(self, request);
      }),
      observe([self](const messages::DeletePlan& request) -> PlanOutcome {
        return remove(self, request);
      }),
      observe([self](const messages::ControlPlan& request) -> caf::result<PlanOutcome> {
        return to_plan(self, request.id, request);
      }),
      observe([self](const messages::ReloadPlans& request) {
        *self->state.options.configured = request.configured;
        add_configured(self);
      }),
      observe([self](const messages::PlanStored& stored) { on_stored(self, stored); }),
  };
}

} // namespace tandem::actors
