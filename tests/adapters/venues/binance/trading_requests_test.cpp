/// Every private request of Binance, byte for byte, at a fixed time with the published key pair.
/// The signatures were computed by another program.
#include "tests/adapters/venues/binance/trading_fixture.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using namespace std::chrono_literals;
using core::Errc;
using core::Symbol;
using core::orders::ClientOrderId;
using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;
using tests::binance_trading;
using tests::example_keys;
using tests::example_order;
using tests::own_id;
using tests::stamp;

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

const Symbol btc{"BTCUSDT"};
const std::string tail = "recvWindow=2000&timestamp=1700000000000&signature=";
const std::string self_trade = "&selfTradePreventionMode=EXPIRE_TAKER&";

void check_get(const core::Result<SignedRequest>& request, const std::string& method,
               const std::string& target, int weight) {
  REQUIRE(request);
  CHECK(request->method == method);
  CHECK(request->target == target);
  CHECK(request->body.empty());
  CHECK(request->headers == Headers{{"X-MBX-APIKEY", example_keys().api_key}});
  CHECK(request->weight == weight);
}

void check_post(const core::Result<SignedRequest>& request, const std::string& target,
                const std::string& body, int weight) {
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->target == target);
  CHECK(request->body == body);
  CHECK(request->headers
        == Headers{{"X-MBX-APIKEY", example_keys().api_key},
                   {"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(request->weight == weight);
}

} // namespace

TEST_CASE("a new order's body names kind, time in force and our id") {
  struct Case {
    core::MarketType type;
    std::function<void(core::orders::OrderDraft&)> change;
    std::string middle, signature;
  };

  const std::string id = std::string{"&newClientOrderId="} + own_id;
  const std::string full = id + "&newOrderRespType=FULL" + self_trade;
  const std::string result = id + "&newOrderRespType=RESULT" + self_trade;
  const std::vector<Case> cases{
      {spot, [](auto&) {},
       "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.00847&price=23416.1" + full,
       "021399d68e94062ed9f77531143eee953fbf10c40cb9d836f5744fa3ea6c61d3"},
      {spot, [](auto& draft) { draft.tif = TimeInForce::gtc; },
       "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00847&price=23416.1" + full,
       "654a50d4e1632e3bfd28f4f5fba0b92c347f91a0c92a8c94a3100f1df9268ce6"},
      {spot, [](auto& draft) { draft.tif = TimeInForce::fok; },
       "side=BUY&type=LIMIT&timeInForce=FOK&quantity=0.00847&price=23416.1" + full,
       "87a91af60776860777d1e6f36f79d8099947d68579bc2339290333ec1fb5cae8"},
      {spot, [](auto& draft) { draft.tif = TimeInForce::post_only; },
       "side=BUY&type=LIMIT_MAKER&quantity=0.00847&price=23416.1" + full,
       "72a0e06a405fef900fa93a019e1ce508d0adf95dbf78252f6072a838707f10f3"},
      {spot,
       [](auto& draft) {
         draft.type = OrderType::market;
         draft.side = Side::sell;
       },
       "side=SELL&type=MARKET&quantity=0.00847" + full,
       "b9d28ff8c1980fec2c3a5c559b22cc399ccab7024e23fc447d0abe99b8fef3f2"},
      {linear, [](auto& draft) { draft.reduce_only = true; },
       "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.00847&price=23416.1&reduceOnly=true"
           + result,
       "b451bb45b35632e87b51ab16862dc7c4b618aa4386180c3d25ec855e1f1089d5"},
      {linear, [](auto& draft) { draft.tif = TimeInForce::post_only; },
       "side=BUY&type=LIMIT&timeInForce=GTX&quantity=0.00847&price=23416.1" + result,
       "423e4d0acf16d13e4cb2e38441be6a87573eae1fe65294b2a85f14173220396a"},
      {linear,
       [](auto& draft) {
         draft.type = OrderType::market;
         draft.side = Side::sell;
       },
       "side=SELL&type=MARKET&quantity=0.00847" + result,
       "ff380a3d8fc5cf9783d6eeeda1bb5695f0c17ec880c859e40bf4ef2cf45edad6"},
  };
  for (const auto& [type, change, middle, signature] : cases) {
    CAPTURE(middle);
    auto order = example_order(type);
    change(order.draft);
    check_post(binance_trading(type)->place(order, example_keys(), stamp),
               type == spot ? "/api/v3/order" : "/fapi/v1/order",
               "symbol=BTCUSDT&" + middle + tail + signature, 1);
  }
}

TEST_CASE("an order that cannot be meant is refused before it is signed") {
  const std::vector<std::function<void(core::orders::OrderIntent&)>> changes{
      [](auto& order) { order.draft.instrument.symbol = Symbol{}; },
      [](auto& order) { order.id = ClientOrderId{}; },
      [](auto& order) { order.id = ClientOrderId{std::string(37, 'a')}; },
      [](auto& order) { order.id = ClientOrderId{"with space"}; },
      [](auto& order) { order.id = ClientOrderId{"a&side=SELL"}; },
      [](auto& order) { order.draft.quantity = {0}; },
      [](auto& order) { order.draft.quantity = {-1}; },
      [](auto& order) { order.draft.price = {0}; },
      [](auto& order) { order.draft.price = {-5}; },
      [](auto& order) {
        order.draft.type = OrderType::market;
        order.draft.tif = TimeInForce::post_only;
      },
      [](auto& order) { order.draft.reduce_only = true; },
  };
  const auto trading = binance_trading(spot);
  for (std::size_t n = 0; n < changes.size(); ++n) {
    CAPTURE(n);
    auto order = example_order(spot);
    changes[n](order);
    CHECK(trading->place(order, example_keys(), stamp).error().code == Errc::validation_error);
    CHECK(trading->socket_place(order, "1", example_keys(), stamp).error().code
          == Errc::validation_error);
  }
  CHECK(trading->place(example_order(spot), {}, stamp).error().code == Errc::unauthenticated);
}

TEST_CASE("an order is named by the venue's id, else by ours") {
  const OrderRef by_id{btc, ClientOrderId{own_id}, "28"};
  const OrderRef by_client{btc, ClientOrderId{own_id}, {}};
  const auto s = binance_trading(spot);
  const auto f = binance_trading(linear);
  const std::string id_query = "?symbol=BTCUSDT&orderId=28&" + tail
                               + "e37f031d68f65197e31306b3b92cb2ff9f8f15e41137c00e046e4aea9b24150a";
  const std::string client_query
      = std::string{"?symbol=BTCUSDT&origClientOrderId="} + own_id + "&" + tail
        + "b3073bfd611abe53a3eb8427b7adb852626ba17b2253778d05501d5e0f6b4b32";
  check_get(s->cancel(by_id, example_keys(), stamp), "DELETE", "/api/v3/order" + id_query, 1);
  check_get(f->cancel(by_client, example_keys(), stamp), "DELETE", "/fapi/v1/order" + client_query,
            1);
  check_get(*s->query(by_client, 0, example_keys(), stamp), "GET", "/api/v3/order" + client_query,
            4);
  check_get(*f->query(by_id, 0, example_keys(), stamp), "GET", "/fapi/v1/order" + id_query, 1);
  CHECK_FALSE(s->query(by_id, 1, example_keys(), stamp)); // there is no second place to look
  for (const auto& wrong :
       {OrderRef{Symbol{}, ClientOrderId{own_id}, {}}, OrderRef{btc, {}, {}},
        OrderRef{btc, {}, "28&symbol=X"}, OrderRef{btc, {}, "-1"},
        OrderRef{btc, {}, std::string(20, '1')}, OrderRef{btc, ClientOrderId{"a b"}, {}}}) {
    CHECK(s->cancel(wrong, example_keys(), stamp).error().code == Errc::validation_error);
    CHECK((*f->query(wrong, 0, example_keys(), stamp)).error().code == Errc::validation_error);
    CHECK(s->socket_cancel(wrong, "1", example_keys(), stamp).error().code
          == Errc::validation_error);
  }
}

TEST_CASE("what is asked of a symbol or an account") {
  const auto s = binance_trading(spot);
  const auto f = binance_trading(linear);
  const auto keys = example_keys();
  const std::string symbol = "?symbol=BTCUSDT&" + tail
                             + "e6b282194ba539e4588d208566e0bcca9c6d6baed6a0ab4633b59a0fa847c592";
  const std::string nothing
      = "?" + tail + "f1c450cbf4a150e30c4a0ac17e7896d9efb9e05cd68b7a5f1c2db6cbbd94d6c1";
  check_get(s->cancel_all(btc, keys, stamp), "DELETE", "/api/v3/openOrders" + symbol, 1);
  check_get(f->cancel_all(btc, keys, stamp), "DELETE", "/fapi/v1/allOpenOrders" + symbol, 1);
  check_get(s->open_orders({}, keys, stamp), "GET", "/api/v3/openOrders" + nothing, 80);
  check_get(f->open_orders({}, keys, stamp), "GET", "/fapi/v1/openOrders" + nothing, 40);
  check_get(s->balances(keys, stamp), "GET",
            "/api/v3/account?omitZeroBalances=true&" + tail
                + "e6b80591892060caee03324e65ffa66fe9737fa7ef4290f7a70d8174b238bbd5",
            20);
  check_get(f->balances(keys, stamp), "GET", "/fapi/v3/balance" + nothing, 5);
  CHECK_FALSE(s->positions({}, keys, stamp));
  check_get(*f->positions({}, keys, stamp), "GET", "/fapi/v3/positionRisk" + nothing, 5);
  check_get(s->fees(btc, keys, stamp), "GET", "/api/v3/account/commission" + symbol, 20);
  check_get(f->fees(btc, keys, stamp), "GET", "/fapi/v1/commissionRate" + symbol, 20);
  check_get(*s->key_rights(keys, stamp), "GET", "/sapi/v1/account/apiRestrictions" + nothing, 1);
  check_get(*f->key_rights(keys, stamp), "GET", "/fapi/v1/accountConfig" + nothing, 5);
  check_get(s->cancel_all(Symbol{"１２３"}, keys, stamp), "DELETE",
            "/api/v3/openOrders?symbol=%EF%BC%91%EF%BC%92%EF%BC%93&" + tail
                + "6d38aad137cd58a084e3589793850aa7c995f7a56d5c8e168600328eab602994",
            1);
}

TEST_CASE("fills are asked for by order, by time, or from where a page ended") {
  const auto s = binance_trading(spot);
  const auto f = binance_trading(linear);
  const auto keys = example_keys();
  const OrderRef order{btc, ClientOrderId{own_id}, "28"};
  const OrderRef unnamed{btc, ClientOrderId{own_id}, {}};
  constexpr core::UnixMillis since = 1'699'999'000'000;
  const std::string of_order = "?symbol=BTCUSDT&orderId=28&limit=1000&" + tail
                               + "cc1a61cf2851b08229c52d4a5ee87b28f4fba86ffe571992c8d17cfb3c5c337b";
  const std::string page = "?symbol=BTCUSDT&fromId=77&limit=1000&" + tail
                           + "28a9677219bc479053385a3e5033b515602d98127ec6162ec7280c87baf5c001";
  check_get(s->fills(order, since, {}, keys, stamp), "GET", "/api/v3/myTrades" + of_order, 5);
  check_get(f->fills(order, since, {}, keys, stamp), "GET", "/fapi/v1/userTrades" + of_order, 5);
  check_get(s->fills(order, since, "77", keys, stamp), "GET",
            "/api/v3/myTrades?symbol=BTCUSDT&orderId=28&fromId=77&limit=1000&" + tail
                + "8f52596e3e54f665a2022d67afde072249194b81599326ec9260f9d82b992cae",
            5);
  check_get(f->fills(order, since, "77", keys, stamp), "GET", "/fapi/v1/userTrades" + page, 5);
  check_get(s->fills(unnamed, since, {}, keys, stamp), "GET",
            "/api/v3/myTrades?symbol=BTCUSDT&startTime=1699999000000&limit=1000&" + tail
                + "684c961efd0652a85cb795ac0c4d8cb78cfe03e22b0b4f3c7013221b109b917a",
            20);
  check_get(s->fills(unnamed, since, "77", keys, stamp), "GET", "/api/v3/myTrades" + page, 20);
  CHECK(s->fills({}, since, {}, keys, stamp).error().code == Errc::validation_error);
}

TEST_CASE("the dead man's switch and the stream key are USD-M's alone") {
  const auto s = binance_trading(spot);
  const auto f = binance_trading(linear);
  CHECK_FALSE(s->arm_dead_man(btc, 120s, example_keys(), stamp));
  CHECK_FALSE(s->stream_key({}, example_keys()));
  CHECK_FALSE(s->traits().dead_man_switch);
  CHECK_FALSE(s->traits().stream_key);
  check_post(*f->arm_dead_man(btc, 120s, example_keys(), stamp), "/fapi/v1/countdownCancelAll",
             "symbol=BTCUSDT&countdownTime=120000&" + tail
                 + "174e0a0bba1e1dedb9b211c29854f107dec9d2ea8b5998521e5e48e4003c7794",
             10);
  CHECK((*f->arm_dead_man(btc, -1ms, example_keys(), stamp)).error().code
        == Errc::validation_error);
  // A key in the header is all: nothing is signed, and the key to be extended is in no URL.
  check_get(*f->stream_key({}, example_keys()), "POST", "/fapi/v1/listenKey", 1);
  check_get(*f->stream_key("secret", example_keys()), "PUT", "/fapi/v1/listenKey", 1);
  CHECK((*f->stream_key({}, {})).error().code == Errc::unauthenticated);
}

TEST_CASE("a spot stream is subscribed by signature, or after a logon with an Ed25519 key") {
  const auto trading = binance_trading(spot);
  const auto key = example_keys().api_key;
  const auto signed_opening = trading->open_stream({}, example_keys(), stamp);
  REQUIRE(signed_opening);
  CHECK(signed_opening->route == "/ws-api/v3?returnRateLimits=false");
  REQUIRE(signed_opening->frames.size() == 1);
  CHECK(
      signed_opening->frames[0]
      == R"({"id":"subscribe","method":"userDataStream.subscribe.signature","params":)"
         R"({"recvWindow":2000,"timestamp":1700000000000,"apiKey":")"
             + key
             + R"(","signature":"a3d97bd0758d947a2dfb363be3b77103e86a2e1e64a60afbb06216046354ac2a"}})");
  const auto session = trading->open_stream({}, tests::ed25519_keys(), stamp);
  REQUIRE(session);
  REQUIRE(session->frames.size() == 2);
  const auto signature
      = tests::ed25519_keys().sign("apiKey=" + key + "&recvWindow=2000&timestamp=1700000000000");
  CHECK(session->frames[0]
        == R"({"id":"logon","method":"session.logon","params":{"recvWindow":2000,)"
           R"("timestamp":1700000000000,"apiKey":")"
               + key + R"(","signature":")" + *signature + R"("}})");
  CHECK(session->frames[1] == R"({"id":"subscribe","method":"userDataStream.subscribe"})");
  CHECK(trading->open_stream({}, {}, stamp).error().code == Errc::unauthenticated);
}

TEST_CASE("a USD-M stream's key stands in its route and opens without a word") {
  const auto trading = binance_trading(linear);
  const auto opening = trading->open_stream("pqia91ma", example_keys(), stamp);
  REQUIRE(opening);
  CHECK(opening->route == "/private/ws/pqia91ma");
  CHECK(opening->frames.empty());
  CHECK(trading->open_stream("a/b?c", example_keys(), stamp)->route == "/private/ws/a%2Fb%3Fc");
  CHECK(trading->open_stream({}, example_keys(), stamp).error().code == Errc::validation_error);
}

TEST_CASE("orders by socket are signed each with HMAC, once a connection with Ed25519") {
  const auto s = binance_trading(spot);
  const auto f = binance_trading(linear);
  const auto key = example_keys().api_key;
  CHECK(s->open_order_socket(example_keys(), stamp)->route == "/ws-api/v3?returnRateLimits=false");
  CHECK(f->open_order_socket(example_keys(), stamp)->route == "/ws-fapi/v1?returnRateLimits=false");
  CHECK(s->open_order_socket(example_keys(), stamp)->frames.empty());
  CHECK(f->open_order_socket(tests::ed25519_keys(), stamp)->frames.size() == 1);
  CHECK(s->open_order_socket({}, stamp).error().code == Errc::unauthenticated);

  const std::string id = std::string{R"("newClientOrderId":")"} + own_id + R"(",)";
  const std::string order = R"("symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"IOC",)"
                            R"("quantity":"0.00847","price":"23416.1",)";
  const std::string self = R"("selfTradePreventionMode":"EXPIRE_TAKER",)";
  const std::string time = R"("recvWindow":2000,"timestamp":1700000000000)";
  const auto signed_by = [&key](const std::string& signature) {
    return R"(,"apiKey":")" + key + R"(","signature":")" + signature + R"("}})";
  };
  CHECK(s->socket_place(example_order(spot), "7", example_keys(), stamp)
        == R"({"id":"7","method":"order.place","params":{)" + order + id
               + R"("newOrderRespType":"FULL",)" + self + time
               + signed_by("bf8a3ea2bd8c426df41e8d6edcce6aacccab0417cebdda2a38a692f097f6e793"));
  auto reducing = example_order(linear);
  reducing.draft.reduce_only = true;
  CHECK(f->socket_place(reducing, "8", example_keys(), stamp)
        == R"({"id":"8","method":"order.place","params":{)" + order + R"("reduceOnly":"true",)" + id
               + R"("newOrderRespType":"RESULT",)" + self + time
               + signed_by("f59670fd1335bd963785f0e9881bdbb45a6c40261ff00cb81438cc7018360a9a"));
  CHECK(s->socket_place(example_order(spot), "9", tests::ed25519_keys(), stamp)
        == R"({"id":"9","method":"order.place","params":{)" + order + id
               + R"("newOrderRespType":"FULL",)" + self + time + "}}");
  CHECK(s->socket_cancel({btc, ClientOrderId{own_id}, "28"}, "10", example_keys(), stamp)
        == R"({"id":"10","method":"order.cancel","params":{"symbol":"BTCUSDT","orderId":28,)" + time
               + signed_by("929eeaa154bfd11a5289bd591a1b2af998792f8262b9af64f41fe0be6df709a2"));
  CHECK(
      f->socket_cancel({btc, ClientOrderId{own_id}, {}}, "11", example_keys(), stamp)
      == R"({"id":"11","method":"order.cancel","params":{"symbol":"BTCUSDT","origClientOrderId":")"
             + std::string{own_id} + R"(",)" + time
             + signed_by("73959f992b10d1a9478cc5cdf1a8473e99841857a33ad086a110d5bdddb52235"));
  CHECK(s->socket_cancel({Symbol{"１２３"}, {}, "28"}, "12", example_keys(), stamp)
        == R"({"id":"12","method":"order.cancel","params":{"symbol":"１２３","orderId":28,)" + time
               + signed_by("57deba5e8951d1e8f512bf6648bb7803859cc62ad02a2e2e7257bb37bbeb862f"));
}
