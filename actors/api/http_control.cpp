/// The operations that watch and steer the engine itself: actors, what depends on them, sinks, the
/// log, the configuration, drills.
#include "actors/api/http_handlers.hpp"
#include "actors/api/tree_view.hpp"
#include "adapters/traders/orders.hpp"
#include "core/log_book.hpp"
#include "core/supervision/subtree.hpp"
#include "messages/control.hpp"
#include "messages/orders.hpp"
#include "messages/strategy.hpp"
#include "messages/twap.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;
using core::supervision::Dependent;

constexpr std::size_t path_max = 256;

/// The member "path" of a body, an actor's.
core::Result<std::string> path_of_body(const HttpCall& call) {
  const auto body = adapters::traders::parse_json(call.request.body);
  if (!body)
    return tl::unexpected{body.error()};
  const auto* path = body->find("path");
  if (path == nullptr || path->string() == nullptr || path->string()->empty()
      || path->string()->size() > path_max)
    return core::fail(Errc::validation_error, "must be the path of an actor", "path");
  return *path->string();
}

core::Error no_actor(const std::string& path) {
  return {Errc::not_found, "no actor at '" + path.substr(0, path_max) + "'", "path"};
}

bool is_known(const messages::Context& context, const std::string& path) {
  const auto cells = context.cells->all();
  return std::any_of(cells.begin(), cells.end(),
                     [&](const auto& cell) { return cell->path() == path; });
}

// ---- pausing what depends on a place
// -------------------------------------------------------------------------------------------

Dependent dependent(std::string id, std::string own_path,
                    const std::vector<core::MarketKey>& markets) {
  Dependent result{std::move(id), {std::move(own_path)}};
  for (const auto& market : markets)
    result.places.push_back(messages::paths::market(market));
  return result;
}

/// Ids of the plans that can still be paused or resumed.
std::vector<Dependent> plans_of(const HttpTrading& trading) {
  std::vector<Dependent> result;
  for (const auto& known : trading.plans->all()) {
    if (known.state && core::twap::is_final(known.state->phase))
      continue;
    std::vector<core::MarketKey> markets;
    for (const auto& leg : known.plan.legs)
      markets.push_back(leg.instrument.market());
    result.push_back(
        dependent(known.plan.id.text(), messages::paths::twap_plan(known.plan.id.text()), markets));
  }
  return result;
}

std::vector<Dependent> pairs_of(const messages::PairList& list) {
  std::vector<Dependent> result;
  for (const auto& pair : list.pairs)
    result.push_back(dependent(pair.id.text(), messages::paths::pair_monitor(pair.id.text()),
                               {pair.leg1.market(), pair.leg2.market()}));
  return result;
}

/// What was done to which plan; the last answer sends all.
struct Steered {
  std::vector<std::string> pairs;
  std::vector<std::string> plans;
  std::vector<std::string> refused; ///< plans that were in no state for it
  std::size_t missing = 0;
};

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const auto& text : texts)
    out.string(text);
  out.end_array();
}

void answer_steered(const HttpSelf& self, const Respond& respond, const Steered& done) {
  JsonWriter out;
  out.begin_object();
  write_texts(out, "pairs", done.pairs);
  write_texts(out, "plans", done.plans);
  write_texts(out, "plansUnchanged", done.refused);
  out.end_object();
  self.impl->ok(respond, out.text());
}

void steer_plans(const HttpSelf& self, const std::shared_ptr<Steered>& done,
                 const std::vector<std::string>& ids, bool paused, const HttpCall& call) {
  const auto plans
      = self.impl->context->directory->get<messages::PlansHandle>(messages::paths::plans);
  done->missing = plans ? ids.size() : 0;
  if (done->missing == 0) {
    done->refused = ids;
    return answer_steered(self, call.respond, *done);
  }
  const auto finish = [self, done, respond = call.respond](const std::string& id, bool changed) {
    (changed ? done->plans : done->refused).push_back(id);
    if (--done->missing == 0)
      answer_steered(self, respond, *done);
  };
  using messages::PlanAction;
  for (const auto& id : ids)
    self.actor
        ->request(plans, actor_timeout,
                  messages::ControlPlan{core::twap::PlanId{id},
                                        paused ? PlanAction::pause : PlanAction::resume,
                                        call.caller.name})
        .then([finish, id](
                  const messages::PlanOutcome& outcome) { finish(id, !outcome.error.has_value()); },
              [finish, id](const caf::error&) { finish(id, false); });
}

void steer(const HttpSelf& self, const HttpCall& call, bool paused) {
  const auto path = path_of_body(call);
  if (!path)
    return self.impl->fail(call.respond, path.error());
  if (!is_known(*self.impl->context, *path))
    return self.impl->fail(call.respond, no_actor(*path));
  ask<messages::PairsHandle>(
      self, messages::paths::pairs, messages::ListPairs{}, call.respond,
      [self, call, paused, path = *path](const messages::PairList& list) {
        const auto done = std::make_shared<Steered>();
        done->pairs = core::supervision::dependents_of(path, pairs_of(list));
        const auto plans
            = core::supervision::dependents_of(path, plans_of(*self.impl->options.trading));
        if (done->pairs.empty() && plans.empty())
          return self.impl->fail(call.respond,
                                 {Errc::not_found, "no pair or plan depends on it", "path"});
        for (const auto& pair : done->pairs)
          pause_by_person(*self.impl, pair, paused, call.caller.name);
        steer_plans(self, done, plans, paused, call);
      });
}

// ---- the pairs at a glance
// -------------------------------------------------------------------------------------------

void write_leg(JsonWriter& out, std::string_view name, const core::InstrumentKey& leg) {
  out.key(name)
      .begin_object()
      .field("exchange", leg.venue.text())
      .field("symbol", leg.symbol.text())
      .field("type", core::to_string(leg.type))
      .end_object();
}

/// Why no order of this pair would leave; empty: nothing is in the way.
std::string held_by(const HttpSurface& impl, const core::strategy::PairConfig& pair) {
  std::string held;
  if (impl.options.trading)
    impl.options.trading->desk->with_gate([&](core::risk::Gate& gate) {
      for (const auto& leg : {pair.leg1, pair.leg2})
        if (held.empty())
          held = gate.held(pair.id.text(), leg.venue);
    });
  return held;
}

void write_glance(JsonWriter& out, const HttpSurface& impl, const core::strategy::PairConfig& pair,
                  const std::vector<messages::CellPtr>& cells) {
  const auto path = messages::paths::pair_monitor(pair.id.text());
  const auto cell = std::find_if(cells.begin(), cells.end(),
                                 [&](const auto& one) { return one->path() == path; });
  out.begin_object().field("id", pair.id.text()).field("path", path);
  write_leg(out, "leg1", pair.leg1);
  write_leg(out, "leg2", pair.leg2);
  out.field("enabled", pair.enabled)
      .field("mode", core::strategy::to_string(pair.mode))
      .field("qty", pair.quantity)
      .field("threshold", pair.threshold);
  out.field("state", cell == cells.end() ? std::string{"not running"} : (*cell)->state())
      .field("heldBy", held_by(impl, pair))
      .key("counters")
      .begin_object();
  if (cell != cells.end())
    for (const auto& [name, value] : (*cell)->counters())
      out.field(name, value);
  out.end_object().end_object();
}

// ---- the log
// ---------------------------------------------------------------------------------------------------------

core::Result<std::uint64_t> after_query(const HttpCall& call) {
  const auto text = adapters::transport::query_value(call.request, "after").value_or("0");
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size())
    return core::fail(Errc::validation_error, "must be the number of a line", "after");
  return value;
}

core::Result<core::LogLevel> level_of(const std::string& text) {
  const auto level = core::parse_log_level(text);
  if (!level)
    return core::fail(Errc::validation_error, "must be debug, info, warning or error", "level");
  return *level;
}

void write_line(JsonWriter& out, const core::LogLine& line) {
  out.begin_object()
      .field("number", line.number)
      .field("ts", line.ts)
      .field("level", core::to_string(line.level))
      .field("category", core::to_string(line.category))
      .field("event", line.event)
      .field("actor", line.place);
  out.key("fields").begin_object();
  for (const auto& [key, value] : line.fields)
    out.field(key, value);
  out.end_object().end_object();
}

void write_levels(JsonWriter& out, const core::LogBook& book) {
  out.begin_array();
  for (const auto& [place, level] : book.levels())
    out.begin_object().field("path", place).field("level", core::to_string(level)).end_object();
  out.end_array();
}

core::Error no_book() {
  return {Errc::exchange_unavailable, "this process keeps no log in memory", {}};
}

// ---- configuration and drills
// ------------------------------------------------------------------------------------------

void answer_report(HttpSurface& impl, const Respond& respond, const ConfigReport& report) {
  JsonWriter out;
  out.begin_object();
  write_texts(out, "mistakes", report.mistakes);
  write_texts(out, "changes", report.changes);
  write_texts(out, "needRestart", report.need_restart);
  out.field("staged", report.staged).end_object();
  impl.ok(respond, out.text());
}

core::Error no_config() {
  return {Errc::exchange_unavailable, "this engine has no configuration file to change", {}};
}

/// What the simulator said, in our words.
void answer_drill(HttpSurface& impl, const Respond& respond,
                  const core::Result<adapters::transport::HttpResponse>& reply) {
  if (!reply)
    return impl.fail(respond, {Errc::upstream_error, reply.error().detail, "simulator"});
  if (reply->status == 200)
    return impl.ok(respond, {});
  const auto body = adapters::traders::parse_json(reply->body);
  const auto* why = body ? body->find("error") : nullptr;
  impl.fail(respond,
            {Errc::validation_error,
             why != nullptr && why->string() != nullptr ? *why->string()
                                                        : adapters::traders::excerpt(reply->body),
             "fault"});
}

} // namespace

namespace handlers {

void get_config(HttpSurface& impl, const HttpCall& call) {
  if (!impl.options.config)
    return impl.fail(call.respond, no_config());
  answer_report(impl, call.respond, impl.options.config->diff());
}

void stage_config(HttpSurface& impl, const HttpCall& call) {
  if (!impl.options.config)
    return impl.fail(call.respond, no_config());
  const auto body = adapters::traders::parse_json(call.request.body);
  const auto* yaml = body ? body->find("yaml") : nullptr;
  if (yaml == nullptr || yaml->string() == nullptr || yaml->string()->empty())
    return impl.fail(call.respond,
                     {Errc::validation_error, "must be the text of a configuration", "yaml"});
  const auto report = impl.options.config->stage(*yaml->string());
  if (!report.mistakes.empty())
    return impl.fail(call.respond, {Errc::validation_error,
                                    std::to_string(report.mistakes.size())
                                        + " mistakes, the first: " + report.mistakes.front(),
                                    "yaml"});
  answer_report(impl, call.respond, report);
}

void apply_config(HttpSurface& impl, const HttpCall& call) {
  if (!impl.options.config)
    return impl.fail(call.respond, no_config());
  const auto report = impl.options.config->apply();
  if (!report)
    return impl.fail(call.respond, report.error());
  answer_report(impl, call.respond, *report);
}

/// {"off": true} ends all faults; anything else is a fault of the simulator's menu.
void run_drill(HttpSurface& impl, const HttpCall& call) {
  if (!impl.options.kill_allowed)
    return impl.fail(call.respond, {Errc::forbidden, "only in mode mock", {}});
  if (impl.options.simulator.empty() || impl.options.http == nullptr)
    return impl.fail(
        call.respond,
        {Errc::exchange_unavailable, "the simulator's admin address is not known (SIM_ADMIN)", {}});
  const auto body = adapters::traders::parse_json(call.request.body);
  if (!body)
    return impl.fail(call.respond, body.error());
  adapters::transport::HttpRequest request;
  request.method = body->find("off") != nullptr ? "DELETE" : "POST";
  request.url = "http://" + impl.options.simulator + "/faults";
  request.headers = {{"Content-Type", "application/json"}};
  if (request.method == "POST")
    request.body = call.request.body;
  impl.context->log->write(
      core::LogLevel::warning, "drill",
      {{"fault", adapters::traders::excerpt(call.request.body)}, {"by", call.caller.name}});
  impl.options.http->send(std::move(request),
                          [self = impl.shared_from_this(), respond = call.respond](
                              const core::Result<adapters::transport::HttpResponse>& reply) {
                            answer_drill(*self, respond, reply);
                          });
}

void get_actor(HttpSurface& impl, const HttpCall& call) {
  const auto path = adapters::transport::query_value(call.request, "path").value_or("");
  const auto json = actor_json(*impl.context, path);
  if (json.empty())
    impl.fail(call.respond, no_actor(path));
  else
    impl.ok(call.respond, json);
}

void list_sinks(HttpSurface& impl, const HttpCall& call) {
  impl.ok(call.respond, sinks_json(*impl.context));
}

/// In order, through its supervisor: what it works on is finished first, and nothing counts as a
/// failure.
void restart_actor(HttpSurface& impl, const HttpCall& call) {
  const auto path = path_of_body(call);
  if (!path)
    return impl.fail(call.respond, path.error());
  if (!is_known(*impl.context, *path))
    return impl.fail(call.respond, no_actor(*path));
  const auto slash = path->rfind('/');
  if (slash == std::string::npos)
    return impl.fail(call.respond,
                     {Errc::validation_error, "the root is restarted with its process", "path"});
  const auto above = path->substr(0, slash);
  const auto supervisor = impl.context->directory->get<caf::actor>(above);
  // The root supervisor is in no directory: what stands right below it is not restarted alone.
  if (!supervisor)
    return impl.fail(call.respond,
                     {Errc::conflict, "its supervisor cannot be asked at the moment", above});
  impl.context->log->write(core::LogLevel::warning, "actor_restart_asked",
                           {{"actor", *path}, {"by", call.caller.name}});
  caf::anon_send(supervisor, messages::RestartChild{path->substr(slash + 1), call.caller.name});
  impl.ok(call.respond, {});
}

void pause_actor(const HttpSelf& self, const HttpCall& call) {
  steer(self, call, true);
}

void resume_actor(const HttpSelf& self, const HttpCall& call) {
  steer(self, call, false);
}

void list_pair_states(const HttpSelf& self, const HttpCall& call) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::ListPairs{}, call.respond,
                             [self, respond = call.respond](const messages::PairList& list) {
                               const auto cells = self.impl->context->cells->all();
                               JsonWriter out;
                               out.begin_array();
                               for (const auto& pair : list.pairs)
                                 write_glance(out, *self.impl, pair, cells);
                               out.end_array();
                               self.impl->ok(respond, out.text());
                             });
}

void get_log(HttpSurface& impl, const HttpCall& call) {
  const auto* book = impl.context->log->book();
  if (book == nullptr)
    return impl.fail(call.respond, no_book());
  const auto text
      = [&](std::string_view name) { return adapters::transport::query_value(call.request, name); };
  const auto after = after_query(call);
  const auto limit = number_query(call.request, "limit", list_limit_default, list_limit_max);
  const auto level = level_of(text("level").value_or("debug"));
  if (!after || !limit || !level)
    return impl.fail(call.respond, !after ? after.error() : !limit ? limit.error() : level.error());
  core::LogQuery query{*after, *limit, *level, text("path").value_or(""), std::nullopt};
  if (const auto wanted = text("category")) {
    query.category = core::parse_log_category(*wanted);
    if (!query.category)
      return impl.fail(call.respond,
                       {Errc::validation_error, "must be error, performance or event", "category"});
  }
  JsonWriter out;
  out.begin_object().key("lines").begin_array();
  for (const auto& line : book->lines(query))
    write_line(out, line);
  out.end_array().key("levels");
  write_levels(out, *book);
  out.end_object();
  impl.ok(call.respond, out.text());
}

/// {"path": "engine/...", "level": "debug"}; without a path the whole engine, null as the level
/// takes a path's own level away.
void set_log_level(HttpSurface& impl, const HttpCall& call) {
  auto* book = impl.context->log->book();
  if (book == nullptr)
    return impl.fail(call.respond, no_book());
  const auto body = adapters::traders::parse_json(call.request.body);
  if (!body)
    return impl.fail(call.respond, body.error());
  const auto* path = body->find("path");
  const std::string place = path != nullptr && path->string() != nullptr ? *path->string() : "";
  if (!place.empty() && !is_known(*impl.context, place))
    return impl.fail(call.respond, no_actor(place));
  const auto* wanted = body->find("level");
  const bool takes_away = wanted != nullptr && wanted->null() && !place.empty();
  std::optional<core::LogLevel> level;
  if (!takes_away) {
    const auto known
        = level_of(wanted != nullptr && wanted->string() != nullptr ? *wanted->string() : "");
    if (!known)
      return impl.fail(call.respond, known.error());
    level = *known;
  }
  if (!book->set_level(place, level))
    return impl.fail(call.respond,
                     {Errc::conflict, "there are levels for too many places already", "path"});
  JsonWriter out;
  write_levels(out, *book);
  impl.ok(call.respond, out.text());
}

} // namespace handlers

} // namespace tandem::actors
