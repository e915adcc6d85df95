/// Prices on request: fresh or an error, never an old one, and no more requests than needed.
#include "adapters/venues/price_source.hpp"

#include "tests/adapters/venues/transport_fakes.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>

namespace {

using namespace tandem;
using namespace tandem::tests;
using namespace std::chrono_literals;
using adapters::venues::PriceSource;
using adapters::venues::QuotedPrice;
using adapters::venues::RestClient;

const core::MarketKey spot{core::VenueId{"binance"}, core::MarketType::spot};
const core::MarketKey linear{core::VenueId{"binance"}, core::MarketType::linear};

core::Instrument instrument_of(const core::MarketKey& market, const std::string& symbol) {
  core::Instrument instrument;
  instrument.key = {market.venue, market.type, core::Symbol{symbol}};
  instrument.status = core::InstrumentStatus::trading;
  instrument.scale = {2, 3};
  return instrument;
}

class Prices {
public:
  Prices() {
    std::vector<PriceSource::Source> sources;
    for (const auto& key : {spot, linear}) {
      auto& market = markets.emplace_back(adapters::venues::make_market(key, {}));
      sources.push_back({market.get(), std::make_shared<RestClient>(
                                           *market, adapters::venues::RestOptions{}, http, strand,
                                           strand.clocks(), [] { return std::uint64_t{0}; })});
    }
    board->set_instruments(
        spot, std::make_shared<core::InstrumentTable>(
                  std::vector{instrument_of(spot, "BTCUSDT"), instrument_of(spot, "ETHUSDT")}));
    source = std::make_shared<PriceSource>(board, std::move(sources), strand.clocks());
  }

  using Outcome = std::shared_ptr<std::optional<core::Result<QuotedPrice>>>;

  Outcome get(const std::string& symbol = "BTCUSDT") {
    auto outcome = std::make_shared<std::optional<core::Result<QuotedPrice>>>();
    source->get(std::make_shared<const core::Instrument>(instrument_of(spot, symbol)),
                [outcome](core::Result<QuotedPrice> got) { *outcome = std::move(got); });
    strand.settle();
    return outcome;
  }

  /// Asks and has the venue answer with this bid.
  core::Result<QuotedPrice> get_answered(const char* bid) {
    const auto outcome = get();
    if (!http.exchanges.empty())
      http.answer(200, book(bid));
    REQUIRE(outcome->has_value());
    return **outcome;
  }

  static std::string book(const char* bid) {
    return fmt::format(
        R"({{"lastUpdateId":5,"bids":[["{}","1.000"]],"asks":[["200.00","2.000"]]}})", bid);
  }

  std::vector<std::unique_ptr<adapters::venues::Market>> markets;
  ManualStrand strand;
  ManualHttp http{strand};
  std::shared_ptr<core::market::Board> board = std::make_shared<core::market::Board>();
  std::shared_ptr<PriceSource> source;
};

std::int64_t bid_of(const core::Result<QuotedPrice>& price) {
  REQUIRE(price.has_value());
  return price->view->bids().front().price.units;
}

} // namespace

TEST_CASE("two calls 100 ms apart cost one request, 2.5 s apart two") {
  Prices prices;
  CHECK(bid_of(prices.get_answered("100.00")) == 10'000);
  prices.strand.advance(100ms);
  CHECK(bid_of(prices.get_answered("101.00")) == 10'000);
  CHECK(prices.http.sent == 1);
  prices.strand.advance(2'400ms);
  CHECK(bid_of(prices.get_answered("101.00")) == 10'100);
  CHECK(prices.http.sent == 2);
  CHECK(prices.source->counters().fetched == 2);
  CHECK(prices.source->counters().cached == 1);
  CHECK(prices.source->counters().hit_per_mille() == 333);
}

TEST_CASE("a calm price is kept longer, up to two seconds, a moving one for half a second") {
  Prices prices;
  const auto life = [&](const char* bid) {
    const auto sent = prices.http.sent;
    prices.get_answered(bid);
    REQUIRE(prices.http.sent == sent + 1);
    auto kept = 0ms;
    for (; kept < 5s; kept += 10ms) {
      prices.strand.advance(10ms);
      const auto outcome = prices.get();
      if (!prices.http.exchanges.empty()) {
        prices.http.answer(500, "{}"); // leaves nothing behind
        prices.strand.advance(3s);
        while (!prices.http.exchanges.empty()) {
          prices.http.answer(400, "{}");
          prices.strand.advance(3s);
        }
        return kept + 10ms;
      }
    }
    return kept;
  };
  CHECK(life("100.00") == 500ms);
  CHECK(life("100.00") == 1'000ms);
  CHECK(life("100.01") == 2'000ms);
  CHECK(life("100.01") == 2'000ms);
  CHECK(life("105.00") == 500ms);
}

TEST_CASE("many who ask together share one request, and all get its answer") {
  Prices prices;
  std::vector<Prices::Outcome> outcomes;
  for (int i = 0; i < 50; ++i)
    outcomes.push_back(prices.get());
  const auto other = prices.get("ETHUSDT");
  CHECK(prices.http.sent == 2);
  SUBCASE("a price") {
    prices.http.answer(200, Prices::book("100.00"));
    for (const auto& outcome : outcomes) {
      REQUIRE(outcome->has_value());
      CHECK(bid_of(**outcome) == 10'000);
    }
    CHECK(prices.source->counters().fetched == 2);
    CHECK(prices.source->counters().cached == 49);
  }
  SUBCASE("an error") {
    prices.http.answer(400, R"({"code":-1121,"msg":"Invalid symbol."})");
    for (const auto& outcome : outcomes) {
      REQUIRE(outcome->has_value());
      CHECK_FALSE((*outcome)->has_value());
    }
    CHECK(prices.source->counters().failed == 50);
  }
  CHECK_FALSE(other->has_value());
}

TEST_CASE(
    "when the price is too old and the venue does not answer there is an error, no old price") {
  Prices prices;
  CHECK(bid_of(prices.get_answered("100.00")) == 10'000);
  prices.strand.advance(3s);
  const auto outcome = prices.get();
  for (int i = 0; i < 3; ++i) {
    prices.http.fail(core::Errc::timed_out);
    prices.strand.advance(10s);
  }
  REQUIRE(outcome->has_value());
  REQUIRE_FALSE((*outcome)->has_value());
  CHECK(core::public_code((*outcome)->error().code) == core::Errc::exchange_unavailable);
  CHECK(bid_of(prices.get_answered("99.00")) == 9'900); // and it recovers
}

TEST_CASE("answers that cannot be prices are errors") {
  for (const auto* body : {"", "{}", R"({"lastUpdateId":5,"bids":[["0.00","1"]],"asks":[]})",
                           R"({"lastUpdateId":5,"bids":[["-1.00","1"]],"asks":[]})",
                           R"({"lastUpdateId":5,"bids":[["1.00","0"]],"asks":[]})",
                           R"({"lastUpdateId":5,"bids":[["1e400","1"]],"asks":[]})"}) {
    Prices prices;
    const auto outcome = prices.get();
    prices.http.answer(200, body);
    REQUIRE(outcome->has_value());
    CHECK_FALSE((*outcome)->has_value());
  }
}

TEST_CASE("a live book answers without a request; a distrusted one does not answer") {
  Prices prices;
  const auto entry = prices.board->entry({spot.venue, spot.type, core::Symbol{"BTCUSDT"}});
  auto view = std::make_shared<core::market::DepthView>();
  view->condition = core::market::BookCondition::live;
  view->scale = {2, 3};
  view->bid_count = 1;
  view->bids_store[0] = {core::Price{12'345}, core::Quantity{1}};
  view->venue_time = 42;
  entry->publish(view);
  const auto live = prices.get();
  REQUIRE(live->has_value());
  CHECK(bid_of(**live) == 12'345);
  CHECK((*live)->value().ts == 42);
  CHECK(prices.http.sent == 0);
  CHECK(prices.source->counters().live == 1);
  for (const auto condition :
       {core::market::BookCondition::down, core::market::BookCondition::stale,
        core::market::BookCondition::gap, core::market::BookCondition::crossed}) {
    auto bad = std::make_shared<core::market::DepthView>(*view);
    bad->condition = condition;
    entry->publish(bad);
    prices.strand.advance(5s);
    CHECK(bid_of(prices.get_answered("100.00")) == 10'000);
  }
}

TEST_CASE("what is asked for is resolved, or the wrong part is named") {
  Prices prices;
  const auto field_of = [&](const char* exchange, const char* symbol, const char* type) {
    const auto got = prices.source->resolve(exchange, symbol, type);
    REQUIRE_FALSE(got.has_value());
    return std::string{core::to_string(got.error().code)} + " " + got.error().source;
  };
  CHECK(prices.source->resolve("binance", "btcusdt", "").value()->key.symbol
        == core::Symbol{"BTCUSDT"});
  CHECK(prices.source->resolve("binance", "BTCUSDT", "spot").has_value());
  CHECK(field_of("kraken", "BTCUSDT", "") == "NOT_FOUND exchange");
  CHECK(field_of("binance", "NOSUCH", "") == "NOT_FOUND symbol");
  CHECK(field_of("binance", "BTCUSDT", "option") == "VALIDATION_ERROR type");
  CHECK(field_of("binance", "BTCUSDT", "linear")
        == "EXCHANGE_UNAVAILABLE exchange"); // not read yet
}
