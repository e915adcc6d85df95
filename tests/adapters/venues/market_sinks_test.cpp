/// Who gets a market's books, and with which numbers.
#include "adapters/venues/market_sinks.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace tandem;
using namespace std::chrono_literals;
using adapters::venues::MarketSinks;
using core::market::BookCondition;
using core::market::DepthSlot;
using core::market::DepthView;
using core::market::WakeFlag;

const core::MarketKey market{core::VenueId{"binance"}, core::MarketType::spot};
const core::Symbol symbol{"BTCUSDT"};

struct Consumer {
  Consumer()
      : wake{std::make_shared<WakeFlag>([this] { ++wakes; })},
        slot{std::make_shared<DepthSlot>(50, core::Quantity{0}, wake)} {}

  const DepthView& look() {
    bool changed = false;
    wake->begin();
    const auto& view = slot->read(changed);
    wake->end();
    return view;
  }

  int wakes = 0;
  std::shared_ptr<WakeFlag> wake;
  std::shared_ptr<DepthSlot> slot;
};

core::market::OrderBook book_with(std::int64_t bid) {
  core::market::OrderBook book{{2, 3}};
  const std::vector<core::market::Level> bids{{core::Price{bid}, core::Quantity{1}}};
  static_cast<void>(book.apply(core::market::Side::bid, bids));
  return book;
}

DepthView live_head() {
  DepthView head;
  head.condition = BookCondition::live;
  return head;
}

} // namespace

TEST_CASE("every slot gets each state with the same version; nobody gets it twice") {
  core::market::Board board;
  MarketSinks sinks{board, market};
  Consumer one, two;
  sinks.add_slot(symbol, one.slot);
  sinks.add_slot(symbol, one.slot); // again: once
  sinks.add_slot(symbol, two.slot);
  CHECK(sinks.book(symbol).slots.size() == 2);
  auto head = live_head();
  const core::MonoTime now{1h};
  sinks.publish(sinks.book(symbol), book_with(100), head, now);
  CHECK(one.wakes == 1);
  CHECK(one.look().version == two.look().version);
  CHECK(one.look().bids()[0].price == core::Price{100});
  CHECK(sinks.remove_slot(symbol, one.slot) == 1);
  sinks.publish(sinks.book(symbol), book_with(101), head, now);
  CHECK(one.look().bids()[0].price == core::Price{100});
  CHECK(two.look().bids()[0].price == core::Price{101});
}

TEST_CASE("a condition takes the levels away from slots and board at once") {
  core::market::Board board;
  MarketSinks sinks{board, market};
  Consumer consumer;
  sinks.add_slot(symbol, consumer.slot);
  auto head = live_head();
  core::MonoTime now{1h};
  sinks.publish(sinks.book(symbol), book_with(100), head, now);
  now += 1ms; // inside the board's interval
  sinks.publish_condition(sinks.book(symbol), BookCondition::gap, nullptr, now);
  CHECK(consumer.look().condition == BookCondition::gap);
  CHECK(consumer.look().bids().empty());
  const auto shown = board.find({market.venue, market.type, symbol})->view();
  CHECK(shown->condition == BookCondition::gap);
  CHECK(shown->bids().empty());
  CHECK_FALSE(sinks.book(symbol).board_behind);
}

TEST_CASE("the board is written every 50 ms at most and is owed what it missed") {
  core::market::Board board;
  MarketSinks sinks{board, market};
  auto head = live_head();
  core::MonoTime now{1h};
  auto& book = sinks.book(symbol);
  sinks.publish(book, book_with(100), head, now);
  now += 49ms;
  sinks.publish(book, book_with(101), head, now);
  CHECK(book.board->view()->bids()[0].price == core::Price{100});
  CHECK(book.board_behind);
  now += 1ms;
  sinks.publish(book, book_with(102), head, now);
  CHECK(book.board->view()->bids()[0].price == core::Price{102});
  CHECK_FALSE(book.board_behind);
}

TEST_CASE("the end of a feed distrusts every book") {
  core::market::Board board;
  MarketSinks sinks{board, market};
  Consumer one, two;
  sinks.add_slot(symbol, one.slot);
  sinks.add_slot(core::Symbol{"ETHUSDT"}, two.slot);
  auto head = live_head();
  sinks.publish(sinks.book(symbol), book_with(100), head, core::MonoTime{1h});
  sinks.all_down(core::MonoTime{1h});
  CHECK(one.look().condition == BookCondition::down);
  CHECK(two.look().condition == BookCondition::down);
  CHECK(two.wakes == 1);
}

TEST_CASE("the next incarnation's versions and generations go on where the last one stopped") {
  core::market::Board board;
  Consumer consumer;
  std::uint64_t version = 0;
  std::uint32_t generation = 0;
  {
    MarketSinks sinks{board, market};
    sinks.add_slot(symbol, consumer.slot);
    auto head = live_head();
    sinks.book(symbol).generation = 7;
    for (int i = 0; i < 100; ++i)
      sinks.publish(sinks.book(symbol), book_with(100), head, core::MonoTime{1h});
    sinks.all_down(core::MonoTime{1h});
    version = consumer.look().version;
    generation = consumer.look().generation;
  }
  CHECK(version == 101);
  MarketSinks next{board, market};
  next.add_slot(symbol, consumer.slot);
  auto head = live_head();
  next.publish(next.book(symbol), book_with(100), head, core::MonoTime{1h});
  CHECK(consumer.look().version == version + 1);
  CHECK(consumer.look().generation >= generation);
}

TEST_CASE("a lossless replay is asked before each slot is overwritten") {
  core::market::Board board;
  int asked = 0;
  MarketSinks sinks{board, market, [&](const WakeFlag&) { ++asked; }};
  Consumer one, two;
  sinks.add_slot(symbol, one.slot);
  sinks.add_slot(symbol, two.slot);
  auto head = live_head();
  sinks.publish(sinks.book(symbol), book_with(100), head, core::MonoTime{1h});
  CHECK(asked == 2);
  sinks.publish_condition(sinks.book(symbol), BookCondition::gap, nullptr, core::MonoTime{1h});
  CHECK(asked == 4);
}
