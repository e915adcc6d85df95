/// The engine's own adapters against the simulated venues, request by request: what the one sends
/// the other takes, and what the other answers the one understands.
#include "adapters/venues/trading.hpp"
#include "tests/sim/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tandem::sim;
using namespace tandem::sim::testing;
using namespace std::chrono_literals;

namespace {

namespace venues = tandem::adapters::venues;
namespace core = tandem::core;
namespace orders = tandem::core::orders;
using core::MarketType;

const std::string accounts = R"(
symbols: [BTCUSDT, ETHUSDT]
flow: {events_per_second: 0, history_minutes: 2}
accounts:
  - name: b
    venue: binance
    keys: [{key: k, secret: s}]
    deposits: {spot: {USDT: "1000000", BTC: "10"}, linear: {USDT: "1000000"}}
  - name: y
    venue: bybit
    keys: [{key: k, secret: s}]
    deposits: {unified: {USDT: "1000000", BTC: "10"}}
)";

struct Desk {
  explicit Desk(SurfaceId use_surface)
      : surface{use_surface}, type{is_spot(surface) ? MarketType::spot : MarketType::linear},
        venue{venue_of(surface) == VenueName::binance ? "binance" : "bybit"},
        trading{venues::make_trading({core::VenueId{venue}, type})} {}

  [[nodiscard]] venues::Stamp stamp() const { return {core::to_millis(world.now), 5s}; }

  HttpAnswer send(const core::Result<venues::SignedRequest>& request) {
    REQUIRE(request);
    HttpAsk ask{request->method, request->target, {}, {}, request->body, "10.0.0.1:5000"};
    if (const auto mark = ask.path.find('?'); mark != std::string::npos) {
      ask.query = ask.path.substr(mark + 1);
      ask.path.resize(mark);
    }
    for (auto [name, value] : request->headers) {
      std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      ask.headers.emplace_back(name, value);
    }
    std::optional<HttpAnswer> got;
    world.simulator.on_http(
        surface, ask, [&](HttpAnswer answer) { got = std::move(answer); }, world.now);
    return got.value();
  }

  /// @param price in whole quote units
  orders::OrderIntent order(const std::string& id, orders::TimeInForce tif, std::int64_t price,
                            orders::Side side = orders::Side::buy) {
    orders::OrderIntent made;
    made.id = orders::ClientOrderId{id};
    made.draft.instrument = {core::VenueId{venue}, type, core::Symbol{"BTCUSDT"}};
    made.draft.side = side;
    made.draft.tif = tif;
    made.draft.scale = {1, 3};
    made.draft.price = {price * 10};
    made.draft.quantity = {10};
    return made;
  }

  venues::PlaceReply place(const orders::OrderIntent& intent) {
    const auto answer = send(trading->place(intent, keys, stamp()));
    return trading->parse_place(answer.status, answer.body);
  }

  std::optional<orders::VenueOrder> query(const std::string& id) {
    for (int attempt = 0;; ++attempt) {
      const auto request = trading->query({core::Symbol{"BTCUSDT"}, orders::ClientOrderId{id}, {}},
                                          attempt, keys, stamp());
      if (!request)
        return std::nullopt;
      const auto answer = send(*request);
      const auto found = trading->parse_query(answer.status, answer.body);
      REQUIRE(found);
      if (*found)
        return *found;
    }
  }

  World world{accounts};
  SurfaceId surface;
  MarketType type;
  std::string venue;
  std::unique_ptr<venues::Trading> trading;
  venues::Credentials keys{"k", "s", {}, {}};
};

constexpr std::array markets{SurfaceId::binance_spot, SurfaceId::binance_linear,
                             SurfaceId::bybit_spot, SurfaceId::bybit_linear};
constexpr std::int64_t far_above = 64'000, far_below = 60'000; // within the price bands

} // namespace

TEST_CASE("an order that trades is placed, found and explained by its fills") {
  for (const auto market : markets) {
    CAPTURE(name_of(market));
    Desk desk{market};
    const auto reply = desk.place(desk.order("taker", orders::TimeInForce::ioc, far_above));
    INFO(core::describe(reply.error));
    REQUIRE(reply.outcome == venues::PlaceReply::Outcome::accepted);
    desk.world.run(100ms);
    const auto order = desk.query("taker");
    REQUIRE(order);
    CHECK(order->status == orders::VenueStatus::filled);
    CHECK(order->client_id == "taker");
    CHECK(order->cumulative == core::Decimal::parse("0.01").value());
    const auto answer = desk.send(desk.trading->fills(
        {core::Symbol{"BTCUSDT"}, {}, order->venue_order_id}, 0, {}, desk.keys, desk.stamp()));
    const auto page = desk.trading->parse_fills(answer.status, answer.body);
    REQUIRE(page);
    core::Money sum;
    for (const auto& fill : page->fills) {
      sum += core::to_money(fill.quantity);
      CHECK(fill.venue_order_id == order->venue_order_id);
      CHECK(fill.fee > core::Money{});
      CHECK_FALSE(fill.fee_asset.empty());
    }
    CHECK(sum == core::to_money(core::Decimal::parse("0.01").value()));
  }
}

TEST_CASE("an order that rests is listed, cancelled once, and final after it") {
  for (const auto market : markets) {
    CAPTURE(name_of(market));
    Desk desk{market};
    REQUIRE(desk.place(desk.order("rests", orders::TimeInForce::gtc, far_below)).outcome
            == venues::PlaceReply::Outcome::accepted);
    desk.world.run(100ms);
    const auto listed = desk.send(desk.trading->open_orders({}, desk.keys, desk.stamp()));
    const auto page = desk.trading->parse_open_orders(listed.status, listed.body);
    REQUIRE(page);
    REQUIRE(page->orders.size() == 1);
    CHECK(page->orders[0].client_id == "rests");
    const venues::OrderRef ref{core::Symbol{"BTCUSDT"}, orders::ClientOrderId{"rests"}, {}};
    const auto cancel = [&] {
      const auto answer = desk.send(desk.trading->cancel(ref, desk.keys, desk.stamp()));
      return desk.trading->parse_cancel(answer.status, answer.body);
    };
    CHECK(cancel().accepted);
    desk.world.run(100ms);
    CHECK(desk.query("rests")->status == orders::VenueStatus::cancelled);
    CHECK(cancel().already_final);
    CHECK_FALSE(desk.query("never-sent"));
  }
}

TEST_CASE("an account's balances, positions, fees and rights are read") {
  for (const auto market : markets) {
    CAPTURE(name_of(market));
    Desk desk{market};
    desk.place(desk.order("sold", orders::TimeInForce::ioc, far_below, orders::Side::sell));
    desk.world.run(100ms);
    const auto balances = desk.send(desk.trading->balances(desk.keys, desk.stamp()));
    const auto read = desk.trading->parse_balances(balances.status, balances.body);
    REQUIRE(read);
    CHECK(std::ranges::any_of(*read, [](const auto& row) { return row.asset == "USDT"; }));
    if (const auto request = desk.trading->positions({}, desk.keys, desk.stamp())) {
      const auto answer = desk.send(*request);
      const auto positions = desk.trading->parse_positions(answer.status, answer.body);
      REQUIRE(positions);
      REQUIRE(positions->positions.size() == 1);
      CHECK(core::to_string(positions->positions.front().quantity) == "-0.01");
      CHECK(positions->next_cursor.empty());
    } else {
      CHECK(desk.type == MarketType::spot);
    }
    const auto fees
        = desk.send(desk.trading->fees(core::Symbol{"BTCUSDT"}, desk.keys, desk.stamp()));
    const auto rates = desk.trading->parse_fees(fees.status, fees.body);
    REQUIRE(rates);
    CHECK(rates->taker.e8 > 0);
    const auto rights = desk.send(*desk.trading->key_rights(desk.keys, desk.stamp()));
    const auto may = desk.trading->parse_key_rights(rights.status, rights.body);
    REQUIRE(may);
    CHECK(may->trade.value_or(false));
    CHECK_FALSE(may->withdraw.value_or(false));
  }
}

TEST_CASE("an id that is open already is a duplicate and no second order") {
  for (const auto market : markets) {
    CAPTURE(name_of(market));
    Desk desk{market};
    const auto order = desk.order("twice", orders::TimeInForce::gtc, far_below);
    REQUIRE(desk.place(order).outcome == venues::PlaceReply::Outcome::accepted);
    desk.world.run(100ms);
    CHECK(desk.place(order).outcome == venues::PlaceReply::Outcome::duplicate);
  }
}
