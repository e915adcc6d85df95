/// Operations on pairs: how they are configured, what they see, and a person's hand on them.
#include "actors/api/http_handlers.hpp"
#include "adapters/traders/events.hpp"
#include "adapters/traders/orders.hpp"
#include "adapters/traders/pairs.hpp"
#include "adapters/traders/risk.hpp"
#include "messages/events.hpp"
#include "messages/now.hpp"
#include "messages/strategy.hpp"

#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;
using messages::now_of;

/// A pair answers an execution within 30 s, ended or not.
constexpr std::chrono::seconds execute_timeout{35};

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

void put_pair(const HttpSelf& self, messages::PutPair request, const Respond& respond) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, std::move(request), respond,
                             [self, respond](const messages::PairOutcome& outcome) {
                               answer_outcome(*self.impl, respond, outcome, true);
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

void refuse(HttpSurface& impl, const HttpCall& call, const core::risk::Refusal& refusal) {
  ServerResponse response;
  response.status = core::http_status(adapters::traders::code_of(refusal));
  response.body = adapters::traders::refusal(
      refusal, adapters::transport::header(call.request, "accept-language"), impl.context->mode);
  impl.answer(call.respond, std::move(response));
}

void answer_execution(const HttpSelf& self, const HttpCall& call,
                      const messages::ExecuteOutcome& outcome) {
  auto& impl = *self.impl;
  using core::strategy::ExecutionPhase;
  if (outcome.refusal)
    return refuse(impl, call, *outcome.refusal);
  const bool refused = outcome.execution && outcome.execution->phase == ExecutionPhase::refused;
  if (refused)
    return impl.fail(call.respond, {Errc::risk_rejected, outcome.execution->reason, {}});
  if (!outcome.execution)
    return impl.fail(call.respond,
                     outcome.error.value_or(core::Error{Errc::internal, "no outcome", {}}));
  JsonWriter out;
  adapters::traders::write_execution(out, *outcome.execution);
  impl.ok(call.respond, out.text());
}

void steer_pair(const HttpSelf& self, const core::PairId& id, bool paused, const HttpCall& call) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, call.respond,
                             [self, id, paused, call](const messages::PairOutcome& known) {
                               if (known.error)
                                 return self.impl->fail(call.respond, *known.error);
                               pause_by_person(*self.impl, id.text(), paused, call.caller.name);
                               self.impl->ok(call.respond, {});
                             });
}

} // namespace

void pause_by_person(HttpSurface& impl, const std::string& pair, bool paused,
                     const std::string& person) {
  auto& desk = *impl.options.trading->desk;
  const auto now = now_of(impl);
  desk.pause(pair, "person", paused ? "by " + person : "", now);
  if (!paused) {
    desk.pause(pair, "residual", "", now);
    desk.reset_executions(pair, person, now);
  }
}

namespace handlers {

void list_pairs(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::ListPairs{}, respond,
                             [self, respond](const messages::PairList& list) {
                               JsonWriter out;
                               out.begin_array();
                               for (const auto& pair : list.pairs)
                                 adapters::traders::write_pair(out, pair);
                               out.end_array();
                               self.impl->ok(respond, out.text());
                             });
}

void create_pair(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto body = adapters::traders::parse_json(call.request.body);
  const auto pair = body.and_then(
      [](const auto& json) { return adapters::traders::parse_pair(json, std::nullopt); });
  if (!pair)
    self.impl->fail(respond, pair.error());
  else
    put_pair(self, messages::PutPair{*pair, std::nullopt}, respond);
}

void update_pair(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const core::PairId id{call.value()};
  auto body = adapters::traders::parse_json(call.request.body);
  if (!body) {
    self.impl->fail(respond, body.error());
    return;
  }
  // What the body leaves out stays as it is.
  ask<messages::PairsHandle>(
      self, messages::paths::pairs, messages::GetPair{id}, respond,
      [self, id, respond, body = std::move(*body)](const messages::PairOutcome& known) {
        if (known.error) {
          self.impl->fail(respond, *known.error);
          return;
        }
        const auto pair = adapters::traders::parse_pair(body, known.pair);
        if (!pair)
          self.impl->fail(respond, pair.error());
        else if (pair->id != id)
          self.impl->fail(respond,
                          {Errc::validation_error, "the id of a pair does not change", "id"});
        else
          put_pair(self, messages::PutPair{*pair, id}, respond);
      });
}

void get_pair(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const core::PairId id{call.value()};
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, respond,
                             [self, respond](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self.impl->fail(respond, *known.error);
                                 return;
                               }
                               JsonWriter out;
                               adapters::traders::write_pair(out, *known.pair);
                               self.impl->ok(respond, out.text());
                             });
}

void delete_pair(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const core::PairId id{call.value()};
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::DeletePair{id}, respond,
                             [self, respond](const messages::PairOutcome& outcome) {
                               answer_outcome(*self.impl, respond, outcome, false);
                             });
}

void get_pair_state(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const core::PairId id{call.value()};
  // Known but not running (restarting) is another answer than unknown.
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, respond,
                             [self, id, respond](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self.impl->fail(respond, *known.error);
                                 return;
                               }
                               ask<messages::PairHandle>(
                                   self, messages::paths::pair_monitor(id.text()),
                                   messages::GetPairState{}, respond,
                                   [self, respond](const messages::PairSnapshot& pair) {
                                     JsonWriter out;
                                     write_state(out, pair);
                                     self.impl->ok(respond, out.text());
                                   });
                             });
}

void pause_pair(const HttpSelf& self, const HttpCall& call) {
  steer_pair(self, core::PairId{call.value()}, true, call);
}

void resume_pair(const HttpSelf& self, const HttpCall& call) {
  steer_pair(self, core::PairId{call.value()}, false, call);
}

void execute_pair(const HttpSelf& self, const HttpCall& call) {
  const core::PairId id{call.value()};
  // Known but not running (restarting) is another answer than unknown.
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, call.respond,
                             [self, id, call](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self.impl->fail(call.respond, *known.error);
                                 return;
                               }
                               ask<messages::PairHandle>(
                                   self, messages::paths::pair_monitor(id.text()),
                                   messages::ExecutePair{call.caller.name}, call.respond,
                                   [self, call](const messages::ExecuteOutcome& outcome) {
                                     answer_execution(self, call, outcome);
                                   },
                                   execute_timeout);
                             });
}

void list_opportunities(const HttpSelf& self, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto limit = number_query(call.request, "limit", list_limit_default, list_limit_max);
  if (!limit) {
    self.impl->fail(respond, limit.error());
    return;
  }
  const core::PairId pair{adapters::transport::query_value(call.request, "pair").value_or("")};
  ask<messages::EventLogHandle>(
      self, messages::paths::event_log, messages::GetOpportunities{*limit, pair}, respond,
      [self, respond](const messages::OpportunityRecords& list) {
        JsonWriter out;
        out.begin_object().field("total", list.total).key("opportunities").begin_array();
        for (const auto& record : list.records) {
          const auto& latest = record.latest;
          adapters::traders::write_opportunity(
              out, {latest.pair, latest.leg1, latest.leg2, latest.event, record.opened.ts});
        }
        out.end_array().end_object();
        self.impl->ok(respond, out.text());
      });
}

} // namespace handlers

} // namespace tandem::actors
