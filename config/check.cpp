#include "config/check.hpp"

#include "config/endpoint.hpp"
#include "config/pair_keys.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

namespace tandem::config {
namespace {

using core::MarketType;
using Violations = std::vector<Violation>;

constexpr std::size_t name_size_max = 64;   ///< engine name and symbols, bytes
constexpr std::size_t symbols_max = 10'000; ///< of one market
constexpr std::array<std::string_view, 4> stream_words{"best", "trades", "ticker", "kline_1m"};

/// Intervals that every venue here has, in the canonical spelling.
constexpr std::array<std::string_view, 13> kline_intervals{
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w", "1M"};

// Source: Binance Spot "WebSocket Streams" (Diff. Depth Stream: 1000ms or 100ms), USD-M Futures
// "Diff. Book Depth Streams" (250ms, 500ms, 100ms; 0ms is undocumented but in use), Bybit v5
// "Orderbook" (1, 50, 200, 1000; 1 is no book).
constexpr std::array<std::string_view, 2> binance_spot_depths{"100ms", "1000ms"};
constexpr std::array<std::string_view, 4> binance_linear_depths{"100ms", "250ms", "500ms", "0ms"};
/// 500 is what recordings of futures before its removal hold.
constexpr std::array<std::string_view, 4> bybit_depths{"50", "200", "500", "1000"};

std::span<const std::string_view> depth_words(std::string_view venue, MarketType type) noexcept {
  if (venue == "bybit")
    return bybit_depths;
  if (venue != "binance")
    return {};
  if (type == MarketType::spot)
    return binance_spot_depths;
  return binance_linear_depths;
}

bool contains(std::span<const std::string_view> words, std::string_view word) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string market_path(const VenueConfig& venue, const MarketConfig& market) {
  return fmt::format("venues.{}.{}", venue.id.text(), core::to_string(market.type));
}

/// The rule that a symbol breaks, or nothing. Letters beyond ASCII occur at venues and are allowed.
std::optional<std::string> symbol_problem(std::string_view symbol) {
  if (symbol.empty() || symbol.size() > name_size_max)
    return fmt::format("a symbol has 1 to {} characters", name_size_max);
  std::string upper{symbol};
  for (auto& c : upper) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  }
  if (upper != symbol)
    return fmt::format("'{}': symbols are upper case, as the venue writes them: {}", symbol, upper);
  const auto is_wrong = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_word = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    return byte < 0x80 && !is_word;
  };
  if (const auto wrong = std::find_if(symbol.begin(), symbol.end(), is_wrong);
      wrong != symbol.end())
    return fmt::format("'{}' is not a venue's symbol such as BTCUSDT", symbol);
  return std::nullopt;
}

std::optional<std::string> stream_problem(std::string_view stream) {
  constexpr std::string_view kline = "kline_";
  if (stream.substr(0, kline.size()) == kline) {
    const auto interval = stream.substr(kline.size());
    if (contains(kline_intervals, interval))
      return std::nullopt;
    return fmt::format("'{}' is not an interval; {}", interval, suggest(interval, kline_intervals));
  }
  if (stream != "kline_1m" && contains(stream_words, stream))
    return std::nullopt;
  return fmt::format("unknown stream '{}'; {}", stream, suggest(stream, stream_words));
}

void check_market(const VenueConfig& venue, const MarketConfig& market, Violations& found) {
  const auto path = market_path(venue, market);
  if (const auto rest = parse_endpoint(market.rest, "http", "https"); !rest)
    found.push_back({path + ".rest", rest.error().detail});
  if (const auto websocket = parse_endpoint(market.websocket, "ws", "wss"); !websocket)
    found.push_back({path + ".websocket", websocket.error().detail});
  for (const auto& [key, url] : {std::pair{".private_websocket", &market.private_websocket},
                                 std::pair{".order_websocket", &market.order_websocket}})
    if (const auto endpoint = parse_endpoint(*url, "ws", "wss"); !url->empty() && !endpoint)
      found.push_back({path + key, endpoint.error().detail});
  for (std::size_t i = 0; i < market.tradable.size(); ++i)
    if (auto problem = symbol_problem(market.tradable[i].text()))
      found.push_back({fmt::format("{}.tradable[{}]", path, i), std::move(*problem)});

  const auto depths = depth_words(venue.id.text(), market.type);
  if (!market.depth_stream.empty() && !depths.empty() && !contains(depths, market.depth_stream))
    found.push_back(
        {path + ".depth_stream", fmt::format("'{}' is not one of {}'s: {}", market.depth_stream,
                                             venue.id.text(), alternatives(depths))});

  if (market.symbols.size() > symbols_max)
    found.push_back({path + ".symbols",
                     fmt::format("{} symbols; at most {}", market.symbols.size(), symbols_max)});
  std::set<std::string_view> symbols;
  for (std::size_t i = 0; i < market.symbols.size(); ++i) {
    const auto key = fmt::format("{}.symbols[{}]", path, i);
    const auto& symbol = market.symbols[i].text();
    if (auto problem = symbol_problem(symbol))
      found.push_back({key, std::move(*problem)});
    else if (!symbols.insert(symbol).second)
      found.push_back({key, fmt::format("{} is listed twice", symbol)});
  }
  std::set<std::string_view> streams;
  for (std::size_t i = 0; i < market.streams.size(); ++i) {
    const auto key = fmt::format("{}.streams[{}]", path, i);
    if (auto problem = stream_problem(market.streams[i]))
      found.push_back({key, std::move(*problem)});
    else if (!streams.insert(market.streams[i]).second)
      found.push_back({key, fmt::format("{} is listed twice", market.streams[i])});
  }
  if (!market.streams.empty() && market.symbols.empty())
    found.push_back({path + ".symbols", "streams are for these symbols, and none are listed"});
  if (market.feed.backoff_first > market.feed.backoff_cap)
    found.push_back(
        {path + ".feed.backoff_first",
         fmt::format("{} ms is more than backoff_cap, {} ms", market.feed.backoff_first.count(),
                     market.feed.backoff_cap.count())});
}

void check_venues(const Config& config, Violations& found) {
  if (config.venues.empty())
    found.push_back({"venues", "no venue is configured; an engine without one has nothing to do"});
  std::set<std::string_view> ids;
  for (const auto& venue : config.venues) {
    const auto& id = venue.id.text();
    if (!contains(known_venues, id))
      found.push_back(
          {"venues." + id, fmt::format("unknown venue; {}", suggest(id, known_venues))});
    if (!ids.insert(id).second)
      found.push_back({"venues." + id, "this venue is configured twice"});
    if (venue.markets.empty())
      found.push_back({"venues." + id, "no market: configure spot, linear or both"});
    std::set<MarketType> types;
    for (const auto& market : venue.markets) {
      if (!types.insert(market.type).second)
        found.push_back({market_path(venue, market), "this market is configured twice"});
      check_market(venue, market, found);
    }
  }
}

void check_tls(const ListenerConfig& listener, const std::string& path, Violations& found) {
  if (!listener.tls)
    return;
  for (const auto& [key, file] : {std::pair{".tls.certificate", &listener.tls->certificate},
                                  std::pair{".tls.key", &listener.tls->key}})
    if (file->empty())
      found.push_back({path + key, "is empty; name a PEM file"});
}

void check_listeners(const Config& config, Violations& found) {
  std::map<std::pair<std::string, std::uint16_t>, std::size_t> taken;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const auto& listener = config.listeners[i];
    const auto path = fmt::format("listeners[{}]", i);
    for (std::size_t j = 0; j < listener.cors_origins.size(); ++j) {
      const auto& origin = listener.cors_origins[j];
      if (const auto status = check_origin(origin); origin != "*" && !status)
        found.push_back({fmt::format("{}.cors_origins[{}]", path, j), status.error().detail});
    }
    check_tls(listener, path, found);
    if (listener.surface == Surface::grpc && is_unix_address(listener.address)) {
      if (listener.address.size() > unix_address_max)
        found.push_back({path + ".address", "a socket's path has at most 100 bytes"});
      continue;
    }
    const auto address = parse_address(listener.address);
    if (!address) {
      found.push_back({path + ".address", address.error().detail});
      continue;
    }
    if (!is_loopback(address->host) && (!listener.tls || listener.auth == Auth::none)) {
      found.push_back({path + ".address",
                       fmt::format("'{}' can be reached from other machines: that needs {}, or "
                                   "bind 127.0.0.1 or [::1]",
                                   address->host,
                                   listener.tls                  ? "auth: keys"
                                   : listener.auth == Auth::none ? "tls and auth: keys"
                                                                 : "tls")});
      continue;
    }
    const auto host = address->host == "localhost" ? "127.0.0.1" : address->host;
    const auto [first, inserted] = taken.insert({{host, address->port}, i});
    if (!inserted && address->port != 0)
      found.push_back({path + ".address",
                       fmt::format("listeners[{}] already has this address", first->second)});
  }
}

/// @param type_key what the leg calls its market.
void check_leg(const Config& config, const core::InstrumentKey& leg, const std::string& path,
               std::string_view type_key, Violations& found) {
  if (auto problem = symbol_problem(leg.symbol.text()))
    found.push_back({fmt::format("{}.{}", path, pair_keys::symbol), std::move(*problem)});
  const auto venue
      = std::find_if(config.venues.begin(), config.venues.end(),
                     [&leg](const VenueConfig& candidate) { return candidate.id == leg.venue; });
  if (venue == config.venues.end()) {
    std::vector<std::string_view> ids;
    for (const auto& candidate : config.venues)
      ids.push_back(candidate.id.text());
    found.push_back({fmt::format("{}.{}", path, pair_keys::exchange),
                     fmt::format("'{}' is not configured under venues; {}", leg.venue.text(),
                                 suggest(leg.venue.text(), ids))});
    return;
  }
  const auto& markets = venue->markets;
  if (std::none_of(markets.begin(), markets.end(),
                   [&leg](const MarketConfig& market) { return market.type == leg.type; }))
    found.push_back({fmt::format("{}.{}", path, type_key),
                     fmt::format("{0} has no {1} market: configure venues.{0}.{1}",
                                 leg.venue.text(), core::to_string(leg.type))});
}

void check_pairs(const Config& config, Violations& found) {
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    const auto& pair = config.pairs[i];
    const auto path = fmt::format("pairs[{}]", i);
    for (auto& problem : core::strategy::check_pair(pair))
      found.push_back({fmt::format("{}.{}", path, problem.field), std::move(problem.message)});
    check_leg(config, pair.leg1, fmt::format("{}.{}", path, pair_keys::leg1), pair_keys::type,
              found);
    check_leg(config, pair.leg2, fmt::format("{}.{}", path, pair_keys::leg2), pair_keys::type,
              found);
    const auto [first, inserted] = ids.insert({pair.id.text(), i});
    if (!inserted)
      found.push_back(
          {fmt::format("{}.{}", path, pair_keys::id),
           fmt::format("'{}' is already the id of pairs[{}]", pair.id.text(), first->second)});
  }
}

void check_plans(const Config& config, Violations& found) {
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < config.plans.size(); ++i) {
    const auto& plan = config.plans[i].plan;
    const auto path = fmt::format("plans[{}]", i);
    if (plan.id.empty()) // check_plan lets one be given later, as the interface does
      found.push_back({path + ".id", "must be 1 to 64 letters, digits, '_' or '-'"});
    for (auto& problem : core::twap::check_plan(plan))
      found.push_back({fmt::format("{}.{}", path, problem.field), std::move(problem.message)});
    for (std::size_t n = 0; n < plan.legs.size(); ++n)
      check_leg(config, plan.legs[n].instrument, fmt::format("{}.legs[{}]", path, n), "marketType",
                found);
    const auto [first, inserted] = ids.insert({plan.id.text(), i});
    if (!inserted)
      found.push_back(
          {fmt::format("{}.id", path),
           fmt::format("'{}' is already the id of plans[{}]", plan.id.text(), first->second)});
  }
}

void check_sinks(const Config& config, Violations& found) {
  std::set<std::string> ids;
  for (std::size_t n = 0; n < config.sinks.size(); ++n) {
    const auto& sink = config.sinks[n];
    const auto path = fmt::format("sinks[{}]", n);
    if (!ids.insert(sink.id).second)
      found.push_back({path + ".id", fmt::format("'{}' is the id of another sink too", sink.id)});
    if (sink.delivery.retry.cap < sink.delivery.retry.first)
      found.push_back({path + ".retry_cap", "must not be below retry_first"});
    for (const auto& venue : sink.filter.venues)
      if (std::none_of(config.venues.begin(), config.venues.end(),
                       [&](const auto& known) { return known.id == venue; }))
        found.push_back({path + ".exchanges",
                         fmt::format("'{}' is no venue of this configuration", venue.text())});
  }
}

void check_engine(const Config& config, Violations& found) {
  const auto& name = config.engine.name;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_' || c == '.';
  };
  if (name.empty() || name.size() > name_size_max
      || !std::all_of(name.begin(), name.end(), is_word))
    found.push_back(
        {"engine.name", fmt::format("1 to {} letters, digits, '-', '_' or '.'", name_size_max)});
  if (config.engine.state_dir.empty())
    found.push_back({"engine.state_dir", "is empty; name a directory"});
}

/// @param url as written. @param plain, encrypted its schemes.
void check_reach(Mode mode, const std::string& key, std::string_view url, std::string_view plain,
                 std::string_view encrypted, Violations& found) {
  const auto endpoint = parse_endpoint(url, plain, encrypted);
  if (!endpoint)
    return; // check_structure says so
  const bool local = is_loopback(endpoint->host);
  if (mode == Mode::mock && !local)
    found.push_back({key, fmt::format("mode mock speaks to the simulator on this machine only, and "
                                      "{} is not on it; for real venues choose mode dev or prod",
                                      endpoint->host)});
  if (mode == Mode::prod && local)
    found.push_back({key, "mode prod speaks to real venues, and this is the own machine; choose "
                          "mode mock for the simulator"});
  if (mode != Mode::mock && !local && !endpoint->encrypted)
    found.push_back({key, fmt::format("mode {} needs an encrypted connection: write {}://",
                                      to_string(mode), encrypted)});
}

} // namespace

Violations check_structure(const Config& config) {
  Violations found;
  check_engine(config, found);
  check_listeners(config, found);
  check_venues(config, found);
  check_pairs(config, found);
  check_plans(config, found);
  check_sinks(config, found);
  return found;
}

Violations check_mode(const Config& config) {
  Violations found;
  if (config.mode != Mode::mock && !config.simulator.empty())
    found.push_back(
        {"simulator", fmt::format("mode {} has real venues: a simulator belongs to mode "
                                  "mock only",
                                  to_string(config.mode))});
  for (std::size_t i = 0; i < config.plans.size(); ++i)
    if (config.mode != Mode::mock && config.plans[i].each_run)
      found.push_back({fmt::format("plans[{}].eachRun", i),
                       fmt::format("mode {} makes a plan once: every restart would trade it again",
                                   to_string(config.mode))});
  for (const auto& venue : config.venues) {
    if (config.mode == Mode::mock && venue.keys)
      found.push_back({fmt::format("venues.{}.keys", venue.id.text()),
                       "mode mock uses the simulator's own keys and never sees real ones; for real "
                       "keys choose mode dev or prod"});
    for (const auto& market : venue.markets) {
      const auto path = market_path(venue, market);
      check_reach(config.mode, path + ".rest", market.rest, "http", "https", found);
      check_reach(config.mode, path + ".websocket", market.websocket, "ws", "wss", found);
      for (const auto& [key, url] : {std::pair{".private_websocket", &market.private_websocket},
                                     std::pair{".order_websocket", &market.order_websocket}})
        if (!url->empty())
          check_reach(config.mode, path + key, *url, "ws", "wss", found);
    }
  }
  return found;
}

Violations check(const Config& config) {
  auto found = check_structure(config);
  auto by_mode = check_mode(config);
  std::move(by_mode.begin(), by_mode.end(), std::back_inserter(found));
  return found;
}

} // namespace tandem::config
