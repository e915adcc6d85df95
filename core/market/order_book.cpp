#include "core/market/order_book.hpp"

#include "core/ensure.hpp"

#include <algorithm>

namespace tandem::core::market {
namespace {

using Rows = std::vector<std::int64_t>;

auto position(Rows& rows, std::size_t n) {
  return rows.begin() + static_cast<std::ptrdiff_t>(n);
}

/// First of the positions [0, end) whose key is not below `key`; `end` when there is none. Searches
/// from the end in doubling steps: the changes of a frame stand close together and close to the
/// best.
std::size_t find_from_back(const Rows& keys, std::size_t end, std::int64_t key) {
  std::size_t high = end; // nothing in [high, end) is below `key`
  std::size_t low = 0;
  for (std::size_t step = 1; step <= high; step *= 2) {
    if (keys[high - step] < key) {
      low = high - step + 1;
      break;
    }
    high -= step;
  }
  // Without a branch in the loop: where the level stands cannot be predicted.
  std::size_t count = high - low;
  if (count == 0)
    return low;
  while (count > 1) {
    const auto half = count / 2;
    low += static_cast<std::size_t>(keys[low + half - 1] < key) * half;
    count -= half;
  }
  return low + (keys[low] < key ? 1 : 0);
}

std::size_t moved(std::size_t at, std::ptrdiff_t offset) noexcept {
  return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(at) + offset);
}

/// Moves rows [begin, end) by `offset` places.
void shift(Rows& rows, std::size_t begin, std::size_t end, std::ptrdiff_t offset) {
  if (offset < 0)
    std::copy(position(rows, begin), position(rows, end), position(rows, begin) + offset);
  else
    std::copy_backward(position(rows, begin), position(rows, end), position(rows, end) + offset);
}

void erase_front(Rows& rows, std::size_t count) {
  rows.erase(rows.begin(), position(rows, count));
}

bool overflows(std::int64_t value, std::int64_t factor) noexcept {
  std::int64_t product = 0;
  return __builtin_mul_overflow(value, factor, &product);
}

} // namespace

OrderBook::OrderBook(Scale scale, std::size_t levels_reserved) : scale_{scale} {
  for (auto* rows : {&bids_, &asks_}) {
    rows->keys.reserve(levels_reserved);
    rows->quantities.reserve(levels_reserved);
  }
  moves_.reserve(levels_reserved);
}

void OrderBook::reset(Scale scale) {
  scale_ = scale;
  for (auto* rows : {&bids_, &asks_}) {
    rows->keys.clear();
    rows->quantities.clear();
  }
}

void OrderBook::refine(Scale finer) {
  TANDEM_ENSURE(finer.price_decimals >= scale_.price_decimals);
  TANDEM_ENSURE(finer.quantity_decimals >= scale_.quantity_decimals);
  TANDEM_ENSURE(finer.price_decimals <= decimals_max && finer.quantity_decimals <= decimals_max);
  const auto price_factor = pow10(finer.price_decimals - scale_.price_decimals);
  const auto quantity_factor = pow10(finer.quantity_decimals - scale_.quantity_decimals);
  // All is checked before anything changes.
  for (const auto side : {Side::bid, Side::ask})
    for (std::size_t n = 0; n < depth(side); ++n) {
      TANDEM_ENSURE(!overflows(level(side, n).price.units, price_factor));
      TANDEM_ENSURE(!overflows(level(side, n).quantity.units, quantity_factor));
    }
  for (const auto side : {Side::bid, Side::ask}) {
    auto& rows = side == Side::bid ? bids_ : asks_;
    for (auto& key : rows.keys)
      key = ((key ^ flip(side)) * price_factor) ^ flip(side);
    for (auto& quantity : rows.quantities)
      quantity *= quantity_factor;
  }
  scale_ = finer;
}

ApplyStats OrderBook::apply(Side side, std::span<const Level> levels) {
  bool rising = true;
  bool falling = true;
  std::int64_t signs = levels.empty() ? 0 : levels.front().quantity.units;
  for (std::size_t n = 1; n < levels.size(); ++n) {
    rising &= levels[n - 1].price <= levels[n].price;
    falling &= levels[n - 1].price >= levels[n].price;
    signs |= levels[n].quantity.units;
  }
  TANDEM_ENSURE(signs >= 0);
  auto& rows = side == Side::bid ? bids_ : asks_;
  const bool best_first = side == Side::bid ? falling : rising;
  const bool worst_first = side == Side::bid ? rising : falling;
  ApplyStats stats;
  moves_.clear();
  if (best_first)
    apply_best_first(rows, flip(side), levels, stats);
  else if (worst_first)
    apply_worst_first(rows, flip(side), levels, stats);
  else
    apply_unsorted(rows, flip(side), levels, stats);
  if (!moves_.empty())
    perform_moves(rows);
  return stats;
}

void OrderBook::apply_best_first(Ladder& rows, std::int64_t flipped, std::span<const Level> levels,
                                 ApplyStats& stats) {
  auto end = rows.keys.size();
  for (std::size_t n = 0; n < levels.size(); ++n) {
    if (n + 1 < levels.size() && levels[n + 1].price == levels[n].price)
      continue; // the last one of a price counts
    end = apply_one(rows, end, levels[n].price.units ^ flipped, levels[n].quantity.units, stats);
  }
}

void OrderBook::apply_worst_first(Ladder& rows, std::int64_t flipped, std::span<const Level> levels,
                                  ApplyStats& stats) {
  auto end = rows.keys.size();
  for (std::size_t n = levels.size(); n-- > 0;) {
    if (n + 1 < levels.size() && levels[n + 1].price == levels[n].price)
      continue; // the last one of a price was met first
    end = apply_one(rows, end, levels[n].price.units ^ flipped, levels[n].quantity.units, stats);
  }
}

void OrderBook::apply_unsorted(Ladder& rows, std::int64_t flipped, std::span<const Level> levels,
                               ApplyStats& stats) {
  entries_.clear();
  for (const auto& level : levels)
    entries_.push_back({level.price.units ^ flipped, level.quantity.units, entries_.size()});
  std::ranges::sort(entries_, [](const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key > b.key : a.order > b.order;
  });
  auto end = rows.keys.size();
  for (std::size_t n = 0; n < entries_.size(); ++n)
    if (n == 0 || entries_[n - 1].key != entries_[n].key)
      end = apply_one(rows, end, entries_[n].key, entries_[n].quantity, stats);
}

/// Replaces in place; notes what comes or goes in `moves_`. Returns where the next, worse level is
/// searched from.
std::size_t OrderBook::apply_one(Ladder& rows, std::size_t end, std::int64_t key,
                                 std::int64_t quantity, ApplyStats& stats) {
  const auto at = find_from_back(rows.keys, end, key);
  const bool known = at < end && rows.keys[at] == key;
  if (quantity == 0) {
    if (known)
      moves_.push_back({at, key, 0});
    ++(known ? stats.deleted : stats.deleted_unknown);
    return at;
  }
  ++stats.changed;
  if (known)
    rows.quantities[at] = quantity;
  else
    moves_.push_back({at, key, quantity});
  return at;
}

/// Each stretch of rows between two moves goes as many places as rows come minus rows go below it
/// (towards the worst). Those that go towards the best are moved beginning with the best, the
/// others beginning with the worst: then none lands on rows that still have to go.
void OrderBook::perform_moves(Ladder& rows) {
  const auto shift_both = [&rows](std::size_t begin, std::size_t end, std::ptrdiff_t offset) {
    shift(rows.keys, begin, end, offset);
    shift(rows.quantities, begin, end, offset);
  };
  const auto size = rows.keys.size();
  std::ptrdiff_t offset = 0;
  for (const auto& move : moves_)
    offset += move.step();
  const auto size_after = moved(size, offset);
  rows.resize(std::max(size, size_after));
  auto end = size;
  for (const auto& move : moves_) {
    if (offset > 0)
      shift_both(move.behind(), end, offset);
    offset -= move.step();
    end = move.at;
  }
  for (std::size_t n = moves_.size(); n-- > 0;) {
    const auto& move = moves_[n];
    const auto to = moved(move.at, offset);
    offset += move.step();
    if (offset < 0)
      shift_both(move.behind(), n == 0 ? size : moves_[n - 1].at, offset);
    if (move.quantity == 0)
      continue;
    // Free by now: what stood here went either way before.
    rows.keys[to] = move.key;
    rows.quantities[to] = move.quantity;
  }
  rows.resize(size_after);
}

std::size_t OrderBook::trim(std::size_t levels_max) {
  std::size_t dropped = 0;
  for (auto* rows : {&bids_, &asks_}) {
    if (rows->keys.size() <= levels_max)
      continue;
    const auto excess = rows->keys.size() - levels_max;
    erase_front(rows->keys, excess);
    erase_front(rows->quantities, excess);
    dropped += excess;
  }
  return dropped;
}

} // namespace tandem::core::market
