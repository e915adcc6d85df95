// Orders on paper: what a live book would have given, and never more.
#include "core/orders/paper.hpp"

#include "tests/core/orders/orders.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <utility>

using namespace tandem;
using core::MarketType;
using core::Money;
using core::orders::PaperMarket;
using core::orders::Side;
using core::orders::TimeInForce;
using core::orders::VenueStatus;

namespace {

constexpr core::UnixMillis now = 1'700'000'000'000;

Money money(const char* text) {
  return core::parse_money(text).value();
}

struct PaperWorld {
  explicit PaperWorld(MarketType kind = MarketType::spot)
      : type{kind}, market{{core::VenueId{"binance"}, kind},
                           {.balances = {{"USDT", money("1000")}, {"BTC", money("2")}},
                            .taker = {100'000},
                            .maker = {20'000}},
                           [this] { return std::to_string(++last_id); }} {
    core::Instrument made;
    made.key = {core::VenueId{"binance"}, kind, core::Symbol{"BTCUSDT"}};
    made.base = "BTC";
    made.quote = "USDT";
    made.scale = tests::order_scale;
    book.instrument = std::make_shared<const core::Instrument>(std::move(made));
    book.condition = core::market::BookCondition::live;
    book.scale = tests::order_scale;
    bids({{99'00, 500}, {98'00, 1'000}});
    asks({{100'00, 400}, {101'00, 300}});
  }

  using Levels = std::initializer_list<std::pair<std::int64_t, std::int64_t>>;

  static std::uint8_t put(Levels levels, auto& store) {
    std::uint8_t count = 0;
    for (const auto& [price, quantity] : levels)
      store[count++] = {{price}, {quantity}};
    return count;
  }

  void bids(Levels levels) { book.bid_count = put(levels, book.bids_store); }

  void asks(Levels levels) { book.ask_count = put(levels, book.asks_store); }

  core::orders::OrderIntent order(Side side, std::int64_t quantity, std::int64_t price,
                                  TimeInForce tif = TimeInForce::ioc) {
    auto made = tests::intent(quantity, tif);
    made.id = core::orders::make_client_id({core::orders::EngineId{"test"}, 1, ++sequence});
    made.draft.instrument.type = type;
    made.draft.side = side;
    made.draft.price = {price};
    return made;
  }

  auto place(const core::orders::OrderIntent& order) { return market.place(order, book, now); }

  Money free(const std::string& asset) const { return market.assets().at(asset).free; }

  MarketType type;
  core::market::DepthView book;
  std::uint64_t last_id = 0;
  PaperMarket market;
  std::uint64_t sequence = 0;
};

} // namespace

TEST_CASE("an IOC order takes the levels within its limit and the rest expires") {
  PaperWorld world;
  const auto news = world.place(world.order(Side::buy, 1'000, 101'00)).value();
  REQUIRE(news.fills.size() == 2);
  CHECK(news.fills[0].price == core::Decimal{100, 0});
  CHECK(news.fills[0].quantity == core::Decimal{4, 1});
  CHECK(news.fills[0].fee == money("0.04"));
  CHECK(news.fills[1].price == core::Decimal{101, 0});
  CHECK(news.fills[1].trade_id == "mock_trade_3");
  CHECK(news.order.venue_order_id == "mock_order_1");
  CHECK(news.order.status == VenueStatus::expired);
  CHECK(news.order.cumulative == core::Decimal{7, 1});
  // 0.4 * 100 + 0.3 * 101 and 0.1 % of it
  CHECK(world.free("USDT") == money("1000") - money("70.3") - money("0.0703"));
  CHECK(world.free("BTC") == money("2.7"));
}

TEST_CASE("a limit outside the book takes nothing") {
  PaperWorld world;
  const auto news = world.place(world.order(Side::sell, 100, 99'01)).value();
  CHECK(news.fills.empty());
  CHECK(news.order.status == VenueStatus::expired);
  CHECK(world.free("BTC") == money("2"));
}

TEST_CASE("fill or kill is whole or nothing") {
  PaperWorld world;
  CHECK(world.place(world.order(Side::buy, 701, 101'00, TimeInForce::fok)).value().fills.empty());
  CHECK(world.place(world.order(Side::buy, 700, 101'00, TimeInForce::fok)).value().order.status
        == VenueStatus::filled);
}

TEST_CASE("a post-only order that would take is cancelled") {
  PaperWorld world;
  const auto news
      = world.place(world.order(Side::buy, 100, 100'00, TimeInForce::post_only)).value();
  CHECK(news.fills.empty());
  CHECK(news.order.status == VenueStatus::cancelled);
}

TEST_CASE(
    "a resting order locks its money, fills as a maker at its own price, and only when reached") {
  PaperWorld world;
  const auto order = world.order(Side::buy, 1'000, 99'50, TimeInForce::gtc);
  CHECK(world.place(order).value().order.status == VenueStatus::open);
  CHECK(world.market.assets().at("USDT").locked == money("99.5"));
  CHECK(world.market.resting().size() == 1);
  CHECK(world.market.on_book(world.book, now).empty());
  world.asks({{99'40, 600}});
  const auto news = world.market.on_book(world.book, now);
  REQUIRE(news.size() == 1);
  CHECK(news[0].fills.at(0).price == core::Decimal{995, 1});
  CHECK(news[0].fills.at(0).maker);
  CHECK(news[0].order.cumulative == core::Decimal{6, 1});
  const auto cancelled = world.market.cancel(order.id, now);
  CHECK(cancelled->status == VenueStatus::cancelled);
  CHECK(world.market.assets().at("USDT").locked == Money{});
  CHECK(world.market.on_book(world.book, now).empty());
  CHECK(world.market.find(order.id)->status == VenueStatus::cancelled);
}

TEST_CASE("what cannot be paid for, what has no live book and a used id are refused") {
  PaperWorld world;
  CHECK(world.place(world.order(Side::buy, 10'001, 100'00)).error().code
        == core::Errc::insufficient_funds);
  CHECK(world.place(world.order(Side::sell, 2'001, 99'00)).error().code
        == core::Errc::insufficient_funds);
  const auto once = world.order(Side::sell, 100, 99'00);
  CHECK(world.place(once));
  CHECK(world.place(once).error().code == core::Errc::conflict);
  world.book.condition = core::market::BookCondition::stale;
  CHECK(world.place(world.order(Side::sell, 100, 99'00)).error().code
        == core::Errc::exchange_unavailable);
  CHECK_FALSE(world.market.cancel(core::orders::ClientOrderId{"nobody"}, now));
}

TEST_CASE("a linear market keeps positions and realises their profit in the quote asset") {
  PaperWorld world{MarketType::linear};
  CHECK(world.place(world.order(Side::sell, 500, 99'00)).value().order.status
        == VenueStatus::filled);
  CHECK(world.market.positions().begin()->second.quantity() == money("-0.5"));
  world.asks({{90'00, 500}});
  CHECK(world.place(world.order(Side::buy, 500, 90'00)).value().order.status
        == VenueStatus::filled);
  CHECK(world.market.positions().empty());
  // 0.5 * 9 less 0.1 % of 49.5 and of 45
  CHECK(world.free("USDT") == money("1000") + money("4.5") - money("0.0495") - money("0.045"));
}

TEST_CASE("a book at a finer scale is taken at the order's scale, rounded down") {
  PaperWorld world;
  world.book.scale = {3, 5};
  world.asks({{100'000, 12'345}});
  const auto news = world.place(world.order(Side::buy, 1'000, 100'00)).value();
  CHECK(news.order.cumulative == core::Decimal{123, 3});
}
