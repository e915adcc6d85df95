// The traders' REST answers to the letter of their interface: envelope, codes and statuses, prices,
// batches, markets.
#include "adapters/traders/replies.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::traders;
using core::Errc;
using core::Error;

namespace {

core::InstrumentKey btc() {
  return {core::VenueId{"bybit"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
}

core::market::DepthView some_view() {
  core::market::DepthView view;
  view.scale = {1, 3};
  view.bid_count = 2;
  view.bids_store[0] = {core::Price{680'001}, core::Quantity{500}};
  view.bids_store[1] = {core::Price{680'000}, core::Quantity{1}};
  view.ask_count = 1;
  view.asks_store[0] = {core::Price{680'005}, core::Quantity{12'000}};
  return view;
}

std::string refused_item(const std::string& body) {
  const auto items = parse_batch(body);
  if (items)
    return "accepted";
  CHECK(items.error().code == Errc::validation_error);
  return items.error().source;
}

std::string items_of(std::size_t count) {
  std::string body{R"({"items":[)"};
  for (std::size_t n = 0; n < count; ++n)
    body += std::string{n == 0 ? "" : ","} + R"({"exchange":"a","symbol":"B"})";
  return body + "]}";
}

} // namespace

TEST_CASE("a success carries its data, or none") {
  CHECK(success(R"({"id":"a"})", "mock") == R"({"success":true,"mode":"mock","data":{"id":"a"}})");
  CHECK(success("[]", "live") == R"({"success":true,"mode":"live","data":[]})");
  CHECK(success({}, "mock") == R"({"success":true,"mode":"mock"})");
}

TEST_CASE("a failure carries code and message, and the field where there is one") {
  CHECK(failure({Errc::validation_error, "must be above 0", "qty"}, "mock")
        == R"({"success":false,"mode":"mock","error":{"code":"VALIDATION_ERROR",)"
           R"("message":"must be above 0","details":{"field":"qty"}}})");
  CHECK(
      failure({Errc::not_found, "no pair 'x'", ""}, "mock")
      == R"({"success":false,"mode":"mock","error":{"code":"NOT_FOUND","message":"no pair 'x'"}})");
  CHECK(failure({Errc::upstream_error, "busy", "binance.spot"}, "mock")
        == R"({"success":false,"mode":"mock","error":{"code":"UPSTREAM_ERROR","message":"busy",)"
           R"("details":{"source":"binance.spot"}}})");
  SUBCASE("and whatever was quoted in it stays JSON") {
    const auto text = failure({Errc::not_found, "no exchange '\"\xff\n'", "exchange"}, "mock");
    REQUIRE(parse_json(text).has_value());
    CHECK(*parse_json(text)->find("error")->find("message")->string()
          == "no exchange '\"\xEF\xBF\xBD\n'");
  }
}

TEST_CASE("every code has the name and the status of the interface's table") {
  struct Row {
    Errc code;
    std::string_view name;
    int status;
  };

  for (const auto& row : std::vector<Row>{{Errc::validation_error, "VALIDATION_ERROR", 400},
                                          {Errc::unauthenticated, "UNAUTHENTICATED", 401},
                                          {Errc::forbidden, "FORBIDDEN", 403},
                                          {Errc::not_found, "NOT_FOUND", 404},
                                          {Errc::conflict, "CONFLICT", 409},
                                          {Errc::risk_rejected, "RISK_REJECTED", 422},
                                          {Errc::insufficient_funds, "INSUFFICIENT_FUNDS", 422},
                                          {Errc::rate_limited, "RATE_LIMITED", 429},
                                          {Errc::upstream_error, "UPSTREAM_ERROR", 502},
                                          {Errc::exchange_unavailable, "EXCHANGE_UNAVAILABLE", 503},
                                          {Errc::internal, "INTERNAL", 500},
                                          // internal ones show their public face
                                          {Errc::malformed, "UPSTREAM_ERROR", 502},
                                          {Errc::timed_out, "EXCHANGE_UNAVAILABLE", 503},
                                          {Errc::connection_lost, "EXCHANGE_UNAVAILABLE", 503},
                                          {Errc::configuration, "INTERNAL", 500}}) {
    const auto json = parse_json(failure({row.code, "text", ""}, "mock"));
    REQUIRE(json.has_value());
    CHECK(*json->find("error")->find("code")->string() == row.name);
    CHECK(core::http_status(row.code) == row.status);
  }
}

TEST_CASE("a price has the documented names, strings in its levels and the best first") {
  JsonWriter out;
  write_price(out, btc(), some_view(), 20, 1'700'000'000'123);
  CHECK(out.text()
        == R"({"exchange":"bybit","symbol":"BTCUSDT","type":"spot",)"
           R"("bids":[["68000.1","0.5"],["68000","0.001"]],"asks":[["68000.5","12"]],)"
           R"("ts":1700000000123})");
  SUBCASE("and no more levels than asked for") {
    JsonWriter one;
    write_price(one, btc(), some_view(), 1, 5);
    CHECK(one.text()
          == R"({"exchange":"bybit","symbol":"BTCUSDT","type":"spot","bids":[["68000.1","0.5"]],)"
             R"("asks":[["68000.5","12"]],"ts":5})");
  }
  SUBCASE("an empty side is an empty list") {
    JsonWriter none;
    write_price(none, btc(), {}, 20, 5);
    CHECK(none.text()
          == R"({"exchange":"bybit","symbol":"BTCUSDT","type":"spot","bids":[],"asks":[],"ts":5})");
  }
}

TEST_CASE("a failed item of a batch stands in its place with its error") {
  JsonWriter out;
  write_failed_price(out, "bybit", "NO\"PE", {Errc::not_found, "not listed", "symbol"});
  CHECK(out.text()
        == R"({"exchange":"bybit","symbol":"NO\"PE","error":{"code":"NOT_FOUND",)"
           R"("message":"not listed","details":{"field":"symbol"}}})");
}

TEST_CASE("a batch is read in the order asked") {
  const auto items = parse_batch(
      R"({"items":[{"exchange":"bybit","symbol":"BTCUSDT"},
                   {"exchange":"binance","symbol":"ETHUSDT","type":"linear"}]})");
  REQUIRE(items.has_value());
  REQUIRE(items->size() == 2);
  CHECK(items->front().exchange == "bybit");
  CHECK(items->front().symbol == "BTCUSDT");
  CHECK(items->front().type.empty());
  CHECK(items->back().type == "linear");
}

TEST_CASE("a wrong batch is refused with the field named") {
  for (const auto* body :
       {"{}", "[]", R"({"items":null})", R"({"items":{}})", R"({"items":"a"})", R"({"items":[]})"})
    CHECK_MESSAGE(refused_item(body) == "items", std::string{body});
  for (const auto* body : {R"({"items":[1]})", R"({"items":[{}]})", R"({"items":[null]})",
                           R"({"items":[{"exchange":1,"symbol":"A"}]})",
                           R"({"items":[{"exchange":"","symbol":"A"}]})"})
    CHECK_MESSAGE(refused_item(body) == "items[0].exchange", std::string{body});
  CHECK(refused_item(R"({"items":[{"exchange":"a","symbol":"B"},{"exchange":"a"}]})")
        == "items[1].symbol");
  CHECK(refused_item(R"({"items":[{"exchange":"a","symbol":""}]})") == "items[0].symbol");
  CHECK(refused_item(R"({"items":[{"exchange":"a","symbol":")" + std::string(65, 'B') + "\"}]}")
        == "items[0].symbol");
  CHECK(refused_item(R"({"items":[{"symbol":"a","exchange":")" + std::string(65, 'B') + "\"}]}")
        == "items[0].exchange");
  for (const auto* type : {"\"swap\"", "1", "null", "\"\"", "\"SPOT\""})
    CHECK(refused_item(R"({"items":[{"exchange":"a","symbol":"B","type":)" + std::string{type}
                       + "}]}")
          == "items[0].type");
  CHECK(refused_item("{") == "");
  CHECK(refused_item(items_of(100)) == "accepted");
  CHECK(refused_item(items_of(101)) == "items");
}

TEST_CASE("a market is written with its rules, and with what was seen of it") {
  core::Instrument instrument;
  instrument.key = btc();
  instrument.base = "BTC";
  instrument.quote = "USDT";
  instrument.status = core::InstrumentStatus::trading;
  instrument.scale = {2, 5};
  instrument.tick = core::Price{10};
  instrument.lot = core::Quantity{100};
  instrument.quantity_min = core::Quantity{1};
  JsonWriter bare;
  write_market(bare, instrument, nullptr);
  CHECK(bare.text()
        == R"({"exchange":"bybit","symbol":"BTCUSDT","type":"spot","base":"BTC","quote":"USDT",)"
           R"("status":"trading","tick":"0.1","lot":"0.001","minQty":"0.00001"})");
  instrument.quantity_max = core::Quantity{900'000};
  instrument.notional_min = core::Decimal{5, 0};
  core::market::Board board;
  const auto entry = board.entry(btc());
  entry->change_extras([](core::market::BoardEntry::Extras& extras) {
    extras.trade = core::market::Trade{"t1", core::Decimal{1, 0}, core::Decimal{2, 0},
                                       core::market::TakerSide::sell, 7};
    extras.ticker = core::market::Ticker{};
    extras.ticker->last = core::Decimal{15, 1};
    extras.kline = core::market::Kline{};
    extras.kline->interval = "1m";
  });
  JsonWriter out;
  write_market(out, instrument, entry.get());
  const auto json = parse_json(out.text());
  REQUIRE(json.has_value());
  CHECK(*json->find("maxQty")->string() == "9");
  CHECK(*json->find("minNotional")->string() == "5");
  CHECK(*json->find("book")->string() == "down");
  CHECK(*json->find("trade")->find("side")->string() == "sell");
  CHECK(json->find("trade")->find("price")->number()->text == "1");
  CHECK(json->find("ticker")->find("last")->number()->text == "1.5");
  CHECK(json->find("ticker")->find("fundingRate") == nullptr);
  CHECK(*json->find("kline")->find("interval")->string() == "1m");
  CHECK(!*json->find("kline")->find("closed")->boolean());
}
