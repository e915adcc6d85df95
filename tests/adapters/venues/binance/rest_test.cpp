/// Binance's public REST calls: what is asked at which weight, what answers become, and what every
/// error means here.
#include "tests/adapters/venues/binance/fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace tandem;
using namespace tandem::adapters::venues;
using core::Decimal;
using core::Errc;
using core::InstrumentStatus;
using core::Symbol;

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

const core::Instrument* find(const InstrumentPage& page, std::string_view symbol) {
  for (const auto& instrument : page.instruments)
    if (instrument.key.symbol.text() == symbol)
      return &instrument;
  return nullptr;
}

std::string exchange_info(std::string_view symbol) {
  return R"({"rateLimits":[{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"symbols":[)"
         + std::string{symbol} + "]}";
}

core::Instrument only(core::MarketType type, std::string_view symbol) {
  const auto market = tests::binance_market(type);
  const auto page = market->rest().parse_instruments(exchange_info(symbol));
  REQUIRE(page);
  REQUIRE(page->instruments.size() == 1);
  return page->instruments.front();
}

} // namespace

TEST_CASE("requests name path, query and weight") {
  const auto spot_market = tests::binance_market(spot);
  const auto linear_market = tests::binance_market(linear);
  const Rest& s = spot_market->rest();
  const Rest& f = linear_market->rest();
  const Symbol btc{"BTCUSDT"};

  struct Case {
    RestRequest request;
    std::string target;
    int weight;
  };

  for (const auto& [request, target, weight] :
       {Case{s.time(), "/api/v3/time", 1},
        Case{f.time(), "/fapi/v1/time", 1},
        Case{s.instruments({}), "/api/v3/exchangeInfo", 20},
        Case{f.instruments({}), "/fapi/v1/exchangeInfo", 1},
        Case{s.depth(btc, 1), "/api/v3/depth?symbol=BTCUSDT&limit=5", 5},
        Case{s.depth(btc, 100), "/api/v3/depth?symbol=BTCUSDT&limit=100", 5},
        Case{s.depth(btc, 101), "/api/v3/depth?symbol=BTCUSDT&limit=500", 25},
        Case{s.depth(btc, 1000), "/api/v3/depth?symbol=BTCUSDT&limit=1000", 50},
        Case{s.depth(btc, 9999), "/api/v3/depth?symbol=BTCUSDT&limit=5000", 250},
        Case{f.depth(btc, 30), "/fapi/v1/depth?symbol=BTCUSDT&limit=50", 2},
        Case{f.depth(btc, 100), "/fapi/v1/depth?symbol=BTCUSDT&limit=100", 5},
        Case{f.depth(btc, 200), "/fapi/v1/depth?symbol=BTCUSDT&limit=500", 10},
        Case{f.depth(btc, 5000), "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", 20},
        Case{s.klines(btc, "1m", 5000), "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000", 2},
        Case{f.klines(btc, "1h", 99), "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=99", 1},
        Case{f.klines(btc, "1h", 499), "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=499", 2},
        Case{f.klines(btc, "1h", 500), "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=500", 5},
        Case{f.klines(btc, "1h", 1200), "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=1200",
             10},
        Case{s.klines_between(btc, "1m", 60'000, 180'000, 2),
             "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=60000&endTime=179999&limit=2", 2},
        Case{f.klines_between(btc, "1M", 0, 1'000, 1500),
             "/fapi/v1/klines?symbol=BTCUSDT&interval=1M&startTime=0&endTime=999&limit=1500", 10},
        Case{s.ticker(btc), "/api/v3/ticker/24hr?symbol=BTCUSDT", 2},
        Case{f.ticker(btc), "/fapi/v1/ticker/24hr?symbol=BTCUSDT", 1},
        Case{s.ticker(Symbol{"\xE5\xB8\x81USDT"}), "/api/v3/ticker/24hr?symbol=%E5%B8%81USDT",
             2}}) {
    CHECK(request.target == target);
    CHECK(request.weight == weight);
  }
}

TEST_CASE("the server's time is read, and nothing else passes for it") {
  const auto market = tests::binance_market(spot);
  CHECK(market->rest().parse_time(R"({"serverTime":1499827319559})") == 1499827319559);
  for (const auto* body : {"", "{}", "x", R"({"serverTime":"1"})", R"({"serverTime":-1})"}) {
    const auto time = market->rest().parse_time(body);
    REQUIRE_FALSE(time);
    CHECK(time.error().code == Errc::malformed);
  }
}

TEST_CASE("a depth answer's texts are the body's own") {
  const auto market = tests::binance_market(linear);
  const std::string body
      = R"({"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00000000","431.00000000"],["3","1"]],"asks":[["4.00000200","12.00000000"]]})";
  const auto depth = market->rest().parse_depth(body);
  REQUIRE(depth);
  CHECK(depth->last_id == 1027024);
  CHECK(depth->venue_time == 1589436922972);
  REQUIRE(depth->bids.size() == 2);
  REQUIRE(depth->asks.size() == 1);
  CHECK(depth->bids[0].price == "4.00000000");
  CHECK(depth->bids[0].price.data() == body.data() + body.find("4.00000000"));
  CHECK(depth->asks[0].size == "12.00000000");
  const auto spot_depth = tests::binance_market(spot)->rest().parse_depth(
      R"({"lastUpdateId":5,"bids":[],"asks":[]})");
  REQUIRE(spot_depth);
  CHECK(spot_depth->venue_time == 0);
}

TEST_CASE("a depth answer that is not one is malformed") {
  const auto market = tests::binance_market(spot);
  for (const std::string body :
       {"", "[]", "{}", R"({"lastUpdateId":5,"bids":[]})", R"({"bids":[],"asks":[]})",
        R"({"lastUpdateId":-5,"bids":[],"asks":[]})", R"({"lastUpdateId":"5","bids":[],"asks":[]})",
        R"({"lastUpdateId":5.5,"bids":[],"asks":[]})",
        R"({"lastUpdateId":5,"lastUpdateId":6,"bids":[],"asks":[]})",
        R"({"lastUpdateId":5,"bids":[["1"]],"asks":[]})",
        R"({"lastUpdateId":5,"bids":[["1",2]],"asks":[]})",
        R"({"lastUpdateId":5,"bids":[["1","2"]],"asks":[]} x)",
        R"({"lastUpdateId":5,"bids":[["1","2"]],"asks":[)", "<html>502</html>"}) {
    CAPTURE(body);
    const auto depth = market->rest().parse_depth(body);
    REQUIRE_FALSE(depth);
    CHECK(depth.error().code == Errc::malformed);
    CHECK(depth.error().source == "binance.spot REST");
  }
}

TEST_CASE("kline rows become bars") {
  const auto market = tests::binance_market(spot);
  const auto klines = market->rest().parse_klines(
      R"([[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]])");
  REQUIRE(klines);
  REQUIRE(klines->size() == 1);
  const auto& bar = klines->front();
  CHECK(bar.open_time == 1499040000000);
  CHECK(bar.close_time == 1499644799999);
  CHECK(bar.open == Decimal{1634790, 8});
  CHECK(bar.high == Decimal{8, 1});
  CHECK(bar.volume == Decimal{14897611427815, 8});
  CHECK(bar.trade_count == 308);
  for (const auto* body : {"{}", "[[1]]", "[1]", R"([["1","2"]])", ""})
    CHECK_FALSE(market->rest().parse_klines(body));
  CHECK(market->rest().parse_klines("[]")->empty());
}

TEST_CASE("a ticker answer has best prices on spot only") {
  const auto spot_ticker = tests::binance_market(spot)->rest().parse_ticker(
      R"({"symbol":"BNBBTC","priceChangePercent":"-95.960","lastPrice":"4.00000200","bidPrice":"4.00000000","bidQty":"100.00000000","askPrice":"4.00000200","askQty":"100.00000000","highPrice":"100.0","lowPrice":"0.1","volume":"8913.3","quoteVolume":"15.3","closeTime":1499869899040})");
  REQUIRE(spot_ticker);
  CHECK(spot_ticker->last == Decimal{4000002, 6});
  CHECK(spot_ticker->best_bid == Decimal{4, 0});
  CHECK(spot_ticker->change_percent == Decimal{-9596, 2});
  CHECK(spot_ticker->venue_time == 1499869899040);
  const auto linear_ticker = tests::binance_market(linear)->rest().parse_ticker(
      R"({"symbol":"BTCUSDT","lastPrice":"4.0","volume":"1","closeTime":1})");
  REQUIRE(linear_ticker);
  CHECK_FALSE(linear_ticker->best_bid);
  for (const auto* body : {"{}", R"({"closeTime":1})", R"({"closeTime":1,"lastPrice":4.0})", "x"})
    CHECK_FALSE(tests::binance_market(spot)->rest().parse_ticker(body));
}

TEST_CASE("today's spot rules: NOTIONAL, permissions, off-switch zeros") {
  const auto instrument = only(
      spot,
      R"({"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","baseAssetPrecision":8,"quoteAsset":"BTC","quoteAssetPrecision":8,"isSpotTradingAllowed":true,"permissionSets":[["SPOT"]],"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00001000","maxPrice":"922327.00000000","tickSize":"0.00001000"},{"filterType":"LOT_SIZE","minQty":"0.00010000","maxQty":"100000.00000000","stepSize":"0.00010000"},{"filterType":"NOTIONAL","minNotional":"0.00010000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5}]})");
  CHECK(core::to_string(instrument.key) == "binance.spot.ETHBTC");
  CHECK(instrument.base == "ETH");
  CHECK(instrument.quote == "BTC");
  CHECK(instrument.status == InstrumentStatus::trading);
  CHECK(instrument.scale == core::Scale{5, 4});
  CHECK(instrument.tick == core::Price{1});
  CHECK(instrument.lot == core::Quantity{1});
  CHECK(instrument.quantity_min == core::Quantity{1});
  CHECK(instrument.quantity_max == core::Quantity{1'000'000'000});
  CHECK(instrument.price_min == core::Price{1});
  CHECK(instrument.price_max == core::Price{92'232'700'000});
  CHECK(instrument.notional_min == Decimal{1, 4});
}

TEST_CASE("a filter of zeros sets no grid and no bound") {
  const auto instrument = only(
      spot,
      R"({"symbol":"AB","status":"TRADING","baseAsset":"A","baseAssetPrecision":6,"quoteAsset":"B","quoteAssetPrecision":7,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.0","maxPrice":"0.0","tickSize":"0.0"},{"filterType":"MIN_NOTIONAL","minNotional":"0.0"}]})");
  CHECK(instrument.scale == core::Scale{7, 6});
  CHECK(instrument.tick == core::Price{0});
  CHECK_FALSE(instrument.price_min);
  CHECK_FALSE(instrument.price_max);
  CHECK_FALSE(instrument.quantity_max);
  CHECK_FALSE(instrument.notional_min);
}

TEST_CASE("a dated USD-M future with bounds between its ticks") {
  const auto instrument = only(
      linear,
      R"({"symbol":"BTCUSDT_260327","pair":"BTCUSDT","contractType":"CURRENT_QUARTER","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","pricePrecision":1,"quantityPrecision":3,"filters":[{"filterType":"PRICE_FILTER","minPrice":"576.31","maxPrice":"1000000.09","tickSize":"0.1"},{"filterType":"LOT_SIZE","stepSize":"0.001","maxQty":"500","minQty":"0.001"},{"filterType":"MIN_NOTIONAL","notional":"5.0"}]})");
  CHECK(core::to_string(instrument.key) == "binance.linear.BTCUSDT_260327");
  CHECK(instrument.scale == core::Scale{1, 3});
  CHECK(instrument.price_min == core::Price{5'764});
  CHECK(instrument.price_max == core::Price{10'000'000});
  CHECK(instrument.notional_min == Decimal{5, 0});
}

TEST_CASE("a status nobody knows is not traded on") {
  const auto status = [](core::MarketType type, const std::string& word,
                         const std::string& more = {}) {
    return only(type, R"({"symbol":"AB","baseAsset":"A","quoteAsset":"B","filters":[],"status":")"
                          + word + "\"" + more + "}")
        .status;
  };
  CHECK(status(spot, "TRADING") == InstrumentStatus::trading);
  CHECK(status(spot, "TRADING", ",\"isSpotTradingAllowed\":false") == InstrumentStatus::halted);
  for (const auto* word : {"HALT", "BREAK", "CANCEL_ONLY", "SOMETHING_NEW", "PRE_SETTLE"})
    CHECK(status(spot, word) == InstrumentStatus::halted);
  CHECK(status(spot, "END_OF_DAY") == InstrumentStatus::closed);
  CHECK(status(linear, "PENDING_TRADING") == InstrumentStatus::pre_open);
  for (const auto* word : {"DELIVERING", "DELIVERED", "SETTLING", "CLOSE"})
    CHECK(status(linear, word) == InstrumentStatus::closed);
}

TEST_CASE("an exchangeInfo that cannot be trusted is refused as a whole") {
  const auto market = tests::binance_market(spot);
  const auto code = [&](const std::string& body) {
    const auto page = market->rest().parse_instruments(body);
    REQUIRE_FALSE(page);
    return page.error().code;
  };
  CHECK(code("") == Errc::malformed);
  CHECK(code("{}") == Errc::malformed);
  CHECK(code(exchange_info(R"({"symbol":"AB"})")) == Errc::malformed);
  CHECK(
      code(exchange_info(R"({"symbol":"AB","baseAsset":"A","quoteAsset":"B","status":"TRADING"})"))
      == Errc::malformed);
  const auto filtered = [](const std::string& filter) {
    return exchange_info(
        R"({"symbol":"AB","baseAsset":"A","quoteAsset":"B","status":"TRADING","filters":[)" + filter
        + "]}");
  };
  CHECK(code(filtered(R"({"filterType":"PRICE_FILTER","tickSize":"x"})")) == Errc::malformed);
  CHECK(code(filtered(R"({"filterType":"PRICE_FILTER","tickSize":"-1"})")) == Errc::malformed);
  CHECK(code(filtered(
            R"({"filterType":"PRICE_FILTER","tickSize":"0.000000000000000001","minPrice":"1000"})"))
        == Errc::out_of_range);
}

TEST_CASE("the recorded spot rules of 2021 are read completely") {
  const auto path = tests::shared_file("venues/binance/spot-exchangeInfo-20211012.txt.gz");
  if (!path)
    return;
  const tests::Recording recording{*path};
  const auto page
      = tests::binance_market(spot)->rest().parse_instruments(recording.lines()[0].json);
  REQUIRE_MESSAGE(page, page.error().detail);
  CHECK(page->instruments.size() == 1'695);
  CHECK(page->next_cursor.empty());
  CHECK(page->weight_per_minute == 1'200);
  std::set<std::string> names;
  std::size_t trading = 0;
  for (const auto& instrument : page->instruments) {
    names.insert(instrument.key.symbol.text());
    trading += instrument.status == InstrumentStatus::trading ? 1 : 0;
    CHECK(instrument.tick.units > 0);
    CHECK(instrument.lot.units > 0);
    CHECK(instrument.notional_min);
    CHECK(instrument.price_max);
    CHECK(instrument.quantity_max);
  }
  CHECK(names.size() == page->instruments.size());
  CHECK(trading == 1'222);
  const auto* eth = find(*page, "ETHBTC");
  REQUIRE(eth != nullptr);
  CHECK(eth->scale == core::Scale{6, 4});
  CHECK(eth->notional_min == Decimal{1, 4});
}

TEST_CASE("the recorded USD-M rules of 2021 are read completely") {
  const auto path = tests::shared_file("venues/binance/usdm-exchangeInfo-20210722.txt.gz");
  if (!path)
    return;
  const tests::Recording recording{*path};
  const auto page
      = tests::binance_market(linear)->rest().parse_instruments(recording.lines()[0].json);
  REQUIRE_MESSAGE(page, page.error().detail);
  CHECK(page->instruments.size() == 122);
  CHECK(page->weight_per_minute == 2'400);
  const auto* btc = find(*page, "BTCUSDT");
  REQUIRE(btc != nullptr);
  CHECK(btc->status == InstrumentStatus::trading);
  CHECK(btc->scale == core::Scale{2, 3});
  CHECK(btc->price_min == core::Price{55'672});
  CHECK(btc->quantity_max == core::Quantity{1'000'000});
  CHECK(btc->notional_min == Decimal{5, 0});
  std::size_t dated = 0;
  for (const auto& instrument : page->instruments)
    dated += instrument.key.symbol.text().find('_') != std::string::npos ? 1 : 0;
  CHECK(dated == 2);
}

TEST_CASE("every error of the venue has one meaning here") {
  struct Case {
    core::MarketType type;
    int status;
    int code;
    std::string message;
    Errc meaning;
  };

  const Case cases[] = {
      {spot, 400, -1013, "Filter failure: LOT_SIZE", Errc::validation_error},
      {spot, 400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", Errc::risk_rejected},
      {spot, 400, -1121, "Invalid symbol.", Errc::validation_error},
      {spot, 400, -1021, "Timestamp for this request is outside of the recvWindow.",
       Errc::validation_error},
      {spot, 400, -1022, "Signature for this request is not valid.", Errc::validation_error},
      {spot, 400, -1100, "Illegal characters", Errc::validation_error},
      {spot, 400, -1106, "x", Errc::validation_error},
      {spot, 400, -1130, "x", Errc::validation_error},
      {spot, 401, -2014, "API-key format invalid.", Errc::validation_error},
      {spot, 401, -2015, "Invalid API-key, IP, or permissions for action.", Errc::risk_rejected},
      {spot, 401, -1002, "You are not authorized", Errc::risk_rejected},
      {spot, 400, -2013, "Order does not exist.", Errc::not_found},
      {spot, 400, -2011, "Unknown order sent.", Errc::not_found},
      {spot, 400, -2026, "Order was canceled or expired", Errc::not_found},
      {spot, 400, -1125, "This listenKey does not exist.", Errc::not_found},
      {spot, 429, -1003, "Too many requests", Errc::rate_limited},
      {spot, 418, -1003, "banned until 1573471353000", Errc::rate_limited},
      {spot, 400, -1015, "Too many new orders", Errc::rate_limited},
      {spot, 400, -1034, "x", Errc::rate_limited},
      {spot, 500, -1000, "An unknown error", Errc::upstream_error},
      {spot, 500, -1001, "Internal error", Errc::upstream_error},
      {spot, 503, -1006, "x", Errc::upstream_error},
      {spot, 504, -1007, "Timeout waiting for response", Errc::upstream_error},
      {spot, 503, -1008, "Server is currently overloaded", Errc::exchange_unavailable},
      {linear, 503, -1008, "Request throttled", Errc::rate_limited},
      {spot, 400, -1016, "This service is no longer available.", Errc::exchange_unavailable},
      {spot, 400, -2010, "Account has insufficient balance for requested action.",
       Errc::insufficient_funds},
      {spot, 400, -2010, "Order would immediately match and take.", Errc::risk_rejected},
      {spot, 400, -2010, "Stop price would trigger immediately.", Errc::validation_error},
      {spot, 400, -2010, "Unsupported order combination", Errc::validation_error},
      {spot, 400, -2010, "Filter failure: NOTIONAL", Errc::validation_error},
      {spot, 400, -2010, "Duplicate order sent.", Errc::conflict},
      {spot, 400, -2010, "This action is disabled on this account.", Errc::risk_rejected},
      {spot, 400, -2010, "Market is closed.", Errc::risk_rejected},
      {spot, 400, -2021, "Order cancel-replace partially failed.", Errc::risk_rejected},
      {linear, 400, -2022, "ReduceOnly Order is rejected.", Errc::risk_rejected},
      {linear, 400, -1023, "x", Errc::validation_error},
      {linear, 400, -2018, "Balance is insufficient.", Errc::insufficient_funds},
      {linear, 400, -2019, "Margin is insufficient.", Errc::insufficient_funds},
      {linear, 400, -2024, "x", Errc::insufficient_funds},
      {linear, 400, -2025, "Reach max open order limit.", Errc::rate_limited},
      {linear, 400, -2027, "x", Errc::insufficient_funds},
      {linear, 400, -2039, "x", Errc::not_found},
      {linear, 400, -4003, "Quantity less than zero.", Errc::validation_error},
      {linear, 400, -4014, "Price not increased by tick size.", Errc::validation_error},
      {linear, 400, -4016, "Price is higher than mark price multiplier cap.", Errc::risk_rejected},
      {linear, 400, -4024, "x", Errc::risk_rejected},
      {linear, 400, -4045, "Reach max stop order limit.", Errc::rate_limited},
      {linear, 400, -4050, "x", Errc::insufficient_funds},
      {linear, 400, -4061, "x", Errc::validation_error},
      {linear, 400, -4088, "x", Errc::risk_rejected},
      {linear, 400, -4116, "ClientOrderId is duplicated", Errc::conflict},
      {linear, 400, -4120, "x", Errc::validation_error},
      {linear, 400, -4131, "PERCENT_PRICE", Errc::risk_rejected},
      {linear, 400, -4164, "notional must be no smaller than 5", Errc::validation_error},
      {linear, 400, -4192, "x", Errc::risk_rejected},
      {linear, 400, -4401, "x", Errc::risk_rejected},
      {linear, 400, -5021, "FOK", Errc::risk_rejected},
      {linear, 400, -5022, "GTX", Errc::risk_rejected},
      {linear, 400, -5040, "x", Errc::validation_error},
      // codes of no row follow the status
      {spot, 400, -9999, "new", Errc::validation_error},
      {spot, 502, -9999, "new", Errc::upstream_error},
      {spot, 400, -4116, "a futures code", Errc::validation_error},
  };
  for (const auto& [type, status, code, message, meaning] : cases) {
    CAPTURE(code);
    CAPTURE(message);
    const auto error = tests::binance_market(type)->rest().parse_error(
        status, R"({"code":)" + std::to_string(code) + R"(,"msg":")" + message + "\"}");
    CHECK(core::to_string(error.code) == core::to_string(meaning));
    CHECK(error.detail
          == "HTTP " + std::to_string(status) + ": " + std::to_string(code) + " " + message);
  }
}

TEST_CASE("a reply without Binance's body is judged by its status") {
  const auto market = tests::binance_market(spot);
  for (const auto& [status, meaning] : {std::pair{429, Errc::rate_limited},
                                        {418, Errc::rate_limited},
                                        {403, Errc::exchange_unavailable},
                                        {404, Errc::not_found},
                                        {410, Errc::not_found},
                                        {400, Errc::validation_error},
                                        {409, Errc::upstream_error},
                                        {500, Errc::upstream_error},
                                        {503, Errc::upstream_error}})
    CHECK(market->rest().parse_error(status, "<html></html>").code == meaning);
}

TEST_CASE("limit headers are read whatever their case") {
  const auto market = tests::binance_market(spot);
  auto reading = market->rest().read_limits(200, {{"x-mbx-used-weight-1m", "250"}}, {});
  CHECK(reading.used == 250);
  CHECK_FALSE(reading.limit);
  CHECK_FALSE(reading.retry_after);
  CHECK_FALSE(reading.banned);
  reading = market->rest().read_limits(
      429, {{"X-MBX-USED-WEIGHT-1M", "6001"}, {"Retry-After", "12"}}, {});
  CHECK(reading.used == 6001);
  CHECK(reading.retry_after == 12s);
  CHECK_FALSE(reading.banned);
  reading = market->rest().read_limits(418, {{"retry-after", "120"}}, {});
  CHECK(reading.banned);
  CHECK(reading.retry_after == 120s);
  reading
      = market->rest().read_limits(429, {{"X-MBX-USED-WEIGHT-1M", "-1"}, {"Retry-After", "x"}}, {});
  CHECK_FALSE(reading.used);
  CHECK_FALSE(reading.retry_after);
}
