#include "config/read.hpp"

#include "config/pair_keys.hpp"
#include "config/read_plans.hpp"
#include "config/read_sinks.hpp"
#include "config/read_trading.hpp"

#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace tandem::config {
namespace {

using namespace std::chrono_literals;
using core::MarketType;
using yaml::Choice;
using yaml::Section;

constexpr std::array<Choice<Mode>, 3> modes{
    {{"mock", Mode::mock}, {"dev", Mode::dev}, {"prod", Mode::prod}}};
constexpr std::array<Choice<Delivery>, 2> deliveries{
    {{"latest", Delivery::latest}, {"lossless", Delivery::lossless}}};
constexpr std::array<Choice<Surface>, 3> surfaces{
    {{"traders", Surface::traders}, {"metrics", Surface::metrics}, {"grpc", Surface::grpc}}};
constexpr std::array<Choice<std::string_view>, 4> log_levels{
    {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}};
constexpr std::array<Choice<std::string_view>, 2> log_formats{{{"text", "text"}, {"json", "json"}}};
constexpr std::array<Choice<MarketType>, 2> market_types{
    {{"spot", MarketType::spot}, {"linear", MarketType::linear}}};

constexpr std::array<Choice<Auth>, 2> auths{{{"none", Auth::none}, {"keys", Auth::keys}}};

constexpr std::size_t cpu_max = 1'023; ///< as many as the system call's set has room for

EngineConfig read_engine(Section section) {
  EngineConfig engine;
  engine.name = section.text("name", engine.name);
  engine.state_dir = section.text("state_dir", engine.state_dir);
  engine.delivery = section.choice("delivery", engine.delivery, deliveries);
  engine.worker_threads = section.count("worker_threads", engine.worker_threads, 1, 64);
  engine.pairs_detached = section.boolean("pairs_detached", engine.pairs_detached);
  engine.trading_cpus = section.counts("trading_cpus", 0, cpu_max);
  engine.serving_cpus = section.counts("serving_cpus", 0, cpu_max);
  engine.report_on_exit = section.boolean("report_on_exit", engine.report_on_exit);
  engine.stop_timeout = section.duration("stop_timeout", engine.stop_timeout, 100ms, 60s);
  section.finish();
  return engine;
}

LogConfig read_log(Section section) {
  LogConfig log;
  log.level = section.choice("level", std::string_view{log.level}, log_levels);
  log.format = section.choice("format", std::string_view{log.format}, log_formats);
  log.file = section.text("file", log.file);
  section.finish();
  return log;
}

ListenerTls read_tls(Section section) {
  ListenerTls tls;
  for (const auto* key : {"certificate", "key"})
    section.require(key);
  tls.certificate = section.text("certificate", tls.certificate);
  tls.key = section.text("key", tls.key);
  tls.client_ca = section.text("client_ca", tls.client_ca);
  section.finish();
  return tls;
}

ListenerConfig read_listener(Section section) {
  ListenerConfig listener;
  listener.surface = section.choice("surface", listener.surface, surfaces);
  listener.address = section.text("address", listener.address);
  listener.auth = section.choice("auth", listener.auth, auths);
  if (section.has("tls"))
    listener.tls = read_tls(section.section("tls"));
  else
    section.allow("tls");
  listener.cors_origins = section.texts("cors_origins");
  listener.websockets_max = section.count("websockets_max", listener.websockets_max, 1, 100'000);
  listener.price_updates_per_second
      = section.count("price_updates_per_second", listener.price_updates_per_second, 1, 100);
  listener.requests_per_second
      = section.count("requests_per_second", listener.requests_per_second, 1, 1'000'000);
  section.finish();
  return listener;
}

FeedConfig read_feed(Section section) {
  FeedConfig feed;
  feed.book_silence_max = section.duration("book_silence_max", feed.book_silence_max, 100ms, 10min);
  feed.first_data_timeout
      = section.duration("first_data_timeout", feed.first_data_timeout, 100ms, 10min);
  feed.crossed_max = section.duration("crossed_max", feed.crossed_max, 10ms, 60s);
  feed.clock_offset_max = section.duration("clock_offset_max", feed.clock_offset_max, 10ms, 60s);
  feed.clock_interval = section.duration("clock_interval", feed.clock_interval, 1s, 1h);
  feed.instruments_interval
      = section.duration("instruments_interval", feed.instruments_interval, 1min, 24h);
  feed.reconnect_after = section.duration("reconnect_after", feed.reconnect_after, 1s, 24h);
  feed.backoff_first = section.duration("backoff_first", feed.backoff_first, 10ms, 60s);
  feed.backoff_cap = section.duration("backoff_cap", feed.backoff_cap, 10ms, 10min);
  section.finish();
  return feed;
}

MarketConfig read_market(Section section, std::string_view venue, MarketType type) {
  MarketConfig market;
  market.type = type;
  section.require("rest");
  market.rest = section.text("rest", market.rest);
  section.require("websocket");
  market.websocket = section.text("websocket", market.websocket);
  market.ca_file = section.text("ca_file", market.ca_file);
  market.depth_stream = section.text("depth_stream", market.depth_stream);
  market.taker_fee = section.rate("taker_fee").value_or(default_taker_fee(venue, type));
  market.feed = read_feed(section.section("feed"));
  for (auto& symbol : section.texts("symbols"))
    market.symbols.emplace_back(std::move(symbol));
  market.streams = section.texts("streams");
  market.private_websocket = section.text("private_websocket", market.private_websocket);
  market.order_websocket = section.text("order_websocket", market.order_websocket);
  market.orders_by_socket = section.boolean("orders_by_socket", market.orders_by_socket);
  for (auto& symbol : section.texts("tradable"))
    market.tradable.emplace_back(std::move(symbol));
  section.finish();
  return market;
}

VenueConfig read_venue(const std::string& id, Section section) {
  VenueConfig venue;
  venue.id = core::VenueId{id};
  for (const auto& [name, type] : market_types) {
    if (section.has(name))
      venue.markets.push_back(read_market(section.section(name), id, type));
    else
      section.allow(name);
  }
  if (section.has("keys"))
    venue.keys = read_keys(section.section("keys"));
  else
    section.allow("keys");
  section.finish();
  return venue;
}

core::InstrumentKey read_leg(Section section) {
  core::InstrumentKey leg;
  for (const auto key : {pair_keys::exchange, pair_keys::symbol, pair_keys::type})
    section.require(key);
  leg.venue = core::VenueId{section.text(pair_keys::exchange, {})};
  leg.symbol = core::Symbol{section.text(pair_keys::symbol, {})};
  leg.type = section.choice(pair_keys::type, leg.type, market_types);
  section.finish();
  return leg;
}

core::strategy::PairOptions read_options(Section section) {
  core::strategy::PairOptions options;
  options.leg1_fee = section.rate(pair_keys::leg1_fee);
  options.leg2_fee = section.rate(pair_keys::leg2_fee);
  const auto age = static_cast<std::size_t>(options.book_age_max.count());
  options.book_age_max
      = std::chrono::milliseconds{section.count(pair_keys::book_age_max, age, 1, 600'000)};
  options.change_percent = section.decimal(pair_keys::change_percent, options.change_percent);
  options.levels = section.count(pair_keys::levels, options.levels, 1, 50);
  section.finish();
  return options;
}

core::strategy::PairConfig read_pair(Section section) {
  using core::strategy::DirectionRule;
  using core::strategy::PairMode;
  static constexpr auto choice_of = [](auto value) {
    return Choice<decltype(value)>{to_string(value), value};
  };
  const std::array directions{choice_of(DirectionRule::automatic),
                              choice_of(DirectionRule::leg1_buy_leg2_sell),
                              choice_of(DirectionRule::leg1_sell_leg2_buy)};
  const std::array pair_modes{choice_of(PairMode::active), choice_of(PairMode::read_only)};

  core::strategy::PairConfig pair;
  for (const auto key :
       {pair_keys::id, pair_keys::leg1, pair_keys::leg2, pair_keys::threshold, pair_keys::quantity})
    section.require(key);
  pair.id = core::PairId{section.text(pair_keys::id, {})};
  pair.leg1 = read_leg(section.section(pair_keys::leg1));
  pair.leg2 = read_leg(section.section(pair_keys::leg2));
  pair.threshold = section.decimal(pair_keys::threshold, pair.threshold);
  pair.quantity = section.decimal(pair_keys::quantity, pair.quantity);
  pair.total_amount = section.decimal(pair_keys::total_amount, pair.total_amount);
  pair.direction = section.choice(pair_keys::direction, pair.direction, directions);
  pair.enabled = section.boolean(pair_keys::enabled, pair.enabled);
  pair.mode = section.choice(pair_keys::mode, pair.mode, pair_modes);
  pair.options = read_options(section.section(pair_keys::options));
  section.finish();
  return pair;
}

} // namespace

Config read_config(Section root) {
  Config config;
  config.mode = root.choice("mode", config.mode, modes);
  config.simulator = root.text("simulator", config.simulator);
  config.engine = read_engine(root.section("engine"));
  config.log = read_log(root.section("log"));
  config.trading = read_trading(root.section("trading"));
  for (auto& listener : root.sections("listeners"))
    config.listeners.push_back(read_listener(std::move(listener)));
  for (auto& sink : root.sections("sinks"))
    config.sinks.push_back(read_sink(std::move(sink)));
  root.require("venues");
  for (auto& [id, venue] : root.section("venues").children())
    config.venues.push_back(read_venue(id, std::move(venue)));
  for (auto& pair : root.sections("pairs"))
    config.pairs.push_back(read_pair(std::move(pair)));
  for (auto& plan : root.sections("plans"))
    config.plans.push_back(read_plan(std::move(plan)));
  root.finish();
  return config;
}

} // namespace tandem::config
