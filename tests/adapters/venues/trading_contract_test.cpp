/// What the private side of every market must do, whichever venue it is of: one numbered list for
/// all. A new venue's trading is done when it passes.
#include "adapters/venues/trading.hpp"
#include "core/types/decimal.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::Errc;
using core::orders::ClientOrderId;
using core::orders::OrderType;
using core::orders::TimeInForce;
using Outcome = PlaceReply::Outcome;

struct Market {
  core::MarketKey key;
  std::unique_ptr<Trading> trading;
};

/// A venue whose private side is built in: its line goes here.
std::vector<Market> all_markets() {
  std::vector<Market> markets;
  for (const auto* venue : {"binance", "bybit"})
    for (const auto type : {core::MarketType::spot, core::MarketType::linear}) {
      core::MarketKey key{core::VenueId{venue}, type};
      auto trading = make_trading(key);
      markets.push_back({std::move(key), std::move(trading)});
    }
  return markets;
}

const Credentials keys{"the-api-key", "the-secret-text", "the-passphrase", {}};
constexpr Stamp stamp{1'700'000'000'000, std::chrono::milliseconds{2'000}};
const core::Symbol btc{"BTCUSDT"};

core::orders::OrderIntent order_of(const Market& market) {
  core::orders::OrderIntent order;
  order.id = ClientOrderId{"tdab1200001000000a1"};
  order.draft.instrument = {market.key.venue, market.key.type, btc};
  order.draft.scale = {1, 3};
  order.draft.price = {500'001};
  order.draft.quantity = {25};
  return order;
}

OrderRef ref(std::string venue_order_id = {}) {
  return {btc, ClientOrderId{"tdab1200001000000a1"}, std::move(venue_order_id)};
}

/// Every request there is, signed with `used`.
std::vector<core::Result<SignedRequest>> requests(const Market& market, const Credentials& used) {
  const auto& trading = *market.trading;
  std::vector<core::Result<SignedRequest>> list{trading.place(order_of(market), used, stamp),
                                                trading.cancel(ref(), used, stamp),
                                                trading.cancel_all(btc, used, stamp),
                                                trading.open_orders({}, used, stamp),
                                                trading.fills(ref("28"), 1, {}, used, stamp),
                                                trading.balances(used, stamp),
                                                trading.fees(btc, used, stamp)};
  for (int attempt = 0; attempt < 10; ++attempt) {
    auto query = trading.query(ref(), attempt, used, stamp);
    if (!query)
      break;
    list.push_back(*std::move(query));
  }
  for (auto optional : {trading.positions({}, used, stamp), trading.key_rights(used, stamp),
                        trading.arm_dead_man(btc, std::chrono::seconds{60}, used, stamp),
                        trading.stream_key({}, used)})
    if (optional)
      list.push_back(*std::move(optional));
  return list;
}

std::string all_of(const SignedRequest& request) {
  std::string text = request.method + request.target + request.body;
  for (const auto& [name, value] : request.headers)
    text += name + value;
  return text;
}

} // namespace

TEST_CASE("trading 1: every market has traits that agree with what it offers") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    REQUIRE(market.trading != nullptr);
    const auto& trading = *market.trading;
    const auto& traits = trading.traits();
    CHECK_FALSE(traits.account.empty());
    CHECK_FALSE(traits.order_rates.empty());
    CHECK(traits.stream_silence_max.count() > 0);
    CHECK(traits.stream_key == trading.stream_key({}, keys).has_value());
    CHECK(traits.dead_man_switch
          == trading.arm_dead_man(btc, std::chrono::seconds{60}, keys, stamp).has_value());
    CHECK(trading.positions({}, keys, stamp).has_value()
          == (market.key.type == core::MarketType::linear));
    CHECK(trading.socket_place(order_of(market), "1", keys, stamp).has_value()
          == traits.order_socket);
  }
  CHECK(make_trading({core::VenueId{"nowhere"}, core::MarketType::spot}) == nullptr);
}

TEST_CASE("trading 2: every request is relative, weighed, and never holds the secret") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    for (const auto& request : requests(market, keys)) {
      REQUIRE(request);
      CAPTURE(request->target);
      CHECK(request->target.starts_with("/"));
      CHECK(request->weight > 0);
      CHECK(request->target.find("the-api-key") == std::string::npos);
      CHECK(all_of(*request).find("the-api-key") != std::string::npos); // in a header
      CHECK(all_of(*request).find("the-secret-text") == std::string::npos);
    }
  }
}

TEST_CASE("trading 3: the same order at the same time is the same bytes, prepared key or not") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    auto prepared = keys;
    REQUIRE(prepared.prepare());
    const auto slow = requests(market, keys);
    const auto fast = requests(market, prepared);
    REQUIRE(slow.size() == fast.size());
    for (std::size_t n = 0; n < slow.size(); ++n)
      CHECK(all_of(*slow[n]) == all_of(*fast[n]));
    auto later = stamp;
    later.at += 1;
    CHECK(all_of(*market.trading->place(order_of(market), keys, stamp))
          != all_of(*market.trading->place(order_of(market), keys, later)));
  }
}

TEST_CASE("trading 4: an order carries its id, its price and its quantity in decimals") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    const auto limit = all_of(*market.trading->place(order_of(market), keys, stamp));
    CHECK(limit.find("tdab1200001000000a1") != std::string::npos);
    CHECK(limit.find("50000.1") != std::string::npos);
    CHECK(limit.find("0.025") != std::string::npos);
    auto draft = order_of(market);
    draft.draft.type = OrderType::market;
    const auto any_price = all_of(*market.trading->place(draft, keys, stamp));
    CHECK(any_price.find("50000.1") == std::string::npos); // reckoned with, not sent
    std::vector<std::string> different{limit, any_price};
    for (const auto tif : {TimeInForce::gtc, TimeInForce::fok, TimeInForce::post_only}) {
      auto other = order_of(market);
      other.draft.tif = tif;
      different.push_back(all_of(*market.trading->place(other, keys, stamp)));
    }
    std::ranges::sort(different);
    CHECK(std::ranges::adjacent_find(different) == different.end());
  }
}

TEST_CASE("trading 5: an order that cannot be meant is refused before it is signed") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    const auto refused = [&market](auto change) {
      auto order = order_of(market);
      change(order);
      const auto request = market.trading->place(order, keys, stamp);
      return !request && request.error().code == Errc::validation_error;
    };
    CHECK(refused([](auto& order) { order.id = ClientOrderId{}; }));
    CHECK(refused([](auto& order) { order.id = ClientOrderId{std::string(37, 'a')}; }));
    CHECK(refused([](auto& order) { order.draft.instrument.symbol = core::Symbol{}; }));
    CHECK(refused([](auto& order) { order.draft.quantity = {0}; }));
    CHECK(refused([](auto& order) { order.draft.quantity = {-1}; }));
    CHECK(refused([](auto& order) { order.draft.price = {0}; }));
    CHECK(refused([](auto& order) {
      order.draft.type = OrderType::market;
      order.draft.tif = TimeInForce::post_only;
    }));
    CHECK(refused([](auto& order) { order.draft.reduce_only = true; })
          == (market.key.type == core::MarketType::spot));
    CHECK_FALSE(market.trading->cancel({}, keys, stamp));
  }
}

TEST_CASE("trading 6: nothing is signed without a key, and the error does not show one") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    for (const auto& request : requests(market, {}))
      CHECK_FALSE(request);
    const Credentials broken{"the-api-key",
                             "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
                             {},
                             {}};
    const auto request = market.trading->place(order_of(market), broken, stamp);
    REQUIRE_FALSE(request);
    CHECK(core::describe(request.error()).find("c2VjcmV0") == std::string::npos);
    CHECK(core::describe(request.error()).find("the-api-key") == std::string::npos);
  }
}

TEST_CASE("trading 7: what proves nothing is unknown, for orders and cancels alike") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    const auto& trading = *market.trading;
    for (const int status : {0, 500, 502, 503, 504})
      for (const auto* body : {"", "{}", "<html>", R"({"code":1})"}) {
        CAPTURE(status);
        CAPTURE(body);
        CHECK(trading.parse_place(status, body).outcome == Outcome::unknown);
        CHECK(trading.parse_cancel(status, body).unknown);
        CHECK(trading.classify(status, body).unknown_outcome);
        CHECK_FALSE(trading.parse_query(status, body));
      }
    for (const auto* body : {"", "{", "null", "[1]", "<html>", "{}"}) {
      CAPTURE(body);
      CHECK(trading.parse_place(200, body).outcome == Outcome::unknown);
      CHECK_FALSE(trading.parse_query(200, body));
      CHECK_FALSE(trading.parse_open_orders(200, body));
      CHECK_FALSE(trading.parse_fees(200, body));
      if (trading.traits().order_socket) {
        CHECK(trading.parse_socket_place(body).outcome == Outcome::unknown);
        CHECK(trading.parse_socket_cancel(body).unknown);
      }
    }
  }
}

TEST_CASE("trading 8: a rate limit is a refusal and not a mystery") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    const auto reply = market.trading->parse_place(429, "");
    CHECK(reply.outcome == Outcome::refused);
    CHECK(reply.error.code == Errc::rate_limited);
    CHECK_FALSE(market.trading->classify(429, "").unknown_outcome);
  }
}

TEST_CASE("trading 9: queries end, and a missing page is not a missing order") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    CHECK(market.trading->query(ref(), 0, keys, stamp));
    CHECK_FALSE(market.trading->query(ref(), 10, keys, stamp));
    CHECK_FALSE(market.trading->parse_query(404, "<html>"));
  }
}

TEST_CASE("trading 10: a private codec refuses what is not its protocol and goes on") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    const auto codec = market.trading->make_private_codec();
    for (const auto& text : {std::string{}, std::string{" "}, std::string{"{"}, std::string{"\xff"},
                             std::string{"{\"a\":}"}, std::string(5'000, '[')}) {
      CAPTURE(text.substr(0, 20));
      const simdjson::padded_string frame{text};
      const auto events = codec->decode({frame.data(), frame.size()});
      REQUIRE_FALSE(events);
      CHECK(events.error().code == Errc::malformed);
    }
  }
}

TEST_CASE("trading 11: a stream opens with a key only, at a route of its own") {
  for (const auto& market : all_markets()) {
    CAPTURE(core::to_string(market.key));
    const auto& trading = *market.trading;
    const auto opening
        = trading.open_stream(trading.traits().stream_key ? "stream-key" : "", keys, stamp);
    REQUIRE(opening);
    CHECK(opening->route.starts_with("/"));
    for (const auto& frame : opening->frames) {
      CHECK(frame.starts_with("{"));
      CHECK(frame.find('\n') == std::string::npos);
      CHECK(frame.find("the-secret-text") == std::string::npos);
    }
    CHECK_FALSE(trading.open_stream({}, {}, stamp));
    if (trading.traits().order_socket) {
      CHECK(trading.open_order_socket(keys, stamp));
      CHECK_FALSE(trading.open_order_socket({}, stamp));
    }
  }
}
