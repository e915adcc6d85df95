// A recorded market as orders meet it: the recorded book, less what accounts have taken, with the
// orders of accounts queued in it. What the public is told stays the recording; this book is for
// matching alone.
#include "apps/tandem_sim/market.hpp"

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::int64_t first_trade = 7'000'000'000;

/// Whether an order resting at `price` on `side` trades with somebody on the other side at `other`.
bool meets(Side side, std::int64_t price, std::int64_t other) noexcept {
  return side == Side::bid ? price >= other : price <= other;
}

} // namespace

Market::Market(Instrument instrument)
    : instrument_{std::move(instrument)}, recorded_{true}, random_{1}, bars_{0, 2}, update_id_{0},
      trade_id_{first_trade}, aggregate_id_{0} {}

std::int64_t Market::price() const noexcept {
  if (!recorded_ || book_.empty(Side::bid) || book_.empty(Side::ask))
    return bars_.last_price();
  const auto mid = (book_.best(Side::bid).price + book_.best(Side::ask).price) / 2;
  return mid - mid % instrument_.tick;
}

void Market::met(Side side, const Execution& execution, core::UnixMillis now, Step& out) {
  const auto price = execution.price;
  const auto quantity = execution.quantity;
  set(side, price, book_.at(side, price) - quantity, out);
  const Aggregate sum{++aggregate_id_, price, quantity, trade_id_ + 1, 0, now, side == Side::bid};
  out.executions.push_back({execution.order, price, quantity, print(sum, quantity, now, out)});
}

std::int64_t Market::meet(Queued& order, std::int64_t quantity, core::UnixMillis now, Step& out) {
  const auto part = std::min(order.left, quantity);
  if (part <= 0)
    return 0;
  order.left -= part;
  met(order.side, {order.order, order.price, part, 0}, now, out);
  return part;
}

std::vector<Market::Queued*> Market::meeting(Side side, std::int64_t price) {
  std::vector<Queued*> result;
  for (auto& each : queue_)
    if (each.side == side && meets(side, each.price, price))
      result.push_back(&each);
  std::ranges::stable_sort(result, [side](const Queued* one, const Queued* other) {
    return side == Side::bid ? one->price > other->price : one->price < other->price;
  });
  return result;
}

void Market::mirror(Side side, std::int64_t price, std::int64_t quantity, core::UnixMillis now,
                    Step& out) {
  if (told_.at(side, price) == quantity)
    return; // whole books repeat themselves: what was taken of it stays taken
  told_.set(side, price, quantity);
  // Whoever wanted this price would have had it: orders of accounts that it crosses trade first.
  for (auto* each : meeting(side == Side::bid ? Side::ask : Side::bid, price))
    quantity -= meet(*each, quantity, now, out);
  std::erase_if(queue_, [](const Queued& each) { return each.left == 0; });
  set_generated(side, price, quantity, out);
  changed_at_ = now;
}

void Market::mirror_all(const std::vector<Level>& bids, const std::vector<Level>& asks,
                        core::UnixMillis now, Step& out) {
  for (const auto side : {Side::bid, Side::ask}) {
    const auto& wanted = side == Side::bid ? bids : asks;
    for (const auto& level : told_.top(side, told_.size(side)))
      if (std::ranges::find(wanted, level.price, &Level::price) == wanted.end())
        mirror(side, level.price, 0, now, out);
  }
  for (const auto& level : bids)
    mirror(Side::bid, level.price, level.quantity, now, out);
  for (const auto& level : asks)
    mirror(Side::ask, level.price, level.quantity, now, out);
}

void Market::pass(Side maker, std::int64_t price, std::int64_t quantity, core::UnixMillis now,
                  Step& out) {
  for (auto* each : meeting(maker, price))
    if (each->price != price)
      quantity -= meet(*each, quantity, now, out); // it offered more than who traded
  std::erase_if(queue_, [](const Queued& each) { return each.left == 0; });
  for (const auto& each : consume(maker, {price, quantity}, quantity))
    if (each.order != 0) // what the recording itself loses, it says
      met(maker, each, now, out);
  keep_recent();
}

} // namespace tandem::sim
