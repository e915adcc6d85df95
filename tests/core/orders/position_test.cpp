// Positions: average cost, exact cash, and fees where they belong.
#include "core/orders/position.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>

using namespace tandem::core;
using namespace tandem::core::orders;

namespace {

constexpr Scale scale{2, 3};

Money money(std::string_view text) {
  return parse_money(text).value();
}

Fill fill(std::int64_t price, std::int64_t quantity, std::string_view fee = "0",
          const char* asset = "USDT") {
  Fill result;
  result.price = {price};
  result.quantity = {quantity};
  result.fee = money(fee);
  result.fee_asset = asset;
  return result;
}

struct Book {
  Position position;

  void buy(const Fill& f) { position.apply(Side::buy, f, scale, "BTC", "USDT"); }

  void sell(const Fill& f) { position.apply(Side::sell, f, scale, "BTC", "USDT"); }
};

} // namespace

TEST_CASE("buying raises the cost and selling realises against its average") {
  Book book;
  book.buy(fill(100'00, 1'000));
  book.buy(fill(110'00, 1'000));
  CHECK(book.position.quantity() == money("2"));
  CHECK(book.position.cost() == money("210"));
  CHECK(book.position.realised() == Money{});
  book.sell(fill(120'00, 500));
  CHECK(book.position.quantity() == money("1.5"));
  CHECK(book.position.cost() == money("157.5"));
  CHECK(book.position.realised() == money("7.5"));
}

TEST_CASE("a short position is the mirror of a long one") {
  Book book;
  book.sell(fill(100'00, 2'000));
  CHECK(book.position.quantity() == money("-2"));
  CHECK(book.position.cost() == money("-200"));
  book.buy(fill(90'00, 500));
  CHECK(book.position.quantity() == money("-1.5"));
  CHECK(book.position.cost() == money("-150"));
  CHECK(book.position.realised() == money("5"));
}

TEST_CASE("a fill through zero closes the old side and opens the new one at its own price") {
  Book book;
  book.buy(fill(100'00, 1'000));
  book.sell(fill(130'00, 3'000));
  CHECK(book.position.quantity() == money("-2"));
  CHECK(book.position.cost() == money("-260"));
  CHECK(book.position.realised() == money("30"));
}

TEST_CASE("a fee in the quote asset lessens the profit and a rebate adds to it") {
  Book book;
  book.buy(fill(100'00, 1'000, "0.1"));
  CHECK(book.position.realised() == money("-0.1"));
  CHECK(book.position.cost() == money("100"));
  book.sell(fill(100'00, 1'000, "-0.3"));
  CHECK(book.position.realised() == money("0.2"));
  CHECK(book.position.fees() == FeeTotals{{"USDT", money("-0.2")}});
}

TEST_CASE("a fee in the base asset lessens what was received and adds to what was given") {
  Book book;
  book.buy(fill(100'00, 1'000, "0.001", "BTC"));
  CHECK(book.position.quantity() == money("0.999"));
  CHECK(book.position.cost() == money("100"));
  book.sell(fill(100'00, 998, "0.001", "BTC"));
  CHECK(book.position.quantity() == Money{});
  CHECK(book.position.cost() == Money{});
  CHECK(book.position.realised() == money("-0.2"));
}

TEST_CASE("a fee in a third asset is only counted") {
  Book book;
  book.buy(fill(100'00, 1'000, "0.01", "BNB"));
  CHECK(book.position.quantity() == money("1"));
  CHECK(book.position.realised() == Money{});
  CHECK(book.position.fees().at("BNB") == money("0.01"));
}

TEST_CASE("a restated position keeps its average cost and makes no profit by itself") {
  Book book;
  book.buy(fill(100'00, 2'000));
  book.position.restate(money("1"));
  CHECK(book.position.cost() == money("100"));
  CHECK(book.position.realised() == Money{});
  SUBCASE("to nothing") {
    book.position.restate(Money{});
    CHECK(book.position.cost() == Money{});
    CHECK(book.position.realised() == Money{});
  }
  SUBCASE("from the other side: valued at the price of the next fill") {
    book.position.restate(money("-3"));
    CHECK(book.position.cost() == Money{});
    book.buy(fill(70'00, 3'000));
    CHECK(book.position.quantity() == Money{});
    CHECK(book.position.realised() == Money{});
  }
}

TEST_CASE("profit is cash plus cost to the last unit after any fills") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  Book book;
  Money cash, quantity;
  for (int n = 0; n < 20'000; ++n) {
    auto next = fill(static_cast<std::int64_t>(random() % 9'000'000 + 1),
                     static_cast<std::int64_t>(random() % 900'000 + 1));
    next.fee = {static_cast<Int128>(random() % 1'000'000'007)};
    const bool base_fee = random() % 2 == 0;
    next.fee_asset = base_fee ? "BTC" : "USDT";
    const bool buys = random() % 2 == 0;
    const auto value = to_money(next.price * next.quantity, scale);
    const auto amount = to_money(next.quantity, scale);
    cash += buys ? -value : value;
    quantity += buys ? amount : -amount;
    (base_fee ? quantity : cash) -= next.fee;
    buys ? book.buy(next) : book.sell(next);
    REQUIRE((book.position.realised() == cash + book.position.cost()));
    REQUIRE((book.position.quantity() == quantity));
    REQUIRE(((quantity.units < 0) == (book.position.cost().units < 0)
             || book.position.cost() == Money{}));
  }
}
