/// The naive order book the real one is held against: a std::map a side, level by level. Only for
/// tests.
#pragma once

#include "core/market/order_book.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>
#include <vector>

namespace tandem::core::market {

class BookModel {
public:
  void apply(Side side, std::span<const Level> levels) {
    for (const auto& level : levels)
      if (level.quantity.units == 0)
        rows(side).erase(level.price);
      else
        rows(side)[level.price] = level.quantity;
  }

  void trim(std::size_t levels_max) {
    while (bids_.size() > levels_max)
      bids_.erase(bids_.begin());
    while (asks_.size() > levels_max)
      asks_.erase(std::prev(asks_.end()));
  }

  [[nodiscard]] bool knows(Side side, Price price) const {
    return (side == Side::bid ? bids_ : asks_).contains(price);
  }

  [[nodiscard]] std::size_t depth(Side side) const {
    return (side == Side::bid ? bids_ : asks_).size();
  }

  template <class Question>
  [[nodiscard]] bool all_of_lowest_first(Side side, Question question) const {
    for (const auto& [price, quantity] : side == Side::bid ? bids_ : asks_)
      if (!question(Level{price, quantity}))
        return false;
    return true;
  }

  /// Best first.
  [[nodiscard]] std::vector<Level> levels(Side side) const {
    std::vector<Level> result;
    for (const auto& [price, quantity] : side == Side::bid ? bids_ : asks_)
      result.push_back({price, quantity});
    if (side == Side::bid)
      std::ranges::reverse(result);
    return result;
  }

  [[nodiscard]] bool crossed() const {
    return !bids_.empty() && !asks_.empty() && bids_.rbegin()->first >= asks_.begin()->first;
  }

private:
  using Rows = std::map<Price, Quantity>;

  Rows& rows(Side side) { return side == Side::bid ? bids_ : asks_; }

  Rows bids_;
  Rows asks_;
};

/// Best first.
inline std::vector<Level> levels_of(const OrderBook& book, Side side) {
  std::vector<Level> result;
  result.reserve(book.depth(side));
  for (std::size_t n = 0; n < book.depth(side); ++n)
    result.push_back(book.level(side, n));
  return result;
}

} // namespace tandem::core::market
