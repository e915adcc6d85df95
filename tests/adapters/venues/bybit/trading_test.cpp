/// What Bybit is asked and what it says of orders: every published signature, the exact bytes of
/// requests, the venue's own frames, and frames that are nobody's.
#include "adapters/venues/trading.hpp"

#include "tests/adapters/venues/recording.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <variant>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Errc;
using core::MarketType;
using core::orders::VenueOrder;
using core::orders::VenueStatus;
using Outcome = PlaceReply::Outcome;

const Credentials keys{"test_api_key", "test_secret", {}, {}};
constexpr Stamp stamp{1'700'000'000'000, std::chrono::milliseconds{5'000}};

std::unique_ptr<Trading> bybit(MarketType type) {
  return make_trading({core::VenueId{"bybit"}, type});
}

core::orders::OrderIntent example_order(MarketType type) {
  core::orders::OrderIntent order;
  order.id = core::orders::ClientOrderId{"tdtnd00000100000001"};
  order.draft.instrument = {core::VenueId{"bybit"}, type, core::Symbol{"BTCUSDT"}};
  order.draft.scale = {1, 3};
  order.draft.price = {617'306};
  order.draft.quantity = {10};
  return order;
}

std::string text(simdjson::simdjson_result<simdjson::dom::element> element) {
  return std::string{element.get_string().value()};
}

std::string header(const SignedRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name)
      return value;
  return {};
}

} // namespace

TEST_CASE("every shared signing vector of Bybit is reproduced") {
  const auto path = tests::shared_file("venues/bybit/signing-vectors.json");
  if (!path)
    return;
  simdjson::dom::parser parser;
  const auto root = parser.load(path->string()).value();
  std::size_t count = 0;
  for (const auto vector : root["vectors"].get_array()) {
    CAPTURE(text(vector["id"]));
    const auto key = root["keys"][text(vector["key_ref"])].value();
    Credentials credentials{"test_api_key", {}, {}, {}};
    credentials.secret
        = text(key[key["secret"].error() == simdjson::SUCCESS ? "secret" : "pkcs8_pem"]);
    CHECK(credentials.sign(text(vector["payload"])) == text(vector["signature"]));
    ++count;
  }
  CHECK(count == 6);
}

TEST_CASE("a request carries its signature over time, key, window and the bytes that are sent") {
  const auto trading = bybit(MarketType::linear);
  const auto placed = trading->place(example_order(MarketType::linear), keys, stamp);
  REQUIRE(placed);
  CHECK(placed->method == "POST");
  CHECK(placed->target == "/v5/order/create");
  CHECK(header(*placed, "X-BAPI-API-KEY") == "test_api_key");
  CHECK(header(*placed, "X-BAPI-SIGN")
        == keys.sign("1700000000000test_api_key5000" + placed->body));
  simdjson::dom::parser parser;
  const auto body = parser.parse(placed->body).value();
  CHECK(text(body["category"]) == "linear");
  CHECK(text(body["timeInForce"]) == "IOC");
  CHECK(text(body["price"]) == "61730.6");
  CHECK(text(body["qty"]) == "0.01");
  CHECK(text(body["orderLinkId"]) == "tdtnd00000100000001");
  const auto asked = trading->query(
      {core::Symbol{"BTCUSDT"}, core::orders::ClientOrderId{"tdtnd00000100000001"}, {}}, 0, keys,
      stamp);
  REQUIRE(asked);
  REQUIRE(*asked);
  const auto& target = (*asked)->target;
  CHECK(target.starts_with("/v5/order/realtime?category=linear"));
  CHECK(header(**asked, "X-BAPI-SIGN")
        == keys.sign("1700000000000test_api_key5000" + target.substr(target.find('?') + 1)));
}

TEST_CASE("nothing is sent without a key") {
  const auto trading = bybit(MarketType::spot);
  CHECK(trading->place(example_order(MarketType::spot), {}, stamp).error().code
        == Errc::unauthenticated);
  CHECK_FALSE(trading->open_stream({}, {}, stamp));
}

TEST_CASE("Bybit's codes: what is refused, what is unknown, what was there before") {
  const auto trading = bybit(MarketType::linear);
  const auto outcome = [&](int code) {
    return trading->parse_place(200, R"({"retCode":)" + std::to_string(code)
                                         + R"(,"retMsg":"m","result":{}})");
  };
  for (const int code : {10000, 10016, 10019, 170007, 170032, 170146, 170147})
    CHECK(outcome(code).outcome == Outcome::unknown);
  for (const int code : {110072, 170141})
    CHECK(outcome(code).outcome == Outcome::duplicate);
  CHECK(outcome(110007).outcome == Outcome::refused);
  CHECK(outcome(110007).error.code == Errc::insufficient_funds);
  CHECK(outcome(10003).error.code == Errc::unauthenticated);
  CHECK(outcome(10006).error.code == Errc::rate_limited);
  CHECK(outcome(10001).error.code == Errc::validation_error);
  const auto gone = trading->parse_cancel(
      200, R"({"retCode":110001,"retMsg":"order not exists or too late to cancel","result":{}})");
  CHECK(gone.already_final);
  CHECK_FALSE(gone.unknown);
}

TEST_CASE("the venue's own private frames are understood") {
  const auto path = tests::shared_file("venues/bybit/fixtures-nautilus.json");
  if (!path)
    return;
  simdjson::dom::parser parser;
  const auto root = parser.load(path->string()).value();
  const auto decode = [&](std::string_view name) {
    const simdjson::padded_string frame{simdjson::to_string(root[name].value())};
    const auto codec = bybit(MarketType::linear)->make_private_codec();
    auto events = codec->decode({frame.data(), frame.size()});
    REQUIRE(events);
    return *events;
  };
  const auto orders = decode("ws_account_order.json");
  REQUIRE(orders.size() == 1);
  const auto& order = std::get<VenueOrder>(orders[0]);
  CHECK(order.client_id == "client-1");
  CHECK(order.venue_order_id == "abcdef123456");
  CHECK(order.status == VenueStatus::cancelled);
  CHECK(order.cumulative->is_zero());
  CHECK(std::get<AuthReply>(decode("ws_auth_success.json").at(0)).accepted);
  const auto positions = decode("ws_account_position_short.json");
  REQUIRE(positions.size() == 1);
  CHECK(core::to_string(std::get<VenuePosition>(positions[0]).quantity) == "-0.01");
}

TEST_CASE(
    "positions come in pages, and the next page is asked for by its cursor, encoded once more") {
  const auto trading = bybit(MarketType::linear);
  const auto page = trading->parse_positions(
      200,
      R"({"retCode":0,"retMsg":"OK","result":{"list":[{"symbol":"BTCUSDT","side":"Sell","size":"0.5","avgPrice":"100","unrealisedPnl":"-1","positionIdx":0}],"nextPageCursor":"page_args%3DBTCUSDT%26"}})");
  REQUIRE(page);
  CHECK(page->positions.size() == 1);
  CHECK(page->next_cursor == "page_args%3DBTCUSDT%26");
  const auto next = *trading->positions(page->next_cursor, keys, stamp);
  REQUIRE(next);
  CHECK(next->target.starts_with("/v5/position/list?category=linear&settleCoin=USDT&limit=200"));
  CHECK(next->target.ends_with("&cursor=page_args%253DBTCUSDT%2526"));
  const auto last
      = trading->parse_positions(200, R"({"retCode":0,"result":{"list":[],"nextPageCursor":""}})");
  REQUIRE(last);
  CHECK(last->next_cursor.empty());
}

TEST_CASE("mangled frames are refused or understood, and never end the process") {
  const std::string order
      = R"({"topic":"order.linear","id":"1","creationTime":1700000007000,"data":[{"category":"linear","symbol":"BTCUSDT","orderId":"o1","side":"Buy","orderType":"Limit","price":"30000","qty":"0.010","timeInForce":"IOC","orderStatus":"Filled","orderLinkId":"tdtnd00000100000001","cumExecQty":"0.010","updatedTime":"1700000005000","rejectReason":"EC_NoError","cancelType":"UNKNOWN"}]})";
  const auto codec = bybit(MarketType::linear)->make_private_codec();
  const auto seed = std::random_device{}();
  std::mt19937_64 random{seed};
  std::size_t refused = 0;
  const auto frames = tandem::tests::mangled_frames();
  for (std::size_t n = 0; n < frames; ++n) {
    auto mangled = order;
    for (auto left = 1 + random() % 4; left > 0; --left) {
      const auto at = random() % mangled.size();
      switch (random() % 3) {
      case 0:
        mangled[at] = static_cast<char>(random());
        break;
      case 1:
        mangled.erase(at, 1 + random() % 20);
        break;
      default:
        mangled.insert(at, mangled.substr(random() % mangled.size(), random() % 20));
      }
      if (mangled.empty())
        mangled = "x";
    }
    const simdjson::padded_string frame{mangled};
    const auto events = codec->decode({frame.data(), frame.size()});
    refused += events ? 0 : 1;
  }
  CHECK(refused > frames / 10);
  MESSAGE(frames, " mangled frames: ", refused, " refused, the others understood; seed ", seed);
  const simdjson::padded_string good{order};
  CHECK(codec->decode({good.data(), good.size()}).value().size() == 1);
}

TEST_CASE("the account's own rate of new orders is read where Bybit tells it, by REST and socket") {
  using core::market::OrderRate;
  const auto spot = bybit(MarketType::spot);
  const OrderRate forty{40, std::chrono::seconds{1}};
  CHECK(spot->read_order_rate({{"x-bapi-limit", "40"}, {"x-bapi-limit-status", "39"}}) == forty);
  CHECK_FALSE(spot->read_order_rate({{"X-Bapi-Limit-Status", "39"}}));
  for (const auto* nonsense : {"", "0", "-5", "many", "1.5", "10001", "99999999999999999999"})
    CHECK_FALSE(spot->read_order_rate({{"X-Bapi-Limit", nonsense}}));
  const std::string reply
      = R"({"reqId":"1","retCode":0,"retMsg":"OK","op":"order.create","data":{"orderId":"a","orderLinkId":"b"},"retExtInfo":{},"header":{"X-Bapi-Limit":"40","X-Bapi-Limit-Status":"39"},"connId":"c"})";
  std::string padded = reply;
  padded.reserve(reply.size() + simdjson::SIMDJSON_PADDING);
  CHECK(spot->parse_socket_place(padded).rate == forty);
  // A refusal for the rate itself tells it, too.
  const std::string refused
      = R"({"reqId":"1","retCode":10006,"retMsg":"Too many visits!","op":"order.create","data":{},"header":{"X-Bapi-Limit":"40","X-Bapi-Limit-Status":"0"}})";
  CHECK(spot->parse_socket_place(refused).rate == forty);
  CHECK_FALSE(spot->parse_socket_place(R"({"retCode":0,"data":{"orderId":"a"}})").rate);
  CHECK_FALSE(spot->parse_socket_place("{").rate);
}
