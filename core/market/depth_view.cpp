#include "core/market/depth_view.hpp"

#include <algorithm>

namespace tandem::core::market {
namespace {

using Store = std::array<Level, depth_view_levels_max>;

/// The cover and what a level adds to it, at the finer of the instrument's and the book's scale.
struct Cover {
  Int128 wanted = 0;
  Int128 per_unit = 1;
};

Cover cover_at(Quantity cover, int cover_decimals, int book_decimals) noexcept {
  const auto finer = std::max(cover_decimals, book_decimals);
  return {static_cast<Int128>(cover.units) * pow10(finer - cover_decimals),
          pow10(finer - book_decimals)};
}

std::uint8_t copy_side(const OrderBook& book, Side side, std::size_t levels, Cover cover,
                       Store& to) noexcept {
  const auto count = std::min({levels, book.depth(side), to.size()});
  Int128 sum = 0;
  for (std::size_t n = 0; n < count; ++n) {
    to[n] = book.level(side, n);
    if (cover.wanted <= 0)
      continue;
    sum += to[n].quantity.units * cover.per_unit;
    if (sum >= cover.wanted)
      return static_cast<std::uint8_t>(n + 1);
  }
  return static_cast<std::uint8_t>(count);
}

} // namespace

std::string_view to_string(BookCondition condition) noexcept {
  switch (condition) {
  case BookCondition::down:
    return "down";
  case BookCondition::syncing:
    return "syncing";
  case BookCondition::gap:
    return "gap";
  case BookCondition::stale:
    return "stale";
  case BookCondition::crossed:
    return "crossed";
  case BookCondition::clock:
    return "clock";
  case BookCondition::live:
    return "live";
  }
  return "down"; // the one that lets nobody trade
}

void copy_view(const DepthView& from, DepthView& to) {
  if (&from == &to)
    return;
  to.condition = from.condition;
  to.bid_count = from.bid_count;
  to.ask_count = from.ask_count;
  to.scale = from.scale;
  to.venue_sequence = from.venue_sequence;
  to.version = from.version;
  to.generation = from.generation;
  to.venue_time = from.venue_time;
  to.received_at = from.received_at;
  if (to.instrument != from.instrument) // spares the shared counter, which other threads also touch
    to.instrument = from.instrument;
  std::ranges::copy(from.bids(), to.bids_store.begin());
  std::ranges::copy(from.asks(), to.asks_store.begin());
}

void copy_levels(const OrderBook& book, std::size_t levels, Quantity cover, DepthView& view) {
  view.scale = book.scale();
  const auto book_decimals = view.scale.quantity_decimals;
  const auto bound
      = cover_at(cover, view.instrument ? view.instrument->scale.quantity_decimals : book_decimals,
                 book_decimals);
  view.bid_count = copy_side(book, Side::bid, levels, bound, view.bids_store);
  view.ask_count = copy_side(book, Side::ask, levels, bound, view.asks_store);
}

} // namespace tandem::core::market
