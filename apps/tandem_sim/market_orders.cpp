// Orders of accounts in a generated market: their queue at each price, and taking.
#include "apps/tandem_sim/market.hpp"

#include <algorithm>
#include <cstddef>

namespace tandem::sim {
namespace {

constexpr std::size_t trades_kept = 1'000; // the most a venue's REST route answers

bool beyond(Side maker, std::int64_t price, std::optional<std::int64_t> limit) noexcept {
  return limit && (maker == Side::ask ? price > *limit : price < *limit);
}

} // namespace

std::int64_t Market::own(Side side, std::int64_t price) const noexcept {
  std::int64_t sum = 0;
  for (const Queued& each : queue_) {
    if (each.side == side && each.price == price)
      sum += each.left;
  }
  return sum;
}

void Market::set_generated(Side side, std::int64_t price, std::int64_t quantity, Step& out) {
  std::int64_t accounts = 0;
  for (Queued& each : queue_) {
    if (each.side != side || each.price != price)
      continue;
    accounts += each.left;
    each.ahead = std::min(each.ahead, quantity);
  }
  set(side, price, quantity + accounts, out);
}

std::vector<Execution> Market::consume(Side maker, const Level& level, std::int64_t quantity) {
  std::vector<Execution> met;
  const auto give = [&](std::int64_t order, std::int64_t part) {
    if (part > 0)
      met.push_back({order, level.price, part, 0});
    quantity -= part;
  };
  for (std::size_t i = 0; i < queue_.size() && quantity > 0; ++i) {
    if (queue_[i].side != maker || queue_[i].price != level.price)
      continue;
    const auto generated = std::min(queue_[i].ahead, quantity);
    give(0, generated);
    for (Queued& each : queue_) {
      if (each.side == maker && each.price == level.price)
        each.ahead -= std::min(each.ahead, generated);
    }
    const auto part = std::min(queue_[i].left, quantity);
    give(queue_[i].order, part);
    queue_[i].left -= part;
  }
  give(0, quantity);
  std::erase_if(queue_, [](const Queued& each) { return each.left == 0; });
  return met;
}

std::int64_t Market::print(const Aggregate& sum, std::int64_t quantity, core::UnixMillis now,
                           Step& out) {
  const Trade one{++trade_id_, sum.price, quantity, now, sum.buyer_is_maker};
  bars_.add(one);
  trades_.push_back(one);
  out.trades.push_back(one);
  return one.id;
}

void Market::keep_recent() {
  while (trades_.size() > trades_kept)
    trades_.pop_front();
  while (aggregates_.size() > trades_kept)
    aggregates_.pop_front();
}

std::pair<Level, Level> Market::best_levels() const noexcept {
  return {book_.empty(Side::bid) ? Level{} : book_.best(Side::bid),
          book_.empty(Side::ask) ? Level{} : book_.best(Side::ask)};
}

void Market::finish(const std::pair<Level, Level>& before, core::UnixMillis now, Step& out) {
  // A side is never left empty: somebody makes a price at once.
  constexpr std::int64_t away = 10; // ticks
  const auto last = bars_.last_price();
  const auto tick = instrument_.tick;
  if (!recorded_ && book_.empty(Side::ask)) {
    const auto above = book_.empty(Side::bid) ? last : std::max(last, book_.best(Side::bid).price);
    set_generated(Side::ask, above + away * tick, random_size(), out);
  }
  if (!recorded_ && book_.empty(Side::bid)) {
    const auto below = std::min(last, book_.best(Side::ask).price);
    set_generated(Side::bid, std::max(below - away * tick, tick), random_size(), out);
  }
  if (!out.changes.empty())
    changed_at_ = now;
  out.best_changed = out.best_changed || before != best_levels();
}

std::vector<Execution> Market::take(Side maker, std::int64_t quantity,
                                    std::optional<std::int64_t> limit, core::UnixMillis now,
                                    Step& out) {
  const auto before = best_levels();
  std::vector<Execution> taken;
  while (quantity > 0 && !book_.empty(maker) && !beyond(maker, book_.best(maker).price, limit)) {
    const auto level = book_.best(maker);
    const auto part = std::min(quantity, level.quantity);
    Aggregate sum{++aggregate_id_, level.price, part, trade_id_ + 1, 0, now, maker == Side::bid};
    for (auto& met : consume(maker, level, part)) {
      met.trade_id = print(sum, met.quantity, now, out);
      taken.push_back(met);
    }
    sum.last_trade = trade_id_;
    aggregates_.push_back(sum);
    out.aggregates.push_back(sum);
    set(maker, level.price, level.quantity - part, out);
    quantity -= part;
  }
  keep_recent();
  finish(before, now, out);
  return taken;
}

void Market::rest(Side side, std::int64_t price, std::int64_t quantity, std::int64_t order,
                  core::UnixMillis now, Step& out) {
  const auto before = best_levels();
  const auto there = book_.at(side, price);
  queue_.push_back({order, side, price, quantity, there - own(side, price)});
  set(side, price, there + quantity, out);
  finish(before, now, out);
}

void Market::withdraw(std::int64_t order, core::UnixMillis now, Step& out) {
  const auto found = std::ranges::find(queue_, order, &Queued::order);
  if (found == queue_.end())
    return;
  const auto before = best_levels();
  const auto gone = *found;
  queue_.erase(found);
  set(gone.side, gone.price, book_.at(gone.side, gone.price) - gone.left, out);
  finish(before, now, out);
}

void Market::shrink(std::int64_t order, std::int64_t quantity, core::UnixMillis now, Step& out) {
  const auto found = std::ranges::find(queue_, order, &Queued::order);
  if (found == queue_.end() || quantity >= found->left)
    return;
  const auto before = best_levels();
  const auto gone = found->left - quantity;
  found->left = quantity;
  set(found->side, found->price, book_.at(found->side, found->price) - gone, out);
  finish(before, now, out);
}

std::optional<Execution> Market::hit(std::int64_t order, std::int64_t quantity,
                                     core::UnixMillis now, Step& out) {
  const auto found = std::ranges::find(queue_, order, &Queued::order);
  if (found == queue_.end())
    return std::nullopt;
  const auto before = best_levels();
  const auto part = std::min(quantity, found->left);
  const auto side = found->side;
  const auto price = found->price;
  found->left -= part;
  if (found->left == 0)
    queue_.erase(found);
  Aggregate sum{++aggregate_id_, price, part, trade_id_ + 1, 0, now, side == Side::bid};
  const auto trade_id = print(sum, part, now, out);
  sum.last_trade = trade_id;
  aggregates_.push_back(sum);
  out.aggregates.push_back(sum);
  keep_recent();
  set(side, price, book_.at(side, price) - part, out);
  finish(before, now, out);
  return Execution{order, price, part, trade_id};
}

std::int64_t Market::available(Side maker, std::optional<std::int64_t> limit) const noexcept {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < book_.size(maker); ++i) {
    const auto& level = book_.nth(maker, i);
    if (beyond(maker, level.price, limit))
      break;
    sum += level.quantity;
  }
  return sum;
}

core::Int128 Market::cost(Side maker, std::int64_t quantity) const noexcept {
  core::Int128 sum = 0;
  for (std::size_t i = 0; i < book_.size(maker) && quantity > 0; ++i) {
    const auto& level = book_.nth(maker, i);
    const auto part = std::min(level.quantity, quantity);
    sum += static_cast<core::Int128>(level.price) * part;
    quantity -= part;
  }
  return sum;
}

std::int64_t Market::quantity_for(Side maker, core::Int128 value) const noexcept {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < book_.size(maker); ++i) {
    const auto& level = book_.nth(maker, i);
    const auto whole = static_cast<core::Int128>(level.price) * level.quantity;
    if (whole <= value) {
      value -= whole;
      sum += level.quantity;
      continue;
    }
    const auto part = static_cast<std::int64_t>(value / level.price);
    return sum + part - part % instrument_.lot;
  }
  return sum;
}

} // namespace tandem::sim
