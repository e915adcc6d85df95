// A market's order gateway in virtual time: when its gate opens and closes, what it compares, what
// it asks for after a loss, and whose keys it refuses.
#include "tests/actors/private_world.hpp"

#include <doctest/doctest.h>

namespace tandem::tests {
namespace {

using core::orders::OrderState;

std::size_t baselines(const MemoryJournal& journal) {
  return static_cast<std::size_t>(
      std::count_if(journal.records.begin(), journal.records.end(), [](const auto& record) {
        return std::holds_alternative<core::orders::BaselineRecord>(record);
      }));
}

} // namespace

TEST_CASE("the gate opens when the stream lives and the account was compared, not before") {
  PrivateWorld world;
  world.start_gateway();
  world.sim.advance(5s);
  CHECK(world.gateway_state() == "closed");
  CHECK(world.account().reason == "the private stream is not there");
  CHECK_FALSE(world.submit());
  CHECK(world.venue.asked.empty());
  world.start_feed();
  REQUIRE(world.opens(10s));
  CHECK(world.submit().has_value());
}

TEST_CASE("what the account holds at first is the baseline, written down with its end") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  CHECK(world.baseline->taken);
  CHECK(world.baseline->held.assets.at("BTC") == money("10"));
  CHECK(baselines(world.journal) == 3); // BTC, USDT, and that these are all
}

TEST_CASE("a baseline that a crash cut off counts for nothing and is taken anew, row by row") {
  PrivateWorld world;
  world.baseline->held.assets["BTC"] = money("4");
  world.baseline->held.assets["ETH"] = money("7");
  world.start();
  REQUIRE(world.opens(10s));
  CHECK(world.baseline->held.assets.at("BTC") == money("10"));
  CHECK(world.baseline->held.assets.at("ETH") == money("0")); // the journal would bring it back
  CHECK(baselines(world.journal) == 4);
}

TEST_CASE("a lost stream closes the gate at once, and it opens only after another comparison") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  const auto readings = world.venue.times_asked("GET /v5/account/wallet-balance");
  world.venue.refuses_sockets = true;
  world.venue.cut();
  world.sim.settle();
  CHECK(world.gateway_state() == "closed");
  CHECK_FALSE(world.submit());
  world.sim.advance(3s);
  CHECK(world.venue.times_asked("GET /v5/account/wallet-balance") == readings);
  world.venue.refuses_sockets = false;
  REQUIRE(world.opens(40s));
  CHECK(world.venue.times_asked("GET /v5/account/wallet-balance") > readings);
}

TEST_CASE("a fill that was told while the stream was away is found by asking, and counted once") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  world.venue.mute = true;
  const auto id = world.submit().value().front();
  world.venue.cut();
  world.sim.advance(50ms);
  CHECK(world.state(id) == OrderState::unknown);
  world.venue.coins["BTC"] = "11";
  world.venue.closed_orders = {PrivateVenue::order(id.text(), "Filled", "1.000")};
  world.venue.fills = {PrivateVenue::fill(id.text(), "t1", "1.000")};
  REQUIRE(world.sim.until(
      [&] {
        world.tick();
        return world.state(id) == OrderState::filled;
      },
      10s));
  CHECK(world.venue.times_asked("POST /v5/order/create") == 1);
  world.venue.mute = false;
  REQUIRE(world.opens(40s));
  CHECK(world.desk.position(Gated::key("bybit")) == money("1"));
  world.venue.tell("execution.spot", PrivateVenue::fill(id.text(), "t1", "1.000"));
  world.sim.settle();
  CHECK(world.desk.position(Gated::key("bybit")) == money("1"));
}

TEST_CASE("what somebody else did is suspected once, named the second time, and closes the gate") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  world.venue.coins["BTC"] = "9.5";
  REQUIRE(world.sim.until([&] { return world.gateway_state() == "closed"; }, 60s));
  CHECK(world.told("RECONCILE_DIFFERENCE") == 1);
  const auto account = world.account();
  REQUIRE(account.differences.size() == 1);
  CHECK(account.differences[0].what == "BTC");
  CHECK(account.differences[0].ours == money("10"));
  CHECK(account.differences[0].theirs == money("9.5"));
  SUBCASE("a person accepts it") {
    const auto done
        = world.sim.ask<messages::Done>(world.gateway, messages::AcceptDifferences{"ann"});
    CHECK_FALSE(done.error);
    CHECK(world.opens(10s));
    CHECK(world.baseline->held.assets.at("BTC") == money("9.5"));
  }
  SUBCASE("it is undone") {
    world.venue.coins["BTC"] = "10";
    CHECK(world.opens(60s));
    CHECK(world.told("RECONCILED") == 1);
  }
}

TEST_CASE("a difference that a fill explains, of which nobody told, is no difference") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  const auto id = world.submit().value().front();
  world.venue.tell("order.spot", PrivateVenue::order(id.text(), "Cancelled", "0"));
  world.sim.settle();
  REQUIRE(core::orders::is_final(world.state(id)));
  world.venue.fills = {PrivateVenue::fill(id.text(), "t1", "1.000")};
  world.venue.coins["BTC"] = "11";
  world.sim.advance(60s);
  CHECK(world.desk.position(Gated::key("bybit")) == money("1"));
  CHECK(world.gateway_state() == "open");
  CHECK(world.told("RECONCILE_DIFFERENCE") == 0);
}

TEST_CASE("what the journal knows was traded is asked for, whether a pair still trades it or not") {
  PrivateWorld world;
  auto other = Gated::listed(Gated::key("bybit"));
  other.key.symbol = core::Symbol{"ETHUSDT"};
  world.sim.context()->board->set_instruments(
      world.key, std::make_shared<core::InstrumentTable>(
                     std::vector{Gated::listed(Gated::key("bybit")), other}));
  core::orders::VenueOrder shown;
  shown.instrument = {world.key.venue, world.key.type, core::Symbol{"ETHUSDT"}};
  shown.client_id = core::orders::make_client_id({core::orders::EngineId{"test"}, 0, 7}).text();
  shown.quantity = decimal("1");
  shown.price = decimal("10");
  world.desk.on_order(shown, {world.sim.now(), world.sim.context()->clocks.wall()});
  REQUIRE(world.desk.latest(1).size() == 1);
  world.start();
  world.sim.advance(1s);
  CHECK(std::ranges::any_of(world.venue.queries, [](const auto& query) {
    return query.find("/v5/execution/list") != std::string::npos
           && query.find("ETHUSDT") != std::string::npos;
  }));
}

TEST_CASE("there is nothing to accept while nothing differs") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  const auto done
      = world.sim.ask<messages::Done>(world.gateway, messages::AcceptDifferences{"ann"});
  REQUIRE(done.error.has_value());
  CHECK(done.error->code == core::Errc::conflict);
}

TEST_CASE("a key that may withdraw is refused; where that is allowed, it is told") {
  PrivateWorld world;
  world.venue.may_withdraw = true;
  SUBCASE("refused") {
    world.start();
    world.sim.advance(30s);
    CHECK(world.gateway_state() == "closed");
    CHECK(world.account().reason == "this key may withdraw; use one that may only trade");
    CHECK(world.venue.times_asked("GET /v5/user/query-api") == 1);
    CHECK_FALSE(world.submit());
  }
  SUBCASE("allowed") {
    world.refuse_withdraw_keys = false;
    world.start();
    CHECK(world.opens(10s));
  }
  CHECK(world.told("KEY_MAY_WITHDRAW") == 1);
}

TEST_CASE("each new key is asked what it may do, and one that may only trade lifts the refusal") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  CHECK(world.venue.times_asked("GET /v5/user/query-api") == 1);
  const auto change = [&](const std::string& name) {
    world.keys->put(world.key.venue, {name, "secret", {}, nullptr});
    caf::anon_send(world.gateway, messages::KeysChanged{});
    caf::anon_send(world.feed, messages::KeysChanged{});
    world.sim.advance(20s);
  };
  world.venue.may_withdraw = true;
  change("key-two");
  CHECK(world.gateway_state() == "closed");
  CHECK(world.told("KEY_MAY_WITHDRAW") == 1);
  CHECK_FALSE(world.submit());
  world.venue.may_withdraw = false;
  change("key-three");
  CHECK(world.gateway_state() == "open");
  CHECK(world.venue.times_asked("GET /v5/user/query-api") == 3);
}

TEST_CASE("a key that another market of the venue found to withdraw is used by none of them") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  world.keys->refuse(world.key.venue, "this key may withdraw");
  world.sim.advance(200ms);
  CHECK(world.gateway_state() == "closed");
  CHECK(world.account().reason == "this key may withdraw");
  CHECK_FALSE(world.submit());
}

TEST_CASE("keys that the venue refuses are told once and asked with no more; new ones are used") {
  PrivateWorld world;
  world.start_gateway();
  world.start_feed();
  REQUIRE(world.opens(10s));
  world.venue.refuses_keys = true;
  REQUIRE(world.sim.until([&] { return world.gateway_state() == "closed"; }, 60s));
  CHECK(world.told("KEY_REFUSED") == 1);
  const auto asked = world.venue.asked.size();
  world.sim.advance(60s);
  CHECK(world.venue.asked.size() == asked);
  world.venue.refuses_keys = false;
  world.keys->put(world.key.venue, {"key-two", "secret", {}, nullptr});
  caf::anon_send(world.gateway, messages::KeysChanged{});
  caf::anon_send(world.feed, messages::KeysChanged{});
  CHECK(world.opens(20s));
}

TEST_CASE("without keys a market is public only") {
  PrivateWorld world;
  world.keys->remove(world.key.venue);
  world.start();
  world.sim.advance(10s);
  CHECK(world.gateway_state() == "public_only");
  CHECK(world.account().public_only);
  CHECK(world.feed_state() == "public_only");
  CHECK(world.venue.asked.empty());
}

TEST_CASE("an order of an earlier run that still rests is cancelled, one of somebody else is not") {
  PrivateWorld world;
  const auto old = core::orders::make_client_id({core::orders::EngineId{"test"}, 0, 7}).text();
  const auto foreign = core::orders::make_client_id({core::orders::EngineId{"else"}, 0, 7}).text();
  world.venue.open_orders
      = {PrivateVenue::order(old, "New", "0"), PrivateVenue::order(foreign, "New", "0")};
  world.start();
  REQUIRE(
      world.sim.until([&] { return world.venue.times_asked("POST /v5/order/cancel") > 0; }, 10s));
  world.sim.advance(1s);
  CHECK(world.told("ORPHAN_ORDER") == 1);
  CHECK(world.venue.times_asked("POST /v5/order/cancel") == 1);
}

TEST_CASE("clocks that differ by more than allowed close the gate") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  world.sim.context()->board->set_clock_offset(world.key, 501ms, world.sim.now(),
                                               world.sim.context()->clocks.wall());
  world.sim.advance(200ms);
  CHECK(world.gateway_state() == "closed");
  world.sim.context()->board->set_clock_offset(world.key, -500ms, world.sim.now(),
                                               world.sim.context()->clocks.wall());
  CHECK(world.opens(5s));
}

TEST_CASE("the end of a gateway closes its gate and makes what it sent unknown") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  const auto id = world.submit().value().front();
  CHECK(world.state(id) == OrderState::sent);
  world.stop(world.gateway, messages::paths::order_gateway(world.key));
  CHECK(world.state(id) == OrderState::unknown);
  CHECK_FALSE(world.submit());
}

TEST_CASE("the gate holds to the rate of new orders that the venue tells for this account") {
  PrivateWorld world;
  world.venue.limit = "3";
  world.start();
  REQUIRE(world.opens(10s));
  CHECK(world.submit().has_value());
  world.sim.advance(1'100ms); // answered by now, and no longer in the second that counts
  for (int n = 1; n <= 3; ++n)
    CHECK(world.submit(n * 100).has_value());
  const auto refused = world.submit(500);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().limit.find('3') != std::string::npos);
  CHECK(world.told("order_rate") == 1);
}

TEST_CASE(
    "every order that leaves is counted by the breakers of all, of its venue and of its pair") {
  PrivateWorld world;
  core::risk::BreakerLimits limits;
  limits.orders_max = 2;
  const auto seats = std::array{world.panel.seat("global"), world.panel.seat("venue.bybit"),
                                world.panel.seat("pair.pair")};
  const auto stranger = world.panel.seat("pair.other");
  for (const auto& seat : {seats[0], seats[1], seats[2], stranger})
    seat->sit(limits, world.sim.now(), {});
  world.start();
  REQUIRE(world.opens(10s));
  for (const int n : {1, 2})
    REQUIRE(world.submit(n * 100));
  for (const auto& seat : seats)
    CHECK(seat->take().action == core::risk::BreakerAction::none);
  REQUIRE(world.submit(300));
  for (const auto& seat : seats) {
    const auto verdict = seat->take();
    CHECK(verdict.action == core::risk::BreakerAction::pause);
    CHECK(verdict.saved.cause == core::risk::BreakerCause::order_rate);
  }
  CHECK(stranger->take().action == core::risk::BreakerAction::none);
}

} // namespace tandem::tests
