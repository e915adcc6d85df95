#include "core/risk/ledger.hpp"

#include "core/ensure.hpp"

#include <algorithm>

namespace tandem::core::risk {
namespace {

using orders::Side;

/// An in-flight quantity on one side.
Money& open_side(InstrumentState& state, Side side) noexcept {
  return side == Side::buy ? state.open_buy : state.open_sell;
}

Money& open_side(Span& span, Side side) noexcept {
  return side == Side::buy ? span.open_buy : span.open_sell;
}

/// Days since the epoch, rounded down.
template <class Duration>
std::int64_t whole_days(Duration time) noexcept {
  return std::chrono::floor<std::chrono::days>(time).count();
}

bool may_rest(const orders::OrderDraft& draft) noexcept {
  return draft.type == orders::OrderType::limit
         && (draft.tif == orders::TimeInForce::gtc || draft.tif == orders::TimeInForce::post_only);
}

Int128 at_money_scale(std::int64_t units, int decimals) noexcept {
  return static_cast<Int128>(units) * pow10(money_decimals - decimals);
}

} // namespace

const std::string& strategy_of(const orders::OrderOrigin& origin) noexcept {
  return origin.pair.empty() ? origin.plan : origin.pair.text();
}

bool is_automated(const orders::OrderOrigin& origin) noexcept {
  return !is_closing(origin.purpose) && origin.person.empty() && !strategy_of(origin).empty();
}

Money Span::worst() const noexcept {
  return std::max(worst(Side::buy, {}), worst(Side::sell, {}));
}

Money Span::worst(Side side, Money more) const noexcept {
  return side == Side::buy ? quantity + open_buy + more : open_sell + more - quantity;
}

bool Span::lessens(Side side, Money amount) const noexcept {
  // On this side all fills must leave the position where it is or short of zero.
  return worst(side, amount) <= Money{};
}

std::optional<Money> InstrumentState::value(Money quantity) const noexcept {
  if (quantity == Money{})
    return Money{};
  if (!mark)
    return std::nullopt;
  return value_at(quantity, *mark, mark_scale);
}

StrategyState::Holding& StrategyState::holding(const InstrumentState& instrument) {
  for (auto& held : holdings)
    if (held.instrument == &instrument)
      return held;
  return holdings.emplace_back(Holding{&instrument, {}, {}});
}

StrategyState::Holding StrategyState::holding(const InstrumentState& instrument) const noexcept {
  for (const auto& held : holdings)
    if (held.instrument == &instrument)
      return held;
  return {};
}

Ledger::Ledger(const GateLimits& limits)
    : day_begins_{limits.day_begins}, duplicate_window_{limits.duplicate_window},
      venue_rate_{limits.orders_per_second_max, rate_window}, leverage_{limits.margin_leverage} {
  TANDEM_ENSURE(leverage_ > Decimal{});
  orders_.reserve(limits.open_orders_max * 2);
}

MarketState& Ledger::market(const MarketKey& key) {
  auto& state = markets_[key];
  const auto [venue, added] = venues_.try_emplace(key.venue);
  if (added)
    venue->second.orders.set_rates({venue_rate_});
  state.venue = &venue->second;
  return state;
}

const MarketState* Ledger::find(const MarketKey& key) const noexcept {
  const auto found = markets_.find(key);
  return found == markets_.end() ? nullptr : &found->second;
}

InstrumentState& Ledger::instrument(const InstrumentKey& key) {
  const auto [found, added] = instruments_.try_emplace(key);
  if (added) {
    found->second.key = key;
    found->second.market = &market(key.market());
  }
  return found->second;
}

InstrumentState* Ledger::find(const InstrumentKey& key) noexcept {
  const auto found = instruments_.find(key);
  return found == instruments_.end() ? nullptr : &found->second;
}

const InstrumentState* Ledger::find(const InstrumentKey& key) const noexcept {
  const auto found = instruments_.find(key);
  return found == instruments_.end() ? nullptr : &found->second;
}

StrategyState& Ledger::strategy(const std::string& name) {
  const auto [found, added] = strategies_.try_emplace(name);
  if (added)
    found->second.name = name;
  return found->second;
}

const StrategyState* Ledger::find_strategy(const std::string& name) const noexcept {
  const auto found = strategies_.find(name);
  return found == strategies_.end() ? nullptr : &found->second;
}

void Ledger::set_market(const MarketKey& key, MarketStatus status) {
  auto& state = market(key);
  const bool moved = !state.status || state.status->account != status.account;
  if (state.orders.rates() != status.order_rates)
    state.orders.set_rates(status.order_rates);
  state.status = std::move(status);
  if (!moved)
    return;
  // any order: sums
  for (auto& [name, instrument] : instruments_)
    if (instrument.market == &state)
      if (const auto listed = std::exchange(instrument.listed, nullptr))
        attach(instrument, listed);
}

void Ledger::attach(InstrumentState& state, const std::shared_ptr<const Instrument>& listed) {
  if (state.listed == listed || !listed || !state.market->status)
    return;
  auto& account = accounts_[state.market->status->account];
  state.base = &account[listed->base];
  state.quote = &account[listed->quote];
  state.listed = listed;
}

void Ledger::set_balance(const std::string& account, const std::string& asset, Money free) {
  auto& balance = accounts_[account][asset];
  balance.known = true;
  balance.free = free;
  // any order: sums
  for (auto& [id, order] : orders_) {
    if (order.balance != &balance || !order.seen || order.reported)
      continue;
    order.reported = true;
    balance.held -= std::exchange(order.held, {});
  }
}

void Ledger::set_mark(InstrumentState& state, Price mark, Scale scale) {
  if (state.mark == mark && state.mark_scale == scale)
    return;
  state.mark = mark;
  state.mark_scale = scale;
  reprice(state);
}

void Ledger::reprice(InstrumentState& state) noexcept {
  const auto value = state.value(state.span().worst());
  auto& venue = *state.market->venue;
  const auto change = value.value_or(Money{}) - state.exposure;
  state.exposure += change;
  venue.exposure += change;
  exposure_ += change;
  if (state.unpriced == !value)
    return;
  state.unpriced = !value;
  venue.unpriced = state.unpriced ? venue.unpriced + 1 : venue.unpriced - 1;
  unpriced_ = state.unpriced ? unpriced_ + 1 : unpriced_ - 1;
}

Money Ledger::margin(Money notional) const noexcept {
  Int128 scaled = 0;
  if (__builtin_mul_overflow(notional.units, pow10(leverage_.decimals()), &scaled))
    return notional; // the dearest there is, for a sum beyond all limits
  return {divide(scaled, leverage_.mantissa(), Rounding::up)};
}

Money Ledger::need(Reserve reserve, Money quantity, Money notional,
                   strategy::FeeRate fee) const noexcept {
  switch (reserve) {
  case Reserve::nothing:
    return {};
  case Reserve::quote_with_fee:
    return notional + Money{std::max<Int128>(0, strategy::fee_of({notional.units}, fee).units)};
  case Reserve::base:
    return quantity;
  case Reserve::margin:
    return margin(notional);
  }
  return notional;
}

Reckoning Ledger::reckon(const orders::OrderDraft& draft, const MarketFacts& facts,
                         const InstrumentState* state) const noexcept {
  Reckoning result;
  result.quantity = to_money(draft.quantity, draft.scale);
  result.price = draft.price;
  result.scale = draft.scale;
  if (draft.side == Side::sell && facts.bid
      && at_money_scale(facts.bid->units, facts.scale.price_decimals)
             > at_money_scale(draft.price.units, draft.scale.price_decimals)) {
    result.price = *facts.bid;
    result.scale.price_decimals = facts.scale.price_decimals;
  }
  result.notional = to_money(result.price * draft.quantity, result.scale);
  if (state == nullptr)
    return result;
  if (draft.instrument.type == MarketType::spot)
    result.reserve = draft.side == Side::buy ? Reserve::quote_with_fee : Reserve::base;
  else if (!draft.reduce_only && !state->span().lessens(draft.side, result.quantity))
    result.reserve = Reserve::margin;
  result.need = need(result.reserve, result.quantity, result.notional,
                     state->fee.value_or(strategy::FeeRate{}));
  return result;
}

OpenOrder& Ledger::add(const orders::OrderIntent& intent, const Reckoning& reckoning,
                       InstrumentState& state, StrategyState& strategy) {
  auto& order = orders_[intent.id];
  const auto& draft = intent.draft;
  order.instrument = &state;
  order.strategy = &strategy;
  order.holding = &strategy.holding(state);
  order.side = draft.side;
  order.type = draft.type;
  order.closing = is_closing(draft.origin.purpose);
  order.may_rest = may_rest(draft);
  order.price = reckoning.price;
  order.scale = reckoning.scale;
  order.limit = draft.price;
  order.limit_scale = draft.scale;
  order.fee = state.fee.value_or(strategy::FeeRate{});
  order.reserve = reckoning.reserve;
  if (order.reserve != Reserve::nothing)
    order.balance = order.reserve == Reserve::base ? state.base : state.quote;
  if (order.balance == nullptr)
    order.reserve = Reserve::nothing;
  state.open.push_back(&order);
  return order;
}

Ledger::Counted Ledger::count(const orders::OrderIntent& intent, const Reckoning& reckoning,
                              InstrumentState& state, StrategyState& strategy, MonoTime now) {
  Counted counted{&intent.id, nullptr, strategy.executions, strategy.last_execution};
  auto& order = add(intent, reckoning, state, strategy);
  counted.order = &order;
  set_open(order, reckoning.quantity, reckoning.notional);
  state.market->venue->orders.count(now);
  state.market->orders.count(now);
  const auto& draft = intent.draft;
  while (!state.recent.empty() && now - state.recent.front().at >= duplicate_window_)
    state.recent.pop_front();
  state.recent.push_back({now, draft.side,
                          at_money_scale(draft.price.units, draft.scale.price_decimals),
                          at_money_scale(draft.quantity.units, draft.scale.quantity_decimals)});
  note_execution(strategy, draft.origin, false);
  return counted;
}

void Ledger::undo(const Counted& counted) {
  auto& order = *counted.order;
  order.instrument->market->venue->orders.undo();
  order.instrument->market->orders.undo();
  order.instrument->recent.pop_back();
  order.strategy->executions = counted.executions;
  order.strategy->last_execution = counted.last_execution;
  remove(*counted.id, order);
}

void Ledger::remove(const orders::ClientOrderId& id, OpenOrder& order) {
  set_open(order, {}, {});
  set_unknown(order, false);
  auto& open = order.instrument->open;
  open.erase(std::ranges::find(open, &order));
  orders_.erase(id);
}

void Ledger::set_open(OpenOrder& order, Money open, Money notional) {
  const auto quantity_change = open - std::exchange(order.open, open);
  const auto change = notional - std::exchange(order.notional, notional);
  open_side(*order.instrument, order.side) += quantity_change;
  open_side(order.holding->span, order.side) += quantity_change;
  in_flight_ += change;
  order.strategy->in_flight += change;
  if (!order.closing)
    order.strategy->total_in_flight += change;
  if (quantity_change != Money{})
    reprice(*order.instrument);
  if (order.balance == nullptr || order.reported)
    return;
  const auto held = need(order.reserve, open, notional, order.fee);
  order.balance->held += held - std::exchange(order.held, held);
}

void Ledger::set_unknown(OpenOrder& order, bool unknown) noexcept {
  if (std::exchange(order.unknown, unknown) == unknown)
    return;
  unknown_ = unknown ? unknown_ + 1 : unknown_ - 1;
  auto& count = order.strategy->unknown;
  count = unknown ? count + 1 : count - 1;
}

void Ledger::note_execution(StrategyState& strategy, const orders::OrderOrigin& origin,
                            bool restored) {
  if (!is_automated(origin))
    return;
  // Both legs, and a leg restored twice, are one execution; a slice without a number is one each.
  const bool numbered = origin.execution != 0;
  if (numbered ? origin.execution <= strategy.last_execution : restored)
    return;
  ++strategy.executions;
  strategy.last_execution = std::max(strategy.last_execution, origin.execution);
}

void Ledger::on_order(const orders::Order& order) {
  const auto& intent = order.intent();
  const auto& draft = intent.draft;
  auto found = orders_.find(intent.id);
  if (found == orders_.end()) {
    auto& strategy_state = strategy(strategy_of(draft.origin));
    note_execution(strategy_state, draft.origin, true);
    if (order.settled())
      return;
    // From an earlier run, or found at the venue: what it locks there is in the venue's figures.
    Reckoning reckoning;
    reckoning.price = draft.price;
    reckoning.scale = draft.scale;
    add(intent, reckoning, instrument(draft.instrument), strategy_state);
    found = orders_.find(intent.id);
  }
  auto& open = found->second;
  if (order.settled()) {
    remove(intent.id, open);
    return;
  }
  open.seen = open.seen || !order.venue_order_id().empty()
              || order.state() == orders::OrderState::working || is_final(order.state());
  set_unknown(open, order.state() == orders::OrderState::unknown);
  const auto quantity = order.open_quantity();
  set_open(open, to_money(quantity, draft.scale), to_money(open.price * quantity, open.scale));
}

void Ledger::charge(InstrumentState& state, const orders::OrderIntent& intent,
                    const orders::Fill& fill, Money value, bool grew) {
  const auto found = orders_.find(intent.id);
  if (found != orders_.end() && found->second.reported)
    return; // locked at the venue already
  const auto take = [](Balance* from, Money amount) {
    if (from != nullptr && from->known && amount > Money{})
      from->free -= amount;
  };
  const auto& draft = intent.draft;
  if (draft.instrument.type == MarketType::linear)
    take(state.quote, grew ? margin(value) : Money{});
  else if (draft.side == Side::buy)
    take(state.quote, value);
  else
    take(state.base, to_money(fill.quantity, draft.scale));
  if (state.listed && fill.fee_asset == state.listed->quote)
    take(state.quote, fill.fee);
  else if (state.listed && fill.fee_asset == state.listed->base && draft.side == Side::sell)
    take(state.base, fill.fee);
}

void Ledger::on_fill(const orders::OrderIntent& intent, const orders::Fill& fill,
                     const std::shared_ptr<const Instrument>& listed, WallTime now) {
  const auto& draft = intent.draft;
  auto& state = instrument(draft.instrument);
  auto& strategy_state = strategy(strategy_of(draft.origin));
  attach(state, listed);
  const auto before = state.position.quantity();
  const std::string base = listed ? listed->base : draft.instrument.symbol.text();
  const std::string quote = listed ? listed->quote : std::string{};
  state.position.apply(draft.side, fill, draft.scale, base, quote);
  const auto after = state.position.quantity();
  const auto value = to_money(fill.price * fill.quantity, draft.scale);
  charge(state, intent, fill, value, magnitude(after) > magnitude(before));

  auto& own = strategy_state.holding(state);
  own.span.quantity += after - before;
  own.traded += to_money(fill.quantity, draft.scale);
  auto& netted = strategy_state.by_base[base];
  const auto realised_before = netted.realised();
  netted.apply(draft.side, fill, draft.scale, base, quote);
  if (!is_closing(draft.origin.purpose))
    strategy_state.total += value;

  if (!state.mark) {
    state.mark = fill.price;
    state.mark_scale = draft.scale;
  }
  reprice(state);

  roll(now);
  // A fill of an earlier day, read from the journal or told late, belongs to that day.
  const std::chrono::milliseconds stamped{fill.venue_time};
  if (fill.venue_time > 0 && whole_days(stamped - day_begins_) < day_)
    return;
  const auto realised = netted.realised() - realised_before;
  strategy_state.day_notional += value;
  strategy_state.day_realised += realised;
  day_notional_ += value;
  day_realised_ += realised;
}

void Ledger::restate(const InstrumentKey& key, Money quantity) {
  auto& state = instrument(key);
  state.position.restate(quantity);
  reprice(state);
}

std::int64_t Ledger::day_of(WallTime time) const noexcept {
  return whole_days(time.time_since_epoch() - day_begins_);
}

void Ledger::roll(WallTime now) {
  const auto day = day_of(now);
  if (day <= day_)
    return;
  day_ = day;
  day_notional_ = {};
  day_realised_ = {};
  // any order: each by itself
  for (auto& [name, state] : strategies_) {
    state.day_notional = {};
    state.day_realised = {};
  }
}

} // namespace tandem::core::risk
