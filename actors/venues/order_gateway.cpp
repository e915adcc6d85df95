#include "actors/venues/order_gateway.hpp"

#include "actors/venues/market_ready.hpp"
#include "core/orders/client_id.hpp"
#include "messages/alert.hpp"
#include "messages/now.hpp"
#include "messages/observe.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace tandem::actors {
namespace {

using Self = messages::OrderGatewayHandle::stateful_pointer<OrderGatewayState>;
using adapters::venues::AccountReading;
using core::orders::AccountBooks;
using core::orders::ReconcileState;
using messages::now_of;
using messages::Severity;

constexpr std::chrono::milliseconds tick_interval{100};
/// A first difference is looked at again soon: a fill may have been on its way.
constexpr std::chrono::milliseconds suspect_interval{2'000};
/// While orders are open nothing can be compared; try again shortly.
constexpr std::chrono::milliseconds busy_interval{1'000};
/// Fills are looked back for by this much beyond the moment before the crash.
constexpr std::chrono::minutes fills_lookback{10};

const core::MarketKey& market_of(const OrderGatewayState& state) {
  return state.options.parts.market->key();
}

core::orders::Desk& desk_of(const OrderGatewayState& state) {
  return *state.options.parts.desk;
}

void alert(Self self, Severity severity, std::string code, const std::string& text) {
  messages::publish_alert(*self->state.context, severity, std::move(code),
                          core::to_string(market_of(self->state)), text);
}

void tell_breakers(const OrderGatewayState& state, const core::risk::BreakerNews& news) {
  const auto now = now_of(state);
  if (state.options.breakers != nullptr)
    state.options.breakers->tell(core::risk::breakers_of(market_of(state).venue), news, now.mono,
                                 now.wall);
}

std::optional<std::chrono::milliseconds> clock_offset(const OrderGatewayState& state) {
  const auto now = now_of(state);
  return state.context->board->clock_offset(market_of(state), now.mono, now.wall);
}

// ---- the gate
// --------------------------------------------------------------------------------------------------------

/// Why the gate is closed; empty = it may be open.
std::string closed_because(const OrderGatewayState& state) {
  if (!state.link)
    return "no keys: public only";
  if (state.key_refused)
    return state.account.reason;
  if (auto why = state.options.parts.keys->refused(market_of(state).venue); !why.empty())
    return why;
  if (auto why = not_ready_because(*state.context->board, market_of(state), state.context->clocks,
                                   state.options.clock_offset_max);
      !why.empty())
    return why;
  if (!state.private_ready)
    return "the private stream is not there";
  if (!state.adopted.empty())
    return "the account differs from our books in " + std::to_string(state.adopted.size())
           + " orders that the journal does not know";
  switch (state.reconciliation.state()) {
  case ReconcileState::differs:
    return "the account differs from our books in "
           + std::to_string(state.reconciliation.differences().size()) + " rows";
  case ReconcileState::never:
  case ReconcileState::accepted:
    return "reconciling";
  case ReconcileState::clean:
  case ReconcileState::suspect:
    break;
  }
  return state.reconciliation.may_trade() ? std::string{} : std::string{"reconciling"};
}

/// What was read before a loss proves nothing after it.
void compare_anew(OrderGatewayState& state) {
  state.reconciliation.restart();
  ++state.epoch_of_keys;
  state.reading = false;
  state.due_at = {};
}

void follow_standstills(OrderGatewayState& state) {
  std::uint64_t count = 0;
  desk_of(state).with_gate(
      [&](const core::risk::Gate& gate) { count = gate.standstill().count(); });
  if (std::exchange(state.standstills, count) != count)
    compare_anew(state);
}

std::string describe_adopted(const core::orders::AdoptedFill& one) {
  return "order " + one.id.text() + " of " + core::to_string(one.instrument);
}

/// After a power loss in mode `os`, or on an older copy of the journal: the position has its fills,
/// but what they belonged to is lost, and perhaps another leg. A person must know before it trades.
void follow_adopted(Self self) {
  auto& state = self->state;
  auto found = desk_of(state).unaccepted(&market_of(state));
  for (const auto& one : found)
    if (std::ranges::find(state.adopted, one) == state.adopted.end())
      alert(self, Severity::critical, "ORDER_ADOPTED",
            describe_adopted(one) + " is not in the journal and filled "
                + core::to_string(one.filled) + "; orders stop until it is accepted");
  state.adopted = std::move(found);
}

/// Tells the risk gate, and whoever watches, what the market's gate is at this moment.
void set_gate(Self self) {
  auto& state = self->state;
  follow_standstills(state);
  follow_adopted(self);
  const auto reason = closed_because(state);
  const bool open = reason.empty();
  const auto offset = clock_offset(state);
  desk_of(state).with_gate([&](core::risk::Gate& gate) {
    gate.set_market(market_of(state),
                    {.open = open,
                     .reason = reason,
                     .account = state.options.parts.trading->traits().account,
                     .clock_offset = offset.value_or(std::chrono::milliseconds{0}),
                     .allowed = state.options.allowed,
                     .order_rates = state.order_rates});
    if (open)
      gate.standstill().compared(market_of(state), state.standstills);
  });
  state.account.public_only = !state.link;
  state.account.connected = open;
  state.account.reason = reason;
  state.cell->set_state(open ? "open" : state.link ? "closed" : "public_only");
  if (open != std::exchange(state.open, open) || reason != state.said) {
    state.said = reason;
    state.context->log->write(
        core::LogLevel::info, open ? "gate_opened" : "gate_closed",
        {{"exchange", core::to_string(market_of(state))}, {"reason", reason}});
  }
}

/// The account's own allowance, which its level at the venue decides. What was sent goes on
/// counting.
void follow_rate(Self self, core::market::OrderRate rate) {
  auto& state = self->state;
  auto rates = state.order_rates;
  const auto same = std::ranges::find(rates, rate.window, &core::market::OrderRate::window);
  if (same == rates.end())
    rates.push_back(rate);
  else
    *same = rate;
  if (rates == state.order_rates)
    return;
  state.order_rates = std::move(rates);
  state.context->log->write(core::LogLevel::info, "order_rate",
                            {{"exchange", core::to_string(market_of(state))},
                             {"orders", std::to_string(rate.count)},
                             {"windowMs", std::to_string(rate.window.count())}});
  set_gate(self);
}

// ---- the port
// --------------------------------------------------------------------------------------------------------

void open_link(Self self) {
  auto& state = self->state;
  const auto& parts = state.options.parts;
  if (!parts.keys->has(market_of(state).venue))
    return;
  state.client = parts.make_client();
  const messages::OrderGatewayHandle owner{self};
  const auto context = state.context;
  const auto market = market_of(state);
  adapters::venues::OrderLinkEvents events;
  if (auto* breakers = state.options.breakers) {
    const auto scopes = core::risk::breakers_of(market.venue);
    events.order_left
        = [breakers, clocks = context->clocks, venue = market.venue](const core::PairId& pair) {
            breakers->order_left(venue, pair, clocks.mono(), clocks.wall());
          };
    events.request_done = [breakers, clocks = context->clocks,
                           scopes](bool succeeded, std::chrono::nanoseconds took) {
      using Kind = core::risk::BreakerNews::Kind;
      const auto now = clocks.mono();
      const auto wall = clocks.wall();
      breakers->tell(scopes, {.kind = Kind::request, .succeeded = succeeded}, now, wall);
      breakers->tell(scopes, {.kind = Kind::round_trip, .took = took}, now, wall);
    };
  }
  const auto cell = state.cell;
  events.socket_down = [context, market, cell](core::Error why) {
    cell->set_last_error(core::describe(why));
    context->log->write(core::LogLevel::warning, "order_socket_down",
                        {{"exchange", core::to_string(market)}, {"reason", core::describe(why)}});
  };
  state.order_rates = parts.trading->traits().order_rates;
  events.order_rate = [owner, self, number = ++state.links](core::market::OrderRate rate) {
    // Handled by this very incarnation or by nobody, so `self` is alive when it runs.
    caf::anon_send(owner, messages::Continue{[self, rate, number] {
                     if (number == self->state.links)
                       follow_rate(self, rate);
                   }});
  };
  state.link = adapters::venues::OrderLink::open(
      market, parts.tools(state.client), state.options.link, desk_of(state), std::move(events));
  desk_of(state).set_port(market, state.link.get(), now_of(state));
}

void close_link(OrderGatewayState& state) {
  if (!state.link)
    return;
  desk_of(state).set_port(market_of(state), nullptr, now_of(state));
  state.link->stop();
  state.link = nullptr;
}

// ---- reconciliation
// --------------------------------------------------------------------------------------------------

/// Our own books of this market, baseline included.
AccountBooks our_books(const OrderGatewayState& state) {
  const auto& market = market_of(state);
  const auto table = state.context->board->instruments(market);
  const auto& baseline = *state.options.baseline;
  AccountBooks books;
  if (market.type == core::MarketType::linear)
    books.positions = baseline.held.positions;
  else
    books.assets = baseline.held.assets;
  const auto exposure = desk_of(state).exposure(now_of(state));
  for (const auto& row : exposure.positions) {
    if (row.instrument.market() != market)
      continue;
    if (market.type == core::MarketType::linear) {
      books.positions[row.instrument] += row.quantity;
      continue;
    }
    if (const auto instrument = table ? table->find(row.instrument.symbol) : nullptr)
      books.assets[instrument->base] += row.quantity;
  }
  return books;
}

AccountBooks their_books(const OrderGatewayState& state, const AccountReading& reading) {
  AccountBooks books;
  for (const auto& balance : reading.balances)
    books.assets[balance.asset] += balance.free + balance.locked;
  if (market_of(state).type == core::MarketType::linear)
    for (const auto& position : reading.positions)
      books.positions[position.instrument] += position.quantity;
  return books;
}

void remember(OrderGatewayState& state, const std::string& what, core::Money amount,
              const std::string& person) {
  desk_of(state).record(
      core::orders::BaselineRecord{.market = market_of(state),
                                   .what = what,
                                   .amount = amount,
                                   .person = person,
                                   .ts = core::to_millis(state.context->clocks.wall())},
      {});
}

/// What the account held before we ever traded on it: all that our own fills do not explain. A
/// process that died while it wrote one has left some of its rows without the last: they count for
/// nothing, and this one overwrites each of them.
void take_baseline(OrderGatewayState& state, AccountBooks theirs) {
  auto& held = state.options.baseline->held;
  const auto unfinished = std::exchange(held, {});
  const auto ours = our_books(state);
  const auto take = [&](auto AccountBooks::*what, const auto& name_of) {
    auto& amounts = theirs.*what;
    for (const auto& [key, amount] : unfinished.*what)
      amounts.try_emplace(key);
    for (const auto& [key, amount] : amounts) {
      const auto mine = (ours.*what).find(key);
      const auto rest = mine == (ours.*what).end() ? amount : amount - mine->second;
      (held.*what)[key] = rest;
      remember(state, name_of(key), rest, {});
    }
  };
  if (market_of(state).type == core::MarketType::linear)
    take(&AccountBooks::positions,
         [](const core::InstrumentKey& key) { return core::to_string(key); });
  else
    take(&AccountBooks::assets, [](const std::string& asset) { return asset; });
  state.options.baseline->taken = true;
  remember(state, "", {}, {});
}

/// Our own base assets that somebody else may hold too are judged only as far as a baseline or a
/// trade names them; assets in which fees or quote money move are shown, not judged.
AccountBooks judged(const OrderGatewayState& state, AccountBooks books) {
  const auto table = state.context->board->instruments(market_of(state));
  std::set<std::string> bases;
  for (const auto& symbol : state.symbols)
    if (const auto instrument = table ? table->find(symbol) : nullptr)
      bases.insert(instrument->base);
  std::erase_if(books.assets, [&](const auto& row) { return !bases.contains(row.first); });
  return books;
}

/// Orders of an earlier run that still rest: nobody owns them any more.
void cancel_orphans(Self self, const AccountReading& reading) {
  auto& state = self->state;
  if (std::exchange(state.orphans_seen, true))
    return;
  auto& desk = desk_of(state);
  for (const auto& order : reading.open_orders) {
    const auto parts = core::orders::parse_client_id(order.client_id);
    if (!parts || parts->epoch >= desk.epoch() || parts->engine != desk.engine())
      continue;
    alert(self, Severity::warning, "ORPHAN_ORDER",
          "order " + order.client_id + " of an earlier run still works; it is cancelled");
    if (const auto done = desk.cancel(core::orders::ClientOrderId{order.client_id}, now_of(state));
        !done)
      state.cell->set_last_error(core::describe(done.error()));
  }
}

void show(OrderGatewayState& state, const AccountReading& reading) {
  auto& account = state.account;
  account.read_at = core::to_millis(state.context->clocks.wall());
  account.balances.clear();
  for (const auto& balance : reading.balances)
    account.balances.push_back({balance.asset, balance.free, balance.locked});
  account.positions.clear();
  for (const auto& position : reading.positions)
    account.positions.push_back(
        {position.instrument, position.quantity, position.entry_price, position.unrealised});
  account.differences.clear();
  for (const auto& row : state.reconciliation.differences())
    account.differences.push_back({row.what, row.ours, row.theirs, {}});
  for (const auto& one : state.adopted)
    account.differences.push_back(
        {one.id.text(), {}, one.filled, core::to_string(one.instrument) + ", not in the journal"});
}

bool key_is_refused(Self self, const AccountReading& reading) {
  auto& state = self->state;
  const bool withdraws = reading.rights.withdraw.value_or(false);
  if (!withdraws)
    return false;
  const std::string text = "this key may withdraw; use one that may only trade";
  alert(self, state.options.refuse_withdraw_keys ? Severity::critical : Severity::warning,
        "KEY_MAY_WITHDRAW", text);
  if (!state.options.refuse_withdraw_keys)
    return false;
  state.options.parts.keys->refuse(market_of(state).venue, text);
  return true;
}

void tell_differences(Self self) {
  auto& state = self->state;
  const auto& rows = state.reconciliation.differences();
  for (const auto& row : rows)
    alert(self, Severity::critical, "RECONCILE_DIFFERENCE",
          row.what + ": ours " + core::to_string(row.ours) + ", the venue's "
              + core::to_string(row.theirs) + "; orders stop until it is explained or accepted");
  tell_breakers(state, {.kind = core::risk::BreakerNews::Kind::difference,
                        .count = static_cast<std::uint32_t>(rows.size())});
}

/// Venues that name no client id in a fill are asked for its order, twice when the first answer was
/// lost; an order that is still not ours then is somebody else's.
void claim_fills(OrderGatewayState& state, const AccountReading& reading,
                 const core::risk::Now& now) {
  constexpr int asked_max = 2;
  auto claimed = std::exchange(state.claiming, {});
  for (const auto& fill : reading.fills) {
    if (desk_of(state).on_fill(fill, now) || !fill.client_id.empty() || !state.link)
      continue;
    auto& asked = state.looked_up[fill.instrument.symbol.text() + ' ' + fill.venue_order_id];
    if (asked >= asked_max)
      continue;
    ++asked;
    claimed.erase(fill.instrument.symbol);
    state.link->look_up({fill.instrument.symbol, {}, fill.venue_order_id});
  }
  state.claimed.merge(claimed);
}

/// Of every fill since the last run it is known whose it is.
bool fills_are_known(const OrderGatewayState& state) {
  const auto table = state.context->board->instruments(market_of(state));
  return std::ranges::all_of(state.symbols, [&](const auto& symbol) {
    return state.claimed.contains(symbol) || !table->find(symbol);
  });
}

void apply_facts(OrderGatewayState& state, const AccountReading& reading) {
  const auto& account = state.options.parts.trading->traits().account;
  desk_of(state).with_gate([&](core::risk::Gate& gate) {
    for (const auto& balance : reading.balances)
      gate.set_balance(account, balance.asset, balance.free);
    for (const auto& [symbol, fees] : reading.fees)
      gate.set_fee(market_of(state), symbol, fees.taker);
  });
  for (const auto& [symbol, fees] : reading.fees)
    state.fees_known.insert(symbol);
  const auto now = now_of(state);
  claim_fills(state, reading, now);
  for (const auto& order : reading.open_orders)
    desk_of(state).on_order(order, now);
}

bool quiet(const OrderGatewayState& state) {
  return desk_of(state).unsettled(market_of(state)).empty();
}

void on_reading(Self self, const core::Result<AccountReading>& result) {
  auto& state = self->state;
  state.reading = false;
  const auto now = state.context->clocks.mono();
  if (!result) {
    const auto wait = state.backoff.next(state.context->random(), std::chrono::nanoseconds{0});
    state.due_at = now + wait;
    state.cell->set_last_error(core::describe(result.error()));
    if (result.error().code == core::Errc::unauthenticated && !state.key_refused) {
      state.key_refused = true;
      state.account.reason = "the venue refuses the key: " + result.error().detail;
      alert(self, Severity::critical, "KEY_REFUSED", result.error().detail);
    }
    return;
  }
  state.backoff.reset();
  state.rights_known = true;
  if (key_is_refused(self, *result))
    return;
  apply_facts(state, *result);
  cancel_orphans(self, *result);
  const bool still = fills_are_known(state) && state.quiet_before && quiet(state)
                     && desk_of(state).updates(market_of(state)) == state.updates_before;
  const auto theirs = their_books(state, *result);
  if (still && !state.options.baseline->taken)
    take_baseline(state, theirs);
  const auto before = state.reconciliation.state();
  if (state.options.baseline->taken)
    state.reconciliation.on_reading(judged(state, our_books(state)), judged(state, theirs), still);
  const auto after = state.reconciliation.state();
  if (after == ReconcileState::suspect && before != ReconcileState::suspect)
    state.claimed.clear(); // a fill that nobody told of may explain it: all are asked for once more
  if (after == ReconcileState::differs && before != ReconcileState::differs)
    tell_differences(self);
  if (after == ReconcileState::clean && before == ReconcileState::differs)
    alert(self, Severity::info, "RECONCILED", "the account agrees with our books again");
  show(state, *result);
  const bool settled = after == ReconcileState::clean || after == ReconcileState::differs;
  state.due_at = now
                 + (!still                             ? busy_interval
                    : after == ReconcileState::suspect ? suspect_interval
                    : settled                          ? state.options.reconcile_interval
                                                       : suspect_interval);
}

void read(Self self) {
  auto& state = self->state;
  state.reading = true;
  state.claiming.clear();
  state.quiet_before = quiet(state);
  state.updates_before = desk_of(state).updates(market_of(state));
  adapters::venues::AccountPlan plan;
  const auto now = now_of(state);
  const auto table = state.context->board->instruments(market_of(state));
  const bool all_fees
      = now.mono - state.fees_at >= state.options.fee_interval || state.fees_at == core::MonoTime{};
  if (all_fees)
    state.fees_at = now.mono;
  for (const auto& symbol : state.symbols) {
    if (!table->find(symbol))
      continue;
    if (all_fees || !state.fees_known.contains(symbol))
      plan.fees.push_back(symbol);
    if (!state.claimed.contains(symbol)) {
      plan.fills_since[symbol] = core::to_millis(now.wall - fills_lookback);
      state.claiming.insert(symbol);
    }
  }
  plan.rights = !state.rights_known;
  const messages::OrderGatewayHandle owner{self};
  adapters::venues::read_account(
      *state.options.parts.trading, state.client, std::move(plan),
      [owner, self, keys = state.epoch_of_keys](core::Result<AccountReading> result) {
        auto shared = std::make_shared<core::Result<AccountReading>>(std::move(result));
        // Handled by this very incarnation or by nobody, so `self` is alive when it runs.
        caf::anon_send(owner, messages::Continue{[self, shared, keys] {
                         if (keys == self->state.epoch_of_keys)
                           on_reading(self, *shared);
                         set_gate(self);
                       }});
      });
}

/// What this engine has traded here, by the journal: a pair that did is perhaps deleted by now.
std::set<core::Symbol> traded_before(const OrderGatewayState& state) {
  std::set<core::Symbol> symbols;
  for (const auto& order : desk_of(state).latest(std::numeric_limits<std::size_t>::max()))
    if (const auto& instrument = order->intent().draft.instrument;
        instrument.market() == market_of(state))
      symbols.insert(instrument.symbol);
  return symbols;
}

/// Pairs come and go while the engine runs: what a new one trades is asked for at once.
void follow_pairs(OrderGatewayState& state) {
  std::set<core::Symbol> symbols;
  desk_of(state).with_gate(
      [&](const core::risk::Gate& gate) { symbols = gate.introduced(market_of(state)); });
  for (const auto& symbol : symbols)
    if (state.symbols.insert(symbol).second)
      state.due_at = {};
}

// ---- the clockwork
// ---------------------------------------------------------------------------------------------------

void on_tick(Self self) {
  auto& state = self->state;
  const auto now = state.context->clocks.mono();
  follow_pairs(state);
  const bool readable = state.link && state.private_ready && !state.key_refused
                        && state.options.parts.keys->refused(market_of(state).venue).empty()
                        && state.context->board->instruments(market_of(state))
                        && clock_offset(state);
  if (readable && !state.reading && now >= state.due_at)
    read(self);
  set_gate(self);
  if (!state.link)
    return;
  const auto& counters = state.link->counters();
  const auto count = [&](const char* name, const auto& value) {
    state.cell->set_counter(name, static_cast<std::int64_t>(value.load(std::memory_order_relaxed)));
  };
  count("orders", counters.orders);
  count("cancels", counters.cancels);
  count("queries", counters.queries);
  count("refused", counters.refused);
  count("unknown", counters.unknown);
  count("ack_us", counters.last_ack_us);
}

void begin(Self self) {
  auto& state = self->state;
  state.reconciliation = core::orders::Reconciliation{state.options.tolerance};
  state.key_refused = state.rights_known = state.reading = false;
  state.due_at = {};
  ++state.epoch_of_keys;
  open_link(self);
  set_gate(self);
}

messages::Done accept(Self self, const messages::AcceptDifferences& request) {
  auto& state = self->state;
  const auto& rows = state.reconciliation.differences();
  if (rows.empty() && state.adopted.empty())
    return {core::Error{core::Errc::conflict, "there is no difference to accept",
                        core::to_string(market_of(state))}};
  if (!state.adopted.empty()) { // what differs otherwise was compared without them, perhaps
    for (const auto& one : state.adopted)
      alert(self, Severity::warning, "DIFFERENCE_ACCEPTED",
            describe_adopted(one) + " by " + request.person + ": filled "
                + core::to_string(one.filled));
    desk_of(state).accept_adopted(market_of(state), request.person, now_of(state));
    state.reconciliation.accept();
    state.due_at = {};
    set_gate(self);
    return {};
  }
  auto& baseline = *state.options.baseline;
  for (const auto& row : rows) {
    const auto rest = core::orders::accept(baseline.held, row);
    remember(state, row.what, rest, request.person);
    alert(self, Severity::warning, "DIFFERENCE_ACCEPTED",
          row.what + " by " + request.person + ": ours " + core::to_string(row.ours)
              + ", the venue's " + core::to_string(row.theirs));
  }
  state.reconciliation.accept();
  state.due_at = {};
  set_gate(self);
  return {};
}

} // namespace

OrderGatewayState::~OrderGatewayState() {
  if (!context)
    return;
  desk_of(*this).with_gate([&](core::risk::Gate& gate) {
    gate.set_market(market_of(*this), {.reason = "the order gateway ended",
                                       .account = options.parts.trading->traits().account});
  });
  close_link(*this);
}

messages::OrderGatewayHandle::behavior_type order_gateway(Self self, messages::ContextPtr context,
                                                          messages::CellPtr cell,
                                                          OrderGatewayOptions options) {
  auto& state = self->state;
  state.context = context;
  state.cell = cell;
  state.options = std::move(options);
  state.backoff = core::supervision::Backoff{state.options.parts.backoff};
  state.symbols = state.options.symbols;
  state.symbols.merge(traded_before(state));
  begin(self);
  self->delayed_send(self, tick_interval, messages::Tick{});
  const messages::Observe observe{self, std::move(context), std::move(cell)};
  return {
      observe([self](const messages::PrivateReady&) {
        if (std::exchange(self->state.private_ready, true))
          return;
        self->state.due_at = {};
      }),
      observe([self](const messages::PrivateDown&) {
        auto& now = self->state;
        now.private_ready = false;
        compare_anew(now);
        set_gate(self);
      }),
      observe([self](const messages::KeysChanged&) {
        close_link(self->state);
        begin(self);
      }),
      observe([](const messages::Continue& next) { next.run(); }),
      observe([self](const messages::Tick&) {
        on_tick(self);
        self->delayed_send(self, tick_interval, messages::Tick{});
      }),
      observe([self](const messages::GetAccount&) -> messages::AccountSnapshot {
        auto account = self->state.account;
        account.market = market_of(self->state);
        return account;
      }),
      observe([self](const messages::AcceptDifferences& request) -> messages::Done {
        return accept(self, request);
      }),
  };
}

} // namespace tandem::actors
