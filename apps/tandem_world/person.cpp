#include "apps/tandem_world/person.hpp"

#include "adapters/traders/pairs.hpp"
#include "adapters/transport/json.hpp"
#include "messages/context.hpp"
#include "messages/orders.hpp"
#include "messages/strategy.hpp"
#include "messages/twap.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using core::risk::KillLevel;
using core::risk::KillOrder;
namespace paths = messages::paths;

constexpr auto look_every = 50ms;
constexpr auto ask_again = 2s; ///< without an answer
/// Without an end, flattening is asked for once more.
constexpr auto flatten_again = 30s;
constexpr auto looks_around_every = 4s;
constexpr int not_found = 404;

constexpr int error_of_server = 500;

/// "all", "venue.binance" or a strategy's id.
KillOrder order_of(const std::string& word) {
  KillOrder order;
  if (word == "all") {
    order.level = KillLevel::all;
  } else if (word.starts_with("venue.")) {
    order.level = KillLevel::venue;
    order.scope = word.substr(word.find('.') + 1);
  } else {
    order.level = KillLevel::strategy;
    order.scope = word;
  }
  return order;
}

std::string body_of(const KillOrder& order) {
  return fmt::format(R"({{"level":"{}","scope":"{}","reason":"by hand","flatten":{}}})",
                     core::risk::to_string(order.level), order.scope, order.flatten);
}

bool is_same_place(const KillOrder& one, const KillOrder& other) {
  return one.level == other.level && one.scope == other.scope;
}

bool knows(Life& life, const KillOrder& order) {
  return std::ranges::any_of(life.trading().desk->kills(), [&](const KillOrder& thrown) {
    return is_same_place(thrown, order) && (thrown.flatten || !order.flatten);
  });
}

core::MarketKey market_of(sim::SurfaceId surface) {
  const bool bybit = sim::venue_of(surface) == sim::VenueName::bybit;
  return {core::VenueId{bybit ? "bybit" : "binance"},
          sim::is_spot(surface) ? core::MarketType::spot : core::MarketType::linear};
}

} // namespace

/// An answer may be late or say that something is not there yet; only of an actor that the world
/// made fail may it say so. It is always what the interface speaks.
void Person::look_around() {
  static constexpr std::array<std::string_view, 17> views{"/health",
                                                          "/health/ready",
                                                          "/api/exchanges",
                                                          "/api/monitoring/pairs",
                                                          "/api/engine/pairs",
                                                          "/api/executions",
                                                          "/api/orders",
                                                          "/api/twap/plans",
                                                          "/api/opportunities",
                                                          "/api/account/binance",
                                                          "/api/account/bybit",
                                                          "/api/risk/exposure",
                                                          "/api/risk/breakers",
                                                          "/api/risk/kill",
                                                          "/api/alerts",
                                                          "/api/engine/actors",
                                                          "/api/engine/sinks"};
  if (auto* life = living_())
    for (const auto path : views)
      life->call({.method = "GET", .path = std::string{path}, .peer = "127.0.0.1:1"},
                 [this, path](const adapters::transport::ServerResponse& answer) {
                   if ((answer.status == error_of_server && !judge_.is_struck())
                       || !adapters::transport::parse_json(answer.body))
                     judge_.fault(fmt::format("GET {} is answered with {}: {}", path, answer.status,
                                              answer.body));
                 });
  timeline_.after(looks_around_every, [this] { look_around(); });
}

void Person::act(const Fault& fault) {
  using Does = void (Person::*)(const Fault&);
  static constexpr std::array<std::pair<FaultClass, Does>, 12> deeds{{
      {FaultClass::kill_switch, &Person::throw_switch},
      {FaultClass::breaker_tripped, &Person::trip},
      {FaultClass::pair_paused, &Person::pause_pair},
      {FaultClass::pair_changed, &Person::change_pair},
      {FaultClass::pair_executed, &Person::execute_pair},
      {FaultClass::plan_paused, &Person::steer_plan},
      {FaultClass::plan_cancelled, &Person::steer_plan},
      {FaultClass::plan_changed, &Person::steer_plan},
      {FaultClass::account_moved, &Person::move_account},
      {FaultClass::keys_renewed, &Person::renew_keys},
      {FaultClass::settings_renewed, &Person::renew_settings},
      {FaultClass::order_decided, &Person::begin_deciding},
  }};
  for (const auto& [kind, does] : deeds)
    if (kind == fault.kind)
      (this->*does)(fault);
}

void Person::on_begin() {
  auto* life = living_();
  if (life == nullptr)
    return;
  for (auto& one : thrown_) {
    const bool promised
        = std::exchange(one.promised, false)
          && scenery_.config.trading.durability == config::Durability::fsync; // any death
    if (promised && !knows(*life, one.order))
      judge_.fault("a kill switch that was answered as journalled is gone with the process: "
                   + core::risk::place_of(one.order.level, one.order.scope));
    if (std::exchange(one.seen, false) && !knows(*life, one.order)) {
      if (one.order.level == KillLevel::all)
        judge_.on_release();
      want_thrown(one.order);
    } else {
      one.seen = true;
    }
  }
}

/// What an answer to this wish promises of the switch that was asked for.
void Person::on_promise(const std::string& name) {
  for (auto& one : thrown_)
    if (name == "kill " + core::risk::place_of(one.order.level, one.order.scope))
      one.promised = true;
}

void Person::finish() {
  finishing_ = true;
  for (const auto& [name, what] : std::exchange(to_take_back_, {}))
    what();
  const bool flattens
      = std::ranges::any_of(thrown_, [](const auto& one) { return one.order.flatten; });
  for (const auto& one : std::vector{thrown_})
    if (!flattens)
      release(one.order.level, one.order.scope);
  work();
}

std::string Person::waits_for() const {
  for (const auto& [name, wish] : wishes_)
    return "a person waits for: " + name;
  return thrown_.empty() ? std::string{} : "a person waits for positions to be flat";
}

void Person::want(const std::string& name, std::vector<Request> requests) {
  wanted_[name] = requests;
  want_once(name, std::move(requests));
}

void Person::want_once(const std::string& name, std::vector<Request> requests) {
  wishes_[name] = {std::move(requests), ++wished_, {}};
  work();
}

void Person::ask(Life& life, const std::string& name) {
  auto& wish = wishes_.at(name);
  wish.asked_at = timeline_.now();
  const auto& request = wish.requests.front();
  life.call({.method = request.method,
             .path = request.path,
             .query = request.query,
             .body = request.body,
             .peer = "127.0.0.1:1"},
            [this, name, number = wish.number, resets = request.path.ends_with("/reset"),
             kills = request.path == "/api/risk/kill" && request.method == "POST",
             left = wish.requests.size()](const adapters::transport::ServerResponse& answer) {
              // The breaker of a pair that was deleted meanwhile is there again with its pair.
              if (resets && answer.status == not_found)
                return;
              const auto found = wishes_.find(name);
              if (found == wishes_.end() || found->second.number != number
                  || found->second.requests.size() != left || answer.status >= error_of_server)
                return;
              if (kills && answer.body.find(R"("journalled":true)") != std::string::npos)
                on_promise(name);
              auto& requests = found->second.requests;
              requests.erase(requests.begin());
              found->second.asked_at.reset();
              if (requests.empty())
                wishes_.erase(found);
            });
}

/// Comes back as long as there is something to ask for or to look after.
void Person::work() {
  if (works_)
    return;
  works_ = true;
  if (auto* life = living_()) {
    const auto now = timeline_.now();
    std::vector<std::string> due;
    for (const auto& [name, wish] : wishes_)
      if (!wish.asked_at || now - *wish.asked_at >= ask_again)
        due.push_back(name);
    for (const auto& name : due)
      ask(*life, name);
    for (auto& one : thrown_)
      if (!one.seen && !lifts(one.order) && knows(*life, one.order)) {
        one.seen = true;
        if (one.order.level == KillLevel::all)
          judge_.on_kill(core::to_millis(life->now().wall));
      }
    accept(*life);
    decide(*life);
    if (finishing_)
      flatten();
  }
  works_ = false;
  if (!wishes_.empty() || !thrown_.empty() || !accepts_.empty() || accepts_orders_
      || timeline_.now() < decides_until_)
    timeline_.after(look_every, [this, number = ++looks_] {
      if (number == looks_)
        work();
    });
}

void Person::take_back_later(const Fault& fault, const std::string& name,
                             std::function<void()> what) {
  to_take_back_[name] = std::move(what);
  timeline_.after(fault.lasts, [this, name] {
    if (auto found = to_take_back_.extract(name); !found.empty())
      found.mapped()();
  });
}

// ---- kill switches

void Person::throw_switch(const Fault& fault) {
  auto order = order_of(fault.word);
  order.flatten = fault.value == 1;
  std::erase_if(thrown_, [&](const Thrown& one) { return is_same_place(one.order, order); });
  thrown_.push_back({order, false, false, std::nullopt});
  want_thrown(order);
  timeline_.after(fault.lasts, [this, level = order.level, scope = order.scope] {
    if (!finishing_)
      release(level, scope);
  });
}

void Person::want_thrown(const KillOrder& order) {
  want("kill " + core::risk::place_of(order.level, order.scope),
       {{"POST", "/api/risk/kill", {}, body_of(order)}});
}

/// The switch that the engine knows is the one before, which it is about to lift.
bool Person::lifts(const KillOrder& order) const {
  const auto wish = wishes_.find("kill " + core::risk::place_of(order.level, order.scope));
  return wish != wishes_.end() && wish->second.requests.front().method == "DELETE";
}

void Person::release(KillLevel level, const std::string& scope) {
  std::erase_if(thrown_, [&](const Thrown& one) {
    return one.order.level == level && one.order.scope == scope;
  });
  if (level == KillLevel::all)
    judge_.on_release();
  KillOrder order;
  order.level = level;
  order.scope = scope;
  want("kill " + core::risk::place_of(level, scope),
       {{"DELETE", "/api/risk/kill", {}, body_of(order)}});
}

/// At the end: switches stay until what they cover is flat at the venues.
void Person::flatten() {
  for (auto& one : std::vector{thrown_}) {
    const auto left
        = one.order.flatten ? judge_.held(one.order, accepts_) : std::optional<std::string>{""};
    if (left && left->empty())
      release(one.order.level, one.order.scope);
  }
  for (auto& one : thrown_) {
    const auto now = timeline_.now();
    if (!one.again_at)
      one.again_at = now + flatten_again;
    if (now < *one.again_at)
      continue;
    one.again_at = now + flatten_again;
    const auto order = one.order;
    release(order.level, order.scope);
    thrown_.push_back({order, false, false, now + flatten_again});
    return timeline_.after(ask_again, [this, order] { want_thrown(order); });
  }
}

// ---- breakers

void Person::trip(const Fault& fault) {
  const auto name = "breaker " + fault.word;
  const auto path = "/api/risk/breakers/" + fault.word;
  want(name, {{"POST", path + "/trip", {}, {}}});
  take_back_later(fault, name, [this, name, path] {
    want(name, {{"POST", path + "/reset", {}, {}}});
  });
}

// ---- pairs

void Person::pause_pair(const Fault& fault) {
  const auto name = "pause " + fault.word;
  const auto path = "/api/monitoring/pairs/" + fault.word;
  want(name, {{"POST", path + "/pause", {}, {}}});
  take_back_later(fault, name, [this, name, path] {
    want(name, {{"POST", path + "/resume", {}, {}}});
  });
}

void Person::change_pair(const Fault& fault) {
  const auto pair = std::ranges::find(scenery_.config.pairs, fault.word,
                                      [](const auto& one) { return one.id.text(); });
  if (pair == scenery_.config.pairs.end())
    return;
  const auto name = "pair " + fault.word;
  const std::string pairs = "/api/monitoring/pairs";
  const auto path = pairs + '/' + fault.word;
  if (fault.value == 1)
    want(name, {{"DELETE", path, {}, {}}});
  else
    want(name, {{"PUT", path, {}, R"({"threshold":"0.03"})"}});
  adapters::traders::JsonWriter out;
  adapters::traders::write_pair(out, *pair);
  // Whether it is still there or not: one of the two is refused.
  take_back_later(fault, name, [this, name, pairs, path, body = std::string{out.text()}] {
    want(name, {{"PUT", path, {}, body}, {"POST", pairs, {}, body}});
  });
}

void Person::execute_pair(const Fault& fault) {
  want_once("execution of " + fault.word,
            {{"POST", "/api/arbitrage/execute/" + fault.word, {}, {}}});
}

// ---- plans

/// The plan a hundred times as large: what would the gate say?
std::string Person::trial_of(const std::string& plan) const {
  const auto found = std::ranges::find(scenery_.config.plans, plan,
                                       [](const auto& one) { return one.plan.id.text(); });
  if (found == scenery_.config.plans.end())
    return {};
  std::string legs;
  for (const auto& leg : found->plan.legs)
    legs += fmt::format(
        R"({}{{"exchange":"{}","symbol":"{}","marketType":"{}","side":"{}","type":"market"}})",
        legs.empty() ? "" : ",", leg.instrument.venue.text(), leg.instrument.symbol.text(),
        core::to_string(leg.instrument.type), leg.side == core::orders::Side::buy ? "buy" : "sell");
  return fmt::format(
      R"({{"name":"trial","totalQty":"100","sliceQty":"10","intervalMs":1000,"legs":[{}]}})", legs);
}

void Person::steer_plan(const Fault& fault) {
  const auto name = "plan " + fault.word;
  const auto control = "/api/twap/" + fault.word + "/control";
  const auto plan = "/api/twap/plans/" + fault.word;
  if (fault.kind == FaultClass::plan_changed) {
    want_once("trial of " + fault.word,
              {{"POST", "/api/twap/plans", "dryRun=true", trial_of(fault.word)}});
    return want(name, {{"PUT", plan, {}, R"({"sliceQty":"0.05"})"}});
  }
  if (fault.kind == FaultClass::plan_paused) {
    want(name, {{"POST", control, {}, R"({"action":"pause"})"}});
    return take_back_later(fault, name, [this, name, control] {
      want(name, {{"POST", control, {}, R"({"action":"resume"})"}});
    });
  }
  want(name, {{"POST", control, {}, R"({"action":"cancel"})"}});
  take_back_later(fault, name, [this, name, plan] { want(name, {{"DELETE", plan, {}, {}}}); });
}

// ---- the account

/// Spot: money comes or goes. Linear: an order that no engine sent.
void Person::move_account(const Fault& fault) {
  const auto surface = fault.link.surface;
  const bool bybit = sim::venue_of(surface) == sim::VenueName::bybit;
  const bool spot = sim::is_spot(surface);
  const auto account = bybit ? "desk-bybit" : "desk-binance";
  const auto size = core::Decimal{fault.value, 3}.to_string();
  const auto amount = core::Decimal{std::abs(fault.value), 3}.to_string();
  const auto body
      = spot
            ? fmt::format(R"({{"name":"{}","deposits":{{"{}":{{"{}":"{}"}}}}}})", account,
                          bybit ? "unified" : "spot", fault.word, size)
            : fmt::format(
                R"({{"account":"{}","surface":"{}","symbol":"{}USDT","side":"{}","quantity":"{}"}})",
                account, sim::name_of(surface), fault.word, fault.value < 0 ? "sell" : "buy",
                amount);
  static_cast<void>(simulator_.on_admin(
      {"POST", spot ? "/accounts" : "/orders/manual", {}, {}, body, "127.0.0.1:1"}, net_.wall()));
  accepts_.insert(market_of(fault.link.surface));
  work();
}

void Person::on_journal_lost() {
  accepts_orders_ = true;
  for (const auto& [name, requests] : wanted_)
    if (!wishes_.contains(name))
      want_once(name, requests);
  work();
}

/// Whatever differs where the account was moved; now and then, for a difference takes two readings
/// to be one.
void Person::accept(Life& life) {
  if (timeline_.now() < accept_at_)
    return;
  accept_at_ = timeline_.now() + ask_again;
  std::vector<core::MarketKey> differ;
  life.trading().desk->with_gate([&](const core::risk::Gate& gate) {
    for (const auto surface : scenery_.surfaces) {
      const auto market = market_of(surface);
      const auto* status = gate.market(market);
      if (status == nullptr || !status->reason.starts_with("the account differs"))
        continue;
      const bool of_orders = status->reason.ends_with("orders that the journal does not know");
      if (of_orders ? accepts_orders_ : accepts_.contains(market))
        differ.push_back(market);
    }
  });
  for (const auto& market : differ)
    want_once("acceptance at " + core::to_string(market),
              {{"POST",
                "/api/account/" + market.venue.text() + "/accept",
                "type=" + std::string{core::to_string(market.type)},
                {}}});
}

// ---- orders

void Person::begin_deciding(const Fault& fault) {
  decides_until_ = timeline_.now() + fault.lasts;
  decide_in_vain();
  work();
}

/// Of what has ended, and of what never was, there is nothing to decide.
void Person::decide_in_vain() {
  auto* life = living_();
  if (life == nullptr)
    return;
  const auto decide = [this](const std::string& id) {
    want_once("vain decision on " + id,
              {{"POST", "/api/orders/" + id + "/decide", {}, R"({"status":"cancelled"})"}});
  };
  decide("nobody");
  const auto orders = life->trading().desk->latest(std::numeric_limits<std::size_t>::max());
  if (!orders.empty() && orders.back()->settled())
    decide(orders.back()->id().text());
}

/// Of those that are not at the venue (yet: a request may be on its way) or ended there without a
/// fill; what was filled the engine must find by itself.
void Person::decide(Life& life) {
  if (timeline_.now() >= decides_until_)
    return;
  for (const auto& order : life.trading().desk->unsettled()) {
    const auto& id = order->id().text();
    const auto name = "decision on " + id;
    if (order->state() != core::orders::OrderState::unknown || wishes_.contains(name))
      continue;
    const auto shown = judge_.at_venue(id);
    if (shown && (shown->rest != 0 || shown->filled != 0))
      continue;
    want_once(name, {{"POST",
                      "/api/orders/" + id + "/decide",
                      {},
                      shown ? R"({"status":"cancelled"})" : R"({"status":"rejected"})"}});
  }
}

// ---- settings

/// What the settings' routes do when the keys are in the vault, which a world has none of.
void Person::renew_keys(const Fault& fault) {
  auto* life = living_();
  if (life == nullptr)
    return;
  if (fault.value != 0) {
    const core::VenueId venue{fault.word};
    const auto right = life->trading().keys->get(venue);
    auto wrong = right;
    if (fault.value == 1)
      wrong.secret += "-mistyped";
    else
      wrong.api_key = wrong.secret = "withdraws"; // of scenery.cpp
    life->trading().keys->put(venue, std::move(wrong));
    take_back_later(fault, "keys of " + fault.word,
                    [this, venue, right] { give_keys(venue, right); });
  }
  tell_of_keys(core::VenueId{fault.word});
}

void Person::give_keys(const core::VenueId& venue, const adapters::venues::Credentials& keys) {
  auto* life = living_();
  if (life == nullptr) {
    timeline_.after(ask_again, [this, venue, keys] { give_keys(venue, keys); });
    return;
  }
  life->trading().keys->put(venue, keys);
  tell_of_keys(venue);
}

void Person::tell_of_keys(const core::VenueId& of) {
  auto* life = living_();
  if (life == nullptr)
    return;
  const auto& directory = *life->context()->directory;
  for (const auto& venue : scenery_.config.venues)
    for (const auto& market : venue.markets) {
      const core::MarketKey key{venue.id, market.type};
      if (key.venue != of)
        continue;
      if (const auto gateway
          = directory.get<messages::OrderGatewayHandle>(paths::order_gateway(key)))
        caf::anon_send(gateway, messages::KeysChanged{});
      if (const auto feed = directory.get<messages::PrivateFeedHandle>(paths::private_feed(key)))
        caf::anon_send(feed, messages::KeysChanged{});
    }
}

/// What the watch over the configuration file does.
void Person::renew_settings(const Fault&) {
  auto* life = living_();
  if (life == nullptr)
    return;
  const auto& directory = *life->context()->directory;
  if (const auto pairs = directory.get<messages::PairsHandle>(paths::pairs))
    caf::anon_send(pairs, messages::ReloadPairs{scenery_.config.pairs});
  if (const auto plans = directory.get<messages::PlansHandle>(paths::plans))
    caf::anon_send(plans, messages::ReloadPlans{actors::supervisor::plans_of_run(
                              scenery_.config, life->trading().desk->epoch())});
}

} // namespace tandem::world
