#include "tests/adapters/venues/bybit/support.hpp"

#include <boost/json.hpp>

using namespace tandem;
using namespace tandem::tests::bybit;
using core::MarketType;

namespace {

/// Decodes and demands one kind of frame.
template <class Kind>
Kind decode_as(Decoder& decode, std::string_view json) {
  CAPTURE(json);
  const auto frame = decode(json);
  REQUIRE_MESSAGE(frame.has_value(), (frame ? "" : core::describe(frame.error())));
  REQUIRE(std::holds_alternative<Kind>(*frame));
  return std::get<Kind>(*frame);
}

core::Decimal decimal(std::string_view text) {
  return core::Decimal::parse(text).value();
}

constexpr std::string_view linear_delta
    = R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1773386409407,"data":{"s":"BTCUSDT","b":[["71419.80","0"],["71418.20","0.159"]],"a":[["71427.90","0.006"]],"u":10132541,"seq":546137962186},"cts":1773386409404})";

} // namespace

TEST_CASE("a Bybit depth frame carries its texts untouched") {
  Decoder decode{*market(MarketType::linear)};
  const auto frame = decode_as<DepthFrame>(decode, linear_delta);
  CHECK(frame.symbol == "BTCUSDT");
  CHECK_FALSE(frame.snapshot);
  CHECK(frame.first_id == 10132541);
  CHECK(frame.last_id == 10132541);
  CHECK(frame.cross_sequence == 546137962186);
  CHECK(frame.levels == 50);
  CHECK(frame.venue_time == 1773386409407);
  REQUIRE(frame.bids.size() == 2);
  CHECK(frame.bids[0].price == "71419.80");
  CHECK(frame.bids[0].size == "0");
  CHECK(frame.bids[1].size == "0.159");
  REQUIRE(frame.asks.size() == 1);
  CHECK(frame.asks[0].price == "71427.90");
}

TEST_CASE("a Bybit depth frame reads the same in any order of its keys") {
  Decoder decode{*market(MarketType::spot, "200")};
  const std::string data
      = R"("data":{"seq":9,"u":7,"a":[["2","1"]],"b":[["1","3"]],"s":"BTCUSDT"})";
  const std::string topic = R"("topic":"orderbook.200.BTCUSDT")";
  const std::string type = R"("type":"snapshot")";
  const std::string ts = R"("ts":5)";
  std::vector<std::string> parts{data, topic, type, ts};
  std::sort(parts.begin(), parts.end());
  do {
    const auto json = "{" + parts[0] + "," + parts[1] + "," + parts[2] + "," + parts[3] + "}";
    const auto frame = decode_as<DepthFrame>(decode, json);
    CHECK(frame.snapshot);
    CHECK(frame.symbol == "BTCUSDT");
    CHECK(frame.levels == 200);
    CHECK(frame.last_id == 7);
    CHECK(frame.cross_sequence == 9);
    CHECK(frame.venue_time == 5);
    REQUIRE(frame.bids.size() == 1);
    CHECK(frame.bids[0].size == "3");
  } while (std::next_permutation(parts.begin(), parts.end()));
}

TEST_CASE("fields nobody knows change nothing in a Bybit frame") {
  Decoder decode{*market(MarketType::linear)};
  const auto frame = decode_as<DepthFrame>(
      decode,
      R"({"new":{"a":[1,{"b":"}"}]},"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"x":[[]],"s":"BTCUSDT","b":[],"a":[],"u":2,"seq":1,"y":null},"z":1.5})");
  CHECK(frame.last_id == 2);
  CHECK(frame.bids.empty());
}

TEST_CASE("Bybit level 1 is a best-price frame") {
  Decoder decode{*market(MarketType::spot)};
  SUBCASE("today's snapshots have both sides") {
    const auto frame = decode_as<BestFrame>(
        decode,
        R"({"topic":"orderbook.1.BTCUSDT","ts":3,"type":"snapshot","data":{"s":"BTCUSDT","b":[["109378.80","1.273"]],"a":[["109378.90","6.278"]],"u":14869255,"seq":4},"cts":2})");
    CHECK(frame.id == 14869255);
    CHECK(frame.bid.price == "109378.80");
    CHECK(frame.bid.size == "1.273");
    CHECK(frame.ask.size == "6.278");
    CHECK(frame.venue_time == 3);
  }
  SUBCASE("a delta of 2023 leaves the unchanged side empty") {
    const auto frame = decode_as<BestFrame>(
        decode,
        R"({"topic":"orderbook.1.BTCUSDT","type":"delta","ts":3,"data":{"s":"BTCUSDT","b":[["28551.00","0"],["28552.00","0.012"]],"a":[],"u":7003306,"seq":4}})");
    CHECK(frame.bid.price == "28552.00");
    CHECK(frame.ask.price.empty());
    CHECK(frame.ask.size.empty());
  }
  SUBCASE("a side that only left keeps its deletion") {
    const auto frame = decode_as<BestFrame>(
        decode,
        R"({"topic":"orderbook.1.BTCUSDT","type":"delta","ts":3,"data":{"s":"BTCUSDT","b":[["28551.00","0.000"]],"a":[],"u":7003306,"seq":4}})");
    CHECK(frame.bid.size == "0.000");
  }
}

TEST_CASE("u = 1 is a snapshot whatever Bybit calls it") {
  Decoder decode{*market(MarketType::linear)};
  const auto frame = decode_as<DepthFrame>(
      decode,
      R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["1","1"]],"a":[],"u":1,"seq":1}})");
  CHECK(frame.snapshot);
}

TEST_CASE("Bybit trades name the taker") {
  Decoder decode{*market(MarketType::linear)};
  const auto frame = decode_as<TradesFrame>(
      decode,
      R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":9,"data":[{"T":8,"s":"BTCUSDT","S":"Sell","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284617},{"i":"2290000000050703789","T":7,"p":"16578","v":"2","S":"Buy","s":"BTCUSDT","BT":true}]})");
  CHECK(frame.symbol == "BTCUSDT");
  REQUIRE(frame.trades.size() == 2);
  CHECK(frame.trades[0].trade_id == "20f43950-d8dd-5b31-9112-a178eb6023af");
  CHECK(frame.trades[0].price == decimal("16578.5"));
  CHECK(frame.trades[0].quantity == decimal("0.001"));
  CHECK(frame.trades[0].taker == core::market::TakerSide::sell);
  CHECK(frame.trades[0].venue_time == 8);
  CHECK(frame.trades[1].taker == core::market::TakerSide::buy);
}

TEST_CASE("a Bybit ticker delta holds only what changed") {
  Decoder decode{*market(MarketType::linear)};
  const auto frame = decode_as<TickerFrame>(
      decode,
      R"({"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","tickDirection":"MinusTick","price24hPcnt":"0.023362","fundingRate":"","bid1Price":"28560.00","bid1Size":"340549"},"cs":20856433603,"ts":1680673822776})");
  CHECK(frame.delta);
  CHECK(frame.ticker.venue_time == 1680673822776);
  CHECK(frame.ticker.change_percent == decimal("2.3362"));
  CHECK(frame.ticker.best_bid == decimal("28560"));
  CHECK(frame.ticker.best_bid_size == decimal("340549"));
  CHECK_FALSE(frame.ticker.best_ask.has_value());
  CHECK_FALSE(frame.ticker.funding_rate.has_value());
  CHECK_FALSE(frame.ticker.last.has_value());
}

TEST_CASE("a Bybit spot ticker has no best prices") {
  Decoder decode{*market(MarketType::spot)};
  const auto frame = decode_as<TickerFrame>(
      decode,
      R"({"topic":"tickers.BTCUSDT","ts":1673853746003,"type":"snapshot","cs":2588407389,"data":{"symbol":"BTCUSDT","lastPrice":"21109.77","highPrice24h":"21426.99","lowPrice24h":"20575","prevPrice24h":"20704.93","volume24h":"6780.866843","turnover24h":"141946527.22907118","price24hPcnt":"-0.0196","usdIndexPrice":"21120.2400136"}})");
  CHECK_FALSE(frame.delta);
  CHECK(frame.ticker.last == decimal("21109.77"));
  CHECK(frame.ticker.quote_volume == decimal("141946527.22907118"));
  CHECK(frame.ticker.change_percent == decimal("-1.96"));
  CHECK_FALSE(frame.ticker.best_bid.has_value());
}

TEST_CASE("a Bybit day's sum too long for 64 bits is cut, a price is refused") {
  Decoder decode{*market(MarketType::spot)};
  const auto with = [](std::string_view key, std::string_view number) {
    return R"({"topic":"tickers.X","ts":1,"type":"snapshot","data":{"symbol":"X",")"
           + std::string{key} + R"(":")" + std::string{number} + R"("}})";
  };
  const auto frame
      = decode_as<TickerFrame>(decode, with("turnover24h", "98765432109.123456789123"));
  CHECK(frame.ticker.quote_volume == decimal("98765432109.1234567"));
  CHECK(decode(with("lastPrice", "98765432109.123456789123")).error().code
        == core::Errc::malformed);
  CHECK(decode(with("turnover24h", "1,5")).error().code == core::Errc::malformed);
}

TEST_CASE("a Bybit kline is final only when it says so") {
  Decoder decode{*market(MarketType::linear)};
  const auto json = [](std::string_view confirm) {
    return R"({"topic":"kline.5.BTCUSDT","data":[{"start":1672324800000,"end":1672325099999,"interval":"5","open":"16649.5","close":"16677","high":"16677","low":"16608","volume":"2.081","turnover":"34666.4005","confirm":)"
           + std::string{confirm}
           + R"(,"timestamp":1672324988882}],"ts":1672324988882,"type":"snapshot"})";
  };
  const auto frame = decode_as<KlinesFrame>(decode, json("false"));
  REQUIRE(frame.klines.size() == 1);
  const auto& kline = frame.klines[0];
  CHECK(kline.interval == "5");
  CHECK(kline.open_time == 1672324800000);
  CHECK(kline.close_time == 1672325099999);
  CHECK(kline.high == decimal("16677"));
  CHECK(kline.volume == decimal("2.081"));
  CHECK(kline.quote_volume == decimal("34666.4005"));
  CHECK_FALSE(kline.closed);
  CHECK(decode_as<KlinesFrame>(decode, json("true")).klines[0].closed);
}

TEST_CASE("every shape of a Bybit acknowledgement is understood") {
  Decoder decode{*market(MarketType::spot)};
  const auto spot = decode_as<ControlReply>(
      decode,
      R"({"success":true,"ret_msg":"subscribe","conn_id":"2324d924","req_id":"10001","op":"subscribe"})");
  CHECK(spot.accepted);
  CHECK(spot.request_id == 10001);
  CHECK(spot.message.empty());
  const auto linear = decode_as<ControlReply>(
      decode, R"({"success":true,"ret_msg":"","conn_id":"d6","req_id":"","op":"subscribe"})");
  CHECK(linear.accepted);
  CHECK(linear.request_id == 0);
  CHECK(decode_as<ControlReply>(decode,
                                R"({"success":true,"ret_msg":"","op":"unsubscribe","conn_id":"c"})")
            .accepted);
  const auto refused = decode_as<ControlReply>(
      decode,
      R"({"success":false,"ret_msg":"Invalid topic: invalid.topic.BTCUSDT","conn_id":"c","req_id":"7","op":"subscribe"})");
  CHECK_FALSE(refused.accepted);
  CHECK(refused.request_id == 7);
  CHECK(refused.message == "Invalid topic: invalid.topic.BTCUSDT");
  CHECK(
      decode_as<ControlReply>(
          decode,
          R"({"success":false,"ret_msg":"error:already subscribed,topic:tickers.ETHUSDT","conn_id":"c","op":"subscribe"})")
          .accepted);
  CHECK(
      decode_as<ControlReply>(
          decode,
          R"({"success":true,"conn_id":"aa","data":{"failTopics":[],"successTopics":["orderbook.100.X"]},"type":"COMMAND_RESP"})")
          .accepted);
  const auto partly = decode_as<ControlReply>(
      decode,
      R"({"success":true,"conn_id":"aa","data":{"failTopics":["a.b","c"],"successTopics":[]},"type":"COMMAND_RESP"})");
  CHECK_FALSE(partly.accepted);
  CHECK(partly.message == "failed topics: a.b, c");
  const auto before_type = decode_as<ControlReply>(
      decode, R"({"type":"COMMAND_RESP","data":{"failTopics":["a.b"]},"success":true})");
  CHECK_FALSE(before_type.accepted);
}

TEST_CASE("every shape of a Bybit pong is a pong") {
  Decoder decode{*market(MarketType::linear)};
  decode_as<PongFrame>(decode,
                       R"({"success":true,"ret_msg":"pong","conn_id":"0970e817","op":"ping"})");
  decode_as<PongFrame>(
      decode, R"({"success":true,"ret_msg":"pong","conn_id":"465772b1","req_id":"","op":"ping"})");
  decode_as<PongFrame>(decode, R"({"args":["1672916271846"],"op":"pong"})");
  decode_as<PongFrame>(decode,
                       R"({"req_id":"test","op":"pong","args":["1675418560633"],"conn_id":"c"})");
}

TEST_CASE("what Bybit sends beside these is other, not malformed") {
  Decoder decode{*market(MarketType::linear)};
  CHECK(
      decode_as<OtherFrame>(decode, R"({"topic":"system.status","ts":1,"data":[{"id":"x"}]})").kind
      == "system.status");
  CHECK(decode_as<OtherFrame>(
            decode,
            R"({"topic":"orderbook.full.MNTUSDT","ts":1,"type":"delta","data":{"s":"MNTUSDT"}})")
            .kind
        == "orderbook.full.MNTUSDT");
  CHECK(decode_as<OtherFrame>(decode, R"({"op":"auth","success":false,"retCode":10003})").kind
        == "auth");
  decode_as<OtherFrame>(decode, R"({"topic":"liquidation.BTCUSDT","ts":1,"data":{}})");
}

TEST_CASE("a Bybit message with anything wrong in it is refused whole") {
  Decoder decode{*market(MarketType::linear)};
  const std::string good{linear_delta};
  REQUIRE(decode(good).has_value());
  const auto with = [&](std::string_view part, std::string_view instead) {
    auto changed = good;
    const auto at = changed.find(part);
    REQUIRE(at != std::string::npos);
    return changed.replace(at, part.size(), instead);
  };
  const std::string cases[] = {
      "",
      " ",
      "[]",
      "1",
      "null",
      R"("topic")",
      R"({"success":true,"ret_msg":nn,"op":"subscribe"})", // begins as null and is another word
      "{}",
      "not json",
      R"({"topic":1})",
      R"({"topic":""})",
      R"({"op":1})",
      R"({"op":"subscribe"})",
      R"({"op":"subscribe","success":"yes"})",
      good + good,
      good + " x",
      good.substr(0, good.size() - 1),
      with(R"("u":10132541)", R"("u":-1)"),
      with(R"("u":10132541)", R"("u":0)"),
      with(R"("u":10132541)", R"("u":9223372036854775808)"),
      with(R"("u":10132541)", R"("u":1.5)"),
      with(R"("u":10132541)", R"("u":"10132541")"),
      with(R"("u":10132541)", R"("u":10132541,"u":10132542)"),
      with(R"(,"u":10132541)", ""),
      with(R"("seq":546137962186)", R"("seq":-1)"),
      with(R"("s":"BTCUSDT")", R"("s":"ETHUSDT")"),
      with(R"("s":"BTCUSDT")", R"("s":null)"),
      with(R"("type":"delta")", R"("type":"update")"),
      with(R"("type":"delta",)", ""),
      with(R"("ts":1773386409407,)", ""),
      with(R"("ts":1773386409407)", R"("ts":-5)"),
      with(R"("0.159")", R"(0.159)"),
      with(R"("0.159")", R"("")"),
      with(R"("0.159")", R"("0.159","1")"),
      with(R"(,"0.159")", ""),
      with(R"(["71419.80","0"])", R"("71419.80")"),
      with(R"("b":[)", R"("b":[null,)"),
      with(R"("b":[["71419.80","0"],["71418.20","0.159"]])", R"("b":{})"),
      with(R"("a":[["71427.90","0.006"]],)", ""),
      R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1})",
      R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":[]})",
      R"({"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{},"data":{}})",
      R"({"topic":"publicTrade.X","type":"snapshot","ts":1,"data":{}})",
      R"({"topic":"publicTrade.X","type":"snapshot","ts":1,"data":[{"T":1,"S":"Buy","v":"1","p":"2"}]})",
      R"({"topic":"publicTrade.X","type":"snapshot","ts":1,"data":[{"T":1,"S":"Hold","v":"1","p":"2","i":"a"}]})",
      R"({"topic":"publicTrade.X","type":"snapshot","ts":1,"data":[{"T":1,"S":"Buy","v":"-1","p":"2","i":"a"}]})",
      R"({"topic":"publicTrade.X","type":"snapshot","ts":1,"data":[{"T":1,"S":"Buy","v":"1","p":"NaN","i":"a"}]})",
      R"({"topic":"tickers.X","type":"snapshot","ts":1,"data":{"lastPrice":"1"}})",
      R"({"topic":"tickers.X","type":"snapshot","ts":1,"data":{"symbol":"X","lastPrice":"abc"}})",
      R"({"topic":"kline.1.X","type":"snapshot","ts":1,"data":[{"start":1}]})",
  };
  for (const auto& json : cases) {
    CAPTURE(json);
    const auto frame = decode(json);
    REQUIRE_FALSE(frame.has_value());
    CHECK(frame.error().code == core::Errc::malformed);
    CHECK(frame.error().source == "bybit");
    CHECK(frame.error().detail.size() < 300);
  }
  CHECK(decode(good).has_value()); // and the codec is none the worse for it
}

TEST_CASE("Bybit requests name topics in the venue's words") {
  const auto codec = market(MarketType::linear, "200")->make_codec();
  const core::Symbol btc{"BTCUSDT"};
  const std::vector<Stream> streams{{Channel::depth, btc, {}},    {Channel::best, btc, {}},
                                    {Channel::trades, btc, {}},   {Channel::ticker, btc, {}},
                                    {Channel::klines, btc, "1h"}, {Channel::klines, btc, "1d"}};
  CHECK(
      codec->subscribe(streams, 7)
      == R"({"req_id":"7","op":"subscribe","args":["orderbook.200.BTCUSDT","orderbook.1.BTCUSDT","publicTrade.BTCUSDT","tickers.BTCUSDT","kline.60.BTCUSDT","kline.D.BTCUSDT"]})");
  CHECK(codec->unsubscribe({streams.data(), 1}, 8)
        == R"({"req_id":"8","op":"unsubscribe","args":["orderbook.200.BTCUSDT"]})");
  CHECK(codec->ping(9) == R"({"req_id":"9","op":"ping"})");
}

TEST_CASE("Bybit's limits and routes differ by category") {
  const auto spot = market(MarketType::spot);
  const auto linear = market(MarketType::linear);
  CHECK(spot->route(Channel::depth) == "/v5/public/spot");
  CHECK(linear->route(Channel::trades) == "/v5/public/linear");
  CHECK(spot->traits().streams_per_request == 10);
  CHECK(linear->traits().streams_per_request > 10);
  CHECK(linear->traits().request_chars_max == 21'000);
  CHECK(linear->traits().ping_interval == std::chrono::seconds{20});
  CHECK_FALSE(linear->traits().snapshot_by_rest);
  CHECK(linear->traits().fixed_window);
  CHECK(make_market({core::VenueId{"bybit"}, MarketType::spot}, {"75"}) == nullptr);
}
