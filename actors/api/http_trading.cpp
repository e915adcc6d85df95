#include "actors/api/http_trading.hpp"

#include "adapters/traders/orders.hpp"
#include "adapters/traders/risk.hpp"
#include "messages/now.hpp"
#include "messages/orders.hpp"
#include "messages/strategy.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;
using messages::now_of;

/// A pair answers an execution within 30 s, ended or not.
constexpr std::chrono::seconds execute_timeout{35};
/// Of what must not wait behind a flood: kill switches and breakers.
constexpr auto urgent = caf::message_priority::high;
constexpr std::size_t list_limit_default = 100;
constexpr std::size_t list_limit_max = 1'000;

// ---- executions and orders
// --------------------------------------------------------------------------------------------

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

void execute(const HttpSelf& self, const core::PairId& id, const HttpCall& call) {
  // Known but not running (restarting) is another answer than unknown.
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, call.respond,
                             [self, id, call](const messages::PairOutcome& known) {
                               if (known.error) {
                                 self.impl->fail(call.respond, *known.error);
                                 return;
                               }
                               ask<messages::PairHandle>(
                                   self, messages::paths::pair_monitor(id.text()),
                                   messages::ExecutePair{caller}, call.respond,
                                   [self, call](const messages::ExecuteOutcome& outcome) {
                                     answer_execution(self, call, outcome);
                                   },
                                   execute_timeout);
                             });
}

/// A list with ?limit and ?pair, newest first. @param write one row; false = not wanted.
template <class Rows, class Write>
void list(HttpSurface& impl, const HttpCall& call, Rows rows, Write write) {
  const auto limit = number_query(call.request, "limit", list_limit_default, list_limit_max);
  if (!limit)
    return impl.fail(call.respond, limit.error());
  const core::PairId pair{adapters::transport::query_value(call.request, "pair").value_or("")};
  JsonWriter out;
  out.begin_array();
  for (const auto& row : rows(*limit, pair))
    write(out, row);
  out.end_array();
  impl.ok(call.respond, out.text());
}

void orders(HttpSurface& impl, const HttpCall& call) {
  list(
      impl, call,
      [&](std::size_t limit, const core::PairId& pair) {
        auto rows = impl.options.trading->desk->latest(pair.empty() ? limit : list_limit_max);
        std::erase_if(rows, [&](const auto& order) {
          return !pair.empty() && order->intent().draft.origin.pair != pair;
        });
        rows.resize(std::min(rows.size(), limit));
        return rows;
      },
      [](JsonWriter& out, const auto& order) { adapters::traders::write_order(out, *order); });
}

void executions(HttpSurface& impl, const HttpCall& call) {
  list(
      impl, call,
      [&](std::size_t limit, const core::PairId& pair) {
        return impl.options.trading->book->latest(limit, pair);
      },
      [](JsonWriter& out, const auto& execution) {
        adapters::traders::write_execution(out, execution);
      });
}

// ---- accounts
// ---------------------------------------------------------------------------------------------------------

/// One venue's markets, asked together; the last answer sends all.
struct AccountAnswers {
  std::vector<messages::AccountSnapshot> snapshots;
  std::size_t missing = 0;
};

void write_account(JsonWriter& out, const std::vector<messages::AccountSnapshot>& snapshots) {
  // Markets of one account tell the same balances: each asset once for each account's market.
  out.begin_object().key("balances").begin_array();
  for (const auto& snapshot : snapshots)
    for (const auto& balance : snapshot.balances) {
      out.begin_object()
          .field("asset", balance.asset)
          .field("type", core::to_string(snapshot.market.type));
      out.key("free").raw(core::to_string(balance.free));
      out.key("locked").raw(core::to_string(balance.locked));
      out.end_object();
    }
  out.end_array().key("positions").begin_array();
  for (const auto& snapshot : snapshots)
    for (const auto& position : snapshot.positions) {
      out.begin_object()
          .field("symbol", position.instrument.symbol.text())
          .field("type", core::to_string(position.instrument.type));
      out.key("qty").raw(core::to_string(position.quantity));
      out.key("entryPrice").raw(core::to_string(position.entry_price));
      out.key("unrealised").raw(core::to_string(position.unrealised));
      out.end_object();
    }
  out.end_array().key("markets").begin_array();
  for (const auto& snapshot : snapshots) {
    out.begin_object()
        .field("type", core::to_string(snapshot.market.type))
        .field("open", snapshot.connected)
        .field("reason", snapshot.reason)
        .field("ts", snapshot.read_at);
    out.key("differences").begin_array();
    for (const auto& row : snapshot.differences) {
      out.begin_object().field("what", row.what);
      out.key("ours").raw(core::to_string(row.ours));
      out.key("theirs").raw(core::to_string(row.theirs));
      out.end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
}

void answer_account(HttpSurface& impl, const Respond& respond, const std::string& venue,
                    const std::vector<messages::AccountSnapshot>& snapshots) {
  const bool any = std::any_of(snapshots.begin(), snapshots.end(),
                               [](const auto& one) { return !one.public_only; });
  if (!any)
    return impl.fail(respond, {Errc::exchange_unavailable,
                               venue + " is public only: no API keys are set", "exchange"});
  JsonWriter out;
  write_account(out, snapshots);
  impl.ok(respond, out.text());
}

std::vector<core::MarketKey> markets_of(const HttpSurface& impl, const std::string& venue) {
  std::vector<core::MarketKey> markets;
  for (const auto& market : impl.options.markets)
    if (market.market->key().venue.text() == venue)
      markets.push_back(market.market->key());
  return markets;
}

/// Sends a request to every market's gateway of a venue and collects the answers.
void account(const HttpSelf& self, const std::string& venue, const HttpCall& call) {
  auto& impl = *self.impl;
  const auto markets = markets_of(impl, venue);
  if (markets.empty())
    return impl.fail(call.respond, {Errc::not_found,
                                    "no exchange '" + venue.substr(0, 64) + "' here", "exchange"});
  auto answers = std::make_shared<AccountAnswers>();
  const auto not_running = [public_only = !impl.options.trading->keys->has(core::VenueId{venue})](
                               const core::MarketKey& market) {
    messages::AccountSnapshot row;
    row.market = market;
    row.public_only = public_only;
    row.reason = "its order gateway is not running at the moment";
    return row;
  };
  std::vector<std::pair<core::MarketKey, messages::OrderGatewayHandle>> gateways;
  for (const auto& market : markets) {
    if (auto gateway = impl.context->directory->get<messages::OrderGatewayHandle>(
            messages::paths::order_gateway(market)))
      gateways.emplace_back(market, std::move(gateway));
    else
      answers->snapshots.push_back(not_running(market));
  }
  answers->missing = gateways.size();
  if (gateways.empty())
    return answer_account(impl, call.respond, venue, answers->snapshots);
  const auto finish = [self, answers, venue, respond = call.respond] {
    if (--answers->missing == 0)
      answer_account(*self.impl, respond, venue, answers->snapshots);
  };
  for (const auto& [market, gateway] : gateways)
    self.actor->request(gateway, actor_timeout, messages::GetAccount{})
        .then(
            [answers, finish](const messages::AccountSnapshot& snapshot) {
              answers->snapshots.push_back(snapshot);
              finish();
            },
            [answers, finish, row = not_running(market)](const caf::error&) {
              answers->snapshots.push_back(row);
              finish();
            });
}

/// A person takes the venue's numbers for ours, on one market.
void accept(const HttpSelf& self, const std::vector<std::string>& parts, const HttpCall& call) {
  const auto type = adapters::transport::query_value(call.request, "type").value_or("");
  if (type != "spot" && type != "linear")
    return self.impl->fail(call.respond, {Errc::validation_error,
                                          "say which market: ?type=spot or ?type=linear", "type"});
  const auto market = type == "linear" ? core::MarketType::linear : core::MarketType::spot;
  ask<messages::OrderGatewayHandle>(
      self, messages::paths::order_gateway({core::VenueId{parts[2]}, market}),
      messages::AcceptDifferences{caller}, call.respond,
      [self, respond = call.respond](const messages::Done& done) {
        if (done.error)
          self.impl->fail(respond, *done.error);
        else
          self.impl->ok(respond, {});
      });
}

// ---- risk
// -------------------------------------------------------------------------------------------------------------

void exposure(HttpSurface& impl, const HttpCall& call) {
  JsonWriter out;
  adapters::traders::write_exposure(out, impl.options.trading->desk->exposure(now_of(impl)));
  impl.ok(call.respond, out.text());
}

void answer_breaker(const HttpSelf& self, const Respond& respond,
                    const messages::BreakerView& breaker) {
  JsonWriter out;
  adapters::traders::write_breaker(out, breaker.name, breaker.saved);
  self.impl->ok(respond, out.text());
}

/// Every breaker of the tree, by its cell; the actors are asked one after the other.
void breakers(const HttpSelf& self, const HttpCall& call) {
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

template <class Request>
void steer_breaker(const HttpSelf& self, const std::string& name, Request request,
                   const HttpCall& call) {
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

void kills(HttpSurface& impl, const HttpCall& call) {
  JsonWriter out;
  out.begin_array();
  for (const auto& order : impl.options.trading->desk->kills())
    adapters::traders::write_kill(out, order);
  out.end_array();
  impl.ok(call.respond, out.text());
}

void answer_kill(const HttpSelf& self, const Respond& respond,
                 const messages::KillOutcome& outcome) {
  JsonWriter out;
  out.begin_object().field("changed", outcome.changed).key("cancelling").begin_array();
  for (const auto& id : outcome.cancelling)
    out.string(id.text());
  out.end_array().end_object();
  self.impl->ok(respond, out.text());
}

void kill(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  auto order = adapters::traders::parse_kill(call.request.body);
  if (!order)
    return impl.fail(call.respond, order.error());
  order->person = caller;
  order->ts = core::to_millis(impl.context->clocks.wall());
  ask<messages::RiskHandle, urgent>(
      self, messages::paths::risk, messages::ThrowKill{*order}, call.respond,
      [self, respond = call.respond](const messages::KillOutcome& outcome) {
        answer_kill(self, respond, outcome);
      });
}

void release(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  const auto order = adapters::traders::parse_kill(call.request.body);
  if (!order)
    return impl.fail(call.respond, order.error());
  ask<messages::RiskHandle, urgent>(
      self, messages::paths::risk, messages::ReleaseKill{order->level, order->scope, caller},
      call.respond, [self, respond = call.respond](const messages::KillOutcome& outcome) {
        if (outcome.changed)
          answer_kill(self, respond, outcome);
        else
          self.impl->fail(respond, {Errc::not_found, "no such kill switch was thrown", "scope"});
      });
}

/// A person pauses or resumes a pair's executions; resuming ends every pause that waits for a
/// person.
void pause(HttpSurface& impl, const core::PairId& id, bool paused, const HttpCall& call) {
  auto& desk = *impl.options.trading->desk;
  const auto now = now_of(impl);
  desk.pause(id.text(), "person", paused ? "by " + caller : "", now);
  if (!paused) {
    desk.pause(id.text(), "residual", "", now);
    desk.reset_executions(id.text(), caller, now);
  }
  impl.ok(call.respond, {});
}

void steer_pair(const HttpSelf& self, const core::PairId& id, bool paused, const HttpCall& call) {
  ask<messages::PairsHandle>(self, messages::paths::pairs, messages::GetPair{id}, call.respond,
                             [self, id, paused, call](const messages::PairOutcome& known) {
                               if (known.error)
                                 self.impl->fail(call.respond, *known.error);
                               else
                                 pause(*self.impl, id, paused, call);
                             });
}

/// A route of this file: how many parts, and the words that they begin with.
bool is(const std::vector<std::string>& parts, std::size_t size, std::string_view second,
        std::string_view third = {}) {
  return parts.size() == size && parts[0] == "api" && parts[1] == second
         && (third.empty() || parts[2] == third);
}

bool route_risk(const HttpSelf& self, const std::vector<std::string>& parts, const HttpCall& call) {
  auto& impl = *self.impl;
  const auto& method = call.request.method;
  const bool get = method == "GET" || method == "HEAD";
  const bool post = method == "POST";
  if (get && is(parts, 3, "risk", "exposure"))
    return exposure(impl, call), true;
  if (get && is(parts, 3, "risk", "breakers"))
    return breakers(self, call), true;
  if (post && is(parts, 5, "risk", "breakers") && parts[4] == "trip")
    return steer_breaker(self, parts[3], messages::TripBreaker{caller}, call), true;
  if (post && is(parts, 5, "risk", "breakers") && parts[4] == "reset")
    return steer_breaker(self, parts[3], messages::ResetBreaker{caller}, call), true;
  if (get && is(parts, 3, "risk", "kill"))
    return kills(impl, call), true;
  if (post && is(parts, 3, "risk", "kill"))
    return kill(self, call), true;
  if (method == "DELETE" && is(parts, 3, "risk", "kill"))
    return release(self, call), true;
  return false;
}

} // namespace

bool route_trading(const HttpSelf& self, const std::vector<std::string>& parts,
                   const HttpCall& call) {
  auto& impl = *self.impl;
  const auto& method = call.request.method;
  const bool get = method == "GET" || method == "HEAD";
  const bool post = method == "POST";
  const bool ours = is(parts, 4, "arbitrage", "execute") || is(parts, 2, "orders")
                    || is(parts, 2, "executions") || (parts.size() >= 3 && parts[1] == "account")
                    || (parts.size() >= 3 && parts[1] == "risk");
  if (ours && !impl.options.trading) {
    impl.fail(call.respond, {Errc::exchange_unavailable, "this engine only watches", {}});
    return true;
  }
  if (post && is(parts, 4, "arbitrage", "execute"))
    return execute(self, core::PairId{parts[3]}, call), true;
  if (get && is(parts, 2, "orders"))
    return orders(impl, call), true;
  if (get && is(parts, 2, "executions"))
    return executions(impl, call), true;
  if (get && is(parts, 3, "account"))
    return account(self, parts[2], call), true;
  if (post && is(parts, 4, "account") && parts[3] == "accept")
    return accept(self, parts, call), true;
  const bool steers = post && impl.options.trading && is(parts, 5, "monitoring", "pairs");
  if (steers && (parts[4] == "pause" || parts[4] == "resume"))
    return steer_pair(self, core::PairId{parts[3]}, parts[4] == "pause", call), true;
  return ours && route_risk(self, parts, call);
}

} // namespace tandem::actors
