#include "adapters/sinks/mongodb/documents.hpp"
#include "core/sinks/records.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::adapters::sinks;
using core::sinks::Numbered;

namespace {

Numbered trade(core::market::TakerSide taker = core::market::TakerSide::buy) {
  core::sinks::MarketNews news;
  news.instrument = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  core::market::Trade what;
  what.trade_id = "99";
  what.price = core::Decimal{6'173'763, 2};
  what.quantity = core::Decimal{125, 3};
  what.taker = taker;
  what.venue_time = 1'700'006'399'999; // 2023-11-14T23:59:59.999Z
  news.what = what;
  news.received = 1'700'006'400'123;
  return {7, core::sinks::record_of(news)};
}

/// As extended JSON, which shows the types.
std::string text_of(const mongodb::Bson& document) {
  char* text = bson_as_canonical_extended_json(document.get(), nullptr);
  std::string copy{text};
  bson_free(text);
  return copy;
}

} // namespace

TEST_CASE("a document is called after the thing that it tells of, else after stream and number") {
  CHECK(mongodb::document_id("s", trade()) == "trade:binance.spot.BTCUSDT:99");
  Numbered alert;
  alert.sequence = 12;
  CHECK(mongodb::document_id("s", alert) == "s:12");
}

TEST_CASE("the quote client's document has its eight fields with their types") {
  CHECK(
      text_of(mongodb::to_quote("trade:x", trade().record))
      == R"({ "_id" : "trade:x", "s" : "BTCUSDT", "t" : { "$numberLong" : "1700006399999" }, )"
         R"("p" : "61737.63", "v" : "0.125", "vw" : "7717.20375", "td" : { "$numberInt" : "1" }, )"
         R"("stock_code" : "BTCUSDT", )"
         R"("create_time" : { "$date" : { "$numberLong" : "1700006400123" } } })");
}

TEST_CASE("a quote says which side took") {
  const auto sold = text_of(mongodb::to_quote("x", trade(core::market::TakerSide::sell).record));
  CHECK(sold.find(R"("td" : { "$numberInt" : "2" })") != std::string::npos);
  auto unsaid = trade().record;
  std::erase_if(unsaid.fields, [](const auto& field) { return field.name == "taker"; });
  CHECK(text_of(mongodb::to_quote("x", unsaid)).find(R"("td" : { "$numberInt" : "0" })")
        != std::string::npos);
}

TEST_CASE("the close of a day is called after instrument and date, and changes at midnight UTC") {
  auto last = trade().record;
  CHECK(mongodb::close_id(last) == "close:binance.spot.BTCUSDT:2023-11-14");
  last.time += 1;
  CHECK(mongodb::close_id(last) == "close:binance.spot.BTCUSDT:2023-11-15");
}
