#include "apps/tandem_sim/book.hpp"

#include <algorithm>

namespace tandem::sim {
namespace {

/// Where `price` is or belongs in a side that has its best at the back.
std::size_t find(const std::vector<Level>& levels, Side side, std::int64_t price) noexcept {
  const auto worse = [side](const Level& level, std::int64_t wanted) {
    return side == Side::bid ? level.price < wanted : level.price > wanted;
  };
  return static_cast<std::size_t>(std::lower_bound(levels.begin(), levels.end(), price, worse)
                                  - levels.begin());
}

} // namespace

void Book::set(Side side, std::int64_t price, std::int64_t quantity) {
  auto& all = side == Side::bid ? bids_ : asks_;
  const auto index = find(all, side, price);
  const auto place = all.begin() + static_cast<std::ptrdiff_t>(index);
  const bool there = index < all.size() && all[index].price == price;
  if (quantity == 0) {
    if (there)
      all.erase(place);
    return;
  }
  if (there)
    place->quantity = quantity;
  else
    all.insert(place, Level{price, quantity});
}

std::int64_t Book::at(Side side, std::int64_t price) const noexcept {
  const auto& all = levels(side);
  const auto index = find(all, side, price);
  return index < all.size() && all[index].price == price ? all[index].quantity : 0;
}

std::vector<Level> Book::top(Side side, std::size_t count) const {
  const auto& all = levels(side);
  return {all.rbegin(), all.rbegin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()))};
}

} // namespace tandem::sim
