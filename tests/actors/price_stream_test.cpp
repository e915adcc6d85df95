/// The price-stream server's actors in virtual time: what its users see of routes, clients and
/// outages.
#include "tests/actors/price_stream_world.hpp"

#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::tests;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("S1-01: a price of the stream stands in /prices within 100 ms") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  CHECK(world.venue.streams == std::set<std::string>{"btcusdt@kline_1m"});
  world.venue.candle("BTCUSDT", world.minute(), "101.5");
  const auto prices = world.ask("/prices"); // takes 10 ms
  CHECK(has(prices, R"("BTCUSDT":{"symbol":"BTCUSDT","price":101.5)"));
}

TEST_CASE("S1-04: every client gets the same bytes, each what it asked for") {
  PriceStreamWorld world{{.stored = {"BTCUSDT", "ETHUSDT"}}};
  const auto all = world.client(), again = world.client(), one = world.client("symbol=ethusdt");
  world.venue.candle("BTCUSDT", world.minute(), "101");
  world.venue.candle("ETHUSDT", world.minute(), "11");
  REQUIRE(all->got.size() == 2);
  REQUIRE(again->got.size() == 2);
  REQUIRE(one->got.size() == 1);
  CHECK(all->got[0] == again->got[0]);
  CHECK(all->got[1] == one->got[0]);
  CHECK(has(*one->got[0], R"("type":"price_update","data":{"symbol":"ETHUSDT","price":11.0)"));
}

TEST_CASE("S1-15: what is stored is subscribed again after a crash") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  CHECK(has(world.ask("/symbol/ethusdt/subscribe", "POST"), "200"));
  world.sim.advance(1s);
  world.sim.kill("price_stream/provider");
  CHECK(world.venue.streams.empty());
  world.sim.advance(2s);
  CHECK(world.venue.streams == std::set<std::string>{"btcusdt@kline_1m", "ethusdt@kline_1m"});
}

TEST_CASE("S1-34: while the provider is down, /health says so and changes are refused") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  CHECK(has(world.ask("/health"), R"("crypto_provider":"running")"));
  world.sim.kill("price_stream/provider");
  const auto health = world.ask("/health");
  CHECK(has(health, "200 "));
  CHECK(has(health, R"("crypto_provider":"stopped")"));
  CHECK(has(world.ask("/symbol/ethusdt/subscribe", "POST"), "503 "));
  const auto client = world.client();
  world.says(client, "subscribe:ETHUSDT");
  REQUIRE(client->got.size() == 1);
  CHECK(client->got[0]->starts_with("錯誤: "));
  world.sim.advance(2s);
  CHECK(has(world.ask("/health"), R"("crypto_provider":"running")"));
}

TEST_CASE("S1-35: /health counts the clients that are there") {
  PriceStreamWorld world;
  const auto first = world.client(), second = world.client();
  CHECK(has(world.ask("/health"), R"("active_websocket_connections":2)"));
  world.events.on_socket_closed(first);
  world.sim.settle();
  const auto health = world.ask("/health");
  CHECK(has(health, R"("active_websocket_connections":1)"));
  CHECK(has(health, R"("total_connections":2)"));
}

TEST_CASE("S1-38: good, bad and other frames are counted apart") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  for (int n = 0; n < 10; ++n)
    world.venue.candle("BTCUSDT", world.minute(), "100");
  world.venue.says(R"({"stream":"s","data":{"e":"kline","s":"BTCUSDT","k":{"t":"x"}}})");
  world.venue.says("not json");
  const auto health = world.ask("/health");
  CHECK(has(health, R"("messages_received":12,"messages_processed":10,"messages_failed":2)"));
  world.venue.says(R"({"result":null,"id":1})");
  CHECK(has(world.ask("/health"), R"("messages_ignored":1)"));
}

TEST_CASE("S1-47: a subscription in any case reaches venue and store, and comes once") {
  PriceStreamWorld world;
  CHECK(has(world.ask("/symbol/ethusdt/subscribe", "POST"), R"("status":"success")"));
  CHECK(has(world.ask("/symbol/ETHUSDT/subscribe", "POST"), "200 "));
  world.sim.advance(1s);
  CHECK(world.venue.controls == std::vector<std::string>{"SUBSCRIBE ethusdt@kline_1m"});
  CHECK(world.table.rows == std::vector{core::Symbol{"ETHUSDT"}});
}

TEST_CASE("S1-48: who unsubscribes is gone from venue, store and prices") {
  PriceStreamWorld world{{.stored = {"ETHUSDT"}}};
  world.venue.candle("ETHUSDT", world.minute(), "10");
  CHECK(has(world.ask("/symbol/ethusdt/unsubscribe", "POST"), "200 "));
  world.sim.advance(1s);
  CHECK(world.venue.streams.empty());
  CHECK(world.table.rows.empty());
  CHECK(world.ask("/prices") == "200 {}");
  const auto client = world.client();
  world.venue.candle("ETHUSDT", world.minute(), "11"); // was still under way
  CHECK(client->got.empty());
}

TEST_CASE("S1-13: a store that is away refuses changes, and prices go on") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  world.table.broken = true;
  const auto refused = world.ask("/symbol/ethusdt/subscribe", "POST");
  CHECK(has(refused, "500 "));
  CHECK(has(refused, "does not answer"));
  CHECK(world.logged("subscription_not_stored") == 1);
  world.venue.candle("BTCUSDT", world.minute(), "101");
  CHECK(has(world.ask("/prices"), R"("price":101.0)"));
  world.table.broken = false;
  CHECK(has(world.ask("/symbol/ethusdt/subscribe", "POST"), "200 "));
}

TEST_CASE("S1-67: what is no symbol is refused, and neither stored nor subscribed") {
  PriceStreamWorld world;
  const auto client = world.client();
  for (const auto& wrong : {std::string{"a-b"}, std::string(300, 'a'), std::string{"x"}}) {
    CHECK(has(world.ask("/symbol/" + wrong + "/subscribe", "POST"), "422 "));
    world.says(client, "subscribe:" + wrong);
    CHECK(client->got.back()->starts_with("錯誤: "));
  }
  world.sim.advance(1s);
  CHECK(world.table.rows.empty());
  CHECK(world.venue.controls.empty());
}

TEST_CASE("S1-52: a client's text subscribes for all, and another's ends it") {
  PriceStreamWorld world;
  const auto client = world.client();
  world.says(client, "subscribe:SOLUSDT");
  REQUIRE(client->got.size() == 1);
  CHECK(*client->got[0] == "已訂閱 SOLUSDT");
  world.sim.advance(1s);
  world.venue.candle("SOLUSDT", world.minute(), "9");
  CHECK(client->got.size() == 2);
  world.says(client, "unsubscribe:SOLUSDT");
  CHECK(*client->got.back() == "已取消訂閱 SOLUSDT");
  world.says(client, "hello"); // is no command
  CHECK(client->got.size() == 3);
}

TEST_CASE("S1-73: a client that does not read is dropped, and costs the others nothing") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  const auto slow = world.client(), well = world.client();
  slow->backlog = 2U * 1024 * 1024;
  world.venue.candle("BTCUSDT", world.minute(), "101");
  world.venue.candle("BTCUSDT", world.minute(), "102");
  CHECK(slow->closed == 1013);
  CHECK(slow->got.empty());
  CHECK(well->got.size() == 2);
  CHECK(has(world.ask("/health"), R"("failed_sends":1)"));
}

TEST_CASE("a client that floods its listener with texts is cut off, the others are heard") {
  PriceStreamWorld world;
  const auto noisy = world.client(), calm = world.client();
  for (int n = 0; n < 100; ++n)
    world.events.on_socket_text(noisy, "subscribe:BTCUSDT"); // none is read in between
  CHECK(noisy->closed == 1008);
  world.sim.settle();
  world.says(calm, "subscribe:ETHUSDT");
  CHECK(*calm->got.back() == "已訂閱 ETHUSDT");
}

TEST_CASE("S1-51: an interval that nobody sums up closes with 1008") {
  PriceStreamWorld world{{.targets = {"5m"}}};
  CHECK(world.client("interval=7s")->closed == 1008);
  CHECK(world.client("interval=3m")->closed == 1008);
  CHECK(world.client("symbol=a-b")->why == "Invalid symbol");
  CHECK(world.client("symbol=btcusdt&interval=5m")->closed == 0);
}

TEST_CASE("S1-21: the basic edition has the basic routes alone") {
  PriceStreamWorld world{{.edition = adapters::price_stream::Edition::basic}};
  CHECK(has(world.ask("/"), R"("status":"running")"));
  CHECK(has(world.ask("/symbol/btcusdt/subscribe", "POST"), "成功"));
  for (const auto* path : {"/prices", "/stats", "/symbols", "/history", "/analysis/BTCUSDT"})
    CHECK(has(world.ask(path), "404 "));
}

TEST_CASE("a connection that is cut is made again with growing pauses, and subscribes anew") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  world.venue.refuse = true;
  world.venue.cut();
  world.sim.advance(20s);
  CHECK(world.logged("stream_down") == world.venue.connections);
  CHECK(world.venue.connections > 4);
  CHECK(world.venue.connections < 12);
  world.venue.refuse = false;
  CHECK(world.sim.until([&] { return !world.venue.streams.empty(); }, 31s));
}

TEST_CASE("a venue that falls silent is left for a new connection") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}}};
  world.venue.deaf = true;
  CHECK(world.sim.until([&] { return world.venue.connections > 1; }, 205s)); // Binance pings
                                                                             // every 3 min
  world.venue.deaf = false;
  world.sim.advance(205s);
  CHECK(world.venue.connections == 2); // pongs keep it
}

TEST_CASE("S1-61: a sum that is over is stored, and those who asked for its interval hear it") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}, .targets = {"5m"}}};
  const auto client = world.client("interval=5m"), base = world.client();
  // At the start of a bucket; its history has nothing.
  REQUIRE(world.sim.until([&] { return world.minute() % 5 == 0; }, 301s));
  const auto first = world.minute();
  for (std::int64_t minute = first; minute <= first + 5; ++minute) {
    world.venue.candle("BTCUSDT", minute, std::to_string(100 + minute - first), true);
    world.sim.advance(60s);
  }
  REQUIRE(client->got.size() == 1);
  CHECK(has(*client->got[0], R"("price":104.0)"));
  CHECK(has(*client->got[0], R"("volume":10.0)"));
  CHECK(base->got.size() == 6);
  std::vector<core::sinks::NewsPtr> news;
  world.stored->take(news);
  std::size_t prices = 0, sums = 0;
  for (const auto& one : news)
    if (const auto* record = std::get_if<core::sinks::Record>(one.get())) {
      prices += record->name == "crypto_price" ? 1 : 0;
      sums += record->name == "crypto_price_5m" ? 1 : 0;
    }
  CHECK(prices == 6);
  CHECK(sums >= 1);
}

TEST_CASE("S1-12: without its broker, and until it is there, prices go to the clients directly") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}, .kafka = true}};
  CHECK(world.logged("kafka_absent") == 1);
  const auto client = world.client();
  world.venue.candle("BTCUSDT", world.minute(), "101");
  CHECK(client->got.size() == 1);
  CHECK(world.broker.published.empty());
}

TEST_CASE("S1-62: with its broker a price is published, and heard once when it comes back") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}, .kafka = true}};
  const auto client = world.client();
  world.broker.events.on_ready(true, {});
  world.sim.settle();
  world.venue.candle("BTCUSDT", world.minute(), "101");
  REQUIRE(world.broker.published.size() == 1);
  CHECK(has(world.broker.published[0], R"("interval":"1m")"));
  CHECK(client->got.empty()); // not before the group hears it
  world.broker.events.on_frame(world.broker.published[0]);
  world.broker.events.on_frame(world.broker.published[0]); // a broker may say it twice
  world.sim.settle();
  REQUIRE(client->got.size() == 1);
  CHECK(has(*client->got[0], R"("price":101.0)"));
  CHECK_FALSE(has(*client->got[0], "interval"));
  CHECK(world.ask("/prices").find("101.0") != std::string::npos);
}

TEST_CASE(
    "S1-12: what a dying broker gave back is heard once, and older frames never after newer") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}, .kafka = true}};
  const auto client = world.client();
  world.broker.events.on_ready(true, {});
  world.sim.settle();
  world.venue.candle("BTCUSDT", world.minute(), "101");
  world.venue.candle("BTCUSDT", world.minute(), "102");
  world.broker.events.on_ready(false, "all brokers are down");
  world.broker.events.on_undelivered(world.broker.published[0]);
  world.sim.settle();
  world.venue.candle("BTCUSDT", world.minute(), "103"); // directly
  CHECK(client->got.size() == 2);
  world.broker.events.on_frame(world.broker.published[1]); // it had it all the same
  world.broker.events.on_frame(world.broker.published[0]);
  world.sim.settle();
  CHECK(client->got.size() == 2);
  CHECK(world.logged("kafka_absent") == 2);
  world.broker.events.on_ready(true, {});
  world.sim.settle();
  CHECK(world.logged("kafka_ready") == 2);
}

TEST_CASE("a broker without room costs no price, and what is no frame on the topic no client") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}, .kafka = true}};
  const auto client = world.client();
  world.broker.events.on_ready(true, {});
  world.sim.settle();
  world.broker.full = true;
  world.venue.candle("BTCUSDT", world.minute(), "101");
  CHECK(client->got.size() == 1);
  for (const auto* text : {"", "{}", "\xff", R"({"type":"price_update","data":{}})"})
    world.broker.events.on_frame(text);
  world.sim.advance(1s);
  CHECK(client->got.size() == 1);
  CHECK(world.sim.cell("price_stream/fanout")->counters()["malformed"] == 4);
}

TEST_CASE("a fan-out that dies costs no price") {
  PriceStreamWorld world{{.stored = {"BTCUSDT"}, .kafka = true}};
  const auto client = world.client();
  world.broker.events.on_ready(true, {});
  world.sim.kill("price_stream/fanout");
  world.venue.candle("BTCUSDT", world.minute(), "101");
  CHECK(client->got.size() == 1);
  world.sim.advance(2s);
  world.venue.candle("BTCUSDT", world.minute(), "102"); // not ready again yet
  CHECK(client->got.size() == 2);
}
