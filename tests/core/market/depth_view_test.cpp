// What leaves a book: as many levels as asked for or needed, and copies that carry the valid part.
#include "core/market/depth_view.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::market;

namespace {

/// Bids 100, 99, ... and asks 101, 102, ...; each level holds 10 units.
OrderBook book_of(std::int64_t levels, Scale scale = {0, 0}) {
  OrderBook book{scale};
  for (std::int64_t n = 0; n < levels; ++n) {
    (void)book.apply(Side::bid, {{{Price{100 - n}, Quantity{10}}}});
    (void)book.apply(Side::ask, {{{Price{101 + n}, Quantity{10}}}});
  }
  return book;
}

std::shared_ptr<const Instrument> instrument_with(Scale scale) {
  Instrument instrument;
  instrument.scale = scale;
  return std::make_shared<const Instrument>(instrument);
}

struct Counts {
  int bids, asks;

  friend bool operator==(const Counts&, const Counts&) = default;
};

Counts copied(const OrderBook& book, std::size_t levels, std::int64_t cover,
              std::shared_ptr<const Instrument> instrument = nullptr) {
  DepthView view;
  view.instrument = std::move(instrument);
  copy_levels(book, levels, Quantity{cover}, view);
  return {view.bid_count, view.ask_count};
}

} // namespace

TEST_CASE("the best levels are copied best first, with the book's scale") {
  const auto book = book_of(5, {2, 3});
  DepthView view;
  copy_levels(book, 3, {}, view);
  CHECK(view.scale == Scale{2, 3});
  REQUIRE(view.bids().size() == 3);
  REQUIRE(view.asks().size() == 3);
  CHECK(view.bids()[0] == Level{Price{100}, Quantity{10}});
  CHECK(view.bids()[2] == Level{Price{98}, Quantity{10}});
  CHECK(view.asks()[0] == Level{Price{101}, Quantity{10}});
  CHECK(view.asks()[2] == Level{Price{103}, Quantity{10}});
}

TEST_CASE("no more levels are copied than asked for, held or fit") {
  CHECK(copied(book_of(5), 10, 0) == Counts{5, 5});
  CHECK(copied(book_of(80), 80, 0) == Counts{50, 50});
  CHECK(copied(book_of(5), 0, 0) == Counts{0, 0});
  CHECK(copied(OrderBook{}, 10, 25) == Counts{0, 0});
}

TEST_CASE("copying stops at the level that reaches the cover") {
  CHECK(copied(book_of(5), 10, 1) == Counts{1, 1});
  CHECK(copied(book_of(5), 10, 10) == Counts{1, 1});
  CHECK(copied(book_of(5), 10, 11) == Counts{2, 2});
  CHECK(copied(book_of(5), 10, 50) == Counts{5, 5});
  CHECK(copied(book_of(5), 10, 51) == Counts{5, 5});
  CHECK(copied(book_of(5), 2, 51) == Counts{2, 2});
}

TEST_CASE("the cover is understood at the instrument's scale also when the book's is finer") {
  auto book = book_of(5);
  book.refine({0, 3}); // each level is 10.000
  CHECK(copied(book, 10, 11, instrument_with({0, 0})) == Counts{2, 2});
  CHECK(copied(book, 10, 11, instrument_with({0, 1})) == Counts{1, 1});
  CHECK(copied(book, 10, 101, instrument_with({0, 1})) == Counts{2, 2});
  CHECK(copied(book, 10, 10'001) == Counts{2, 2});
  SUBCASE("and when it is coarser") {
    CHECK(copied(book_of(5), 10, 1'001, instrument_with({0, 2})) == Counts{2, 2});
  }
}

TEST_CASE("sizes whose sum is beyond 64 bits do not wrap") {
  constexpr auto huge = std::numeric_limits<std::int64_t>::max() - 1;
  OrderBook book;
  (void)book.apply(Side::bid, {{{Price{2}, Quantity{huge}}, {Price{1}, Quantity{huge}}}});
  CHECK(copied(book, 10, huge + 1).bids == 2);
  CHECK(copied(book, 10, huge).bids == 1);
}

TEST_CASE("a copied view equals its source in every field that is valid") {
  DepthView from;
  from.condition = BookCondition::live;
  from.venue_sequence = 7;
  from.version = 8;
  from.generation = 9;
  from.venue_time = 10;
  from.received_at = MonoTime{std::chrono::nanoseconds{11}};
  from.instrument = instrument_with({2, 3});
  copy_levels(book_of(4, {2, 3}), 4, {}, from);
  DepthView to;
  copy_levels(book_of(50), 50, {}, to);
  copy_view(from, to);
  CHECK(to.condition == BookCondition::live);
  CHECK(to.venue_sequence == 7);
  CHECK(to.version == 8);
  CHECK(to.generation == 9);
  CHECK(to.venue_time == 10);
  CHECK(to.received_at == from.received_at);
  CHECK(to.instrument == from.instrument);
  CHECK(to.scale == Scale{2, 3});
  CHECK(std::vector(to.bids().begin(), to.bids().end())
        == std::vector(from.bids().begin(), from.bids().end()));
  CHECK(std::vector(to.asks().begin(), to.asks().end())
        == std::vector(from.asks().begin(), from.asks().end()));
  copy_view(to, to);
  CHECK(to.bids().size() == 4);
}

TEST_CASE("every condition has its word") {
  CHECK(to_string(BookCondition::down) == "down");
  CHECK(to_string(BookCondition::syncing) == "syncing");
  CHECK(to_string(BookCondition::gap) == "gap");
  CHECK(to_string(BookCondition::stale) == "stale");
  CHECK(to_string(BookCondition::crossed) == "crossed");
  CHECK(to_string(BookCondition::clock) == "clock");
  CHECK(to_string(BookCondition::live) == "live");
}
