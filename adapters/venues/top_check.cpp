#include "adapters/venues/top_check.hpp"

#include <fmt/format.h>

namespace tandem::adapters::venues {
namespace {

using core::market::OrderBook;
using core::market::Side;

/// Best-price frames that may come between a state of the book and the depth frame that tells it: a
/// busy market sends about ten in 100 ms.
constexpr std::size_t kept_max = 64;
/// No price or size is longer; what is, is not kept.
constexpr std::size_t text_max = 64;

bool same(const OrderBook& book, Side side, const std::string& price, const std::string& size) {
  const auto best = book.best(side);
  if (price.empty() || !best)
    return price.empty() && !best;
  const auto price_units = core::parse_scaled(price, book.scale().price_decimals);
  const auto size_units = core::parse_scaled(size, book.scale().quantity_decimals);
  return price_units && size_units && *price_units == best->price.units
         && *size_units == best->quantity.units;
}

} // namespace

TopCheck::Verdict TopCheck::compare(const Kept& kept, const OrderBook& book) {
  const bool equal = same(book, Side::bid, kept.bid, kept.bid_size)
                     && same(book, Side::ask, kept.ask, kept.ask_size);
  return equal ? Verdict::equal : Verdict::different;
}

TopCheck::Verdict TopCheck::on_best(const BestFrame& frame, std::uint64_t sequence,
                                    const OrderBook& book) {
  for (const auto& side : {frame.bid, frame.ask})
    if (side.price.size() > text_max || side.size.size() > text_max)
      return Verdict::unknown;
  if (kept_.empty())
    kept_.resize(kept_max);
  newest_ = (newest_ + 1) % kept_max;
  auto& kept = kept_[newest_];
  kept.sequence = sequence_of(frame);
  kept.bid.assign(frame.bid.price);
  kept.bid_size.assign(frame.bid.size);
  kept.ask.assign(frame.ask.price);
  kept.ask_size.assign(frame.ask.size);
  return sequence != 0 && kept.sequence == sequence ? compare(kept, book) : Verdict::unknown;
}

TopCheck::Verdict TopCheck::on_book(std::uint64_t sequence, const OrderBook& book) const {
  if (sequence == 0)
    return Verdict::unknown;
  for (std::size_t n = 0; n < kept_.size(); ++n) {
    const auto& kept = kept_[(newest_ + kept_max - n) % kept_max];
    if (kept.sequence == sequence)
      return compare(kept, book);
  }
  return Verdict::unknown;
}

std::string TopCheck::describe(const OrderBook& book) {
  const auto side = [&](Side which) {
    const auto best = book.best(which);
    return best ? fmt::format(
               "{} @ {}", core::format_scaled(best->quantity.units, book.scale().quantity_decimals),
               core::format_scaled(best->price.units, book.scale().price_decimals))
                : std::string{"nothing"};
  };
  return fmt::format("bid {}, ask {}", side(Side::bid), side(Side::ask));
}

} // namespace tandem::adapters::venues
