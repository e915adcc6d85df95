/// One market's private side in virtual time: its stream, its order gateway and a desk with a
/// journal in memory, against a venue in memory.
#pragma once

#include "actors/venues/order_gateway.hpp"
#include "actors/venues/private_feed.hpp"
#include "core/supervision/places.hpp"
#include "messages/context.hpp"
#include "tests/actors/private_venue.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <limits>
#include <memory>
#include <string>

namespace tandem::tests {

class PrivateWorld {
public:
  explicit PrivateWorld(core::risk::GateLimits risk = {}) : limits{std::move(risk)} {
    keys->put(key.venue, {"key-one", "secret", {}, nullptr});
    const auto& board = sim.context()->board;
    board->set_instruments(key, std::make_shared<core::InstrumentTable>(
                                    std::vector{Gated::listed(Gated::key("bybit"))}));
    board->set_clock_offset(key, 0ms, sim.now(), sim.context()->clocks.wall());
  }

  ~PrivateWorld() { sim.finish(); }

  PrivateWorld(const PrivateWorld&) = delete;
  PrivateWorld& operator=(const PrivateWorld&) = delete;

  [[nodiscard]] adapters::venues::PrivateMarket parts() {
    adapters::venues::PrivateMarket made;
    made.market = market.get();
    made.trading = trading.get();
    made.strand = &sim.strand;
    made.connector = &venue;
    made.http = &venue;
    made.desk = &desk;
    made.keys = keys;
    made.board = sim.context()->board;
    made.clocks = sim.context()->clocks;
    made.random = sim.context()->random;
    made.rest.base_url = "https://venue.example";
    made.waiting = [this] { return updates->taken(); };
    return made;
  }

  void start_gateway() {
    actors::OrderGatewayOptions options;
    options.parts = parts();
    options.baseline = baseline;
    options.symbols = {core::Symbol{"BTCUSDT"}};
    options.reconcile_interval = 20s;
    options.refuse_withdraw_keys = refuse_withdraw_keys;
    options.breakers = &panel;
    place(messages::paths::order_gateway(key), "order_gateway", [&](const auto& cell) {
      gateway = sim.system.spawn(actors::order_gateway, sim.context(), cell, options);
      return caf::actor_cast<caf::strong_actor_ptr>(gateway);
    });
  }

  void start_feed() {
    actors::PrivateFeedOptions options{parts(), {}};
    options.socket.url = "wss://venue.example";
    place(messages::paths::private_feed(key), "private_feed", [&](const auto& cell) {
      feed = sim.system.spawn(actors::private_feed, sim.context(), cell, options);
      return caf::actor_cast<caf::strong_actor_ptr>(feed);
    });
  }

  void start() {
    start_gateway();
    start_feed();
  }

  /// As a supervisor sees it off: gone, and nobody's address any more.
  template <class Handle>
  void stop(Handle& actor, const std::string& path) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    sim.context()->directory->remove(path);
    actor = nullptr;
    sim.settle();
  }

  [[nodiscard]] std::string gateway_state() const {
    return sim.cell(messages::paths::order_gateway(key))->state();
  }

  [[nodiscard]] std::string feed_state() const {
    return sim.cell(messages::paths::private_feed(key))->state();
  }

  bool opens(std::chrono::milliseconds limit) {
    return sim.until([&] { return gateway_state() == "open"; }, limit);
  }

  [[nodiscard]] messages::AccountSnapshot account() {
    return sim.ask<messages::AccountSnapshot>(gateway, messages::GetAccount{});
  }

  [[nodiscard]] std::size_t told(const std::string& event) const {
    return static_cast<std::size_t>(
        std::count(sim.log.events.begin(), sim.log.events.end(), event));
  }

  /// Buys 1 at 101. @param quantity another one is no order given twice.
  tl::expected<std::vector<core::orders::ClientOrderId>, core::risk::Refusal>
  submit(std::int64_t quantity = 1'000) {
    auto draft = gated.order(core::orders::Side::buy, Gated::key("bybit")).draft;
    draft.origin.pair = core::PairId{"pair"};
    draft.origin.execution = ++executions;
    draft.quantity = {quantity};
    auto facts = gated.facts(Gated::key("bybit"));
    const core::risk::Now now{sim.now(), sim.context()->clocks.wall()};
    facts.received_at = now.mono;
    auto ids = desk.submit({&draft, 1}, {&facts, 1}, now);
    sim.settle();
    return ids;
  }

  [[nodiscard]] core::orders::OrderState state(const core::orders::ClientOrderId& id) const {
    return desk.find(id)->state();
  }

  /// As the desk's clock does.
  void tick() { desk.on_tick({sim.now(), sim.context()->clocks.wall()}); }

  const core::MarketKey key{core::VenueId{"bybit"}, core::MarketType::spot};
  std::unique_ptr<adapters::venues::Market> market = adapters::venues::make_market(key, {});
  std::unique_ptr<adapters::venues::Trading> trading = adapters::venues::make_trading(key);
  std::shared_ptr<adapters::venues::KeyRing> keys = std::make_shared<adapters::venues::KeyRing>();
  std::shared_ptr<actors::AccountBaseline> baseline = std::make_shared<actors::AccountBaseline>();
  core::risk::GateLimits limits;
  bool refuse_withdraw_keys = true;
  core::risk::BreakerPanel panel;
  Gated gated;
  std::uint64_t executions = 0;
  MemoryJournal journal;
  Sim sim;
  PrivateVenue venue{sim};
  core::orders::Desk desk{DeskWorld::options(), limits, journal, sim.log};
  std::shared_ptr<core::supervision::Places> updates = std::make_shared<core::supervision::Places>(
      std::numeric_limits<std::size_t>::max()); ///< of orders, on their way to actors
  messages::OrderGatewayHandle gateway;
  messages::PrivateFeedHandle feed;

private:
  template <class Spawn>
  void place(const std::string& path, const std::string& kind, Spawn spawn) {
    const auto cell = sim.context()->cells->cell(path, kind);
    auto actor = spawn(cell);
    sim.owned.push_back(caf::actor_cast<caf::actor>(actor));
    sim.context()->directory->put(path, std::move(actor));
    sim.settle();
  }
};

} // namespace tandem::tests
