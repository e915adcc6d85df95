#include "adapters/venues/bybit/rest.hpp"

#include "tests/adapters/venues/bybit/support.hpp"

#include <boost/json.hpp>

using namespace tandem;
using namespace tandem::tests::bybit;
using core::Errc;
using core::MarketType;

namespace {

core::Decimal decimal(std::string_view text) {
  return core::Decimal::parse(text).value();
}

std::string reply(std::string_view result) {
  return R"({"retCode":0,"retMsg":"OK","result":)" + std::string{result}
         + R"(,"retExtInfo":{},"time":1672025956592})";
}

/// docs/v5/market/instrument, linear example.
const std::string linear_list = reply(
    R"({"category":"linear","list":[{"symbol":"BTCUSDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT","deliveryFeeRate":"","priceScale":"2","priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},"lotSizeFilter":{"maxOrderQty":"1190.000","minOrderQty":"0.001","qtyStep":"0.001","postOnlyMaxOrderQty":"1190.000","maxMktOrderQty":"500.000","minNotionalValue":"5"},"settleCoin":"USDT","preListingInfo":null}],"nextPageCursor":"first%3DBIOUSDT%26last%3DBIOUSDT"})");

/// docs/v5/market/instrument, spot example.
const std::string spot_list = reply(
    R"({"category":"spot","list":[{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001","minOrderQty":"0.000011","maxOrderQty":"83","minOrderAmt":"5","maxOrderAmt":"8000000","maxLimitOrderQty":"80","maxMarketOrderQty":"41.5"},"priceFilter":{"tickSize":"0.1"}}]})");

} // namespace

TEST_CASE("Bybit REST targets carry category and limits") {
  const auto spot = market(MarketType::spot);
  const auto linear = market(MarketType::linear);
  const core::Symbol btc{"BTCUSDT"};
  CHECK(linear->rest().time().target == "/v5/market/time");
  CHECK(spot->rest().instruments("x").target == "/v5/market/instruments-info?category=spot");
  CHECK(linear->rest().instruments("").target
        == "/v5/market/instruments-info?category=linear&limit=1000");
  CHECK(linear->rest().instruments("first%3DA").target
        == "/v5/market/instruments-info?category=linear&limit=1000&cursor=first%253DA");
  CHECK(spot->rest().depth(btc, 5'000).target
        == "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=1000");
  CHECK(spot->rest().depth(btc, 0).target
        == "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=1");
  CHECK(linear->rest().klines(btc, "4h", 3).target
        == "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=240&limit=3");
  CHECK(linear->rest().klines_between(btc, "1m", 60'000, 180'000, 2).target
        == "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&limit=2&start=60000&end="
           "179999");
  CHECK(linear->rest().ticker(core::Symbol{"A&B"}).target
        == "/v5/market/tickers?category=linear&symbol=A%26B");
}

TEST_CASE("Bybit's time is read to the millisecond") {
  const auto spot = market(MarketType::spot);
  CHECK(
      spot->rest()
          .parse_time(
              R"({"retCode":0,"retMsg":"OK","result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"},"retExtInfo":{},"time":1688639403500})")
          .value()
      == 1688639403423);
  CHECK(spot->rest().parse_time(reply("{}")).value() == 1672025956592);
  CHECK(spot->rest().parse_time("{}").error().code == Errc::malformed);
}

TEST_CASE("a Bybit linear instrument has the venue's filters at its own scale") {
  const auto page = market(MarketType::linear)->rest().parse_instruments(linear_list).value();
  CHECK(page.next_cursor == "first%3DBIOUSDT%26last%3DBIOUSDT");
  REQUIRE(page.instruments.size() == 1);
  const auto& btc = page.instruments[0];
  CHECK(core::to_string(btc.key) == "bybit.linear.BTCUSDT");
  CHECK(btc.base == "BTC");
  CHECK(btc.quote == "USDT");
  CHECK(btc.status == core::InstrumentStatus::trading);
  CHECK(btc.scale == core::Scale{1, 3});
  CHECK(btc.tick.units == 1);
  CHECK(btc.price_min->units == 1);
  CHECK(btc.price_max->units == 19999998);
  CHECK(btc.lot.units == 1);
  CHECK(btc.quantity_min.units == 1);
  CHECK(btc.quantity_max->units == 1190000);
  CHECK(btc.notional_min == decimal("5"));
}

TEST_CASE("a Bybit spot instrument steps by basePrecision and has no price bounds") {
  const auto page = market(MarketType::spot)->rest().parse_instruments(spot_list).value();
  CHECK(page.next_cursor.empty());
  const auto& btc = page.instruments.at(0);
  CHECK(btc.scale == core::Scale{1, 6});
  CHECK(btc.quantity_min.units == 11);
  CHECK(btc.quantity_max->units == 80000000);
  CHECK_FALSE(btc.price_max.has_value());
  CHECK(btc.notional_min == decimal("5"));
}

TEST_CASE("a Bybit instrument list that cannot be trusted is refused with the symbol") {
  const auto linear = market(MarketType::linear);
  const auto with = [](std::string_view part, std::string_view instead) {
    auto changed = linear_list;
    return changed.replace(changed.find(part), part.size(), instead);
  };
  CHECK(linear->rest().parse_instruments(spot_list).error().code == Errc::malformed);
  CHECK(linear->rest()
            .parse_instruments(with(R"("tickSize":"0.10")", R"("tickSize":"")"))
            .error()
            .detail.find("BTCUSDT")
        != std::string::npos);
  CHECK_FALSE(linear->rest()
                  .parse_instruments(with(R"("qtyStep":"0.001")", R"("qtyStep":"abc")"))
                  .has_value());
  CHECK_FALSE(linear->rest()
                  .parse_instruments(with(R"("minOrderQty":"0.001")", R"("minOrderQty":"-1")"))
                  .has_value());
  CHECK(linear->rest()
            .parse_instruments(with(R"("status":"Trading")", R"("status":"Delivering")"))
            ->instruments[0]
            .status
        == core::InstrumentStatus::halted);
  CHECK(linear->rest()
            .parse_instruments(with(R"("status":"Trading")", R"("status":"PreLaunch")"))
            ->instruments[0]
            .status
        == core::InstrumentStatus::pre_open);
  CHECK_FALSE(linear->rest()
                  .parse_instruments(with(R"("maxPrice":"1999999.80")", R"("maxPrice":"")"))
                  ->instruments[0]
                  .price_max.has_value());
}

TEST_CASE("a Bybit REST book points into its body") {
  const auto body = reply(
      R"({"s":"BTCUSDT","a":[["65557.7","16.606555"]],"b":[["65485.47","47.081829"]],"ts":1716863719031,"u":230704,"seq":1432604333})");
  const auto book = market(MarketType::spot)->rest().parse_depth(body).value();
  CHECK(book.last_id == 230704);
  CHECK(book.venue_time == 1716863719031);
  REQUIRE(book.bids.size() == 1);
  CHECK(book.bids[0].price == "65485.47");
  CHECK(book.asks[0].size == "16.606555");
  CHECK(book.bids[0].price.data() >= body.data());
  CHECK(book.bids[0].price.data() < body.data() + body.size());
  CHECK(market(MarketType::spot)->rest().parse_depth(reply("{}")).error().code == Errc::malformed);
  CHECK(market(MarketType::spot)->rest().parse_depth(body.substr(0, body.size() - 1)).error().code
        == Errc::malformed);
}

TEST_CASE("Bybit klines come oldest first, and the newest is open until its end has passed") {
  const auto body = reply(
      R"({"symbol":"BTCUSD","category":"inverse","list":[["1672025940000","17071","17073","17027","17055.5","268611","15.7"],["1672025880000","17071.5","17071.5","17061","17071","4177","0.2"]]})");
  const auto klines = market(MarketType::linear)->rest().parse_klines(body).value();
  REQUIRE(klines.size() == 2);
  CHECK(klines[0].open_time == 1672025880000);
  CHECK(klines[0].close_time == 1672025939999);
  CHECK(klines[0].closed);
  CHECK(klines[1].close_time == 1672025999999);
  CHECK_FALSE(klines[1].closed);
  CHECK(klines[1].close == decimal("17055.5"));
  const auto owner = market(MarketType::linear);
  const auto& rest = owner->rest();
  CHECK_FALSE(rest.parse_klines(reply(R"({"list":[["1","2"]]})")).has_value());
  CHECK(rest.parse_klines(reply(R"({"list":[]})"))->empty());
}

TEST_CASE("Bybit tickers by REST have the best prices on spot too") {
  const auto body = reply(
      R"({"category":"spot","list":[{"symbol":"BTCUSDT","bid1Price":"20517.96","bid1Size":"2","ask1Price":"20527.77","ask1Size":"1.862172","lastPrice":"20533.13","price24hPcnt":"0.0068","predictedDeliveryPrice":"","volume24h":"11801.27771"}]})");
  const auto ticker = market(MarketType::spot)->rest().parse_ticker(body).value();
  CHECK(ticker.best_bid == decimal("20517.96"));
  CHECK(ticker.best_ask_size == decimal("1.862172"));
  CHECK(ticker.change_percent == decimal("0.68"));
  CHECK(ticker.venue_time == 1672025956592);
  CHECK(market(MarketType::spot)->rest().parse_ticker(reply(R"({"list":[]})")).error().code
        == Errc::not_found);
}

TEST_CASE("a Bybit business error inside HTTP 200 comes back with its public code") {
  const auto spot = market(MarketType::spot);
  const auto error
      = spot->rest()
            .parse_ticker(
                R"({"retCode":10001,"retMsg":"params error: symbol invalid","result":{},"time":1})")
            .error();
  CHECK(error.code == Errc::validation_error);
  CHECK(error.detail == "10001 params error: symbol invalid");
}

TEST_CASE("Bybit's error numbers have the engine's names") {
  const std::pair<int, Errc> cases[] = {
      {10001, Errc::validation_error},
      {10002, Errc::validation_error},
      {10004, Errc::validation_error},
      {170115, Errc::validation_error},
      {170116, Errc::validation_error},
      {170204, Errc::validation_error},
      {20006, Errc::validation_error},
      {110094, Errc::validation_error},
      {110001, Errc::not_found},
      {170143, Errc::not_found},
      {170213, Errc::not_found},
      {110008, Errc::not_found},
      {170190, Errc::not_found},
      {10006, Errc::rate_limited},
      {10403, Errc::rate_limited},
      {10429, Errc::rate_limited},
      {170222, Errc::rate_limited},
      {10000, Errc::upstream_error},
      {170007, Errc::upstream_error},
      {170147, Errc::upstream_error},
      {110079, Errc::upstream_error},
      {110007, Errc::insufficient_funds},
      {110014, Errc::insufficient_funds},
      {110052, Errc::insufficient_funds},
      {170131, Errc::insufficient_funds},
      {30256, Errc::insufficient_funds},
      {10005, Errc::risk_rejected},
      {110003, Errc::risk_rejected},
      {110023, Errc::risk_rejected},
      {170133, Errc::risk_rejected},
      {170196, Errc::risk_rejected},
      {170218, Errc::risk_rejected},
      {30208, Errc::risk_rejected},
      {10019, Errc::exchange_unavailable},
      {110063, Errc::exchange_unavailable},
      {170157, Errc::exchange_unavailable},
      {110072, Errc::conflict},
      {170141, Errc::conflict},
      {10003, Errc::unauthenticated},
      {33004, Errc::unauthenticated},
      {-2015, Errc::unauthenticated},
      {429, Errc::rate_limited},
      {123456, Errc::upstream_error},
      {10011, Errc::upstream_error},
  };
  for (const auto& [number, code] : cases) {
    CAPTURE(number);
    CHECK(bybit::error_code(number, "") == code);
  }
  CHECK(bybit::error_code(10003, "too many sessions under the same UID") == Errc::rate_limited);
}

TEST_CASE("a Bybit HTTP status alone says what happened when the body does not") {
  const auto owner = market(MarketType::spot);
  const auto& rest = owner->rest();
  CHECK(rest.parse_error(403, "access too frequent").code == Errc::rate_limited);
  CHECK(rest.parse_error(403, "<html>").code == Errc::exchange_unavailable);
  CHECK(rest.parse_error(429, "").code == Errc::rate_limited);
  CHECK(rest.parse_error(404, "not found").code == Errc::validation_error);
  CHECK(rest.parse_error(401, "").code == Errc::unauthenticated);
  CHECK(rest.parse_error(502, "").code == Errc::upstream_error);
  CHECK(rest.parse_error(400, R"({"retCode":10006,"retMsg":"Too many visits!"})").code
        == Errc::rate_limited);
}

TEST_CASE("Bybit's refusals say how long to wait") {
  using namespace std::chrono_literals;
  const auto owner = market(MarketType::linear);
  const auto& rest = owner->rest();
  const auto banned = rest.read_limits(403, {}, "access too frequent");
  CHECK(banned.banned);
  CHECK(banned.retry_after == 10min);
  const auto visits = R"({"retCode":10006,"retMsg":"Too many visits!","result":{}})";
  CHECK(rest.read_limits(200, {}, visits).retry_after == 1s);
  CHECK(
      rest.read_limits(200, {{"x-bapi-limit-reset-timestamp", "1500"}, {"timenow", "1200"}}, visits)
          .retry_after
      == 300ms);
  CHECK(rest.read_limits(429, {{"Retry-After", "7"}}, "").retry_after == 7s);
  const auto fine
      = rest.read_limits(200, {{"X-Bapi-Limit", "10"}, {"X-Bapi-Limit-Status", "9"}}, reply("{}"));
  CHECK_FALSE(fine.retry_after.has_value());
  CHECK_FALSE(fine.banned);
  CHECK_FALSE(fine.limit.has_value()); // one endpoint of one account, not the address's budget
  CHECK_FALSE(rest.read_limits(403, {}, "region").banned);
}

TEST_CASE("the instrument, book, kline and ticker samples of Bybit's documentation parse") {
  if (!recordings())
    return;
  const auto pages = boost::json::parse(read_text(*recordings() / "doc-samples.json")).as_object();
  std::size_t checked = 0;
  const auto each = [&](const char* page, auto check) {
    for (const auto& item : pages.at(page).as_array()) {
      const auto& sample = item.at("sample");
      const auto* category = sample.at("result").as_object().if_contains("category");
      const std::string name{category == nullptr ? "spot" : category->as_string().c_str()};
      if (name != "spot" && name != "linear")
        continue; // options and inverse are no markets of ours
      const auto owner = market(name == "spot" ? MarketType::spot : MarketType::linear);
      check(owner->rest(), boost::json::serialize(sample));
      ++checked;
    }
  };
  each("market/time",
       [](const Rest& rest, const std::string& body) { CHECK(rest.parse_time(body).has_value()); });
  each("market/instrument", [](const Rest& rest, const std::string& body) {
    CHECK(rest.parse_instruments(body)->instruments.size() == 1);
  });
  each("market/orderbook", [](const Rest& rest, const std::string& body) {
    CHECK(rest.parse_depth(body)->bids.size() == 1);
  });
  each("market/tickers", [](const Rest& rest, const std::string& body) {
    CHECK(rest.parse_ticker(body)->last.has_value());
  });
  CHECK(checked >= 6);
}
