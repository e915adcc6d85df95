// The order book's rules one by one. order_book_model_test.cpp holds it against a naive book.
#include "core/market/order_book.hpp"

#include "core/ensure.hpp"
#include "tests/core/market/book_model.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string_view>
#include <utility>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::market;

namespace {

using Levels = std::vector<Level>;

Levels levels(std::initializer_list<std::pair<int, int>> rows) {
  Levels result;
  for (const auto& [price, quantity] : rows)
    result.push_back({Price{price}, Quantity{quantity}});
  return result;
}

OrderBook book_with(const Levels& bids, const Levels& asks) {
  OrderBook book;
  (void)book.apply(Side::bid, bids);
  (void)book.apply(Side::ask, asks);
  return book;
}

Level level_from(std::string_view price, std::string_view quantity, Scale scale) {
  return {{parse_scaled(price, scale.price_decimals).value()},
          {parse_scaled(quantity, scale.quantity_decimals).value()}};
}

} // namespace

TEST_CASE("the best bid is the highest, the best ask the lowest, in whatever order they came") {
  for (const auto& order :
       {levels({{1, 10}, {2, 20}, {3, 30}}), levels({{3, 30}, {2, 20}, {1, 10}}),
        levels({{2, 20}, {3, 30}, {1, 10}})}) {
    const auto book = book_with(order, order);
    CHECK(levels_of(book, Side::bid) == levels({{3, 30}, {2, 20}, {1, 10}}));
    CHECK(levels_of(book, Side::ask) == levels({{1, 10}, {2, 20}, {3, 30}}));
    CHECK(book.best(Side::bid) == Level{Price{3}, Quantity{30}});
    CHECK(book.best(Side::ask) == Level{Price{1}, Quantity{10}});
  }
}

TEST_CASE("a level replaces, quantity 0 deletes, an unknown delete is counted") {
  auto book = book_with(levels({{5, 50}, {4, 40}, {3, 30}}), {});
  const auto stats = book.apply(Side::bid, levels({{6, 60}, {5, 51}, {4, 0}, {2, 0}, {1, 0}}));
  CHECK(levels_of(book, Side::bid) == levels({{6, 60}, {5, 51}, {3, 30}}));
  CHECK(stats.changed == 2);
  CHECK(stats.deleted == 1);
  CHECK(stats.deleted_unknown == 2);
}

TEST_CASE("of a price that occurs twice in a frame the last one counts") {
  const auto last = levels({{5, 53}, {4, 40}});
  for (const auto& frame :
       {levels({{5, 51}, {5, 0}, {5, 53}, {4, 0}, {4, 40}}),
        levels({{4, 0}, {4, 40}, {5, 51}, {5, 53}}), levels({{5, 51}, {4, 0}, {5, 53}, {4, 40}})}) {
    auto book = book_with(levels({{5, 50}}), levels({{5, 50}}));
    const auto stats = book.apply(Side::bid, frame);
    CHECK(levels_of(book, Side::bid) == last);
    CHECK(stats.changed == 2);
    CHECK(stats.deleted + stats.deleted_unknown == 0);
    CHECK(book.apply(Side::ask, frame).changed == 2);
    CHECK(levels_of(book, Side::ask) == levels({{4, 40}, {5, 53}}));
  }
  SUBCASE("also when the last one deletes") {
    auto book = book_with({}, levels({{5, 50}}));
    CHECK(book.apply(Side::ask, levels({{5, 51}, {5, 0}})).deleted == 1);
    CHECK(book.depth(Side::ask) == 0);
  }
}

TEST_CASE("an empty frame and an empty side are nothing special") {
  OrderBook book;
  CHECK(book.apply(Side::bid, {}).changed == 0);
  CHECK(!book.best(Side::bid).has_value());
  CHECK(!book.best(Side::ask).has_value());
  CHECK(book.depth(Side::ask) == 0);
  CHECK(book.apply(Side::ask, levels({{1, 0}})).deleted_unknown == 1);
  (void)book.apply(Side::ask, levels({{1, 10}}));
  CHECK(book.apply(Side::ask, levels({{1, 0}})).deleted == 1);
  CHECK(!book.best(Side::ask).has_value());
}

TEST_CASE("a book is crossed when the best bid is at or above the best ask") {
  CHECK(!book_with(levels({{4, 1}}), levels({{5, 1}})).crossed());
  CHECK(book_with(levels({{5, 1}}), levels({{5, 1}})).crossed());
  CHECK(book_with(levels({{6, 1}}), levels({{5, 1}})).crossed());
  CHECK(!book_with({}, levels({{5, 1}})).crossed());
  CHECK(!book_with(levels({{5, 1}}), {}).crossed());
  CHECK(!OrderBook{}.crossed());
}

TEST_CASE("trim drops the worst levels of both sides and says how many") {
  auto book = book_with(levels({{5, 1}, {4, 1}, {3, 1}}), levels({{6, 1}, {7, 1}}));
  CHECK(book.trim(3) == 0);
  CHECK(book.trim(1) == 3);
  CHECK(levels_of(book, Side::bid) == levels({{5, 1}}));
  CHECK(levels_of(book, Side::ask) == levels({{6, 1}}));
  CHECK(book.trim(0) == 2);
  CHECK(book.depth(Side::bid) == 0);
}

TEST_CASE("reset empties the book and sets its scale") {
  auto book = book_with(levels({{5, 1}}), levels({{6, 1}}));
  book.reset({4, 2});
  CHECK(book.depth(Side::bid) + book.depth(Side::ask) == 0);
  CHECK(book.scale() == Scale{4, 2});
}

TEST_CASE("a negative quantity breaks a promise and changes nothing") {
  auto book = book_with(levels({{5, 50}}), {});
  CHECK_THROWS_AS((void)book.apply(Side::bid, levels({{6, 1}, {5, -1}})), BrokenPromise);
  CHECK_THROWS_AS((void)book.apply(Side::bid, levels({{5, -1}})), BrokenPromise);
  CHECK(levels_of(book, Side::bid) == levels({{5, 50}}));
}

TEST_CASE("prices at the ends of int64 keep their order on both sides") {
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  constexpr auto min = std::numeric_limits<std::int64_t>::min();
  const Levels ends{{Price{max}, {1}}, {Price{0}, {2}}, {Price{min}, {3}}};
  const auto book = book_with(ends, ends);
  CHECK(levels_of(book, Side::bid) == ends);
  CHECK(book.best(Side::ask) == Level{Price{min}, {3}});
  CHECK(book.level(Side::ask, 2) == Level{Price{max}, {1}});
}

TEST_CASE("a finer scale re-expresses every level and nothing else") {
  const Scale coarse{2, 3};
  OrderBook book{coarse};
  (void)book.apply(Side::bid, {{level_from("61659.70", "1.486", coarse)}});
  (void)book.apply(Side::ask, {{level_from("61659.80", "0.981", coarse)}});
  book.refine({4, 8});
  CHECK(book.scale() == Scale{4, 8});
  CHECK(book.best(Side::bid) == level_from("61659.7", "1.486", {4, 8}));
  CHECK(book.best(Side::ask) == level_from("61659.8", "0.981", {4, 8}));
  SUBCASE("an off-tick price then finds its place") {
    CHECK(parse_scaled("61659.705", coarse.price_decimals).error().code == Errc::scale_too_coarse);
    (void)book.apply(Side::bid, {{level_from("61659.705", "1", {4, 8})}});
    CHECK(book.best(Side::bid) == level_from("61659.705", "1", {4, 8}));
    CHECK(book.depth(Side::bid) == 2);
    CHECK(!book.crossed());
  }
  SUBCASE("the same scale changes nothing") {
    book.refine({4, 8});
    CHECK(book.best(Side::ask) == level_from("61659.8", "0.981", {4, 8}));
  }
  SUBCASE("coarser, beyond 18 decimals or overflowing is refused and the book stays as it was") {
    CHECK_THROWS_AS(book.refine({3, 8}), BrokenPromise);
    CHECK_THROWS_AS(book.refine({4, 7}), BrokenPromise);
    CHECK_THROWS_AS(book.refine({19, 8}), BrokenPromise);
    CHECK_THROWS_AS(book.refine({18, 8}), BrokenPromise);
    (void)book.apply(Side::ask, {{level_from("70000", "90000000000", {4, 8})}});
    CHECK_THROWS_AS(book.refine({4, 9}), BrokenPromise);
    CHECK(book.scale() == Scale{4, 8});
    CHECK(book.best(Side::ask) == level_from("61659.8", "0.981", {4, 8}));
  }
}

TEST_CASE("spellings of one price are one level, spellings of zero delete it") {
  const Scale scale{2, 8};
  OrderBook book{scale};
  for (const std::string_view price : {"8477", "8477.0", "8477.00", "8.477e3"})
    (void)book.apply(Side::ask, {{level_from(price, "0.00000001", scale)}});
  CHECK(levels_of(book, Side::ask) == Levels{{Price{847'700}, Quantity{1}}});
  for (const std::string_view zero : {"0", "0.0", "0.000", "0e-8"}) {
    (void)book.apply(Side::ask, {{level_from("8477", "1e-8", scale)}});
    CHECK(book.apply(Side::ask, {{level_from("8477.000", zero, scale)}}).deleted == 1);
    CHECK(book.depth(Side::ask) == 0);
  }
}

TEST_CASE("coins of a millionth of a cent are as exact as any") {
  const Scale scale{10, 0}; // VVSUSDT and CULTUSDT trade at such prices
  OrderBook book{scale};
  (void)book.apply(Side::bid, {{level_from("0.0000079430", "15000000000", scale)}});
  (void)book.apply(Side::ask, {{level_from("0.0000079431", "1", scale)}});
  CHECK(format_scaled(book.best(Side::bid)->price.units, 10) == "0.000007943");
  CHECK(format_scaled(book.best(Side::bid)->quantity.units, 0) == "15000000000");
  CHECK(!book.crossed());
}
