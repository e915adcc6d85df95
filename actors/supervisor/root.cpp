#include "actors/supervisor/root.hpp"

#include "actors/journal/journal_actor.hpp"
#include "actors/market/market_bus.hpp"
#include "actors/risk/breaker_actor.hpp"
#include "actors/risk/desk_clock.hpp"
#include "actors/risk/flattener.hpp"
#include "actors/sinks/broadcast.hpp"
#include "actors/sinks/event_log.hpp"
#include "actors/strategies/pair_monitor.hpp"
#include "actors/strategies/pairs.hpp"
#include "actors/strategies/plans.hpp"
#include "actors/strategies/twap_plan.hpp"
#include "actors/supervisor/spawn.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/venues/feed.hpp"
#include "actors/venues/instruments.hpp"
#include "actors/venues/order_gateway.hpp"
#include "actors/venues/paper_gateway.hpp"
#include "actors/venues/private_feed.hpp"
#include "messages/placed.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <any>
#include <map>
#include <set>
#include <thread>
#include <utility>

namespace tandem::actors::supervisor {
namespace {

using core::supervision::BackoffLimits;
using core::supervision::Intensity;
using core::supervision::Strategy;
using messages::CellPtr;
using messages::ContextPtr;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Restart intensities: promises of the tree (docs/architecture.md). Few at the top, more at the
// leaves; back-offs grow so that one crash-looping leaf cannot spend the budget of its parent.
constexpr Intensity root_intensity{.restarts_max = 3, .within = seconds{300}};
constexpr Intensity group_intensity{.restarts_max = 5, .within = seconds{60}};
constexpr Intensity link_intensity{.restarts_max = 5, .within = seconds{30}};
/// Of groups with many leaves: pairs, breakers. Each of them may fall once in a bad minute.
constexpr Intensity crowd_intensity{.restarts_max = 20, .within = seconds{60}};
constexpr Intensity sinks_intensity{.restarts_max = 10, .within = seconds{60}};
constexpr BackoffLimits leaf_backoff{.first = milliseconds{250}, .cap = milliseconds{30'000}};
constexpr BackoffLimits group_backoff{.first = milliseconds{5'000}, .cap = milliseconds{60'000}};

/// How long a lossless replay waits for a consumer before it goes on without it.
constexpr seconds lossless_wait_max{2};

/// A child made by one function-style actor.
template <caf::spawn_options Options = caf::no_spawn_options, class Body, class... Args>
ChildSpec leaf(const ContextPtr& context, std::string name, std::string kind, Body body,
               Args... args) {
  ChildSpec child;
  child.name = std::move(name);
  child.kind = std::move(kind);
  child.backoff = leaf_backoff;
  child.start = [context, body, args...](caf::actor_system& system, const CellPtr& cell) {
    return caf::actor_cast<caf::actor>(spawn_guarded<Options>(
        system, body, messages::placed(context, cell->path()), cell, args...));
  };
  return child;
}

/// On a thread of its own, where there are threads.
template <class Body, class... Args>
ChildSpec leaf_apart(const EngineParts& parts, std::string name, std::string kind, Body body,
                     Args... args) {
  return parts.own_threads ? leaf<caf::detached>(parts.context, name, kind, body, args...)
                           : leaf(parts.context, name, kind, body, args...);
}

/// On a thread of its own among those that serve, so that nobody who trades waits for it.
template <class Body, class... Args>
ChildSpec leaf_serving(const EngineParts& parts, std::string name, std::string kind, Body body,
                       Args... args) {
  auto child = leaf(parts.context, std::move(name), std::move(kind), body, args...);
  if (parts.own_threads)
    child.start = [context = parts.context, place = parts.serving, body,
                   args...](caf::actor_system& system, const CellPtr& cell) {
      return caf::actor_cast<caf::actor>(spawn_placed(
          system, place, body, messages::placed(context, cell->path()), cell, args...));
    };
  return child;
}

std::string part(const std::string& parent, const std::string& name) {
  return parent + "/" + name;
}

// ---- venues
// -------------------------------------------------------------------------------------------------------

adapters::venues::SessionLimits session_limits(const config::FeedConfig& feed) {
  adapters::venues::SessionLimits limits;
  limits.book_silence_max = feed.book_silence_max;
  limits.first_data_timeout = feed.first_data_timeout;
  limits.crossed_max = feed.crossed_max;
  return limits;
}

/// "trades" or "kline_1m" for every configured symbol. The loader has checked the names.
std::vector<adapters::venues::Stream> extra_streams(const config::MarketConfig& market) {
  using adapters::venues::Channel;
  std::vector<adapters::venues::Stream> streams;
  for (const auto& symbol : market.symbols) {
    for (const auto& name : market.streams) {
      if (name == "best")
        streams.push_back({Channel::best, symbol, {}});
      else if (name == "trades")
        streams.push_back({Channel::trades, symbol, {}});
      else if (name == "ticker")
        streams.push_back({Channel::ticker, symbol, {}});
      else if (name.starts_with("kline_"))
        streams.push_back({Channel::klines, symbol, name.substr(6)});
    }
  }
  return streams;
}

FeedOptions feed_options(const EngineParts& parts, const MarketParts& market) {
  FeedOptions options;
  options.market = market.market.get();
  options.strand = parts.venue_strand;
  options.connector = parts.connector;
  options.rest = market.rest;
  options.socket.url = market.config.websocket;
  options.socket.tls.ca_file = market.config.ca_file;
  options.socket.proxy = parts.proxy_for(market.config.websocket);
  options.limits = session_limits(market.config.feed);
  options.reconnect_after = market.config.feed.reconnect_after;
  options.backoff
      = {.first = market.config.feed.backoff_first, .cap = market.config.feed.backoff_cap};
  options.symbols = {market.config.symbols.begin(), market.config.symbols.end()};
  options.streams = extra_streams(market.config);
  options.tape = parts.tape;
  options.breakers = parts.trading ? &parts.trading->breakers : nullptr;
  // On one thread every frame is dealt with before the next.
  if (parts.config.engine.delivery == config::Delivery::lossless && parts.own_threads) {
    options.before_publish
        = [mono = parts.context->clocks.mono](const core::market::WakeFlag& flag) {
            const auto deadline = mono() + lossless_wait_max;
            while (!flag.idle() && mono() < deadline)
              std::this_thread::yield();
          };
  }
  return options;
}

/// Symbols of this market that a pair or the configuration names: whose fees are asked for.
std::set<core::Symbol> traded_symbols(const EngineParts& parts, const core::MarketKey& market) {
  std::set<core::Symbol> symbols;
  for (const auto& pair : parts.config.pairs)
    for (const auto& leg : {pair.leg1, pair.leg2})
      if (leg.market() == market)
        symbols.insert(leg.symbol);
  return symbols;
}

/// Private feed and order gateway, in this order: the gateway relies on the feed.
void add_private_side(const EngineParts& parts, const MarketParts& market, SupervisorSpec& spec) {
  const auto& config = market.config;
  const auto& trading = parts.config.trading;
  adapters::venues::PrivateMarket side;
  side.market = market.market.get();
  side.trading = market.trading.get();
  const auto own_or = [](auto* own, auto* shared) { return own != nullptr ? own : shared; };
  side.strand = own_or(parts.private_strand, parts.venue_strand);
  side.connector = own_or(parts.private_connector, parts.connector);
  side.http = own_or(parts.private_http, parts.http);
  side.desk = parts.trading->desk.get();
  side.waiting = [updates = parts.trading->updates] { return updates->taken(); };
  side.keys = parts.trading->keys;
  side.board = parts.context->board;
  side.clocks = parts.context->clocks;
  side.random = parts.context->random;
  side.rest.base_url = config.rest;
  side.rest.proxy = parts.proxy_for(config.rest);
  side.rest.tls.ca_file = config.ca_file;
  side.rest.timeout = trading.reply_timeout;
  side.rest.recv_window = trading.recv_window;
  side.budget = market.rest->budget();
  side.backoff = {.first = config.feed.backoff_first, .cap = config.feed.backoff_cap};
  const auto socket_at = [&](const std::string& url) {
    adapters::transport::WebSocketOptions socket;
    socket.url = url.empty() ? config.websocket : url;
    socket.tls.ca_file = config.ca_file;
    socket.proxy = parts.proxy_for(socket.url);
    return socket;
  };
  OrderGatewayOptions gateway;
  gateway.parts = side;
  gateway.link.entry = config.orders_by_socket ? adapters::venues::OrderEntry::socket
                                               : adapters::venues::OrderEntry::rest;
  gateway.link.socket = socket_at(config.order_websocket.empty() ? config.private_websocket
                                                                 : config.order_websocket);
  gateway.link.reply_timeout = trading.reply_timeout;
  gateway.link.send_delay_max = trading.limits.send_delay_max;
  gateway.link.dead_man_window = trading.dead_man_window;
  auto& baseline = parts.trading->baselines[market.market->key()];
  if (!baseline)
    baseline = std::make_shared<AccountBaseline>();
  gateway.baseline = baseline;
  gateway.breakers = &parts.trading->breakers;
  gateway.symbols = traded_symbols(parts, market.market->key());
  gateway.allowed = {config.tradable.begin(), config.tradable.end()};
  if (parts.config.mode == config::Mode::prod && gateway.allowed.empty())
    gateway.allowed.insert(core::Symbol{}); // nothing is on the list, so nothing may be traded
  gateway.reconcile_interval = trading.reconcile_interval;
  gateway.clock_offset_max = trading.limits.clock_offset_max;
  gateway.refuse_withdraw_keys = trading.refuse_withdraw_keys;
  PrivateFeedOptions feed_options{side, socket_at(config.private_websocket)};
  spec.children.push_back(
      leaf(parts.context, "private_feed", "private_feed", private_feed, feed_options));
  spec.children.push_back(
      leaf(parts.context, "order_gateway", "order_gateway", order_gateway, gateway));
}

void add_paper_side(const EngineParts& parts, const MarketParts& market, SupervisorSpec& spec) {
  const auto& config = market.config;
  const auto& trading = parts.config.trading;
  PaperGatewayOptions gateway;
  gateway.market = market.market->key();
  gateway.tools = {.trading = market.trading.get(),
                   .strand = parts.venue_strand,
                   .keys = parts.trading->keys,
                   .board = parts.context->board,
                   .clocks = parts.context->clocks,
                   .log = parts.context->log,
                   .recv_window = trading.recv_window,
                   .order_left = [&breakers = parts.trading->breakers, venue = gateway.market.venue,
                                  clocks = parts.context->clocks](const core::PairId& pair) {
                     breakers.order_left(venue, pair, clocks.mono(), clocks.wall());
                   }};
  gateway.desk = parts.trading->desk.get();
  gateway.paper = std::make_shared<core::orders::PaperMarket>(
      gateway.market,
      core::orders::PaperTerms{trading.paper_balances, config.taker_fee, config.taker_fee},
      [shared = parts.trading] {
        return std::to_string(shared->desk->epoch()) + "_" + std::to_string(++shared->paper_ids);
      });
  gateway.taker_fee = config.taker_fee;
  gateway.allowed = {config.tradable.begin(), config.tradable.end()};
  gateway.clock_offset_max = trading.limits.clock_offset_max;
  spec.children.push_back(
      leaf(parts.context, "order_gateway", "paper_gateway", paper_gateway, gateway));
}

ChildSpec market_child(const EngineParts& parts, const MarketParts& market,
                       const std::string& venue_path) {
  const auto& context = parts.context;
  const auto& feed_config = market.config.feed;
  InstrumentsOptions list;
  list.market = market.market.get();
  list.rest = market.rest;
  list.refresh_interval = feed_config.instruments_interval;
  list.clock_interval = feed_config.clock_interval;
  list.clock_offset_max = feed_config.clock_offset_max;
  list.retry = {.first = feed_config.backoff_first, .cap = feed_config.backoff_cap};
  const std::string name{core::to_string(market.market->key().type)};
  SupervisorSpec spec;
  spec.path = part(venue_path, name);
  spec.strategy = Strategy::rest_for_one;
  spec.intensity = link_intensity;
  spec.children.push_back(leaf(context, "instruments", "instruments", instruments, list));
  spec.children.push_back(leaf(context, "feed", "feed", feed, feed_options(parts, market)));
  if (parts.trading && market.trading) {
    // Mode dev has no private connection at all: what is not there cannot send a real order.
    if (parts.config.mode == config::Mode::dev)
      add_paper_side(parts, market, spec);
    else
      add_private_side(parts, market, spec);
  }
  auto child = supervisor_child(context, name, std::move(spec));
  child.backoff = group_backoff;
  return child;
}

ChildSpec venues_child(const EngineParts& parts, const std::string& parent) {
  SupervisorSpec venues;
  venues.path = part(parent, "venues");
  venues.intensity = group_intensity;
  std::set<core::VenueId> ids;
  for (const auto& market : parts.markets)
    ids.insert(market.market->key().venue);
  for (const auto& id : ids) {
    SupervisorSpec venue;
    venue.path = part(venues.path, id.text());
    venue.intensity = group_intensity;
    for (const auto& market : parts.markets)
      if (market.market->key().venue == id)
        venue.children.push_back(market_child(parts, market, venue.path));
    auto child = supervisor_child(parts.context, id.text(), std::move(venue));
    child.backoff = group_backoff;
    venues.children.push_back(std::move(child));
  }
  return supervisor_child(parts.context, "venues", std::move(venues));
}

// ---- risk
// -------------------------------------------------------------------------------------------------------

ChildSpec breaker_child(const EngineParts& parts, BreakerScope scope,
                        const core::risk::BreakerLimits& limits) {
  BreakerOptions options;
  options.seat = parts.trading->breakers.seat(scope.name);
  options.limits = limits;
  options.desk = parts.trading->desk.get();
  options.scope = std::move(scope);
  const auto name = "breaker." + options.scope.name;
  auto child = leaf(parts.context, name, "breaker", breaker_actor, options);
  // A changed pair keeps its breaker.
  child.made_from = options.scope.name;
  child.same = [](const std::any& one, const std::any& other) {
    const auto* a = std::any_cast<std::string>(&one);
    const auto* b = std::any_cast<std::string>(&other);
    return a != nullptr && b != nullptr && *a == *b;
  };
  return child;
}

ChildSpec pair_breaker(const EngineParts& parts, const core::PairId& id) {
  return breaker_child(parts,
                       {core::risk::breaker_of(id), core::risk::KillLevel::strategy, id.text()},
                       parts.config.trading.breakers.pair);
}

SupervisorSpec risk_group(const EngineParts& parts, std::string path) {
  using core::risk::KillLevel;
  const auto& limits = parts.config.trading.breakers;
  SupervisorSpec risk;
  risk.path = std::move(path);
  risk.intensity = crowd_intensity;
  // A kill comes this way, however busy the others keep the scheduler's threads.
  risk.children.push_back(leaf_apart(parts, "desk", "desk", desk_clock, parts.trading->desk.get()));
  risk.children.push_back(
      leaf(parts.context, "flattener", "flattener", flattener, parts.trading->desk.get()));
  risk.children.push_back(breaker_child(
      parts, {std::string{core::risk::global_breaker}, KillLevel::all, {}}, limits.global));
  std::set<core::VenueId> venues;
  for (const auto& market : parts.markets)
    venues.insert(market.market->key().venue);
  for (const auto& venue : venues)
    risk.children.push_back(breaker_child(
        parts, {core::risk::breaker_of(venue), KillLevel::venue, venue.text()}, limits.venue));
  for (const auto& id : parts.trading->judged_pairs())
    risk.children.push_back(pair_breaker(parts, id));
  return risk;
}

ChildSpec risk_child(const EngineParts& parts, const std::string& parent) {
  auto child = supervisor_child(parts.context, "risk", {});
  // A group that begins again finds the pairs of that moment. `parts` outlives the tree.
  child.start
      = [&parts, path = part(parent, "risk")](caf::actor_system& system, const CellPtr& cell) {
          return spawn_guarded(system, supervisor, parts.context, cell, risk_group(parts, path));
        };
  return child;
}

// ---- strategies
// ---------------------------------------------------------------------------------------------------

void to_group(const ContextPtr& context, const std::string& group, auto message) {
  const auto supervisor_now = context->directory->get<caf::actor>(group);
  if (supervisor_now)
    caf::anon_send(supervisor_now, std::move(message));
}

ChildSpec monitor_child(const ContextPtr& context, const core::strategy::PairConfig& pair,
                        const core::strategy::SpreadFees& fees,
                        const std::shared_ptr<const PairTrading>& trading, bool detached) {
  const PairMonitorOptions options{pair, fees, trading};
  const auto name = "pair." + pair.id.text();
  auto child = detached ? leaf<caf::detached>(context, name, "pair_monitor", pair_monitor, options)
                        : leaf(context, name, "pair_monitor", pair_monitor, options);
  // When only the list of pairs restarts, the pairs themselves go on.
  child.made_from = options;
  child.same = [](const std::any& one, const std::any& other) {
    const auto* a = std::any_cast<PairMonitorOptions>(&one);
    const auto* b = std::any_cast<PairMonitorOptions>(&other);
    return a != nullptr && b != nullptr && a->pair == b->pair && a->fees.leg1 == b->fees.leg1
           && a->fees.leg2 == b->fees.leg2;
  };
  return child;
}

ChildSpec plans_child(const EngineParts& parts) {
  PlansOptions options;
  *options.configured = plans_of_run(parts.config, parts.trading->desk->epoch());
  for (const auto& market : parts.markets)
    options.markets.insert(market.market->key());
  options.trading = parts.trading->plans;
  options.start_plan = [context = parts.context, trading = options.trading](const auto& id) {
    auto child = leaf(context, "twap." + id.text(), "twap_plan", twap_plan, trading, id);
    // When only the list of plans restarts, the plans themselves go on.
    child.made_from = id;
    child.same = [](const std::any& one, const std::any& other) {
      const auto* a = std::any_cast<core::twap::PlanId>(&one);
      const auto* b = std::any_cast<core::twap::PlanId>(&other);
      return a != nullptr && b != nullptr && *a == *b;
    };
    to_group(context, messages::paths::strategies, StartChild{std::move(child)});
  };
  options.stop_plan = [context = parts.context](const auto& id) {
    to_group(context, messages::paths::strategies, StopChild{"twap." + id.text()});
  };
  return leaf(parts.context, "plans", "plans", plans, options);
}

ChildSpec strategies_child(const EngineParts& parts, const std::string& parent) {
  PairsOptions options;
  *options.configured = parts.config.pairs;
  for (const auto& market : parts.markets)
    options.taker_fees[market.market->key()] = market.config.taker_fee;
  const auto context = parts.context;
  const auto detached = parts.config.engine.pairs_detached && parts.own_threads;
  const auto trading = parts.trading;
  // `parts` outlives the tree.
  options.start_monitor = [&parts, context, detached,
                           trading](const core::strategy::PairConfig& pair,
                                    const core::strategy::SpreadFees& fees) {
    if (trading) {
      trading->judge(pair.id, true);
      to_group(context, messages::paths::risk_group, StartChild{pair_breaker(parts, pair.id)});
    }
    to_group(context, messages::paths::strategies,
             StartChild{
                 monitor_child(context, pair, fees, trading ? trading->pairs : nullptr, detached)});
  };
  options.stop_monitor = [context, trading](const core::PairId& id) {
    to_group(context, messages::paths::strategies, StopChild{"pair." + id.text()});
    if (!trading)
      return;
    trading->judge(id, false);
    to_group(context, messages::paths::risk_group, StopChild{"breaker.pair." + id.text()});
  };
  SupervisorSpec strategies;
  strategies.path = part(parent, "strategies");
  strategies.intensity = crowd_intensity;
  strategies.children.push_back(leaf(context, "pairs", "pairs", pairs, options));
  if (trading)
    strategies.children.push_back(plans_child(parts));
  return supervisor_child(context, "strategies", std::move(strategies));
}

// ---- the rest
// -----------------------------------------------------------------------------------------------------

ChildSpec sinks_child(const EngineParts& parts, const std::string& parent) {
  SupervisorSpec sinks;
  sinks.path = part(parent, "sinks");
  sinks.intensity = sinks_intensity;
  EventLogOptions log;
  if (parts.trading)
    log.statistics = parts.trading->statistics;
  sinks.children.push_back(leaf_serving(parts, "event_log", "event_log", event_log, log));
  sinks.children.push_back(leaf_serving(parts, "broadcast", "broadcast", broadcast));
  // A slow disk stops its own sink only.
  for (const auto& options : parts.sinks)
    sinks.children.push_back(
        leaf_serving(parts, "sink." + options.courier.id, "sink", sink, options));
  return supervisor_child(parts.context, "sinks", std::move(sinks));
}

ChildSpec api_child(const EngineParts& parts, const std::string& parent) {
  HttpOptions options;
  options.serve = parts.serve;
  options.serve_grpc = parts.serve_grpc;
  options.listeners = parts.config.listeners;
  for (const auto& market : parts.markets) {
    options.markets.push_back(
        {.market = market.market.get(),
         .rest = market.rest,
         .keys = parts.trading && market.trading ? parts.trading->keys : nullptr});
  }
  if (parts.trading)
    options.trading = std::make_shared<HttpTrading>(
        HttpTrading{parts.trading->desk.get(), &parts.trading->book, &parts.trading->plan_book,
                    parts.trading->statistics.get(), parts.trading->keys, parts.trading->vault});
  options.engine_name = parts.config.engine.name;
  options.version = parts.version;
  options.guard = parts.guard;
  options.kill_allowed = parts.config.mode == config::Mode::mock;
  options.simulator = parts.simulator;
  options.http = parts.http;
  options.config = parts.config_control;
  options.bound = std::make_shared<std::vector<std::string>>();
  options.on_listening = parts.on_listening;
  SupervisorSpec api;
  api.path = part(parent, "api");
  api.intensity = group_intensity;
  api.children.push_back(leaf_serving(parts, "http", "http", http, options));
  return supervisor_child(parts.context, "api", std::move(api));
}

} // namespace

std::vector<core::twap::PlanConfig> plans_of_run(const config::Config& config,
                                                 std::uint64_t epoch) {
  std::vector<core::twap::PlanConfig> result;
  for (const auto& configured : config.plans) {
    auto& plan = result.emplace_back(configured.plan);
    if (configured.each_run)
      plan.id = core::twap::PlanId{plan.id.text() + "-" + std::to_string(epoch)};
  }
  return result;
}

core::Status make_markets(EngineParts& parts) {
  // A venue counts by our address: markets at one host share one budget.
  std::map<std::string, std::shared_ptr<core::market::RateBudget>> budgets;
  for (const auto& venue : parts.config.venues) {
    for (const auto& market : venue.markets) {
      const core::MarketKey key{venue.id, market.type};
      auto made = adapters::venues::make_market(key, {.depth_stream = market.depth_stream});
      if (!made)
        return core::fail(core::Errc::configuration, "no such market is built in",
                          core::to_string(key));
      adapters::venues::RestOptions rest;
      rest.base_url = market.rest;
      rest.proxy = parts.proxy_for(market.rest);
      rest.tls.ca_file = market.ca_file;
      auto client = std::make_shared<adapters::venues::RestClient>(
          *made, std::move(rest), *parts.http, *parts.venue_strand, parts.context->clocks,
          parts.context->random, budgets[market.rest]);
      budgets[market.rest] = client->budget();
      parts.markets.push_back(
          {std::move(made), adapters::venues::make_trading(key), std::move(client), market});
    }
  }
  return {};
}

caf::actor start_engine(caf::actor_system& system, EngineParts& parts) {
  const auto& context = parts.context;
  SupervisorSpec services;
  services.path = "engine/services";
  services.intensity = group_intensity;
  services.children.push_back(
      leaf_apart(parts, "journal", "journal", journal_actor, parts.config.engine.state_dir));
  if (parts.trading)
    services.children.push_back(risk_child(parts, services.path));
  services.children.push_back(sinks_child(parts, services.path));
  services.children.push_back(venues_child(parts, services.path));
  services.children.push_back(strategies_child(parts, services.path));
  if (parts.serve)
    services.children.push_back(api_child(parts, services.path));
  // Everyone talks through the bus: when it goes, all that briefed it must brief it again.
  SupervisorSpec root;
  root.path = "engine";
  root.strategy = Strategy::rest_for_one;
  root.intensity = root_intensity;
  root.children.push_back(leaf(context, "market_bus", "market_bus", market_bus, parts.tape));
  root.children.push_back(supervisor_child(context, "services", std::move(services)));
  return spawn_guarded(system, supervisor, context, context->cells->cell("engine", "supervisor"),
                       std::move(root));
}

} // namespace tandem::actors::supervisor
