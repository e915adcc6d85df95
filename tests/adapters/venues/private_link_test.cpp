// One private stream on a virtual clock: how it is opened and kept, and each way in which it ends.
#include "adapters/venues/private_link.hpp"

#include "tests/adapters/venues/manual_tools.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace tandem::tests {
namespace {

using adapters::venues::PrivateEvent;
using adapters::venues::PrivateLink;
using core::Errc;
using core::MarketType;

class Stream : public ManualMarket {
public:
  Stream(const std::string& venue, MarketType type) : ManualMarket{venue, type} {
    tools.waiting = [this] { return waiting; };
    open();
  }

  ~Stream() {
    link->stop();
    strand.settle();
  }

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void open() {
    adapters::transport::WebSocketOptions socket;
    socket.url = "wss://venue.example";
    link = PrivateLink::open(
        tools, socket,
        {.ready = [this] { ++ready; },
         .event = [this](const PrivateEvent& event) { events.push_back(event); },
         .down = [this](core::Error why) { downs.push_back(std::move(why)); },
         .malformed = [this](const core::Error&) { ++malformed; },
         .held = [this](bool now) { holds.push_back(now); }});
    strand.settle();
  }

  void hear(const std::string& text) {
    sockets.hear(text, strand.clocks().mono());
    strand.settle();
  }

  /// Bybit: authenticated and subscribed.
  void open_bybit() {
    sockets.events.on_open();
    hear(R"({"success":true,"ret_msg":"","op":"auth","conn_id":"c"})");
    hear(R"({"success":true,"ret_msg":"","op":"subscribe","conn_id":"c"})");
    REQUIRE(ready == 1);
  }

  std::shared_ptr<PrivateLink> link;
  std::vector<PrivateEvent> events;
  std::vector<core::Error> downs;
  std::vector<bool> holds;
  std::size_t waiting = 0; ///< updates that nobody has worked off
  int ready = 0, malformed = 0;
};

} // namespace

TEST_CASE("Bybit: signs in, then subscribes, and is ready when both are accepted") {
  Stream stream{"bybit", MarketType::linear};
  REQUIRE(stream.sockets.urls.size() == 1);
  stream.sockets.events.on_open();
  REQUIRE(stream.sockets.sent.size() == 1);
  CHECK(stream.sockets.sent[0].find(R"("op":"auth")") != std::string::npos);
  CHECK(stream.sockets.sent[0].find("secret") == std::string::npos);
  stream.hear(R"({"success":true,"ret_msg":"","op":"auth","conn_id":"c"})");
  REQUIRE(stream.sockets.sent.size() == 2);
  CHECK(stream.sockets.sent[1].find(R"("op":"subscribe")") != std::string::npos);
  CHECK(stream.ready == 0);
  stream.hear(R"({"success":true,"ret_msg":"","op":"subscribe","conn_id":"c"})");
  CHECK(stream.ready == 1);
  SUBCASE("the next one signs anew, by the clock of then") {
    stream.link->stop();
    stream.strand.advance(std::chrono::minutes{1});
    stream.open();
    stream.sockets.events.on_open();
    CHECK(stream.sockets.sent.back().find(R"("op":"auth")") != std::string::npos);
    CHECK(stream.sockets.sent.back() != stream.sockets.sent[0]);
  }
}

TEST_CASE("a refused sign-in ends the stream as unauthenticated") {
  Stream stream{"bybit", MarketType::spot};
  stream.sockets.events.on_open();
  stream.hear(
      R"({"success":false,"ret_msg":"Params Error","op":"auth","conn_id":"c","retCode":10003})");
  REQUIRE(stream.downs.size() == 1);
  CHECK(stream.ready == 0);
  CHECK(core::describe(stream.downs[0]).find("secret") == std::string::npos);
  stream.strand.advance(std::chrono::minutes{1});
  CHECK(stream.downs.size() == 1);
}

TEST_CASE("an opening that is not answered within 15 s ends") {
  Stream stream{"bybit", MarketType::linear};
  stream.sockets.events.on_open();
  stream.strand.advance(std::chrono::milliseconds{14'900});
  CHECK(stream.downs.empty());
  stream.strand.advance(std::chrono::milliseconds{600});
  REQUIRE(stream.downs.size() == 1);
  CHECK(stream.downs[0].code == Errc::timed_out);
}

TEST_CASE("it is pinged, and silence beyond two pings is a loss; any sign of life is none") {
  Stream stream{"bybit", MarketType::linear};
  stream.open_bybit();
  const auto sent = stream.sockets.sent.size();
  for (int n = 0; n < 10; ++n) {
    stream.strand.advance(std::chrono::seconds{20});
    stream.hear(R"({"req_id":"","op":"pong","args":["1"],"conn_id":"c"})");
  }
  CHECK(stream.downs.empty());
  CHECK(stream.sockets.sent.size() + static_cast<std::size_t>(stream.sockets.pings) >= sent + 9);
  stream.strand.advance(std::chrono::milliseconds{51'000});
  REQUIRE(stream.downs.size() == 1);
  CHECK(stream.downs[0].code == Errc::timed_out);
}

TEST_CASE("Binance USD-M: the stream's key is fetched, used, renewed in time, and its end ends the "
          "stream") {
  Stream stream{"binance", MarketType::linear};
  CHECK(stream.sockets.urls.empty());
  REQUIRE(stream.http.exchanges.size() == 1);
  stream.http.answer(200, R"({"listenKey":"abc123"})");
  REQUIRE(stream.sockets.urls.size() == 1);
  CHECK(stream.sockets.urls[0].find("abc123") != std::string::npos);
  stream.sockets.events.on_open();
  CHECK(stream.ready == 1);
  for (int n = 0; n < 31; ++n) {
    stream.strand.advance(std::chrono::minutes{1});
    stream.sockets.events.on_control(stream.strand.clocks().mono());
  }
  REQUIRE(stream.http.exchanges.size() == 1);
  CHECK(stream.http.exchanges[0].request.method == "PUT");
  stream.http.answer(200, "{}");
  CHECK(stream.downs.empty());
  stream.hear(R"({"e":"listenKeyExpired","E":1736996475556,"listenKey":"abc123"})");
  REQUIRE(stream.downs.size() == 1);
  CHECK(core::describe(stream.downs[0]).find("abc123") == std::string::npos);
}

TEST_CASE("a key that cannot be fetched ends the stream before a socket is opened") {
  Stream stream{"binance", MarketType::linear};
  stream.http.answer(401,
                     R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."})");
  REQUIRE(stream.downs.size() == 1);
  CHECK(stream.sockets.urls.empty());
}

TEST_CASE("what is malformed is counted and ends nothing; what follows is heard") {
  Stream stream{"bybit", MarketType::linear};
  stream.open_bybit();
  for (const auto* text : {"{", "nonsense", "\xff\xfe"})
    stream.hear(text);
  CHECK(stream.malformed == 3);
  CHECK(stream.downs.empty());
  stream.hear(
      R"({"topic":"execution","id":"i","creationTime":1,"data":[{"category":"linear","symbol":"BTCUSDT","execFee":"0.01","execId":"t1","execPrice":"100","execQty":"0.5","execType":"Trade","execValue":"50","isMaker":false,"feeRate":"0.0006","orderId":"o1","orderLinkId":"x","orderPrice":"100","orderQty":"1","orderType":"Limit","side":"Buy","execTime":"5","leavesQty":"0.5","seq":1}]})");
  REQUIRE(stream.events.size() == 1);
  const auto* fill = std::get_if<core::orders::VenueFill>(&stream.events[0]);
  REQUIRE(fill != nullptr);
  CHECK(fill->trade_id == "t1");
}

TEST_CASE("P19: it is not read while too much waits to be worked off, and again at half of that") {
  using adapters::venues::updates_waiting_max;
  Stream stream{"bybit", MarketType::linear};
  stream.open_bybit();
  const std::string word = R"({"topic":"order","data":[]})";
  stream.waiting = updates_waiting_max - 1;
  stream.hear(word);
  CHECK_FALSE(stream.sockets.paused);
  stream.waiting = updates_waiting_max;
  stream.hear(word);
  CHECK(stream.sockets.paused);
  stream.hear(word); // under way already
  CHECK(stream.holds == std::vector{true});
  stream.waiting = updates_waiting_max / 2 + 1;
  stream.strand.advance(std::chrono::milliseconds{100});
  CHECK(stream.sockets.paused);
  SUBCASE("worked off") {
    stream.waiting = updates_waiting_max / 2;
    stream.strand.advance(std::chrono::milliseconds{5});
    CHECK_FALSE(stream.sockets.paused);
    CHECK(stream.holds == std::vector{true, false});
    CHECK(stream.downs.empty());
  }
  SUBCASE("never worked off: what it does not hear for so long is a loss") {
    stream.strand.advance(std::chrono::milliseconds{51'000});
    REQUIRE(stream.downs.size() == 1);
    CHECK(stream.downs[0].code == Errc::timed_out);
    CHECK(stream.downs[0].detail.find("does not work off") != std::string::npos);
  }
}

TEST_CASE("a lost connection is told once, and nothing after a stop") {
  Stream stream{"bybit", MarketType::linear};
  stream.open_bybit();
  SUBCASE("lost") {
    stream.sockets.events.on_down({Errc::connection_lost, "reset", {}});
    stream.sockets.events.on_down({Errc::connection_lost, "reset", {}});
    stream.strand.settle();
    CHECK(stream.downs.size() == 1);
  }
  SUBCASE("stopped") {
    stream.link->stop();
    stream.strand.advance(std::chrono::minutes{5});
    CHECK(stream.downs.empty());
  }
}

} // namespace tandem::tests
