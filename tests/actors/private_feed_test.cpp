// A market's private stream in virtual time: it signs in anew for every connection, says when it
// may be relied on, and brings the venue's words to the desk.
#include "tests/actors/private_world.hpp"

#include <doctest/doctest.h>

namespace tandem::tests {
namespace {

/// The frames with which it signed in.
std::vector<std::string> sign_ins(const PrivateVenue& venue) {
  std::vector<std::string> found;
  std::copy_if(venue.said.begin(), venue.said.end(), std::back_inserter(found),
               [](const auto& text) { return text.find(R"("op":"auth")") != std::string::npos; });
  return found;
}

} // namespace

TEST_CASE("every connection signs in by itself, with a signature of its own time") {
  PrivateWorld world;
  world.start_feed();
  REQUIRE(world.sim.until([&] { return world.feed_state() == "live"; }, 5s));
  for (int n = 0; n < 3; ++n) {
    world.venue.cut();
    world.sim.settle();
    CHECK(world.feed_state() == "down");
    REQUIRE(world.sim.until([&] { return world.feed_state() == "live"; }, 60s));
  }
  const auto found = sign_ins(world.venue);
  REQUIRE(found.size() == 4);
  CHECK(std::set(found.begin(), found.end()).size() == 4);
  CHECK(world.venue.times_said("subscribe") == 4);
  CHECK(world.venue.times_said("secret") == 0);
  CHECK(world.told("PRIVATE_FEED_DOWN") == 3);
  CHECK(world.told("PRIVATE_FEED_RESTORED") == 3);
}

TEST_CASE("the stream waits for the market's list: what it tells of could not be counted before") {
  PrivateWorld world;
  const auto& board = world.sim.context()->board;
  const auto listed = board->instruments(world.key);
  board->set_instruments(world.key, nullptr);
  world.start();
  world.sim.advance(5s);
  CHECK(world.feed_state() == "waiting");
  CHECK(world.account().reason == "the instrument list is not there");
  CHECK_FALSE(world.venue.connected());
  board->set_instruments(world.key, listed);
  CHECK(world.sim.until([&] { return world.feed_state() == "live"; }, 1s));
  CHECK(world.opens(10s));
}

TEST_CASE("a venue that is away is asked ever more rarely and told once") {
  PrivateWorld world;
  world.venue.refuses_sockets = true;
  world.start_feed();
  world.sim.advance(60s);
  const auto cell = world.sim.cell(messages::paths::private_feed(world.key));
  const auto tries = cell->counters().at("reconnects");
  CHECK(tries > 3);
  CHECK(tries < 20);
  CHECK(world.told("PRIVATE_FEED_DOWN") == 1);
  world.venue.refuses_sockets = false;
  CHECK(world.sim.until([&] { return world.feed_state() == "live"; }, 60s));
}

TEST_CASE("changed keys open the stream anew, with these") {
  PrivateWorld world;
  world.start_feed();
  REQUIRE(world.sim.until([&] { return world.feed_state() == "live"; }, 5s));
  world.keys->put(world.key.venue, {"key-two", "secret", {}, nullptr});
  caf::anon_send(world.feed, messages::KeysChanged{});
  world.sim.settle();
  REQUIRE(world.sim.until([&] { return world.feed_state() == "live"; }, 5s));
  CHECK(world.venue.times_said("key-one") == 1);
  CHECK(world.venue.times_said("key-two") == 1);
  world.keys->remove(world.key.venue);
  caf::anon_send(world.feed, messages::KeysChanged{});
  world.sim.advance(5s);
  CHECK(world.feed_state() == "public_only");
  CHECK_FALSE(world.venue.connected());
}

TEST_CASE("orders and fills of the stream reach the desk, a fill before its order, too") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  const auto id = world.submit().value().front();
  world.venue.tell("execution.spot", PrivateVenue::fill(id.text(), "t1", "0.400"));
  world.venue.tell("execution.spot", PrivateVenue::fill(id.text(), "t1", "0.400"));
  world.venue.tell("execution.spot", PrivateVenue::fill(id.text(), "t2", "0.600"));
  CHECK(world.desk.position(Gated::key("bybit")) == money("1"));
  world.venue.tell("order.spot", PrivateVenue::order(id.text(), "Filled", "1.000"));
  CHECK(world.state(id) == core::orders::OrderState::filled);
}

TEST_CASE("a malformed word of the stream is counted, and the next one is heard") {
  PrivateWorld world;
  world.start();
  REQUIRE(world.opens(10s));
  const auto id = world.submit().value().front();
  world.venue.tell("execution.spot", R"({"symbol":"BTCUSDT"})");
  CHECK(world.sim.cell(messages::paths::private_feed(world.key))->counters().at("malformed") == 1);
  world.venue.tell("execution.spot", PrivateVenue::fill(id.text(), "t1", "1.000"));
  CHECK(world.desk.position(Gated::key("bybit")) == money("1"));
}

TEST_CASE("a gateway that is started later learns that the stream lives, and its end closes it") {
  PrivateWorld world;
  world.start_feed();
  REQUIRE(world.sim.until([&] { return world.feed_state() == "live"; }, 5s));
  world.start_gateway();
  REQUIRE(world.opens(10s));
  world.stop(world.feed, messages::paths::private_feed(world.key));
  CHECK(world.gateway_state() == "closed");
}

} // namespace tandem::tests
