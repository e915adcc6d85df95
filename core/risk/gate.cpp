#include "core/risk/gate.hpp"

#include "core/ensure.hpp"
#include "core/risk/ledger.hpp"
#include "core/risk/rules.hpp"

#include <algorithm>
#include <utility>

namespace tandem::core::risk {
namespace {

constexpr std::int64_t order_notional_default = 50'000;

/// Rounded up to the book's scale.
Price rounded_mid(const MarketFacts& facts) noexcept {
  const auto sum = static_cast<Int128>(facts.bid->units) + facts.ask->units;
  return {static_cast<std::int64_t>(divide(sum, 2, Rounding::up))};
}

bool is_about(const MarketFacts& facts, const orders::OrderDraft& draft) noexcept {
  return facts.instrument && facts.instrument->key == draft.instrument && is_sound(draft.scale);
}

/// Empty when several hold a part of it, or none does.
std::string sole_holder(const Ledger& ledger, const InstrumentState& instrument) {
  const std::string* holder = nullptr;
  // any order: there is one, or none
  for (const auto& [name, strategy] : ledger.strategies()) {
    if (strategy.span(instrument).quantity == Money{})
      continue;
    if (holder != nullptr)
      return {};
    holder = &name;
  }
  return holder == nullptr ? std::string{} : *holder;
}

/// Its own parts of positions, each no more than would bring the whole to zero.
std::vector<HeldPosition> parts_of(const StrategyState& strategy) {
  std::vector<HeldPosition> parts;
  for (const auto& holding : strategy.holdings) {
    const auto own = holding.span.quantity;
    const auto whole = holding.instrument->position.quantity();
    const auto part = own > Money{} ? std::min(own, whole) : std::max(own, whole);
    if (part != Money{} && (part > Money{}) == (own > Money{}))
      parts.push_back({holding.instrument->key, part, strategy.name});
  }
  return parts;
}

} // namespace

GateLimits::GateLimits() : order_notional_max{to_money(Decimal{order_notional_default, 0})} {}

MarketFacts facts_of(const market::DepthView& view) {
  MarketFacts facts;
  facts.condition = view.condition;
  facts.received_at = view.received_at;
  facts.scale = view.scale;
  if (!view.bids().empty())
    facts.bid = view.bids().front().price;
  if (!view.asks().empty())
    facts.ask = view.asks().front().price;
  facts.instrument = view.instrument;
  return facts;
}

Gate::Gate(GateLimits limits)
    : limits_{std::move(limits)}, standstill_{limits_.standstill_max},
      ledger_{std::make_unique<Ledger>(limits_)} {}

Gate::~Gate() = default;

void Gate::set_market(const MarketKey& market, MarketStatus status) {
  ledger_->set_market(market, std::move(status));
}

const MarketStatus* Gate::market(const MarketKey& market) const noexcept {
  const auto* const state = std::as_const(*ledger_).find(market);
  return state != nullptr && state->status ? &*state->status : nullptr;
}

void Gate::set_balance(const std::string& account, const std::string& asset, Money free) {
  ledger_->set_balance(account, asset, free);
}

void Gate::set_fee(const MarketKey& market, const Symbol& symbol, strategy::FeeRate taker) {
  ledger_->instrument({market.venue, market.type, symbol}).fee = taker;
}

std::optional<strategy::FeeRate> Gate::fee(const MarketKey& market,
                                           const Symbol& symbol) const noexcept {
  const auto* const state
      = std::as_const(*ledger_).find(InstrumentKey{market.venue, market.type, symbol});
  return state == nullptr ? std::nullopt : state->fee;
}

void Gate::introduce(const InstrumentKey& instrument) {
  introduced_.insert(instrument);
}

std::set<Symbol> Gate::introduced(const MarketKey& market) const {
  std::set<Symbol> symbols;
  for (const auto& instrument : introduced_)
    if (instrument.market() == market)
      symbols.insert(instrument.symbol);
  return symbols;
}

void Gate::set_strategy(const std::string& strategy, StrategyLimits limits) {
  ledger_->strategy(strategy).limits = std::move(limits);
}

void Gate::set_pause(const std::string& strategy, const std::string& by,
                     const std::string& reason) {
  auto& pauses = ledger_->strategy(strategy).pauses;
  std::erase_if(pauses, [&](const auto& pause) { return pause.first == by; });
  if (!reason.empty())
    pauses.emplace_back(by, reason);
}

std::string Gate::pause_of(const std::string& strategy, const std::string& by) const {
  for (const auto& pause : ledger_->strategy(strategy).pauses)
    if (pause.first == by)
      return pause.second;
  return {};
}

void Gate::set_scope_pause(KillLevel level, const std::string& scope, const std::string& by,
                           const std::string& reason) {
  std::erase_if(scope_pauses_, [&](const ScopePause& pause) {
    return pause.level == level && pause.scope == scope && pause.by == by;
  });
  if (!reason.empty())
    scope_pauses_.push_back({level, scope, by, reason});
}

std::string Gate::held(const std::string& strategy, const VenueId& venue) const {
  if (const auto* kill = kills_.blocks(strategy, venue))
    return "kill switch, thrown by " + kill->person + ": " + kill->reason;
  for (const auto& pause : scope_pauses_)
    if (pause.level == KillLevel::all || pause.scope == venue.text())
      return "paused by " + pause.by + ": " + pause.reason;
  const auto& pauses = ledger_->strategy(strategy).pauses;
  return pauses.empty() ? std::string{}
                        : "paused by " + pauses.front().first + ": " + pauses.front().second;
}

void Gate::set_journal_down(bool down) {
  journal_down_ = down;
}

void Gate::observe_mid(const InstrumentKey& instrument, const MarketFacts& facts, MonoTime now) {
  if (!has_mid(facts))
    return;
  auto& state = ledger_->instrument(instrument);
  state.mids.add(doubled_mid(facts), now);
  ledger_->set_mark(state, rounded_mid(facts), facts.scale);
}

std::uint64_t Gate::reset_executions(const std::string& strategy) {
  auto& state = ledger_->strategy(strategy);
  state.executions = 0;
  return state.last_execution;
}

void Gate::reset_executions(const std::string& strategy, std::uint64_t through) {
  auto& state = ledger_->strategy(strategy);
  state.executions = 0;
  state.last_execution = std::max(state.last_execution, through);
}

Question Gate::question(const orders::OrderIntent& intent, const MarketFacts& facts,
                        const Now& now) {
  auto& ledger = *ledger_;
  const auto& draft = intent.draft;
  // Only a listed instrument makes a new entry: refused nonsense leaves nothing behind.
  auto* const instrument = is_about(facts, draft) ? &ledger.instrument(draft.instrument) : nullptr;
  if (instrument != nullptr) {
    ledger.attach(*instrument, facts.instrument);
    if (has_mid(facts))
      ledger.set_mark(*instrument, rounded_mid(facts), facts.scale);
  }
  return {limits_,
          kills_,
          standstill_,
          scope_pauses_,
          ledger,
          journal_down_,
          intent,
          facts,
          now,
          ledger.strategy(strategy_of(draft.origin)),
          std::as_const(ledger).find(draft.instrument.market()),
          instrument,
          instrument == nullptr ? Reckoning{} : ledger.reckon(draft, facts, instrument)};
}

std::vector<Refusal> Gate::objections(const orders::OrderIntent& intent, const MarketFacts& facts,
                                      const Now& now) {
  ledger_->roll(now.wall);
  return risk::objections(question(intent, facts, now));
}

tl::expected<std::vector<ApprovedOrder>, Refusal>
Gate::approve(std::span<const orders::OrderIntent> intents, std::span<const MarketFacts> facts,
              const Now& now) {
  TANDEM_ENSURE(intents.size() == facts.size());
  auto& ledger = *ledger_;
  ledger.roll(now.wall);
  std::vector<ApprovedOrder> approved;
  std::vector<Ledger::Counted> counted;
  approved.reserve(intents.size());
  counted.reserve(intents.size());
  for (std::size_t n = 0; n < intents.size(); ++n) {
    const auto asked = question(intents[n], facts[n], now);
    auto refusal = ask_all(asked);
    if (!refusal && ledger.has(intents[n].id))
      refusal = Refusal{Rule::duplicate, 0, intents[n].id.text(), "a new client order id",
                        "an order of this id is counted already"};
    if (refusal) {
      for (; !counted.empty(); counted.pop_back())
        ledger.undo(counted.back());
      refusal->draft = n;
      return tl::unexpected{std::move(*refusal)};
    }
    TANDEM_ENSURE(asked.instrument != nullptr); // rule `instrument` refuses what has none
    auto& strategy = ledger.strategy(asked.strategy.name);
    counted.push_back(
        ledger.count(intents[n], asked.reckoned, *asked.instrument, strategy, now.mono));
    approved.push_back(ApprovedOrder{intents[n], facts[n].instrument, now.mono});
  }
  return approved;
}

void Gate::on_order(const orders::Order& order) {
  ledger_->on_order(order);
}

void Gate::on_fill(const orders::OrderIntent& intent, const orders::Fill& fill,
                   const std::shared_ptr<const Instrument>& instrument, const Now& now) {
  ledger_->on_fill(intent, fill, instrument, now.wall);
}

Sums Gate::sums() const {
  return ledger_->sums();
}

void Gate::set_sums(const Sums& sums) {
  ledger_->set_sums(sums);
}

void Gate::restate_position(const InstrumentKey& instrument, Money quantity) {
  ledger_->restate(instrument, quantity);
}

ExposureView Gate::exposure(const Now& now) const {
  ExposureView view;
  // any order: sorted below
  for (const auto& [key, state] : ledger_->instruments()) {
    const auto& position = state.position;
    if (position.quantity() == Money{} && state.open.empty() && position.realised() == Money{}
        && position.fees().empty())
      continue;
    view.positions.push_back({key, position.quantity(), state.open_buy, state.open_sell,
                              position.realised(), position.cost(), position.fees()});
  }
  std::ranges::sort(view.positions, {}, &ExposureView::PositionRow::instrument);
  view.day_notional = ledger_->in_flight();
  if (ledger_->is_today(now.wall)) {
    view.day_notional += ledger_->day_notional();
    view.day_realised = ledger_->day_realised();
  }
  view.open_orders = ledger_->open_orders();
  view.unknown_orders = ledger_->unknown_orders();
  return view;
}

Money Gate::position(const InstrumentKey& instrument) const noexcept {
  const auto* const state = std::as_const(*ledger_).find(instrument);
  return state == nullptr ? Money{} : state->position.quantity();
}

std::vector<HeldPosition> Gate::held_positions(KillLevel level, const std::string& scope) const {
  std::vector<HeldPosition> held;
  if (level == KillLevel::strategy) {
    if (const auto* const strategy = ledger_->find_strategy(scope))
      held = parts_of(*strategy);
  } else {
    // any order: sorted below
    for (const auto& [key, state] : ledger_->instruments())
      if (state.position.quantity() != Money{}
          && (level == KillLevel::all || key.venue.text() == scope))
        held.push_back({key, state.position.quantity(), sole_holder(*ledger_, state)});
  }
  std::ranges::sort(held, {}, &HeldPosition::instrument);
  return held;
}

Money Gate::day_realised(const std::string& strategy, const Now& now) const {
  if (!ledger_->is_today(now.wall))
    return {};
  if (strategy.empty())
    return ledger_->day_realised();
  const auto* const state = ledger_->find_strategy(strategy);
  return state == nullptr ? Money{} : state->day_realised;
}

} // namespace tandem::core::risk
