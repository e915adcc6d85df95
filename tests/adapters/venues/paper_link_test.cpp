// Mode dev's order entry on a virtual clock: requests are made and thrown away, orders are filled
// on paper by the book of then, and the desk hears of them as it would of a venue.
#include "adapters/venues/paper_link.hpp"

#include "tests/adapters/venues/transport_fakes.hpp"
#include "tests/core/orders/desk_world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace tandem::tests {
namespace {

using adapters::venues::PaperLink;
using core::orders::OrderState;
using core::orders::TimeInForce;

class Paper {
public:
  Paper() {
    keys->put(key.venue, {"key", "secret", {}, nullptr});
    quote(100'00, 101'00);
    open();
  }

  ~Paper() {
    world.desk.set_port(key, nullptr, world.now);
    link->stop();
    strand.settle();
  }

  Paper(const Paper&) = delete;
  Paper& operator=(const Paper&) = delete;

  void open() {
    link = PaperLink::open(key,
                           {.trading = trading.get(),
                            .strand = &strand,
                            .keys = keys,
                            .board = board,
                            .clocks = strand.clocks(),
                            .log = &world.log,
                            .order_left = [this](const core::PairId&) { ++left; }},
                           paper, world.desk);
    strand.settle();
    world.desk.set_port(key, link.get(), world.now);
  }

  void quote(std::int64_t bid, std::int64_t ask) {
    auto view = std::make_shared<core::market::DepthView>();
    view->condition = core::market::BookCondition::live;
    view->scale = cents;
    view->instrument = std::make_shared<const core::Instrument>(Gated::listed(Gated::key()));
    view->received_at = strand.clocks().mono();
    view->version = ++versions;
    view->bid_count = view->ask_count = 1;
    view->bids_store[0] = {core::Price{bid}, core::Quantity{50'000}};
    view->asks_store[0] = {core::Price{ask}, core::Quantity{50'000}};
    board->entry(Gated::key())->publish(view);
  }

  core::orders::ClientOrderId submit(TimeInForce tif = TimeInForce::ioc) {
    const auto id = world.submit(tif);
    strand.settle();
    return id;
  }

  [[nodiscard]] auto shown(const core::orders::ClientOrderId& id) { return world.desk.find(id); }

  core::MarketKey key = DeskWorld::market("binance");
  std::uint64_t versions = 0;
  int left = 0; ///< orders that went out
  DeskWorld world;
  ManualStrand strand;
  std::shared_ptr<core::market::Board> board = std::make_shared<core::market::Board>();
  std::shared_ptr<adapters::venues::KeyRing> keys = std::make_shared<adapters::venues::KeyRing>();
  std::unique_ptr<adapters::venues::Trading> trading = adapters::venues::make_trading(key);
  int ids = 0;
  std::shared_ptr<core::orders::PaperMarket> paper = std::make_shared<core::orders::PaperMarket>(
      key,
      core::orders::PaperTerms{
          {{"USDT", money("1000")}, {"BTC", money("5")}}, {100'000}, {100'000}},
      [this] { return std::to_string(++ids); });
  std::shared_ptr<PaperLink> link;
};

} // namespace

TEST_CASE("an order is filled on paper by the live book, under an id that says what it is") {
  Paper venue;
  const auto id = venue.submit();
  CHECK(venue.world.state(id) == OrderState::filled);
  CHECK(venue.left == 1);
  CHECK(venue.shown(id)->venue_order_id().starts_with("mock_order_"));
  CHECK(venue.world.desk.position(Gated::key()) == money("1"));
  CHECK(venue.link->account().assets.at("BTC").free == money("6"));
  CHECK(
      std::count(venue.world.log.events.begin(), venue.world.log.events.end(), "order_intercepted")
      == 1);
}

TEST_CASE("what could not be sent for real is refused on paper, too") {
  Paper venue;
  SUBCASE("without keys no request can be signed") {
    venue.keys->remove(venue.key.venue);
  }
  SUBCASE("more than the paper account holds") {
    venue.paper = std::make_shared<core::orders::PaperMarket>(
        venue.key, core::orders::PaperTerms{{{"USDT", money("100")}}, {0}, {0}},
        [] { return std::string{"1"}; });
    venue.open();
  }
  SUBCASE("after the link was closed") {
    venue.link->stop();
    venue.strand.settle();
  }
  const auto id = venue.submit();
  CHECK(venue.world.state(id) == OrderState::rejected);
  CHECK(venue.left == 0);
  CHECK(venue.world.desk.position(Gated::key()) == money("0"));
}

TEST_CASE("an order without a book to fill against is refused, not invented") {
  Paper venue;
  venue.board = std::make_shared<core::market::Board>();
  venue.open();
  CHECK(venue.world.state(venue.submit()) == OrderState::rejected);
}

TEST_CASE("a resting order is filled when the book comes to it, at its own price") {
  Paper venue;
  venue.quote(100'00, 102'00);
  const auto id = venue.submit(TimeInForce::gtc); // buys at 101
  CHECK(venue.world.state(id) == OrderState::working);
  venue.strand.advance(std::chrono::seconds{1});
  CHECK(venue.world.state(id) == OrderState::working);
  venue.quote(99'00, 100'00);
  venue.strand.advance(std::chrono::milliseconds{100});
  CHECK(venue.world.state(id) == OrderState::filled);
  REQUIRE(venue.shown(id)->fills().size() == 1);
  CHECK(venue.shown(id)->fills()[0].price.units == 101'00);
}

TEST_CASE("a resting order is cancelled, alone or with all others, and told when it is asked for") {
  Paper venue;
  venue.quote(100'00, 102'00);
  const auto id = venue.submit(TimeInForce::gtc);
  SUBCASE("cancelled") {
    REQUIRE(venue.world.desk.cancel(id, venue.world.now).has_value());
    venue.strand.settle();
    CHECK(venue.world.state(id) == OrderState::cancelled);
  }
  SUBCASE("all of them") {
    venue.link->cancel_all();
    venue.strand.settle();
    CHECK(venue.world.state(id) == OrderState::cancelled);
  }
  SUBCASE("its end is told when it is asked for") {
    venue.link->query(venue.shown(id)->intent(), {}, true);
    venue.strand.settle();
    CHECK(venue.world.state(id) == OrderState::working);
  }
  CHECK(venue.link->account().assets.at("BTC").free == money("5"));
}

TEST_CASE("what an earlier run left on paper is over, and said so") {
  Paper venue;
  venue.quote(100'00, 102'00);
  const auto id = venue.submit(TimeInForce::gtc);
  venue.link->stop();
  venue.paper = std::make_shared<core::orders::PaperMarket>(
      venue.key, core::orders::PaperTerms{{{"USDT", money("1000")}}, {0}, {0}},
      [] { return std::string{"1"}; });
  venue.open();
  venue.link->query(venue.shown(id)->intent(), {}, true);
  venue.strand.settle();
  CHECK(venue.world.state(id) == OrderState::cancelled);
  CHECK(venue.world.desk.unsettled().empty());
}

TEST_CASE("after a stop nothing rests on any more") {
  Paper venue;
  venue.quote(100'00, 102'00);
  const auto id = venue.submit(TimeInForce::gtc);
  venue.link->stop();
  venue.strand.settle();
  venue.quote(99'00, 100'00);
  venue.strand.advance(std::chrono::seconds{1});
  CHECK(venue.world.state(id) == OrderState::working);
}

} // namespace tandem::tests
