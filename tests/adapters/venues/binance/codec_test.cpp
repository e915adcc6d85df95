/// Binance's stream messages, one by one: what they become, and what is refused. Messages are from
/// the recordings and the venue's documents ("WebSocket Streams", Spot and USD-M).
#include "adapters/venues/binance/codec.hpp"

#include "tests/adapters/venues/binance/fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Errc;
using tests::Padded;

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

/// A codec with the last frame it read: views stay good.
struct Reader {
  explicit Reader(core::MarketType type) : codec{tests::binance_market(type)->make_codec()} {}

  core::Result<Frame> operator()(std::string_view text) {
    bytes = std::make_unique<Padded>(text);
    return codec->decode(bytes->view());
  }

  template <class T>
  T as(std::string_view text) {
    auto frame = (*this)(text);
    REQUIRE_MESSAGE(frame, text);
    REQUIRE_MESSAGE(std::holds_alternative<T>(*frame), text);
    return std::get<T>(*frame);
  }

  std::unique_ptr<Codec> codec;
  std::unique_ptr<Padded> bytes;
};

std::string envelope(std::string_view stream, std::string_view data) {
  return std::string{R"({"stream":")"}.append(stream).append(R"(","data":)").append(data) + "}";
}

constexpr std::string_view spot_depth
    = R"({"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":50093239203,"u":50093239207,)"
      R"("b":[["55653.87000000","0.00000000"]],"a":[["61838.04000000","0.32332000"],["61862.51000000","0.00000000"]]})";
constexpr std::string_view linear_depth
    = R"({"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":5123107832006,)"
      R"("u":5123107837557,"pu":5123107831937,"b":[["58710.20","0.014"]],"a":[],"st":1,"ps":"BTCUSDT"})";

} // namespace

TEST_CASE("a spot depth update is read raw and combined") {
  Reader read{spot};
  for (const auto& text : {std::string{spot_depth}, envelope("btcusdt@depth@100ms", spot_depth)}) {
    const auto frame = read.as<DepthFrame>(text);
    CHECK(frame.symbol == "BTCUSDT");
    CHECK_FALSE(frame.snapshot);
    CHECK(frame.first_id == 50093239203);
    CHECK(frame.last_id == 50093239207);
    CHECK_FALSE(frame.previous_id);
    CHECK(frame.levels == 0);
    CHECK(frame.venue_time == 1723161255308);
    REQUIRE(frame.bids.size() == 1);
    REQUIRE(frame.asks.size() == 2);
    CHECK(frame.bids[0].price == "55653.87000000");
    CHECK(frame.bids[0].size == "0.00000000");
    CHECK(frame.asks[1].price == "61862.51000000");
    // Zero copy: the texts are the frame's own bytes.
    CHECK(frame.bids[0].price.data() > read.bytes->view().data());
    CHECK(frame.bids[0].price.data() < read.bytes->view().data() + read.bytes->view().size());
  }
}

TEST_CASE("a USD-M depth update carries pu, and newer fields do not disturb") {
  Reader read{linear};
  const auto frame = read.as<DepthFrame>(envelope("btcusdt@depth@0ms", linear_depth));
  CHECK(frame.previous_id == 5123107831937);
  CHECK(frame.last_id == 5123107837557);
  CHECK(frame.venue_time == 1723161256299);
  CHECK(frame.bids.size() == 1);
  CHECK(frame.asks.empty());
}

TEST_CASE("members are found by name, in any order and spacing") {
  Reader read{spot};
  const auto frame = read.as<DepthFrame>(
      " {\"data\" : { \"a\":[ [ \"2\" , \"1\" ] ] ,\t\"new\":{\"x\":[1,2.5e3,null,true]},\n"
      "\"u\":7 , \"U\":5,\"b\":[],\"s\":\"BTCUSDT\",\"E\":1,\"\\u0065\":\"depthUpdate\"} , "
      "\"stream\":\"btcusdt@depth\" } ");
  CHECK(frame.first_id == 5);
  REQUIRE(frame.asks.size() == 1);
  CHECK(frame.asks[0].size == "1");
}

TEST_CASE("a frame whose strings are escaped reads like any other") {
  Reader read{spot};
  const auto frame = read.as<DepthFrame>(
      R"({"e":"depthUpdate","E":1,"s":"\u0042TC","U":1,"u":2,"b":[["\u0031.5","2"]],"a":[]})");
  CHECK(frame.symbol == "BTC");
  REQUIRE(frame.bids.size() == 1);
  CHECK(frame.bids[0].price == "1.5");
}

TEST_CASE("symbols may be other than ASCII") {
  Reader read{spot};
  const auto frame = read.as<BestFrame>("{\"u\":1,\"s\":\"\xE5\xB8\x81\xE5\xAE\x89USDT\",\"b\":"
                                        "\"1\",\"B\":\"2\",\"a\":\"3\",\"A\":\"4\"}");
  CHECK(frame.symbol == "\xE5\xB8\x81\xE5\xAE\x89USDT");
}

TEST_CASE("best prices: spot has no event type or time, USD-M has both") {
  Reader read_spot{spot};
  auto frame = read_spot.as<BestFrame>(envelope(
      "btcusdt@bookTicker",
      R"({"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"})"));
  CHECK(frame.symbol == "BTCUSDT");
  CHECK(frame.id == 50093239212);
  CHECK(frame.bid.price == "61837.63000000");
  CHECK(frame.bid.size == "3.78826000");
  CHECK(frame.ask.price == "61837.64000000");
  CHECK(frame.ask.size == "1.54698000");
  CHECK(frame.venue_time == 0);

  Reader read_linear{linear};
  frame = read_linear.as<BestFrame>(
      R"({"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256313,"st":1})");
  CHECK(frame.id == 5123107839020);
  CHECK(frame.venue_time == 1723161256313);
}

TEST_CASE("an empty side of best prices is absent, not zero") {
  Reader read{spot};
  const auto frame = read.as<BestFrame>(
      R"({"u":1,"s":"NEWUSDT","b":"0.00000000","B":"0.00000000","a":"5.00","A":"1.00"})");
  CHECK(frame.bid.price.empty());
  CHECK(frame.bid.size.empty());
  CHECK(frame.ask.price == "5.00");
}

TEST_CASE("a trade tells its taker") {
  Reader read{spot};
  const auto frame = read.as<TradesFrame>(
      R"({"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true})");
  CHECK(frame.symbol == "BTCUSDT");
  REQUIRE(frame.trades.size() == 1);
  const auto& trade = frame.trades[0];
  CHECK(trade.trade_id == "3735683259");
  CHECK(trade.price == core::Decimal{6183763, 2});
  CHECK(trade.quantity == core::Decimal{2, 2});
  CHECK(trade.taker == core::market::TakerSide::sell);
  CHECK(trade.venue_time == 1723161255342);
}

TEST_CASE("an aggregated trade carries its own id") {
  Reader read{linear};
  const auto frame = read.as<TradesFrame>(
      R"({"e":"aggTrade","E":123456789,"s":"BNBUSDT","a":5933014,"p":"0.001","q":"100","nq":"100","f":100,"l":105,"T":123456785,"m":false,"st":1})");
  REQUIRE(frame.trades.size() == 1);
  CHECK(frame.trades[0].trade_id == "5933014");
  CHECK(frame.trades[0].taker == core::market::TakerSide::buy);
}

TEST_CASE("USD-M trades that no order of the market made are passed over") {
  Reader read{linear};
  CHECK(
      read.as<OtherFrame>(
              R"({"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":7,"p":"0","q":"0","X":"NA","m":true})")
          .kind
      == "trade");
  CHECK(
      read.as<TradesFrame>(
              R"({"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":7,"p":"61800.30","q":"0.006","X":"MARKET","m":false})")
          .trades.size()
      == 1);
}

TEST_CASE("a bar is final only when the venue says so") {
  Reader read{spot};
  const std::string text
      = R"({"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}})";
  const auto frame = read.as<KlinesFrame>(text);
  CHECK(frame.symbol == "BNBBTC");
  REQUIRE(frame.klines.size() == 1);
  const auto& bar = frame.klines[0];
  CHECK(bar.interval == "1m");
  CHECK(bar.open_time == 1672515780000);
  CHECK(bar.close_time == 1672515839999);
  CHECK(bar.open == core::Decimal{1, 3});
  CHECK(bar.high == core::Decimal{25, 4});
  CHECK(bar.low == core::Decimal{15, 4});
  CHECK(bar.close == core::Decimal{2, 3});
  CHECK(bar.volume == core::Decimal{1000, 0});
  CHECK(bar.quote_volume == core::Decimal{1, 0});
  CHECK(bar.trade_count == 100);
  CHECK_FALSE(bar.closed);
  std::string final = text;
  final.replace(final.find("\"x\":false"), 9, "\"x\":true");
  CHECK(read.as<KlinesFrame>(final).klines[0].closed);
}

TEST_CASE("the day's ticker has best prices on spot only") {
  Reader read{spot};
  const auto full = read.as<TickerFrame>(
      R"({"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","p":"0.0015","P":"250.00","w":"0.0018","x":"0.0009","c":"0.0025","Q":"10","b":"0.0024","B":"10","a":"0.0026","A":"100","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,"n":18151})");
  CHECK_FALSE(full.delta);
  CHECK(full.ticker.last == core::Decimal{25, 4});
  CHECK(full.ticker.best_bid == core::Decimal{24, 4});
  CHECK(full.ticker.best_ask_size == core::Decimal{100, 0});
  CHECK(full.ticker.change_percent == core::Decimal{250, 0});
  CHECK(full.ticker.quote_volume == core::Decimal{18, 0});
  CHECK(full.ticker.venue_time == 1672515782136);
  Reader read_linear{linear};
  const auto lean = read_linear.as<TickerFrame>(
      R"({"e":"24hrTicker","E":123456789,"s":"BNBUSDT","p":"0.0015","P":"-2.50","w":"0.0018","c":"0.0025","Q":"10","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,"n":18151,"ps":"BTCUSDT","st":1})");
  CHECK_FALSE(lean.ticker.best_bid);
  CHECK(lean.ticker.change_percent == core::Decimal{-25, 1});
}

TEST_CASE(
    "a volume with more digits than 64 bits hold loses its last decimals, a price is refused") {
  Reader read{spot};
  const auto frame = read.as<TickerFrame>(
      R"({"e":"24hrTicker","E":1,"s":"USDTIDR","c":"16250.00","v":"50000000.00000001","q":"812345678901234.12345678"})");
  CHECK(frame.ticker.quote_volume == core::Decimal{8123456789012341234, 4});
  CHECK(frame.ticker.volume == core::Decimal{5000000000000001, 8});
  CHECK_FALSE(read(R"({"e":"24hrTicker","E":1,"s":"USDTIDR","c":"812345678901234.12345678"})"));
  CHECK_FALSE(read(R"({"e":"24hrTicker","E":1,"s":"USDTIDR","v":"99999999999999999999.5"})"));
}

TEST_CASE("replies to requests: accepted, refused, and what proves nothing") {
  Reader read{spot};
  auto reply = read.as<ControlReply>(R"({"result":null,"id":312})");
  CHECK(reply.request_id == 312);
  CHECK(reply.accepted);
  reply = read.as<ControlReply>(R"({"code":2,"msg":"Invalid request: unknown variant"})");
  CHECK(reply.request_id == 0);
  CHECK_FALSE(reply.accepted);
  CHECK(reply.message == "2: Invalid request: unknown variant");
  reply = read.as<ControlReply>(R"({"error":{"code":4,"msg":"Too many subscriptions"},"id":19})");
  CHECK(reply.request_id == 19);
  CHECK_FALSE(reply.accepted);
  CHECK(reply.message == "4: Too many subscriptions");
  CHECK(read.as<ControlReply>(R"({"result":null,"id":"abc"})").request_id == 0);
  read.as<OtherFrame>(R"({"result":["btcusdt@aggTrade"],"id":3})");
}

TEST_CASE("the venue's announcement to close is understood raw and combined") {
  for (const auto type : {spot, linear}) {
    Reader read{type};
    read.as<ShutdownNotice>(R"({"e":"serverShutdown","E":1770123456789})");
    read.as<ShutdownNotice>(
        envelope("!serverShutdown", R"({"e":"serverShutdown","E":1770123456789})"));
  }
}

TEST_CASE("streams nobody asked for are other frames") {
  Reader read{linear};
  CHECK(
      read.as<OtherFrame>(
              R"({"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"1","i":"1","P":"1","r":"0.0003","T":1,"st":1})")
          .kind
      == "markPriceUpdate");
  read.as<OtherFrame>(
      R"({"e":"forceOrder","E":1,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","ap":"9910"},"st":1})");
  read.as<OtherFrame>(R"([{"e":"24hrMiniTicker","E":1,"s":"BNBUSDT","c":"0.0025"}])");
  CHECK(read.as<OtherFrame>(R"({"stream":"!ticker@arr","data":[{"e":"24hrTicker"}]})").kind
        == "!ticker@arr");
  Reader read_spot{spot};
  CHECK(
      read_spot
          .as<OtherFrame>(
              R"({"stream":"btcusdt@depth5","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}})")
          .kind
      == "btcusdt@depth5");
  read_spot.as<OtherFrame>("{}");
}

TEST_CASE("a partial or RPI book never passes for a diff") {
  Reader read{linear};
  for (const auto* stream : {"btcusdt@depth5", "btcusdt@depth20@100ms", "btcusdt@rpiDepth@500ms"})
    CHECK(read.as<OtherFrame>(envelope(stream, linear_depth)).kind == "depthUpdate");
  read.as<DepthFrame>(envelope("btcusdt@depth", linear_depth));
  read.as<DepthFrame>(envelope("btcusdt@depth@500ms", linear_depth));
}

TEST_CASE("whatever is not Binance's protocol is malformed") {
  const std::string nested = std::string(5'000, '[') + std::string(5'000, ']');
  const std::vector<std::string> frames{
      // not JSON
      "", " ", "x", "{", "}", "[", "\"\"", "1", "null", "{\"e\":}", "{\"e\" \"x\"}", "{}{}", "{} x",
      R"({"e":"x",})", R"({"e":"x")", "{\"e\":\"x\ny\"}", R"({"e":"\q"})", R"({"e":"\ud800"})",
      R"({"n":01})", R"({"n":1.})", R"({"n":.5})", R"({"n":+1})", R"({"n":1e})", R"({"n":tru})",
      R"({"n":nul})", R"({"n":[1,]})", R"({"n":[1 2]})", R"({"n":{"a"}})", "{\"n\":\"\xff\"}",
      "{\"\xc3\x28\":1}", "{\"n\":" + nested + "}", nested,
      // duplicates
      R"({"e":"x","e":"y"})", R"({"stream":"a","data":{},"data":{}})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[],"b":[],"a":[]})",
      // depth
      R"({"e":"depthUpdate","s":"B","U":1,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"U":1,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":3,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":-1,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2.0,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2e1,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":"2","b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":9223372036854775808,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":99999999999999999999999,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"b","U":1,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"","U":1,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":1,"U":1,"u":2,"b":[],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":{},"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":"","a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[["1"]],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[["1","2","3"]],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[["1",2]],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":["1","2"],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[[["1","2"]]],"a":[]})",
      R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[["1","\x"]],"a":[]})", R"({"e":1})",
      // best
      R"({"u":1,"s":"B","b":"1","B":"2","a":"3"})", R"({"e":"bookTicker","s":"B"})",
      R"({"u":-1,"s":"B","b":"1","B":"2","a":"3","A":"4"})",
      R"({"u":1,"s":"B","b":"abc","B":"2","a":"3","A":"4"})",
      R"({"u":1,"s":"B","b":"1.2.3","B":"2","a":"3","A":"4"})",
      R"({"u":1,"s":"B","b":"","B":"2","a":"3","A":"4"})",
      R"({"u":1,"s":"B","b":1,"B":"2","a":"3","A":"4"})",
      // trades, klines, ticker, replies
      R"({"e":"trade","E":1,"s":"B","t":1,"p":"x","q":"1","T":1,"m":true})",
      R"({"e":"trade","E":1,"s":"B","t":1,"p":"-1","q":"1","T":1,"m":true})",
      R"({"e":"trade","E":1,"s":"B","t":1,"p":"1","q":"1","T":1,"m":null})",
      R"({"e":"trade","E":1,"s":"B","t":1.5,"p":"1","q":"1","T":1,"m":true})",
      R"({"e":"aggTrade","E":1,"s":"B","t":1,"p":"1","q":"1","T":1,"m":true})",
      R"({"e":"kline","E":1,"s":"B"})", R"({"e":"kline","E":1,"s":"B","k":[]})",
      R"({"e":"kline","E":1,"s":"B","k":{"t":1,"T":2,"i":"1m","n":1,"x":true,"o":"1","h":"1","l":"1","c":"x","v":"1","q":"1"}})",
      R"({"e":"24hrTicker","E":1})", R"({"e":"24hrTicker","E":1,"s":"B","c":"x"})",
      R"({"result":null,"id":-1})", R"({"result":null,"id":1.5})"};
  for (const auto type : {spot, linear}) {
    Reader read{type};
    for (const auto& text : frames) {
      if (type == linear && text.starts_with("{\"u\""))
        continue; // on USD-M, without "e", just an unknown object
      const auto frame = read(text);
      CHECK_MESSAGE(!frame, text.substr(0, 200));
      if (!frame) {
        CHECK(frame.error().code == Errc::malformed);
        CHECK(frame.error().source == "binance." + std::string{core::to_string(type)} + " stream");
      }
    }
    // The codec is as good as new afterwards.
    read.as<ControlReply>(R"({"result":null,"id":1})");
  }
  Reader read{linear};
  CHECK_FALSE(read(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"b":[],"a":[]})"));
  CHECK_FALSE(read(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"pu":-1,"b":[],"a":[]})"));
  CHECK_FALSE(read(R"({"e":"depthUpdate","E":1,"s":"B","U":1,"u":2,"pu":3,"b":[],"a":[]})"));
}

TEST_CASE("an error shows the reason and the beginning of the frame, printable") {
  Reader read{spot};
  const auto frame = read("{\"e\":\"\xff" + std::string(500, 'x') + "\"}");
  REQUIRE_FALSE(frame);
  CHECK(frame.error().detail.starts_with("not JSON in UTF-8: {\"e\":\"?xxx"));
  CHECK(frame.error().detail.size() < 250);
}

TEST_CASE("subscriptions name streams in lower case") {
  const std::vector<Stream> streams{{Channel::depth, core::Symbol{"BTCUSDT"}, {}},
                                    {Channel::best, core::Symbol{"BTCUSDT"}, {}},
                                    {Channel::trades, core::Symbol{"ETHUSDT"}, {}},
                                    {Channel::klines, core::Symbol{"BTCUSDT_260327"}, "1m"},
                                    {Channel::ticker, core::Symbol{"BTCUSDT"}, {}}};
  CHECK(
      tests::binance_market(spot)->make_codec()->subscribe(streams, 7)
      == R"({"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@bookTicker","ethusdt@trade","btcusdt_260327@kline_1m","btcusdt@ticker"],"id":7})");
  CHECK(
      tests::binance_market(linear, "500ms")->make_codec()->unsubscribe(streams, 8)
      == R"({"method":"UNSUBSCRIBE","params":["btcusdt@depth@500ms","btcusdt@bookTicker","ethusdt@aggTrade","btcusdt_260327@kline_1m","btcusdt@ticker"],"id":8})");
}

TEST_CASE("the plain depth stream is asked for without a speed") {
  const std::vector<Stream> one{{Channel::depth, core::Symbol{"BTCUSDT"}, {}}};
  for (const auto& [type, word] : {std::pair{spot, "1000ms"}, {linear, "250ms"}})
    CHECK(tests::binance_market(type, word)->make_codec()->subscribe(one, 1)
          == R"({"method":"SUBSCRIBE","params":["btcusdt@depth"],"id":1})");
}

TEST_CASE("Binance needs no application ping") {
  CHECK_FALSE(tests::binance_market(spot)->make_codec()->ping(1));
}
