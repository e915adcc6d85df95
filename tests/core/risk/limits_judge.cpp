// The independent model of the limits: each rule in its own words, in the order in which they are
// asked.
#include "tests/core/risk/limits_model.hpp"

namespace tandem::tests::limits {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

Wide size(Wide value) {
  return value < 0 ? -value : value;
}

Wide value_of(Wide price, Wide quantity) {
  return price * quantity * value_one;
}

} // namespace

void Model::count(const Ask& ask, std::int64_t mono) {
  Told order;
  order.ask = ask;
  order.at = mono;
  order.price = reckoned_price(ask);
  order.pays = pays(ask, sums());
  order.fee_e8 = fees[at(ask.instrument)].value_or(0);
  order.size = ask.quantity;
  orders_.push_back(order);
  tick();
  if (ask.automated())
    steps_.push_back({ask.strategy, ask.execution, false});
}

void Model::uncount() {
  if (orders_.back().ask.automated())
    steps_.pop_back();
  orders_.pop_back();
}

std::optional<Model::Verdict> Model::judge(const std::vector<Ask>& asks, std::int64_t mono,
                                           std::int64_t wall) {
  roll(wall);
  for (std::size_t n = 0; n < asks.size(); ++n) {
    const auto& ask = asks[n];
    if (ask.listed && !ask.of_other && ask.sound && ask.has_mid())
      marks_[at(ask.instrument)] = ask.mid();
    if (const auto rule = refuses(ask, mono)) {
      for (; n > 0; --n)
        uncount();
      return Verdict{*rule, static_cast<std::size_t>(&ask - asks.data())};
    }
    count(ask, mono);
  }
  return std::nullopt;
}

std::optional<Rule> Model::refuses(const Ask& ask, std::int64_t mono) const {
  const auto added_up = sums();
  if (const auto rule = stopped(ask, added_up))
    return rule;
  if (const auto rule = badly_seen(ask, mono))
    return rule;
  if (const auto rule = unfit(ask))
    return rule;
  if (const auto rule = dear(ask))
    return rule;
  if (const auto rule = meets_ours(ask, mono))
    return rule;
  if (!ask.closes()) {
    if (!can_pay(ask, added_up))
      return Rule::balance;
    if (const auto rule = exposed(ask, added_up))
      return rule;
    if (const auto rule = used_up(ask, added_up, mono))
      return rule;
  }
  const bool counted = std::ranges::any_of(
      orders_, [&](const Told& order) { return order.ask.id == ask.id && !order.settled(); });
  return counted ? std::optional{Rule::duplicate} : std::nullopt;
}

bool Model::can_pay(const Ask& ask, const Sums& sums) const {
  const auto from = pays(ask, sums);
  if (from == Pays::nothing)
    return true;
  const int asset = from == Pays::base ? base_of(ask.instrument) : 0;
  if (!reports_.contains({venue_of(ask.instrument), asset}))
    return false;
  const auto needed = need(from, ask.quantity, value_of(reckoned_price(ask), ask.quantity),
                           fees[at(ask.instrument)].value_or(0));
  return at_most(Rule::balance, needed, std::optional{available(venue_of(ask.instrument), asset)});
}

bool Model::kill_stops(const Ask& ask, const Sums& sums) const {
  bool any = false, all_flatten = true;
  for (const auto& kill : kills) {
    const int place = kill.level == KillLevel::venue ? venue_of(ask.instrument) : ask.strategy;
    if (kill.level != KillLevel::all && kill.scope != place)
      continue;
    any = true;
    all_flatten = all_flatten && kill.flatten;
  }
  const bool flattens = ask.purpose == OrderPurpose::flatten && ask.listed && !ask.of_other
                        && ask.sound
                        && sums.all[at(ask.instrument)].reach(ask.side, ask.quantity) <= 0;
  return any && !(all_flatten && flattens);
}

std::optional<Rule> Model::stopped(const Ask& ask, const Sums& sums) const {
  const auto venue = at(venue_of(ask.instrument));
  const auto& market = markets[venue][is_linear(ask.instrument) ? 1 : 0];
  if (kill_stops(ask, sums))
    return Rule::kill_switch;
  if (journal_down)
    return Rule::journal;
  if (!market.spoken_of || !market.open)
    return Rule::market_closed;
  if (!market.allowed.empty() && !market.allowed.contains(base_of(ask.instrument)))
    return Rule::allow_list;
  if (!ask.closes() && (all_paused || venue_paused[venue] || paused[at(ask.strategy)]))
    return Rule::strategy_paused;
  const bool about = ask.listed && !ask.of_other && ask.sound;
  const auto unknown = ask.strategy != 0 ? sums.unknown[at(ask.strategy)]
                       : about           ? sums.unknown_manual[at(ask.instrument)]
                                         : 0;
  if (ask.purpose != OrderPurpose::flatten && unknown > 0)
    return Rule::unknown_order;
  return std::nullopt;
}

bool Model::outlier(const Ask& ask, std::int64_t mono) const {
  std::vector<std::int64_t> recent;
  for (const auto& [when, doubled] : mids_[at(ask.instrument)])
    if (mono - when < 60 * second)
      recent.push_back(doubled);
  if (limits.outlier.tenths == 0 || recent.size() < 5)
    return false;
  std::ranges::sort(recent);
  const auto median = recent[recent.size() / 2];
  return limits.outlier.passed_by(size(ask.doubled_mid() - median), median);
}

std::optional<Rule> Model::badly_seen(const Ask& ask, std::int64_t mono) const {
  if (!ask.listed || ask.of_other || !ask.sound || !ask.listing.trading)
    return Rule::instrument;
  if (!ask.has_mid())
    return Rule::book;
  if (mono - ask.received_at > limits.book_age)
    return Rule::book_age;
  const auto& market = markets[at(venue_of(ask.instrument))][is_linear(ask.instrument) ? 1 : 0];
  if (size(market.clock_offset) > limits.clock_offset)
    return Rule::clock_offset;
  if (outlier(ask, mono))
    return Rule::price_outlier;
  return std::nullopt;
}

std::optional<Rule> Model::unfit(const Ask& ask) const {
  const auto& listing = ask.listing;
  if (ask.price <= 0)
    return Rule::tick;
  if (!ask.market) {
    const bool beyond = (listing.price_min && ask.price < *listing.price_min)
                        || (listing.price_max && ask.price > *listing.price_max);
    if (ask.price % listing.tick != 0 || beyond)
      return Rule::tick;
  }
  if (ask.quantity % listing.lot != 0)
    return Rule::lot;
  if (ask.quantity <= 0 || ask.quantity < listing.quantity_min)
    return Rule::quantity_min;
  if (!at_most(Rule::quantity_max, ask.quantity, listing.quantity_max))
    return Rule::quantity_max;
  if (listing.notional_min && value_of(ask.price, ask.quantity) < *listing.notional_min)
    return Rule::notional_min;
  return std::nullopt;
}

bool Model::slips(const Ask& ask) const {
  if (ask.decided <= 0)
    return false;
  const auto percent = rules[at(ask.strategy)].slippage.value_or(limits.slippage);
  if (percent.passed_by(ask.side * (ask.price - ask.decided), ask.decided))
    return true;
  const auto touch = ask.side > 0 ? *ask.ask : *ask.bid;
  return !ask.rests() && percent.passed_by(ask.side * (touch - ask.decided), ask.decided);
}

std::optional<Rule> Model::dear(const Ask& ask) const {
  if (!at_most(Rule::order_quantity_max, ask.quantity, limits.order_quantity))
    return Rule::order_quantity_max;
  const auto own = rules[at(ask.strategy)].order_notional;
  const auto most
      = std::min({limits.order_notional, order_notional_ceiling, own.value_or(sum_one * sum_one)});
  if (!at_most(Rule::order_notional_max, value_of(reckoned_price(ask), ask.quantity),
               std::optional{most}))
    return Rule::order_notional_max;
  if (limits.band.passed_by(size(2 * ask.price - ask.doubled_mid()), ask.doubled_mid()))
    return Rule::price_band;
  if (slips(ask))
    return Rule::slippage;
  if (!ask.closes() && !fees[at(ask.instrument)])
    return Rule::fee_unknown;
  return std::nullopt;
}

bool Model::crosses(const Ask& ask, const Told& other) const {
  if (other.ask.instrument != ask.instrument || other.ask.side == ask.side || other.remaining() == 0
      || (!ask.rests() && !other.ask.rests()))
    return false;
  if (ask.market || other.ask.market)
    return true;
  return ask.side > 0 ? ask.price >= other.ask.price : ask.price <= other.ask.price;
}

std::optional<Rule> Model::meets_ours(const Ask& ask, std::int64_t mono) const {
  if (std::ranges::any_of(orders_, [&](const Told& order) { return crosses(ask, order); }))
    return Rule::self_cross;
  const auto same = [&](const Told& order) {
    const auto& other = order.ask;
    return !order.restored && mono - order.at < limits.duplicate_window
           && other.instrument == ask.instrument && other.side == ask.side
           && other.price == ask.price && other.quantity == ask.quantity;
  };
  if (!ask.closes() && std::ranges::any_of(orders_, same))
    return Rule::duplicate;
  return std::nullopt;
}

std::optional<Rule> Model::exposed(const Ask& ask, const Sums& sums) const {
  const auto where = at(ask.instrument);
  const auto& own = rules[at(ask.strategy)].position;
  const auto reach = sums.own[at(ask.strategy)][where].reach(ask.side, ask.quantity);
  if (!at_most(Rule::position_max, reach, own ? std::optional{Wide{*own}} : std::nullopt))
    return Rule::position_max;
  const auto ours = sums.all[where].reach(ask.side, ask.quantity);
  if (!at_most(Rule::position_max, *worth(ask.instrument, ours), limits.position))
    return Rule::position_max;
  const auto before = *worth(ask.instrument, sums.all[where].worst());
  const auto growth = std::max(before, *worth(ask.instrument, ours)) - before;
  if (growth == 0)
    return std::nullopt;
  for (const bool everywhere : {false, true}) {
    const auto rule = everywhere ? Rule::gross_exposure_max : Rule::venue_exposure_max;
    const auto& limit = everywhere ? limits.gross : limits.venue;
    const int venue = everywhere ? -1 : venue_of(ask.instrument);
    bool priced = true;
    for (int n = 0; n < instrument_count; ++n)
      if (everywhere || venue_of(n) == venue)
        priced = priced && worth(n, sums.all[at(n)].worst());
    if (limit && (!priced || !at_most(rule, exposure(sums, venue) + growth, limit)))
      return rule;
  }
  return std::nullopt;
}

bool Model::executions_used_up(const Ask& ask) const {
  if (limits.executions == 0 || !ask.automated())
    return false;
  std::size_t count = 0;
  std::uint64_t last = 0;
  for (const auto& step : steps_) {
    if (step.strategy != ask.strategy)
      continue;
    if (!step.execution)
      count = 0;
    else if (*step.execution > last || (*step.execution == 0 && !step.restored))
      ++count;
    last = std::max(last, step.execution.value_or(0));
  }
  if (ask.execution != 0 && ask.execution <= last)
    return false;
  return !at_most(Rule::executions_max, count + 1, std::optional{limits.executions});
}

std::optional<Rule> Model::used_up(const Ask& ask, const Sums& sums, std::int64_t mono) const {
  const auto own = at(ask.strategy);
  const auto& mine = rules[own];
  const auto notional = value_of(reckoned_price(ask), ask.quantity);
  if (!at_most(Rule::strategy_total, sums.total[own] + sums.first_in_flight[own] + notional,
               mine.total))
    return Rule::strategy_total;
  const auto& held = sums.own[own][at(ask.instrument)];
  if (!at_most(Rule::parent_quantity,
               sums.traded[own][at(ask.instrument)] + held.buying + held.selling + ask.quantity,
               mine.parent))
    return Rule::parent_quantity;
  Wide day = 0, in_flight = 0, realised = 0;
  for (std::size_t n = 0; n < strategy_count; ++n) {
    day += sums.day[n];
    in_flight += sums.in_flight[n];
    realised += sums.realised[n];
  }
  if (!at_most(Rule::daily_notional_max, sums.day[own] + sums.in_flight[own] + notional, mine.day)
      || !at_most(Rule::daily_notional_max, day + in_flight + notional, limits.day))
    return Rule::daily_notional_max;
  if (!at_most(Rule::daily_loss_max, -sums.realised[own], mine.loss)
      || !at_most(Rule::daily_loss_max, -realised, limits.loss))
    return Rule::daily_loss_max;
  if (!at_most(Rule::open_orders_max, sums.open + 1, std::optional{limits.open_orders}))
    return Rule::open_orders_max;
  const auto sent = std::ranges::count_if(orders_, [&](const Told& order) {
    return !order.restored && venue_of(order.ask.instrument) == venue_of(ask.instrument)
           && mono - order.at < second;
  });
  if (!at_most(Rule::order_rate, static_cast<std::size_t>(sent) + 1,
               std::optional{limits.orders_per_second}))
    return Rule::order_rate;
  if (executions_used_up(ask))
    return Rule::executions_max;
  return std::nullopt;
}

} // namespace tandem::tests::limits
