// Random frames of every shape against a naive book: after each frame both hold the same and the
// invariants stand. TANDEM_MODEL_FRAMES=1000000 makes it longer.
#include "core/market/order_book.hpp"
#include "tests/core/market/book_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::market;

namespace {

using Random = std::mt19937_64;

std::uint64_t frames_wanted() {
  const char* const text = std::getenv("TANDEM_MODEL_FRAMES");
  return text == nullptr ? 100'000 : std::strtoull(text, nullptr, 10);
}

enum class Order : std::uint8_t { rising, falling, any };

/// Few prices in a narrow band give collisions, deletes of known prices and duplicates; the band
/// moves.
std::vector<Level> random_frame(Random& random, std::int64_t middle) {
  std::vector<Level> frame(random() % 4 == 0 ? random() % 24 : random() % 6);
  const auto width = std::int64_t{1} << (random() % 8);
  for (auto& level : frame) {
    level.price = {middle + static_cast<std::int64_t>(random() % 128) % width - width / 2};
    level.quantity = {random() % 3 == 0 ? 0 : static_cast<std::int64_t>(random() % 1'000 + 1)};
  }
  const auto order = static_cast<Order>(random() % 3);
  // Stable: among duplicates the last one stays the last one.
  if (order == Order::rising)
    std::ranges::stable_sort(frame, {}, &Level::price);
  if (order == Order::falling)
    std::ranges::stable_sort(frame, std::ranges::greater{}, &Level::price);
  return frame;
}

/// What the counters must say: each price of the frame once, by its last level.
ApplyStats expected_stats(const BookModel& model, Side side, const std::vector<Level>& frame) {
  ApplyStats stats;
  for (std::size_t n = 0; n < frame.size(); ++n) {
    bool last = true;
    for (std::size_t later = n + 1; later < frame.size() && last; ++later)
      last = frame[later].price != frame[n].price;
    if (!last)
      continue;
    if (frame[n].quantity.units != 0)
      ++stats.changed;
    else
      ++(model.knows(side, frame[n].price) ? stats.deleted : stats.deleted_unknown);
  }
  return stats;
}

bool equal(const ApplyStats& a, const ApplyStats& b) {
  return a.changed == b.changed && a.deleted == b.deleted && a.deleted_unknown == b.deleted_unknown;
}

/// What must be deleted from one side so that the book is not crossed.
std::vector<Level> crossing_levels(const BookModel& model, Side side) {
  auto levels = model.levels(side);
  const auto limit = model.levels(side == Side::bid ? Side::ask : Side::bid).front().price;
  std::erase_if(levels, [&](const Level& level) {
    return side == Side::bid ? level.price < limit : level.price > limit;
  });
  for (auto& level : levels)
    level.quantity = {};
  return levels;
}

/// The sides are equal, and the book's is strictly sorted, without zero sizes, with the right best.
bool same_side(const OrderBook& book, const BookModel& model, Side side) {
  if (book.depth(side) != model.depth(side))
    return false;
  std::size_t n = book.depth(side);
  // A model is strictly sorted by what it is: being equal to it is being sorted.
  const bool same = model.all_of_lowest_first(side, [&](const Level& expected) {
    --n;
    const auto level = book.level(side, side == Side::bid ? n : book.depth(side) - 1 - n);
    return level == expected && level.quantity.units > 0;
  });
  const auto best = book.best(side);
  return same && best.has_value() == (book.depth(side) > 0)
         && (!best || *best == book.level(side, 0));
}

/// Both books take the same frame. Returns whether they agree on all that the frame can have
/// touched.
bool apply_to_both(OrderBook& book, BookModel& model, Side side, const std::vector<Level>& frame) {
  const auto stats = expected_stats(model, side, frame);
  const bool counted = equal(book.apply(side, frame), stats);
  model.apply(side, frame);
  return counted && same_side(book, model, side) && book.crossed() == model.crossed();
}

} // namespace

TEST_CASE("a book equals a naive book after every random frame") {
  const auto frames = frames_wanted();
  Random random{20'240'808};
  OrderBook book{{2, 5}, 16};
  BookModel model;
  std::int64_t middle = 1'000;
  std::uint64_t crossings = 0;
  for (std::uint64_t n = 0; n < frames; ++n) {
    middle += static_cast<std::int64_t>(random() % 9) - 4;
    const auto side = random() % 2 == 0 ? Side::bid : Side::ask;
    const auto frame = model.crossed() && random() % 4 != 0
                           ? crossing_levels(model, side)
                           : random_frame(random, middle + (side == Side::bid ? -20 : 20));
    bool right = apply_to_both(book, model, side, frame);
    if (random() % 8 == 0) {
      const auto levels_max = random() % 32;
      (void)book.trim(levels_max);
      model.trim(levels_max);
      right = right && same_side(book, model, Side::bid) && same_side(book, model, Side::ask);
    }
    crossings += book.crossed() ? 1 : 0;
    // Not a check a frame: a hundred thousand passing assertions would cost more than the books.
    if (!right) {
      CAPTURE(n);
      REQUIRE(right);
    }
  }
  if (frames >= 1'000) { // both conditions were seen often
    CHECK(crossings > frames / 20);
    CHECK(crossings < frames - frames / 20);
  }
}

TEST_CASE("big frames over a deep book land where a naive book has them") {
  Random random{7};
  OrderBook book{{2, 5}, 16};
  BookModel model;
  for (int n = 0; n < 60; ++n) {
    std::vector<Level> frame(n % 7 == 0 ? 2'000 : random() % 60);
    for (auto& level : frame)
      level = {Price{static_cast<std::int64_t>(random() % 4'000)},
               Quantity{static_cast<std::int64_t>(random() % 3)}};
    for (const auto side : {Side::bid, Side::ask}) {
      if (n % 3 == 0)
        std::ranges::stable_sort(frame, {}, &Level::price);
      (void)book.apply(side, frame);
      model.apply(side, frame);
      REQUIRE(levels_of(book, side) == model.levels(side));
    }
  }
  CHECK(book.depth(Side::bid) > 1'000);
}
