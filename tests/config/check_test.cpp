// The rules that need more than one key, on values that no YAML file could even express.
#include "config/check.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tandem;
using namespace tandem::config;

namespace {

MarketConfig market(core::MarketType type, const std::string& host, bool encrypted = false) {
  MarketConfig result;
  result.type = type;
  result.rest = (encrypted ? "https://" : "http://") + host;
  result.websocket = (encrypted ? "wss://" : "ws://") + host;
  return result;
}

core::strategy::PairConfig pair(const std::string& id) {
  core::strategy::PairConfig result;
  result.id = core::PairId{id};
  result.leg1 = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  result.leg2 = {core::VenueId{"bybit"}, core::MarketType::linear, core::Symbol{"BTCUSDT"}};
  result.threshold = core::Decimal{1, 1};
  result.quantity = core::Decimal{1, 2};
  return result;
}

Config good() {
  Config config;
  config.venues = {{core::VenueId{"binance"}, {market(core::MarketType::spot, "127.0.0.1:1")}},
                   {core::VenueId{"bybit"}, {market(core::MarketType::linear, "localhost:2")}}};
  config.pairs = {pair("one")};
  config.listeners = {ListenerConfig{}};
  return config;
}

std::vector<std::string> broken_keys(const Config& config) {
  std::vector<std::string> keys;
  for (const auto& violation : check(config))
    keys.push_back(violation.key);
  return keys;
}

using Keys = std::vector<std::string>;

} // namespace

TEST_CASE("a sound configuration breaks no rule") {
  CHECK(broken_keys(good()) == Keys{});
}

TEST_CASE("a pair's legs are configured markets") {
  auto config = good();
  config.pairs[0].leg1.type = core::MarketType::linear;
  config.pairs[0].leg2.venue = core::VenueId{"okx"};
  CHECK(broken_keys(config) == Keys{"pairs[0].leg1.type", "pairs[0].leg2.exchange"});
}

TEST_CASE("pair ids are unique") {
  auto config = good();
  config.pairs = {pair("one"), pair("two"), pair("one")};
  CHECK(broken_keys(config) == Keys{"pairs[2].id"});
}

TEST_CASE("listeners do not share an address, except for any free port") {
  auto config = good();
  config.listeners.resize(4);
  config.listeners[0].address = "127.0.0.1:0";
  config.listeners[1].address = "127.0.0.1:0";
  config.listeners[2].address = "localhost:7000";
  config.listeners[3].address = "127.0.0.1:7000";
  CHECK(broken_keys(config) == Keys{"listeners[3].address"});
}

TEST_CASE("listeners leave loopback only with TLS and keys, whatever they serve") {
  for (const auto surface : {Surface::traders, Surface::metrics})
    for (const auto* address : {"0.0.0.0:7000", "[::]:7000", "192.168.1.2:7000", "example:7000"}) {
      auto config = good();
      auto& listener = config.listeners[0];
      listener.surface = surface;
      listener.address = address;
      CHECK(broken_keys(config) == Keys{"listeners[0].address"});
      listener.auth = Auth::keys;
      CHECK(broken_keys(config) == Keys{"listeners[0].address"});
      listener.tls = ListenerTls{"cert.pem", "key.pem", {}};
      CHECK(broken_keys(config).empty());
      listener.auth = Auth::none;
      CHECK(broken_keys(config) == Keys{"listeners[0].address"});
      listener.tls->client_ca = "ca.pem"; // a certificate says who, not what for
      CHECK(broken_keys(config) == Keys{"listeners[0].address"});
    }
}

TEST_CASE("a listener with TLS names certificate and key") {
  auto config = good();
  config.listeners[0].tls = ListenerTls{};
  CHECK(broken_keys(config) == Keys{"listeners[0].tls.certificate", "listeners[0].tls.key"});
}

TEST_CASE("a gRPC listener may be a socket in the file system, and no other") {
  auto config = good();
  config.listeners[0].address = "unix:/run/tandem/grpc.sock";
  CHECK(broken_keys(config) == Keys{"listeners[0].address"});
  config.listeners[0].surface = Surface::grpc;
  CHECK(broken_keys(config).empty());
  config.listeners[0].address = "unix:/" + std::string(100, 'x');
  CHECK(broken_keys(config) == Keys{"listeners[0].address"});
}

TEST_CASE("a venue, a market and a symbol are configured once") {
  auto config = good();
  config.venues.push_back(config.venues[1]);
  config.venues[0].markets.push_back(config.venues[0].markets[0]);
  config.venues[0].markets[0].symbols = {core::Symbol{"A"}, core::Symbol{"B"}, core::Symbol{"A"}};
  CHECK(broken_keys(config)
        == Keys{"venues.binance.spot.symbols[2]", "venues.binance.spot", "venues.bybit"});
}

TEST_CASE("mode mock speaks to this machine only") {
  auto config = good();
  config.venues[0].markets[0] = market(core::MarketType::spot, "api.binance.com", true);
  CHECK(broken_keys(config) == Keys{"venues.binance.spot.rest", "venues.binance.spot.websocket"});
}

TEST_CASE("real venues are spoken to encrypted, and without a simulator") {
  auto config = good();
  config.venues[0].markets[0] = market(core::MarketType::spot, "api.binance.com", true);
  config.venues[1].markets[0] = market(core::MarketType::linear, "api.bybit.com", false);
  config.simulator = "../scenarios/mock.yaml";
  for (const auto mode : {Mode::dev, Mode::prod}) {
    config.mode = mode;
    CHECK(broken_keys(config)
          == Keys{"simulator", "venues.bybit.linear.rest", "venues.bybit.linear.websocket"});
  }
}

TEST_CASE("mode prod never shows a simulator's prices") {
  auto config = good();
  config.mode = Mode::dev;
  CHECK(broken_keys(config) == Keys{});
  config.mode = Mode::prod;
  CHECK(broken_keys(config).size() == 4);
}

TEST_CASE("each venue has its own words for the depth stream") {
  auto config = good();
  for (const auto* word : {"100ms", "1000ms", ""}) {
    config.venues[0].markets[0].depth_stream = word;
    CHECK(broken_keys(config) == Keys{});
  }
  for (const auto* word : {"250ms", "50", "100", "fast"}) {
    config.venues[0].markets[0].depth_stream = word;
    CHECK(broken_keys(config) == Keys{"venues.binance.spot.depth_stream"});
  }
  config = good();
  for (const auto* word : {"50", "200", "500", "1000"}) {
    config.venues[1].markets[0].depth_stream = word;
    CHECK(broken_keys(config) == Keys{});
  }
  config.venues[1].markets[0].depth_stream = "400";
  CHECK(broken_keys(config) == Keys{"venues.bybit.linear.depth_stream"});
}

TEST_CASE("symbols of scripts beyond ASCII are symbols") {
  auto config = good();
  config.venues[0].markets[0].symbols = {core::Symbol{"币安人生USDT"}};
  CHECK(broken_keys(config) == Keys{});
}
