// What one world's limits and facts are, and the drafts that are made in it.
#include "tests/core/risk/limits_world.hpp"

#include <chrono>
#include <functional>

namespace tandem::tests::limits {
namespace {

using namespace tandem::core;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

} // namespace

// ---- limits and facts of one world

void World::draw_limits() {
  auto& ours = model_.limits;
  risk::GateLimits limits;
  const auto sum = [&](std::int64_t least, std::int64_t most) {
    return std::optional{Wide{dice_.between(least, most)} * 10 * sum_one};
  };
  const auto set = [&](std::optional<Wide>& mine, std::optional<Money>& its, std::int64_t least,
                       std::int64_t most) {
    if (!dice_.once_in(4))
      return;
    mine = sum(least, most);
    its = money_of(*mine);
  };
  set(ours.position, limits.position_notional_max, 10, 60);
  set(ours.venue, limits.venue_exposure_max, 20, 100);
  set(ours.gross, limits.gross_exposure_max, 30, 150);
  set(ours.day, limits.daily_notional_max, 50, 400);
  if (dice_.once_in(4)) {
    ours.loss = Wide{dice_.between(1, 30)} * sum_one / 10;
    limits.daily_loss_max = money_of(*ours.loss);
  }
  if (dice_.once_in(3)) {
    ours.order_notional = *sum(8, 30);
    limits.order_notional_max = money_of(ours.order_notional);
  }
  if (dice_.once_in(3)) {
    ours.order_quantity = dice_.between(10, 20) * quantity_one / 10;
    limits.order_quantity_max = Decimal{*ours.order_quantity, 6};
  }
  const auto hard = [&] { return dice_.once_in(3); };
  ours.open_orders = hard() ? at(static_cast<int>(dice_.between(2, 20))) : 1'000;
  ours.orders_per_second = hard() ? at(static_cast<int>(dice_.between(2, 12))) : 1'000'000;
  ours.executions = hard() ? at(static_cast<int>(dice_.between(1, 12))) : 0;
  ours.duplicate_window = dice_.once_in(4) ? 0 : 50'000'000;
  ours.leverage_tenths
      = std::array<std::int64_t, 4>{10, 20, 25, 30}[at(static_cast<int>(dice_.below(4)))];
  ours.outlier.tenths = dice_.once_in(4) ? 0 : 30;
  ours.day_begins = dice_.below(24 * 60) * 60 * second;
  limits.open_orders_max = ours.open_orders;
  limits.orders_per_second_max = static_cast<std::uint32_t>(ours.orders_per_second);
  limits.executions_max = static_cast<std::uint32_t>(ours.executions);
  limits.duplicate_window = std::chrono::milliseconds{ours.duplicate_window / 1'000'000};
  limits.margin_leverage = Decimal{ours.leverage_tenths, 1};
  limits.outlier_percent = Decimal{ours.outlier.tenths, 1};
  limits.day_begins = std::chrono::minutes{ours.day_begins / 60 / second};
  gate_ = std::make_unique<risk::Gate>(limits);
}

void World::draw_strategies() {
  for (int n = 0; n < strategy_count; ++n) {
    StrategyRules rules;
    const auto sum = [&](std::optional<Wide>& limit, std::int64_t least, std::int64_t most) {
      if (dice_.once_in(4))
        limit = Wide{dice_.between(least, most)} * sum_one;
    };
    sum(rules.order_notional, 80, 300);
    sum(rules.total, 300, 3'000);
    sum(rules.day, 300, 2'000);
    sum(rules.loss, 0, 2);
    if (dice_.once_in(4))
      rules.position = dice_.between(5, 50) * quantity_one / 10;
    if (dice_.once_in(4))
      rules.parent = Wide{dice_.between(20, 200)} * quantity_one / 10;
    if (dice_.once_in(3))
      rules.slippage = Percent{dice_.between(1, 4)};
    set_rules(n, rules);
  }
}

void World::set_rules(int strategy, const StrategyRules& rules) {
  model_.rules[at(strategy)] = rules;
  const auto sum = [](const std::optional<Wide>& limit) {
    return limit ? std::optional{money_of(*limit)} : std::nullopt;
  };
  risk::StrategyLimits limits;
  limits.order_notional_max = sum(rules.order_notional);
  limits.total_notional_max = sum(rules.total);
  limits.daily_notional_max = sum(rules.day);
  limits.daily_loss_max = sum(rules.loss);
  if (rules.position)
    limits.position_max = Decimal{*rules.position, 6};
  if (rules.parent)
    limits.parent_quantity = Decimal{static_cast<std::int64_t>(*rules.parent), 6};
  if (rules.slippage)
    limits.slippage_percent = Decimal{rules.slippage->tenths, 1};
  gate_->set_strategy(strategy_name(strategy), limits);
}

void World::draw_markets() {
  for (int venue = 0; venue < 2; ++venue)
    for (const bool linear : {false, true}) {
      model_.markets[at(venue)][linear ? 1 : 0].spoken_of = true;
      set_market(venue, linear);
    }
  const bool poor = dice_.once_in(3);
  for (int venue = 0; venue < 2; ++venue)
    for (int asset = 0; asset < asset_count; ++asset) {
      if (dice_.once_in(20))
        continue; // nobody ever tells
      const auto free = poor ? (asset == 0 ? 500 : 5) : 1'000'000;
      model_.report(venue, asset, Wide{free} * sum_one);
      gate_->set_balance(venue_name(venue), asset_name(asset), money_of(Wide{free} * sum_one));
    }
  for (int n = 0; n < instrument_count; ++n) {
    mids_[at(n)] = 100 * price_one;
    if (dice_.once_in(40) || venue_of(n) == 2)
      continue; // no fee known
    const std::int64_t fee = round_ ? 0 : dice_.between(-20'000, 100'000);
    model_.fees[at(n)] = fee;
    const auto key = key_of(n);
    gate_->set_fee(key.market(), key.symbol, {fee});
  }
}

World::World(std::uint64_t seed, Score& score) : dice_{seed}, score_{score} {
  round_ = seed % 2 == 0;
  draw_limits();
  draw_strategies();
  draw_markets();
}

// ---- drafts

void World::draw_book(Ask& ask) {
  const auto step = price_step(ask.instrument);
  ask.book_step = step;
  auto& mid = mids_[at(ask.instrument)];
  std::int64_t half = price_one;
  if (!round_) {
    mid = std::max<std::int64_t>(50 * price_one, mid + dice_.between(-20, 20) * step);
    half = dice_.between(1, 50) * step;
  }
  ask.bid = mid - half;
  ask.ask = mid + half + (round_ ? 0 : dice_.below(2) * step);
  ask.received_at = mono_;
  ask.listing.tick = step;
  ask.listing.lot = lot_of(ask.instrument);
}

void World::draw_origin(Ask& ask) {
  ask.strategy = static_cast<int>(dice_.below(strategy_count));
  if (ask.strategy == 0)
    return;
  ask.by_person = dice_.once_in(20);
  if (ask.strategy == 1) {
    ask.purpose = OrderPurpose::open;
    execution_ += dice_.once_in(2) ? 1 : 0;
    ask.execution = execution_;
  } else {
    ask.purpose = OrderPurpose::slice;
  }
  if (dice_.once_in(8))
    ask.purpose = std::array{OrderPurpose::complete, OrderPurpose::unwind,
                             OrderPurpose::flatten}[at(static_cast<int>(dice_.below(3)))];
}

Ask World::draw() {
  Ask ask;
  ask.id = "order" + std::to_string(++made_);
  ask.instrument = static_cast<int>(dice_.below(8));
  ask.side = dice_.once_in(2) ? 1 : -1;
  draw_book(ask);
  draw_origin(ask);
  ask.tif = static_cast<TimeInForce>(dice_.below(4));
  ask.market = dice_.once_in(10);
  ask.reduce_only = is_linear(ask.instrument) && dice_.once_in(10);
  const auto step = ask.book_step;
  const auto mid = ask.doubled_mid() / 2 / step * step;
  ask.price = mid;
  if (!round_)
    ask.price += ask.side * dice_.between(-20, 20) * step;
  else if (dice_.once_in(6)) // at and around the band's edges
    ask.price += dice_.between(-2, 2) * price_one + dice_.between(-1, 1) * step;
  if (dice_.once_in(6)) // at and around the edge of the slippage
    ask.decided = ask.price + dice_.between(-3, 3) * price_one / 10 + dice_.between(-1, 1) * step;
  const auto tenths = dice_.between(1, 12);
  ask.quantity = round_ ? tenths * quantity_one / 10
                        : dice_.between(1, 150) * lot_of(ask.instrument)
                              * (1 + base_of(ask.instrument) % 2 * 9);
  if (dice_.once_in(4))
    dice_.once_in(3) ? spoil_draft(ask) : spoil_facts(ask);
  else if (dice_.once_in(2))
    probe(ask);
  return ask;
}

/// Something is wrong with what is known of its market, or just not.
void World::spoil_facts(Ask& ask) {
  auto& listing = ask.listing;
  const auto lot = listing.lot, step = ask.book_step;
  const auto hair = [&] { return dice_.between(-1, 1); };
  const std::array<std::function<void()>, 15> faults{
      [&] { ask.listed = false; },
      [&] { ask.of_other = true; },
      [&] { listing.trading = false; },
      [&] { ask.live = false; },
      [&] { (dice_.once_in(2) ? ask.bid : ask.ask).reset(); },
      [&] { ask.bid = ask.ask; },
      [&] { ask.received_at -= model_.limits.book_age + hair(); },
      [&] { listing.tick = 5 * step; },
      [&] { listing.price_max = ask.price + hair() * step; },
      [&] { listing.price_min = ask.price + hair() * step; },
      [&] { listing.lot = 2 * lot; },
      [&] { listing.quantity_min = ask.quantity + hair() * lot; },
      [&] { listing.quantity_max = ask.quantity + hair() * lot; },
      [&] { listing.notional_min = Wide{ask.price} * (ask.quantity + hair() * lot) * value_one; },
      [&] { ask.instrument += 8 - ask.instrument / 4 * 4; }, // where nobody trades
  };
  faults[static_cast<std::size_t>(dice_.below(faults.size()))]();
}

/// Something is wrong with the draft itself, or just not.
void World::spoil_draft(Ask& ask) {
  const auto lot = ask.listing.lot, step = ask.book_step;
  switch (dice_.below(6)) {
  case 0:
    ask.sound = false;
    break;
  case 1:
    ask.price = dice_.below(2) * -step;
    break;
  case 2:
    ask.quantity = dice_.below(2) * -lot;
    break;
  case 3: // beyond the band
    ask.price += ask.price / 50 + dice_.between(-2, 2) * step;
    break;
  case 4: { // the whole book is away from what it was
    const auto jump = ask.doubled_mid() / 2 * model_.limits.outlier.tenths / 1'000 / step * step
                      + dice_.between(-1, 5) * step;
    for (auto* price : {&*ask.bid, &*ask.ask, &ask.price})
      *price += jump;
    break;
  }
  default: // finer than the instrument
    ask.price += dice_.below(step);
    ask.quantity += dice_.below(lot);
  }
}

/// How much of `unit` fits below a limit, by what is counted already; some limit by chance.
Wide World::room(const Ask& ask, Wide unit) {
  const auto sums = model_.sums();
  const auto own = at(ask.strategy), where = at(ask.instrument);
  const auto& rules = model_.rules[own];
  const auto worth = model_.worth(ask.instrument, quantity_one).value_or(sum_one) / quantity_one;
  const auto least = 3 * quantity_one / 10 * unit;
  const auto left = [&](const std::optional<Wide>& limit, Wide used) {
    return limit ? *limit - used : Wide{least};
  };
  const auto exposed = [&](const std::optional<Wide>& limit, int venue) {
    // From the position's other side, if it is there, up to the same distance on this one.
    const auto& holding = sums.all[where];
    const auto free = left(limit, model_.exposure(sums, venue)) / worth;
    return (free + holding.worst() - holding.reach(ask.side, 0)) * unit;
  };
  switch (dice_.below(8)) {
  case 0:
    return rules.position ? (*rules.position - sums.own[own][where].reach(ask.side, 0)) * unit
                          : Wide{least};
  case 1:
    return left(model_.limits.position, sums.all[where].reach(ask.side, 0) * worth) / worth * unit;
  case 2:
    return exposed(model_.limits.venue, venue_of(ask.instrument));
  case 3:
    return exposed(model_.limits.gross, -1);
  case 4:
    return left(rules.total, sums.total[own] + sums.first_in_flight[own]);
  case 5:
    return left(rules.day, sums.day[own] + sums.in_flight[own]);
  case 6: {
    Wide used = 0;
    for (std::size_t n = 0; n < strategy_count; ++n)
      used += sums.day[n] + sums.in_flight[n];
    return left(model_.limits.day, used);
  }
  default:
    return is_linear(ask.instrument) || ask.side > 0
               ? model_.available(venue_of(ask.instrument), 0)
               : model_.available(venue_of(ask.instrument), base_of(ask.instrument)) / base_one
                     * unit;
  }
}

/// Just below, at or just above a limit: by its size, or by a limit of its strategy that is moved.
void World::probe(Ask& ask) {
  const auto price = ask.side < 0 ? std::max(ask.price, *ask.bid) : ask.price;
  const auto unit = Wide{price} * value_one;
  if (dice_.once_in(2)) {
    const auto lots = room(ask, unit) / unit / ask.listing.lot + dice_.between(-1, 1);
    if (lots > 0 && lots < 1'000'000)
      ask.quantity = static_cast<std::int64_t>(lots) * ask.listing.lot;
    return;
  }
  const auto sums = model_.sums();
  const auto own = at(ask.strategy);
  const auto notional = unit * ask.quantity + dice_.between(-1, 1);
  auto rules = model_.rules[own];
  const auto& held = sums.own[own][at(ask.instrument)];
  switch (dice_.below(5)) {
  case 0:
    rules.total = sums.total[own] + sums.first_in_flight[own] + notional;
    break;
  case 1:
    rules.day = sums.day[own] + sums.in_flight[own] + notional;
    break;
  case 2:
    rules.loss = -sums.realised[own] + dice_.between(-1, 1);
    break;
  case 3:
    rules.parent = sums.traded[own][at(ask.instrument)] + held.buying + held.selling + ask.quantity
                   + dice_.between(-1, 1);
    break;
  default:
    rules.position
        = static_cast<std::int64_t>(held.reach(ask.side, ask.quantity) + dice_.between(-1, 1));
  }
  set_rules(ask.strategy, rules);
}

} // namespace tandem::tests::limits
