/// Operations on orders, executions and accounts.
#include "actors/api/http_handlers.hpp"
#include "adapters/traders/orders.hpp"
#include "messages/orders.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::Errc;

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

// ---- accounts

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

} // namespace

namespace handlers {

void list_orders(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
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

/// A person says how an order ended of which the exchange does not tell it.
void decide_order(const HttpSelf& self, const HttpCall& call) {
  const auto status = adapters::traders::parse_decision(call.request.body);
  if (!status)
    return self.impl->fail(call.respond, status.error());
  ask<messages::RiskHandle>(
      self, messages::paths::risk,
      messages::DecideOrder{core::orders::ClientOrderId{call.value()}, *status, call.caller.name},
      call.respond, [self, respond = call.respond](const messages::DecideOutcome& outcome) {
        if (outcome.error)
          return self.impl->fail(respond, *outcome.error);
        JsonWriter out;
        out.begin_object().key("order");
        adapters::traders::write_order(out, *outcome.order);
        out.field("journalled", outcome.journalled).end_object();
        self.impl->ok(respond, out.text());
      });
}

void list_executions(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  list(
      impl, call,
      [&](std::size_t limit, const core::PairId& pair) {
        return impl.options.trading->book->latest(limit, pair);
      },
      [](JsonWriter& out, const auto& execution) {
        adapters::traders::write_execution(out, execution);
      });
}

/// Sends a request to every market's gateway of a venue and collects the answers.
void get_account(const HttpSelf& self, const HttpCall& call) {
  const auto& venue = call.value();
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
  const auto finish = [self, answers, venue = venue, respond = call.respond] {
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
void accept_differences(const HttpSelf& self, const HttpCall& call) {
  const auto type = adapters::transport::query_value(call.request, "type").value_or("");
  if (type != "spot" && type != "linear")
    return self.impl->fail(call.respond, {Errc::validation_error,
                                          "say which market: ?type=spot or ?type=linear", "type"});
  const core::MarketKey market{core::VenueId{call.value()}, type == "linear"
                                                                ? core::MarketType::linear
                                                                : core::MarketType::spot};
  const auto markets = markets_of(*self.impl, call.value());
  if (std::ranges::find(markets, market) == markets.end())
    return self.impl->fail(call.respond,
                           {Errc::not_found,
                            "no market '" + call.value().substr(0, 64) + "." + type + "' here",
                            "exchange"});
  ask<messages::OrderGatewayHandle>(self, messages::paths::order_gateway(market),
                                    messages::AcceptDifferences{call.caller.name}, call.respond,
                                    [self, respond = call.respond](const messages::Done& done) {
                                      if (done.error)
                                        self.impl->fail(respond, *done.error);
                                      else
                                        self.impl->ok(respond, {});
                                    });
}

} // namespace handlers

} // namespace tandem::actors
