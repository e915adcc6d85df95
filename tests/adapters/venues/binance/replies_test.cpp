/// What Binance's answers prove: each outcome of an order by hand, every row of the error table,
/// and every published sample.
#include "tests/adapters/venues/binance/trading_fixture.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <set>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Decimal;
using core::Errc;
using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;
using core::orders::VenueStatus;
using Outcome = PlaceReply::Outcome;
using tests::binance_trading;

constexpr auto spot = core::MarketType::spot;
constexpr auto linear = core::MarketType::linear;

std::string body(long long code, std::string_view message) {
  return fmt::format(R"({{"code":{},"msg":"{}"}})", code, message);
}

core::Money money(std::string_view text) {
  return core::parse_money(text).value();
}

constexpr auto full
    = R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"6gCr",)"
      R"("transactTime":1507725176595,"price":"0.00000000","origQty":"10.00000000",)"
      R"("executedQty":"10.00000000","cummulativeQuoteQty":"10.00000000",)"
      R"("status":"FILLED","timeInForce":"GTC","type":"MARKET","side":"SELL",)"
      R"("fills":[{"price":"4000.00000000","qty":"1.00000000","commission":)"
      R"("4.00000000","commissionAsset":"USDT","tradeId":56},{"price":)"
      R"("3999.00000000","qty":"9.00000000","commission":"-1.5","commissionAsset":)"
      R"("BNB","tradeId":57}]})";

constexpr auto ack = R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"6gCr",)"
                     R"("transactTime":1507725176595})";

/// Of the published samples of one document, the answers of one section.
std::vector<std::string> spot_samples(std::string_view document, std::string_view section) {
  std::vector<std::string> texts;
  const auto path = tests::shared_file("venues/binance/doc-samples-spot.json");
  if (!path)
    return texts;
  simdjson::dom::parser parser;
  for (const auto entry : parser.load(path->string())[document].get_array())
    if (entry["section"].get_string().value() == section)
      texts.push_back(simdjson::minify(entry["sample"].value()));
  return texts;
}

std::string linear_sample(std::string_view file, std::string_view name) {
  const auto path = tests::shared_file("venues/binance/doc-samples-usdm.json");
  if (!path)
    return {};
  simdjson::dom::parser parser;
  return simdjson::minify(parser.load(path->string())[file][name].value());
}

} // namespace

TEST_CASE("a FULL answer is accepted with its fills, as a taker") {
  const auto reply = binance_trading(spot)->parse_place(200, full);
  REQUIRE(reply.outcome == Outcome::accepted);
  REQUIRE(reply.order);
  CHECK(core::to_string(reply.order->instrument) == "binance.spot.BTCUSDT");
  CHECK(reply.order->venue_order_id == "28");
  CHECK(reply.order->client_id == "6gCr");
  CHECK(reply.order->side == Side::sell);
  CHECK(reply.order->type == OrderType::market);
  CHECK(reply.order->status == VenueStatus::filled);
  CHECK(reply.order->quantity == Decimal{10, 0});
  CHECK(reply.order->cumulative == Decimal{10, 0});
  CHECK(reply.order->venue_time == 1507725176595);
  REQUIRE(reply.fills.size() == 2);
  CHECK(reply.fills[0].trade_id == "56");
  CHECK(reply.fills[0].price == Decimal{4000, 0});
  CHECK(reply.fills[0].quantity == Decimal{1, 0});
  CHECK(reply.fills[0].fee == money("4"));
  CHECK(reply.fills[0].fee_asset == "USDT");
  CHECK_FALSE(reply.fills[0].maker);
  CHECK(reply.fills[0].side == Side::sell);
  CHECK(reply.fills[0].client_id == "6gCr");
  CHECK(reply.fills[0].venue_order_id == "28");
  CHECK(reply.fills[1].fee == money("-1.5"));
}

TEST_CASE("an ACK says that the venue has the order and no more") {
  const auto reply = binance_trading(spot)->parse_place(200, ack);
  REQUIRE(reply.outcome == Outcome::accepted);
  REQUIRE(reply.order);
  CHECK(reply.order->venue_order_id == "28");
  CHECK(reply.order->status == VenueStatus::open);
  CHECK_FALSE(reply.order->cumulative);
  CHECK(reply.fills.empty());
}

TEST_CASE("an IOC order that expired in part is accepted, expired and says how much filled") {
  const auto reply = binance_trading(linear)->parse_place(
      200,
      R"({"clientOrderId":"a","cumQty":"3","executedQty":"3","orderId":22542179,"origQty":"10","price":"7","reduceOnly":false,"side":"BUY","positionSide":"BOTH","status":"EXPIRED","symbol":"BTCUSDT","timeInForce":"IOC","type":"LIMIT","updateTime":1566818724722})");
  REQUIRE(reply.outcome == Outcome::accepted);
  CHECK(reply.order->status == VenueStatus::expired);
  CHECK(reply.order->cumulative == Decimal{3, 0});
  CHECK(reply.order->tif == TimeInForce::ioc);
  CHECK(reply.order->venue_time == 1566818724722);
}

TEST_CASE("words for kinds, states and times in force") {
  const auto trading = binance_trading(spot);
  const auto order = [&](std::string_view type, std::string_view tif, std::string_view status) {
    return trading->parse_query(
        200,
        fmt::format(
            R"({{"symbol":"A","orderId":1,"clientOrderId":"c","price":"1","origQty":"1","executedQty":"0","status":"{}","timeInForce":"{}","type":"{}","side":"BUY"}})",
            status, tif, type));
  };
  for (const auto& [word, status] :
       std::vector<std::pair<std::string, VenueStatus>>{{"NEW", VenueStatus::open},
                                                        {"PENDING_NEW", VenueStatus::open},
                                                        {"PARTIALLY_FILLED", VenueStatus::open},
                                                        {"PENDING_CANCEL", VenueStatus::open},
                                                        {"FILLED", VenueStatus::filled},
                                                        {"CANCELED", VenueStatus::cancelled},
                                                        {"REJECTED", VenueStatus::rejected},
                                                        {"EXPIRED", VenueStatus::expired},
                                                        {"EXPIRED_IN_MATCH", VenueStatus::expired}})
    CHECK((**order("LIMIT", "GTC", word)).status == status);
  CHECK((**order("LIMIT", "GTC", "EXPIRED_IN_MATCH")).reason == "EXPIRED_IN_MATCH");
  CHECK(order("LIMIT", "GTC", "SOMETHING_NEW").error().code == Errc::malformed);
  CHECK((**order("LIMIT_MAKER", "GTC", "NEW")).tif == TimeInForce::post_only);
  CHECK((**order("LIMIT", "GTX", "NEW")).tif == TimeInForce::post_only);
  CHECK((**order("LIMIT", "FOK", "NEW")).tif == TimeInForce::fok);
  CHECK((**order("LIMIT", "GTD", "NEW")).tif == TimeInForce::gtc);
  CHECK((**order("TRAILING_STOP_MARKET", "GTC", "NEW")).type == OrderType::market);
  CHECK((**order("STOP_LOSS_LIMIT", "GTC", "NEW")).type == OrderType::limit);
}

TEST_CASE("a success that nobody can read proves nothing") {
  for (const auto type : {spot, linear}) {
    const auto trading = binance_trading(type);
    for (
        const std::string text :
        {"", "{}", "[]", "null", "<html>", R"({"code":-2010,"msg":"x"})",
         R"({"symbol":"BTCUSDT","orderId":"28","clientOrderId":"a"})",
         R"({"symbol":"BTCUSDT","orderId":-1,"clientOrderId":"a"})",
         R"({"symbol":"BTCUSDT","orderId":28.5,"clientOrderId":"a"})",
         R"({"symbol":"BTCUSDT","orderId":28})",
         R"({"symbol":"btc","orderId":28,"clientOrderId":"a"})",
         R"({"symbol":"A","symbol":"B","orderId":28,"clientOrderId":"a"})",
         R"({"symbol":"A","orderId":28,"clientOrderId":"a","status":"NEW"})",
         R"({"symbol":"A","orderId":28,"clientOrderId":"a","fills":{}})",
         R"({"symbol":"A","orderId":28,"clientOrderId":"a","fills":[{}]})",
         R"({"symbol":"A","orderId":28,"clientOrderId":"a","fills":[{"price":"1","qty":"0","commission":"0","commissionAsset":"B","tradeId":1}]})",
         R"({"symbol":"A","orderId":28,"clientOrderId":"a","fills":[{"price":"-1","qty":"1","commission":"0","commissionAsset":"B","tradeId":1}]})",
         R"({"symbol":"A","orderId":28,"clientOrderId":"a","fills":[{"price":1.5,"qty":"1","commission":"0","commissionAsset":"B","tradeId":1}]})"}) {
      CAPTURE(text);
      const auto placed = trading->parse_place(200, text);
      CHECK(placed.outcome == Outcome::unknown);
      CHECK(placed.error.code == Errc::malformed);
      CHECK_FALSE(placed.order);
      CHECK(placed.fills.empty());
      CHECK(trading->parse_socket_place(R"({"id":"1","status":200,"result":)" + text + "}").outcome
            == Outcome::unknown);
      CHECK(trading->parse_query(200, text).error().code == Errc::malformed);
    }
  }
}

TEST_CASE("only a 4xx is evidence, and only when it is understood") {
  struct Case {
    core::MarketType type;
    int status;
    std::string text;
    Outcome outcome;
    Errc code;
  };

  const auto funds = body(-2010, "Account has insufficient balance for requested action.");
  for (const auto& [type, status, text, outcome, code] : std::vector<Case>{
           {spot, 400, funds, Outcome::refused, Errc::insufficient_funds},
           {spot, 400, body(-1013, "Filter failure: LOT_SIZE"), Outcome::refused,
            Errc::validation_error},
           {spot, 400, body(-1021, "Timestamp for this request is outside of the recvWindow."),
            Outcome::refused, Errc::validation_error},
           {spot, 400, body(-2010, "Order would immediately match and take."), Outcome::refused,
            Errc::risk_rejected},
           {linear, 400, body(-5022, "Post Only order will be rejected."), Outcome::refused,
            Errc::risk_rejected},
           {linear, 400, body(-2019, "Margin is insufficient."), Outcome::refused,
            Errc::insufficient_funds},
           {spot, 401, body(-2015, "Invalid API-key, IP, or permissions for action."),
            Outcome::refused, Errc::risk_rejected},
           {spot, 400, body(-2010, "Duplicate order sent."), Outcome::duplicate, Errc::conflict},
           {linear, 400, body(-4116, "ClientOrderId is duplicated."), Outcome::duplicate,
            Errc::conflict},
           {spot, 429, body(-1015, "Too many new orders."), Outcome::refused, Errc::rate_limited},
           {spot, 418, body(-1003, "Way too many requests."), Outcome::refused, Errc::rate_limited},
           {spot, 429, "", Outcome::refused, Errc::rate_limited},
           {spot, 403, "<html>", Outcome::refused, Errc::exchange_unavailable},
           {spot, 400, body(-1006, "An unexpected response was received."), Outcome::unknown,
            Errc::upstream_error},
           {spot, 400, body(-1007, "Timeout waiting for response."), Outcome::unknown,
            Errc::upstream_error},
           {spot, 400, body(-1000, "An unknown error occurred."), Outcome::unknown,
            Errc::upstream_error},
           {linear, 400, body(-1001, "Internal error."), Outcome::unknown, Errc::upstream_error},
           {spot, 500, "", Outcome::unknown, Errc::upstream_error},
           {spot, 503, body(-1008, "Server is currently overloaded."), Outcome::unknown,
            Errc::exchange_unavailable},
           {linear, 503, body(-2019, "Margin is insufficient."), Outcome::unknown,
            Errc::insufficient_funds},
           {spot, 504, "<html>", Outcome::unknown, Errc::upstream_error},
           {spot, 408, body(-9999, "what is this"), Outcome::unknown, Errc::validation_error},
           {spot, 408, "", Outcome::unknown, Errc::validation_error},
           {spot, 409, "", Outcome::unknown, Errc::upstream_error},
           {spot, 400, body(-9999, "what is this"), Outcome::unknown, Errc::validation_error},
           {spot, 302, "", Outcome::unknown, Errc::upstream_error},
           {spot, 0, "", Outcome::unknown, Errc::upstream_error}}) {
    CAPTURE(status);
    CAPTURE(text);
    const auto trading = binance_trading(type);
    const auto reply = trading->parse_place(status, text);
    CHECK(reply.outcome == outcome);
    CHECK(reply.error.code == code);
    CHECK_FALSE(reply.order);
    const auto failure = trading->classify(status, text);
    CHECK(failure.error.code == code);
    CHECK(failure.unknown_outcome == (outcome != Outcome::refused));
    if (status < 100 || text.starts_with("<"))
      continue;
    const auto error = text.empty() ? "" : R"(,"error":)" + text;
    const auto socket = trading->parse_socket_place(R"({"id":"1","status":)"
                                                    + std::to_string(status) + error + "}");
    CHECK(socket.outcome == outcome);
    CHECK(socket.error.code == code);
  }
}

TEST_CASE("every row of the fact sheet's error table means what it says there") {
  struct Row {
    core::MarketType type;
    std::vector<long long> codes;
    Errc meaning;
  };

  // Codes whose text alone has the meaning are in the case above.
  for (const auto& [type, codes, meaning] : std::vector<Row>{
           {spot,
            {-1013, -1014, -1020, -1022, -1100, -1101, -1102, -1103, -1104, -1105,
             -1106, -1108, -1111, -1114, -1115, -1116, -1117, -1118, -1119, -1120,
             -1121, -1127, -1128, -1130, -1145, -1151, -1220, -2014, -1021},
            Errc::validation_error},
           {linear,
            {-1023, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4023, -4029, -4060,
             -4061, -4062, -4104, -4120, -4164, -5040, -1021},
            Errc::validation_error},
           {spot, {-2013, -2026, -1125}, Errc::not_found},
           {linear, {-2013, -2026, -2039, -1125}, Errc::not_found},
           {spot, {-1003, -1015, -1034}, Errc::rate_limited},
           {linear, {-1003, -1008, -1015, -1034, -2025, -4045}, Errc::rate_limited},
           {spot, {-1000, -1001, -1006, -1007}, Errc::upstream_error},
           {linear, {-1000, -1001, -1006, -1007}, Errc::upstream_error},
           {linear, {-2018, -2019, -2024, -4050, -4051, -2027, -2028}, Errc::insufficient_funds},
           {spot, {-1002, -2015, -2020, -2021, -2022, -2023}, Errc::risk_rejected},
           {linear,
            {-1002, -2015, -4087, -4088, -4192, -4400, -4401, -4402, -2020, -2021, -2022, -2023,
             -5022, -5021, -4016, -4024, -4131},
            Errc::risk_rejected},
           {spot, {-1008, -1016}, Errc::exchange_unavailable},
           {linear, {-1016}, Errc::exchange_unavailable}})
    for (const auto code : codes) {
      CAPTURE(code);
      const auto failure = binance_trading(type)->classify(400, body(code, "text"));
      CHECK(failure.error.code == meaning);
      CHECK(failure.unknown_outcome == (meaning == Errc::upstream_error));
      CHECK(failure.error.detail == fmt::format("HTTP 400: {} text", code));
      CHECK(failure.error.source.starts_with("binance."));
    }
}

TEST_CASE("a cancel shows the order's end, comes too late, or is unknown") {
  const auto s = binance_trading(spot);
  const auto done = s->parse_cancel(
      200,
      R"({"symbol":"LTCBTC","origClientOrderId":"myOrder1","orderId":4,"clientOrderId":"cancelMyOrder1","transactTime":1684804350068,"price":"2.0","origQty":"1.0","executedQty":"0.25","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"})");
  CHECK(done.accepted);
  REQUIRE(done.order);
  CHECK(done.order->client_id == "myOrder1"); // not the cancel's own id
  CHECK(done.order->status == VenueStatus::cancelled);
  CHECK(done.order->cumulative == Decimal{25, 2});
  for (const auto type : {spot, linear}) {
    const auto late = binance_trading(type)->parse_cancel(400, body(-2011, "Unknown order sent."));
    CHECK_FALSE(late.accepted);
    CHECK(late.already_final);
    CHECK_FALSE(late.unknown);
  }
  const auto kept
      = s->parse_cancel(400, body(-2011, "Order was not canceled due to cancel restrictions."));
  CHECK_FALSE(kept.already_final);
  CHECK_FALSE(kept.unknown);
  CHECK(kept.error.code == Errc::risk_rejected);
  CHECK(s->parse_cancel(502, "").unknown);
  CHECK_FALSE(s->parse_cancel(502, body(-2011, "Unknown order sent.")).already_final);
  CHECK(s->parse_cancel(200, "{}").unknown);
  CHECK_FALSE(s->parse_cancel(404, "<html>").already_final); // no page is not no order
  CHECK_FALSE(s->parse_cancel(429, "").unknown);
  CHECK(s->parse_socket_cancel(R"({"id":"1","status":400,"error":)"
                               + body(-2011, "Unknown order sent.") + "}")
            .already_final);
  CHECK(s->parse_socket_cancel("{").unknown);
  CHECK(s->parse_socket_cancel(R"({"id":"1","status":200,"result":{}})").unknown);
  // All of a symbol.
  CHECK(s->parse_cancel(200, "[]").accepted);
  CHECK(binance_trading(linear)
            ->parse_cancel(200, body(200, "The operation of cancel all open order is done."))
            .accepted);
}

TEST_CASE("not found is an answer, but only the venue's own") {
  for (const auto type : {spot, linear}) {
    const auto trading = binance_trading(type);
    const auto none = trading->parse_query(400, body(-2013, "Order does not exist."));
    REQUIRE(none);
    CHECK_FALSE(*none);
    CHECK_FALSE(trading->parse_query(404, "<html>"));
    CHECK_FALSE(trading->parse_query(503, body(-2013, "Order does not exist.")));
    CHECK_FALSE(trading->parse_query(401, body(-2015, "Invalid API-key.")));
    CHECK_FALSE(trading->parse_query(200, ack)); // no state, no answer
  }
}

TEST_CASE("lists are taken whole or not at all") {
  const auto trading = binance_trading(spot);
  const std::string order
      = R"({"symbol":"A","orderId":1,"clientOrderId":"c","price":"1","origQty":"1","executedQty":"0","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","time":5,"updateTime":6})";
  CHECK(trading->parse_open_orders(200, "[]")->orders.empty());
  CHECK(trading->parse_open_orders(200, "[" + order + "," + order + "]")->orders.size() == 2);
  CHECK(trading->parse_open_orders(200, "[" + order + "]")->orders[0].venue_time == 6);
  for (const auto& text : {std::string{}, std::string{"{}"}, "[" + order + ",{}]",
                           "[" + order + "," + ack + "]", "[" + order}) {
    CAPTURE(text);
    CHECK(trading->parse_open_orders(200, text).error().code == Errc::malformed);
    CHECK(trading->parse_fills(200, text).error().code == Errc::malformed);
  }
  CHECK(trading->parse_open_orders(503, "").error().code == Errc::upstream_error);
  CHECK(trading->parse_fills(429, "").error().code == Errc::rate_limited);
  CHECK(trading->parse_balances(200, R"({"balances":[{"asset":"A"}]})").error().code
        == Errc::malformed);
  CHECK(trading->parse_balances(200, "[]").error().code == Errc::malformed);
  CHECK(binance_trading(linear)->parse_balances(200, "{}").error().code == Errc::malformed);
  CHECK(binance_trading(linear)->parse_positions(200, "[{}]").error().code == Errc::malformed);
}

TEST_CASE("a full page of fills has another behind it") {
  const auto trading = binance_trading(spot);
  const auto rows = [](int count) {
    std::string text = "[";
    for (int n = 0; n < count; ++n)
      text += fmt::format(
          R"({}{{"symbol":"A","id":{},"orderId":7,"price":"1","qty":"2","commission":"0.1","commissionAsset":"B","time":9,"isBuyer":true,"isMaker":true}})",
          n == 0 ? "" : ",", 5'000 - n);
    return text + "]";
  };
  const auto last = trading->parse_fills(200, rows(999));
  REQUIRE(last);
  CHECK(last->next_cursor.empty());
  const auto page = trading->parse_fills(200, rows(1'000));
  REQUIRE(page);
  CHECK(page->next_cursor == "5001");
  CHECK(page->fills[0].maker);
  CHECK(page->fills[0].side == Side::buy);
  CHECK(page->fills[0].venue_order_id == "7");
  CHECK(page->fills[0].client_id.empty());
}

TEST_CASE("what of a USD-M wallet is bound is what is not available") {
  const auto balances = binance_trading(linear)->parse_balances(
      200,
      R"([{"asset":"USDT","balance":"100.5","availableBalance":"40.25"},{"asset":"BNB","balance":"1","availableBalance":"1.5"}])");
  REQUIRE(balances);
  CHECK((*balances)[0].free == money("40.25"));
  CHECK((*balances)[0].locked == money("60.25"));
  CHECK((*balances)[1].locked == core::Money{}); // profit not yet realised
}

TEST_CASE("hedge mode is refused with its reason") {
  const auto trading = binance_trading(linear);
  const auto row = [](std::string_view side, std::string_view amount) {
    return fmt::format(
        R"([{{"symbol":"A","positionSide":"{}","positionAmt":"{}","entryPrice":"1","unRealizedProfit":"-0.5"}}])",
        side, amount);
  };
  const auto one_way = trading->parse_positions(200, row("BOTH", "-3"));
  REQUIRE(one_way);
  CHECK(one_way->positions.front().quantity == money("-3"));
  CHECK(one_way->positions.front().unrealised == money("-0.5"));
  CHECK(trading->parse_positions(200, row("LONG", "0"))->positions.empty());
  CHECK(trading->parse_positions(200, row("SHORT", "-3")).error().code == Errc::configuration);
  CHECK(trading->parse_key_rights(200, R"({"canTrade":true,"dualSidePosition":true})").error().code
        == Errc::configuration);
}

TEST_CASE("fees count the worse side and every kind, never in our favour") {
  const auto trading = binance_trading(spot);
  const auto fees = trading->parse_fees(
      200,
      R"({"symbol":"BTCUSDT","standardCommission":{"maker":"0.001","taker":"0.002","buyer":"0.0001","seller":"0.0003"},"taxCommission":{"maker":"0.00001","taker":"0.00002","buyer":"0","seller":"0"},"discount":{"discount":"0.75"}})");
  REQUIRE(fees);
  CHECK(fees->maker.e8 == 131'000);
  CHECK(fees->taker.e8 == 232'000);
  CHECK(trading->parse_fees(200, "{}").error().code == Errc::malformed);
  CHECK(trading->parse_fees(200, R"({"standardCommission":{"maker":"0.001"}})").error().code
        == Errc::malformed);
  CHECK(
      trading
          ->parse_fees(
              200,
              R"({"standardCommission":{"maker":"0.09","taker":"0.09"},"specialCommission":{"maker":"0.09","taker":"0.09"}})")
          .error()
          .code
      == Errc::out_of_range);
  CHECK(binance_trading(linear)->parse_fees(200, R"({"makerCommissionRate":"0.0002"})").error().code
        == Errc::malformed);
}

TEST_CASE("a key's rights are what the venue says, and unknown where it says nothing") {
  const auto trading = binance_trading(spot);
  const auto rights = trading->parse_key_rights(
      200,
      R"({"ipRestrict":false,"enableReading":true,"enableWithdrawals":false,"enableSpotAndMarginTrading":true})");
  REQUIRE(rights);
  CHECK(rights->trade == true);
  CHECK(rights->withdraw == false);
  const auto absent = trading->parse_key_rights(404, "<html>");
  REQUIRE(absent);
  CHECK_FALSE(absent->trade);
  CHECK_FALSE(absent->withdraw);
  CHECK(trading->parse_key_rights(401, body(-2015, "Invalid API-key.")).error().code
        == Errc::risk_rejected);
}

TEST_CASE("a stream key is handed on and never shown") {
  const auto trading = binance_trading(linear);
  CHECK(trading->parse_stream_key(200, R"({"listenKey":"abc"})") == "abc");
  CHECK(trading->parse_stream_key(200, "{}") == ""); // kept alive
  CHECK(trading->parse_stream_key(400, body(-1125, "This listenKey does not exist.")).error().code
        == Errc::not_found);
  for (const auto* text :
       {R"({"listenKey":""})", R"({"listenKey":5,"x":"sEcReT"})", R"({"listenKey":"sEcReT")"}) {
    const auto key = trading->parse_stream_key(200, text);
    REQUIRE_FALSE(key);
    CHECK(core::describe(key.error()).find("sEcReT") == std::string::npos);
  }
}

TEST_CASE("every published spot answer is understood") {
  const auto trading = binance_trading(spot);
  for (const auto& sample : spot_samples("rest-api.md", "New order (TRADE)")) {
    CAPTURE(sample);
    // Order lists and conditional orders share the section; all of them are orders of a symbol.
    if (sample.find("orderReports") == std::string::npos)
      CHECK(trading->parse_place(200, sample).outcome == Outcome::accepted);
  }
  for (const auto& sample : spot_samples("rest-api.md", "Cancel order (TRADE)")) {
    CAPTURE(sample);
    const bool error = sample.find("\"code\"") != std::string::npos;
    const auto reply = trading->parse_cancel(error ? 400 : 200, sample);
    if (sample.find("orderReports") == std::string::npos)
      CHECK(reply.accepted == !error);
    CHECK(reply.unknown == (sample.find("orderReports") != std::string::npos));
  }
  for (const auto& sample :
       spot_samples("rest-api.md", "Cancel All Open Orders on a Symbol (TRADE)"))
    CHECK(trading->parse_cancel(200, sample).accepted);
  for (const auto& sample : spot_samples("rest-api.md", "Query order (USER_DATA)"))
    CHECK(trading->parse_query(200, sample).value().value().client_id == "myOrder1");
  for (const auto& sample : spot_samples("rest-api.md", "Current open orders (USER_DATA)"))
    CHECK(trading->parse_open_orders(200, sample)->orders.size() == 1);
  for (const auto& sample : spot_samples("rest-api.md", "Account trade list (USER_DATA)"))
    CHECK(trading->parse_fills(200, sample)->fills.front().fee == money("10.1"));
  for (const auto& sample : spot_samples("rest-api.md", "Account information (USER_DATA)"))
    CHECK(trading->parse_balances(200, sample)->size() == 2);
  for (const auto& sample : spot_samples("rest-api.md", "Query Commission Rates (USER_DATA)"))
    CHECK(trading->parse_fees(200, sample)->maker.e8 == 10 + 40 + 5'000'000 + 112 + 118);
  std::size_t replies = 0;
  for (const auto* section : {"Response format", "Place new order (TRADE)"})
    for (const auto& sample : spot_samples("web-socket-api.md", section)) {
      if (sample.find("\"method\"") != std::string::npos)
        continue;
      CAPTURE(sample);
      const bool error = sample.find("\"error\"") != std::string::npos;
      CHECK(trading->parse_socket_place(sample).outcome
            == (error ? Outcome::refused : Outcome::accepted));
      ++replies;
    }
  MESSAGE("socket replies in the samples: " << replies);
}

TEST_CASE("every published USD-M answer is understood") {
  const auto trading = binance_trading(linear);
  const auto rest
      = [](std::string_view name) { return linear_sample("rest_api/test_trade_api.py", name); };
  if (rest("new_order").empty())
    return;
  const auto placed = trading->parse_place(200, rest("new_order"));
  CHECK(placed.outcome == Outcome::accepted);
  CHECK(placed.order->client_id == "testOrder");
  CHECK(trading->parse_cancel(200, rest("cancel_order")).order->status == VenueStatus::cancelled);
  CHECK(trading->parse_cancel(200, rest("cancel_all_open_orders")).accepted);
  CHECK(trading->parse_query(200, rest("query_order")).value().value().client_id == "abc");
  CHECK(trading->parse_open_orders(200, rest("current_all_open_orders"))->orders.size() == 1);
  const auto fills = trading->parse_fills(200, rest("account_trade_list"));
  REQUIRE(fills);
  CHECK(fills->fills.front().side == Side::sell);
  CHECK(fills->fills.front().fee == money("0.0781901"));
  CHECK(trading->parse_positions(200, rest("position_information_v3"))->positions.front().quantity
        == money("30"));
  const auto account
      = [](std::string_view name) { return linear_sample("rest_api/test_account_api.py", name); };
  CHECK(trading->parse_balances(200, account("futures_account_balance_v3"))->front().free
        == money("23.72469206"));
  CHECK(trading->parse_fees(200, account("user_commission_rate"))->taker.e8 == 40'000);
  // That account is in hedge mode.
  CHECK(trading->parse_key_rights(200, account("futures_account_configuration")).error().code
        == Errc::configuration);
  const auto socket = [](std::string_view name) {
    return linear_sample("websocket_api/test_trade_api_ws_api.py", name);
  };
  CHECK(trading->parse_socket_place(socket("new_order")).order->venue_order_id == "325078477");
  CHECK(trading->parse_socket_cancel(socket("cancel_order")).accepted);
  const auto streams = "rest_api/test_user_data_streams_api.py";
  CHECK(trading->parse_stream_key(200, linear_sample(streams, "start_user_data_stream"))->size()
        == 64);
}
