// Matching: an order meets the generated book, then rests or expires; resting orders are met by the
// market's own flow.
#include "apps/tandem_sim/exchange.hpp"

#include <algorithm>

namespace tandem::sim {
namespace {

Side opposite(Side side) noexcept {
  return side == Side::bid ? Side::ask : Side::bid;
}

} // namespace

OrderEvent Exchange::book_fill(Entry& entry, const Execution& execution, bool maker, Time now) {
  auto& order = entry.order;
  const auto& of = *instrument(order.surface, order.symbol);
  Fill fill;
  fill.trade_id = execution.trade_id;
  fill.execution_id = last_execution_ + 1; // the event's, made below
  fill.order = order.id;
  fill.surface = order.surface;
  fill.symbol = order.symbol;
  fill.side = order.side;
  fill.maker = maker;
  fill.price = execution.price;
  fill.quantity = execution.quantity;
  fill.at = core::to_millis(now);
  order.filled += fill.quantity;
  order.filled_value += value_of(of, fill.price, fill.quantity);
  order.updated_at = fill.at;
  order.state = order.left() == 0 ? OrderState::filled : OrderState::partially_filled;
  if (is_spot(order.surface))
    settle_spot(order, fill, of);
  else
    settle_linear(order, fill, of);
  entry.fills.push_back(fill);
  if (!is_open(order.state))
    std::erase(open_[order.account], order.id);
  auto event = event_of(entry, OrderEventKind::filled, now);
  event.position_changed = !is_spot(order.surface);
  event.assets = is_spot(order.surface) ? std::vector{of.base, of.quote} : std::vector{of.quote};
  event.fill = std::move(fill);
  return event;
}

std::int64_t Exchange::takeable(const Entry& entry, const Market& market,
                                const PlaceOptions& options) const {
  const auto& order = entry.order;
  const auto& of = market.instrument();
  auto most = order.left();
  constexpr std::int64_t whole = 1'000'000;
  const bool rests = order.type == OrderType::limit && order.lifetime == Lifetime::gtc;
  if (!rests && options.fill_ppm_max < whole) {
    const auto part = static_cast<std::int64_t>(static_cast<Amount>(order.quantity)
                                                * options.fill_ppm_max / whole);
    most = std::min(most, part - part % of.lot);
  }
  if (order.reduce_only)
    most = std::min(most, std::abs(position(order.account, order.symbol).quantity));
  if (is_spot(order.surface) && order.type == OrderType::market && order.side == Side::bid) {
    const auto money = spendable(order.account, order.surface, of.quote)
                       / core::pow10(amount_decimals - of.price_decimals - of.quantity_decimals);
    most = std::min(most, market.quantity_for(Side::ask, money));
  }
  return most;
}

std::int64_t Exchange::prevent_self_trade(Entry& entry, Time now,
                                          std::optional<std::int64_t>& limit) {
  const auto& order = entry.order;
  const bool buys = order.side == Side::bid;
  std::vector<OrderId> met;
  for (const Order* other : orders(order.account, order.surface, order.symbol, true)) {
    const bool crosses = other->id != order.id && other->side == opposite(order.side)
                         && (!limit || (buys ? other->price <= *limit : other->price >= *limit));
    if (crosses)
      met.push_back(other->id);
  }
  if (met.empty() || order.self_trade == SelfTrade::none)
    return order.left();
  if (order.self_trade == SelfTrade::expire_taker || order.self_trade == SelfTrade::expire_both) {
    // It may take what is better than its owner's nearest order.
    const auto tick = instrument(order.surface, order.symbol)->tick;
    for (const auto id : met) {
      const auto price = orders_.at(id).order.price;
      limit = buys ? std::min(limit.value_or(price), price - tick)
                   : std::max(limit.value_or(price), price + tick);
    }
  }
  if (order.self_trade != SelfTrade::expire_taker) {
    for (const auto id : met)
      close(orders_.at(id), OrderState::expired, Refusal::self_trade, {}, now);
  }
  return order.self_trade == SelfTrade::expire_maker ? order.left() : 0;
}

Order Exchange::match(Entry& entry, Market& market, const PlaceOptions& options, Time now) {
  auto& order = entry.order;
  const auto maker = opposite(order.side);
  std::optional<std::int64_t> limit;
  if (order.type == OrderType::limit)
    limit = order.price;
  const auto there = market.available(maker, limit);
  if (order.post_only && there > 0) {
    close(entry, OrderState::expired, Refusal::would_take, {}, now);
    return order;
  }
  const bool stopped = prevent_self_trade(entry, now, limit) == 0;
  if (order.lifetime == Lifetime::fok && market.available(maker, limit) < order.left()) {
    close(entry, OrderState::expired, Refusal::fok_unfillable, {}, now);
    return order;
  }
  const bool may_rest = order.type == OrderType::limit && order.lifetime == Lifetime::gtc;
  std::optional<Order> seen; // while its last fill has not been heard of
  Step step;
  const auto taken
      = market.take(maker, takeable(entry, market, options), limit, core::to_millis(now), step);
  for (const auto& execution : taken) {
    if (options.fill_late_by && !may_rest && &execution == &taken.back()) {
      seen = order;
      hold(now + *options.fill_late_by, book_fill(entry, execution, false, now));
    } else {
      tell(book_fill(entry, execution, false, now));
    }
    if (const auto other = orders_.find(execution.order); other != orders_.end())
      tell(book_fill(other->second, execution, true, now));
  }
  if (seen) {
    seen = close_unheard(entry, *seen, OrderState::expired, Refusal::ioc_rest, {}, now);
  } else if (is_open(order.state) && stopped) {
    close(entry, OrderState::expired, Refusal::self_trade, {}, now);
  } else if (is_open(order.state) && !may_rest) {
    const auto reason = order.type == OrderType::market && there < order.quantity
                            ? Refusal::no_liquidity
                            : Refusal::ioc_rest;
    close(entry, OrderState::expired, reason, {}, now);
  } else if (is_open(order.state)) {
    market.rest(order.side, order.price, order.left(), order.id, core::to_millis(now), step);
  }
  if (on_step_ && !step.changes.empty())
    on_step_(market, step, now);
  trim_reduce_only(order.account, order.surface, order.symbol, now);
  return seen.value_or(order);
}

void Exchange::on_step(const Market& market, const Step& step, Time now) {
  for (const auto& execution : step.executions) {
    const auto found = orders_.find(execution.order);
    if (found == orders_.end() || !is_open(found->second.order.state))
      continue;
    tell(book_fill(found->second, execution, true, now));
    trim_reduce_only(found->second.order.account, market.instrument().surface,
                     market.instrument().symbol, now);
  }
}

Market* Exchange::find_market(SurfaceId surface, std::string_view symbol) const {
  if (auto* market = flow_.find(surface, symbol))
    return market;
  const auto found = recorded_.find({surface, std::string{symbol}});
  return found == recorded_.end() ? nullptr : found->second.market.get();
}

void Exchange::on_recorded(const RecordedNews& news, Time now) {
  const auto found = recorded_.find({news.surface, news.symbol});
  if (found == recorded_.end())
    return;
  auto& [market, depth, told_at] = found->second;
  const auto& of = market->instrument();
  const auto scaled = [](const std::string& text, int decimals) {
    return core::parse_scaled(text, decimals).value_or(0);
  };
  const auto levels = [&](const std::vector<TextLevel>& texts) {
    std::vector<Level> result;
    for (const auto& level : texts)
      if (const auto price = scaled(level.price, of.price_decimals); price > 0)
        result.push_back({price, scaled(level.quantity, of.quantity_decimals)});
    return result;
  };
  const auto at = core::to_millis(now);
  Step step;
  for (const auto& trade : news.trades)
    if (trade.at == 0 || trade.at > told_at) // else the book has it already: not a second time
      market->pass(trade.buyer_is_maker ? Side::bid : Side::ask,
                   scaled(trade.level.price, of.price_decimals),
                   scaled(trade.level.quantity, of.quantity_decimals), at, step);
  // Of several streams of one market the deepest is the book.
  if (news.whole && (!depth || news.depth == 0 || news.depth > *depth))
    depth = news.depth;
  if (news.trades.empty() && depth == news.depth) {
    told_at = std::max(told_at, news.at);
    const auto bids = levels(news.bids), asks = levels(news.asks);
    if (news.whole)
      market->mirror_all(bids, asks, at, step);
    else
      for (const auto side : {Side::bid, Side::ask})
        for (const auto& level : side == Side::bid ? bids : asks)
          market->mirror(side, level.price, level.quantity, at, step);
  }
  on_step(*market, step, now);
}

void Exchange::trim_reduce_only(AccountId account, SurfaceId surface, const std::string& symbol,
                                Time now) {
  if (is_spot(surface))
    return;
  const auto held = position(account, symbol).quantity;
  auto left = std::abs(held);
  for (const Order* each : orders(account, surface, symbol, true)) {
    if (!each->reduce_only)
      continue;
    const bool reduces = held != 0 && (held > 0) == (each->side == Side::ask);
    auto& entry = orders_.at(each->id);
    const auto allowed = reduces ? std::min(left, entry.order.left()) : 0;
    left -= allowed;
    if (allowed == 0) {
      close(entry, OrderState::expired, Refusal::reduce_only, {}, now);
    } else if (allowed < entry.order.left()) {
      entry.order.quantity = entry.order.filled + allowed;
      Step step;
      auto* market = find_market(surface, symbol);
      market->shrink(entry.order.id, allowed, core::to_millis(now), step);
      tell(event_of(entry, OrderEventKind::amended, now));
      if (on_step_)
        on_step_(*market, step, now);
    }
  }
}

} // namespace tandem::sim
