/// The whole tree in virtual time over venues in memory: no thread, no socket, no sleep.
#pragma once

#include "actors/supervisor/root.hpp"
#include "actors/supervisor/spawn.hpp"
#include "messages/events.hpp"
#include "messages/strategy.hpp"
#include "tests/actors/fake_venues.hpp"

#include <cstdlib>
#include <filesystem>

namespace tandem::tests {

/// A directory that goes with its owner.
class TempDirectory {
public:
  TempDirectory() {
    auto pattern = (std::filesystem::temp_directory_path() / "tandem_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error{"no temporary directory"};
    path = pattern;
  }

  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  std::filesystem::path path;
};

struct HeardEvents {
  std::vector<messages::Opportunity> opportunities;
  std::vector<messages::EngineAlert> alerts;
  std::vector<core::orders::OrderUpdate> orders;
  std::vector<core::strategy::ExecutionState> executions;
  std::vector<core::twap::PlanView> plans;
};

inline messages::EventListenerHandle::behavior_type
hear(messages::EventListenerHandle::pointer /*self*/, std::shared_ptr<HeardEvents> heard) {
  return {
      [heard](const messages::Opportunity& event) { heard->opportunities.push_back(event); },
      [heard](const messages::EngineAlert& alert) { heard->alerts.push_back(alert); },
      [heard](const messages::OrderMoved& moved) { heard->orders.push_back(moved.update); },
      [heard](const messages::ExecutionMoved& moved) {
        heard->executions.push_back(moved.execution);
      },
      [heard](const messages::PlanMoved& moved) { heard->plans.push_back(moved.view); },
  };
}

inline core::strategy::PairConfig make_pair(const std::string& id, const std::string& symbol) {
  core::strategy::PairConfig pair;
  pair.id = core::PairId{id};
  pair.leg1 = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{symbol}};
  pair.leg2 = {core::VenueId{"bybit"}, core::MarketType::spot, core::Symbol{symbol}};
  pair.threshold = core::Decimal::parse("0.5").value();
  pair.quantity = core::Decimal::parse("1").value();
  return pair;
}

class EngineWorld {
public:
  /// Two pairs: "btc" over both venues, "alone" with two symbols of Binance.
  EngineWorld() {
    venues.quote("binance", "BTCUSDT", 10'000, 10'010);
    venues.quote("binance", "AAAUSDT", 10'000, 10'010);
    venues.quote("binance", "BBBUSDT", 10'000, 10'010);
    venues.quote("bybit", "BTCUSDT", 10'000, 10'010);
    auto& config = parts.config;
    config.engine.state_dir = directory.path.string();
    for (const auto* name : {"binance", "bybit"}) {
      config::VenueConfig venue;
      venue.id = core::VenueId{name};
      config::MarketConfig market;
      market.rest = std::string{"http://"} + name;
      market.websocket = std::string{"ws://"} + name;
      venue.markets.push_back(market);
      config.venues.push_back(venue);
    }
    auto alone = make_pair("alone", "AAAUSDT");
    alone.leg2 = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BBBUSDT"}};
    config.pairs = {make_pair("btc", "BTCUSDT"), alone};
  }

  ~EngineWorld() {
    if (root)
      caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    sim.advance(5s);
    root = nullptr;
    listener = nullptr;
    sim.finish();
  }

  EngineWorld(const EngineWorld&) = delete;
  EngineWorld& operator=(const EngineWorld&) = delete;

  void start() {
    parts.context = sim.context();
    parts.venue_strand = &sim.strand;
    parts.connector = &venues;
    parts.http = &venues;
    parts.own_threads = false;
    parts.proxy_for = [](const std::string&) { return std::string{}; };
    REQUIRE(actors::supervisor::make_markets(parts));
    root = actors::supervisor::start_engine(sim.system, parts);
    sim.settle();
    listen();
  }

  void listen() {
    listener = sim.own(sim.system.spawn(hear, heard));
    const auto bus
        = sim.context()->directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
    REQUIRE(static_cast<bool>(bus));
    caf::anon_send(bus, messages::AddListener{listener});
    sim.settle();
  }

  [[nodiscard]] std::optional<messages::PairSnapshot> pair(const std::string& id) {
    const auto handle
        = sim.context()->directory->get<messages::PairHandle>(messages::paths::pair_monitor(id));
    if (!handle)
      return std::nullopt;
    return sim.ask<messages::PairSnapshot>(handle, messages::GetPairState{});
  }

  [[nodiscard]] std::string state(const std::string& id) {
    const auto got = pair(id);
    return got ? std::string{core::strategy::to_string(got->state)} : "absent";
  }

  [[nodiscard]] messages::PairsHandle pairs() {
    return sim.context()->directory->get<messages::PairsHandle>(messages::paths::pairs);
  }

  bool both_watching(std::chrono::milliseconds limit) {
    return sim.until([&] { return state("btc") == "watching" && state("alone") == "watching"; },
                     limit);
  }

  [[nodiscard]] std::size_t alerts(const std::string& code, const std::string& pair_id = {}) const {
    return static_cast<std::size_t>(
        std::count_if(heard->alerts.begin(), heard->alerts.end(), [&](const auto& alert) {
          return alert.code == code && (pair_id.empty() || alert.pair.text() == pair_id);
        }));
  }

  TempDirectory directory;
  Sim sim;
  FakeVenues venues{sim};
  actors::supervisor::EngineParts parts;
  caf::actor root;
  messages::EventListenerHandle listener;
  std::shared_ptr<HeardEvents> heard = std::make_shared<HeardEvents>();
};

} // namespace tandem::tests
