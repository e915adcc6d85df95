#include "apps/tandem_sim/market.hpp"

#include <algorithm>
#include <cstddef>

namespace tandem::sim {
namespace {

constexpr core::UnixMillis minute = 60'000;

/// fair (10^-12) to the price's decimals, rounded down.
std::int64_t at_decimals(std::int64_t fair, int decimals) noexcept {
  return fair / core::pow10(fair_decimals - decimals);
}

std::int64_t floor_to(std::int64_t value, std::int64_t grid) noexcept {
  return value - value % grid;
}

} // namespace

void Step::clear() {
  changes.clear();
  trades.clear();
  aggregates.clear();
  executions.clear();
  best_changed = false;
}

Market::Market(Instrument instrument, const FlowOptions& flow, std::uint64_t seed,
               std::int64_t fair, Time now)
    : instrument_{std::move(instrument)}, flow_{flow}, random_{seed},
      bars_{at_decimals(fair, instrument_.price_decimals),
            static_cast<std::size_t>(std::max<std::int64_t>(flow.history_minutes, 2))},
      update_id_{random_.between(1'000'000'000, 90'000'000'000)},
      trade_id_{random_.between(100'000'000, 5'000'000'000)},
      aggregate_id_{random_.between(50'000'000, 99'000'000)} {
  const auto price = std::max(at_decimals(fair, instrument_.price_decimals), instrument_.tick);
  const auto span = static_cast<core::Int128>(price) * flow_.span_ppm / 1'000'000;
  distance_mean_ = std::max<std::int64_t>(
      static_cast<std::int64_t>(span / instrument_.tick / std::max<std::int64_t>(flow_.levels, 1))
          * 40,
      40);
  const auto value = static_cast<core::Int128>(flow_.level_value)
                     * core::pow10(instrument_.price_decimals + instrument_.quantity_decimals);
  size_mean_
      = std::max<std::int64_t>(static_cast<std::int64_t>(value / price / instrument_.lot), 1);
  fill_history(now);
  const auto [bid, ask] = quotes(fair);
  fill_book(bid, ask);
  changed_at_ = core::to_millis(now);
}

void Market::fill_history(Time now) {
  const auto present = core::to_millis(now) / minute * minute;
  auto price = bars_.last_price();
  const auto step = std::max<std::int64_t>(
      static_cast<std::int64_t>(static_cast<core::Int128>(price) * flow_.volatility_ppm / 1'000'000)
          * 8,
      instrument_.tick);
  // Walked backwards from today's price, so that the newest bar ends where the market begins.
  std::vector<Bar> bars;
  for (std::int64_t i = 1; i < flow_.history_minutes; ++i) {
    Bar bar;
    bar.open_at = present - i * minute;
    bar.close = price;
    const auto open = std::max(floor_to(price + random_.between(-step, step), instrument_.tick),
                               instrument_.tick);
    bar.open = open;
    bar.high = std::max(open, price) + random_.between(0, 20) * instrument_.tick;
    bar.low = std::max(std::min(open, price) - random_.between(0, 20) * instrument_.tick,
                       instrument_.tick);
    bar.trades = random_.between(20, 200);
    bar.volume = random_.between(1, size_mean_) * bar.trades * instrument_.lot;
    bar.taker_buy_volume = floor_to(bar.volume / 2, instrument_.lot);
    const auto mean = static_cast<core::Int128>(bar.high) + bar.low;
    bar.quote = mean * bar.volume / 2;
    bar.taker_buy_quote = mean * bar.taker_buy_volume / 2;
    price = open;
    bars.push_back(bar);
  }
  std::reverse(bars.begin(), bars.end());
  for (auto& bar : bars) {
    bar.first_id = trade_id_ + 1;
    trade_id_ += bar.trades;
    bar.last_id = trade_id_;
    bars_.add_history(bar);
  }
}

void Market::fill_book(std::int64_t bid, std::int64_t ask) {
  Step ignored;
  set(Side::bid, bid, random_size(), ignored);
  set(Side::ask, ask, random_size(), ignored);
  keep_size(Side::bid, ignored);
  keep_size(Side::ask, ignored);
}

std::pair<std::int64_t, std::int64_t> Market::quotes(std::int64_t fair) const noexcept {
  const auto tick = instrument_.tick;
  const auto mid = at_decimals(fair, instrument_.price_decimals);
  const auto wanted
      = static_cast<std::int64_t>(static_cast<core::Int128>(mid) * flow_.spread_ppm / 1'000'000);
  const auto gap = std::max(floor_to(wanted, tick), tick);
  const auto bid = std::max(floor_to(mid - gap / 2, tick), tick);
  return {bid, bid + gap};
}

std::int64_t Market::random_size() {
  // Most orders are small, few are large: the product of two draws.
  const auto lots = size_mean_ * random_.between(1, 100) / 50 * random_.between(1, 100) / 50;
  return std::max<std::int64_t>(lots, 1) * instrument_.lot;
}

std::int64_t Market::random_distance() {
  const auto far = random_.between(1, distance_mean_ * 2);
  return random_.between(1, far) * instrument_.tick;
}

void Market::set(Side side, std::int64_t price, std::int64_t quantity, Step& out) {
  // Spot numbers every change; on the futures exchange one counter serves all contracts, so that
  // ids jump.
  update_id_ += instrument_.surface == SurfaceId::binance_linear ? random_.between(1, 40) : 1;
  book_.set(side, price, quantity);
  out.changes.push_back({side, price, update_id_});
}

void Market::trade(Side maker, std::int64_t quantity, core::UnixMillis now, Step& out) {
  const auto level = book_.best(maker);
  Aggregate sum{++aggregate_id_, level.price, quantity, trade_id_ + 1, 0, now, maker == Side::bid};
  const auto first = quantity > instrument_.lot && random_.chance(200'000)
                         ? floor_to(quantity / 2, instrument_.lot)
                         : quantity;
  for (auto& met : consume(maker, level, quantity)) {
    if (met.order != 0) {
      met.trade_id = print(sum, met.quantity, now, out);
      out.executions.push_back(met);
      continue;
    }
    for (auto rest = met.quantity; rest > 0;) {
      const auto part = std::min(std::max(std::min(first, rest), instrument_.lot), rest);
      print(sum, part, now, out);
      rest -= part;
    }
  }
  sum.last_trade = trade_id_;
  aggregates_.push_back(sum);
  out.aggregates.push_back(sum);
  keep_recent();
  set(maker, level.price, level.quantity - quantity, out);
}

void Market::sweep(Side side, std::int64_t limit, core::UnixMillis now, Step& out) {
  const auto in_the_way = [&] {
    return !book_.empty(side)
           && (side == Side::ask ? book_.best(side).price <= limit
                                 : book_.best(side).price >= limit);
  };
  while (in_the_way()) {
    const auto level = book_.best(side);
    // What belongs to an account cannot be cancelled by the market: it is traded through.
    if (random_.chance(250'000) || own(side, level.price) > 0)
      trade(side, level.quantity, now, out);
    else
      set(side, level.price, 0, out);
  }
}

void Market::follow(std::int64_t bid, std::int64_t ask, core::UnixMillis now, Step& out) {
  sweep(Side::ask, bid, now, out);
  sweep(Side::bid, ask, now, out);
  if (book_.empty(Side::bid) || book_.best(Side::bid).price < bid)
    set_generated(Side::bid, bid, random_size(), out);
  if (book_.empty(Side::ask) || book_.best(Side::ask).price > ask)
    set_generated(Side::ask, ask, random_size(), out);
}

void Market::act(core::UnixMillis now, Step& out) {
  const auto side = random_.chance(500'000) ? Side::bid : Side::ask;
  const auto kind = random_.between(0, 99);
  constexpr std::int64_t add_below = 50;
  constexpr std::int64_t cancel_below = 85;
  if (kind < add_below) {
    const auto best = book_.best(side).price;
    const auto price = side == Side::bid ? best - random_distance() : best + random_distance();
    if (price >= instrument_.tick)
      set_generated(side, price, book_.at(side, price) - own(side, price) + random_size(), out);
    return;
  }
  if (kind < cancel_below) {
    const auto size = static_cast<std::int64_t>(book_.size(side));
    if (size < 2)
      return;
    const auto level = book_.nth(side, static_cast<std::size_t>(random_.between(1, size - 1)));
    const auto generated = level.quantity - own(side, level.price);
    const bool all = random_.chance(700'000) || generated <= instrument_.lot;
    if (generated > 0)
      set_generated(side, level.price,
                    all ? 0 : std::max(floor_to(generated / 2, instrument_.lot), instrument_.lot),
                    out);
    return;
  }
  const auto best = book_.best(side);
  const auto part = best.quantity / random_.between(1, 20);
  trade(side, std::max(floor_to(part, instrument_.lot), instrument_.lot), now, out);
}

void Market::keep_size(Side side, Step& out) {
  const auto wanted = static_cast<std::size_t>(flow_.levels);
  for (std::size_t worst = 0; book_.size(side) > wanted + wanted / 2 && worst < book_.size(side);) {
    const auto price = book_.levels(side)[worst].price;
    if (own(side, price) > 0)
      ++worst;
    else
      set(side, price, 0, out);
  }
  while (book_.size(side) < wanted) {
    const auto& levels = book_.levels(side);
    const auto worst = std::ranges::find_if(
        levels, [&](const Level& level) { return level.quantity > own(side, level.price); });
    if (worst == levels.end())
      return; // nothing generated to build on; follow() makes it
    const auto gap
        = random_.between(1, std::max<std::int64_t>(distance_mean_ / 20, 1)) * instrument_.tick;
    const auto price = side == Side::bid ? worst->price - gap : worst->price + gap;
    if (price < instrument_.tick)
      return; // a coin worth a few ticks has no more room below
    set_generated(side, price, random_size(), out);
  }
}

void Market::step(std::int64_t fair, core::UnixMillis now, Step& out) {
  out.clear();
  const auto ppm = flow_.events_per_second * flow_.step.count() * 1'000;
  const auto events = ppm / 1'000'000 + (random_.chance(ppm % 1'000'000) ? 1 : 0);
  if (events == 0)
    return;
  const auto before = best_levels();
  const auto [bid, ask] = quotes(fair);
  for (std::int64_t i = 0; i < events; ++i) {
    follow(bid, ask, now, out);
    act(now, out);
    follow(bid, ask, now, out);
    keep_size(Side::bid, out);
    keep_size(Side::ask, out);
  }
  finish(before, now, out);
}

} // namespace tandem::sim
