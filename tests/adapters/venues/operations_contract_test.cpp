/// The operations that every venue has, by the names that strategies of before knew them by: order
/// book, ticker, place, cancel, balance, name, public only. One list for all adapters; what each of
/// them must do besides is in venue_contract_test.cpp and trading_contract_test.cpp.
#include "adapters/venues/key_ring.hpp"
#include "adapters/venues/trading.hpp"
#include "adapters/venues/venue.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;

const core::Symbol btc{"BTCUSDT"};
const Credentials keys{"the-api-key", "the-secret-text", "the-passphrase", {}};
constexpr Stamp stamp{1'700'000'000'000, std::chrono::milliseconds{2'000}};

/// One market of one venue, both sides.
struct Venue {
  core::MarketKey key;
  std::unique_ptr<Market> market;
  std::unique_ptr<Trading> trading;
};

/// A venue that is built in: its name goes here.
std::vector<Venue> all_venues() {
  std::vector<Venue> venues;
  for (const auto* name : {"binance", "bybit"})
    for (const auto type : {core::MarketType::spot, core::MarketType::linear}) {
      core::MarketKey key{core::VenueId{name}, type};
      auto market = make_market(key, {});
      auto trading = make_trading(key);
      REQUIRE(market != nullptr);
      REQUIRE(trading != nullptr);
      venues.push_back({std::move(key), std::move(market), std::move(trading)});
    }
  return venues;
}

core::orders::OrderIntent order_of(const core::MarketKey& key) {
  core::orders::OrderIntent order;
  order.id = core::orders::ClientOrderId{"tdab1200001000000a1"};
  order.draft.instrument = {key.venue, key.type, btc};
  order.draft.scale = {1, 3};
  order.draft.price = {500'001};
  order.draft.quantity = {25};
  return order;
}

OrderRef ref() {
  return {btc, core::orders::ClientOrderId{"tdab1200001000000a1"}, {}};
}

} // namespace

TEST_CASE("every adapter has the operations order book, ticker, place, cancel, balance, name and "
          "public only") {
  std::set<std::string> names;
  for (const auto& [key, market, trading] : all_venues()) {
    CAPTURE(core::to_string(key));

    // name
    CHECK(market->key() == key);
    CHECK(names.insert(core::to_string(market->key())).second);

    // order book: asked for once, and followed
    const auto book = market->rest().depth(btc, 5);
    CHECK(book.target.find("BTCUSDT") != std::string::npos);
    CHECK_FALSE(market->rest().parse_depth("{}").has_value());
    const Stream depth{Channel::depth, btc, {}};
    CHECK_FALSE(market->make_codec()->subscribe(std::span{&depth, 1}, 1).empty());

    // ticker
    const auto ticker = market->rest().ticker(btc);
    CHECK(ticker.target.find("BTCUSDT") != std::string::npos);
    CHECK(ticker.target != book.target);
    CHECK_FALSE(market->rest().parse_ticker("{}").has_value());

    // place, cancel, balance: each its own signed request, and a reply that proves nothing is none
    const auto place = trading->place(order_of(key), keys, stamp);
    const auto cancel = trading->cancel(ref(), keys, stamp);
    const auto balance = trading->balances(keys, stamp);
    REQUIRE(place.has_value());
    REQUIRE(cancel.has_value());
    REQUIRE(balance.has_value());
    std::set<std::string> requests;
    for (const auto* request : {&*place, &*cancel, &*balance})
      requests.insert(request->method + request->target + request->body);
    CHECK(requests.size() == 3);
    CHECK(trading->parse_place(500, "").outcome == PlaceReply::Outcome::unknown);
    CHECK_FALSE(trading->parse_cancel(500, "").accepted);
    CHECK_FALSE(trading->parse_balances(200, "{}").has_value());

    // public only: without keys prices can be asked for, and nothing is signed
    const KeyRing ring;
    CHECK_FALSE(ring.has(key.venue));
    const auto none = ring.get(key.venue);
    CHECK_FALSE(trading->place(order_of(key), none, stamp).has_value());
    CHECK_FALSE(trading->cancel(ref(), none, stamp).has_value());
    CHECK_FALSE(trading->balances(none, stamp).has_value());
  }
  CHECK(names.size() == all_venues().size());
}
