// The example files that ship are valid, and say what their names promise.
#include "config/load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

using namespace tandem;
using namespace tandem::config;

namespace {

const Environment no_environment = [](const std::string&) { return std::nullopt; };

Config load_example(const std::string& name) {
  const auto loaded = load_file("config/examples/" + name, no_environment);
  for (const auto& mistake : loaded.mistakes)
    FAIL_CHECK(describe(mistake));
  return loaded.config;
}

} // namespace

TEST_CASE("every example loads") {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{"config/examples"})
    if (entry.path().extension() == ".yaml")
      names.insert(entry.path().filename().string());
  for (const auto* name :
       {"mock.yaml", "dev.yaml", "prod.yaml", "replay.yaml", "load.yaml", "secure.yaml"})
    CHECK(names.count(name) == 1);
  for (const auto& name : names) {
    const auto config = load_example(name);
    CHECK(std::any_of(
        config.listeners.begin(), config.listeners.end(),
        [](const ListenerConfig& listener) { return listener.surface == Surface::traders; }));
  }
}

TEST_CASE("mock.yaml watches four pairs or more over two venues and all their markets") {
  const auto config = load_example("mock.yaml");
  CHECK(config.mode == Mode::mock);
  CHECK(config.simulator == "../scenarios/mock.yaml");
  CHECK(config.listeners.at(0).address == "127.0.0.1:7000");
  CHECK(config.pairs.size() >= 4);
  REQUIRE(config.venues.size() == 2);
  CHECK(config.venues[0].markets.size() == 2);
  CHECK(config.venues[1].markets.size() == 2);
}

TEST_CASE("secure.yaml leaves loopback, with TLS and keys") {
  const auto config = load_example("secure.yaml");
  const auto& listener = config.listeners.at(0);
  CHECK(listener.address == "0.0.0.0:7443");
  CHECK(listener.auth == Auth::keys);
  REQUIRE(listener.tls);
  CHECK(listener.tls->certificate == "/etc/tandem/tls/fullchain.pem");
  CHECK(listener.tls->client_ca.empty());
}

TEST_CASE("dev.yaml and prod.yaml speak to the real venues") {
  for (const auto* name : {"dev.yaml", "prod.yaml"}) {
    const auto config = load_example(name);
    CHECK(config.mode == (name == std::string{"dev.yaml"} ? Mode::dev : Mode::prod));
    CHECK(config.simulator.empty());
    REQUIRE(config.venues.size() == 2);
    CHECK(config.venues[0].markets.at(0).rest == "https://api.binance.com");
    CHECK(config.venues[1].markets.at(1).websocket == "wss://stream.bybit.com");
  }
}

TEST_CASE("replay.yaml gives every pair every book and counts gross moves") {
  const auto config = load_example("replay.yaml");
  CHECK(config.mode == Mode::mock);
  CHECK(config.engine.delivery == Delivery::lossless);
  CHECK(config.engine.report_on_exit);
  CHECK(config.pairs.size() == 3);
  for (const auto& pair : config.pairs) {
    CHECK(pair.options.leg1_fee == core::strategy::FeeRate{0});
    CHECK(pair.options.leg2_fee == core::strategy::FeeRate{0});
    CHECK(pair.threshold == core::Decimal::parse("0.05").value());
    CHECK(pair.quantity == core::Decimal::parse("0.1").value());
  }
}

TEST_CASE("load.yaml watches 150 instruments of one market") {
  const auto config = load_example("load.yaml");
  REQUIRE(config.venues.size() == 1);
  CHECK(config.venues[0].id == core::VenueId{"binance"});
  CHECK(config.venues[0].markets.at(0).symbols.size() == 150);
}
