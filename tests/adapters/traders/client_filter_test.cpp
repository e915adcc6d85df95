// Which client hears what: everything by default, and only what it asked for after that.
#include "adapters/traders/events.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::adapters::traders;

namespace {

core::InstrumentKey key(const char* venue, const char* symbol,
                        core::MarketType type = core::MarketType::spot) {
  return {core::VenueId{venue}, type, core::Symbol{symbol}};
}

const PairsByLeg pairs_by_leg{
    {key("bybit", "BTCUSDT"), {core::PairId{"btc"}, core::PairId{"other"}}},
    {key("binance", "BTCUSDT"), {core::PairId{"btc"}}},
    {key("bybit", "ETHUSDT"), {core::PairId{"eth"}}},
    {key("binance", "ETHUSDT"), {core::PairId{"eth"}}},
};

/// A client and the questions the broadcast asks about it.
struct Client {
  ClientFilter filter;

  std::string say(const std::string& text) { return filter.apply(text, "mock"); }

  /// The event of the answer: subscribed, error, ...
  std::string answer(const std::string& text) {
    const auto json = parse_json(say(text));
    REQUIRE(json.has_value());
    CHECK(json->find("data")->object() != nullptr);
    return *json->find("event")->string();
  }

  [[nodiscard]] bool price(const char* venue, const char* symbol) const {
    return filter.wants_price(key(venue, symbol), pairs_by_leg);
  }

  [[nodiscard]] bool opportunity(const char* pair, const char* symbol) const {
    const core::strategy::OpportunityEvent event;
    return filter.wants_opportunity(
        {core::PairId{pair}, key("bybit", symbol), key("binance", symbol), event, 0});
  }

  [[nodiscard]] bool alert(const char* pair) const {
    return filter.wants_alert({"info", "X", "", core::PairId{pair}, "", 0});
  }

  [[nodiscard]] bool hears_everything() const {
    return price("bybit", "BTCUSDT") && price("okx", "XRPUSDT") && opportunity("btc", "BTCUSDT")
           && opportunity("xrp", "XRPUSDT") && alert("btc") && alert("");
  }
};

std::string names(const std::string& list, int count, const std::string& prefix) {
  std::string text = "{\"op\":\"subscribe\",\"" + list + "\":[";
  for (int n = 0; n < count; ++n)
    text += (n == 0 ? "\"" : ",\"") + prefix + std::to_string(n) + "\"";
  return text + "]}";
}

} // namespace

TEST_CASE("without a subscription a client hears everything") {
  Client client;
  CHECK(client.hears_everything());
  CHECK(client.answer(R"({"op":"subscribe"})") == "subscribed");
  CHECK(client.hears_everything());
  CHECK(client.answer(R"({"op":"subscribe","pairs":[]})") == "subscribed");
  CHECK(client.hears_everything());
}

TEST_CASE("a subscription by symbol hears that symbol on every exchange and nothing else") {
  Client client;
  CHECK(client.say(R"({"op":"subscribe","symbols":["BTCUSDT"]})")
        == R"({"event":"subscribed","mode":"mock","data":{"pairs":[],"exchanges":[],)"
           R"("symbols":["BTCUSDT"],"events":[],"everything":false}})");
  CHECK(client.price("bybit", "BTCUSDT"));
  CHECK(client.price("okx", "BTCUSDT"));
  CHECK(!client.price("bybit", "ETHUSDT"));
  CHECK(client.opportunity("btc", "BTCUSDT"));
  CHECK(!client.opportunity("eth", "ETHUSDT"));
}

TEST_CASE("a subscription by exchange hears that exchange, and with symbols both must fit") {
  Client client;
  CHECK(client.answer(R"({"op":"subscribe","exchanges":["bybit"]})") == "subscribed");
  CHECK(client.price("bybit", "ETHUSDT"));
  CHECK(!client.price("binance", "ETHUSDT"));
  CHECK(client.opportunity("eth", "ETHUSDT")); // one of its legs is there
  CHECK(client.answer(R"({"op":"subscribe","symbols":["BTCUSDT"]})") == "subscribed");
  CHECK(client.price("bybit", "BTCUSDT"));
  CHECK(!client.price("bybit", "ETHUSDT"));
  CHECK(!client.price("binance", "BTCUSDT"));
}

TEST_CASE("a subscription by pair hears its opportunities, its alerts and the prices of its legs") {
  Client client;
  CHECK(!client.filter.names_pairs());
  CHECK(client.answer(R"({"op":"subscribe","pairs":["btc"]})") == "subscribed");
  CHECK(client.filter.names_pairs());
  CHECK(client.opportunity("btc", "BTCUSDT"));
  CHECK(!client.opportunity("eth", "ETHUSDT"));
  CHECK(!client.opportunity("other", "BTCUSDT"));
  CHECK(client.alert("btc"));
  CHECK(!client.alert("eth"));
  CHECK(client.alert("")); // about the engine as a whole
  CHECK(client.price("bybit", "BTCUSDT"));
  CHECK(client.price("binance", "BTCUSDT"));
  CHECK(!client.price("bybit", "ETHUSDT"));
  CHECK(!client.price("okx", "BTCUSDT"));
  SUBCASE("and no prices of a pair that nobody knows") {
    CHECK(!client.filter.wants_price(key("bybit", "BTCUSDT"), {}));
  }
  SUBCASE("the other market of the same symbol is another instrument") {
    CHECK(!client.filter.wants_price(key("bybit", "BTCUSDT", core::MarketType::linear),
                                     pairs_by_leg));
  }
  SUBCASE("a symbol beside it adds that symbol") {
    CHECK(client.answer(R"({"op":"subscribe","symbols":["ETHUSDT"]})") == "subscribed");
    CHECK(client.price("bybit", "ETHUSDT"));
    CHECK(client.price("bybit", "BTCUSDT"));
    CHECK(!client.price("bybit", "XRPUSDT"));
    CHECK(client.opportunity("btc", "BTCUSDT"));
    CHECK(client.opportunity("eth", "ETHUSDT"));
  }
  SUBCASE("events narrow it further") {
    CHECK(client.answer(R"({"op":"subscribe","events":["opportunity"]})") == "subscribed");
    CHECK(client.opportunity("btc", "BTCUSDT"));
    CHECK(!client.opportunity("eth", "ETHUSDT"));
    CHECK(!client.price("bybit", "BTCUSDT"));
    CHECK(!client.alert("btc"));
  }
}

TEST_CASE("a subscription by event hears that kind about everything") {
  Client client;
  CHECK(client.answer(R"({"op":"subscribe","events":["price_update"]})") == "subscribed");
  CHECK(client.price("okx", "XRPUSDT"));
  CHECK(!client.opportunity("btc", "BTCUSDT"));
  CHECK(!client.alert(""));
  for (const std::string event : {"price_update", "opportunity", "order_submitted", "order_filled",
                                  "order_failed", "twap_progress", "engine_alert"})
    CHECK(client.answer(R"({"op":"subscribe","events":[")" + event + "\"]}") == "subscribed");
  CHECK(client.hears_everything());
}

TEST_CASE("unsubscribing takes names away, and with the last one everything is heard again") {
  Client client;
  CHECK(client.answer(R"({"op":"subscribe","symbols":["BTCUSDT","ETHUSDT"]})") == "subscribed");
  CHECK(client.answer(R"({"op":"unsubscribe","symbols":["BTCUSDT","NEVER"]})") == "unsubscribed");
  CHECK(!client.price("bybit", "BTCUSDT"));
  CHECK(client.price("bybit", "ETHUSDT"));
  CHECK(client.answer(R"({"op":"unsubscribe","symbols":["ETHUSDT"]})") == "unsubscribed");
  CHECK(client.hears_everything());
  SUBCASE("without names all are taken away, and do not come back with the next subscription") {
    CHECK(client.answer(R"({"op":"subscribe","symbols":["BTCUSDT"],"pairs":["eth"]})")
          == "subscribed");
    CHECK(client.say(R"({"op":"unsubscribe"})")
          == R"({"event":"unsubscribed","mode":"mock","data":{"pairs":[],"exchanges":[],)"
             R"("symbols":[],"events":[],"everything":true}})");
    CHECK(client.hears_everything());
    CHECK(client.answer(R"({"op":"subscribe","exchanges":["okx"]})") == "subscribed");
    CHECK(client.price("okx", "XRPUSDT"));
    CHECK(!client.opportunity("eth", "ETHUSDT"));
  }
  SUBCASE("what was never asked for cannot be taken away") {
    CHECK(client.answer(R"({"op":"unsubscribe","symbols":["BTCUSDT"]})") == "unsubscribed");
    CHECK(client.hears_everything());
  }
}

TEST_CASE("a bad message is answered with an error and changes nothing") {
  Client client;
  CHECK(client.answer(R"({"op":"subscribe","symbols":["BTCUSDT"]})") == "subscribed");
  CHECK(client.filter.take_changed());
  for (const std::string text :
       {R"()", R"(x)", R"([])", R"("subscribe")", R"({})", R"({"op":1})", R"({"op":"Subscribe"})",
        R"({"op":"order"})", R"({"op":"subscribe","symbols":"ETHUSDT"})",
        R"({"op":"subscribe","symbols":[1]})", R"({"op":"subscribe","symbols":[""]})",
        R"({"op":"subscribe","symbols":null})", R"({"op":"subscribe","symbols":{}})",
        R"({"op":"subscribe","symbols":["ETHUSDT"],"events":["nothing"]})",
        R"({"op":"subscribe","symbols":["ETHUSDT"],"exchanges":[null]})",
        R"({"op":"unsubscribe","symbols":["BTCUSDT"],"pairs":7})",
        R"({"op":"unsubscribe","symbols":["BTCUSDT"],"events":["nothing"]})",
        R"({"op":"subscribe","symbols":["ETHUSDT"]} x)"}) {
    CHECK_MESSAGE(client.answer(text) == "error", text);
    CHECK(client.price("bybit", "BTCUSDT"));
    CHECK(!client.price("bybit", "ETHUSDT"));
    CHECK(!client.filter.take_changed());
  }
  SUBCASE("the error names the field and says what is wrong") {
    CHECK(client.say(R"({"op":"subscribe","events":["nothing"]})")
          == R"({"event":"error","mode":"mock","data":{"code":"VALIDATION_ERROR",)"
             R"("message":"unknown event 'nothing'","field":"events"}})");
    CHECK(client.say(R"({"op":")" + std::string(100'000, 'x') + "\"}").size() < 300);
  }
  SUBCASE("a name of 64 characters is one, of 65 is none") {
    CHECK(client.answer(R"({"op":"subscribe","pairs":[")" + std::string(64, 'p') + "\"]}")
          == "subscribed");
    CHECK(client.answer(R"({"op":"subscribe","pairs":[")" + std::string(65, 'p') + "\"]}")
          == "error");
  }
}

TEST_CASE("a list holds a thousand names, which can be given back at once") {
  Client client;
  CHECK(client.answer(names("symbols", 1'001, "S")) == "error");
  CHECK(client.hears_everything());
  CHECK(client.answer(names("symbols", 1'000, "S")) == "subscribed");
  CHECK(client.answer(names("symbols", 1'000, "S")) == "subscribed"); // the same ones
  CHECK(client.answer(names("symbols", 1, "T")) == "error");
  CHECK(client.answer(names("pairs", 1'000, "P")) == "subscribed");
  auto back = names("symbols", 1'000, "S");
  back.replace(back.find("subscribe"), 9, "unsubscribe");
  CHECK(client.answer(back) == "unsubscribed");
  CHECK(client.answer(names("symbols", 1, "T")) == "subscribed");
  CHECK(client.price("bybit", "T0"));
  CHECK(!client.price("bybit", "S0"));
}

TEST_CASE("a ping is answered and changes nothing") {
  Client client;
  CHECK(client.say(R"({"op":"ping"})") == R"({"event":"pong","mode":"mock","data":{}})");
  CHECK(!client.filter.take_changed());
  CHECK(client.hears_everything());
}

TEST_CASE("a front end logs business events and nothing else") {
  Client client;
  for (const std::string event :
       {"arbitrage_trigger", "arbitrage_success", "arbitrage_failure", "connection_change"}) {
    CHECK(client.answer(R"({"op":"log","data":{"a":1},"event":")" + event + "\"}") == "logged");
    CHECK(client.filter.take_logged() == event);
    CHECK(client.filter.take_logged().empty());
  }
  for (const std::string event :
       {R"("click")", R"("")", R"(1)", R"(null)", R"("Arbitrage_Trigger")", R"("price_update")"}) {
    CHECK(client.answer(R"({"op":"log","event":)" + event + "}") == "error");
    CHECK(client.filter.take_logged().empty());
  }
  CHECK(client.answer(R"({"op":"log"})") == "error");
  CHECK(client.hears_everything());
  SUBCASE("one that was not taken is gone with the next message") {
    CHECK(client.answer(R"({"op":"log","event":"arbitrage_trigger"})") == "logged");
    CHECK(client.answer(R"({"op":"ping"})") == "pong");
    CHECK(client.filter.take_logged().empty());
  }
}
